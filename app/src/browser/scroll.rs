//! Which rows are in view.
//!
//! Where the table begins is read when the page's height changes, right after the browser has laid it out, and kept:
//! asked while scrolling, the browser would have to lay out at once what the last rows changed.

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use web_sys::ResizeObserver;

use crate::board_state::BoardState;
use crate::browser::table_body;

thread_local! {
    /// How far below the page's upper edge the rows begin, and how high the view is.
    static MEASURES: Cell<(f64, f64)> = const { Cell::new((0.0, 800.0)) };
}

/// Follows scrolling and resizing, once a frame at most.
pub(super) fn start(state: BoardState) {
    read_row_height(state);
    measure();
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
        measure();
        on_resize();
    });
    // What comes and goes above the rows changes the height of the whole.
    let on_height = look_soon.clone();
    let changed = Closure::<dyn FnMut()>::new(move || {
        measure();
        on_height();
    });
    let observer = ResizeObserver::new(wasm_bindgen::JsCast::unchecked_ref(changed.as_ref())).ok();
    if let (Some(observer), Some(body)) = (&observer, document().body()) {
        observer.observe(&body);
    }
    let watch = send_wrapper::SendWrapper::new((observer, changed));
    on_cleanup(move || {
        scroll.remove();
        resize.remove();
        let (observer, _changed) = watch.take();
        if let Some(observer) = observer {
            observer.disconnect();
        }
    });
    // More rows, or another view, change what is in view as well.
    Effect::new(move |_| {
        state.order.track();
        state.row_height.track();
        look_soon();
    });
}

/// Reads where the rows begin and how high the view is.
fn measure() {
    let Some(body) = table_body() else { return };
    let view = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(800.0);
    MEASURES.set((body.get_bounding_client_rect().top() + scrolled_by(), view));
}

fn scrolled_by() -> f64 {
    window().scroll_y().unwrap_or_default()
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
    let ((begin, view), scrolled_by) = (MEASURES.get(), scrolled_by());
    state.look_at(scrolled_by - begin, view);
    // What covers the first rows is the head of the page, which scrolls with them until it sticks.
    let scrolled = scrolled_by > state.row_height.get_untracked();
    if state.holds.with_untracked(|holds| holds.scrolled != scrolled) {
        state.holds.update(|holds| holds.scrolled = scrolled);
        if !state.is_held() {
            state.release();
        }
    }
}
