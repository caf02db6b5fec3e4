//! Where each number comes from: fields against sources, with ages and how far the sources lie apart.

use std::time::Duration;

use leptos::prelude::*;
use memescope::format::{self, UNKNOWN};
use memescope::{Field, FieldProvenance, Source, Timestamp, Token, Window};

use crate::part::{Part, part};

/// The fields in the order of the table's columns, and what they are called.
const FIELDS: [(Field, &str); 15] = [
    (Field::PriceUsd, "Price"),
    (Field::PriceSol, "Price in SOL"),
    (Field::ChangePct, "Change 24h"),
    (Field::ChangePctD7, "Change 7d"),
    (Field::VolumeUsd, "Volume 24h"),
    (Field::VolumeUsdD7, "Volume 7d"),
    (Field::Txns, "Transactions 24h"),
    (Field::Traders, "Traders 24h"),
    (Field::LiquidityUsd, "Liquidity"),
    (Field::MarketCapUsd, "Market cap"),
    (Field::FdvUsd, "Fully diluted"),
    (Field::Holders, "Holders"),
    (Field::CreatedAt, "Created"),
    (Field::Verified, "Verified"),
    (Field::Name, "Name"),
];

/// From which spread on, in percent, the sources are marked as apart.
const APART_PCT: f64 = 3.0;

/// What is shown of a field.
fn value(token: &Token, field: Field) -> Option<String> {
    let usd = |value: Option<f64>| value.and_then(format::usd);
    match field {
        Field::PriceUsd => token.price_usd.map(|price| format::price(price).plain()),
        Field::PriceSol => {
            token.price_sol.map(|price| format!("{} SOL", format::price(price).plain().trim_start_matches('$')))
        }
        Field::ChangePct => token.change_pct.at(Window::H24).and_then(format::change).map(|change| change.text),
        Field::ChangePctD7 => token.change_pct.at(Window::D7).and_then(format::change).map(|change| change.text),
        Field::VolumeUsd => usd(token.volume_usd.at(Window::H24)),
        Field::VolumeUsdD7 => usd(token.volume_usd.at(Window::D7)),
        Field::Txns => token.txns.at(Window::H24).map(|txns| format::count(txns.total())),
        Field::Traders => token.traders.at(Window::H24).map(|traders| format::count(traders.total())),
        Field::LiquidityUsd => usd(token.liquidity_usd),
        Field::MarketCapUsd => usd(token.market_cap_usd),
        Field::FdvUsd => usd(token.fdv_usd),
        Field::Holders => token.holders.map(format::count),
        Field::CreatedAt => token.created_at.map(day_and_time),
        Field::Verified => token.verified.map(|verified| if verified { "yes" } else { "no" }.to_owned()),
        Field::Name => token.name.as_deref().map(str::to_owned),
    }
}

/// A number of a source as people read it; other texts stay what they are.
fn said(field: Field, text: &str) -> String {
    let number = || text.parse::<f64>().ok().filter(|number| number.is_finite());
    let shown = match field {
        Field::PriceUsd => text.parse().ok().map(|price| format::price(price).plain()),
        Field::CreatedAt => text.parse().ok().map(day_and_time),
        Field::LiquidityUsd | Field::VolumeUsd | Field::MarketCapUsd | Field::FdvUsd => number().and_then(format::usd),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float stays in range")]
        Field::Txns => number().map(|number| format::count(number.max(0.0).round() as u64)),
        _ => None,
    };
    shown.unwrap_or_else(|| text.to_owned())
}

/// `2026-11-23 00:23`, UTC.
fn day_and_time(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

/// How old something was when the page was made.
fn age(at: Timestamp, as_of: Timestamp) -> String {
    let age = as_of.since(at);
    // What was heard after the board was made is new.
    if age < Duration::from_secs(1) { "now".to_owned() } else { format::lag(age) }
}

pub(super) fn view(token: &Token, as_of: Timestamp) -> Part {
    let rows: Vec<_> = FIELDS
        .into_iter()
        .filter_map(|(field, name)| Some(row(token, field, name, token.provenance.fields.get(&field)?, as_of)))
        .collect();
    let heads: Vec<_> =
        Source::ALL.map(|source| view! { <th scope="col" class="number">{source.label()}</th> }).into_iter().collect();
    part(view! {
        <section class="origins" aria-labelledby="origins-title">
            <h2 id="origins-title">"Where each number comes from"</h2>
            <div class="wide">
                <table class="matrix">
                    <caption class="vh">
                        "For each field what is shown, whose number that is and how old, what each source says, and how far they lie apart"
                    </caption>
                    <thead>
                        <tr>
                            <th scope="col">"Field"</th>
                            <th scope="col" class="number">"Shown"</th>
                            {heads}
                            <th scope="col" class="number">"Age"</th>
                            <th scope="col" class="number">"Apart"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <p class="hint">"The number in bold is the one that is shown. Unknown is —, never 0."</p>
        </section>
    })
}

/// The fields of a row of the board, for the card beside it.
pub(super) fn short(token: &Token, as_of: Timestamp) -> Part {
    let rows: Vec<_> = FIELDS
        .into_iter()
        .filter(|(field, _)| {
            matches!(
                field,
                Field::PriceUsd
                    | Field::ChangePct
                    | Field::VolumeUsd
                    | Field::Txns
                    | Field::LiquidityUsd
                    | Field::MarketCapUsd
            )
        })
        .filter_map(|(field, name)| {
            let origin = token.provenance.fields.get(&field)?;
            let others: Vec<String> = origin
                .others
                .iter()
                .map(|(source, text)| format!("{} {}", source.label(), said(field, text)))
                .collect();
            let others = if others.is_empty() { UNKNOWN.to_owned() } else { others.join(", ") };
            let is_apart = origin.spread_pct.is_some_and(|pct| pct >= APART_PCT);
            let apart = origin.spread_pct.map_or_else(|| UNKNOWN.to_owned(), |pct| format!("{pct:.2}%"));
            Some(part(view! {
                <tr data-field=field.name()>
                    <th scope="row">{name}</th>
                    <td class="number"><b>{value(token, field).unwrap_or_else(|| UNKNOWN.to_owned())}</b></td>
                    <td>{origin.source.label()}</td>
                    <td class="number">{age(origin.observed_at, as_of)}</td>
                    <td>{others}</td>
                    <td class="number" class:apart=is_apart>{apart}</td>
                </tr>
            }))
        })
        .collect();
    part(view! {
        <table class="matrix">
            <caption class="vh">"Where the numbers of this row come from"</caption>
            <thead>
                <tr>
                    <th scope="col">"Field"</th>
                    <th scope="col" class="number">"Shown"</th>
                    <th scope="col">"From"</th>
                    <th scope="col" class="number">"Age"</th>
                    <th scope="col">"Others say"</th>
                    <th scope="col" class="number">"Apart"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    })
}

fn row(token: &Token, field: Field, name: &'static str, origin: &FieldProvenance, as_of: Timestamp) -> Part {
    let shown = value(token, field);
    let cells: Vec<_> = Source::ALL
        .map(|source| {
            if origin.source == source {
                let text = shown.clone().unwrap_or_else(|| "said".to_owned());
                return part(view! { <td class="number"><b>{text}</b></td> });
            }
            let other = origin.others.get(&source).map_or_else(|| UNKNOWN.to_owned(), |text| said(field, text));
            part(view! { <td class="number">{other}</td> })
        })
        .into_iter()
        .collect();
    let apart = origin.spread_pct.map_or_else(|| UNKNOWN.to_owned(), |pct| format!("{pct:.2}%"));
    let is_apart = origin.spread_pct.is_some_and(|pct| pct >= APART_PCT);
    let own = origin.source.upstream().is_none().then(|| view! { <span class="by">" from what was seen here"</span> });
    part(view! {
        <tr data-field=field.name()>
            <th scope="row">{name}</th>
            <td class="number">
                {shown.unwrap_or_else(|| UNKNOWN.to_owned())}
                {own}
            </td>
            {cells}
            <td class="number" title=origin.observed_at.to_string()>{age(origin.observed_at, as_of)}</td>
            <td class="number" class:apart=is_apart>{apart}</td>
        </tr>
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn what_a_source_says_is_written_as_what_is_shown() {
        for (field, text, expected) in [
            (Field::VolumeUsd, "1234567.8", "$1.23M"),
            (Field::Txns, "1731", "1,731"),
            (Field::Name, "DOGE (Doge)", "DOGE (Doge)"),
            (Field::LiquidityUsd, "much", "much"),
        ] {
            assert_eq!(said(field, text), expected, "{text}");
        }
        assert_eq!(said(Field::PriceUsd, "0.00000614"), format::price("0.00000614".parse().unwrap()).plain());
    }

    #[test]
    fn every_field_that_has_an_origin_has_a_line() {
        let names: Vec<_> = FIELDS.iter().map(|(field, _)| field.name()).collect();
        for name in ["name", "price_usd", "traders", "verified", "change_pct.d7", "volume_usd.d7", "created_at"] {
            assert!(names.contains(&name), "{name}");
        }
    }

    #[test]
    fn nothing_is_older_than_the_board_is_new() {
        let at = Timestamp::from_secs(100);
        assert_eq!(age(at.plus(Duration::from_secs(3)), at), "now");
        assert_eq!(age(at, at.plus(Duration::from_secs(42))), format::lag(Duration::from_secs(42)));
    }
}
