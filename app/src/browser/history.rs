//! Going to another place of the page without loading it anew: links, the history of the browser.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use crate::browser::target;
use crate::location::{Location, Place};

/// Follows links and the history.
pub(crate) fn start(location: Location) {
    let links = window_event_listener(leptos::ev::click, move |event| {
        if let Some(href) = own_link(&event) {
            event.prevent_default();
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

/// Where a click on a link leads, if that is for the page to follow and not for the browser.
fn own_link(event: &web_sys::MouseEvent) -> Option<String> {
    let with_key = event.meta_key() || event.alt_key() || event.ctrl_key() || event.shift_key();
    if event.default_prevented() || event.button() != 0 || with_key {
        return None;
    }
    let link: web_sys::HtmlAnchorElement = target(event)?.closest("a[href]").ok().flatten()?.dyn_into().ok()?;
    let elsewhere = link.rel().split_ascii_whitespace().any(|word| word == "external");
    let own = Some(link.origin()) == window().location().origin().ok() && Place::at(&link.pathname()) != Place::Nowhere;
    let plain = link.target().is_empty() && !link.has_attribute("download");
    (own && plain && !elsewhere).then(|| link.pathname() + &link.search() + &link.hash())
}
