//! The header: every column is a link that sorts.

use leptos::prelude::*;
use memescope::query::SortKey;
use memescope::{Rank, Window};

use crate::address::PageAddress;
use crate::board_state::BoardState;
use crate::part::{live, part};
use crate::token_table::{COLUMNS, Column};

/// The window of a column of changes.
fn window_of(column: Column) -> Option<Window> {
    column.name.strip_prefix("change_").and_then(|name| name.parse().ok())
}

fn label(column: Column, window: Window) -> String {
    match column.sort {
        Some(SortKey::VolumeUsd | SortKey::Txns) => format!("{} {}", column.label(), window.label()),
        _ => column.label().to_owned(),
    }
}

/// Which way the board is sorted by a column, if it is; `true` descends. The named rank counts as the rank's column.
fn sorted(column: Column, address: &PageAddress) -> Option<bool> {
    let query = &address.query;
    match query.sort {
        None => (column.sort == Some(SortKey::Rank)).then_some(false),
        Some(sort) => {
            let same = Some(sort.key) == column.sort && window_of(column).is_none_or(|window| window == query.window);
            same.then_some(sort.descending)
        }
    }
}

/// What a header says when the pointer rests on it.
fn explanation(column: Column, rank: Rank) -> String {
    match column.sort {
        Some(SortKey::Rank) => format!("{}: {}. Not for sale.", rank.label(), rank.formula()),
        Some(SortKey::PriceUsd) if column.name == "price_sol" => "SOL per token".to_owned(),
        Some(SortKey::PriceUsd) => {
            "USD per token. A small digit counts the zeros after the point: $0.0(5)614 is $0.00000614".to_owned()
        }
        Some(SortKey::LiquidityUsd) => "USD in the pools that count".to_owned(),
        Some(SortKey::MarketCapUsd) => {
            "Price times circulating supply; FDV where only the whole supply is known".to_owned()
        }
        Some(SortKey::Age) => "Since its oldest known pool was made".to_owned(),
        Some(SortKey::Txns) => "Buys and sells; the bar shows their shares".to_owned(),
        _ => String::new(),
    }
}

#[component]
pub(super) fn HeaderRow(state: BoardState) -> impl IntoView {
    let address = state.address;
    let cell = move |column: Column| {
        live(move || {
            address.with(|address| {
                let descending = sorted(column, address);
                let Some(key) = column.sort else {
                    let class = if column.name == "star" { "vh" } else { "" };
                    return part(view! {
                        <th scope="col" data-col=column.name>
                            <span class=class>{column.label()}</span>
                        </th>
                    });
                };
                let title = explanation(column, address.query.rank);
                part(view! {
                    <th
                        scope="col"
                        data-col=column.name
                        aria-sort=descending.map(|down| if down { "descending" } else { "ascending" })
                    >
                        <a
                            href=address.sorted_by(key, window_of(column))
                            data-sort=key.name()
                            title=(!title.is_empty()).then_some(title)
                        >
                            {label(column, address.query.window)}
                            <span class="way" aria-hidden="true">
                                {descending.map(|down| if down { "↓" } else { "↑" })}
                            </span>
                        </a>
                    </th>
                })
            })
        })
    };
    view! { <tr aria-rowindex="1">{Vec::from(COLUMNS.map(cell))}</tr> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sorted_column_is_known_by_key_and_window() {
        let sorted_columns = |search: &str| {
            let address = PageAddress::parse(search);
            COLUMNS.into_iter().filter_map(|column| Some((column.name, sorted(column, &address)?))).collect::<Vec<_>>()
        };
        assert_eq!(sorted_columns(""), [("rank", false)]);
        assert_eq!(sorted_columns("sort=-volume_usd"), [("volume_usd", true)]);
        assert_eq!(sorted_columns("sort=change_pct&window=h6"), [("change_h6", false)]);
    }
}
