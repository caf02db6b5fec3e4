//! A list as a file: CSV or a JSON object a line, a page of it or the whole of it.
//!
//! The whole is written as fast as the reader takes it, a piece at a time, out of one snapshot: neither the server's
//! memory nor the snapshot's neighbours know how long the list is.

mod csv;

use std::ops::Range;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures::{StreamExt as _, stream};
use memescope::{Timestamp, TokenDetails};
use tokio::sync::OwnedSemaphorePermit;

use self::csv::Csv;
use super::answer::{Head, hash_of};
use super::format::Format;
use super::params::{ListParams, Pairs};
use super::rows::{Extras, Places, Shape};
use super::{Api, tokens};
use crate::pages::{self, List};
use crate::problem::Problem;
use crate::store::DetailsSnapshot;

/// How many whole lists are written at the same time: each holds its snapshot as long as its reader takes.
pub(super) const MOST_EXPORTS: usize = 16;

/// About how much is written before the reader is waited for, bytes.
const PIECE: usize = 64 * 1024;

/// The list in a form that is no document: the whole of it when neither `limit` nor `cursor` was given.
pub(super) fn answer(
    api: &Arc<Api>,
    format: Format,
    pairs: &Pairs,
    params: &ListParams,
    raw: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let is_whole = params.limit.is_none() && params.cursor.is_none();
    let ListParams { selection, cursor, shape, .. } = params;
    let (list, places, permit, link) = if is_whole {
        let permit = api.exports.clone().try_acquire_owned();
        let busy = "Too many lists are being written out.";
        let permit =
            permit.map_err(|_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", busy).retry_after(2))?;
        let list = api.pages.current(selection);
        (list.clone(), 0..list.rows.len(), Some(permit), None)
    } else {
        let page = tokens::page(api, selection, params.rows(), cursor.as_deref())?;
        let link = tokens::link(pairs, &page);
        (page.list, page.places, None, link)
    };
    let past = api.pages.past(selection);
    let details = shape.pools.then(|| api.details.snapshot());
    let board = &list.snapshot.board;
    let versions = format!("{:?} {:?}", past.as_ref().map(|past| past.seq), details.as_ref().map(|d| d.version));
    let mut head = Head::new(board, hash_of(&[format.name(), raw, &versions]), "no-cache");
    head.link = link;
    if head.is_held(headers) {
        return Ok(head.not_modified());
    }
    let disposition = attachment(board.as_of, api.is_demo, format);
    let export = Export {
        api: api.clone(),
        format,
        csv: Csv::new(shape),
        shape: shape.clone(),
        list,
        past,
        details,
        rest: places,
        has_begun: false,
        _permit: permit,
    };
    let pieces = stream::unfold(export, |mut export| async move {
        let piece = export.next_piece()?;
        Some((Ok::<_, std::convert::Infallible>(piece), export))
    });
    // Whoever compresses it asks once more after the end.
    let pieces = pieces.fuse();
    let mut response = Response::new(Body::from_stream(pieces));
    head.write(response.headers_mut());
    response.headers_mut().insert(header::CONTENT_TYPE, format.content_type());
    response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

/// The name of the file: of which moment it is, and whether its numbers are simulated.
fn attachment(as_of: Timestamp, is_demo: bool, format: Format) -> HeaderValue {
    let moment = as_of.to_string();
    let moment: String =
        moment.split('.').next().unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).collect();
    let suffix = if is_demo { "-demo" } else { "" };
    let text = format!("attachment; filename=\"memescope-tokens-{moment}Z{suffix}.{}\"", format.name());
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("attachment"))
}

/// A list that is being written out.
struct Export {
    api: Arc<Api>,
    format: Format,
    csv: Csv,
    shape: Shape,
    list: Arc<List>,
    past: Option<Arc<pages::Places>>,
    details: Option<Arc<DetailsSnapshot>>,
    /// The places that are not written yet.
    rest: Range<usize>,
    has_begun: bool,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Export {
    fn next_piece(&mut self) -> Option<Bytes> {
        let mut out = Vec::new();
        if !self.has_begun && self.format == Format::Csv {
            self.csv.heads(&mut out);
        }
        self.has_begun = true;
        while out.len() < PIECE
            && let Some(place) = self.rest.next()
        {
            self.write(&mut out, place);
        }
        (!out.is_empty()).then(|| out.into())
    }

    fn write(&self, out: &mut Vec<u8>, place: usize) {
        let Some(row) = self.list.rows.get(place) else { return };
        let id = &row.token.id;
        let before = self.past.as_ref().and_then(|past| past.place_of(id));
        let places = Places { rank: Some(place + 1), rank_prev: before };
        if self.format == Format::Csv {
            self.csv.row(out, &row.token, places);
            return;
        }
        let details: Option<&TokenDetails> =
            self.details.as_ref().and_then(|details| details.get(id)).map(|details| &**details);
        let spark = self.shape.sparkline.then(|| self.api.spark(row, self.list.snapshot.board.as_of));
        self.shape.write(out, row, places, &Extras { spark: spark.flatten(), details });
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_when_and_of_which_market_it_is() {
        let as_of = Timestamp::from_millis(1_795_384_503_412);
        for (is_demo, format, name) in [
            (false, Format::Csv, "memescope-tokens-20261122T215503Z.csv"),
            (true, Format::Ndjson, "memescope-tokens-20261122T215503Z-demo.ndjson"),
        ] {
            assert_eq!(attachment(as_of, is_demo, format), format!("attachment; filename=\"{name}\""));
        }
    }
}
