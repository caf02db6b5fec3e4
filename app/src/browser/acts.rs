//! Buttons that say by an attribute what they do: one listener for those of every row, and for those in markup that the
//! server made.

use leptos::prelude::*;
use memescope::TokenId;
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::board_state::BoardState;
use crate::browser::{card, history, marks, row_around, target};

/// Follows clicks.
pub(super) fn start(state: BoardState) {
    let clicks = window_event_listener(leptos::ev::click, move |event| {
        let button = target(&event).and_then(|element| element.closest("[data-act]").ok().flatten());
        let Some(button) = button else { return };
        match button.get_attribute("data-act").unwrap_or_default().as_str() {
            "copy" => copy(state, &button.get_attribute("data-text").unwrap_or_default()),
            "close-panel" => history::close_panel(state.location),
            "close" => _ = card::close(),
            "watch" => with_token(&button, |id| marks::toggle_watched(state, id)),
            "alert" => {
                with_token(&button, open_alerts);
                card::close();
            }
            "hide" => {
                with_token(&button, |id| marks::hide(state, id));
                card::close();
            }
            _ => return,
        }
        event.prevent_default();
    });
    on_cleanup(move || clicks.remove());
}

/// The token that a button is about: it says so itself, or stands in its row.
fn with_token(button: &Element, act: impl FnOnce(&TokenId)) {
    let id = button.get_attribute("data-token").or_else(|| Some(row_around(button)?.1));
    if let Some(id) = id.and_then(|id| id.parse().ok()) {
        act(&id);
    }
}

/// Opens the menu of alerts for a token.
fn open_alerts(id: &TokenId) {
    let Ok(Some(menu)) = document().query_selector("details.alerts") else { return };
    let _ = menu.set_attribute("open", "");
    let id = id.to_string();
    fill_alert(id, FRAMES);
}

/// How many frames the insides of a menu may take to be made.
const FRAMES: u32 = 60;

/// Fills the form of alerts for a token, as soon as it is there: its menu makes it after it opened.
fn fill_alert(id: String, frames: u32) {
    let input = |selector: &str| -> Option<web_sys::HtmlInputElement> {
        document().query_selector(selector).ok().flatten()?.dyn_into().ok()
    };
    let (Some(token), Some(bound)) = (input("#alert-token"), input("details.alerts input[name=bound]")) else {
        if let Some(rest) = frames.checked_sub(1) {
            request_animation_frame(move || fill_alert(id, rest));
        }
        return;
    };
    token.set_value(&id);
    // Something that makes sense stands there already, for those who have a pointer alone.
    let kind = document().query_selector("details.alerts select").ok().flatten();
    if let Some(kind) = kind.and_then(|kind| kind.dyn_into::<web_sys::HtmlSelectElement>().ok()) {
        kind.set_value("change h1");
    }
    bound.set_value("5");
    let _ = bound.focus();
    bound.select();
}

/// Puts a text into the clipboard; only a secure page may.
pub(super) fn copy(state: BoardState, text: &str) {
    let words = if js_sys::Reflect::has(&window().navigator(), &"clipboard".into()).unwrap_or(false) {
        drop(window().navigator().clipboard().write_text(text));
        "Copied."
    } else {
        "The browser lets only pages with https copy."
    };
    state.announcement.set(words.to_owned());
}
