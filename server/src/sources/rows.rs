//! The outer shapes of answers: lists of rows and maps of entries, each row held back as raw text.
//!
//! Rows are told apart here and read one by one later, so that a bad row costs itself alone. An answer holds at most
//! [`MOST_ROWS`] rows; what is beyond is passed over.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::error::SourceError;

/// The most rows that are read from one answer.
pub(super) const MOST_ROWS: usize = 5_000;

/// A list of rows. `null` is an empty list.
pub(super) type Rows<'a> = List<&'a RawValue>;

/// A list of whatever a row is read as. `null` is an empty list.
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rows<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Rows<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list or null")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut rows = Vec::new();
                while rows.len() < MOST_ROWS {
                    match list.next_element()? {
                        Some(row) => rows.push(row),
                        None => return Ok(rows),
                    }
                }
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(rows)
            }
        }
        deserializer.deserialize_any(Rows(PhantomData)).map(Self)
    }
}

/// An object that is read by its names where it stands. A list in its place is no such thing.
#[derive(Debug)]
pub(super) struct Named<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(Object(PhantomData)).map(Self)
    }
}

/// A map from names to entries, in the answer's order.
#[derive(Debug)]
pub(super) struct Entries<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while entries.len() < MOST_ROWS {
                    match map.next_entry::<String, _>()? {
                        Some((name, entry)) => entries.push((Cow::Owned(name), entry)),
                        None => return Ok(entries),
                    }
                }
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(entries)
            }
        }
        deserializer.deserialize_map(Map).map(Entries)
    }
}

/// Reads an object by its names. A list in its place is refused, for serde would fill the fields in their order.
pub(super) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    if text.trim_start().starts_with('{') { serde_json::from_str(text).ok() } else { None }
}

/// Reads a whole answer that is an object.
pub(super) fn document<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, SourceError> {
    object(body).ok_or(SourceError::Malformed)
}

/// Reads a whole answer that is a list or a map.
pub(super) fn whole<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, SourceError> {
    serde_json::from_str(body).map_err(|_| SourceError::Malformed)
}

/// Whether an answer is `{}`, with which sources say that they know nothing.
pub(super) fn is_empty_object(body: &str) -> bool {
    let inside = body.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    inside.is_some_and(|inside| inside.trim().is_empty())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn rows(body: &str) -> Result<usize, SourceError> {
        whole::<Rows<'_>>(body).map(|rows| rows.0.len())
    }

    #[test]
    fn lists_are_cut_at_their_limit_but_read_to_their_end() {
        assert_eq!(rows("null"), Ok(0));
        assert_eq!(rows("[]"), Ok(0));
        assert_eq!(rows(r#"[{"a":1},2,null,"x"]"#), Ok(4));
        let long = |end| format!("[{}1{end}", "1,".repeat(MOST_ROWS + 100));
        assert_eq!(rows(&long("]")), Ok(MOST_ROWS));
        assert_eq!(rows(&long("")), Err(SourceError::Malformed));
        for body in ["", "{}", "5", "\"[]\"", "[1,]", "[1", "[] []"] {
            assert_eq!(rows(body), Err(SourceError::Malformed), "{body}");
        }
    }

    #[test]
    fn depth_is_no_danger() {
        for depth in [100, 10_000, 1_000_000] {
            let deep = "[".repeat(depth) + &"]".repeat(depth);
            let _ = rows(&deep);
            let _ = whole::<Entries<'_>>(&format!("{{\"a\":{deep}}}"));
        }
    }

    #[test]
    fn maps_keep_their_order() {
        let entries: Entries<'_> = whole(r#"{"b":1,"a":null,"b":{"c":[]}}"#).unwrap();
        let names: Vec<_> = entries.0.iter().map(|(name, _)| name.as_ref()).collect();
        assert_eq!(names, ["b", "a", "b"]);
    }

    #[test]
    fn an_empty_object_is_told_apart() {
        assert!(is_empty_object("{}") && is_empty_object(" {\n} "));
        assert!(!is_empty_object("{\"a\":1}") && !is_empty_object("{") && !is_empty_object("[]"));
    }
}
