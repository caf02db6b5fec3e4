//! The collection for Bruno: a folder of plain text, a file a request.

use std::fmt::Write as _;

use serde_json::json;

use super::calls::{BASE, CALLS, Call, Check};

/// The files, by their names.
pub(super) fn bruno() -> Vec<(String, String)> {
    let about = json!({ "version": "1", "name": "Memescope", "type": "collection" });
    let mut files = vec![
        ("bruno.json".to_owned(), format!("{about:#}\n")),
        ("environments/local.bru".to_owned(), format!("vars {{\n  base: {BASE}\n}}\n")),
    ];
    for (number, call) in (1..).zip(CALLS) {
        let name: String = call
            .name
            .to_lowercase()
            .chars()
            .map(|symbol| if symbol.is_ascii_alphanumeric() { symbol } else { '-' })
            .collect();
        files.push((format!("{number:02}-{name}.bru"), file(number, call)));
    }
    files
}

fn file(number: usize, call: &Call) -> String {
    let mut out = String::new();
    let mut block = |name: &str, lines: Vec<(String, String)>| {
        if lines.is_empty() {
            return;
        }
        let _ = writeln!(out, "{}{name} {{", if out.is_empty() { "" } else { "\n" });
        for (key, value) in lines {
            let _ = writeln!(out, "  {key}: {value}");
        }
        out.push_str("}\n");
    };
    let line = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| line(key, value)).collect::<Vec<_>>();
    block("meta", vec![line("name", call.name), line("type", "http"), line("seq", &number.to_string())]);
    block("get", vec![line("url", &call.address()), line("body", "none"), line("auth", "none")]);
    block("params:query", pairs(call.query));
    block("headers", pairs(call.headers));
    let mut checks = vec![line("res.status", &format!("eq {}", call.status))];
    checks.extend(call.checks.iter().map(|check| match check {
        Check::Header(name, text) => line(&format!("res.headers['{name}']"), &format!("contains {text}")),
        Check::Text(place, text) => line(&format!("res.body.{place}"), &format!("eq {text}")),
        Check::Count(place, count) => line(&format!("res.body.{place}.length"), &format!("eq {count}")),
        Check::There(place) => line(&format!("res.body.{place}"), "isDefined"),
    }));
    block(
        "vars:post-response",
        call.keeps.iter().map(|(name, place)| line(name, &format!("res.body.{place}"))).collect(),
    );
    block("assert", checks);
    out
}
