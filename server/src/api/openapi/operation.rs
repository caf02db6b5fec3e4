//! One operation of the document: what a route is asked, and what it answers.

use memescope::Source;
use serde_json::{Map, Value, json};

use crate::api::PROBLEMS;

/// A parameter in the path or in the query.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) is_path: bool,
    pub(super) words: String,
    pub(super) schema: Value,
    pub(super) example: Value,
    /// The bound whose windows written out this is one of, so that people need not read forty lines.
    pub(super) variant_of: Option<String>,
    pub(super) required: bool,
}

impl Parameter {
    pub(super) fn query(name: &str, words: impl Into<String>, schema: Value, example: impl Into<Value>) -> Self {
        Self {
            name: name.to_owned(),
            is_path: false,
            words: words.into(),
            schema,
            example: example.into(),
            variant_of: None,
            required: false,
        }
    }

    pub(super) fn path(name: &str, words: &str, schema: Value, example: &str) -> Self {
        Self { is_path: true, required: true, ..Self::query(name, words, schema, example) }
    }

    /// The same, of one window of `bound`.
    pub(super) fn variant_of(self, bound: &str) -> Self {
        Self { variant_of: Some(bound.to_owned()), ..self }
    }

    /// The same, without which the request is refused.
    pub(super) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    fn document(&self) -> Value {
        let Self { name, is_path, words, schema, example, variant_of, required } = self;
        let mut out = json!({
            "name": name,
            "in": if *is_path { "path" } else { "query" },
            "description": words,
            "schema": schema,
            "example": example,
        });
        if *required {
            out["required"] = json!(true);
        }
        if schema["type"] == "array" {
            out["style"] = json!("form");
            out["explode"] = json!(false);
        }
        if let Some(bound) = variant_of {
            out["x-variant-of"] = json!(bound);
        }
        out
    }

    /// Its example as it stands in an address.
    pub(super) fn example_text(&self) -> String {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match &self.example {
            Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
            other => text(other),
        }
    }
}

/// What stands in the body of a request.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) words: &'static str,
    pub(super) schema: Value,
    pub(super) example: Value,
}

impl Body {
    fn document(&self) -> Value {
        let Self { words, schema, example } = self;
        json!({
            "description": words,
            "required": true,
            "content": { "application/json": { "schema": schema, "example": example } },
        })
    }
}

/// What a good answer is, in one of its forms.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) words: &'static str,
    pub(super) kind: &'static str,
    pub(super) schema: Value,
    /// Of bodies that hold a JSON value a line: what each is.
    pub(super) line: Option<Value>,
    pub(super) headers: &'static [&'static str],
}

/// A route and a method.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) path: &'static str,
    pub(super) method: &'static str,
    /// Its name for programs that write clients.
    pub(super) id: &'static str,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) words: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Body>,
    /// Those of one status differ in their form alone.
    pub(super) answers: Vec<Answer>,
    /// The codes of the problems that it may answer with, besides those of [`COMMON`].
    pub(super) problems: &'static [&'static str],
    /// Whether the limit per address holds for it.
    pub(super) limited: bool,
}

/// Headers of an answer that can be asked for again.
pub(super) const TAGGED: &[&str] = &["ETag", "Last-Modified", "Cache-Control"];

/// What any route may answer with.
const COMMON: [&str; 3] = ["uri_too_long", "internal", "overloaded"];

impl Operation {
    pub(super) fn document(&self) -> Value {
        let mut responses = Map::new();
        for answer in &self.answers {
            let told = answer.document(self.limited);
            match responses.get_mut(&answer.status.to_string()) {
                Some(Value::Object(known)) => also(known, &told),
                _ => drop(responses.insert(answer.status.to_string(), told)),
            }
            if answer.headers.contains(&"ETag") {
                responses.insert("304".to_owned(), not_modified(self.limited));
            }
        }
        let limited: &[&str] = if self.limited { &["rate_limited"] } else { &[] };
        for status in PROBLEMS.iter().map(|kind| kind.status) {
            let kinds: Vec<_> = PROBLEMS
                .iter()
                .filter(|kind| kind.status == status)
                .filter(|kind| [self.problems, limited, &COMMON].concat().contains(&kind.code))
                .collect();
            if !kinds.is_empty() {
                let words: Vec<_> = kinds.iter().map(|kind| format!("`{}`: {}", kind.code, kind.words)).collect();
                responses.entry(status.to_string()).or_insert_with(|| problem(&words.join("\n\n"), status));
            }
        }
        let mut out = json!({
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "description": self.words,
            "responses": responses,
        });
        if !self.parameters.is_empty() {
            out["parameters"] = self.parameters.iter().map(Parameter::document).collect();
        }
        if let Some(body) = &self.body {
            out["requestBody"] = body.document();
        }
        out
    }
}

impl Answer {
    pub(super) fn json(schema: &Value, headers: &'static [&'static str], words: &'static str) -> Self {
        Self { status: 200, words, kind: "application/json", schema: schema.clone(), line: None, headers }
    }

    pub(super) fn text(kind: &'static str, headers: &'static [&'static str], words: &'static str) -> Self {
        Self { status: 200, words, kind, schema: json!({ "type": "string" }), line: None, headers }
    }

    fn document(&self, limited: bool) -> Value {
        let mut out = json!({ "description": self.words, "headers": headers(self.headers, limited) });
        if !self.kind.is_empty() {
            let mut content = json!({ "schema": self.schema });
            if let Some(line) = &self.line {
                content["x-line-schema"] = line.clone();
            }
            out["content"] = json!({ self.kind: content });
        }
        out
    }
}

/// Adds another form of an answer: what it is, and the headers that it alone has.
fn also(known: &mut Map<String, Value>, other: &Value) {
    let words = |value: &Value| value["description"].as_str().unwrap_or_default().to_owned();
    let both = format!("{}\n\n{}", known["description"].as_str().unwrap_or_default(), words(other));
    known.insert("description".to_owned(), both.into());
    for part in ["headers", "content"] {
        if let (Some(Value::Object(known)), Value::Object(other)) = (known.get_mut(part), &other[part]) {
            known.extend(other.clone());
        }
    }
}

fn not_modified(limited: bool) -> Value {
    json!({
        "description": "What the reader holds, by its `If-None-Match`, is still right. Without a body.",
        "headers": headers(TAGGED, limited),
    })
}

fn problem(words: &str, status: u16) -> Value {
    let names: &[&str] = if matches!(status, 429 | 503 | 504) { &["Retry-After"] } else { &[] };
    json!({
        "description": words,
        "headers": headers(names, status == 429),
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}

fn headers(names: &[&str], limited: bool) -> Value {
    let limits: &[&str] = if limited { &["RateLimit", "RateLimit-Policy"] } else { &[] };
    let all = [names, limits, &["X-Request-Id"]].concat();
    all.into_iter().map(|name| (name.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }))).collect()
}

/// The headers that answers carry.
pub(super) fn header_components() -> Value {
    let header = |words: &str, example: &str| json!({ "description": words, "schema": { "type": "string" }, "example": example });
    json!({
        "ETag": header("Names this answer. Weak; send it back as `If-None-Match`.", "W/\"000000000000b3f1.918273.5c0e\""),
        "Last-Modified": header("When the board was made. `If-Modified-Since` is not looked at.",
            "Sun, 22 Nov 2026 21:55:03 GMT"),
        "Cache-Control": header("How long the answer may be used without asking.", "no-cache"),
        "Content-Disposition": header("Of files: a name that says of which moment they are.",
            "attachment; filename=\"memescope-tokens-20261122T215503Z.csv\""),
        "Link": header("Where the pages after and before are; absent where there are none.", "</tokens?limit=2&cursor=AbC>; rel=\"next\""),
        "RateLimit": header("Requests left in this address' bucket, and seconds until it is full. Absent when no limit is set.",
            "\"ip\";r=57;t=1"),
        "RateLimit-Policy": header("The size of the bucket and the seconds in which it fills. Absent when no limit is set.",
            "\"ip\";q=60;w=3"),
        "Retry-After": json!({
            "description": "Seconds after which another try makes sense.",
            "schema": { "type": "integer", "minimum": 1 },
            "example": 1,
        }),
        "X-Request-Id": header("The request's name in the log: the client's own, or a new one.", "01KARVBJ9W3Y6T5N1C0QZ8M4DE"),
    })
}

/// Where numbers come from, in words.
pub(super) fn source_names() -> String {
    Source::ALL.map(Source::label).join(", ")
}
