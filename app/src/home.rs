//! The board's page.

use leptos::prelude::*;

use crate::board_state::BoardState;
use crate::controls::Controls;
use crate::footer::{Footer, NextPage};
use crate::location::Location;
use crate::notices::Notices;
use crate::part::part;
use crate::reader::TokenPage;
use crate::server_fns::PageError;
use crate::token_table::TokenTable;
use crate::top_bar::TopBar;

/// The first page of the view: the server reads it and embeds it, the browser finds it there.
fn first_page(search: &str) -> Result<TokenPage, PageError> {
    #[cfg(feature = "ssr")]
    return crate::server_fns::read_page(search, crate::address::PageAddress::parse(search).cursor);
    #[cfg(not(feature = "ssr"))]
    {
        let _ = search;
        Err(PageError::Unreachable)
    }
}

/// The page: everything there is to see about the view of the address.
#[component]
pub(crate) fn Home(location: Location) -> impl IntoView {
    let search = location.search;
    let first = SharedValue::new(move || first_page(&search.get_untracked())).into_inner();
    let state = BoardState::new(location, first);
    #[cfg(feature = "hydrate")]
    crate::browser::start(state);
    // Each part is a type of its own inside; together they would be one that the compiler gives up on.
    part(view! {
        <a class="skip" href="#board" rel="external">"Skip to the board"</a>
        <a class="skip" href="#foot" rel="external">"Skip to the end"</a>
        <header class="chrome">
            {part(view! { <TopBar state /> })}
            {part(view! { <Controls state /> })}
            {part(view! { <Notices state /> })}
        </header>
        <main>
            {part(view! { <TokenTable state /> })}
            {part(view! { <NextPage state /> })}
        </main>
        {part(view! { <Footer state /> })}
        <p class="vh" role="status">{move || state.announcement.get()}</p>
    })
}
