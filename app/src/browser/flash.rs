//! Digits that have lit up dim, and then they are as all others.
//!
//! By the clock, not by an animation: while one runs the browser goes through the page sixty times a second, also where
//! nothing of it changes.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

/// How often lit digits take a step: what came between two of them dims at the next one and rests at the one after.
const STEP: Duration = Duration::from_millis(450);

/// Lets lit digits dim.
pub(super) fn start() {
    if let Ok(handle) = set_interval_with_handle(step, STEP) {
        on_cleanup(move || handle.clear());
    }
}

fn step() {
    let Ok(lit) = document().query_selector_all(".flash") else { return };
    for digits in (0..lit.length()).filter_map(|index| lit.item(index)?.dyn_into::<Element>().ok()) {
        if digits.class_list().contains("dim") {
            digits.set_class_name("");
        } else {
            let _ = digits.class_list().add_1("dim");
        }
    }
}
