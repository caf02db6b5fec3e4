//! Single keys: `/` search, `j` `k` and arrows rows, `g` top, `Space` hold, `[` `]` window, `1`–`5` rank, `c` copy, `?`
//! the list of them. All but the arrows and `Esc` can be switched off.

use leptos::prelude::*;
use memescope::{Rank, TokenId, Window};
use wasm_bindgen::JsCast;

use crate::board_state::BoardState;
use crate::browser::{acts, card, form, history, hold, look, marks, panel, row_around, table_body, target};
use crate::preferences::Keys;

/// Follows the keyboard.
pub(super) fn start(state: BoardState) {
    let go = move |href: String| history::go(state.location, &href);
    let keys = window_event_listener(leptos::ev::keydown, move |event| {
        if event.default_prevented() || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let focus = document().active_element();
        let inside = target(&event);
        if event.key() == "Escape" {
            if card::close() || form::close_menus() {
                return;
            }
            if state.location.panel.with_untracked(Option::is_some) {
                history::close_panel(state.location);
            } else if let Some(focus) = focus.and_then(|focus| focus.dyn_into::<web_sys::HtmlElement>().ok()) {
                let _ = focus.blur();
            }
            return;
        }
        if inside.as_ref().is_some_and(is_control) {
            return;
        }
        if event.key().chars().count() == 1 && look::current().keys == Keys::Off {
            return;
        }
        let address = |change: &dyn Fn(&crate::address::PageAddress) -> String| state.address.with_untracked(change);
        match event.key().as_str() {
            "/" => focus_search(),
            "j" | "ArrowDown" => step(state, focus, 1),
            "k" | "ArrowUp" => step(state, focus, -1),
            "g" => to_top(state),
            " " if !inside.as_ref().is_some_and(is_pressable) => {
                state.holds.update(|holds| holds.asked = !holds.asked);
                hold::release_if_free(state);
            }
            "[" => go(address(&|address| address.over(neighbour(address.query.window, -1)))),
            "]" => go(address(&|address| address.over(neighbour(address.query.window, 1)))),
            "c" => copy_address(state, focus),
            "w" => {
                if let Some(id) = focused_id(focus) {
                    marks::toggle_watched(state, &id);
                }
            }
            "i" => {
                let cell = focus
                    .and_then(|focus| row_around(&focus))
                    .and_then(|(row, _)| row.query_selector("[data-col=price_usd]").ok().flatten());
                if let Some(cell) = cell {
                    card::show(state, &cell, true);
                }
            }
            "f" => open_menu("details.filter-menu"),
            "Enter" if !inside.as_ref().is_some_and(is_pressable) => open_row(state, focus),
            "o" => open_elsewhere(focus),
            "?" => show_keys(),
            key => match key.parse::<usize>().ok().and_then(|number| Rank::ALL.get(number.wrapping_sub(1)).copied()) {
                Some(rank) => go(address(&|address| address.ranked_by(rank))),
                None => return,
            },
        }
        event.prevent_default();
    });
    on_cleanup(move || keys.remove());
}

/// Whether keys mean text here.
fn is_control(element: &web_sys::Element) -> bool {
    matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
}

/// Whether `Space` presses something here.
fn is_pressable(element: &web_sys::Element) -> bool {
    matches!(element.tag_name().as_str(), "BUTTON" | "A" | "SUMMARY")
}

/// The next window of the switch, and from its end on to the other one.
fn neighbour(window: Window, step: i32) -> Window {
    let all = [Window::M5, Window::H1, Window::H6, Window::H24];
    let at = all.iter().position(|other| *other == window).unwrap_or(0);
    let next = if step > 0 { at + 1 } else { at + all.len() - 1 };
    all[next % all.len()]
}

fn focus_search() {
    let search = document().get_element_by_id("q").and_then(|q| q.dyn_into::<web_sys::HtmlInputElement>().ok());
    if let Some(search) = search {
        let _ = search.focus();
        search.select();
    }
}

/// Moves the focus to the row below or above; into the first row from elsewhere.
fn step(state: BoardState, focus: Option<web_sys::Element>, by: isize) {
    let current = focus.and_then(|focus| row_around(&focus)).map(|(_, id)| id);
    let order = state.order.get_untracked();
    let place = current.and_then(|id| order.iter().position(|other| other.to_string() == id));
    let next = match place {
        Some(place) => place.saturating_add_signed(by).min(order.len().saturating_sub(1)),
        None => state.range.with_untracked(|range| if range.start > 0 { range.start + 8 } else { 0 }),
    };
    let Some(id) = order.get(next).cloned() else { return };
    if state.mounted_range_now().contains(&next) {
        focus_row(&id);
        return;
    }
    // The row is not in the document: what is in view goes there first.
    let Some(body) = table_body() else { return };
    let top = window().scroll_y().unwrap_or_default() + body.get_bounding_client_rect().top();
    let place = top + next as f64 * state.row_height.get_untracked();
    let view = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or_default();
    window().scroll_to_with_x_and_y(0.0, place - view / 2.0);
    request_animation_frame(move || request_animation_frame(move || focus_row(&id)));
}

fn focus_row(id: &TokenId) {
    let row = document().query_selector(&format!("#board tr[data-id='{id}']")).ok().flatten();
    if let Some(row) = row.and_then(|row| row.dyn_into::<web_sys::HtmlElement>().ok()) {
        // The style sheet's scroll margins keep the row clear of the sticky header.
        let _ = row.focus();
    }
}

/// Opens the menu that lists the keys.
fn show_keys() {
    open_menu("details.look");
}

/// Opens the pool of the row with the focus where most people look at it, in another tab.
fn open_elsewhere(focus: Option<web_sys::Element>) {
    if let Some(id) = focused_id(focus) {
        let href = format!("https://dexscreener.com/{}/{}", id.chain(), id.address());
        let _ = window().open_with_url_and_target_and_features(&href, "_blank", "noopener,noreferrer");
    }
}

/// Opens a menu, or closes it, and puts the focus there.
fn open_menu(selector: &str) {
    if let Ok(Some(menu)) = document().query_selector(selector) {
        let _ = menu.toggle_attribute("open");
        let first = menu.query_selector("summary").ok().flatten();
        if let Some(first) = first.and_then(|first| first.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _ = first.focus();
        }
    }
}

/// The token of the row with the focus.
fn focused_id(focus: Option<web_sys::Element>) -> Option<TokenId> {
    focus.and_then(|focus| row_around(&focus)).and_then(|(_, id)| id.parse().ok())
}

fn to_top(state: BoardState) {
    let at_rest = document().active_element().and_then(|focus| focus.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(focus) = at_rest {
        let _ = focus.blur();
    }
    window().scroll_to_with_x_and_y(0.0, 0.0);
    state.release();
}

/// Opens the page of the token of the row with the focus.
fn open_row(state: BoardState, focus: Option<web_sys::Element>) {
    if let Some(id) = focused_id(focus) {
        panel::open(state.location, &id);
    }
}

/// Copies the address of the row with the focus.
fn copy_address(state: BoardState, focus: Option<web_sys::Element>) {
    if let Some(id) = focused_id(focus) {
        acts::copy(state, id.address());
    }
}
