//! Searching while one types: the view follows a moment after the last key, in the same place of the history.

use std::cell::RefCell;
use std::time::Duration;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use memescope::TokenId;
use memescope::query::MAX_SEARCH_CHARS;
use wasm_bindgen::JsCast;

use crate::board_state::BoardState;
use crate::browser::{history, panel};

/// How long nobody types before the view follows.
const PAUSE: Duration = Duration::from_millis(300);

thread_local! {
    static TIMER: RefCell<Option<TimeoutHandle>> = const { RefCell::new(None) };
}

/// Searches for what stands in the field, when nobody types any more.
pub(crate) fn soon(state: BoardState) {
    stop();
    let search = move || {
        let field =
            document().get_element_by_id("q").and_then(|field| field.dyn_into::<web_sys::HtmlInputElement>().ok());
        if let Some(field) = field {
            history::replace(state.location, &href(state, &field.value()));
        }
    };
    TIMER.set(set_timeout_with_handle(search, PAUSE).ok());
}

/// Searches for a text; a whole address leads to its token, whether the board has it or not.
pub(crate) fn now(state: BoardState, text: &str) {
    stop();
    let text = text.trim();
    let id = text.parse::<TokenId>().or_else(|_| format!("solana:{text}").parse());
    match id {
        Ok(id) => panel::open(state.location, &id),
        Err(_) => history::go(state.location, &href(state, text)),
    }
}

fn stop() {
    if let Some(timer) = TIMER.take() {
        timer.clear();
    }
}

fn href(state: BoardState, text: &str) -> String {
    let text: String = text.trim().chars().take(MAX_SEARCH_CHARS).collect();
    state.address.with_untracked(|address| address.with(|query| query.q = Some(text).filter(|text| !text.is_empty())))
}
