//! The members of small objects inside a row.
//!
//! What a row holds was read as JSON once, when it was told apart from its neighbours; to take it apart needs no second
//! judge of its grammar, only its commas. A text that is no JSON would give members that make no sense, and no panic.

use std::borrow::Cow;

use memchr::memchr2;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A value as it stands in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// The text, without blanks around it.
    pub(super) fn get(self) -> &'a str {
        self.0
    }
}

impl<'a> From<&'a RawValue> for Json<'a> {
    fn from(raw: &'a RawValue) -> Self {
        Self(raw.get())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(Self::from)
    }
}

/// The members of these names; `None` for one that is missing or `null`. `None` for all where the value is no object, or
/// has a name twice.
pub(super) fn members<'a, const N: usize>(object: Json<'a>, names: [&str; N]) -> Option<[Option<Json<'a>>; N]> {
    let mut rest = object.0.strip_prefix('{')?;
    let (mut found, mut seen) = ([None; N], [false; N]);
    while let Some(key) = rest.trim_ascii_start().strip_prefix('"') {
        let (end, is_plain) = end_of_text(key)?;
        let name = if is_plain { Cow::Borrowed(&key[..end]) } else { Cow::Owned(as_meant(&key[..end])?) };
        let value = key[end + 1..].trim_ascii_start().strip_prefix(':')?.trim_ascii_start();
        let end = end_of_value(value)?;
        if let Some(place) = names.iter().position(|known| is_same(known, &name)) {
            if std::mem::replace(&mut seen[place], true) {
                return None;
            }
            found[place] = Some(&value[..end]).filter(|value| *value != "null").map(Json);
        }
        rest = value[end..].trim_ascii_start();
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    Some(found)
}

/// The same as `==`, which calls a function that pays for longer texts only.
fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).all(|(one, other)| one == other)
}

/// A name in which something is escaped.
fn as_meant(written: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{written}\"")).ok()
}

/// Where the quote stands that ends a text, and whether nothing in it is escaped.
fn end_of_text(text: &str) -> Option<(usize, bool)> {
    let bytes = text.as_bytes();
    let is_mark = |byte: &u8| matches!(byte, b'"' | b'\\');
    // Most texts are short; the others are addresses.
    let near = bytes.iter().take(NEAR).position(is_mark);
    let mut at = near.or_else(|| Some(NEAR + memchr2(b'"', b'\\', bytes.get(NEAR..)?)?))?;
    let mut is_plain = true;
    while *bytes.get(at)? != b'"' {
        is_plain = false;
        at += 2;
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
    }
    Some((at, is_plain))
}

/// How far a text is read byte by byte.
const NEAR: usize = 16;

/// Where a value ends.
fn end_of_value(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    match bytes.first()? {
        b'"' => Some(end_of_text(text.get(1..)?)?.0 + 2),
        b'{' | b'[' => {
            let (mut depth, mut at) = (0usize, 0);
            loop {
                match bytes.get(at)? {
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' if depth == 1 => return Some(at + 1),
                    b'}' | b']' => depth -= 1,
                    b'"' => at += end_of_text(text.get(at + 1..)?)?.0 + 1,
                    _ => {}
                }
                at += 1;
            }
        }
        _ => bytes.iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn read<'a>(text: &'a str, names: [&str; 3]) -> Option<[Option<&'a str>; 3]> {
        members(Json(text), names).map(|found| found.map(|member| member.map(Json::get)))
    }

    #[test]
    fn members_are_found_wherever_they_stand() {
        let names = ["a", "b", "c"];
        for (text, expected) in [
            ("{}", Some([None; 3])),
            (r#"{ "b" : null , "a":1 }"#, Some([Some("1"), None, None])),
            (
                r#"{"x":{"a":"}"},"c":[{"a":1},"]\""],"a":"\\","b":-1.5e3}"#,
                Some([Some(r#""\\""#), Some("-1.5e3"), Some(r#"[{"a":1},"]\""]"#)]),
            ),
            (r#"{"\u0061":true}"#, Some([Some("true"), None, None])),
            (r#"{"a":1,"a":2}"#, None),
            (r#"{"a":null,"a":2}"#, None),
            (r#"{"x":1,"x":2}"#, Some([None; 3])),
            (r#"["a",1]"#, None),
            (r#""a""#, None),
            ("7", None),
        ] {
            assert_eq!(read(text, names), expected, "{text}");
        }
    }

    /// JSON as somebody may send it.
    fn any_value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "[ab{}\\[\\],:\"\\\\ é]{0,6}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                prop::collection::hash_map("[abc\"\\\\é]{1,2}", inner, 0..5)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn an_object_is_taken_apart_as_the_library_does(value in any_value(), is_pretty in any::<bool>()) {
            let text = if is_pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let expected = value.as_object().map(|object| {
                ["a", "b", "c"].map(|name| object.get(name).filter(|value| !value.is_null()).cloned())
            });
            let found = read(&text, ["a", "b", "c"]);
            let found = found.map(|found| found.map(|member| member.map(|text| serde_json::from_str(text).unwrap())));
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn what_is_no_json_does_no_harm(text in "[{}\\[\\]:,\"\\\\a1 é]{0,20}") {
            let _ = read(&text, ["a", "1", ""]);
            let _ = serde_json::from_str::<HashMap<&str, Json<'_>>>(&text);
        }
    }
}
