//! The document for people: one page of plain HTML, without a script, which prints well and works without a network.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::calls::BASE;
use super::operation::{Operation, Parameter};

const STYLE: &str = "
:root { color-scheme: light dark; --line: light-dark(#d5d9e0, #333a46); --dim: light-dark(#555f70, #a4adbb);
  --soft: light-dark(#f3f5f8, #181c23); --link: light-dark(#0b57b0, #8ab8ff); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; background: light-dark(#fff, #0f1217);
  color: light-dark(#14181f, #e8ebf0); font: 16px/1.55 system-ui, sans-serif; }
a { color: var(--link); }
h1 { margin: 0 0 .5rem; } h2 { margin: 3rem 0 .5rem; border-bottom: 1px solid var(--line); }
h3 { margin: 2.2rem 0 .3rem; font-size: 1.05rem; scroll-margin-top: 1rem; } h4 { margin: 1.2rem 0 .3rem; font-size: .95rem; }
code, pre { font: .875em/1.5 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .6rem .8rem; background: var(--soft); border: 1px solid var(--line); border-radius: 6px; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { padding: .35rem .6rem .35rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
td p { margin: 0 0 .3rem; } td:first-child { white-space: nowrap; } .dim { color: var(--dim); }
nav ul { columns: 18rem; column-gap: 2rem; padding-left: 1.1rem; }
@media print { body { max-width: none; font-size: 10pt; } h3, tr, pre { break-inside: avoid; } nav { display: none; } }
";

/// The page.
pub(super) fn page(document: &Value, operations: &[Operation]) -> String {
    let mut out = String::new();
    let info = &document["info"];
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Memescope API</title>\n\
         <link rel=\"icon\" href=\"/favicon.svg\">\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Memescope API</h1>\n\
         <p class=\"dim\">Version {}. Also as <a href=\"/openapi.json\">OpenAPI 3.1</a>; the feed as \
         <a href=\"/asyncapi.json\">AsyncAPI 3.0</a>. <a href=\"/\">To the board</a></p>\n{}",
        text(&info["version"]),
        words(text(&info["description"])),
    );
    out.push_str("<nav aria-label=\"Routes\"><ul>\n");
    for operation in operations {
        let Operation { id, path, summary, .. } = operation;
        let _ = writeln!(out, "<li><a href=\"#{id}\"><code>{}</code></a> {}</li>", escaped(path), escaped(summary));
    }
    out.push_str("<li><a href=\"#headers\">Headers</a></li>\n<li><a href=\"#schemas\">Schemas</a></li>\n</ul></nav>\n");
    for tag in document["tags"].as_array().into_iter().flatten() {
        let _ = write!(out, "<h2>{}</h2>\n{}", escaped(text(&tag["name"])), words(text(&tag["description"])));
        for operation in operations.iter().filter(|operation| operation.tag == text(&tag["name"])) {
            route(&mut out, operation, document);
        }
    }
    headers(&mut out, &document["components"]["headers"]);
    schemas(&mut out, &document["components"]["schemas"]);
    out.push_str("</body>\n</html>\n");
    out
}

fn route(out: &mut String, operation: &Operation, document: &Value) {
    let Operation { id, path, method, summary, parameters, .. } = operation;
    let method = method.to_uppercase();
    let _ = write!(
        out,
        "<section>\n<h3 id=\"{id}\"><code>{method} {}</code> {}</h3>\n{}",
        escaped(path),
        escaped(summary),
        words(&operation.words),
    );
    let body = operation.body.as_ref();
    let sent = body.map(|body| format!(" -H 'Content-Type: application/json' -d '{}'", body.example));
    let _ = writeln!(
        out,
        "<pre><code>curl '{}'{}</code></pre>",
        escaped(&example(operation)),
        escaped(&sent.unwrap_or_default())
    );
    if let Some(body) = body {
        let _ = write!(out, "<h4>Body</h4>\n{}", words(body.words));
    }
    if !parameters.is_empty() {
        out.push_str(
            "<h4>Parameters</h4>\n<div class=\"scroll\"><table><thead><tr><th>Name<th>Value<th>Meaning</thead>\n",
        );
        for parameter in parameters.iter().filter(|parameter| parameter.variant_of.is_none()) {
            let is_windowed = parameters.iter().any(|other| other.variant_of.as_deref() == Some(&parameter.name));
            let windows = if is_windowed {
                "<p class=\"dim\">With a window of its own: <code>.m5 .h1 .h6 .h24 .d7</code> after the name.</p>"
            } else {
                ""
            };
            let needed = if parameter.required { " <b>needed</b>" } else { "" };
            let _ = writeln!(
                out,
                "<tr><td><code>{}</code>{needed}<td>{}<td>{}{windows}",
                escaped(&parameter.name),
                kind(&parameter.schema),
                words(&parameter.words),
            );
        }
        out.push_str("</table></div>\n");
    }
    out.push_str("<h4>Answers</h4>\n<div class=\"scroll\"><table><thead><tr><th>Status<th>Body<th>Meaning</thead>\n");
    let answers = &document["paths"][*path][operation.method]["responses"];
    for (status, answer) in members(answers) {
        let body: Vec<String> = members(&answer["content"])
            .map(|(name, content)| format!("<code>{}</code> {}", escaped(name), kind(&content["schema"])))
            .collect();
        let _ = writeln!(out, "<tr><td>{status}<td>{}<td>{}", body.join(" "), words(text(&answer["description"])));
    }
    out.push_str("</table></div>\n</section>\n");
}

/// An address that works, but for the token that it names.
fn example(operation: &Operation) -> String {
    let mut path = operation.path.to_owned();
    let mut query = Vec::new();
    let shown = ["rank", "window", "min_liquidity_usd", "limit", "include", "interval", "q", "types", "channel"];
    for parameter in &operation.parameters {
        let Parameter { name, is_path, .. } = parameter;
        if *is_path {
            path = path.replace(&format!("{{{name}}}"), &parameter.example_text());
        } else if shown.contains(&name.as_str()) && (operation.path != "/tokens" || name != "q") {
            query.push(format!("{name}={}", parameter.example_text()));
        }
    }
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{BASE}{path}{mark}{}", query.join("&"))
}

fn headers(out: &mut String, all: &Value) {
    out.push_str("<h2 id=\"headers\">Headers</h2>\n<div class=\"scroll\"><table><thead><tr><th>Name<th>Example<th>Meaning</thead>\n");
    for (name, header) in members(all) {
        let example = match &header["example"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let _ = writeln!(
            out,
            "<tr><td><code>{}</code><td><code>{}</code><td>{}",
            escaped(name),
            escaped(&example),
            words(text(&header["description"]))
        );
    }
    out.push_str("</table></div>\n");
}

fn schemas(out: &mut String, all: &Value) {
    out.push_str("<h2 id=\"schemas\">Schemas</h2>\n");
    for (name, schema) in members(all) {
        let _ = write!(
            out,
            "<section>\n<h3 id=\"schema-{0}\">{0}</h3>\n{1}",
            escaped(name),
            words(text(&schema["description"]))
        );
        let own = members(&schema["properties"]).count();
        if own == 0 {
            let _ = writeln!(out, "<p>{}</p>", kind(schema));
        } else {
            fields(out, schema);
        }
        for branch in schema["oneOf"].as_array().into_iter().flatten().filter(|_| own > 0) {
            out.push_str(&words(text(&branch["description"])));
            fields(out, branch);
        }
        out.push_str("</section>\n");
    }
}

/// The members of an object: those that are always there first, in the order in which they are written.
fn fields(out: &mut String, schema: &Value) {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let rest = properties.keys().map(String::as_str).filter(|name| !required.contains(name));
    out.push_str("<div class=\"scroll\"><table><thead><tr><th>Field<th>Value<th>Meaning</thead>\n");
    for name in required.iter().copied().filter(|name| properties.contains_key(*name)).chain(rest) {
        let sometimes = if required.contains(&name) { "" } else { " <span class=\"dim\">sometimes</span>" };
        let field = &properties[name];
        let _ = writeln!(
            out,
            "<tr><td><code>{}</code>{sometimes}<td>{}<td>{}",
            escaped(name),
            kind(field),
            words(text(&field["description"]))
        );
    }
    out.push_str("</table></div>\n");
}

/// What a value may be, in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|place| place.rsplit('/').next()) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escaped(name));
    }
    if let Some(value) = schema.get("const") {
        return format!("<code>{}</code>", escaped(value.as_str().unwrap_or_default()));
    }
    if let Some(names) = schema["enum"].as_array() {
        let names: Vec<String> = names.iter().map(|name| format!("<code>{}</code>", escaped(text(name)))).collect();
        let default = schema["default"].as_str();
        let default = default.map(|name| format!(" <span class=\"dim\">default {}</span>", escaped(name)));
        return format!("{}{}", names.join(" "), default.unwrap_or_default());
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(branches) = schema[key].as_array() {
            let kinds: Vec<String> = branches.iter().map(kind).collect();
            return kinds.join(" or ");
        }
    }
    let names: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => vec!["anything"],
    };
    let named: Vec<String> = names.iter().map(|name| one(name, schema)).collect();
    named.join(" or ")
}

fn one(name: &str, schema: &Value) -> String {
    let range = |low: &str, high: &str| {
        let bound = |key: &str| schema.get(key).map(ToString::to_string);
        match (bound(low), bound(high)) {
            (Some(low), Some(high)) => format!(" {low} to {high}"),
            (Some(low), None) => format!(", at least {low}"),
            (None, Some(high)) => format!(", at most {high}"),
            (None, None) => String::new(),
        }
    };
    let default = schema.get("default").filter(|_| name != "null").map(|value| format!(", default {value}"));
    let what = match name {
        "array" if schema.get("prefixItems").is_some() => {
            let items: Vec<String> = schema["prefixItems"].as_array().into_iter().flatten().map(kind).collect();
            format!("[{}]", items.join(", "))
        }
        "array" => format!("list of {}{}", kind(&schema["items"]), range("minItems", "maxItems")),
        "object" if schema.get("additionalProperties").is_some_and(Value::is_object) => {
            format!("object of {}", kind(&schema["additionalProperties"]))
        }
        "string" if schema["format"] == "date-time" => "time".to_owned(),
        "string" => format!("text{}", range("minLength", "maxLength")),
        "integer" | "number" => format!("{name}{}", range("minimum", "maximum")),
        other => other.to_owned(),
    };
    format!("{what}{}", default.unwrap_or_default())
}

/// Paragraphs, with what stands between back-ticks as code.
fn words(text: &str) -> String {
    let mut out = String::new();
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        out.push_str("<p>");
        for (number, piece) in paragraph.split('`').enumerate() {
            if number % 2 == 1 {
                let _ = write!(out, "<code>{}</code>", escaped(piece));
            } else {
                out.push_str(&escaped(piece));
            }
        }
        out.push_str("</p>\n");
    }
    out
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[test]
fn nothing_of_a_text_becomes_markup() {
    assert_eq!(words("a < `b<c` & \"d\"\n\n"), "<p>a &lt; <code>b&lt;c</code> &amp; &quot;d&quot;</p>\n");
}
