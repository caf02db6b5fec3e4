//! Memescope in the browser and on the server: shell, pages, components and server functions.
//!
//! ```text
//!  shell ── App ── Home ── BoardState ◀── first page (embedded in the HTML)
//!                   │          ▲    ◀── further pages (server function)
//!                   │          └─────── browser::feed (order and values, live)
//!                   ├── TopBar, Controls, Notices
//!                   └── TokenTable ── rows of the mounted window
//!
//!                StatusPage ── BoardState without rows ◀── browser::feed (states of the sources)
//!             TokenPageView ── BoardState with one row ◀── browser::feed, and markup below it (server function)
//! ```
//!
//! The server renders the view of the address completely; the browser takes over the same markup and keeps it up to date.
//! What only a browser can do sits in `browser`, which is not compiled for the server.
//!
//! # For the server
//!
//! [`shell()`] renders every address, and says itself when there is nothing at one; the server functions are registered
//! by themselves: [`LoadPage`] at `GET /api/page`, [`LoadExtras`] at `/api/extras`, [`LoadSheet`] at `/api/sheet`,
//! [`LoadCard`] at `/api/card`. They look into their context for
//!
//! - `Arc<dyn reader::TokenReader>`: where pages of rows and the status come from; without it every page says that it cannot be reached;
//! - `Arc<Told>`, at the address of a token: what [`read_sheet`] read there, for rendering does not wait;
//! - [`AssetNames`]: the files below `/pkg`, read once from `pkg/assets.json`; without it the names have no hash.
//!
//! The request's cookie and the nonce are found where `leptos_axum` and `leptos` put them. What the policy of the page
//! must allow is scripts with the nonce, `'wasm-unsafe-eval'`, and styles, fonts, images and connections to its own
//! origin; nothing in the markup is styled inline. The browser follows `/ws` and links to `/tokens`.

// The type of a view holds those of all its elements.
#![recursion_limit = "256"]
#![expect(clippy::large_types_passed_by_value, reason = "the state of a page is a set of handles, copied as one")]
#![expect(unreachable_pub, reason = "the component macro writes `pub` items into private modules")]

mod address;
#[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only a browser judges"))]
mod alert;
mod alerts_menu;
mod assets;
mod board_state;
#[cfg(feature = "hydrate")]
mod browser;
mod controls;
mod filters;
mod footer;
#[cfg(any(feature = "hydrate", test))]
mod frame;
#[cfg(feature = "ssr")]
mod head;
mod home;
mod json;
mod letters;
mod location;
mod marks;
mod menus;
mod notices;
mod panel;
mod part;
mod preferences;
pub mod reader;
mod search;
mod server_fns;
#[cfg(feature = "ssr")]
mod shell;
mod status;
mod token_page;
mod token_table;
mod top_bar;

pub use self::assets::AssetNames;
pub use self::server_fns::{LoadCard, LoadExtras, LoadPage, LoadSheet, PageError};
#[cfg(feature = "ssr")]
pub use self::shell::shell;
#[cfg(feature = "ssr")]
pub use self::token_page::{Told, read_sheet};
use leptos::prelude::*;

use self::location::{Location, Place};
use self::part::taken;

/// The whole application: what stands at the address.
#[component]
pub fn App() -> impl IntoView {
    let location = Location::of_page();
    #[cfg(feature = "hydrate")]
    browser::history::start(location);
    match location.place {
        Place::Board => taken(home::Home(home::HomeProps { location })),
        Place::Status => taken(status::StatusPage(status::StatusPageProps { location })),
        Place::Token => taken(token_page::TokenPageView(token_page::TokenPageViewProps { location })),
        Place::Nowhere => taken(NotFound()),
    }
}

/// A page for addresses that lead nowhere.
#[component]
fn NotFound() -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
    view! {
        <main class="lost">
            <h1>"There is nothing here"</h1>
            <p><a href="/">"Go to the board"</a></p>
        </main>
    }
}
