//! The process itself, its documents, and the door of the feed.

use serde_json::{Value, json};

use super::Schemas;
use super::operation::{Answer, Operation, Parameter};
use super::shapes::Liveness;
use super::tokens::one_of;
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
        answers: vec![Answer::json(&schemas.of::<Liveness>(), &["Cache-Control"], "It does.")],
        problems: &[],
        limited: false,
    };
    let mut all = vec![
        alive("/livez", "getLiveness", "Whether the process lives", schemas),
        alive("/health", "getHealth", "The same, by its older name", schemas),
        readiness(schemas),
        problem(),
        feed(),
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
        answers: vec![Answer::text("text/html; charset=utf-8", &[], "A page for people.")],
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
        answers: vec![Answer {
            status: 101,
            words: "The socket is open; `hello` comes first.",
            kind: "",
            schema: Value::Null,
            headers: &[],
        }],
        problems: &["origin_not_allowed", "upgrade_required"],
        limited: true,
    }
}

fn document(document: &documents::Document) -> Operation {
    let schema = match document.kind {
        "application/json" => json!({ "type": "object" }),
        _ => json!({ "type": "string" }),
    };
    let answer = Answer { status: 200, words: document.words, kind: document.kind, schema, headers: TAGGED };
    Operation {
        path: document.path,
        method: "get",
        id: document.id,
        tag: TAG,
        summary: document.words,
        words: "The same for everybody, until the server is replaced.".into(),
        parameters: Vec::new(),
        answers: vec![answer],
        problems: &[],
        limited: false,
    }
}
