//! Where a page ended, sealed so that nobody builds on its inside.
//!
//! A cursor names the snapshot in which the walk began and the place that it has reached, and, for the day on which
//! that snapshot is gone, the order key and the id of the last row. It carries a tag made with a key of this
//! installation: what was altered, cut short or made elsewhere is refused, always with the same words.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use memescope::query::OrderKey;
use memescope::{Epoch, Seq, TokenId};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// The layout of the sealed bytes.
const VERSION: u8 = 1;

/// Bytes of the tag.
const TAG: usize = 16;

/// No cursor of ours is longer, in characters.
const MAX_CHARS: usize = 2_048;

/// The file of the key.
const KEY_FILE: &str = "cursor.key";

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    epoch: u64,
    /// The seq of the pinned snapshot.
    pub seq: Seq,
    /// The fingerprint of the selection that it walks.
    pub fingerprint: u64,
    /// How many rows of the pinned list stand before the page.
    pub offset: u64,
    /// The last row before the page; `None` at the beginning.
    pub after: Option<(OrderKey, TokenId)>,
}

impl Cursor {
    /// A place in the list of a snapshot.
    pub fn new(epoch: Epoch, seq: Seq, fingerprint: u64, offset: u64, after: Option<(OrderKey, TokenId)>) -> Self {
        Self { epoch: epoch.bits(), seq, fingerprint, offset, after }
    }

    /// The epoch of the pinned snapshot.
    pub fn epoch(&self) -> Epoch {
        Epoch::from_bits(self.epoch)
    }
}

/// The text is no cursor of ours, or one of another query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid cursor")]
pub struct InvalidCursor;

/// The secret with which cursors are sealed.
#[derive(Clone)]
pub struct CursorKey([u8; 32]);

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey(…)")
    }
}

impl CursorKey {
    /// From secret bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key of a data folder; made, readable by its owner alone, when there is none or it is damaged.
    pub fn load_or_create(dir: &Path) -> io::Result<Self> {
        let path = dir.join(KEY_FILE);
        match fs::read(&path) {
            Ok(bytes) => {
                if let Ok(key) = <[u8; 32]>::try_from(bytes) {
                    return Ok(Self(key));
                }
                tracing::warn!("The key of cursors is damaged; a new one is made and older cursors are refused");
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        fs::create_dir_all(dir)?;
        // Written aside and renamed, so that a crash leaves either no key or a whole one.
        let aside = dir.join(format!("{KEY_FILE}.new"));
        match fs::remove_file(&aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&aside)?;
        file.write_all(&key)?;
        file.sync_all()?;
        fs::rename(&aside, &path)?;
        Ok(Self(key))
    }

    /// The cursor as text for an address.
    pub(crate) fn seal(&self, cursor: &Cursor) -> String {
        let sealed = postcard::to_extend(cursor, vec![VERSION]).expect("numbers and texts can always be written");
        let tag = self.mac(&sealed).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([&sealed[..], &tag[..TAG]].concat())
    }

    /// The cursor of a text that was sealed with this key.
    pub(crate) fn open(&self, text: &str) -> Result<Cursor, InvalidCursor> {
        if text.len() > MAX_CHARS {
            return Err(InvalidCursor);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        let split = bytes.len().checked_sub(TAG).ok_or(InvalidCursor)?;
        let (sealed, tag) = bytes.split_at(split);
        // Compares in constant time.
        self.mac(sealed).verify_truncated_left(tag).map_err(|_| InvalidCursor)?;
        let (version, payload) = sealed.split_first().ok_or(InvalidCursor)?;
        if *version != VERSION {
            return Err(InvalidCursor);
        }
        postcard::from_bytes(payload).map_err(|_| InvalidCursor)
    }

    fn mac(&self, bytes: &[u8]) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&self.0).expect("a key of any length will do");
        mac.update(bytes);
        mac
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use memescope::query::{OrderValue, Tier};
    use proptest::prelude::*;

    use super::*;

    const KEY: CursorKey = CursorKey::from_bytes([7; 32]);

    fn any_cursor() -> impl Strategy<Value = Cursor> {
        let tier = prop_oneof![Just(Tier::Sound), Just(Tier::Thin), Just(Tier::Doubtful)];
        let value = prop_oneof![
            Just(OrderValue::Missing),
            (-1e12..1e12f64).prop_map(OrderValue::Number),
            "\\PC{0,64}".prop_map(|text| OrderValue::Text(text.into())),
        ];
        let id = TokenId::new(&memescope::Chain::solana(), &bs58::encode([9; 32]).into_string()).unwrap();
        let after =
            proptest::option::of((tier, value).prop_map(move |(tier, value)| (OrderKey { tier, value }, id.clone())));
        (any::<[u64; 3]>(), any::<u64>(), after).prop_map(|([epoch, seq, fingerprint], offset, after)| {
            Cursor::new(Epoch::from_bits(epoch), seq, fingerprint, offset, after)
        })
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens(cursor in any_cursor()) {
            prop_assert_eq!(KEY.open(&KEY.seal(&cursor)).unwrap(), cursor);
        }

        #[test]
        fn what_was_altered_is_refused(cursor in any_cursor(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let text = KEY.seal(&cursor);
            let mut bytes = text.clone().into_bytes();
            bytes[at.index(text.len())] ^= 1 << bit;
            let altered = String::from_utf8_lossy(&bytes);
            prop_assert_eq!(KEY.open(&altered), Err(InvalidCursor));
            prop_assert_eq!(KEY.open(&text[..at.index(text.len())]), Err(InvalidCursor));
            prop_assert_eq!(CursorKey::from_bytes([8; 32]).open(&text), Err(InvalidCursor));
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,300}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(KEY.open(&text).is_err());
            prop_assert!(KEY.open(&URL_SAFE_NO_PAD.encode(bytes)).is_err());
        }
    }

    /// Cursors of one walk, as a client may hold them.
    fn cursors() -> Vec<Cursor> {
        let id = |number: u8| TokenId::new(&memescope::Chain::solana(), &bs58::encode([number; 32]).into_string());
        let key = |value| OrderKey { tier: Tier::Sound, value: OrderValue::Number(value) };
        (1..=5u8)
            .map(|number| {
                let after = Some((key(f64::from(number)), id(number).unwrap()));
                Cursor::new(Epoch::from_bits(1), 7, u64::from(number), 50 * u64::from(number), after)
            })
            .collect()
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        for cursor in cursors() {
            let bytes = URL_SAFE_NO_PAD.decode(KEY.seal(&cursor)).unwrap();
            for at in 0..bytes.len() * 8 {
                let mut flipped = bytes.clone();
                flipped[at / 8] ^= 1 << (at % 8);
                assert_eq!(KEY.open(&URL_SAFE_NO_PAD.encode(flipped)), Err(InvalidCursor), "bit {at}");
            }
        }
    }

    #[test]
    fn parts_of_two_cursors_make_none() {
        let sealed: Vec<_> = cursors().iter().map(|c| URL_SAFE_NO_PAD.decode(KEY.seal(c)).unwrap()).collect();
        for one in &sealed {
            for other in sealed.iter().filter(|other| *other != one) {
                for cut in 1..one.len().min(other.len()) {
                    let spliced = [&one[..cut], &other[cut..]].concat();
                    let is_one_of_them = sealed.contains(&spliced);
                    let opened = KEY.open(&URL_SAFE_NO_PAD.encode(&spliced));
                    assert_eq!(opened.is_ok(), is_one_of_them, "cut at {cut}");
                }
                assert!(KEY.open(&URL_SAFE_NO_PAD.encode([&one[..], &other[..]].concat())).is_err());
            }
        }
    }

    #[test]
    fn a_tag_over_nonsense_is_still_no_cursor() {
        for sealed in [vec![], vec![VERSION], vec![VERSION, 0xff], vec![VERSION + 1, 0, 0, 0, 0, 0]] {
            let tag = KEY.mac(&sealed).finalize().into_bytes();
            let text = URL_SAFE_NO_PAD.encode([&sealed[..], &tag[..TAG]].concat());
            assert_eq!(KEY.open(&text), Err(InvalidCursor), "{sealed:?}");
        }
    }

    #[test]
    fn the_key_of_a_folder_is_made_once_and_kept_private() {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("data");
        let first = CursorKey::load_or_create(&inside).unwrap();
        let second = CursorKey::load_or_create(&inside).unwrap();
        assert_eq!(first.0, second.0);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(inside.join(KEY_FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(inside.join(KEY_FILE), b"short").unwrap();
        let third = CursorKey::load_or_create(&inside).unwrap();
        assert_ne!(third.0, first.0);
        assert_eq!(CursorKey::load_or_create(&inside).unwrap().0, third.0);
    }
}
