//! The top bar: mark, search, how connection and sources do, the look of the page.

use std::time::Duration;

use leptos::prelude::*;
use memescope::feed::client::LinkState;
use memescope::{SourceReport, SourceState, format};

use crate::board_state::BoardState;
use crate::location::Place;
use crate::part::{Part, fixed, live, live_fixed, live_part, memo, part};
use crate::search::Search;

/// The top bar.
#[component]
pub(crate) fn TopBar(state: BoardState) -> impl IntoView {
    let at_board = state.location.place == Place::Board;
    // The board is a page of its own for the others.
    let elsewhere = (!at_board).then_some("external");
    view! {
        <div class="top">
            <h1 class="mark">
                <a href="/" rel=elsewhere aria-label="Memescope, the default view">
                    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
                        <rect x="1" y="8" width="3" height="6" rx="1" />
                        <rect x="6.5" y="1" width="3" height="13" rx="1" />
                        <rect x="12" y="5" width="3" height="9" rx="1" />
                    </svg>
                    <span>"Memescope"</span>
                </a>
            </h1>
            {at_board.then(|| view! { <Search state /> })}
            {live_fixed(move || state.demo.get().then(|| view! {
                <span class="demo" data-testid="demo-label" title="Every number here is simulated">"Demo market"</span>
            }))}
            <div class="states">
                <ConnectionState state />
                <ul class="sources" aria-label="Sources">
                    {live_part(move || state.sources.with(|sources| {
                        sources.iter().map(|source| source_state(state, source)).collect::<Vec<_>>()
                    }))}
                </ul>
            </div>
            <Look />
        </div>
    }
}

/// How the connection does, in words.
#[component]
fn ConnectionState(state: BoardState) -> impl IntoView {
    let link = memo(move |_| state.connection.get().state);
    let words = live(move || match link.get() {
        LinkState::Connecting => "Connecting…".to_owned(),
        LinkState::Live => format!("Live, {} ago", format::lag(state.lag())),
        LinkState::Stale => {
            let silent = state.connection.get().last_frame.map_or(Duration::ZERO, |at| state.now.get().since(at));
            format!("Quiet for {}", format::lag(silent))
        }
        LinkState::Reconnecting => "Reconnecting…".to_owned(),
        LinkState::Disconnected => "Connection lost".to_owned(),
    });
    view! {
        <span class="connection" data-testid="connection" data-state=live(move || link.get().name().to_owned())>
            <span class="dot" aria-hidden="true"></span>
            <span class="words">{words}</span>
        </span>
    }
}

/// How a source does: `Jupiter ok`, `GeckoTerminal slow, 42 s`.
fn source_state(state: BoardState, source: &SourceReport) -> Part {
    let (class, word) = match source.state {
        SourceState::Ok => ("source ok", "ok"),
        SourceState::Slow => ("source slow", "slow"),
        SourceState::Throttled => ("source slow", "told us to wait"),
        SourceState::Down => ("source down", "down"),
        SourceState::Off => ("source off", "off"),
    };
    let last = source.last_ok_at.filter(|_| !matches!(source.state, SourceState::Ok | SourceState::Off));
    let since = last.map(|last| live(move || format!(", {}", format::lag(state.now.get().since(last)))));
    part(view! {
        <li class=class>
            <a href=format!("/status#{}", source.source.name()) rel="external">
                <span class="ring" aria-hidden="true"></span>
                {source.source.label()}
                " "
                <b>{word}{since}</b>
            </a>
        </li>
    })
}

/// The menu of theme, palette, density and keys.
#[component]
fn Look() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    let choices = crate::browser::look::Choices;
    // Nothing is chosen without a browser.
    #[cfg(not(feature = "hydrate"))]
    let choices = || "";
    let opened = RwSignal::new(false);
    view! {
        <details class="menu look needs-script" name="menu" on:toggle=move |_| opened.set(true)>
            <summary class="pill" title="Theme, colours, density, keys">"View"</summary>
            <div class="sheet">{live_fixed(move || opened.get().then(|| fixed(choices())))}</div>
        </details>
    }
}
