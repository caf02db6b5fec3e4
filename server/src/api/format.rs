//! The forms that a list can be given in, and which of them a reader wants.

use axum::http::{HeaderMap, HeaderValue, header};

use super::encoding;

/// A form of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// One document with rows, page and board.
    Json,
    /// A line of names, then a line a row.
    Csv,
    /// A row a line, each a JSON object.
    Ndjson,
}

impl Format {
    /// Every form; of those that a reader likes as well the first is given.
    pub(super) const ALL: [Self; 3] = [Self::Json, Self::Csv, Self::Ndjson];

    /// As in `format=`, and as the ending of a file.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    /// As in `Accept`.
    pub(super) const fn media(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// As in `Content-Type`.
    pub(super) const fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            other => other.media(),
        })
    }

    /// The form that a reader likes best; somebody who says nothing likes JSON, `None` takes none of them.
    pub(super) fn accepted(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(header::ACCEPT) {
            return Some(Self::Json);
        }
        let weights = Self::ALL.map(|format| weight(headers, format.media()));
        let best = weights.into_iter().max().filter(|best| *best > 0)?;
        Self::ALL.into_iter().zip(weights).find(|(_, weight)| *weight == best).map(|(format, _)| format)
    }
}

/// Whether JSON is among what the reader takes; somebody who says nothing takes anything.
pub(super) fn accepts_json(headers: &HeaderMap) -> bool {
    weight(headers, Format::Json.media()) > 0
}

/// How much the reader likes a kind of answer, in thousandths.
fn weight(headers: &HeaderMap, media: &str) -> u16 {
    let family = media.split('/').next().unwrap_or_default();
    let mut says_something = false;
    // The most exact range decides: 2 for the type itself, 1 for its family, 0 for anything.
    let mut best: Option<(u8, u16)> = None;
    for value in headers.get_all(header::ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            says_something |= !name.is_empty();
            let exactness = match name.split_once('/') {
                _ if name == media => 2,
                Some((of, "*")) if of == family => 1,
                Some(("*", "*")) => 0,
                None if name == "*" => 0,
                _ => continue,
            };
            let weight = encoding::weight(parts).unwrap_or(0);
            if best.is_none_or(|(most, _)| exactness >= most) {
                best = Some((exactness, weight));
            }
        }
    }
    best.map_or(if says_something { 0 } else { 1_000 }, |(_, weight)| weight)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn the_reader_decides_by_its_weights() {
        for (accept, wanted) in [
            ("", Some(Format::Json)),
            ("*/*", Some(Format::Json)),
            ("text/html, */*;q=0.1", Some(Format::Json)),
            ("text/csv", Some(Format::Csv)),
            ("TEXT/CSV", Some(Format::Csv)),
            ("text/*", Some(Format::Csv)),
            ("application/x-ndjson", Some(Format::Ndjson)),
            ("application/*", Some(Format::Json)),
            ("application/json;q=0.5, text/csv", Some(Format::Csv)),
            ("application/json;q=0.5, text/csv;q=0.4", Some(Format::Json)),
            ("*/*, application/json;q=0", Some(Format::Csv)),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json;q=nonsense", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(Format::accepted(&headers), wanted, "{accept}");
        }
        assert_eq!(Format::accepted(&HeaderMap::new()), Some(Format::Json));
    }
}
