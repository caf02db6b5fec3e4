//! Rows and their changes with the origins of their fields, for those who ask for them: printed when somebody first does,
//! then shared by all who do.

use bytes::Bytes;
use memescope::{Provenance, Token};
use serde::Serialize;
use serde_json::{Map, Value};

/// Which form of rows a reader takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowForm {
    /// The published fields.
    #[default]
    Plain,
    /// With `provenance` and `flag_details`.
    WithProvenance,
    /// The published fields, as bytes of the compact subprotocol.
    Compact,
}

/// A printed row with the origins of its fields.
pub(super) fn row(plain: &Bytes, token: &Token) -> Bytes {
    let Provenance { fields, flags } = &*token.provenance;
    let mut out = opened(plain);
    member(&mut out, "provenance", fields);
    member(&mut out, "flag_details", flags);
    closed(out)
}

/// What changed between two states of a row, with what changed in the origins; `plain` is the patch without.
///
/// Inside `provenance` a field without an origin has no member, so there `null` takes a member away.
pub(super) fn patch(plain: Option<&Bytes>, old: &Token, new: &Token) -> Bytes {
    let mut out = match plain {
        Some(plain) => opened(plain),
        None => format!(r#"{{"id":"{}""#, new.id).into_bytes(),
    };
    let (before, after) = (&*old.provenance, &*new.provenance);
    let changed = merge_patch(&object(&before.fields), &object(&after.fields));
    if !changed.is_empty() {
        member(&mut out, "provenance", &changed);
    }
    if before.flags != after.flags {
        member(&mut out, "flag_details", &after.flags);
    }
    closed(out)
}

/// A printed object without its last brace.
fn opened(printed: &Bytes) -> Vec<u8> {
    let mut out = Vec::with_capacity(printed.len() + 1_024);
    out.extend_from_slice(printed.strip_suffix(b"}").unwrap_or(printed));
    out
}

fn member(out: &mut Vec<u8>, name: &str, value: &impl Serialize) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    serde_json::to_writer(out, value).expect("text keys and finite numbers");
}

fn closed(mut out: Vec<u8>) -> Bytes {
    out.push(b'}');
    out.into()
}

fn object(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// What turns one object into another: new and changed members, and `null` for those that are gone.
fn merge_patch(old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = Map::new();
    for (name, value) in new {
        match (old.get(name), value) {
            (Some(before), value) if before == value => {}
            (Some(Value::Object(before)), Value::Object(after)) => {
                patch.insert(name.clone(), merge_patch(before, after).into());
            }
            (_, value) => drop(patch.insert(name.clone(), value.clone())),
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    patch
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_merge_patch_names_what_came_changed_and_went() {
        let old = json!({"price_usd": {"source": "jupiter", "observed_at": "1", "pool": "a", "others": {"x": "1"}}, "txns": {"source": "x"}});
        let new = json!({"price_usd": {"source": "jupiter", "observed_at": "2", "others": {"y": "2"}}, "name": {"source": "y"}});
        let (Value::Object(old), Value::Object(new)) = (old, new) else { unreachable!("objects") };
        let expected = json!({
            "price_usd": {"observed_at": "2", "pool": null, "others": {"x": null, "y": "2"}},
            "name": {"source": "y"}, "txns": null
        });
        assert_eq!(Value::from(merge_patch(&old, &new)), expected);
        assert!(merge_patch(&new, &new).is_empty());
    }
}
