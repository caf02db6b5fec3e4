//! Names and addresses: ordinary ones, hostile ones, and those that borrow an anchor's name.

mod disguise;

use super::noise::{chance, index, mix, pick};

pub(super) use disguise::{Disguise, disguised};

/// A token's name and ticker as its maker typed them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Naming {
    pub(super) name: String,
    pub(super) symbol: String,
}

const ADJECTIVES: [&str; 48] = [
    "Baby", "Based", "Giga", "Mini", "Sad", "Happy", "Lazy", "Crypto", "Turbo", "Golden", "Moon", "Space", "Cosmic",
    "Wise", "Angry", "Smoking", "Dancing", "Sleepy", "Hungry", "Mega", "Tiny", "Royal", "Wild", "Lucky", "Rich",
    "Broke", "Silent", "Electric", "Frozen", "Burning", "Flying", "Drunk", "Holy", "Evil", "Retro", "Pixel", "Neon",
    "Quantum", "Degen", "Zen", "Spicy", "Salty", "Fluffy", "Grumpy", "Fancy", "Secret", "Final", "First",
];

const NOUNS: [&str; 64] = [
    "Dog", "Cat", "Frog", "Pepe", "Ape", "Bull", "Bear", "Whale", "Shark", "Monkey", "Goat", "Duck", "Penguin",
    "Panda", "Tiger", "Lion", "Wolf", "Fox", "Owl", "Crab", "Shrimp", "Toad", "Hamster", "Squirrel", "Raccoon",
    "Otter", "Capybara", "Llama", "Horse", "Unicorn", "Dragon", "Wizard", "Knight", "Pirate", "Ninja", "Robot",
    "Alien", "Ghost", "Rocket", "Candle", "Banana", "Tomato", "Potato", "Pickle", "Burger", "Pizza", "Coffee", "Beer",
    "Hat", "Sock", "Chair", "Toilet", "Hammer", "Trophy", "Diamond", "Rock", "Solana", "Cheese", "Noodle", "Clown",
    "Grandma", "Intern", "Chad", "Wojak",
];

const SUFFIXES: [&str; 12] = ["", "", "", "", "", " Coin", " Inu", " wif hat", " AI", " 2.0", " on Solana", " DAO"];

/// Names that a careless screener prints, sorts or stores wrongly.
pub(super) const HOSTILE: [(&str, &str); 16] = [
    ("<script>alert('gm')</script>", "XSS"),
    ("<img src=x onerror=alert(1)>", "<b>B</b>"),
    ("Fartcoin ", "Fartcoin "),
    ("To The Moon 🚀🚀🚀", "🚀"),
    ("👨‍👩‍👧‍👦 Family Coin", "👨‍👩‍👧‍👦"),
    ("\u{202e}nioC esreveR", "\u{202e}VER"),
    ("عملة الميم", "ميم"),
    ("Zero\u{200b}Width\u{feff} Coin", "Z\u{200b}W"),
    ("狗狗幣", "狗狗"),
    ("Quote \" and \\ backslash", "Q\"\\"),
    ("Line\nbreak\tand tab", "L\nB"),
    ("=HYPERLINK(\"http://x\",\"csv\")", "=1+1"),
    ("Z̸̧͓a̴l̶g̷o̸ ̵C̶o̵i̷n̶", "Z̸A̴L"),
    ("\u{421}\u{41e}\u{406}N", "U\u{405}DC"),
    ("pumpfun(sol/xmr-deployed(main)", "p/xmr"),
    ("", "?"),
];

/// The names counterfeits borrow.
const BORROWED: [(&str, &str); 6] = [
    ("Solana", "SOL"),
    ("SOL", "SOL"),
    ("USD Coin", "USDC"),
    ("Wrapped SOL", "SOL"),
    ("USDC", "USDC"),
    ("Tether USD", "USDT"),
];

/// The name of an ordinary token; now and then a copycat of a famous one.
pub(super) fn ordinary(seed: u64) -> Naming {
    if chance(seed, 11, 0.02) {
        let (name, symbol) = pick(
            seed,
            12,
            &[("Bonk", "BONK"), ("dogwifhat", "$WIF"), ("Official Trump", "TRUMP"), ("Fartcoin", "FARTCOIN")],
        );
        return Naming { name: name.to_owned(), symbol: symbol.to_owned() };
    }
    let noun = pick(seed, 13, &NOUNS);
    let (name, mut symbol) = if chance(seed, 14, 0.2) {
        (format!("{noun}{}", pick(seed, 15, &SUFFIXES)), noun.to_uppercase())
    } else {
        let adjective = pick(seed, 16, &ADJECTIVES);
        let symbol = match mix(seed, 17) % 4 {
            0 => noun.to_uppercase(),
            1 => format!("{}{}", &adjective[..1], noun).to_uppercase(),
            2 => format!("{adjective}{noun}"),
            _ => format!("{}{}", adjective.to_uppercase(), &noun.to_uppercase()[..2]),
        };
        (format!("{adjective} {noun}{}", pick(seed, 15, &SUFFIXES)), symbol)
    };
    if chance(seed, 18, 0.06) {
        symbol.insert(0, '$');
    }
    Naming { name, symbol }
}

/// The hostile name of this number; the one after the table is far too long.
pub(super) fn hostile(number: usize) -> Naming {
    match HOSTILE.get(number % (HOSTILE.len() + 1)) {
        Some((name, symbol)) => Naming { name: (*name).to_owned(), symbol: (*symbol).to_owned() },
        None => Naming { name: "very ".repeat(60) + "long", symbol: "VERYLONGTICKERINDEEDFORATABLE".to_owned() },
    }
}

/// The name of a counterfeit.
pub(super) fn borrowed(number: usize) -> Naming {
    let (name, symbol) = BORROWED[number % BORROWED.len()];
    Naming { name: name.to_owned(), symbol: symbol.to_owned() }
}

/// A base58 address of 32 bytes.
pub(super) fn address(seed: u64, salt: u64) -> String {
    bs58::encode(key_bytes(seed, salt)).into_string()
}

/// A mint, with the ending that the launchpad grinds for where it does so.
pub(super) fn mint(seed: u64, salt: u64, ending: Option<&str>) -> String {
    let plain = address(seed, salt);
    let Some(ending) = ending else { return plain };
    let mut ground = plain[..plain.len().saturating_sub(ending.len())].to_owned();
    ground.push_str(ending);
    // The last digits weigh next to nothing, yet a carry could make a 33rd byte.
    match bs58::decode(&ground).into_vec() {
        Ok(bytes) if bytes.len() == 32 => ground,
        _ => plain,
    }
}

fn key_bytes(seed: u64, salt: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (part, chunk) in (0_u64..).zip(bytes.chunks_exact_mut(8)) {
        chunk.copy_from_slice(&mix(mix(seed, salt), part).to_be_bytes());
    }
    bytes
}

/// A bare image id as `DexScreener`'s boosts carry it. No image is behind it.
pub(super) fn image_id(seed: u64) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (0..16).map(|place| char::from(ALPHABET[index(mix(seed, place), ALPHABET.len())])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_32_bytes() {
        for salt in 0..2_000 {
            for made in [address(1, salt), mint(1, salt, Some("pump"))] {
                assert_eq!(bs58::decode(&made).into_vec().map(|bytes| bytes.len()), Ok(32), "{made}");
            }
        }
    }

    #[test]
    fn most_launchpad_mints_carry_their_ending() {
        let ground = (0..1_000).filter(|salt| mint(1, *salt, Some("pump")).ends_with("pump")).count();
        assert!(ground > 900, "{ground}");
    }

    #[test]
    fn no_ordinary_name_is_empty() {
        for seed in 0..5_000 {
            let naming = ordinary(seed);
            assert!(!naming.name.is_empty() && !naming.symbol.is_empty());
        }
    }
}
