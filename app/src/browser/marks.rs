//! Marks in the browser's store, the same in every tab.

use leptos::prelude::*;
use memescope::TokenId;
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::board_state::BoardState;
use crate::marks::Marks;

const WATCHED: &str = "memescope.watched";
const HIDDEN: &str = "memescope.hidden";

/// Reads what is kept, and follows what other tabs change.
pub(super) fn start(state: BoardState) {
    take(state);
    let other_tabs = leptos::prelude::window_event_listener_untyped("storage", move |_| take(state));
    on_cleanup(move || other_tabs.remove());
    Effect::new(move |_| {
        state.marked.watched.track();
        show_watched(state);
    });
}

/// Tells the buttons in markup of the server, which knows no marks, whether their token is watched.
pub(super) fn show_watched(state: BoardState) {
    let Ok(buttons) = document().query_selector_all("[data-act=watch][data-token]") else { return };
    for button in (0..buttons.length()).filter_map(|index| buttons.item(index)?.dyn_into::<Element>().ok()) {
        let id = button.get_attribute("data-token").and_then(|id| id.parse().ok());
        let watched = id.is_some_and(|id| state.marked.watched.with_untracked(|marks| marks.contains(&id)));
        let _ = button.set_attribute("aria-pressed", if watched { "true" } else { "false" });
        button.set_text_content(Some(if watched { "Watched" } else { "Watch" }));
    }
}

fn take(state: BoardState) {
    for (signal, key) in [(state.marked.watched, WATCHED), (state.marked.hidden, HIDDEN)] {
        let kept = Marks::parse(&super::kept(key));
        if signal.with_untracked(|marks| *marks != kept) {
            signal.set(kept);
        }
    }
}

/// Watches a token, or not any more, and says so.
pub(crate) fn toggle_watched(state: BoardState, id: &TokenId) {
    let marks = state.marked.watched.with_untracked(|marks| marks.toggled(id));
    let words = if marks.contains(id) { "Watched." } else { "Not watched any more." };
    state.announcement.set(words.to_owned());
    set_watched(state, marks);
}

/// Watches these tokens and no others.
pub(crate) fn set_watched(state: BoardState, marks: Marks) {
    super::keep(WATCHED, &marks.joined(","));
    state.marked.watched.set(marks);
}

/// Hides a token.
pub(crate) fn hide(state: BoardState, id: &TokenId) {
    let marks = state.marked.hidden.get_untracked();
    if !marks.contains(id) {
        set_hidden(state, marks.toggled(id));
        state.announcement.set("Hidden. The watchlist menu shows it again.".to_owned());
    }
}

/// Hides these tokens and no others.
pub(crate) fn set_hidden(state: BoardState, marks: Marks) {
    super::keep(HIDDEN, &marks.joined(","));
    state.marked.hidden.set(marks);
}
