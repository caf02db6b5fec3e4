//! Reading the query string of a request: everything that is not understood is refused by name.

use std::collections::HashSet;
use std::sync::Arc;

use memescope::query::{MAX_IDS, TokenQuery};
use memescope::{Interval, ParameterError, Timestamp, TokenId};
use percent_encoding::percent_decode_str;

use super::candles::{MAX_CANDLES, default_range};
use super::format::Format;
use super::rows::{Column, EXTRAS, Shape};
use crate::history::Range;
use crate::pages::Selection;
use crate::parameters;
use crate::problem::Problem;
use crate::reader::MAX_ROWS;

/// The most pairs of a query string.
const MAX_PAIRS: usize = 100;

/// Rows of a page when nothing is said.
pub(super) const DEFAULT_ROWS: usize = 50;

/// Decoded pairs, in their order.
pub(super) type Pairs = Vec<(String, String)>;

/// The most ids in the body of one `POST /tokens/query`, and so the most rows of its answer. As many as its body holds.
pub(super) const MAX_QUERY_IDS: usize = 1_000;

/// What `GET /tokens` was asked.
#[derive(Debug)]
pub(super) struct ListParams {
    pub(super) selection: Arc<Selection>,
    /// Rows of a page, where that was said.
    pub(super) limit: Option<usize>,
    pub(super) cursor: Option<String>,
    pub(super) shape: Shape,
    /// The form, where that was said, so that `Accept` does not matter.
    pub(super) format: Option<Format>,
    default_rows: usize,
}

impl ListParams {
    /// Rows of a page.
    pub(super) fn rows(&self) -> usize {
        self.limit.unwrap_or(self.default_rows)
    }
}

/// Splits and decodes a query string.
pub(super) fn pairs(query: &str) -> Result<Pairs, Problem> {
    let mut pairs = Pairs::new();
    let mut errors = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if pairs.len() + errors.len() >= MAX_PAIRS {
            errors.push(ParameterError::new("*", "too_many", format!("at most {MAX_PAIRS} parameters")));
            break;
        }
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        match (decoded(key), decoded(value)) {
            (Some(key), Some(value)) => pairs.push((key, value)),
            (readable, _) => {
                let name = readable.as_deref().unwrap_or(key);
                errors.push(ParameterError::new(name, "malformed", "not percent-encoded UTF-8 text"));
            }
        }
    }
    if errors.is_empty() { Ok(pairs) } else { Err(Problem::parameters("invalid_parameter", errors)) }
}

/// A decoded piece; `None` when an escape is damaged, or what comes out is no printable text.
fn decoded(piece: &str) -> Option<String> {
    let bytes = piece.as_bytes();
    let whole = (0..bytes.len())
        .filter(|at| bytes[*at] == b'%')
        .all(|at| bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)));
    if !whole {
        return None;
    }
    let spaced = piece.replace('+', " ");
    let text = percent_decode_str(&spaced).decode_utf8().ok()?;
    (!text.chars().any(char::is_control)).then(|| text.into_owned())
}

/// The parameters of `GET /tokens`.
pub(super) fn list(pairs: &[(String, String)]) -> Result<ListParams, Problem> {
    read_list(pairs, None)
}

/// The same out of a body, with ids of its own: more of them than an address may name, and all of them in one answer.
pub(super) fn query(pairs: &[(String, String)], ids: Option<&[String]>) -> Result<ListParams, Problem> {
    read_list(pairs, Some(ids.unwrap_or_default()))
}

fn read_list(pairs: &[(String, String)], named: Option<&[String]>) -> Result<ListParams, Problem> {
    let parsed = TokenQuery::parse(pairs.iter().map(|(key, value)| (key, value)));
    let mut query = parsed.query;
    let mut own = Own { errors: parsed.errors, ..Own::default() };
    let (most_rows, default_rows) = match named {
        Some(named) => {
            query.ids = own.ids(named);
            (MAX_QUERY_IDS, query.ids.len().max(DEFAULT_ROWS))
        }
        None => (MAX_ROWS, DEFAULT_ROWS),
    };
    let (mut limit, mut cursor, mut updated_since, mut format) = (None, None, None, None);
    let mut shape = Shape::default();
    for (key, value) in &parsed.rest {
        match key.as_str() {
            "limit" => limit = own.once(key, read_limit(value, most_rows)),
            "cursor" => cursor = own.once(key, Ok(value.clone())),
            "updated_since" => updated_since = own.once(key, read_time(key, value)),
            "format" => format = own.once(key, read_format(key, value)),
            _ if own.shape(key, value, &mut shape) => {}
            _ => own.unknown(key, &list_keys()),
        }
    }
    own.finish()?;
    let selection = Arc::new(Selection::new(query, updated_since));
    Ok(ListParams { selection, limit, cursor, shape, format, default_rows })
}

/// Refuses extras that a table has no columns for.
pub(super) fn demand_flat(shape: &Shape) -> Result<(), Problem> {
    if !(shape.provenance || shape.sparkline || shape.pools) {
        return Ok(());
    }
    let error = ParameterError::new("include", "not_in_this_format", "a table has no columns for it; take ndjson");
    Err(Problem::parameters("invalid_parameter", vec![error]))
}

/// The parameters of one token: which parts of it are wanted.
pub(super) fn shape(pairs: &[(String, String)]) -> Result<Shape, Problem> {
    let mut own = Own::default();
    let mut shape = Shape::default();
    for (key, value) in pairs {
        if !own.shape(key, value, &mut shape) {
            own.unknown(key, &["fields", "include"].map(str::to_owned));
        }
    }
    own.finish()?;
    Ok(shape)
}

/// Refuses every parameter: for routes that take none.
pub(super) fn none(pairs: &[(String, String)]) -> Result<(), Problem> {
    let mut own = Own::default();
    for (key, _) in pairs {
        own.unknown(key, &[]);
    }
    own.finish()
}

/// What `GET /search` was asked: a text and a number of rows.
pub(super) fn search(pairs: &[(String, String)], most: usize) -> Result<(TokenQuery, usize), Problem> {
    let mut own = Own::default();
    let mut limit = most.min(10);
    let mut query = TokenQuery::default();
    for (key, value) in pairs {
        match key.as_str() {
            "q" => {
                let parsed = TokenQuery::parse([(key, value)]);
                own.errors.extend(parsed.errors);
                query = own.once(key, Ok(parsed.query)).unwrap_or_default();
            }
            "limit" => limit = own.once(key, read_limit(value, most)).unwrap_or(limit),
            _ => own.unknown(key, &["q".to_owned(), "limit".to_owned()]),
        }
    }
    if query.q.is_none() && own.errors.is_empty() && !own.has_unknown {
        own.errors.push(ParameterError::new("q", "required", "what to search for"));
    }
    own.finish()?;
    Ok((query, limit))
}

/// What `GET /events` was asked.
#[derive(Debug)]
pub(super) struct EventParams {
    pub(super) since: Option<memescope::EventPlace>,
    /// Any when empty.
    pub(super) types: Vec<String>,
    /// Any, and none, when empty.
    pub(super) tokens: Vec<TokenId>,
    pub(super) limit: usize,
}

/// The parameters of `GET /events`.
pub(super) fn events(pairs: &[(String, String)], types: &[&str], most: usize) -> Result<EventParams, Problem> {
    let mut own = Own::default();
    let mut params = EventParams { since: None, types: Vec::new(), tokens: Vec::new(), limit: most };
    for (key, value) in pairs {
        match key.as_str() {
            "since" => {
                let place = memescope::EventPlace::parse(value);
                let place = place.ok_or_else(|| ParameterError::new(key, "not_an_id", "not an event_id"));
                params.since = own.once(key, place);
            }
            "types" => own.all(value, |name| {
                params.types.push(one_of("types", name, types)?.to_owned());
                Ok(())
            }),
            "token" => own.all(value, |id| {
                let token = id.parse().map_err(|_| ParameterError::new("token", "not_an_id", "chain:address"))?;
                if params.tokens.len() == MAX_IDS {
                    return Err(ParameterError::new("token", "too_many", format!("at most {MAX_IDS} tokens")));
                }
                params.tokens.push(token);
                Ok(())
            }),
            "limit" => params.limit = own.once(key, read_limit(value, most)).unwrap_or(most),
            _ => own.unknown(key, &["since", "types", "token", "limit"].map(str::to_owned)),
        }
    }
    own.finish()?;
    Ok(params)
}

/// Which candles are asked for, at `now`.
pub(super) fn candles(pairs: &[(String, String)], now: Timestamp) -> Result<Range, Problem> {
    let mut own = Own::default();
    let mut range = default_range(now);
    for (key, value) in pairs {
        match key.as_str() {
            "interval" => {
                let names = Interval::ALL.map(Interval::name);
                let interval = value.parse().map_err(|_| not_one_of(key, value, &names));
                range.interval = own.once(key, interval).unwrap_or(range.interval);
            }
            "from" => range.from = own.once(key, read_moment(key, value)).unwrap_or(range.from),
            "to" => range.to = own.once(key, read_moment(key, value)).unwrap_or(range.to),
            "limit" => range.limit = own.once(key, read_limit(value, MAX_CANDLES)).unwrap_or(range.limit),
            _ => own.unknown(key, &["interval", "from", "to", "limit"].map(str::to_owned)),
        }
    }
    if own.errors.is_empty() && range.from >= range.to {
        let name = if own.seen.iter().any(|seen| seen == "from") { "from" } else { "to" };
        own.errors.push(ParameterError::new(name, "out_of_range", "from must lie before to"));
    }
    own.finish()?;
    Ok(range)
}

/// The errors and the names so far.
#[derive(Debug, Default)]
struct Own {
    seen: Vec<String>,
    errors: Vec<ParameterError>,
    has_unknown: bool,
}

impl Own {
    /// Notes a parameter that may stand once.
    fn once<T>(&mut self, key: &str, value: Result<T, ParameterError>) -> Option<T> {
        if self.seen.iter().any(|seen| seen == key) {
            self.errors.push(ParameterError::new(key, "repeated", "this parameter may stand once"));
            return None;
        }
        self.seen.push(key.to_owned());
        value.map_err(|error| self.errors.push(error)).ok()
    }

    /// Reads each item of a list; stops at the first that is wrong.
    fn all(&mut self, value: &str, mut read: impl FnMut(&str) -> Result<(), ParameterError>) {
        let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
        if let Err(error) = items.into_iter().try_for_each(&mut read) {
            self.errors.push(error);
        }
    }

    /// Reads the ids of a body; the first that is wrong ends it.
    fn ids(&mut self, named: &[String]) -> Vec<TokenId> {
        let mut ids = Vec::new();
        let mut seen = HashSet::new();
        for text in named {
            let Ok(id) = text.parse::<TokenId>() else {
                self.errors.push(ParameterError::new(
                    "ids",
                    "not_an_id",
                    format!("{} is not chain:address", short(text)),
                ));
                break;
            };
            if seen.insert(id.clone()) {
                ids.push(id);
            }
            if ids.len() > MAX_QUERY_IDS {
                self.errors.push(ParameterError::new("ids", "too_many", format!("at most {MAX_QUERY_IDS} ids")));
                break;
            }
        }
        ids
    }

    /// Reads what chooses the parts of a row; `false` when this is another parameter.
    fn shape(&mut self, key: &str, value: &str, shape: &mut Shape) -> bool {
        match key {
            "fields" => self.all(value, |name| {
                let column = Column::parse(name).ok_or_else(|| not_one_of(key, name, &Column::names()))?;
                shape.fields.get_or_insert_with(Vec::new).push(column);
                Ok(())
            }),
            "include" => self.all(value, |name| {
                match one_of(key, name, &EXTRAS)? {
                    "sparkline" => shape.sparkline = true,
                    "pools" => shape.pools = true,
                    _ => shape.provenance = true,
                }
                Ok(())
            }),
            _ => return false,
        }
        true
    }

    /// Notes a name that nobody knows, with what was probably meant.
    fn unknown(&mut self, key: &str, known: &[String]) {
        self.has_unknown = true;
        self.errors.push(parameters::unknown(key, known));
    }

    fn finish(self) -> Result<(), Problem> {
        if self.errors.is_empty() {
            return Ok(());
        }
        let code = if self.has_unknown { "unknown_parameter" } else { "invalid_parameter" };
        Err(Problem::parameters(code, self.errors))
    }
}

/// Every name that `GET /tokens` knows.
pub(super) fn list_keys() -> Vec<String> {
    let mut keys = parameters::query_keys();
    keys.extend(["limit", "cursor", "fields", "include", "format", "updated_since"].map(str::to_owned));
    keys
}

fn read_limit(value: &str, most: usize) -> Result<usize, ParameterError> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(ParameterError::new("limit", "not_a_number", "a whole number"));
    }
    // What does not fit into a usize is out of range too.
    value
        .parse()
        .ok()
        .filter(|limit| (1..=most).contains(limit))
        .ok_or_else(|| ParameterError::new("limit", "out_of_range", format!("from 1 to {most}")))
}

fn read_time(key: &str, value: &str) -> Result<Timestamp, ParameterError> {
    value.parse().map_err(|_| ParameterError::new(key, "not_a_time", "write a time like 2026-11-22T21:55:03Z"))
}

/// A time, or seconds since 1970 as candles themselves tell them.
fn read_moment(key: &str, value: &str) -> Result<Timestamp, ParameterError> {
    let digits = !value.is_empty() && value.len() <= 11 && value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse() {
        Ok(second) if digits => Ok(Timestamp::from_secs(second)),
        _ => value.parse().map_err(|_| {
            ParameterError::new(key, "not_a_time", "seconds since 1970, or a time like 2026-11-22T21:55:03Z")
        }),
    }
}

fn read_format(key: &str, value: &str) -> Result<Format, ParameterError> {
    let format = Format::ALL.into_iter().find(|format| format.name() == value);
    format.ok_or_else(|| not_one_of(key, value, &Format::ALL.map(Format::name)))
}

/// The beginning of a text that somebody sent.
fn short(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(64).collect()
}

fn one_of<'a>(key: &str, value: &'a str, allowed: &[&str]) -> Result<&'a str, ParameterError> {
    if allowed.contains(&value) { Ok(value) } else { Err(not_one_of(key, value, allowed)) }
}

fn not_one_of(key: &str, value: &str, allowed: &[&str]) -> ParameterError {
    let short = short(value);
    let allowed = allowed.iter().map(|&name| name.to_owned()).collect();
    ParameterError { allowed, ..ParameterError::new(key, "not_one_of", format!("{short} is not allowed here")) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pieces_are_decoded_or_refused() {
        let read = |text: &str| pairs(text).ok();
        let pair = |key: &str, value: &str| Some(vec![(key.to_owned(), value.to_owned())]);
        assert_eq!(read("q=cat+dog"), pair("q", "cat dog"));
        assert_eq!(read("q=%C3%A9%2b&&"), pair("q", "é+"));
        assert_eq!(read("verified"), pair("verified", ""));
        assert_eq!(read("q=a=b"), pair("q", "a=b"));
        for damaged in ["q=%", "q=%4", "q=%zz", "q=%ff", "q=%00", "q=a%0Ab", "%=1", "q=100%"] {
            assert_eq!(read(damaged), None, "{damaged}");
        }
        assert!(read(&"a=1&".repeat(MAX_PAIRS)).is_some());
        assert!(read(&"a=1&".repeat(MAX_PAIRS + 1)).is_none());
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "[ -~]{0,200}") {
            if let Ok(pairs) = pairs(&text) {
                let _ = list(&pairs);
                let _ = search(&pairs, 20);
                let _ = events(&pairs, &["price:update"], 100);
            }
        }
    }

    #[test]
    fn a_list_is_read_whole() {
        let text = "rank=top&limit=200&fields=id,price_usd&fields=rank&include=provenance&format=json&updated_since=2026-11-22T21:55:03Z";
        let params = list(&pairs(text).unwrap()).unwrap();
        assert_eq!((params.limit, params.rows(), params.format), (Some(200), 200, Some(Format::Json)));
        assert_eq!(params.shape.fields.unwrap().len(), 3);
        assert!(params.shape.provenance);
        assert_eq!(params.selection.updated_since(), Some(Timestamp::from_secs(1_795_384_503)));
    }
}
