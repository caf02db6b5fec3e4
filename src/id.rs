//! Identity: a token and a pool are a chain and an address, never a symbol.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base58;

/// A chain by DexScreener's slug: `solana`, `ethereum`, `bsc`.
#[derive(Clone)]
pub struct Chain(Slug);

/// Ids are compared and copied by the hundred thousand at every tick: a chain that we know is a number.
#[derive(Clone)]
enum Slug {
    /// Its place in [`CHAINS`].
    Listed(u8),
    /// One that is not listed there.
    Other(Arc<str>),
}

/// The chains that we know: our slug first, then what else the sources call it.
const CHAINS: [(&str, &[&str]); 7] = [
    ("solana", &["sol"]),
    ("ethereum", &["eth"]),
    ("polygon", &["polygon_pos", "matic"]),
    ("avalanche", &["avax"]),
    ("bsc", &["bnb"]),
    ("base", &[]),
    ("arbitrum", &[]),
];

impl Chain {
    /// Solana, the chain that Memescope watches by default.
    pub const fn solana() -> Self {
        Self(Slug::Listed(0))
    }

    /// Reads a slug or one of its aliases; `None` unless it is 1–32 of `a-z 0-9 - _`.
    pub fn parse(slug: &str) -> Option<Self> {
        let listed = (0..).zip(CHAINS).find(|(_, (name, aliases))| *name == slug || aliases.contains(&slug));
        if let Some((place, _)) = listed {
            return Some(Self(Slug::Listed(place)));
        }
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        ((1..=32).contains(&slug.len()) && slug.bytes().all(plain)).then(|| Self(Slug::Other(Arc::from(slug))))
    }

    /// GeckoTerminal's name of the chain.
    pub fn geckoterminal_network(&self) -> &str {
        match self.as_str() {
            "ethereum" => "eth",
            "polygon" => "polygon_pos",
            "avalanche" => "avax",
            other => other,
        }
    }

    /// The slug.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Slug::Listed(place) => CHAINS[usize::from(*place)].0,
            Slug::Other(slug) => slug,
        }
    }

    /// The address as this chain's identity: hexadecimal ones in lower case, Solana's as they are if they decode to 32
    /// bytes, others as they are. `None` when it cannot be an address of the chain.
    fn canonical_address(&self, address: &str) -> Option<Arc<str>> {
        if self.as_str() == "solana" {
            return base58::address(address).map(|_| Arc::from(address));
        }
        if !is_printable(address) {
            return None;
        }
        let hexadecimal = address.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        Some(if hexadecimal { Arc::from(address.to_ascii_lowercase()) } else { Arc::from(address) })
    }
}

impl PartialEq for Chain {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Slug::Listed(one), Slug::Listed(other)) => one == other,
            (Slug::Other(one), Slug::Other(other)) => one == other,
            // A listed slug is always read as such.
            _ => false,
        }
    }
}

impl Eq for Chain {}

impl Ord for Chain {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        if self == other { Ordering::Equal } else { self.as_str().cmp(other.as_str()) }
    }
}

impl PartialOrd for Chain {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Chain {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Chain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Chain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let slug = String::deserialize(deserializer)?;
        Self::parse(&slug).ok_or_else(|| de::Error::custom("not a chain"))
    }
}

/// Why a text is not an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not `chain:address`.
    #[error("not of the form chain:address")]
    Form,
    /// Not a chain slug.
    #[error("not a chain")]
    Chain,
    /// Not an address of that chain.
    #[error("not an address of this chain")]
    Address,
}

/// Whether a text can be an address of any chain.
fn is_printable(address: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_graphic() && !matches!(byte, b'/' | b'?' | b'#' | b'%' | b'"' | b'\'' | b'<' | b'>' | b'\\')
    };
    (1..=200).contains(&address.len()) && address.bytes().all(plain)
}

/// The first eight bytes of an address as a number in the order of texts. No address holds a zero byte.
fn head(address: &str) -> u64 {
    let mut head = [0; 8];
    for (slot, byte) in head.iter_mut().zip(address.bytes()) {
        *slot = byte;
    }
    u64::from_be_bytes(head)
}

macro_rules! address_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            chain: Chain,
            /// The address begins so: most comparisons are over here, without a look at the text.
            head: u64,
            address: Arc<str>,
        }

        impl $name {
            /// From a chain and an address in any of the sources' spellings.
            pub fn new(chain: &Chain, address: &str) -> Result<Self, IdError> {
                let address = chain.canonical_address(address).ok_or(IdError::Address)?;
                Ok(Self { chain: chain.clone(), head: head(&address), address })
            }

            /// From the canonical spelling, which is not judged again.
            fn as_written(text: &str) -> Result<Self, IdError> {
                let (chain, address) = text.split_once(':').ok_or(IdError::Form)?;
                let chain = Chain::parse(chain).ok_or(IdError::Chain)?;
                if !is_printable(address) {
                    return Err(IdError::Address);
                }
                Ok(Self { chain, head: head(address), address: Arc::from(address) })
            }

            /// The chain.
            pub fn chain(&self) -> &Chain {
                &self.chain
            }

            /// The address, in its canonical spelling.
            pub fn address(&self) -> &str {
                &self.address
            }

            /// The address, shared.
            pub fn shared_address(&self) -> Arc<str> {
                self.address.clone()
            }
        }

        impl PartialEq for $name {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                self.head == other.head
                    && self.chain == other.chain
                    && (Arc::ptr_eq(&self.address, &other.address) || self.address == other.address)
            }
        }

        impl Eq for $name {}

        impl Ord for $name {
            #[inline]
            fn cmp(&self, other: &Self) -> Ordering {
                self.chain.cmp(&other.chain).then_with(|| self.head.cmp(&other.head)).then_with(|| {
                    if Arc::ptr_eq(&self.address, &other.address) {
                        Ordering::Equal
                    } else {
                        self.address.cmp(&other.address)
                    }
                })
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.chain.hash(state);
                self.address.hash(state);
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}:{}", self.chain, self.address)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let (chain, address) = text.split_once(':').ok_or(IdError::Form)?;
                Self::new(&Chain::parse(chain).ok_or(IdError::Chain)?, address)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                /// Whether it was written by us, in the canonical spelling.
                struct Text(bool);
                impl Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("chain:address")
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        let id = if self.0 { $name::as_written(text) } else { text.parse() };
                        id.map_err(E::custom)
                    }
                }
                // Nobody else writes packed bytes: what stands there was judged when it came in, and a large state
                // names a million of them.
                let is_packed = !deserializer.is_human_readable();
                deserializer.deserialize_str(Text(is_packed))
            }
        }
    };
}

address_id!(
    /// A token: `solana:EKpQ…`. Two tokens may share a symbol, never an id.
    TokenId
);

address_id!(
    /// A pool of a token. Some venues use composite addresses; they are opaque.
    PoolId
);

impl TokenId {
    /// The address of a token on Solana as the number that it is.
    pub fn solana_bytes(&self) -> Option<[u8; 32]> {
        if self.chain.as_str() == "solana" { base58::address(&self.address) } else { None }
    }

    /// The token on Solana whose address is that number.
    pub fn of_solana_bytes(bytes: [u8; 32]) -> Self {
        let address: Arc<str> = bs58::encode(bytes).into_string().into();
        Self { chain: Chain::solana(), head: head(&address), address }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_have_one_spelling() {
        let checksummed: TokenId = "eth:0xdAC17F958D2ee523a2206206994597C13D831ec7".parse().unwrap();
        assert_eq!(checksummed.to_string(), "ethereum:0xdac17f958d2ee523a2206206994597c13d831ec7");
        let wif = "solana:EKpQGSJtjMFqKZ9KQanSqYXRcF8fBopzLHYxdM65zcjm";
        assert_eq!(wif.parse::<TokenId>().unwrap().to_string(), wif);
    }

    #[test]
    fn packed_ids_are_read_as_they_were_written() {
        for text in ["solana:EKpQGSJtjMFqKZ9KQanSqYXRcF8fBopzLHYxdM65zcjm", "ethereum:0xdac17f958d2ee523", "zora:A"] {
            let id: TokenId = text.parse().unwrap();
            let packed = postcard::to_allocvec(&id).unwrap();
            assert_eq!(postcard::from_bytes::<TokenId>(&packed).unwrap(), id);
        }
        for text in ["solana", ":A", "solana:", "solana:a/b", "UPPER:A"] {
            let packed = postcard::to_allocvec(text).unwrap();
            assert!(postcard::from_bytes::<TokenId>(&packed).is_err(), "{text}");
        }
    }

    /// Chains that are listed and others, addresses that begin alike and such that begin others.
    fn any_id() -> impl Strategy<Value = TokenId> {
        let chain = prop::sample::select(vec!["bsc", "base", "basecamp", "eth", "zora"]);
        (chain, "a{0,7}[a-c]{1,4}").prop_map(|(chain, address)| format!("{chain}:{address}").parse().unwrap())
    }

    proptest! {
        #[test]
        fn ids_have_the_order_of_their_texts(a in any_id(), b in any_id()) {
            let text = |id: &TokenId| (id.chain().to_string(), id.address().to_owned());
            prop_assert_eq!(a.cmp(&b), text(&a).cmp(&text(&b)));
            prop_assert_eq!(a == b, text(&a) == text(&b));
            prop_assert_eq!(a.chain().cmp(b.chain()), a.chain().as_str().cmp(b.chain().as_str()));
        }
    }

    #[test]
    fn what_cannot_be_an_address_is_refused() {
        for (text, error) in [
            ("EKpQ", IdError::Form),
            ("so lana:EKpQGSJtjMFqKZ9KQanSqYXRcF8fBopzLHYxdM65zcjm", IdError::Chain),
            ("solana:short", IdError::Address),
            ("solana:EKpQGSJtjMFqKZ9KQanSqYXRcF8fBopzLHYxdM65zcj0", IdError::Address),
            ("bsc:<script>", IdError::Address),
            ("bsc:", IdError::Address),
        ] {
            assert_eq!(text.parse::<TokenId>(), Err(error), "{text}");
        }
    }
}
