//! The collection for Postman, in its format 2.1.

use serde_json::{Value, json};

use super::calls::{BASE, CALLS, Call, Check};

/// The collection.
pub(super) fn postman() -> Value {
    json!({
        "info": {
            "name": "Memescope",
            "description": "Requests that anybody may try, with tests. Set `base` to where your server listens.",
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "variable": [{ "key": "base", "value": BASE }],
        "item": CALLS.iter().map(item).collect::<Vec<_>>(),
    })
}

fn item(call: &Call) -> Value {
    let pair = |(key, value): &(&str, &str)| json!({ "key": key, "value": value });
    let path: Vec<&str> = call.path.split('/').filter(|part| !part.is_empty()).collect();
    json!({
        "name": call.name,
        "event": [{ "listen": "test", "script": { "type": "text/javascript", "exec": script(call) } }],
        "request": {
            "method": "GET",
            "header": call.headers.iter().map(pair).collect::<Vec<_>>(),
            "url": {
                "raw": call.address(),
                "host": ["{{base}}"],
                "path": path,
                "query": call.query.iter().map(pair).collect::<Vec<_>>(),
            },
        },
    })
}

fn script(call: &Call) -> Vec<String> {
    let mut lines = vec![format!("pm.test('status', () => pm.response.to.have.status({}));", call.status)];
    let reads_body = |check: &Check| !matches!(check, Check::Header(..));
    if call.checks.iter().any(reads_body) || !call.keeps.is_empty() {
        lines.push("const body = pm.response.json();".to_owned());
    }
    lines.extend(call.checks.iter().map(|check| match check {
        Check::Header(name, text) => {
            format!("pm.test('{name}', () => pm.expect(pm.response.headers.get('{name}')).to.include('{text}'));")
        }
        Check::Text(place, text) => format!("pm.test('{place}', () => pm.expect(body.{place}).to.equal('{text}'));"),
        Check::Count(place, count) => {
            format!("pm.test('{place}', () => pm.expect(body.{place}.length).to.equal({count}));")
        }
        Check::There(place) => format!("pm.test('{place}', () => pm.expect(body.{place}).to.exist);"),
    }));
    lines.extend(call.keeps.iter().map(|(name, place)| format!("pm.collectionVariables.set('{name}', body.{place});")));
    lines
}
