//! The status page: how the board and each of its sources do, kept up to date by the feed's states.

mod words;

use std::fmt;
use std::str::FromStr;

use leptos::prelude::*;
use memescope::{RejectCount, Source};

use self::words::{BOARD_LABELS, BUDGET, LABELS};
use crate::board_state::BoardState;
use crate::footer::Footer;
use crate::json;
use crate::location::Location;
use crate::part::{Part, fixed, live, memo, taken};
use crate::reader::BoardStatus;
use crate::server_fns::NotRead;
use crate::top_bar::TopBar;

/// The state of the moment: the server reads it and embeds it, the browser finds it there.
struct FirstStatus(Option<BoardStatus>);

impl FirstStatus {
    fn of_server() -> Self {
        #[cfg(feature = "ssr")]
        return Self(use_context::<std::sync::Arc<dyn crate::reader::TokenReader>>().map(|reader| reader.status()));
        #[cfg(not(feature = "ssr"))]
        Self(None)
    }
}

impl fmt::Display for FirstStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "ssr")]
        return f.write_str(&serde_json::to_string(&self.0).map_err(|_| fmt::Error)?);
        #[cfg(not(feature = "ssr"))]
        f.write_str("")
    }
}

impl FromStr for FirstStatus {
    type Err = NotRead;

    fn from_str(text: &str) -> Result<Self, NotRead> {
        json::read(text).map(Self).ok_or(NotRead)
    }
}

/// The page.
#[component]
pub(crate) fn StatusPage(location: Location) -> impl IntoView {
    let first = SharedValue::new_str(FirstStatus::of_server).into_inner().0;
    let state = BoardState::of_status(location, first);
    #[cfg(feature = "hydrate")]
    crate::browser::start_status(state);
    let sections: Vec<_> = Source::ALL.map(|source| taken(view! { <SourceSection state source /> })).into();
    taken(view! {
        <a class="skip" href="#foot" rel="external">"Skip to the end"</a>
        <header class="chrome">{taken(view! { <TopBar state /> })}</header>
        <main class="status">
            <p class="notice without-script">"Live updates need JavaScript. Reload for new numbers."</p>
            <p class="back"><a href="/" rel="external">"Back to the board"</a></p>
            {taken(view! { <BoardSection state /> })}
            {sections}
        </main>
        {taken(view! { <Footer state /> })}
        <p class="vh" role="status">{live(move || state.announcement.get())}</p>
    })
}

/// How the board does.
#[component]
fn BoardSection(state: BoardState) -> impl IntoView {
    let cells = memo(move |_| words::board(state));
    let rows: Vec<_> = BOARD_LABELS
        .into_iter()
        .enumerate()
        .map(|(at, label)| row(label, move || cells.with(|cells| cells[at].clone()), None))
        .collect();
    view! {
        <section aria-labelledby="board-status" data-testid="status-board">
            <h2 id="board-status">"Board"</h2>
            <table class="facts">
                <caption class="vh">"How the board does"</caption>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
}

/// How a source does.
#[component]
fn SourceSection(state: BoardState, source: Source) -> impl IntoView {
    let report =
        memo(move |_| state.sources.with(|sources| sources.iter().find(|report| report.source == source).cloned()));
    let cells = memo(move |_| report.with(|report| words::source(report.as_ref(), state.now.get())));
    let is_well = move || report.with(|report| report.as_ref().is_some_and(words::is_well));
    let left = move || report.with(|report| words::budget_left(report.as_ref()).to_string());
    let rejects =
        memo(move |_| report.with(|report| report.as_ref().map(|report| report.rejects.clone()).unwrap_or_default()));
    let rows: Vec<_> = LABELS
        .into_iter()
        .enumerate()
        .map(|(at, label)| {
            let bar = (at == BUDGET).then(|| {
                view! {
                    <svg class="budget" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                        <rect class="left" height="4" width=live(left) />
                    </svg>
                }
            });
            row(label, move || cells.with(|cells| cells[at + 1].clone()), bar.map(taken))
        })
        .collect();
    let name = source.name();
    view! {
        <section id=name aria-labelledby=format!("{name}-title") data-testid=format!("status-{name}")>
            <h2 id=format!("{name}-title")>
                {source.label()}
                " "
                <span class="state" class:trouble=live(move || !is_well())>
                    {live(move || cells.with(|cells| cells[0].clone()))}
                </span>
            </h2>
            <table class="facts">
                <caption class="vh">{format!("How {} does", source.label())}</caption>
                <tbody>{rows}</tbody>
            </table>
            {live(move || rejects.with(|rejects| refused(source, rejects)))}
        </section>
    }
}

/// A line of a table of facts.
fn row(label: &'static str, text: impl Fn() -> String + Send + 'static, bar: Option<Part>) -> Part {
    taken(view! {
        <tr>
            <th scope="row">{label}</th>
            <td>
                {live(text)}
                {bar}
            </td>
        </tr>
    })
}

/// What was refused, and why.
fn refused(source: Source, rejects: &[RejectCount]) -> Part {
    if rejects.is_empty() {
        return fixed(view! { <p class="refused">"No value was refused."</p> });
    }
    let rows: Vec<_> = rejects
        .iter()
        .map(|RejectCount { field, reason, count }| {
            let (field, reason, count) =
                (words::field(field), reason.replace('_', " "), memescope::format::count(*count));
            fixed(view! {
                <tr>
                    <td>{field}</td>
                    <td>{reason}</td>
                    <td class="number">{count}</td>
                </tr>
            })
        })
        .collect();
    fixed(view! {
        <table class="refused">
            <caption>{format!("Values of {} that were refused", source.label())}</caption>
            <thead>
                <tr>
                    <th scope="col">"Field"</th>
                    <th scope="col">"Why"</th>
                    <th scope="col" class="number">"Times"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    })
}
