//! Which token has which picture: what the sources named, as far as it may be fetched at all.
//!
//! Holds the tokens on the board and nobody else, so it grows no further than the board does.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use memescope::{Board, Delta, Source, TokenId};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::address::is_plain_https;

/// Pictures that may be told between two boards; more are passed over until they are told again.
const MAX_NEWS: usize = 10_000;

/// The longest address that is kept, bytes.
const MAX_ADDRESS: usize = 512;

/// What a picture is asked for by: a hash of its address, so that nobody can ask for an address that no source named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 16]);

impl Key {
    pub(super) fn of(address: &str) -> Self {
        let mut key = [0; 16];
        key.iter_mut().zip(Sha256::digest(address)).for_each(|(byte, hashed)| *byte = hashed);
        Self(key)
    }

    /// Reads what [`Key`] writes, and nothing else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_plain = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_plain.then(|| u128::from_str_radix(text, 16).ok().map(|bits| Self(bits.to_be_bytes()))).flatten()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// The pictures of the tokens on the board, shared by the poller and whoever serves them.
#[derive(Clone, Debug)]
pub struct Album {
    pages: Arc<Mutex<Pages>>,
    /// What may be fetched at all.
    may_ask: fn(&Url) -> bool,
}

impl Default for Album {
    fn default() -> Self {
        Self::of(is_plain_https)
    }
}

#[derive(Debug, Default)]
struct Pages {
    by_token: HashMap<TokenId, Named>,
    /// The address behind each key, and how many tokens have it.
    by_key: HashMap<Key, (Arc<str>, usize)>,
    news: Vec<(Source, TokenId, Arc<str>)>,
}

#[derive(Debug)]
struct Named {
    source: Source,
    address: Arc<str>,
    key: Key,
    /// What the row says.
    path: Arc<str>,
}

impl Album {
    /// An album of what may be asked for.
    pub(super) fn of(may_ask: fn(&Url) -> bool) -> Self {
        Self { pages: Arc::default(), may_ask }
    }

    /// Takes in what a source named.
    pub fn learn(&self, source: Source, named: Vec<(TokenId, Arc<str>)>) {
        let mut pages = self.pages();
        let room = MAX_NEWS.saturating_sub(pages.news.len());
        pages.news.extend(named.into_iter().take(room).map(|(token, address)| (source, token, address)));
    }

    /// Writes the pictures into a delta that leads to `board`: into its rows, and into further ones whose picture is
    /// another. The rows of the board itself stay without.
    pub fn tell(&self, delta: &mut Delta, board: &Board) {
        let mut pages = self.pages();
        for token in &delta.removed {
            pages.forget(token);
        }
        let mut changed = BTreeSet::new();
        for (source, token, address) in std::mem::take(&mut pages.news) {
            if board.tokens.contains_key(&token) && pages.note(&token, source, address, self.may_ask) {
                changed.insert(token);
            }
        }
        for row in &mut delta.upserts {
            changed.remove(&row.id);
            if let Some(named) = pages.by_token.get(&row.id) {
                Arc::make_mut(row).logo = Some(named.path.clone());
            }
        }
        if changed.is_empty() {
            return;
        }
        for token in &changed {
            if let (Some(row), Some(named)) = (board.tokens.get(token), pages.by_token.get(token)) {
                let mut row = (**row).clone();
                row.logo = Some(named.path.clone());
                delta.upserts.push(Arc::new(row));
            }
        }
        delta.upserts.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    }

    /// The address behind a key.
    pub(super) fn address(&self, key: Key) -> Option<Arc<str>> {
        self.pages().by_key.get(&key).map(|(address, _)| address.clone())
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    /// Notes a token's picture; whether its row now says something else. The vendors' own stores come before addresses
    /// that anybody could have written: a source gives way to those before it.
    fn note(&mut self, token: &TokenId, source: Source, address: Arc<str>, may_ask: fn(&Url) -> bool) -> bool {
        if let Some(known) = self.by_token.get(token)
            && (known.source < source || known.address == address)
        {
            return false;
        }
        if address.len() > MAX_ADDRESS || !Url::parse(&address).is_ok_and(|url| may_ask(&url)) {
            return false;
        }
        self.forget(token);
        let key = Key::of(&address);
        self.by_key.entry(key).or_insert_with(|| (address.clone(), 0)).1 += 1;
        let path = format!("/logos/{key}").into();
        self.by_token.insert(token.clone(), Named { source, address, key, path });
        true
    }

    fn forget(&mut self, token: &TokenId) {
        let Some(named) = self.by_token.remove(token) else { return };
        if let Some((_, tokens)) = self.by_key.get_mut(&named.key) {
            *tokens -= 1;
            if *tokens == 0 {
                self.by_key.remove(&named.key);
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use memescope::{Timestamp, Token};

    use super::*;
    use crate::pages::testing::id;

    fn board(numbers: impl IntoIterator<Item = u8>, figure: f64) -> Board {
        let row = |number| {
            let mut token = Token::new(id(number), Timestamp::from_secs(1));
            token.liquidity_usd = Some(figure);
            (id(number), Arc::new(token))
        };
        Board { tokens: numbers.into_iter().map(row).collect(), ..Board::default() }
    }

    fn told(album: &Album, before: &Board, after: &Board) -> Vec<(TokenId, Option<Arc<str>>)> {
        let mut delta = before.diff(after);
        album.tell(&mut delta, after);
        delta.upserts.iter().map(|row| (row.id.clone(), row.logo.clone())).collect()
    }

    fn path(address: &str) -> Arc<str> {
        format!("/logos/{}", Key::of(address)).into()
    }

    #[test]
    fn rows_name_a_key_that_leads_to_what_the_source_named() {
        let (album, empty, two) = (Album::default(), Board::default(), board([1, 2], 1.0));
        let address = "https://cdn.example/a.png";
        album.learn(Source::Jupiter, vec![(id(1), address.into()), (id(9), address.into())]);
        assert_eq!(told(&album, &empty, &two), [(id(1), Some(path(address))), (id(2), None)]);
        assert_eq!(album.address(Key::of(address)).as_deref(), Some(address));
        // A row that changes keeps its picture; one that does not is not told again.
        let later = board([1, 2], 2.0);
        assert_eq!(told(&album, &two, &later), [(id(1), Some(path(address))), (id(2), None)]);
        album.learn(Source::Jupiter, vec![(id(1), address.into())]);
        assert_eq!(told(&album, &later, &later), []);
        // A picture alone is a change.
        album.learn(Source::Jupiter, vec![(id(2), address.into())]);
        assert_eq!(told(&album, &later, &later), [(id(2), Some(path(address)))]);
        // Who leaves takes it along, the last one the key too.
        assert_eq!(told(&album, &later, &board([2], 2.0)), []);
        assert!(album.address(Key::of(address)).is_some());
        assert_eq!(told(&album, &board([2], 2.0), &empty), []);
        assert_eq!(album.address(Key::of(address)), None);
        let pages = album.pages();
        assert!(pages.by_token.is_empty() && pages.by_key.is_empty() && pages.news.is_empty());
    }

    #[test]
    fn a_vendors_own_picture_comes_first_and_stays() {
        let (album, one) = (Album::default(), board([1], 1.0));
        let [own, other] = ["https://vendor.example/a.png", "https://anybody.example/b.png"];
        album.learn(Source::Jupiter, vec![(id(1), other.into())]);
        assert_eq!(told(&album, &Board::default(), &one), [(id(1), Some(path(other)))]);
        album.learn(Source::Dexscreener, vec![(id(1), own.into())]);
        assert_eq!(told(&album, &one, &one), [(id(1), Some(path(own)))]);
        album.learn(Source::Jupiter, vec![(id(1), other.into())]);
        assert_eq!(told(&album, &one, &one), []);
        assert_eq!(album.address(Key::of(other)), None);
    }

    #[test]
    fn what_may_not_be_fetched_is_no_picture() {
        let (album, one) = (Album::default(), board([1], 1.0));
        let long = format!("https://cdn.example/{}.png", "a".repeat(MAX_ADDRESS));
        for address in ["", "missing.png", "http://cdn.example/a.png", "https://169.254.169.254/", &long] {
            album.learn(Source::Jupiter, vec![(id(1), address.into())]);
            assert_eq!(told(&album, &one, &one), [], "{address}");
        }
        album.learn(Source::Jupiter, (0..MAX_NEWS + 5).map(|_| (id(1), "x".into())).collect());
        assert_eq!(album.pages().news.len(), MAX_NEWS);
    }

    #[test]
    fn a_key_is_written_in_one_way() {
        let key = Key::of("https://cdn.example/a.png");
        assert_eq!(Key::parse(&key.to_string()), Some(key));
        let upper = key.to_string().to_uppercase();
        for text in ["", "..", "00", upper.as_str(), &format!("+{}", "0".repeat(31)), &"0".repeat(33)] {
            assert_eq!(Key::parse(text), None, "{text}");
        }
        assert_eq!(Key::parse(&"0".repeat(32)).unwrap().to_string(), "0".repeat(32));
    }
}
