//! The page of one token: its row, large and live; what its price did; where each number comes from; its pools.
//!
//! The row is a row of the board's, followed by the feed. Everything below it is markup that only the server makes
//! (`sheet`): the browser shows it, and asks for it again from time to time, without code of its own for it.

#[cfg(feature = "ssr")]
mod card;
#[cfg(feature = "ssr")]
mod chart;
#[cfg(feature = "ssr")]
mod links;
#[cfg(feature = "ssr")]
mod origins;
#[cfg(feature = "ssr")]
mod pools;
#[cfg(feature = "ssr")]
mod sheet;

use std::fmt;
use std::str::FromStr;

use leptos::prelude::*;
use memescope::TokenId;

#[cfg(feature = "ssr")]
pub(crate) use self::card::html as card_html;
#[cfg(feature = "ssr")]
pub(crate) use self::sheet::html as sheet_html;
#[cfg(feature = "ssr")]
pub(crate) use self::sheet::of_request as look_at_sheet;
#[cfg(feature = "ssr")]
pub use self::sheet::{Told, read_sheet};
use crate::board_state::BoardState;
use crate::footer::Footer;
use crate::json;
use crate::location::{Location, path_and_search, token_at};
use crate::part::{live, taken};
use crate::reader::TokenPage;
use crate::server_fns::NotRead;
use crate::token_table::live_row;
use crate::top_bar::TopBar;

/// What stands before the figures of a candle in words: its time, and the five figures.
pub(crate) const READOUT: [&str; 6] = ["", "open ", "high ", "low ", "close ", "volume "];

/// The token's row as the server read it: embedded there, found here. `None` where there is nothing to tell.
struct FirstRow(Option<TokenPage>);

impl FirstRow {
    fn of_request() -> Self {
        #[cfg(feature = "ssr")]
        return Self(sheet::of_request(|sheet| sheet.page.clone()));
        #[cfg(not(feature = "ssr"))]
        Self(None)
    }
}

impl fmt::Display for FirstRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "ssr")]
        return f.write_str(&serde_json::to_string(&self.0).map_err(|_| fmt::Error)?);
        #[cfg(not(feature = "ssr"))]
        f.write_str("")
    }
}

impl FromStr for FirstRow {
    type Err = NotRead;

    fn from_str(text: &str) -> Result<Self, NotRead> {
        json::read(text).map(Self).ok_or(NotRead)
    }
}

/// The page.
#[component]
pub(crate) fn TokenPageView(location: Location) -> impl IntoView {
    let id = token_at(&path_and_search().0);
    let first = SharedValue::new_str(FirstRow::of_request).into_inner().0;
    let known = id.filter(|_| first.is_some());
    let state = BoardState::of_token(location, first);
    #[cfg(feature = "hydrate")]
    crate::browser::start_token(state);
    let content = known.map_or_else(|| taken(Missing()), |id| taken(view! { <Sheet state id /> }));
    taken(view! {
        <a class="skip" href="#foot" rel="external">"Skip to the end"</a>
        <header class="chrome">{taken(view! { <TopBar state /> })}</header>
        <main class="sheet-page">
            <p class="notice without-script">"Live updates need JavaScript. Reload for new numbers."</p>
            <p class="back"><a href="/" rel="external">"Back to the board"</a></p>
            {content}
        </main>
        {taken(view! { <Footer state /> })}
        <p class="vh" role="status">{live(move || state.announcement.get())}</p>
    })
}

/// The live row, and what the server says below it.
#[component]
fn Sheet(state: BoardState, id: TokenId) -> impl IntoView {
    view! {
        <article class="token-sheet" data-token=id.to_string()>
            {live_row(state, &id)}
            <div id="sheet" inner_html=below()></div>
        </article>
    }
}

/// The markup below the row; the browser takes what is there.
fn below() -> String {
    #[cfg(feature = "ssr")]
    return sheet::of_request(sheet_html).unwrap_or_default();
    #[cfg(not(feature = "ssr"))]
    String::new()
}

/// What stands there for a token that nobody knows, or knows now.
#[component]
fn Missing() -> impl IntoView {
    #[cfg(feature = "ssr")]
    let words = sheet::refuse();
    // The server's words are in the document already.
    #[cfg(not(feature = "ssr"))]
    let words = String::new();
    view! { <div class="lost" inner_html=words></div> }
}
