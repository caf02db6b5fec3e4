//! One row by itself, large: the head of a token's own page. Its cells are the table's.

use leptos::prelude::*;
use memescope::{TokenId, Window};

use super::cells::{self, cell};
use super::price_cell::price_cell;
use super::row::identity;
use super::slots::Slot;
use crate::board_state::BoardState;
use crate::part::{Part, fixed, live, memo};

/// The windows of the changes, and the columns that show them.
const CHANGES: [(Window, &str); 4] =
    [(Window::M5, "change_m5"), (Window::H1, "change_h1"), (Window::H6, "change_h6"), (Window::H24, "change_h24")];

/// What stands above the other cells.
const HEADS: [&str; 11] =
    ["Token", "Price", "5m", "1h", "6h", "24h", "Volume 24h", "Txns 24h", "Liquidity", "Mkt cap", "Age"];

/// The row of a token of this page; nothing where it has none.
pub(crate) fn live_row(state: BoardState, id: &TokenId) -> Option<Part> {
    let slot = Slot::new(state.row(id)?, 0);
    let window = memo(|_| Window::H24);
    let changes: Vec<_> = CHANGES.into_iter().map(|(of, name)| cell(name, cells::change(slot, of))).collect();
    let heads: Vec<_> = HEADS.into_iter().map(|head| fixed(view! { <th scope="col">{head}</th> })).collect();
    let class =
        live(move || slot.row().with(|token| if token.stale { "live-row stale" } else { "live-row" }.to_owned()));
    Some(fixed(view! {
        <table class=class>
            <caption class="vh">"The token's row, live"</caption>
            <thead>
                <tr>{heads}</tr>
            </thead>
            <tbody>
                <tr data-row=id.to_string()>
                    {identity(slot)}
                    {price_cell(state, slot)}
                    {changes}
                    {cell("volume_usd", cells::volume(slot, window))}
                    {cells::txns(slot, window)}
                    {cell("liquidity_usd", cells::liquidity(slot))}
                    {cell("market_cap_usd", cells::market_cap(slot))}
                    {cell("age", cells::age(state, slot))}
                </tr>
            </tbody>
        </table>
    }))
}
