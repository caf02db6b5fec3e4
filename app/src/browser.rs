//! What only a browser can do: the feed, scrolling, keys, holding the order, the look of the page.
//!
//! Nothing here renders. Everything begins after the server's markup was taken over, so that the first render of both
//! sides is the same.

mod acts;
pub(crate) mod alerts;
pub(crate) mod card;
mod extras;
pub(crate) mod feed;
pub(crate) mod find;
mod flash;
pub(crate) mod form;
pub(crate) mod glide;
pub(crate) mod history;
mod hold;
mod keys;
pub(crate) mod look;
pub(crate) mod marks;
pub(crate) mod panel;
mod places;
mod scroll;
mod sheet;
mod socket;

use std::time::Duration;

use leptos::prelude::*;
use memescope::Timestamp;
use memescope::feed::client::LinkState;
use wasm_bindgen::JsCast;

use crate::board_state::BoardState;

/// How often the clock on the page moves.
const TICK: Duration = Duration::from_millis(500);

/// Starts everything once the page is alive.
pub(crate) fn start(state: BoardState) {
    Effect::new(move |alive: Option<()>| {
        if alive.is_some() {
            return;
        }
        start_clock(state);
        places::start(state);
        scroll::start(state);
        hold::start(state);
        flash::start();
        keys::start(state);
        marks::start(state);
        acts::start(state);
        card::start(state);
        feed::start(state);
        extras::start(state);
        alerts::start(state);
        sheet::start(state);
    });
    // Another address is another view.
    Effect::new(move |before: Option<String>| {
        let now = state.location.search.get();
        if before.is_some_and(|before| before != now) {
            state.reload();
        }
        now
    });
}

/// Starts what a page without rows needs, once it is alive.
pub(crate) fn start_status(state: BoardState) {
    Effect::new(move |alive: Option<()>| {
        if alive.is_none() {
            start_clock(state);
            feed::start(state);
        }
    });
}

/// Starts the page of one token, once it is alive: its row is followed, and what stands below it renewed.
pub(crate) fn start_token(state: BoardState) {
    Effect::new(move |alive: Option<()>| {
        if alive.is_none() {
            start_clock(state);
            flash::start();
            marks::start(state);
            acts::start(state);
            feed::start(state);
            sheet::start(state);
        }
    });
}

/// Lets the server's clock go on, by the time that passes here: the two clocks need not agree.
fn start_clock(state: BoardState) {
    let mut base = (state.now.get_untracked(), now_ms());
    let generation = move || state.facts.with_untracked(|facts| facts.generation);
    let mut known = generation();
    let tick = move || {
        if known != generation() {
            known = generation();
            base = (state.now.get_untracked(), now_ms());
        }
        let passed = Duration::from_millis(now_ms().saturating_sub(base.1));
        let last_frame = feed::server_clock().unwrap_or_default();
        state.now.set(base.0.plus(passed).max(last_frame));
        feed::tick();
    };
    let tick = std::cell::RefCell::new(tick);
    if let Ok(handle) = set_interval_with_handle(move || (tick.borrow_mut())(), TICK) {
        on_cleanup(move || handle.clear());
    }
}

/// Milliseconds of a clock that never steps back.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a page lives for less than ages")]
pub(crate) fn now_ms() -> u64 {
    window().performance().map_or_else(js_sys::Date::now, |performance| performance.now()) as u64
}

/// How many minutes the reader's clock is east of UTC.
#[expect(clippy::cast_possible_truncation, reason = "less than a day")]
pub(crate) fn minutes_east() -> i32 {
    -(js_sys::Date::new_0().get_timezone_offset() as i32)
}

/// What the browser keeps under a name; nothing where it keeps nothing.
fn kept(key: &str) -> String {
    let store = window().local_storage().ok().flatten();
    store.and_then(|store| store.get_item(key).ok().flatten()).unwrap_or_default()
}

/// Lets the browser keep a text; some keep nothing, and then it lasts as long as the page.
fn keep(key: &str, text: &str) {
    if let Some(store) = window().local_storage().ok().flatten() {
        let _ = if text.is_empty() { store.remove_item(key) } else { store.set_item(key, text) };
    }
}

/// A number between 0 and 1.
fn random() -> f64 {
    js_sys::Math::random()
}

/// Whether the page can be seen.
fn is_visible() -> bool {
    document().visibility_state() != web_sys::VisibilityState::Hidden
}

/// Whether it makes sense to ask the server for something: it is not known to be away.
fn is_reachable(state: BoardState) -> bool {
    let link = state.connection.with_untracked(|connection| connection.state);
    !matches!(link, LinkState::Reconnecting | LinkState::Disconnected)
}

/// The same for what only somebody who looks has any use for.
fn is_worth_asking(state: BoardState) -> bool {
    is_visible() && is_reachable(state)
}

/// The table's body.
fn table_body() -> Option<web_sys::HtmlElement> {
    document().query_selector("#board > tbody").ok().flatten()?.dyn_into().ok()
}

/// The row around an element, and its token.
fn row_around(element: &web_sys::Element) -> Option<(web_sys::HtmlElement, String)> {
    let row: web_sys::HtmlElement = element.closest("tr[data-id]").ok().flatten()?.dyn_into().ok()?;
    let id = row.get_attribute("data-id")?;
    Some((row, id))
}

/// The element that an event happened to.
fn target(event: &web_sys::Event) -> Option<web_sys::Element> {
    event.target()?.dyn_into().ok()
}

/// The server's time in a frame, as long as it is plausible.
fn later(a: Timestamp, b: Timestamp) -> Timestamp {
    a.max(b)
}
