//! The table: a native one, with only the rows in view and a few around them in the document.

mod cells;
mod header;
mod live_row;
pub(crate) mod order;
mod price_cell;
pub(crate) mod row;
pub(crate) mod slots;
#[cfg(feature = "ssr")]
mod trend;
pub(crate) mod window;

pub(crate) use self::live_row::live_row;
#[cfg(feature = "ssr")]
pub(crate) use self::trend::trend;
use leptos::prelude::*;
use memescope::format;
use memescope::query::SortKey;

use crate::board_state::BoardState;
use crate::notices::NoRows;
use crate::part::{live, live_fixed, memo, taken};

/// The columns from left to right: name, label, sort key.
pub(crate) const COLUMNS: [Column; 15] = [
    Column { name: "rank", label: "#", sort: Some(SortKey::Rank) },
    Column { name: "star", label: "Watch", sort: None },
    Column { name: "symbol", label: "Token", sort: Some(SortKey::Symbol) },
    Column { name: "price_usd", label: "Price", sort: Some(SortKey::PriceUsd) },
    Column { name: "price_sol", label: "Price in SOL", sort: Some(SortKey::PriceUsd) },
    Column { name: "trend", label: "24h trend", sort: None },
    Column { name: "change_m5", label: "5m", sort: Some(SortKey::ChangePct) },
    Column { name: "change_h1", label: "1h", sort: Some(SortKey::ChangePct) },
    Column { name: "change_h6", label: "6h", sort: Some(SortKey::ChangePct) },
    Column { name: "change_h24", label: "24h", sort: Some(SortKey::ChangePct) },
    Column { name: "volume_usd", label: "Volume", sort: Some(SortKey::VolumeUsd) },
    Column { name: "txns", label: "Txns", sort: Some(SortKey::Txns) },
    Column { name: "liquidity_usd", label: "Liquidity", sort: Some(SortKey::LiquidityUsd) },
    Column { name: "market_cap_usd", label: "Mkt cap", sort: Some(SortKey::MarketCapUsd) },
    Column { name: "age", label: "Age", sort: Some(SortKey::Age) },
];

/// A column.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    /// The name in markup and style sheet.
    pub(crate) name: &'static str,
    /// What stands above it.
    label: &'static str,
    /// What its header sorts by, if it does.
    pub(crate) sort: Option<SortKey>,
}

impl Column {
    pub(crate) fn label(self) -> &'static str {
        self.label
    }
}

/// The board.
#[component]
pub(crate) fn TokenTable(state: BoardState) -> impl IntoView {
    let address = state.address;
    let window = memo(move |_| address.with(|address| address.query.window));
    let caption = live(move || {
        let total = state.total.get();
        address.with(|address| {
            let query = &address.query;
            let order = query.sort.map_or_else(
                || format!("{} over {}", query.rank.label(), crate::filters::window_words(query.window)),
                |sort| format!("sorted by {}", crate::filters::sort_words(sort.key)),
            );
            format!("Tokens, {order}. {} pass the filters.", format::count(total))
        })
    });
    // The policy of the page forbids `style=` in markup; the attribute says the same.
    let gap = move |rows: fn(&BoardState) -> usize| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float stays in range")]
        let height = move || ((rows(&state) as f64 * state.row_height.get()).round() as u64).to_string();
        leptos::html::td().attr("height", live(height))
    };
    // Slots stand here in the order of their numbers, so that another order makes and removes none.
    let count = memo(move |_| state.slots.with(|slots| slots.len() as u64));
    let each = move || {
        let _ = count.get();
        state.slots.with_untracked(|slots| {
            slots.iter().enumerate().map(|(number, standing)| (number, standing.clone())).collect::<Vec<_>>()
        })
    };
    let class = move || {
        let word = if state.loading.get() {
            "loading"
        } else if state.stale.get() {
            "old"
        } else {
            ""
        };
        word.to_owned()
    };
    view! {
        <table
            id="board"
            tabindex="-1"
            class=live(class)
            data-cols=live(move || address.with(|address| address.columns().map(str::to_owned)))
            data-unit=live(move || address.with(|address| address.is_in_sol().then(|| "sol".to_owned())))
            data-window=live(move || window.get().name().to_owned())
            aria-rowcount=live(move || (state.total.get() + 1).to_string())
            aria-busy=live(move || state.loading.get().then(|| "true".to_owned()))
        >
            <caption class="vh">{caption}</caption>
            <colgroup>
                {Vec::from(COLUMNS.map(|column| taken(view! { <col data-col=column.name /> })))}
            </colgroup>
            <thead>
                <header::HeaderRow state />
            </thead>
            <tbody>
                <tr class="gap" aria-hidden="true">
                    {gap(|state| state.gaps().0)}
                </tr>
                <For each=each key=|(number, _)| *number children=move |(number, first)| row::row(state, window, number, &first) />
                <tr class="gap" aria-hidden="true">
                    {gap(|state| state.gaps().1)}
                </tr>
                {live_fixed(move || state.order.with(|order| order.is_empty()).then(|| view! { <NoRows state /> }))}
            </tbody>
        </table>
    }
}
