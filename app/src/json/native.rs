//! What stands in for the browser's parser elsewhere: in tests.

use serde_json::Value;

/// A value of JSON.
pub(crate) struct Json(Value);

impl Json {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    /// A field that is there, `null` or not.
    pub(crate) fn get(&self, name: &str) -> Option<Self> {
        self.0.get(name).cloned().map(Self)
    }

    /// The names of an object's fields.
    pub(crate) fn names(&self) -> Option<Vec<String>> {
        Some(self.0.as_object()?.keys().cloned().collect())
    }

    pub(crate) fn items(&self) -> Option<Vec<Self>> {
        Some(self.0.as_array()?.iter().cloned().map(Self).collect())
    }

    pub(crate) fn text(&self) -> Option<String> {
        self.0.as_str().map(str::to_owned)
    }

    pub(crate) fn number(&self) -> Option<f64> {
        self.0.as_f64()
    }

    pub(crate) fn truth(&self) -> Option<bool> {
        self.0.as_bool()
    }

    pub(crate) fn is_null(&self) -> bool {
        self.0.is_null()
    }
}
