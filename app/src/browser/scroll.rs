//! Which rows are in view.

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::*;

use crate::board_state::BoardState;
use crate::browser::table_body;

/// Follows scrolling and resizing, once a frame at most.
pub(super) fn start(state: BoardState) {
    read_row_height(state);
    let waiting = Rc::new(Cell::new(false));
    let look_soon = move || {
        if !waiting.replace(true) {
            let waiting = waiting.clone();
            request_animation_frame(move || {
                waiting.set(false);
                look(state);
            });
        }
    };
    let on_scroll = look_soon.clone();
    let scroll = window_event_listener(leptos::ev::scroll, move |_| on_scroll());
    let on_resize = look_soon.clone();
    let resize = window_event_listener(leptos::ev::resize, move |_| {
        read_row_height(state);
        on_resize();
    });
    on_cleanup(move || {
        scroll.remove();
        resize.remove();
    });
    // More rows, or another view, change what is in view as well.
    Effect::new(move |_| {
        state.order.track();
        state.row_height.track();
        look_soon();
    });
}

/// Reads the row height of the style sheet again; density and width change it.
pub(super) fn read_row_height(state: BoardState) {
    let height = document()
        .document_element()
        .and_then(|root| window().get_computed_style(&root).ok().flatten())
        .and_then(|style| style.get_property_value("--row-h").ok())
        .map(|height| js_sys::parse_float(&height))
        .filter(|height| *height >= 20.0);
    if let Some(height) = height
        && (state.row_height.get_untracked() - height).abs() > f64::EPSILON
    {
        state.row_height.set(height);
    }
}

fn look(state: BoardState) {
    let Some(body) = table_body() else { return };
    let view = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(800.0);
    let top = -body.get_bounding_client_rect().top();
    state.look_at(top, view);
    // What covers the first rows is the head of the page, which scrolls with them until it sticks.
    let scrolled = window().scroll_y().unwrap_or_default() > state.row_height.get_untracked();
    if state.holds.with_untracked(|holds| holds.scrolled != scrolled) {
        state.holds.update(|holds| holds.scrolled = scrolled);
        if !state.is_held() {
            state.release();
        }
    }
}
