//! Names that pass for others: the same letters, or letters that look the same.

use super::Naming;

/// How a borrowed symbol is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::market) enum Disguise {
    /// As it is.
    None,
    /// In the wide letters of East Asian typesetting, which compatibility forms undo.
    Wide,
    /// In letters of other alphabets that look the same, which no normal form undoes.
    Foreign,
}

/// Letters of other alphabets that a reader takes for Latin ones.
const LOOK_ALIKES: [(char, char); 22] = [
    ('A', 'А'),
    ('B', 'В'),
    ('C', 'С'),
    ('E', 'Е'),
    ('H', 'Н'),
    ('I', 'І'),
    ('J', 'Ј'),
    ('K', 'Κ'),
    ('M', 'М'),
    ('N', 'Ν'),
    ('O', 'О'),
    ('P', 'Р'),
    ('S', 'Ѕ'),
    ('T', 'Т'),
    ('X', 'Х'),
    ('Y', 'Υ'),
    ('Z', 'Ζ'),
    ('a', 'а'),
    ('c', 'с'),
    ('e', 'е'),
    ('o', 'о'),
    ('p', 'р'),
];

/// The name in disguise: one letter in some, all that can be in others. What has no letter to exchange stays as it is.
pub(in crate::market) fn disguised(naming: &Naming, how: Disguise, all: bool) -> Naming {
    let exchange = |text: &str, of: &dyn Fn(char) -> Option<char>| {
        let mut left = if all { usize::MAX } else { 1 };
        let letter = |char| match of(char).filter(|_| left > 0) {
            Some(other) => {
                left -= 1;
                other
            }
            None => char,
        };
        text.chars().map(letter).collect::<String>()
    };
    let of: &dyn Fn(char) -> Option<char> = match how {
        Disguise::None => return naming.clone(),
        Disguise::Wide => &|char| char.is_ascii_graphic().then(|| wide(char)),
        Disguise::Foreign => &|char| LOOK_ALIKES.iter().find(|(latin, _)| *latin == char).map(|(_, other)| *other),
    };
    Naming { name: naming.name.clone(), symbol: exchange(&naming.symbol, of) }
}

fn wide(char: char) -> char {
    char::from_u32(u32::from(char) + 0xfee0).unwrap_or(char)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(symbol: &str, how: Disguise, all: bool) -> String {
        disguised(&Naming { name: "n".to_owned(), symbol: symbol.to_owned() }, how, all).symbol
    }

    #[test]
    fn a_disguise_looks_the_same_and_is_not() {
        for (from, how, all, to) in [
            ("SOL", Disguise::None, true, "SOL"),
            ("SOL", Disguise::Wide, true, "ＳＯＬ"),
            ("SOL", Disguise::Foreign, false, "\u{405}OL"),
            ("SOL", Disguise::Foreign, true, "\u{405}\u{41e}L"),
            ("USDC", Disguise::Foreign, true, "U\u{405}D\u{421}"),
            ("$123", Disguise::Foreign, true, "$123"),
        ] {
            assert_eq!(symbol(from, how, all), to, "{from} {how:?}");
        }
    }
}
