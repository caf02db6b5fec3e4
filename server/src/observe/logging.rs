//! How the log is written: text for a terminal, one JSON object a line for machines.
//!
//! What a log line repeats may come from anybody: a token's name, a path, an upstream's error. Nothing in it can begin a
//! new line or speak to the terminal.

use std::io::{self, IsTerminal as _};

use tracing::Subscriber;
use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{Writer, debug_fn};

use crate::config::{LogConfig, LogFormat};

/// Writes the log of this process to its standard error from now on, panics included. Call it once.
pub fn start(config: &LogConfig) {
    let subscriber = subscriber(config, io::stderr().is_terminal(), io::stderr);
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("The log has been started already");
        return;
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let payload = panic.payload();
        let message = payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str));
        tracing::error!(panic.message = message.unwrap_or_default(), panic.place = place.as_str(), "Panicked");
    }));
}

type AnySubscriber = Box<dyn Subscriber + Send + Sync>;

fn subscriber<W>(config: &LogConfig, is_terminal: bool, writer: W) -> AnySubscriber
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // It was checked when it was read.
    let filter = EnvFilter::builder().parse(&config.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let as_text = match config.format {
        LogFormat::Auto => is_terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    if as_text {
        Box::new(builder.with_ansi(is_terminal).fmt_fields(debug_fn(write_field).delimited(" ")).finish())
    } else {
        Box::new(builder.json().flatten_event(true).with_current_span(true).with_span_list(false).finish())
    }
}

/// Writes a field. Texts come quoted; what comes as it prints itself keeps its letters and loses its controls.
fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn std::fmt::Debug) -> std::fmt::Result {
    let text = format!("{value:?}");
    if field.name() != "message" {
        write!(writer, "{}=", field.name())?;
    }
    for letter in text.chars() {
        if is_harmless(letter) { writer.write_char(letter)? } else { write!(writer, "{}", letter.escape_unicode())? }
    }
    Ok(())
}

/// Whether it leaves the line and its direction as they are.
fn is_harmless(letter: char) -> bool {
    !letter.is_control()
        && !matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;
    use crate::config::Secret;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written while `tell` runs.
    fn written(filter: &str, format: LogFormat, is_terminal: bool, tell: impl FnOnce()) -> String {
        let lines = Lines::default();
        let config = LogConfig { filter: filter.to_owned(), format };
        let writer = lines.clone();
        tracing::subscriber::with_default(subscriber(&config, is_terminal, move || writer.clone()), tell);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    const HOSTILE: &str = "PEPE\n2026-01-01 ERROR forged\r\u{1b}[31m\u{202e}\"";

    #[test]
    fn hostile_text_stays_on_its_line() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let text = written("info", format, false, || {
                tracing::warn!(token.name = HOSTILE, error = %HOSTILE, "A name: {HOSTILE}");
            });
            assert_eq!(text.matches('\n').count(), 1, "{text:?}");
            assert!(text.ends_with('\n'));
            assert!(!text.contains(['\u{1b}', '\r']), "{text:?}");
        }
        let text = written("info", LogFormat::Text, false, || tracing::warn!(error = %HOSTILE, "A name"));
        assert!(!text.contains('\u{202e}'), "{text:?}");
    }

    #[test]
    fn the_format_follows_the_terminal_unless_it_is_chosen() {
        let tell = || tracing::info!(answer = 42, "Told");
        for (format, is_terminal, json) in [
            (LogFormat::Auto, true, false),
            (LogFormat::Auto, false, true),
            (LogFormat::Text, false, false),
            (LogFormat::Json, true, true),
        ] {
            let text = written("info", format, is_terminal, tell);
            let parsed = serde_json::from_str::<Value>(&text);
            assert_eq!(parsed.is_ok(), json, "{text}");
            if let Ok(parsed) = parsed {
                assert_eq!((&parsed["message"], &parsed["answer"]), (&"Told".into(), &42.into()));
                assert_eq!(parsed["level"], "INFO");
            }
        }
    }

    #[test]
    fn the_filter_decides_what_is_told() {
        let tell = || {
            tracing::debug!("One");
            tracing::info!("Two");
            tracing::warn!("Three");
        };
        for (filter, lines) in [("off", 0), ("warn", 1), ("info", 2), ("debug", 3), ("warn,server::observe=debug", 3)] {
            assert_eq!(written(filter, LogFormat::Text, false, tell).lines().count(), lines, "{filter}");
        }
    }

    #[test]
    fn a_secret_is_never_told() {
        let secret = Secret::new("hunter2").unwrap();
        let text = written("trace", LogFormat::Json, false, || tracing::info!(key = ?secret, "Told"));
        assert!(!text.contains("hunter2") && text.contains("(secret)"));
    }
}
