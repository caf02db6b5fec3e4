//! An answer out of a snapshot: made once, then given to whoever asks the same thing while the snapshot lasts.

use std::fmt::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use memescope::fnv::Fnv;
use memescope::{Board, Epoch, Seq, Timestamp};

use super::encoding::Encoding;
use crate::pages::Lru;

/// What kept answers may take together, packed forms included, bytes.
const KEPT_BYTES: usize = 32 << 20;

/// Longer addresses are not remembered; nobody asks them often.
const MAX_ADDRESS: usize = 2_048;

/// Shorter answers are not packed.
const PACKED_FROM: usize = 512;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The headers of an answer; enough to tell a reader that what it holds is still right.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) etag: HeaderValue,
    pub(super) last_modified: Option<HeaderValue>,
    pub(super) cache_control: &'static str,
    pub(super) link: Option<HeaderValue>,
}

impl Head {
    /// Of what was made from a board; `hash` tells apart what else the answer depends on.
    pub(super) fn new(board: &Board, hash: u64, cache_control: &'static str) -> Self {
        let mut etag = String::with_capacity(64);
        let _ = write!(etag, "W/\"{}.{}.{hash:x}\"", board.epoch, board.seq);
        Self {
            etag: HeaderValue::from_str(&etag).expect("hexadecimal digits and dots"),
            last_modified: Some(http_date(board.as_of)),
            cache_control,
            link: None,
        }
    }

    /// Of what is the same until the next version of the server.
    pub(super) fn of_text(text: &str) -> Self {
        let etag = HeaderValue::from_static("W/\"\"");
        let mut head = Self { etag, last_modified: None, cache_control: "max-age=3600", link: None };
        head.tag(hash_of(&[text]));
        head
    }

    /// Tags it by its content alone: for an answer that most boards leave as it is.
    pub(super) fn tag(&mut self, hash: u64) {
        self.etag = HeaderValue::from_str(&format!("W/\"{hash:x}\"")).expect("hexadecimal digits");
    }

    /// Whether the reader already holds this answer.
    pub(super) fn is_held(&self, headers: &HeaderMap) -> bool {
        holds(headers, &self.etag)
    }

    /// 304.
    pub(super) fn not_modified(&self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        self.write(response.headers_mut());
        response
    }

    pub(super) fn write(&self, headers: &mut HeaderMap) {
        // The host adds its own to these.
        headers.reserve(20);
        headers.insert(header::ETAG, self.etag.clone());
        if let Some(last_modified) = &self.last_modified {
            headers.insert(header::LAST_MODIFIED, last_modified.clone());
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.cache_control));
        if let Some(link) = &self.link {
            headers.insert(header::LINK, link.clone());
        }
    }
}

/// Whether a reader holds the answer of this tag.
pub(crate) fn holds(request: &HeaderMap, etag: &HeaderValue) -> bool {
    let own = opaque(etag.to_str().unwrap_or_default());
    request.get_all(header::IF_NONE_MATCH).iter().any(|value| {
        let tags = value.to_str().unwrap_or_default();
        tags.split(',').map(str::trim).any(|tag| tag == "*" || opaque(tag) == own)
    })
}

/// A tag without the mark of weakness: tags are compared weakly.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// What an answer depends on besides its board, as a number.
pub(super) fn hash_of(parts: &[&str]) -> u64 {
    let mut hash = Fnv::default();
    for part in parts {
        hash.write(part.as_bytes());
        hash.write(b"\n");
    }
    hash.finish()
}

fn http_date(at: Timestamp) -> HeaderValue {
    let millis = u64::try_from(at.millis()).unwrap_or(0);
    // The format ends with the year 9999.
    let millis = millis.min(253_402_300_799_000);
    let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(millis));
    HeaderValue::from_str(&text).expect("letters, digits, commas and colons")
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    head: Head,
    body: Bytes,
    packed: [OnceLock<Option<Bytes>>; 3],
}

impl Answer {
    pub(super) fn new(head: Head, body: Vec<u8>) -> Self {
        Self { head, body: body.into(), packed: Default::default() }
    }

    /// The answer, or that the reader holds it already.
    pub(super) fn give(&self, request: &HeaderMap) -> Response {
        if self.head.is_held(request) { self.head.not_modified() } else { self.respond(request) }
    }

    /// The answer in the form that the reader likes best; each form is made once.
    pub(super) fn respond(&self, request: &HeaderMap) -> Response {
        let packed = if self.body.len() < PACKED_FROM {
            None
        } else {
            Encoding::choose(request).and_then(|encoding| {
                let packed = self.packed[encoding as usize].get_or_init(|| encoding.pack(&self.body)).clone()?;
                Some((encoding, packed))
            })
        };
        let mut response = Response::new(Body::empty());
        self.head.write(response.headers_mut());
        response.headers_mut().insert(header::CONTENT_TYPE, JSON);
        *response.body_mut() = Body::from(match packed {
            Some((encoding, packed)) => {
                response.headers_mut().insert(header::CONTENT_ENCODING, encoding.header());
                packed
            }
            None => self.body.clone(),
        });
        response
    }

    /// What it may take with all its forms, bytes.
    fn bytes(&self) -> usize {
        self.body.len() * 2
    }
}

/// The answers of the current snapshot, by address.
#[derive(Debug)]
pub(super) struct Kept(Mutex<Answers>);

#[derive(Debug)]
struct Answers {
    of: (Epoch, Seq),
    by_address: Lru<Arc<str>, Arc<Answer>>,
}

impl Default for Kept {
    fn default() -> Self {
        Self(Mutex::new(Answers { of: Default::default(), by_address: Lru::new(KEPT_BYTES) }))
    }
}

impl Kept {
    /// The answer to an address, if it was made of this board.
    pub(super) fn get(&self, board: &Board, address: &str) -> Option<Arc<Answer>> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.of == (board.epoch, board.seq) { answers.by_address.get(address) } else { None }
    }

    /// Keeps an answer that was made of this board, until there is a newer one.
    pub(super) fn put(&self, board: &Board, address: &str, answer: &Arc<Answer>) {
        if address.len() > MAX_ADDRESS {
            return;
        }
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = (board.epoch, board.seq);
        if answers.of != of {
            // A slow request for an older board must not push out the answers of the newer one.
            if answers.of.0 == of.0 && answers.of.1 > of.1 {
                return;
            }
            answers.by_address.retain(|_| false);
            answers.of = of;
        }
        let address: Arc<str> = address.into();
        answers.by_address.get_or_insert_with(&address, || answer.clone());
        answers.by_address.weigh(&address, answer.bytes());
    }
}
