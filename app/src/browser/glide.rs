//! Rows that change places when the order is let go glide there, so that the eye can follow.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::browser::table_body;

/// The most rows that glide; what moves more than that is not followed by any eye.
const MOST: usize = 20;

/// A row in sight: its element, the token it shows, and how far down it is.
type Seen = (HtmlElement, Option<String>, f64);

fn places() -> Vec<Seen> {
    let Some(rows) = table_body().and_then(|body| body.query_selector_all("tr[data-id]").ok()) else {
        return Vec::new();
    };
    let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or_default();
    (0..rows.length())
        .filter_map(|index| rows.item(index)?.dyn_into::<HtmlElement>().ok())
        .map(|row| {
            let top = row.get_bounding_client_rect().top();
            let id = row.get_attribute("data-id");
            (row, id, top)
        })
        .filter(|(_, _, top)| *top > 0.0 && *top < height)
        .collect()
}

/// Rows are about to change places.
pub(crate) fn begin() {
    let before = places();
    request_animation_frame(move || glide(&before));
}

/// Puts rows back to where they were, without a transition, and lets them go from there.
fn glide(before: &[Seen]) {
    let moved: Vec<&HtmlElement> = before
        .iter()
        // One that shows another token by now has come, and not from there.
        .filter(|(row, id, _)| row.is_connected() && row.get_attribute("data-id") == *id)
        .filter_map(|(row, _, top)| {
            let by = top - row.get_bounding_client_rect().top();
            (by.abs() > 1.0).then_some((row, by))
        })
        .take(MOST)
        .map(|(row, by)| {
            #[expect(clippy::cast_possible_truncation, reason = "a few hundred pixels")]
            let by = by.round() as i32;
            let _ = row.style().set_property("transform", &format!("translateY({by}px)"));
            row
        })
        .collect();
    let moved: Vec<HtmlElement> = moved.into_iter().cloned().collect();
    // The browser has to have seen them there.
    request_animation_frame(move || {
        for row in moved {
            let _ = row.class_list().add_1("glides");
            let _ = row.style().remove_property("transform");
        }
    });
}
