//! How an answer is packed for its reader: what the reader takes, and the packing itself.

use std::io::Write;

use axum::http::{HeaderMap, HeaderValue, header};
use bytes::Bytes;

/// A content coding that we write, best for a browser first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Zstd,
    Gzip,
}

impl Encoding {
    pub(super) const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    pub(super) fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    /// The coding that a reader likes best, by its q-values; `None` when it would rather have none, or says nothing.
    pub(super) fn choose(headers: &HeaderMap) -> Option<Self> {
        let mut weights = [None; 3];
        let mut others = None;
        let mut plain = None;
        for value in headers.get_all(header::ACCEPT_ENCODING) {
            for item in value.to_str().unwrap_or_default().split(',') {
                let mut parts = item.split(';').map(str::trim);
                let name = parts.next().unwrap_or_default().to_ascii_lowercase();
                let Some(weight) = weight(parts) else { continue };
                match name.as_str() {
                    "*" => others = Some(weight),
                    "identity" => plain = Some(weight),
                    "x-gzip" => weights[2] = Some(weight),
                    name => {
                        if let Some(place) = Self::ALL.iter().position(|encoding| encoding.name() == name) {
                            weights[place] = Some(weight);
                        }
                    }
                }
            }
        }
        let mut best: Option<(Self, u16)> = None;
        for (encoding, weight) in Self::ALL.into_iter().zip(weights) {
            let weight = weight.or(others).unwrap_or(0);
            if weight > best.map_or(0, |(_, best)| best) {
                best = Some((encoding, weight));
            }
        }
        best.filter(|(_, weight)| plain.is_none_or(|plain| *weight >= plain)).map(|(encoding, _)| encoding)
    }

    /// The bytes, packed; `None` when the library refuses.
    pub(super) fn pack(self, bytes: &[u8]) -> Option<Bytes> {
        crate::observe::packed();
        let packed = match self {
            Self::Brotli => {
                let parameters = brotli::enc::BrotliEncoderParams { quality: 5, lgwin: 20, ..Default::default() };
                let mut packed = Vec::with_capacity(bytes.len() / 3);
                brotli::BrotliCompress(&mut &*bytes, &mut packed, &parameters).ok()?;
                packed
            }
            Self::Zstd => zstd::bulk::compress(bytes, 3).ok()?,
            Self::Gzip => {
                let packed = Vec::with_capacity(bytes.len() / 3);
                let mut encoder = flate2::write::GzEncoder::new(packed, flate2::Compression::new(6));
                encoder.write_all(bytes).ok()?;
                encoder.finish().ok()?
            }
        };
        Some(packed.into())
    }
}

/// The weight among the parameters of an item, in thousandths; `None` when it cannot be read.
pub(super) fn weight<'a>(parameters: impl Iterator<Item = &'a str>) -> Option<u16> {
    for parameter in parameters {
        if let Some(q) = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q=")) {
            let q: f64 = q.trim().parse().ok()?;
            if !(0.0..=1.0).contains(&q) {
                return None;
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
            return Some((q * 1000.0).round() as u16);
        }
    }
    Some(1000)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::io::Read;

    use super::*;

    fn choose(accepted: &str) -> Option<Encoding> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, accepted.parse().unwrap());
        Encoding::choose(&headers)
    }

    #[test]
    fn the_reader_decides_by_its_weights() {
        for (accepted, wanted) in [
            ("gzip, deflate, br, zstd", Some(Encoding::Brotli)),
            ("gzip;q=1.0, br;q=0.5", Some(Encoding::Gzip)),
            ("br;q=0, zstd", Some(Encoding::Zstd)),
            ("GZIP", Some(Encoding::Gzip)),
            ("*", Some(Encoding::Brotli)),
            ("*, br;q=0", Some(Encoding::Zstd)),
            ("*;q=0", None),
            ("identity", None),
            ("identity, gzip;q=0.5", None),
            ("br;q=nonsense", None),
            ("br;q=7", None),
            ("", None),
        ] {
            assert_eq!(choose(accepted), wanted, "{accepted}");
        }
        assert_eq!(Encoding::choose(&HeaderMap::new()), None);
    }

    #[test]
    fn what_was_packed_unpacks() {
        let text = "the same words again and again, ".repeat(400).into_bytes();
        let [br, zstd, gzip] = Encoding::ALL.map(|encoding| encoding.pack(&text).unwrap());
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut &*br, &mut unpacked).unwrap();
        assert_eq!(unpacked, text);
        assert_eq!(zstd::decode_all(&*zstd).unwrap(), text);
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&*gzip).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, text);
    }
}
