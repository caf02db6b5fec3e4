//! The search: a form of the page's own address.

use leptos::prelude::*;

use crate::board_state::BoardState;
use crate::part::{Part, fixed, live, live_part, on};

/// The search field. Enter searches, with JavaScript without a reload.
#[component]
pub(crate) fn Search(state: BoardState) -> impl IntoView {
    let address = state.address;
    let text = || live(move || address.with(|address| address.query.q.clone().unwrap_or_default()));
    view! {
        <form class="search" method="get" action="/" role="search" on:submit=on(submit_search(state)) on:input=on(move |_| typed(state))>
            <label class="vh" for="q">"Search a token by symbol, name or address"</label>
            <input
                id="q"
                name="q"
                r#type="search"
                placeholder="Search token, symbol or address"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                maxlength="64"
                value=text()
                prop:value=text()
            />
            <kbd aria-hidden="true">"/"</kbd>
            {live_part(move || carried(&address.get(), &["q"]))}
        </form>
    }
}

/// The hidden fields that carry the rest of the view on.
pub(crate) fn carried(address: &crate::address::PageAddress, fields: &[&str]) -> Vec<Part> {
    address
        .pairs_without(fields)
        .into_iter()
        .map(|(name, value)| fixed(view! { <input r#type="hidden" name=name value=value /> }))
        .collect()
}

#[cfg(feature = "hydrate")]
fn submit_search(state: BoardState) -> impl Fn(leptos::ev::SubmitEvent) + 'static {
    move |event| {
        event.prevent_default();
        let text = crate::browser::form::field(&event, "q");
        crate::browser::find::now(state, &text);
    }
}

#[cfg(feature = "hydrate")]
fn typed(state: BoardState) {
    crate::browser::find::soon(state);
}

#[cfg(not(feature = "hydrate"))]
fn submit_search(_: BoardState) -> impl Fn(leptos::ev::SubmitEvent) + 'static {
    |_| {}
}

#[cfg(not(feature = "hydrate"))]
fn typed(_: BoardState) {}
