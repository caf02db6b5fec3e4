//! What the browser asks the server for besides the feed.

#![expect(missing_docs, reason = "the server macro makes a struct of each function's arguments")]
#![cfg_attr(feature = "ssr", expect(clippy::unused_async, reason = "the browser waits, the server does not"))]

mod asked;

use leptos::prelude::*;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType};
use serde::{Deserialize, Serialize};

use self::asked::{Asked, Question};
use crate::json::{self, Read};
use crate::reader::{RowExtras, TokenPage};

/// How many rows a page has; also how many of the head are followed live.
pub(crate) const PAGE_ROWS: usize = 50;

/// Why a page did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum PageError {
    /// The cursor is of no use any more.
    #[error("this place in the list is not valid any more")]
    InvalidCursor,
    /// The question did not reach the server, or its answer did not come back.
    #[error("the server could not be reached")]
    Unreachable,
}

impl FromServerFnError for PageError {
    type Encoder = JsonText;

    fn from_server_fn_error(_: ServerFnErrorErr) -> Self {
        Self::Unreachable
    }
}

/// JSON that is read as the first page in the document is: one reader of rows in the browser's module, not two.
pub struct JsonText;

impl ContentType for JsonText {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for JsonText {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for JsonText {
    type Error = serde_json::Error;

    fn encode(output: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_string(output).map(Bytes::from)
    }
}

impl<T: Read> Decodes<T> for JsonText {
    type Error = NotRead;

    fn decode(bytes: Bytes) -> Result<T, NotRead> {
        std::str::from_utf8(&bytes).ok().and_then(json::read).ok_or(NotRead)
    }
}

/// The answer is not what was asked for.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not of the kind that was asked for")]
pub struct NotRead;

/// A page of the view of an address: `search` is what stands after `?` in it, `cursor` where the page begins.
#[server(prefix = "/api", endpoint = "page", protocol = Asked)]
pub async fn load_page(search: String, cursor: Option<String>) -> Result<TokenPage, PageError> {
    ssr::read_page(&search, cursor)
}

/// What stands below the row of a token's page, as markup: `token` is `chain:address`, `interval` that of the candles.
#[server(prefix = "/api", endpoint = "sheet", protocol = Asked)]
pub async fn load_sheet(token: String, interval: Option<String>) -> Result<String, PageError> {
    ssr::render_sheet(&token, interval.as_deref()).await
}

/// What rows show of the past, in the view of an address: `ids` are `chain:address`, parted by commas; at most as many as
/// a screen shows are answered.
#[server(prefix = "/api", endpoint = "extras", protocol = Asked)]
pub async fn load_extras(search: String, ids: String) -> Result<Vec<RowExtras>, PageError> {
    ssr::read_extras(&search, &ids)
}

/// Where a row's numbers come from, and what its rank is made of, as markup.
#[server(prefix = "/api", endpoint = "card", protocol = Asked)]
pub async fn load_card(search: String, token: String) -> Result<String, PageError> {
    ssr::render_card(&search, &token)
}

impl Question for LoadPage {
    fn into_pairs(self) -> Vec<(String, String)> {
        pairs([("search", Some(self.search)), ("cursor", self.cursor)])
    }
}

impl Question for LoadExtras {
    fn into_pairs(self) -> Vec<(String, String)> {
        pairs([("search", Some(self.search)), ("ids", Some(self.ids))])
    }
}

impl Question for LoadCard {
    fn into_pairs(self) -> Vec<(String, String)> {
        pairs([("search", Some(self.search)), ("token", Some(self.token))])
    }
}

impl Question for LoadSheet {
    fn into_pairs(self) -> Vec<(String, String)> {
        pairs([("token", Some(self.token)), ("interval", self.interval)])
    }
}

fn pairs(arguments: [(&str, Option<String>); 2]) -> Vec<(String, String)> {
    arguments.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[cfg(feature = "ssr")]
pub(crate) use self::ssr::read_page;

#[cfg(feature = "ssr")]
mod ssr {
    use std::sync::Arc;

    use leptos::prelude::use_context;

    use super::{PAGE_ROWS, PageError};
    use crate::address::PageAddress;
    use crate::reader::{PageRequest, ReadError, RowExtras, RowPast, TokenPage, TokenReader};
    use crate::token_page::{card_html, sheet_html};
    use crate::token_table::trend;

    /// Reads a page through the reader that the server provided.
    pub(crate) fn read_page(search: &str, cursor: Option<String>) -> Result<TokenPage, PageError> {
        let reader = use_context::<Arc<dyn TokenReader>>().ok_or(PageError::Unreachable)?;
        let PageAddress { query, .. } = PageAddress::parse(search);
        let request = PageRequest { query, limit: PAGE_ROWS, cursor };
        reader.page(&request).map_err(|ReadError::InvalidCursor| PageError::InvalidCursor)
    }

    /// The most rows that are told of the past at once.
    const MOST_EXTRAS: usize = 100;

    /// Reads what rows show of the past.
    pub(super) fn read_extras(search: &str, ids: &str) -> Result<Vec<RowExtras>, PageError> {
        let reader = use_context::<Arc<dyn TokenReader>>().ok_or(PageError::Unreachable)?;
        let PageAddress { query, .. } = PageAddress::parse(search);
        let ids: Vec<_> = ids.split(',').filter_map(|id| id.parse().ok()).take(MOST_EXTRAS).collect();
        let extras = reader.past(&query, &ids).into_iter().map(|RowPast { id, risen, spark }| RowExtras {
            id,
            risen,
            trend: spark.as_ref().map(trend),
        });
        Ok(extras.collect())
    }

    /// Renders where a row's numbers come from.
    pub(super) fn render_card(search: &str, token: &str) -> Result<String, PageError> {
        let reader = use_context::<Arc<dyn TokenReader>>().ok_or(PageError::Unreachable)?;
        let token = token.parse().map_err(|_| PageError::Unreachable)?;
        let (token, as_of) = reader.row(&token).ok_or(PageError::Unreachable)?;
        Ok(card_html(&token, &PageAddress::parse(search).query, as_of))
    }

    /// Renders what is known of a token.
    pub(super) async fn render_sheet(token: &str, interval: Option<&str>) -> Result<String, PageError> {
        let reader = use_context::<Arc<dyn TokenReader>>().ok_or(PageError::Unreachable)?;
        let token = token.parse().map_err(|_| PageError::Unreachable)?;
        let interval = interval.and_then(|interval| interval.parse().ok());
        // Nobody asks for it who does not have the token's page before him: what does not come now may come later.
        let sheet = reader.sheet(&token, interval).await.map_err(|_| PageError::Unreachable)?;
        Ok(sheet_html(&sheet))
    }
}
