//! A value that the browser has parsed.

use js_sys::{Array, JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// A value of JSON.
pub(crate) struct Json(JsValue);

impl Json {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        JSON::parse(text).ok().map(Self)
    }

    /// A field that is there, `null` or not.
    pub(crate) fn get(&self, name: &str) -> Option<Self> {
        Reflect::get(&self.0, &JsValue::from_str(name)).ok().filter(|field| !field.is_undefined()).map(Self)
    }

    /// The names of an object's fields.
    pub(crate) fn names(&self) -> Option<Vec<String>> {
        let object: &Object = self.0.dyn_ref()?;
        Object::keys(object).iter().map(|name| name.as_string()).collect()
    }

    pub(crate) fn items(&self) -> Option<Vec<Self>> {
        let array: &Array = self.0.dyn_ref()?;
        Some(array.iter().map(Self).collect())
    }

    pub(crate) fn text(&self) -> Option<String> {
        self.0.as_string()
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
