//! The documents of the API, made from the code: only in tests, which also keep the files in `docs/` equal to it.
//!
//! ```text
//!  tables (Rank, Metric, Flag, Column, PROBLEMS, …) ─▶ Operation ─┐
//!  types of answers and frames ─────────────────────▶ schemas ───┴▶ openapi.json ─▶ api.html
//!                                                        └────────▶ asyncapi.json
//!  calls ─────────────────────────────────────────────────────────▶ Postman, Bruno
//! ```
//!
//! `scripts/api-docs` writes the files. A new route is an [`Operation`] in the file of its area; until it is there, the
//! test of the routes names it.

mod asyncapi;
mod board;
mod bruno;
mod calls;
mod html;
mod judge;
mod operation;
mod postman;
mod service;
mod shapes;
mod tests;
mod tokens;

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use self::operation::Operation;
use crate::problem::Problem;

/// The schemas that a document names, collected while it is made.
#[derive(Debug)]
struct Schemas(SchemaGenerator);

impl Schemas {
    /// Of what the server sends.
    fn of_answers() -> Self {
        Self::new(SchemaSettings::draft2020_12().for_serialize())
    }

    fn new(settings: SchemaSettings) -> Self {
        Self(
            settings
                .with(|settings| {
                    settings.meta_schema = None;
                    settings.definitions_path = "/components/schemas".into();
                })
                .into_generator(),
        )
    }

    /// A reference to the schema of a type, or the schema where it is small.
    fn of<T: JsonSchema>(&mut self) -> Value {
        readable(self.0.subschema_for::<T>().to_value())
    }

    /// A reference to what every refusal is.
    fn problem(&mut self) -> Value {
        Problem::schema(&mut self.0).to_value()
    }

    /// All that were named.
    fn definitions(mut self) -> Map<String, Value> {
        let all = self.0.take_definitions(true);
        all.into_iter().map(|(name, schema)| (plain(&name), readable(schema))).collect()
    }
}

/// A name of a schema without the width of its numbers.
fn plain(name: &str) -> String {
    name.replace("double", "Number")
}

/// A schema without the marks of Rust: links between items, widths of numbers.
fn readable(schema: Value) -> Value {
    match schema {
        Value::Object(members) => {
            let mut out = Map::new();
            for (key, value) in members {
                let value = match (key.as_str(), value) {
                    ("description", Value::String(text)) => json!(text.replace("[`", "`").replace("`]", "`")),
                    ("$ref", Value::String(text)) => json!(plain(&text)),
                    // What a client reads a number into is its own business.
                    ("format", Value::String(text)) if text != "date-time" => continue,
                    (_, value) => readable(value),
                };
                out.insert(key, value);
            }
            Value::Object(out)
        }
        Value::Array(items) => items.into_iter().map(readable).collect(),
        other => other,
    }
}

/// Every operation, in the order in which people should meet them.
fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    [tokens::operations(schemas), board::operations(schemas), service::operations(schemas)].concat()
}

/// What stands at the head of both documents.
fn info(title: &str, description: &str) -> Value {
    json!({
        "title": title,
        "version": env!("CARGO_PKG_VERSION"),
        "description": description,
        "license": { "name": "MIT OR Apache-2.0" },
    })
}

/// The document of the routes.
fn openapi() -> Value {
    let mut schemas = Schemas::of_answers();
    let operations = operations(&mut schemas);
    assert_eq!(schemas.problem()["$ref"], "#/components/schemas/Problem");
    let mut paths = Map::new();
    for operation in &operations {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = operation.document();
    }
    json!({
        "openapi": "3.1.0",
        "info": info("Memescope", "A live board of meme coins, merged from DexScreener, GeckoTerminal and Jupiter.\n\n\
            Prices are decimals as text, exact as merged. USD sums, percents and counts are numbers. `null` is not known; \
            absent is not asked for; 0 is never written for unknown. Times are RFC 3339 in UTC. HEAD works wherever GET does. \
            Errors are `application/problem+json`. Fields, values of enumerations and kinds of events may be added: ignore \
            what you do not know.\n\nFor your own use: the numbers belong to the sources."),
        "servers": [{ "url": "/", "description": "The server that this document comes from." }],
        "tags": [
            { "name": "Tokens", "description": "The list, and what belongs to one token." },
            { "name": "Board", "description": "Search, the catalogue of what can be asked, the sources, events." },
            { "name": "Feed", "description": "Changes as they happen." },
            { "name": "Service", "description": "The process itself, and its documents." },
        ],
        "paths": paths,
        "components": { "schemas": schemas.definitions(), "headers": operation::header_components() },
    })
}
