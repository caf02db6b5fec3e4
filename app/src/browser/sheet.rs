//! The page of a token in the browser: the server's markup below the row is asked for anew from time to time, the chart
//! is read by pointer and keyboard, and addresses are copied.

use std::time::Duration;

use leptos::prelude::*;
use memescope::TokenId;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent, MouseEvent};

use crate::board_state::BoardState;
use crate::browser::{is_worth_asking, marks, target};
use crate::server_fns::load_sheet;
use crate::token_page::READOUT;

/// How often what stands below the row is asked for.
const RENEW: Duration = Duration::from_secs(10);

/// Follows the sheet of whichever token is shown.
pub(super) fn start(state: BoardState) {
    if let Ok(handle) = set_interval_with_handle(move || renew(state), RENEW) {
        on_cleanup(move || handle.clear());
    }
    let pointer = window_event_listener(leptos::ev::pointermove, |event| point(&event));
    let keys = window_event_listener(leptos::ev::keydown, |event| step(&event));
    let clicks = window_event_listener(leptos::ev::click, move |event| switch(state, &event));
    on_cleanup(move || {
        clicks.remove();
        pointer.remove();
        keys.remove();
    });
}

/// Fills the sheet of a panel that was just opened.
pub(super) fn fill(state: BoardState, token: &TokenId) {
    let token = token.to_string();
    leptos::task::spawn_local(async move {
        if let (Ok(html), Some(sheet)) = (load_sheet(token, None).await, sheet()) {
            put(state, &sheet, &html);
        }
    });
}

/// Asks for the candles of another interval, without loading the page anew.
fn switch(state: BoardState, event: &MouseEvent) {
    let link = target(event).and_then(|element| element.closest("#sheet [data-interval]").ok().flatten());
    let Some((link, token)) = link.zip(token_of_sheet()) else { return };
    event.prevent_default();
    let interval = link.get_attribute("data-interval");
    leptos::task::spawn_local(async move {
        if let (Ok(html), Some(sheet)) = (load_sheet(token, interval).await, sheet()) {
            put(state, &sheet, &html);
        }
    });
}

/// Puts markup of the server into the sheet, and what it does not know of the reader's marks.
fn put(state: BoardState, sheet: &Element, html: &str) {
    sheet.set_inner_html(html);
    marks::show_watched(state);
}

/// Whose sheet is shown.
fn token_of_sheet() -> Option<String> {
    document().query_selector("[data-row]").ok().flatten()?.get_attribute("data-row")
}

fn sheet() -> Option<Element> {
    document().get_element_by_id("sheet")
}

/// Asks for the markup, unless somebody is just reading in it.
fn renew(state: BoardState) {
    let is_read = || {
        let inside = |selector: &str| document().query_selector(selector).ok().flatten().is_some();
        inside("#sheet :focus") || inside("#sheet:hover") || inside("#sheet details[open]")
    };
    if !is_worth_asking(state) || is_read() {
        return;
    }
    let Some(token) = token_of_sheet() else { return };
    let interval = document()
        .query_selector("#sheet [data-interval][aria-current]")
        .ok()
        .flatten()
        .and_then(|link| link.get_attribute("data-interval"));
    let asked = token.clone();
    leptos::task::spawn_local(async move {
        // What does not come stays as it is; the connection's words say how old it is.
        if let (Ok(html), Some(sheet)) = (load_sheet(token, interval).await, sheet())
            && !is_read()
            && token_of_sheet().as_deref() == Some(&asked)
        {
            put(state, &sheet, &html);
        }
    });
}

/// The candles of the chart, and where each stands.
fn candles(chart: &Element) -> Vec<(f64, Element)> {
    let Ok(found) = chart.query_selector_all("[data-x]") else { return Vec::new() };
    (0..found.length())
        .filter_map(|index| found.item(index)?.dyn_into::<Element>().ok())
        .filter_map(|candle| Some((js_sys::parse_float(&candle.get_attribute("data-x")?), candle)))
        .collect()
}

fn chart_of(element: Option<Element>) -> Option<Element> {
    element?.closest("#chart").ok().flatten()
}

/// Shows the candle under the pointer.
fn point(event: &MouseEvent) {
    let Some(chart) = chart_of(target(event)) else { return };
    let frame = chart.get_bounding_client_rect();
    if frame.width() <= 0.0 {
        return;
    }
    let own = js_sys::parse_float(&chart.get_attribute("data-width").unwrap_or_default());
    let x = (f64::from(event.client_x()) - frame.left()) / frame.width() * own;
    let candles = candles(&chart);
    let nearest = candles
        .iter()
        .enumerate()
        .min_by(|(_, a), (_, b)| (a.0 - x).abs().total_cmp(&(b.0 - x).abs()))
        .map(|(index, _)| index);
    if let Some(index) = nearest {
        show(&chart, &candles, index);
    }
}

/// Moves along the chart by arrows, `Home` and `End`.
fn step(event: &KeyboardEvent) {
    let Some(chart) = chart_of(target(event)) else { return };
    let candles = candles(&chart);
    let Some(last) = candles.len().checked_sub(1) else { return };
    let current = chart.get_attribute("data-at").and_then(|at| at.parse().ok()).unwrap_or(last);
    let next = match event.key().as_str() {
        "ArrowLeft" => current.saturating_sub(1),
        "ArrowRight" => (current + 1).min(last),
        "Home" => 0,
        "End" => last,
        _ => return,
    };
    event.prevent_default();
    show(&chart, &candles, next);
}

/// Points at a candle, and says what the table says of it.
fn show(chart: &Element, candles: &[(f64, Element)], index: usize) {
    let Some((_, candle)) = candles.get(index) else { return };
    let _ = chart.set_attribute("data-at", &index.to_string());
    if let Some(line) = document().get_element_by_id("crosshair") {
        let x = candle.get_attribute("data-x").unwrap_or_default();
        let _ = line.set_attribute("x1", &x);
        let _ = line.set_attribute("x2", &x);
    }
    let rows = document().query_selector_all("#candles tbody tr").ok();
    let words = rows.and_then(|rows| rows.item(u32::try_from(index).ok()?)).map(|row| {
        let cells = row.child_nodes();
        let texts =
            (0..cells.length()).filter_map(|cell| cells.item(cell)?.text_content()).filter(|text| !text.is_empty());
        // The same words as the server's.
        texts.zip(READOUT).map(|(text, word)| format!("{word}{text}")).collect::<Vec<_>>().join("  ")
    });
    if let (Some(readout), Some(words)) = (document().get_element_by_id("chart-readout"), words) {
        readout.set_text_content(Some(&words));
    }
}
