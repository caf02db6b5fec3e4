//! Choosing theme, palette, density and single keys: at once, and by a cookie for the next visit.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::part::{fixed, live, on};
use crate::preferences::{COOKIE, Density, Keys, Palette, Preferences, Theme};

/// What single keys do.
const KEYS: [(&str, &str); 14] = [
    ("/", "search"),
    ("j k ↓ ↑", "next and previous row"),
    ("Enter", "open a row's token"),
    ("i", "where a row's numbers come from"),
    ("w", "watch a row"),
    ("c", "copy the address of a row"),
    ("o", "look at a row on DexScreener"),
    ("Space", "hold the order"),
    ("1–5", "ranking"),
    ("[ ]", "window"),
    ("f", "filters"),
    ("g", "top"),
    ("Esc", "close what is open"),
    ("?", "this list"),
];

/// A year, seconds.
const KEPT_FOR: u32 = 31_536_000;

fn html_document() -> Option<web_sys::HtmlDocument> {
    document().dyn_into().ok()
}

/// What is chosen now.
pub(super) fn current() -> Preferences {
    let cookies = html_document().and_then(|document| document.cookie().ok()).unwrap_or_default();
    Preferences::of_cookies(&cookies)
}

fn choose(look: Preferences) {
    if let Some(document) = html_document() {
        let cookie = format!("{COOKIE}={}; path=/; max-age={KEPT_FOR}; samesite=lax", look.to_cookie());
        let _ = document.set_cookie(&cookie);
    }
    let Some(root) = document().document_element() else { return };
    for (name, value) in [
        ("data-theme", look.theme.attribute()),
        ("data-palette", look.palette.attribute()),
        ("data-density", look.density.attribute()),
    ] {
        let _ = match value {
            Some(value) => root.set_attribute(name, value),
            None => root.remove_attribute(name),
        };
    }
    // Rows may have another height now; who listens to resizing reads it again.
    if let Ok(event) = web_sys::Event::new("resize") {
        let _ = window().dispatch_event(&event);
    }
}

/// The groups of choices.
#[component]
pub(crate) fn Choices() -> impl IntoView {
    let look = RwSignal::new(current());
    let option =
        move |label: &'static str, is: fn(Preferences, usize) -> bool, set: fn(&mut Preferences, usize), at: usize| {
            let press = move |_| {
                look.update(|look| set(look, at));
                choose(look.get_untracked());
            };
            fixed(view! {
                <button r#type="button" aria-pressed=live(move || is(look.get(), at).to_string()) on:click=on(press)>
                    {label}
                </button>
            })
        };
    let group = move |label: &'static str,
                      labels: Vec<&'static str>,
                      is: fn(Preferences, usize) -> bool,
                      set: fn(&mut Preferences, usize)| {
        let options: Vec<_> = labels.into_iter().enumerate().map(|(at, label)| option(label, is, set, at)).collect();
        fixed(view! {
            <fieldset>
                <legend>{label}</legend>
                <div class="options">{options}</div>
            </fieldset>
        })
    };
    view! {
        {group(
            "Theme",
            Theme::ALL.iter().map(|theme| theme.label()).collect(),
            |look, at| look.theme == Theme::ALL[at],
            |look, at| look.theme = Theme::ALL[at],
        )}
        {group(
            "Up and down",
            Palette::ALL.iter().map(|palette| palette.label()).collect(),
            |look, at| look.palette == Palette::ALL[at],
            |look, at| look.palette = Palette::ALL[at],
        )}
        {group(
            "Density",
            Density::ALL.iter().map(|density| density.label()).collect(),
            |look, at| look.density == Density::ALL[at],
            |look, at| look.density = Density::ALL[at],
        )}
        {group(
            "Single keys",
            Keys::ALL.iter().map(|keys| keys.label()).collect(),
            |look, at| look.keys == Keys::ALL[at],
            |look, at| look.keys = Keys::ALL[at],
        )}
        <dl class="keys">
            {KEYS.into_iter().map(|(key, what)| fixed(view! {
                <div>
                    <dt>{key}</dt>
                    <dd>{what}</dd>
                </div>
            }))
            .collect::<Vec<_>>()}
        </dl>
    }
}
