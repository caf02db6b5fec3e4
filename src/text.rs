//! Names and tickers are hostile text: anybody can mint a token that is called anything.
//!
//! [`clean_text`] makes such a text fit for a table cell: one line, one spelling, nothing invisible, nothing that turns
//! the direction of writing or climbs out of its row, and of bounded length.

use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The most characters a token's name keeps.
pub const NAME_CHARS: usize = 64;

/// The most characters a ticker keeps.
pub const SYMBOL_CHARS: usize = 24;

/// The most bytes any cleaned text has.
const MAX_BYTES: usize = 256;

/// The most combining marks that may follow one another.
const MAX_MARKS: usize = 4;

/// How much of a text is looked at: enough for any honest one, little enough for a ten-megabyte one.
const MAX_LOOK: usize = 4_096;

const JOINER: char = '\u{200D}';
const EMOJI_STYLE: char = '\u{FE0F}';

/// Cleans a foreign text: white space becomes single blanks and is trimmed, control, bidirectional, zero-width,
/// private-use and tag characters go, the rest is in NFC with at most four combining marks in a row, and is cut at
/// `max_chars` characters and 256 bytes. A joiner stays only between emoji. `None` when nothing is left.
pub fn clean_text(raw: &str, max_chars: usize) -> Option<Arc<str>> {
    if is_plain(raw, max_chars) { Some(Arc::from(raw)) } else { clean(raw, max_chars) }
}

/// Whether there is nothing to clean, which is so with most texts.
fn is_plain(raw: &str, max_chars: usize) -> bool {
    let mut blank = true;
    let is_visible = |byte: u8| {
        let doubled = blank && byte == b' ';
        blank = byte == b' ';
        !doubled && matches!(byte, b' '..=b'~')
    };
    raw.len() <= max_chars.min(MAX_BYTES) && raw.bytes().all(is_visible) && !blank
}

fn clean(raw: &str, max_chars: usize) -> Option<Arc<str>> {
    let visible = keep_visible(raw);
    let mut text = String::new();
    let (mut chars, mut marks, mut blank) = (0, 0, true);
    for char in visible.nfc() {
        marks = if is_combining_mark(char) { marks + 1 } else { 0 };
        let is_blank = char == ' ';
        if marks > MAX_MARKS || (is_blank && blank) {
            continue;
        }
        if chars == max_chars || text.len() + char.len_utf8() > MAX_BYTES {
            break;
        }
        text.push(char);
        chars += 1;
        blank = is_blank;
    }
    let text = text.trim_end_matches([' ', JOINER]);
    (!text.is_empty()).then(|| Arc::from(text))
}

/// The text without what cannot be seen, and with every white space as a blank.
fn keep_visible(raw: &str) -> String {
    let mut kept = String::new();
    let mut rest = raw.chars().take(MAX_LOOK).peekable();
    while let Some(char) = rest.next() {
        let after_emoji = || {
            let mut back = kept.chars().rev();
            match back.next() {
                Some(EMOJI_STYLE) => back.next().is_some_and(is_emoji),
                last => last.is_some_and(is_emoji),
            }
        };
        let keep = match char {
            JOINER => after_emoji() && rest.peek().copied().is_some_and(is_emoji),
            EMOJI_STYLE => kept.chars().next_back().is_some_and(is_emoji),
            char => !is_invisible(char),
        };
        if char.is_whitespace() {
            kept.push(' ');
        } else if keep {
            kept.push(char);
        }
    }
    kept
}

/// Characters that have no place in a name: they show nothing, or change how others are shown.
fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char,
            // Bidirectional marks, embeddings, overrides and isolates.
            '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
            // Of no width: soft hyphen, joiners, fillers, invisible operators, the byte order mark.
            | '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2065}'
            | '\u{206A}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
            // Variation selectors, annotations, private use, non-characters, tags.
            | '\u{FE00}'..='\u{FE0F}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E000}'..='\u{F8FF}'
            | '\u{FDD0}'..='\u{FDEF}' | '\u{FFFE}' | '\u{FFFF}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{10FFFF}')
}

/// Characters that a joiner may join. None of them changes under NFC.
fn is_emoji(char: char) -> bool {
    matches!(char,
        '\u{231A}' | '\u{231B}' | '\u{2328}' | '\u{23CF}' | '\u{23E9}'..='\u{23FA}'
        | '\u{2600}'..='\u{27BF}' | '\u{2B05}'..='\u{2B07}' | '\u{2B1B}' | '\u{2B1C}' | '\u{2B50}' | '\u{2B55}'
        | '\u{1F000}'..='\u{1FAFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_plain_is_what_cleaning_would_leave(raw in "[ -~]{0,12}|[ab ]{0,5}|\\PC{0,6}", most in 0..12_usize) {
            prop_assert_eq!(clean_text(&raw, most), clean(&raw, most));
        }
    }

    #[test]
    fn plain_texts_are_told_at_once() {
        for (raw, plain) in [
            ("WIF", true),
            ("dog wif hat", true),
            ("", false),
            (" a", false),
            ("a ", false),
            ("a  b", false),
            ("é", false),
            ("a\tb", false),
            ("thirteen ltrs", false),
        ] {
            assert_eq!(is_plain(raw, 12), plain, "{raw:?}");
        }
    }

    fn cleaned(raw: &str) -> Option<String> {
        clean_text(raw, NAME_CHARS).map(|text| text.to_string())
    }

    #[test]
    fn hostile_names_become_plain() {
        for (raw, clean) in [
            ("Fartcoin ", Some("Fartcoin")),
            ("  two\r\n lines\t", Some("two lines")),
            ("", None),
            (" \u{200B}\u{202E}\u{FEFF} ", None),
            ("US\u{200B}DC", Some("USDC")),
            ("\u{202E}CDSU\u{202C}", Some("CDSU")),
            ("Cafe\u{301}", Some("Café")),
            ("a\u{200D}b", Some("ab")),
            ("👩\u{200D}🚀 up", Some("👩\u{200D}🚀 up")),
            ("❤\u{FE0F}\u{200D}🔥", Some("❤\u{FE0F}\u{200D}🔥")),
            ("🚀\u{200D}", Some("🚀")),
            ("x\u{FE0F}", Some("x")),
            ("Z\u{335}\u{334}\u{336}\u{337}\u{338}\u{339}\u{33A}!", Some("Z\u{335}\u{334}\u{336}\u{337}!")),
            ("a\u{E0041}\u{F8FF}b", Some("ab")),
            ("<script>", Some("<script>")),
            ("<b>\0</b>", Some("<b></b>")),
        ] {
            assert_eq!(cleaned(raw).as_deref(), clean, "{raw:?}");
        }
    }

    #[test]
    fn length_is_bounded_in_characters_and_bytes() {
        let long = "𝕏".repeat(100);
        assert_eq!(clean_text(&long, SYMBOL_CHARS).map(|t| t.chars().count()), Some(24));
        assert_eq!(clean_text(&long, 100).map(|t| t.len()), Some(256));
        assert_eq!(clean_text("abc def", 4).as_deref(), Some("abc"));
    }

    /// Characters of every class the rules speak of, more often than chance would give them.
    fn any_char() -> impl Strategy<Value = char> {
        prop_oneof![
            any::<char>(),
            prop::sample::select(
                "aé \t\n🚀❤👩\u{FE0F}\u{200D}\u{200B}\u{202E}\u{301}\u{335}\u{1160}\u{9C7}\u{9BE}\u{1100}\u{1161}\u{11A8}\u{2329}\u{2126}"
                    .chars()
                    .collect::<Vec<_>>()
            ),
        ]
    }

    proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(raw in prop::collection::vec(any_char(), 0..90), max in 1usize..80) {
            let raw: String = raw.into_iter().collect();
            if let Some(once) = clean_text(&raw, max) {
                prop_assert_eq!(clean_text(&once, max), Some(once.clone()));
                prop_assert!(once.chars().count() <= max && once.len() <= MAX_BYTES);
                prop_assert_eq!(once.trim(), &*once);
                prop_assert!(once.chars().all(|char| !is_invisible(char) || char == JOINER || char == EMOJI_STYLE));
                prop_assert!(!once.starts_with(JOINER) && !once.ends_with(JOINER));
                prop_assert!(once.nfc().eq(once.chars()));
            }
        }
    }
}
