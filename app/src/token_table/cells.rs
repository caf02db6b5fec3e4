//! Cells that are a text: what they show is derived from the row, so a patch touches only those whose text changes.

use leptos::prelude::*;
use memescope::format::{self, UNKNOWN};
use memescope::{Txns, Window};

use super::slots::Slot;
use crate::board_state::BoardState;
use crate::part::{Live, Part, live_part, memo};

/// The bar of buys and sells: its length and the gap between its parts, CSS pixels.
const BAR: u64 = 64;
const BAR_GAP: u64 = 2;

/// What a cell shows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shown {
    text: String,
    /// A word of the style sheet.
    class: &'static str,
    /// How it is spoken, where the text does not say it.
    label: Option<String>,
    title: Option<String>,
}

impl Shown {
    fn text(text: String) -> Self {
        Self { text, class: "", label: None, title: None }
    }

    fn unknown() -> Self {
        let title = Some("No source has said this yet".to_owned());
        Self { text: UNKNOWN.to_owned(), class: "unknown", label: Some("unknown".to_owned()), title }
    }

    fn usd(value: Option<f64>) -> Self {
        value.and_then(format::usd).map_or_else(Self::unknown, Self::text)
    }
}

/// A cell.
pub(super) fn cell(column: &'static str, shown: Memo<Shown>) -> Live<Part> {
    live_part(move || {
        let Shown { text, class, label, title } = shown.get();
        view! {
            <td data-col=column class=class aria-label=label title=title>
                {text}
            </td>
        }
    })
}

/// The change over a window.
pub(super) fn change(slot: Slot, window: Window) -> Memo<Shown> {
    memo(move |_| {
        slot.row().with(|token| {
            let since_launch = token.partial_windows.contains(&window);
            match token.change_pct.at(window).and_then(format::change) {
                None => Shown::unknown(),
                Some(change) => Shown {
                    text: change.text,
                    class: change.direction.name(),
                    label: Some(change.spoken),
                    title: since_launch.then(|| "Since its launch, which is less long ago".to_owned()),
                },
            }
        })
    })
}

/// The price in SOL.
pub(super) fn price_sol(slot: Slot) -> Memo<Shown> {
    memo(move |_| {
        slot.row().with(|token| match token.price_sol {
            None => Shown::unknown(),
            Some(price) => {
                // The dollar is the other column's.
                let text = format::price(price).plain().split_off(1);
                Shown { text, class: "", label: None, title: Some(format!("{price} SOL")) }
            }
        })
    })
}

/// The volume over the view's window.
pub(super) fn volume(slot: Slot, window: Memo<Window>) -> Memo<Shown> {
    memo(move |_| slot.row().with(|token| Shown::usd(token.volume_usd.at(window.get()))))
}

/// The liquidity.
pub(super) fn liquidity(slot: Slot) -> Memo<Shown> {
    memo(move |_| slot.row().with(|token| Shown::usd(token.liquidity_usd)))
}

/// The market cap, or what the whole supply is worth where only that is known.
pub(super) fn market_cap(slot: Slot) -> Memo<Shown> {
    memo(move |_| {
        slot.row().with(|token| match (token.market_cap_usd, token.fdv_usd.and_then(format::usd)) {
            (None, Some(fdv)) => Shown {
                text: fdv,
                class: "fdv",
                label: None,
                title: Some("Fully diluted value: the circulating supply is not known".to_owned()),
            },
            (cap, _) => Shown::usd(cap),
        })
    })
}

/// How old the token is.
pub(super) fn age(state: BoardState, slot: Slot) -> Memo<Shown> {
    memo(move |_| {
        let Some(since) = slot.row().with(|token| token.created_at) else { return Shown::unknown() };
        let now = state.now.get();
        Shown {
            text: format::age(since, now),
            class: "",
            label: Some(format::age_spoken(since, now)),
            title: Some(format!("since {since}")),
        }
    })
}

/// Transactions over the view's window, above a bar of buys and sells.
pub(super) fn txns(slot: Slot, window: Memo<Window>) -> Live<Part> {
    let txns = memo(move |_| slot.row().with(|token| token.txns.at(window.get())));
    live_part(move || {
        let counted = txns.get();
        let text = counted.map_or_else(|| UNKNOWN.to_owned(), |txns| format::count(txns.total()));
        let title = counted.map_or_else(
            || "No source has said this yet".to_owned(),
            |Txns { buys, sells }| format!("{} buys, {} sells", format::count(buys), format::count(sells)),
        );
        let (buys, sells) = counted.map_or((0, 0), shares);
        let bar = counted.filter(|txns| txns.total() > 0).map(|_| {
            view! {
                <svg class="bar" width="64" height="3" aria-hidden="true">
                    <rect class="buys" height="3" rx="1" width=buys.to_string() />
                    <rect class="sells" height="3" rx="1" x=(BAR - sells).to_string() width=sells.to_string() />
                </svg>
            }
        });
        view! {
            <td data-col="txns" class=if counted.is_none() { "unknown" } else { "" } title=title>
                {text}
                {bar}
            </td>
        }
    })
}

/// The lengths of the two parts of the bar.
fn shares(txns: Txns) -> (u64, u64) {
    let total = txns.total();
    if total == 0 {
        return (0, 0);
    }
    match (txns.buys, txns.sells) {
        (_, 0) => (BAR, 0),
        (0, _) => (0, BAR),
        (buys, _) => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the bar's length")]
            let part = (buys as f64 / total as f64 * (BAR - BAR_GAP) as f64).round() as u64;
            let part = part.clamp(1, BAR - BAR_GAP - 1);
            (part, BAR - BAR_GAP - part)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_the_bar_can_be_seen() {
        for (buys, sells, expected) in
            [(1, 1, (31, 31)), (1, 10_000, (1, 61)), (10_000, 1, (61, 1)), (5, 0, (64, 0)), (0, 5, (0, 64))]
        {
            assert_eq!(shares(Txns { buys, sells }), expected);
        }
        assert_eq!(shares(Txns::default()), (0, 0));
    }
}
