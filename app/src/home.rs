//! The board's page.

use std::fmt;
use std::str::FromStr;

use leptos::prelude::*;

use crate::alerts_menu;
use crate::board_state::BoardState;
use crate::controls::Controls;
use crate::footer::{Footer, NextPage};
use crate::json;
use crate::location::Location;
use crate::notices::Notices;
use crate::panel;
use crate::part::{live, taken};
use crate::reader::TokenPage;
use crate::server_fns::{NotRead, PageError};
use crate::token_table::TokenTable;
use crate::top_bar::TopBar;

/// The first page of the view: the server reads it and embeds it, the browser finds it there.
struct FirstPage(Result<TokenPage, PageError>);

impl FirstPage {
    #[cfg_attr(not(feature = "ssr"), allow(unused_variables, reason = "only a server reads pages"))]
    fn of(search: &str) -> Self {
        #[cfg(feature = "ssr")]
        return Self(crate::server_fns::read_page(search, crate::address::PageAddress::parse(search).cursor));
        #[cfg(not(feature = "ssr"))]
        Self(Err(PageError::Unreachable))
    }
}

impl fmt::Display for FirstPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "ssr")]
        return f.write_str(&serde_json::to_string(&self.0).map_err(|_| fmt::Error)?);
        #[cfg(not(feature = "ssr"))]
        f.write_str("")
    }
}

impl FromStr for FirstPage {
    type Err = NotRead;

    fn from_str(text: &str) -> Result<Self, NotRead> {
        json::read(text).map(Self).ok_or(NotRead)
    }
}

/// The page: everything there is to see about the view of the address.
#[component]
pub(crate) fn Home(location: Location) -> impl IntoView {
    let search = location.search;
    let first = SharedValue::new_str(move || search.with_untracked(|search| FirstPage::of(search))).into_inner().0;
    let state = BoardState::new(location, first);
    #[cfg(feature = "hydrate")]
    crate::browser::start(state);
    // Each part is a type of its own inside; together they would be one that the compiler gives up on.
    taken(view! {
        <a class="skip" href="#board" rel="external">"Skip to the board"</a>
        <a class="skip" href="#foot" rel="external">"Skip to the end"</a>
        <header class="chrome">
            {taken(view! { <TopBar state /> })}
            {taken(view! { <Controls state /> })}
            {taken(view! { <Notices state /> })}
        </header>
        <main>
            {taken(view! { <TokenTable state /> })}
            {taken(view! { <NextPage state /> })}
        </main>
        {taken(view! { <Footer state /> })}
        <aside id="card" class="card" aria-label="Where the numbers of a row come from" hidden></aside>
        {panel::panel(state)}
        {alerts_menu::told(state)}
        <p class="vh" role="status">{live(move || state.announcement.get())}</p>
    })
}
