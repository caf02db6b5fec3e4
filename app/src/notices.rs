//! What is not as it should be, in words: at the top of the page or in the place of rows.

use leptos::prelude::*;
use memescope::feed::client::LinkState;
use memescope::format;

use crate::board_state::BoardState;
use crate::filters;
use crate::part::{fixed, live, live_fixed, memo, on};
use crate::server_fns::PageError;

/// The bars under the controls.
#[component]
pub(crate) fn Notices(state: BoardState) -> impl IntoView {
    let ignored = live_fixed(move || {
        state.address.with(|address| {
            (!address.errors.is_empty()).then(|| {
                let words: Vec<String> =
                    address.errors.iter().map(|error| format!("{} ({})", error.parameter, error.detail)).collect();
                view! { <p class="notice" data-testid="ignored">{format!("Left out of the view: {}.", words.join("; "))}</p> }
            })
        })
    });
    let is_old = memo(move |_| state.stale.get() && state.total.get() > 0);
    let stale = live_fixed(move || {
        is_old.get().then(|| {
            let age = live(move || format::span_words(state.sources_silent_for()));
            let why = live(move || {
                let words = if state.is_warm_start() {
                    "Loaded from disk, refreshing. These numbers are "
                } else {
                    "All sources are failing. These are the last good numbers, "
                };
                words.to_owned()
            });
            view! {
                <p class="notice warn" data-testid="stale-banner">
                    {why}
                    {age}
                    " old."
                </p>
            }
        })
    });
    let link = memo(move |_| state.connection.get().state);
    let lost = live_fixed(move || (link.get() == LinkState::Disconnected).then(|| view! { <Lost state /> }));
    let problem = live_fixed(move || {
        state.problem.get().map(|problem| match problem.error {
            PageError::InvalidCursor => fixed(view! {
                <p class="notice warn" data-testid="problem">
                    "This place in the list is not valid any more. "
                    <a href=state.address.with(|address| address.href(&address.query))>"Begin at the top"</a>
                </p>
            }),
            PageError::Unreachable => fixed(view! {
                <p class="notice warn" data-testid="problem">
                    {if problem.more {
                        "The next rows could not be loaded. "
                    } else {
                        "This view could not be loaded. "
                    }}
                    <button r#type="button" class="link needs-script" on:click=on(move |_| state.try_again())>
                        "Try again"
                    </button>
                </p>
            }),
        })
    });
    view! {
        <p class="notice without-script">"Live updates need JavaScript. Reload for new numbers."</p>
        {ignored}
        {stale}
        {lost}
        {problem}
    }
}

/// The connection is lost: what is shown, and when it is tried again.
#[component]
fn Lost(state: BoardState) -> impl IntoView {
    let shown = live(move || {
        let at = state.as_of.get();
        #[cfg(feature = "hydrate")]
        let offset = crate::browser::minutes_east();
        #[cfg(not(feature = "hydrate"))]
        let offset = 0;
        format::clock(at, offset)
    });
    let wait = live(move || match state.connection.get().retry_in {
        Some(secs) => format!("Retrying in {secs} s"),
        None => "Trying again…".to_owned(),
    });
    view! {
        <p class="notice warn" data-testid="lost">
            "Connection lost. Showing data from "
            {shown}
            ". "
            {wait}
            " · "
            <button r#type="button" class="link" on:click=on(|_| retry_now())>"Retry now"</button>
        </p>
    }
}

fn retry_now() {
    #[cfg(feature = "hydrate")]
    crate::browser::feed::retry_now();
}

/// The line in the place of rows when there are none.
#[component]
pub(crate) fn NoRows(state: BoardState) -> impl IntoView {
    let words = live(move || {
        if state.problem.with(Option::is_some) {
            return fixed(view! { <p>"The rows are not here."</p> });
        }
        if state.is_first_start() {
            return fixed(view! { <p>"Waiting for the first answer of the sources…"</p> });
        }
        state.address.with(|address| {
            let query = &address.query;
            let removable = filters::chips(query)
                .into_iter()
                .map(|chip| {
                    let label = format!("Remove {}", chip.words());
                    fixed(view! { <a class="pill" href=address.without(&chip.key)>{label}</a> })
                })
                .collect::<Vec<_>>();
            let words = match &query.q {
                Some(q) => format!("No match for “{q}”."),
                None => "No token passes these filters.".to_owned(),
            };
            fixed(view! {
                <p><bdi>{words}</bdi></p>
                <p class="ways">{removable}</p>
            })
        })
    });
    view! {
        <tr class="none">
            <td>
                <div class="nothing">{words}</div>
            </td>
        </tr>
    }
}
