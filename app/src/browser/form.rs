//! Reading forms and closing menus.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// The value of a field of the form that was sent; empty when there is none.
pub(crate) fn field(event: &leptos::ev::SubmitEvent, name: &str) -> String {
    let form = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlFormElement>().ok());
    form.and_then(|form| web_sys::FormData::new_with_form(&form).ok())
        .and_then(|fields| fields.get(name).as_string())
        .unwrap_or_default()
}

/// Closes every open menu; tells whether one was open.
pub(crate) fn close_menus() -> bool {
    let mut closed = false;
    while let Ok(Some(menu)) = document().query_selector("details.menu[open]") {
        if menu.remove_attribute("open").is_err() {
            break;
        }
        closed = true;
    }
    closed
}
