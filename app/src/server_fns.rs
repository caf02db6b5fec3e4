//! What the browser asks the server for besides the feed.

#![expect(missing_docs, reason = "the server macro makes a struct of each function's arguments")]
#![cfg_attr(feature = "ssr", expect(clippy::unused_async, reason = "the browser waits, the server does not"))]

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, JsonEncoding};
use serde::{Deserialize, Serialize};

use crate::reader::TokenPage;

/// How many rows a page has; also how many of the head are followed live.
pub(crate) const PAGE_ROWS: usize = 50;

/// Why a page did not come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum PageError {
    /// The cursor is of no use any more.
    #[error("this place in the list is not valid any more")]
    InvalidCursor,
    /// The question did not reach the server, or its answer did not come back.
    #[error("the server could not be reached")]
    Unreachable,
}

impl FromServerFnError for PageError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(_: ServerFnErrorErr) -> Self {
        Self::Unreachable
    }
}

/// A page of the view of an address: `search` is what stands after `?` in it, `cursor` where the page begins.
#[server(prefix = "/api", endpoint = "page", input = GetUrl)]
pub async fn load_page(search: String, cursor: Option<String>) -> Result<TokenPage, PageError> {
    ssr::read_page(&search, cursor)
}

#[cfg(feature = "ssr")]
pub(crate) use self::ssr::read_page;

#[cfg(feature = "ssr")]
mod ssr {
    use std::sync::Arc;

    use leptos::prelude::use_context;

    use super::{PAGE_ROWS, PageError};
    use crate::address::PageAddress;
    use crate::reader::{PageRequest, ReadError, TokenPage, TokenReader};

    /// Reads a page through the reader that the server provided.
    pub(crate) fn read_page(search: &str, cursor: Option<String>) -> Result<TokenPage, PageError> {
        let reader = use_context::<Arc<dyn TokenReader>>().ok_or(PageError::Unreachable)?;
        let PageAddress { query, .. } = PageAddress::parse(search);
        let request = PageRequest { query, limit: PAGE_ROWS, cursor };
        reader.page(&request).map_err(|ReadError::InvalidCursor| PageError::InvalidCursor)
    }
}
