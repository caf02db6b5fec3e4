//! What a reader marked: tokens to watch and tokens to hide. Kept by the browser alone.

use std::sync::Arc;

use leptos::prelude::*;
use memescope::TokenId;
use memescope::query::MAX_IDS;

/// Tokens in the order in which they were marked; as many as one view can name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks(Arc<Vec<TokenId>>);

impl Marks {
    #[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only a browser keeps marks"))]
    /// Reads ids parted by anything that is none: commas, spaces, lines. What is no id is left out, and what came before.
    pub(crate) fn parse(text: &str) -> Self {
        let mut ids: Vec<TokenId> = Vec::new();
        for word in text.split([',', ' ', '\n', '\r', '\t', ';']).filter(|word| !word.is_empty()) {
            // An address by itself is one of Solana's.
            let id = word.parse().or_else(|_| format!("solana:{word}").parse());
            if let Ok(id) = id
                && ids.len() < MAX_IDS
                && !ids.contains(&id)
            {
                ids.push(id);
            }
        }
        Self(Arc::new(ids))
    }

    /// The ids, parted.
    pub(crate) fn joined(&self, by: &str) -> String {
        self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(by)
    }

    pub(crate) fn contains(&self, id: &TokenId) -> bool {
        self.0.contains(id)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The same with a token marked that was not, or the other way round. With all places taken nothing is marked.
    #[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only a browser marks"))]
    pub(crate) fn toggled(&self, id: &TokenId) -> Self {
        let mut ids = self.0.as_ref().clone();
        if let Some(place) = ids.iter().position(|other| other == id) {
            ids.remove(place);
        } else if ids.len() < MAX_IDS {
            ids.push(id.clone());
        }
        Self(Arc::new(ids))
    }
}

/// What a reader marked, followed by the page. Empty until the page is alive: the server does not know of it.
#[derive(Clone, Copy)]
pub(crate) struct Marked {
    pub(crate) watched: RwSignal<Marks>,
    pub(crate) hidden: RwSignal<Marks>,
}

impl Marked {
    pub(crate) fn new() -> Self {
        Self { watched: RwSignal::new(Marks::default()), hidden: RwSignal::new(Marks::default()) }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    const SOL: &str = "So11111111111111111111111111111111111111112";

    #[test]
    fn a_list_is_read_however_it_is_written() {
        let pepe = "ethereum:0x6982508145454ce325ddbe47a25d4ec3d2311933";
        for text in [format!("solana:{SOL},{pepe}"), format!("{SOL}\n  {pepe}\n"), format!("x; {SOL} {SOL} {pepe}")] {
            assert_eq!(Marks::parse(&text).joined(","), format!("solana:{SOL},{pepe}"), "{text}");
        }
        assert_eq!(Marks::parse("nothing here").len(), 0);
    }

    #[test]
    fn marking_twice_leaves_no_mark_and_there_is_an_end() {
        let id = format!("solana:{SOL}").parse().unwrap();
        let marked = Marks::default().toggled(&id);
        assert!(marked.contains(&id));
        assert_eq!(marked.toggled(&id), Marks::default());
        let many = (0..MAX_IDS + 9).map(|n| format!("base:0x{n:040x}")).collect::<Vec<_>>().join(",");
        let full = Marks::parse(&many);
        assert_eq!(full.len(), MAX_IDS);
        assert_eq!(full.toggled(&id), full);
    }
}
