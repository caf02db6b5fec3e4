//! JSON Schemas of the values that write themselves as text, for the documents of the API.
//!
//! Only with the feature `schema`, which nothing but tests asks for: the documents are checked in, and no product
//! carries what they are made with.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::{Chain, Epoch, PoolId, Price, SortedMap, Timestamp, TokenId};

macro_rules! texts {
    ($($name:ident { $($member:tt)* })*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", $($member)* })
            }
        }
    )*};
}

texts! {
    Price {
        "description": "A decimal, exact as merged: at most 18 significant digits, never with an exponent.",
        "pattern": "^[0-9]+(\\.[0-9]+)?$"
    }
    Timestamp { "description": "RFC 3339 in UTC, with milliseconds.", "format": "date-time" }
    Epoch {
        "description": "Changes only when seqs cannot be continued.",
        "pattern": "^[0-9a-f]{16}$"
    }
    Chain { "description": "The slug of a chain.", "pattern": "^[a-z0-9_-]{1,32}$" }
    TokenId {
        "description": "`chain:address`. The address keeps its case.",
        "pattern": "^[a-z0-9_-]{1,32}:\\S+$"
    }
    PoolId {
        "description": "`chain:address` of a pool.",
        "pattern": "^[a-z0-9_-]{1,32}:\\S+$"
    }
}

impl<K: JsonSchema, V: JsonSchema> JsonSchema for SortedMap<K, V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("SortedMap_of_{}_and_{}", K::schema_name(), V::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": generator.subschema_for::<K>(),
            "additionalProperties": generator.subschema_for::<V>(),
        })
    }
}
