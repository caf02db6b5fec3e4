//! The `.env` file of the working folder.
//!
//! It belongs to this program alone, so a name in it that is no setting is a mistake and stops the start. The
//! environment belongs to everybody, so foreign names there are left alone.

use std::collections::BTreeMap;

use super::ConfigError;
use super::setting::{Kind, SETTINGS};

/// What the file sets. The first mistake is told with the name that it concerns.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut values = BTreeMap::new();
    for entry in dotenvy::from_read_iter(text.as_bytes()) {
        // The parser's own words would print the line, which may hold a secret.
        let (name, value) = entry.map_err(|_| {
            let after = values.keys().next_back().map_or(String::new(), |name: &String| format!(" near {name}"));
            ConfigError(format!(".env has a line{after} that is not of the form NAME=value."))
        })?;
        if !SETTINGS.iter().any(|setting| setting.name == name && setting.kind != Kind::FlagOnly) {
            return Err(ConfigError(unknown(&name)));
        }
        values.insert(name, value);
    }
    Ok(values)
}

fn unknown(name: &str) -> String {
    let nearest = SETTINGS
        .iter()
        .map(|setting| (strsim::osa_distance(setting.name, name), setting.name))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    match nearest {
        Some((_, meant)) => format!("{name} in .env is not a setting; {meant} is."),
        None => format!("{name} in .env is not a setting."),
    }
}
