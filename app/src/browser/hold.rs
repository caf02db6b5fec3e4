//! The order holds still while somebody reads: pointer or keyboard in the rows.
//!
//! A row that is put to another place in the document loses the focus; it gets it back, for nobody took it away.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::board_state::BoardState;
use crate::browser::{row_around, table_body, target};

/// A pointer on its way across the rows holds nothing.
const ARRIVES: Duration = Duration::from_millis(120);

/// A pointer that left may come back.
const LEAVES: Duration = Duration::from_millis(1_500);

thread_local! {
    /// Set while rows are put to their places.
    static PLACING: Cell<bool> = const { Cell::new(false) };
}

/// Tells that rows are about to be put to their places; holds until the browser has its turn again.
pub(super) fn rows_are_placed() {
    if !PLACING.replace(true) {
        request_animation_frame(|| PLACING.set(false));
    }
}

/// One timer, of which only the last setting counts.
#[derive(Clone, Default)]
struct Timer(Rc<RefCell<Option<TimeoutHandle>>>);

impl Timer {
    fn set(&self, after: Duration, action: impl FnOnce() + 'static) {
        self.stop();
        *self.0.borrow_mut() = set_timeout_with_handle(action, after).ok();
    }

    fn stop(&self) {
        if let Some(handle) = self.0.borrow_mut().take() {
            handle.clear();
        }
    }
}

/// Follows pointer and focus over the table's body.
pub(super) fn start(state: BoardState) {
    let timer = Timer::default();
    let over_rows = |event: &web_sys::Event| {
        target(event).zip(table_body()).is_some_and(|(element, body)| body.contains(Some(&element)))
    };
    let pointer = window_event_listener(leptos::ev::pointerover, move |event| {
        // A finger scrolls; it has a button for holding.
        let over = event.pointer_type() == "mouse" && over_rows(&event);
        let held = state.holds.with_untracked(|holds| holds.pointer);
        match (over, held) {
            (true, false) => timer.set(ARRIVES, move || state.holds.update(|holds| holds.pointer = true)),
            (false, true) => timer.set(LEAVES, move || {
                state.holds.update(|holds| holds.pointer = false);
                release_if_free(state);
            }),
            (true, true) | (false, false) => timer.stop(),
        }
    });
    let focus = window_event_listener(leptos::ev::focusin, move |event| set_focus(state, target(&event)));
    let blur = window_event_listener(leptos::ev::focusout, move |event| {
        let next = event.related_target().and_then(|next| next.dyn_into::<web_sys::HtmlElement>().ok());
        if next.is_none() && PLACING.get() {
            if let Some((row, _)) = target(&event).and_then(|element| row_around(&element)) {
                request_animation_frame(move || take_back(state, &row));
            }
            return;
        }
        set_focus(state, next.map(Into::into));
    });
    on_cleanup(move || {
        pointer.remove();
        focus.remove();
        blur.remove();
    });
}

/// Gives the focus back to a row that is still in the document, unless it is somewhere else by now.
fn take_back(state: BoardState, row: &web_sys::HtmlElement) {
    let elsewhere = document().active_element().is_some_and(|element| element.tag_name() != "BODY");
    if elsewhere {
        return;
    }
    if row.is_connected() {
        let options = web_sys::FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = row.focus_with_options(&options);
    } else {
        set_focus(state, None);
    }
}

fn set_focus(state: BoardState, element: Option<web_sys::Element>) {
    let id = element.and_then(|element| row_around(&element)).and_then(|(_, id)| id.parse().ok());
    if state.focused.with_untracked(|focused| *focused == id) {
        return;
    }
    let inside = id.is_some();
    state.focused.set(id);
    if state.holds.with_untracked(|holds| holds.focus != inside) {
        state.holds.update(|holds| holds.focus = inside);
        release_if_free(state);
    }
}

/// Shows what waited when nothing holds the order any more.
pub(super) fn release_if_free(state: BoardState) {
    if !state.is_held() {
        state.release();
    }
}
