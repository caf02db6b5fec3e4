//! The price: when it changes, the digits after the part that stayed light up.

use leptos::prelude::*;
use memescope::format::{self, PriceText, UNKNOWN};
use memescope::{Price, Timestamp};

use super::slots::Slot;
use crate::board_state::{BoardState, Row};
use crate::part::{Live, Part, live, live_part, memo, part};

/// What the price cell shows.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    row: Row,
    price: Option<Price>,
    text: Option<PriceText>,
    /// How old the price is, where that must be said.
    old_since: Option<Timestamp>,
    flash: Option<Flash>,
}

/// Which digits light up.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Flash {
    /// Where they begin: a byte of the digits after the count, or of the whole text without one.
    from: usize,
    up: bool,
    /// Which of two equal words marks them, so that a change marks those anew that have dimmed.
    turn: bool,
}

/// Where two texts begin to differ, at a character's edge.
fn common_prefix(old: &str, new: &str) -> usize {
    new.char_indices().zip(old.chars()).find(|((_, a), b)| a != b).map_or(old.len().min(new.len()), |((at, _), _)| at)
}

/// Which digits light up when a price goes from one text to another.
fn flash(old: (Price, &PriceText, Option<Flash>), new: (Price, &PriceText)) -> Option<Flash> {
    let ((old_price, old_text, before), (new_price, new_text)) = (old, new);
    if old_text == new_text {
        // The difference is too small to be seen.
        return before;
    }
    let same_scale = old_text.zeros == new_text.zeros;
    let from = match (new_text.zeros, same_scale) {
        (Some(_), true) => common_prefix(&old_text.digits, &new_text.digits),
        (None, true) => common_prefix(&old_text.lead, &new_text.lead).max(1),
        (Some(_), false) => 0,
        (None, false) => 1,
    };
    // Where digits only fell away, the last one stands for them.
    let length = if new_text.zeros.is_some() { new_text.digits.len() } else { new_text.lead.len() };
    let from = from.min(length.saturating_sub(1));
    Some(Flash { from, up: new_price > old_price, turn: before.is_some_and(|flash| !flash.turn) })
}

/// The cell.
pub(super) fn price_cell(state: BoardState, slot: Slot) -> Live<Part> {
    let shown = memo(move |before: Option<&Shown>| {
        let row = slot.row();
        let (price, old_since) = row.with(|token| (token.price_usd, token.stale.then_some(token.updated_at)));
        let text = price.map(format::price);
        // Another token's price is no change of price.
        let flash = before.filter(|before| before.row == row).and_then(|before| {
            let old = (before.price?, before.text.as_ref()?, before.flash);
            flash(old, (price?, text.as_ref()?))
        });
        Shown { row, price, text, old_since, flash }
    });
    live_part(move || {
        let Shown { price, text, old_since, flash, .. } = shown.get();
        let title = price.map_or_else(|| "No source has said a price yet".to_owned(), |price| format!("${price}"));
        let class = if price.is_some() { "" } else { "unknown" };
        let figure = text.map_or_else(|| part(UNKNOWN), |text| part(figure(text, flash)));
        let age = old_since.map(|since| {
            let age = live(move || format!("{} old", format::lag(state.now.get().since(since))));
            view! { <span class="old-since">{age}</span> }
        });
        view! {
            <td data-col="price_usd" class=class title=title>
                {figure}
                {age}
            </td>
        }
    })
}

/// The digits. Where zeros are counted, the eye is shown the count; ear and clipboard get the whole decimal.
fn figure(text: PriceText, flash: Option<Flash>) -> impl IntoView {
    let plain = text.zeros.map(|_| text.plain());
    let PriceText { lead, zeros, digits } = text;
    let lit = |part: &str, flash: Flash| {
        let class = match (flash.up, flash.turn) {
            (true, false) => "flash up turn-a",
            (true, true) => "flash up turn-b",
            (false, false) => "flash down turn-a",
            (false, true) => "flash down turn-b",
        };
        view! { <span class=class>{part.to_owned()}</span> }
    };
    let cut = |part: &str| flash.map_or(part.len(), |flash| flash.from.min(part.len()));
    let (steady_lead, lit_lead) = if zeros.is_some() {
        (lead, None)
    } else {
        let at = cut(&lead);
        (lead[..at].to_owned(), flash.map(|flash| lit(&lead[at..], flash)))
    };
    let counted = zeros.map(|zeros| {
        let at = cut(&digits);
        view! {
            <span class="z">{zeros.to_string()}</span>
            {(at > 0).then(|| digits[..at].to_owned())}
            {flash.map(|flash| lit(&digits[at..], flash))}
        }
    });
    view! {
        <span class="figure" aria-hidden=plain.as_ref().map(|_| "true")>
            {steady_lead}
            {lit_lead}
            {counted}
        </span>
        {plain.map(|plain| view! { <span class="vh">{plain}</span> })}
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn lit(old: &str, new: &str) -> Option<(String, bool)> {
        let (old, new): (Price, Price) = (old.parse().unwrap(), new.parse().unwrap());
        let (old_text, new_text) = (format::price(old), format::price(new));
        flash((old, &old_text, None), (new, &new_text)).map(|flash| {
            let part = if new_text.zeros.is_some() { &new_text.digits } else { &new_text.lead };
            (part[flash.from..].to_owned(), flash.up)
        })
    }

    #[test]
    fn only_the_digits_that_changed_light_up() {
        for (old, new, expected) in [
            ("0.3115", "0.3127", Some(("27", true))),
            ("0.3127", "0.3115", Some(("15", false))),
            ("0.31274", "0.31273", None),
            ("0.000006141", "0.000006151", Some(("51", true))),
            ("0.00000614", "0.0000614", Some(("614", true))),
            ("0.0001", "0.00009", Some(("9", false))),
            ("9.99", "10.01", Some(("10.01", true))),
            ("1.25", "1.253", Some(("3", true))),
            ("1.253", "1.25", Some(("5", false))),
        ] {
            let expected = expected.map(|(part, up): (&str, bool)| (part.to_owned(), up));
            assert_eq!(lit(old, new), expected, "{old} → {new}");
        }
    }

    #[test]
    fn each_change_takes_the_other_mark() {
        let price = |text: &str| -> Price { text.parse().unwrap() };
        let texts = ["0.11", "0.12", "0.13"].map(|text| format::price(price(text)));
        let first = flash((price("0.11"), &texts[0], None), (price("0.12"), &texts[1]));
        let second = flash((price("0.12"), &texts[1], first), (price("0.13"), &texts[2]));
        assert_ne!(first.unwrap().turn, second.unwrap().turn);
    }
}
