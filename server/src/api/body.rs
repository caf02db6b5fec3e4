//! The body of `POST /tokens/query`: a JSON object with the names that the address of `GET /tokens` has.

use std::fmt;

use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use memescope::ParameterError;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::params::Pairs;
use crate::problem::Problem;

/// The most names in a body.
const MAX_MEMBERS: usize = 100;

/// What was asked: the ids apart, everything else as an address would say it.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) ids: Option<Vec<String>>,
    pub(super) pairs: Pairs,
}

/// Reads a body that came whole.
pub(super) fn read(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Asked, Problem> {
    if !is_json(headers) {
        let detail = "The body must be application/json.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "The body is longer than 64 KiB.")
        }
        // The connection says the same whether it broke off, took too long or was no body at all.
        _ => Problem::new(StatusCode::BAD_REQUEST, "bad_request", "The body did not arrive whole and in time."),
    })?;
    let refuse = || Problem::new(StatusCode::BAD_REQUEST, "bad_request", "The body is not a JSON object.");
    let Members(members) = serde_json::from_slice(&body).map_err(|_| refuse())?;
    let mut asked = Asked::default();
    let mut errors = Vec::new();
    for (name, value) in members {
        match texts(value) {
            Some(texts) if name == "ids" && asked.ids.is_none() => asked.ids = Some(texts),
            Some(_) if name == "ids" => {
                errors.push(ParameterError::new("ids", "repeated", "this parameter may stand once"));
            }
            Some(texts) => asked.pairs.extend(texts.into_iter().map(|text| (name.clone(), text))),
            None => {
                errors.push(ParameterError::new(&name, "malformed", "a text, a number, true, false or a list of them"));
            }
        }
    }
    if asked.pairs.len() > MAX_MEMBERS {
        errors.push(ParameterError::new("*", "too_many", format!("at most {MAX_MEMBERS} values beside the ids")));
    }
    if errors.is_empty() { Ok(asked) } else { Err(Problem::parameters("invalid_parameter", errors)) }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// A member as the texts that it would be in an address; `null` is none. `None` when it is none of these.
fn texts(value: Value) -> Option<Vec<String>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::Array(items) => items.into_iter().map(text).collect(),
        value => text(value).map(|text| vec![text]),
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => (!text.chars().any(char::is_control)).then_some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The members of an object in their order, also those that stand twice.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Each)
    }
}
