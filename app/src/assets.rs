//! The names of the three files of `/pkg`, which change with their content.

use serde::{Deserialize, Serialize};

/// File names below `/pkg`, as `pkg/assets.json` lists them. The server reads them once and provides them as context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetNames {
    /// The script: `memescope.0123456789abcdef.js`.
    pub js: String,
    /// The module that the script loads.
    pub wasm: String,
    /// The styles.
    pub css: String,
}

impl Default for AssetNames {
    /// The names without a hash.
    fn default() -> Self {
        let name = |extension: &str| format!("memescope.{extension}");
        Self { js: name("js"), wasm: name("wasm"), css: name("css") }
    }
}
