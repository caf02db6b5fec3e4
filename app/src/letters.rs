//! Letters of every script.
//!
//! The browser knows them; its module goes without the tables that say the same. Both sides follow Unicode.

/// The first letter or digit in a text.
#[cfg(feature = "hydrate")]
pub(crate) fn first(text: &str) -> Option<String> {
    js_sys::RegExp::new(r"[\p{Alphabetic}\p{N}]", "u").exec(text)?.get(0).as_string()
}

/// The first letter or digit in a text.
#[cfg(not(feature = "hydrate"))]
pub(crate) fn first(text: &str) -> Option<String> {
    text.chars().find(|char| char.is_alphanumeric()).map(String::from)
}

/// A text in capitals.
#[cfg(feature = "hydrate")]
pub(crate) fn capitals(text: &str) -> String {
    js_sys::JsString::from(text).to_upper_case().into()
}

/// A text in capitals.
#[cfg(not(feature = "hydrate"))]
pub(crate) fn capitals(text: &str) -> String {
    text.to_uppercase()
}
