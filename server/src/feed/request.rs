//! Reading what a client asks, and saying why it is refused.

use memescope::ParameterError;
use memescope::feed::{Channel, ClientMessage, RequestId, SubscribeParams};
use memescope::query::{MAX_IDS, TokenQuery};
use serde_json::Value;

use crate::parameters;
use crate::store::RowForm;

/// The most characters of a request's id.
const MAX_ID_CHARS: usize = 36;

/// The most of a message that an error repeats.
const MAX_QUOTE_CHARS: usize = 64;

/// So many unknown parameters are told at once.
const MAX_NAMED: usize = 8;

/// The heads that a list may have, so that few views serve many clients.
const HEADS: [u32; 4] = [50, 100, 200, 500];

/// Why a request is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    /// A stable code.
    pub(super) code: &'static str,
    /// In words.
    pub(super) detail: String,
    /// The HTTP status that the same mistake has over REST.
    pub(super) status: u16,
    /// What is wrong with which parameter, where the detail is about one.
    pub(super) errors: Vec<ParameterError>,
}

impl Refusal {
    pub(super) fn new(code: &'static str, detail: impl Into<String>, status: u16) -> Self {
        Self { code, detail: detail.into(), status, errors: Vec::new() }
    }

    /// Parameters that cannot be read; the detail names the first.
    fn of(code: &'static str, errors: Vec<ParameterError>) -> Self {
        let detail = errors.first().map(|error| format!("{}: {}", error.parameter, error.detail)).unwrap_or_default();
        Self { errors, ..Self::new(code, detail, 400) }
    }

    /// Names that nobody knows; `known` are those that may stand there.
    pub(super) fn unknown<'a>(names: impl IntoIterator<Item = &'a str>, known: &[String]) -> Self {
        let names = names.into_iter().take(MAX_NAMED);
        Self::of("unknown_parameter", names.map(|name| parameters::unknown(name, known)).collect())
    }
}

pub(super) fn invalid(detail: impl Into<String>) -> Refusal {
    Refusal::new("invalid_parameter", detail, 400)
}

/// The beginning of a hostile text, fit for an error.
pub(super) fn quote(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(MAX_QUOTE_CHARS).collect()
}

pub(super) fn unknown_sub() -> Refusal {
    Refusal::new("not_found", "no open subscription has this name", 404)
}

/// A message, or why it is none, with its id where that can be read.
pub(super) fn read(text: &str) -> Result<ClientMessage, (Option<RequestId>, Refusal)> {
    let bad = |code, detail: &str| Refusal::new(code, detail, 400);
    let value: Value = serde_json::from_str(text).map_err(|_| (None, bad("invalid_json", "not JSON")))?;
    let id = value
        .get("id")
        .and_then(|id| serde_json::from_value::<RequestId>(id.clone()).ok())
        .filter(|id| !matches!(id, RequestId::Text(text) if text.is_empty() || text.chars().count() > MAX_ID_CHARS));
    let op = value.get("op").and_then(Value::as_str);
    if !matches!(op, Some("subscribe" | "update" | "unsubscribe" | "resync" | "ping" | "digest")) {
        let detail = "op is one of subscribe, update, unsubscribe, resync, ping, digest";
        return Err((id, bad("unknown_op", detail)));
    }
    let Some(id) = id else {
        return Err((None, bad("invalid_message", "id is a whole number or a text of 1 to 36 characters")));
    };
    serde_json::from_value(value).map_err(|error| {
        // It quotes the message, which may be long and hostile.
        (Some(id), bad("invalid_message", &quote(&error.to_string())))
    })
}

pub(super) fn message_id(message: &ClientMessage) -> &RequestId {
    match message {
        ClientMessage::Subscribe { id, .. }
        | ClientMessage::Update { id, .. }
        | ClientMessage::Unsubscribe { id, .. }
        | ClientMessage::Resync { id, .. }
        | ClientMessage::Ping { id }
        | ClientMessage::Digest { id, .. } => id,
    }
}

pub(super) fn read_head(head: Option<u32>) -> Result<usize, Refusal> {
    let head = head.unwrap_or(HEADS[1]);
    if HEADS.contains(&head) { Ok(head as usize) } else { Err(invalid("head is one of 50, 100, 200, 500")) }
}

/// The parameters that a subscription understands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Takes {
    /// Those of its own …
    own: &'static [&'static str],
    /// … and whether filters are any of them.
    filters: bool,
}

impl Takes {
    pub(super) fn of(channel: Channel, params: &SubscribeParams) -> Self {
        let (own, filters): (&[_], _) = match channel {
            Channel::List => (&["head", "ids"], true),
            Channel::Rows if params.all == Some(true) => (&["all", "ids", "fields", "include"], true),
            Channel::Rows => (&["ids", "list", "range", "all", "fields", "include"], false),
            Channel::Events => (&["types", "ids"], true),
            Channel::Status => (&[], false),
        };
        Self { own, filters }
    }

    /// Whether a name is understood.
    fn knows(self, name: &str) -> bool {
        self.own.contains(&name) || (self.filters && is_filter(name))
    }

    /// Refuses what would be passed over: with a mistyped filter the rows would be unfiltered.
    pub(super) fn check(self, params: &SubscribeParams) -> Result<(), Refusal> {
        let SubscribeParams { head, ids, list, range, all, fields, include, types, query } = params;
        let own = [
            ("head", head.is_some()),
            ("ids", ids.is_some()),
            ("list", list.is_some()),
            ("range", range.is_some()),
            ("all", all.is_some()),
            ("fields", fields.is_some()),
            ("include", include.is_some()),
            ("types", types.is_some()),
        ];
        let own = own.into_iter().filter_map(|(name, is_there)| is_there.then_some(name));
        let all = own.chain(query.keys().map(String::as_str));
        let strangers: Vec<&str> = all.filter(|name| !self.knows(name)).collect();
        if strangers.is_empty() {
            return Ok(());
        }
        let filters = if self.filters { parameters::query_keys() } else { Vec::new() };
        let known: Vec<String> = self.own.iter().map(|&name| name.to_owned()).chain(filters).collect();
        Err(Refusal::unknown(strangers, &known))
    }
}

/// Whether a name is one of a query of rows.
pub(super) fn is_filter(key: &str) -> bool {
    TokenQuery::parse([(key, "")]).rest.is_empty()
}

/// Both presets hold whole rows: a row's published fields are all core.
pub(super) fn read_fields(params: &SubscribeParams) -> Result<(), Refusal> {
    match params.fields.as_deref() {
        None | Some("core" | "all") => Ok(()),
        Some(_) => Err(invalid("fields is core or all")),
    }
}

/// The form of rows that is asked for, if one is.
pub(super) fn read_form(params: &SubscribeParams) -> Result<Option<RowForm>, Refusal> {
    let Some(parts) = &params.include else { return Ok(None) };
    if parts.iter().any(|part| part != "provenance") {
        return Err(invalid("include holds provenance, or nothing"));
    }
    Ok(Some(if parts.is_empty() { RowForm::Plain } else { RowForm::WithProvenance }))
}

pub(super) fn read_query(params: SubscribeParams) -> Result<TokenQuery, Refusal> {
    let mut parsed = TokenQuery::parse(params.query_pairs());
    if !parsed.errors.is_empty() {
        return Err(Refusal::of("invalid_parameter", parsed.errors));
    }
    let ids = params.ids.unwrap_or_default();
    if ids.len() > MAX_IDS {
        return Err(invalid(format!("at most {MAX_IDS} ids")));
    }
    if !ids.is_empty() {
        parsed.query.ids = ids;
    }
    Ok(parsed.query)
}
