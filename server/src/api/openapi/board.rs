//! What is beside the list: search, the catalogue, sources, events.

use memescope::query::{MAX_IDS, MAX_SEARCH_CHARS};
use serde_json::json;

use super::Schemas;
use super::operation::{Answer, Operation, Parameter, TAGGED, source_names};
use super::shapes::{EventsAnswer, MetaAnswer, SearchAnswer, SourcesAnswer};
use super::tokens::{ADDRESS, any_of};
use crate::api::events::{self, MAX_EVENTS};
use crate::api::search::MAX_HITS;

const TAG: &str = "Board";

pub(super) fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    vec![search(schemas), meta(schemas), sources(schemas), recent_events(schemas)]
}

fn search(schemas: &mut Schemas) -> Operation {
    // What is blank counts as nothing.
    let q = json!({ "type": "string", "minLength": 1, "maxLength": MAX_SEARCH_CHARS, "pattern": "\\S" });
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": MAX_HITS, "default": 10 });
    Operation {
        path: "/search",
        method: "get",
        id: "search",
        tag: TAG,
        summary: "What somebody who types a name, a symbol or an address may mean",
        words: "Exact matches first, then beginnings, then parts; among equals the default ranking decides.".into(),
        parameters: vec![
            Parameter::query("q", "What is looked for.", q, "cat").required(),
            Parameter::query("limit", "The most hits.", limit, 5),
        ],
        body: None,
        answers: vec![Answer::json(&schemas.of::<SearchAnswer>(), TAGGED, "The hits.")],
        problems: &["invalid_parameter", "unknown_parameter", "not_acceptable", "not_ready"],
        limited: true,
    }
}

fn meta(schemas: &mut Schemas) -> Operation {
    Operation {
        path: "/meta",
        method: "get",
        id: "getMeta",
        tag: TAG,
        summary: "What can be asked",
        words: "Chains, venues, ranks, sort keys, filters, flags, kinds of events and limits, in a form that a program can \
                offer to its user."
            .into(),
        parameters: Vec::new(),
        body: None,
        answers: vec![Answer::json(&schemas.of::<MetaAnswer>(), TAGGED, "The catalogue.")],
        problems: &["unknown_parameter", "invalid_parameter", "not_acceptable", "not_ready"],
        limited: true,
    }
}

fn sources(schemas: &mut Schemas) -> Operation {
    Operation {
        path: "/sources",
        method: "get",
        id: "getSources",
        tag: TAG,
        summary: "How the sources are doing",
        words: format!("{}: state, latency, failures, what is left of the budgets, what was refused.", source_names()),
        parameters: Vec::new(),
        body: None,
        answers: vec![Answer::json(&schemas.of::<SourcesAnswer>(), &["Cache-Control"], "One report a source.")],
        problems: &["unknown_parameter", "invalid_parameter", "not_acceptable"],
        limited: true,
    }
}

fn recent_events(schemas: &mut Schemas) -> Operation {
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": MAX_EVENTS, "default": MAX_EVENTS });
    let since = json!({ "type": "string", "pattern": "^[0-9a-f]{16}-[0-9]{1,19}-[0-9]{1,9}$" });
    let token = json!({
        "type": "array", "maxItems": MAX_IDS,
        "items": { "type": "string", "pattern": "^[a-z0-9_-]{1,32}:\\S+$" },
    });
    Operation {
        path: "/events",
        method: "get",
        id: "listEvents",
        tag: TAG,
        summary: "What was worth a bell in the last hour",
        words: "Oldest first. Without `since` the newest ones; with it those that follow, and `meta.gap` says whether some of \
                them may be forgotten already."
            .into(),
        parameters: vec![
            Parameter::query("since", "The `event_id` of the last one that is known.", since, "000000000000b3f1-918275-0"),
            Parameter::query("types", "Only these kinds.", any_of(&events::types()), json!(["token:listed"])),
            Parameter::query("token", "Only those of these tokens.", token, json!([format!("solana:{ADDRESS}")])),
            Parameter::query("limit", "The most events.", limit, 50),
        ],
        body: None,
        answers: vec![Answer::json(&schemas.of::<EventsAnswer>(), TAGGED, "The events.")],
        problems: &["unknown_parameter", "invalid_parameter", "not_acceptable", "not_ready"],
        limited: true,
    }
}
