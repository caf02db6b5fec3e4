//! The card beside a row: shown when the pointer rests on a price, or for the row with the focus by a key.

use std::cell::RefCell;
use std::time::Duration;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use crate::board_state::BoardState;
use crate::browser::{marks, row_around, target};
use crate::server_fns::load_card;

/// How long the pointer rests before the card comes, and how long the card stays when it left.
const RESTS: Duration = Duration::from_millis(400);
const LEAVES: Duration = Duration::from_millis(300);

/// What stays free around the card, CSS pixels.
const GAP: f64 = 8.0;

thread_local! {
    static TIMER: RefCell<Option<TimeoutHandle>> = const { RefCell::new(None) };
    /// The row that the card is about.
    static ROW: RefCell<Option<HtmlElement>> = const { RefCell::new(None) };
}

fn later(after: Duration, act: impl FnOnce() + 'static) {
    stop();
    TIMER.set(set_timeout_with_handle(act, after).ok());
}

fn stop() {
    if let Some(timer) = TIMER.take() {
        timer.clear();
    }
}

fn card() -> Option<HtmlElement> {
    document().get_element_by_id("card")?.dyn_into().ok()
}

/// Follows the pointer over prices.
pub(super) fn start(state: BoardState) {
    let pointer = window_event_listener(leptos::ev::pointerover, move |event| {
        if event.pointer_type() != "mouse" {
            return;
        }
        let Some(element) = target(&event) else { return };
        let over = |selector: &str| element.closest(selector).ok().flatten();
        if over("#card").is_some() {
            stop();
        } else if let Some(cell) = over("#board [data-col^=price_][title]") {
            later(RESTS, move || show(state, &cell, false));
        } else if card().is_some_and(|card| !card.hidden()) {
            later(LEAVES, || _ = close());
        } else {
            stop();
        }
    });
    let away = window_event_listener(leptos::ev::scroll, |_| _ = close());
    on_cleanup(move || {
        pointer.remove();
        away.remove();
    });
}

/// Hides the card; whether there was one. The keyboard goes back to the row that it came from.
pub(crate) fn close() -> bool {
    stop();
    let Some(card) = card().filter(|card| !card.hidden()) else { return false };
    let had_focus = document().active_element().is_some_and(|focus| card.contains(Some(&focus)));
    card.set_hidden(true);
    if let Some(row) = ROW.take().filter(|_| had_focus) {
        let _ = row.focus();
    }
    true
}

/// Shows the card of the row around an element, beside that element and never over it; asked for by a key, it takes the
/// focus.
pub(crate) fn show(state: BoardState, beside: &Element, by_key: bool) {
    let Some((row, id)) = row_around(beside) else { return };
    ROW.set(Some(row.clone()));
    let search = state.location.search.get_untracked();
    let beside = beside.clone();
    leptos::task::spawn_local(async move {
        let (Ok(html), Some(card)) = (load_card(search, id.clone()).await, card()) else { return };
        // The row may show another token by now.
        if row.get_attribute("data-id") != Some(id) {
            return;
        }
        card.set_inner_html(&html);
        marks::show_watched(state);
        card.set_hidden(false);
        place(&card, &beside);
        let first = card.query_selector(".card-acts .pill").ok().flatten().filter(|_| by_key);
        if let Some(first) = first.and_then(|first| first.dyn_into::<HtmlElement>().ok()) {
            let _ = first.focus();
        }
    });
}

/// To the right of the element where there is room, else below it, else above.
fn place(card: &HtmlElement, beside: &Element) {
    let length = |value: Result<wasm_bindgen::JsValue, _>| value.ok().and_then(|value| value.as_f64()).unwrap_or(0.0);
    let (width, height) = (length(window().inner_width()), length(window().inner_height()));
    let (at, own) = (beside.get_bounding_client_rect(), card.get_bounding_client_rect());
    let right = at.right() + GAP + own.width() <= width;
    let left = if right { at.right() + GAP } else { (width - own.width() - GAP).max(GAP) };
    let below = if right { at.top() } else { at.bottom() + GAP };
    let top = if below + own.height() + GAP <= height {
        below
    } else if right {
        height - own.height() - GAP
    } else {
        at.top() - own.height() - GAP
    };
    #[expect(clippy::cast_possible_truncation, reason = "a place on a screen")]
    let pixels = |length: f64| format!("{}px", length.max(GAP).round() as i32);
    let style = card.style();
    let _ = style.set_property("left", &pixels(left));
    let _ = style.set_property("top", &pixels(top));
}
