//! The process itself, its documents, and the doors of the feed.

use memescope::query::MAX_IDS;
use serde_json::{Value, json};

use super::Schemas;
use super::operation::{Answer, Operation, Parameter};
use super::shapes::Liveness;
use super::tokens::{ADDRESS, any_of, one_of, query_parameters};
use crate::api::events;
use crate::api::health::ReadinessReport;
use crate::api::{PROBLEMS, documents};

const TAG: &str = "Service";

const TAGGED: &[&str] = &["ETag", "Cache-Control"];

pub(super) fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    let alive = |path, id, summary: &'static str, schemas: &mut Schemas| Operation {
        path,
        method: "get",
        id,
        tag: TAG,
        summary,
        words: "Says nothing about the board.".into(),
        parameters: Vec::new(),
        body: None,
        answers: vec![Answer::json(&schemas.of::<Liveness>(), &["Cache-Control"], "It does.")],
        problems: &[],
        limited: false,
    };
    let mut all = vec![
        alive("/livez", "getLiveness", "Whether the process lives", schemas),
        alive("/health", "getHealth", "The same, by its older name", schemas),
        readiness(schemas),
        problem(),
        logo(),
        feed(),
        stream(),
    ];
    all.extend(documents::ALL.iter().map(document));
    all
}

fn readiness(schemas: &mut Schemas) -> Operation {
    let schema = schemas.of::<ReadinessReport>();
    let not_ready =
        Answer { status: 503, ..Answer::json(&schema, &["Cache-Control"], "There is no board, or the end is near.") };
    Operation {
        path: "/readyz",
        method: "get",
        id: "getReadiness",
        tag: TAG,
        summary: "Whether requests should be sent here",
        words: "Ready is who has a board, from sources or from disk. Failing sources take nobody out of service."
            .into(),
        parameters: Vec::new(),
        body: None,
        answers: vec![Answer::json(&schema, &["Cache-Control"], "They should."), not_ready],
        problems: &[],
        limited: false,
    }
}

fn problem() -> Operation {
    let codes: Vec<String> = PROBLEMS.iter().map(|kind| kind.code.replace('_', "-")).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    Operation {
        path: "/problems/{code}",
        method: "get",
        id: "getProblem",
        tag: TAG,
        summary: "What a kind of problem means",
        words: "Where the `type` of a problem leads. The name may be written with hyphens or underscores.".into(),
        parameters: vec![Parameter::path("code", "The kind.", one_of(&codes, None), "invalid-parameter")],
        body: None,
        answers: vec![Answer::text("text/html; charset=utf-8", &[], "A page for people.")],
        problems: &["not_found"],
        limited: false,
    }
}

fn logo() -> Operation {
    let key = json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" });
    Operation {
        path: "/logos/{key}",
        method: "get",
        id: "getLogo",
        tag: TAG,
        summary: "The picture of a token",
        words: "Where `logo` of a row leads; only with `LOGOS=proxy`. The server fetches what a source named, draws it anew, \
                at most 96 points a side, and keeps it for a day. Without a picture there, 404."
            .into(),
        parameters: vec![Parameter::path("key", "As in the row.", key, "3f7a0c9d5b1e48626a90d3c4e5f60718")],
        body: None,
        answers: vec![Answer {
            schema: json!({ "type": "string", "format": "binary" }),
            ..Answer::text("image/png", &["ETag", "Cache-Control"], "The picture.")
        }],
        problems: &["not_found"],
        limited: false,
    }
}

fn feed() -> Operation {
    Operation {
        path: "/ws",
        method: "get",
        id: "openFeed",
        tag: "Feed",
        summary: "The live feed: a WebSocket of changes",
        words:
            "Described by `/asyncapi.json`. A page of another origin is let in only if whoever runs the server allows \
                that origin; programs send none."
                .into(),
        parameters: Vec::new(),
        body: None,
        answers: vec![Answer {
            status: 101,
            words: "The socket is open; `hello` comes first.",
            kind: "",
            schema: Value::Null,
            line: None,
            headers: &[],
        }],
        problems: &["origin_not_allowed", "upgrade_required"],
        limited: true,
    }
}

/// What an event stream may be asked: what is followed, and the filters of the list.
fn followed() -> Vec<Parameter> {
    let ids = json!({
        "type": "array", "maxItems": MAX_IDS,
        "items": { "type": "string", "pattern": "^[a-z0-9_-]{1,32}:\\S+$" },
    });
    let range = json!({ "type": "string", "pattern": "^[0-9]{1,3},[0-9]{1,3}$" });
    let head = json!({ "type": "integer", "enum": [50, 100, 200, 500], "default": 100 });
    let mut all = vec![
        Parameter::query(
            "channel",
            "What is followed, as on the socket. `rows` beside `list` are those of its head unless `ids` or `all` says \
             otherwise; alone they are all.",
            any_of(&["list", "rows", "events", "status"]),
            json!(["list", "rows"]),
        )
        .required(),
        Parameter::query("head", "How many places of the list are told.", head, 50),
        Parameter::query("range", "Only the rows of these places of the list, from 0.", range, "0,40"),
        Parameter::query(
            "ids",
            "Only the rows, and events, of these tokens.",
            ids,
            json!([format!("solana:{ADDRESS}")]),
        ),
        Parameter::query("all", "All rows that pass the filters.", json!({ "type": "boolean" }), true),
        Parameter::query("fields", "Both are whole rows.", one_of(&["core", "all"], Some("core")), "all"),
        Parameter::query("include", "Parts of rows.", any_of(&["provenance"]), json!(["provenance"])),
        Parameter::query("types", "Only events of these kinds.", any_of(&events::types()), json!(["volume:spike"])),
    ];
    all.extend(query_parameters().into_iter().filter(|parameter| parameter.name != "ids"));
    all
}

fn stream() -> Operation {
    let events = Answer::text("text/event-stream", &["Cache-Control"], "The events, until one side ends them.");
    Operation {
        path: "/stream",
        method: "get",
        id: "openStream",
        tag: "Feed",
        summary: "The live feed as server-sent events",
        words: "For those whom no WebSocket reaches. Each frame of the feed, as `/asyncapi.json` describes it, is an event: \
                `event` is its type, `data` its JSON. `id` stands on the last event of a step; `Last-Event-ID`, which \
                browsers send by themselves, resumes lists and rows there. What is followed stays as it is. Never ends by \
                itself but with `bye`. Origins, and how many may be open, are as for the socket: one more than an address \
                may open is answered with 429 and the code `rate_limited`."
            .into(),
        parameters: followed(),
        body: None,
        answers: vec![events],
        problems: &["invalid_parameter", "unknown_parameter", "origin_not_allowed", "already_subscribed"],
        limited: true,
    }
}

fn document(document: &documents::Document) -> Operation {
    let schema = match document.kind {
        "application/json" => json!({ "type": "object" }),
        _ => json!({ "type": "string" }),
    };
    let answer =
        Answer { status: 200, words: document.words, kind: document.kind, schema, line: None, headers: TAGGED };
    Operation {
        path: document.path,
        method: "get",
        id: document.id,
        tag: TAG,
        summary: document.words,
        words: "The same for everybody, until the server is replaced.".into(),
        parameters: Vec::new(),
        body: None,
        answers: vec![answer],
        problems: &[],
        limited: false,
    }
}
