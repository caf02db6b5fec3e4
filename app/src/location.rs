//! Where the page is: the path decides what is shown, the search of the address which view of it.
//!
//! Links are plain links. In the browser those that lead to another view of the board are followed without loading it
//! anew; those between the board and the status page load the other, which then has its numbers at once (`browser::history`); on the server an address is that of the request.

use leptos::prelude::*;

/// What there is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The board.
    Board,
    /// How the board and its sources do.
    Status,
    /// Nothing.
    Nowhere,
}

impl Place {
    /// What stands at a path.
    pub(crate) fn at(path: &str) -> Self {
        match path {
            "/" => Self::Board,
            "/status" => Self::Status,
            _ => Self::Nowhere,
        }
    }
}

impl Place {
    /// What the window is called.
    #[cfg(feature = "ssr")]
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Status => "Status · Memescope",
            Self::Board | Self::Nowhere => "Memescope",
        }
    }
}

/// Where the page is.
#[derive(Clone, Copy)]
pub(crate) struct Location {
    pub(crate) place: RwSignal<Place>,
    /// The text after `?` in the address.
    pub(crate) search: RwSignal<String>,
}

impl Location {
    /// Where the page is when it begins.
    pub(crate) fn of_page() -> Self {
        let (path, search) = path_and_search();
        Self { place: RwSignal::new(Place::at(&path)), search: RwSignal::new(search) }
    }

    /// What is shown when the page begins.
    #[cfg(feature = "ssr")]
    pub(crate) fn place_of_request() -> Place {
        Place::at(&path_and_search().0)
    }

    /// Goes where the address points to by now.
    #[cfg(feature = "hydrate")]
    pub(crate) fn follow(self) {
        let (path, search) = path_and_search();
        let place = Place::at(&path);
        if self.place.get_untracked() != place {
            self.place.set(place);
        }
        if self.search.with_untracked(|before| *before != search) {
            self.search.set(search);
        }
    }
}

#[cfg(feature = "hydrate")]
fn path_and_search() -> (String, String) {
    let location = window().location();
    let search = location.search().unwrap_or_default();
    (location.pathname().unwrap_or_default(), search.strip_prefix('?').unwrap_or_default().to_owned())
}

#[cfg(not(feature = "hydrate"))]
fn path_and_search() -> (String, String) {
    #[cfg(feature = "ssr")]
    if let Some(request) = use_context::<http::request::Parts>() {
        return (request.uri.path().to_owned(), request.uri.query().unwrap_or_default().to_owned());
    }
    ("/".to_owned(), String::new())
}
