//! Holds answers to the document, strictly: what the document does not describe is a mistake.

use jsonschema::Validator;
use serde_json::{Value, json};

/// Judges values by the schemas of a document.
pub(super) struct Judge {
    document: Value,
}

impl Judge {
    /// Of answers. Clients must ignore what they do not know; the tests of the server must not, so objects are closed.
    pub(super) fn strict(mut document: Value) -> Self {
        close_all(&mut document, "/components/schemas", false);
        Self { document }
    }

    /// Of messages: each is a type and its tag, so that the whole is closed and not the type.
    pub(super) fn of_messages(mut document: Value) -> Self {
        close_all(&mut document, "/components/schemas", true);
        Self { document }
    }

    /// What is wrong with a message of this name.
    pub(super) fn judge_message(&self, name: &str, message: &Value) -> Vec<String> {
        let mut schema = self.document["components"]["messages"][name]["payload"].clone();
        if schema.is_null() {
            return vec![format!("{name} is not described")];
        }
        close(&mut schema, false);
        self.faults(&schema, message)
    }

    /// What is wrong with a value, by a schema that may refer to those of the document.
    pub(super) fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut whole = schema.clone();
        whole["components"] = json!({ "schemas": self.document["components"]["schemas"] });
        let validator: Validator =
            jsonschema::draft202012::options().should_validate_formats(true).build(&whole).expect("a schema");
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// What the document says of an answer: whether the status is known, the kind of the body, and its content.
    pub(super) fn judge_answer(&self, method: &str, path: &str, answer: (u16, &str, &[u8])) -> Vec<String> {
        let (status, kind, body) = answer;
        let name = format!("{method} {path}");
        let Some(answer) = self.document["paths"][path][method]["responses"].get(status.to_string()) else {
            return vec![format!("{name} does not tell of status {status}")];
        };
        let Some(content) = answer.get("content").and_then(Value::as_object) else {
            let is_empty = body.is_empty() && kind.is_empty();
            return if is_empty { Vec::new() } else { vec![format!("{name} {status} has a body")] };
        };
        let Some(described) = content.get(kind) else {
            return vec![format!("{name} {status} does not tell of {kind}")];
        };
        let judge = |schema: &Value, text: &[u8]| match serde_json::from_slice(text) {
            Ok(value) => self.faults(schema, &value),
            Err(error) => vec![format!("{name} {status}: {error}")],
        };
        if let Some(line) = described.get("x-line-schema") {
            let lines = body.split(|byte| *byte == b'\n').filter(|text| !text.is_empty());
            return lines.flat_map(|text| judge(line, text)).collect();
        }
        if kind.ends_with("json") { judge(&described["schema"], body) } else { Vec::new() }
    }
}

fn close_all(document: &mut Value, place: &str, are_pieces: bool) {
    if let Some(schemas) = document.pointer_mut(place).and_then(Value::as_object_mut) {
        schemas.values_mut().for_each(|schema| close(schema, are_pieces));
    }
}

/// Closes every object of a schema. Where an object is described in pieces, the whole is closed and not the pieces.
fn close(schema: &mut Value, is_piece: bool) {
    let Some(members) = schema.as_object_mut() else { return };
    let has_properties = members.contains_key("properties");
    for (key, value) in members.iter_mut() {
        match (key.as_str(), value) {
            ("allOf" | "anyOf" | "oneOf", Value::Array(pieces)) => {
                for piece in pieces {
                    close(piece, has_properties || is_piece);
                }
            }
            ("properties" | "$defs", Value::Object(all)) => all.values_mut().for_each(|one| close(one, false)),
            ("items" | "additionalProperties", one) => close(one, false),
            ("prefixItems", Value::Array(all)) => all.iter_mut().for_each(|one| close(one, false)),
            _ => {}
        }
    }
    if has_properties && !is_piece {
        members.insert("unevaluatedProperties".to_owned(), json!(false));
    }
}
