//! Digits that have lit up: when that is over they are as all others.
//!
//! A row that moves to another place is put into the document anew, and whatever is marked for an animation would show it
//! again, though nothing changed.

use leptos::prelude::*;

use crate::browser::target;

/// Unmarks digits at the end of their animation.
pub(super) fn start() {
    let ended = window_event_listener(leptos::ev::animationend, |event| {
        // They dim before, by an animation of its own.
        let is_over = event.animation_name().starts_with("rest");
        if let Some(digits) = target(&event).filter(|element| is_over && element.class_list().contains("flash")) {
            digits.set_class_name("");
        }
    });
    on_cleanup(move || ended.remove());
}
