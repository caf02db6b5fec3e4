//! Where the token trades, and which of its pools count.

use leptos::prelude::*;
use memescope::format::{self, UNKNOWN};
use memescope::{PoolReason, PoolView, Window, dex_label};

use crate::part::{Part, part};
use crate::reader::TokenSheet;

/// How many pools are shown; the API tells of all.
const MOST: usize = 30;

/// Why a pool counts, or does not.
fn words(reason: PoolReason) -> &'static str {
    match reason {
        PoolReason::Canonical => "sets the price",
        PoolReason::Eligible => "counts",
        PoolReason::NoPrice => "has no price",
        PoolReason::Unanchored => "nobody can tell what its money is worth",
        PoolReason::FakeLiquidity => "reports liquidity that its other side cannot back",
        PoolReason::Unverified => "nobody says what is on its other side",
        PoolReason::Thin => "holds too little money",
        PoolReason::NoTrades => "had no trade in a day",
        PoolReason::CurveLeft => "is a bonding curve that the token has left",
    }
}

pub(super) fn view(sheet: &TokenSheet) -> Part {
    let all = sheet.pools.len();
    let rows: Vec<_> = sheet.pools.iter().take(MOST).map(row).collect();
    let more = (all > MOST).then(|| format!("{MOST} of {all} pools; the API tells of all."));
    if rows.is_empty() {
        return part(view! {
            <section class="pools" aria-labelledby="pools-title">
                <h2 id="pools-title">"Pools"</h2>
                <p class="hint">"No pool is known: the price is Jupiter's alone."</p>
            </section>
        });
    }
    part(view! {
        <section class="pools" aria-labelledby="pools-title">
            <h2 id="pools-title">"Pools"</h2>
            <div class="wide">
                <table class="matrix">
                    <caption class="vh">"Pools of the token, best first, and why each counts or does not"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Pool"</th>
                            <th scope="col" class="number">"Price"</th>
                            <th scope="col" class="number">"Liquidity"</th>
                            <th scope="col" class="number">"Volume 24h"</th>
                            <th scope="col">"In the numbers"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {more.map(|more| view! { <p class="hint">{more}</p> })}
        </section>
    })
}

fn row(pool: &PoolView) -> Part {
    let money = |value: Option<f64>| value.and_then(format::usd).unwrap_or_else(|| UNKNOWN.to_owned());
    let class = match (pool.prices_token, pool.eligible) {
        (true, _) => "chosen",
        (false, true) => "",
        (false, false) => "out",
    };
    let price = pool.price_usd.map_or_else(|| UNKNOWN.to_owned(), |price| format::price(price).plain());
    let quote = pool.quote.as_deref().map(|quote| view! { " / " <bdi>{quote.to_owned()}</bdi> });
    part(view! {
        <tr class=class>
            <th scope="row" title=pool.pool.to_string()>
                {dex_label(&pool.dex).to_owned()}
                {quote}
            </th>
            <td class="number">{price}</td>
            <td class="number">{money(pool.liquidity_usd)}</td>
            <td class="number">{money(pool.volume_usd.at(Window::H24))}</td>
            <td>{words(pool.reason)}</td>
        </tr>
    })
}
