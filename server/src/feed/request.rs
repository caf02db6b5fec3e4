//! Reading what a client asks, and saying why it is refused.

use memescope::feed::{ClientMessage, RequestId, SubscribeParams};
use memescope::query::{MAX_IDS, TokenQuery};
use serde_json::Value;

use crate::store::RowForm;

/// The most characters of a request's id.
const MAX_ID_CHARS: usize = 36;

/// The most of a message that an error repeats.
const MAX_QUOTE_CHARS: usize = 64;

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
}

pub(super) fn invalid(detail: impl Into<String>) -> Refusal {
    Refusal { code: "invalid_parameter", detail: detail.into(), status: 400 }
}

/// The beginning of a hostile text, fit for an error.
pub(super) fn quote(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(MAX_QUOTE_CHARS).collect()
}

pub(super) fn unknown_sub() -> Refusal {
    Refusal { code: "not_found", detail: "no open subscription has this name".to_owned(), status: 404 }
}

/// A message, or why it is none, with its id where that can be read.
pub(super) fn read(text: &str) -> Result<ClientMessage, (Option<RequestId>, Refusal)> {
    let bad = |code, detail: &str| Refusal { code, detail: detail.to_owned(), status: 400 };
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
    if let Some(error) = parsed.errors.first() {
        return Err(invalid(format!("{}: {}", error.parameter, error.detail)));
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
