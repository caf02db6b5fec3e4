//! Where the page is: the path decides what is shown, the search of the address which view of it.
//!
//! Links are plain links. In the browser those that lead to another view of the board are followed without loading it
//! anew (`browser::history`). Another place is another document, which then has its numbers at once; only a token may
//! stand beside the board, where there is room for both. On the server an address is that of the request.

use leptos::prelude::*;
use memescope::{Chain, TokenId};

/// What there is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The board.
    Board,
    /// How the board and its sources do.
    Status,
    /// All that is known of one token.
    Token,
    /// Nothing.
    Nowhere,
}

impl Place {
    /// What stands at a path.
    pub(crate) fn at(path: &str) -> Self {
        match path {
            "/" => Self::Board,
            "/status" => Self::Status,
            _ if token_at(path).is_some() => Self::Token,
            _ => Self::Nowhere,
        }
    }
}

/// The token whose page is at a path: `/token/{chain}/{address}`.
pub(crate) fn token_at(path: &str) -> Option<TokenId> {
    let (chain, address) = path.strip_prefix("/token/")?.split_once('/')?;
    TokenId::new(&Chain::parse(chain)?, address).ok()
}

/// Where the page of a token is. Neither chain nor address holds anything that an address would have to write otherwise.
pub(crate) fn token_href(id: &TokenId) -> String {
    format!("/token/{}/{}", id.chain(), id.address())
}

/// Where the page is.
#[derive(Clone, Copy)]
pub(crate) struct Location {
    /// What the document shows, from its beginning to its end.
    pub(crate) place: Place,
    /// The text after `?` in the address.
    pub(crate) search: RwSignal<String>,
    /// The token that is open beside the board.
    pub(crate) panel: RwSignal<Option<TokenId>>,
}

impl Location {
    /// Where the page is when it begins.
    pub(crate) fn of_page() -> Self {
        let (path, search) = path_and_search();
        Self { place: Place::at(&path), search: RwSignal::new(search), panel: RwSignal::new(None) }
    }

    /// Whether the page is the board's.
    #[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only a browser goes elsewhere"))]
    pub(crate) fn is_board(self) -> bool {
        self.place == Place::Board
    }

    /// Goes where the address points to by now.
    #[cfg(feature = "hydrate")]
    pub(crate) fn follow(self) {
        let (path, search) = path_and_search();
        let place = Place::at(&path);
        let beside = token_at(&path).filter(|_| self.is_board() && crate::browser::panel::fits(self));
        let is_beside = beside.is_some();
        if self.panel.with_untracked(|panel| *panel != beside) {
            self.panel.set(beside);
        }
        if is_beside {
            return;
        }
        if self.place != place {
            // Another place is another document.
            let _ = window().location().reload();
            return;
        }
        if self.search.with_untracked(|before| *before != search) {
            self.search.set(search);
        }
    }
}

#[cfg(feature = "hydrate")]
pub(crate) fn path_and_search() -> (String, String) {
    let location = window().location();
    let search = location.search().unwrap_or_default();
    (location.pathname().unwrap_or_default(), search.strip_prefix('?').unwrap_or_default().to_owned())
}

#[cfg(not(feature = "hydrate"))]
pub(crate) fn path_and_search() -> (String, String) {
    #[cfg(feature = "ssr")]
    if let Some(request) = use_context::<http::request::Parts>() {
        return (request.uri.path().to_owned(), request.uri.query().unwrap_or_default().to_owned());
    }
    ("/".to_owned(), String::new())
}
