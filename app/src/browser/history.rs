//! Going to another place of the page without loading it anew: links, the history of the browser.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use crate::browser::{form, panel, target};
use crate::location::{Location, Place, token_at};

/// Follows links and the history.
pub(crate) fn start(location: Location) {
    let links = window_event_listener(leptos::ev::click, move |event| {
        let Some(link) = plain_link(&event) else { return };
        if let Some(id) = token_at(&link.pathname()).filter(|_| panel::fits(location)) {
            event.prevent_default();
            panel::open(location, &id);
        } else if let Some(href) = own_link(&link) {
            event.prevent_default();
            // A view that was chosen in the form of filters takes the place of what stands there.
            if link.closest(".filters").ok().flatten().is_some() {
                form::close_menus();
            }
            go(location, &href);
        }
    });
    let history = window_event_listener(leptos::ev::popstate, move |_| location.follow());
    on_cleanup(move || {
        links.remove();
        history.remove();
    });
}

/// Goes to an address of the page, at its top.
pub(crate) fn go(location: Location, href: &str) {
    let Ok(history) = window().history() else { return };
    if history.push_state_with_url(&JsValue::NULL, "", Some(href)).is_ok() {
        location.follow();
        window().scroll_to_with_x_and_y(0.0, 0.0);
    }
}

/// Puts another address of the page in the place of this one.
pub(super) fn replace(location: Location, href: &str) {
    let Ok(history) = window().history() else { return };
    if history.replace_state_with_url(&JsValue::NULL, "", Some(href)).is_ok() {
        location.follow();
    }
}

/// Goes to an address beside what is shown: nothing scrolls.
pub(super) fn go_beside(location: Location, href: &str) {
    let Ok(history) = window().history() else { return };
    if history.push_state_with_url(&JsValue::NULL, "", Some(href)).is_ok() {
        location.follow();
    }
}

/// Goes back to the board's own address.
pub(super) fn close_panel(location: Location) {
    if location.panel.with_untracked(Option::is_some) {
        let search = location.search.get_untracked();
        go_beside(location, &if search.is_empty() { "/".to_owned() } else { format!("/?{search}") });
    }
}

/// The link of this page's server that was clicked without more: no key, no other window, no file.
fn plain_link(event: &web_sys::MouseEvent) -> Option<web_sys::HtmlAnchorElement> {
    let with_key = event.meta_key() || event.alt_key() || event.ctrl_key() || event.shift_key();
    if event.default_prevented() || event.button() != 0 || with_key {
        return None;
    }
    let link: web_sys::HtmlAnchorElement = target(event)?.closest("a[href]").ok().flatten()?.dyn_into().ok()?;
    let own = Some(link.origin()) == window().location().origin().ok() && Place::at(&link.pathname()) != Place::Nowhere;
    let plain = link.target().is_empty() && !link.has_attribute("download");
    (own && plain).then_some(link)
}

/// Where a link leads, if that is for the page to follow and not for the browser.
fn own_link(link: &web_sys::HtmlAnchorElement) -> Option<String> {
    let elsewhere = link.rel().split_ascii_whitespace().any(|word| word == "external");
    (!elsewhere).then(|| link.pathname() + &link.search() + &link.hash())
}
