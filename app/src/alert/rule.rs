//! A rule as a line of text.

use std::fmt;
use std::str::FromStr;

use memescope::{Price, TokenId, Window};

/// When a rule about a token fires.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Trigger {
    /// The price becomes this or more, USD.
    Above(Price),
    /// The price becomes this or less, USD.
    Below(Price),
    /// The change over a window becomes this large in either direction, percent.
    Change(Window, f64),
    /// The volume over a window becomes so many times its usual one.
    Volume(Window, f64),
}

/// What a reader wants to be told of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Rule {
    /// Something about a token.
    Token(TokenId, Trigger),
    /// A token that passes the filters of a view for the first time; what stands after `?` in its address.
    View(String),
}

impl Rule {
    /// Reads rules, one a line; lines that are none are left out, and what goes beyond the most.
    pub(crate) fn parse_all(text: &str) -> Vec<Self> {
        let mut rules: Vec<Self> = Vec::new();
        let mut views = 0;
        for rule in text.lines().filter_map(|line| line.parse::<Self>().ok()) {
            let is_view = matches!(rule, Self::View(_));
            if rules.len() == super::MOST_RULES || rules.contains(&rule) || (is_view && views == super::MOST_VIEWS) {
                continue;
            }
            views += usize::from(is_view);
            rules.push(rule);
        }
        rules
    }

    /// The token that it is about, if it is about one.
    pub(crate) fn token(&self) -> Option<&TokenId> {
        match self {
            Self::Token(id, _) => Some(id),
            Self::View(_) => None,
        }
    }

    /// The rule in words, for its token's symbol.
    pub(crate) fn words(&self, symbol: &str) -> String {
        let price = |price: Price| memescope::format::price(price).plain();
        match self {
            Self::Token(_, Trigger::Above(bound)) => format!("{symbol} at or above {}", price(*bound)),
            Self::Token(_, Trigger::Below(bound)) => format!("{symbol} at or below {}", price(*bound)),
            Self::Token(_, Trigger::Change(window, pct)) => {
                format!("{symbol} moved {}% in {}", decimal(*pct), window.label())
            }
            Self::Token(_, Trigger::Volume(window, times)) => {
                format!("{symbol} trades {} times its usual {} volume", decimal(*times), window.label())
            }
            Self::View(search) => {
                let view = if search.is_empty() { "the default view" } else { search.as_str() };
                format!("New in {view}")
            }
        }
    }
}

/// A number as it was written. The browser's module goes without the tables by which floats are printed.
fn decimal(number: f64) -> String {
    Price::from_f64(number, 9).map_or_else(String::new, |number| number.to_string())
}

/// The line is no rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRule;

impl FromStr for Rule {
    type Err = NoRule;

    fn from_str(line: &str) -> Result<Self, NoRule> {
        let line = line.trim();
        if line == "view" {
            return Ok(Self::View(String::new()));
        }
        if let Some(search) = line.strip_prefix("view ") {
            return Ok(Self::View(search.trim().to_owned()));
        }
        let mut words = line.split_ascii_whitespace();
        let id: TokenId = words.next().and_then(|id| id.parse().ok()).ok_or(NoRule)?;
        let (kind, how, bound) = (words.next(), words.next(), words.next());
        let (Some(kind), Some(how), Some(bound), None) = (kind, how, bound, words.next()) else { return Err(NoRule) };
        let number =
            || memescope::number::parse(bound).filter(|number| number.is_finite() && *number > 0.0).ok_or(NoRule);
        let window = || how.parse::<Window>().map_err(|_| NoRule);
        let trigger = match (kind, how) {
            ("price", "above") => Trigger::Above(bound.parse().map_err(|_| NoRule)?),
            ("price", "below") => Trigger::Below(bound.parse().map_err(|_| NoRule)?),
            ("change", _) => Trigger::Change(window()?, number()?),
            ("volume", _) => Trigger::Volume(window()?, number()?),
            _ => return Err(NoRule),
        };
        Ok(Self::Token(id, trigger))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(id, Trigger::Above(bound)) => write!(f, "{id} price above {bound}"),
            Self::Token(id, Trigger::Below(bound)) => write!(f, "{id} price below {bound}"),
            Self::Token(id, Trigger::Change(window, pct)) => {
                write!(f, "{id} change {} {}", window.name(), decimal(*pct))
            }
            Self::Token(id, Trigger::Volume(window, times)) => {
                write!(f, "{id} volume {} {}", window.name(), decimal(*times))
            }
            Self::View(search) if search.is_empty() => f.write_str("view"),
            Self::View(search) => write!(f, "view {search}"),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    const SOL: &str = "solana:So11111111111111111111111111111111111111112";

    #[test]
    fn a_rule_is_written_as_it_is_read() {
        for line in [
            format!("{SOL} price above 0.5"),
            format!("{SOL} price below 0.00000614"),
            format!("{SOL} change h1 5"),
            format!("{SOL} volume m5 2.5"),
            "view rank=new&min_liquidity_usd=50000".to_owned(),
            "view".to_owned(),
        ] {
            assert_eq!(line.parse::<Rule>().unwrap().to_string(), line);
        }
    }

    #[test]
    fn what_is_no_rule_is_left_out() {
        for line in [
            "",
            "price above 1",
            "solana:x price above 1",
            &format!("{SOL} price above"),
            &format!("{SOL} price above x"),
            &format!("{SOL} change h9 5"),
            &format!("{SOL} change h1 -5"),
            &format!("{SOL} change h1 NaN"),
            &format!("{SOL} volume m5 0"),
            &format!("{SOL} price above 1 2"),
        ] {
            assert_eq!(line.parse::<Rule>(), Err(NoRule), "{line}");
        }
        let text =
            format!("{SOL} price above 1\nnonsense\n{SOL} price above 1\nview a\nview b\nview c\nview d\nview e");
        assert_eq!(Rule::parse_all(&text).len(), 1 + super::super::MOST_VIEWS);
    }

    #[test]
    fn a_rule_says_what_it_waits_for() {
        let words = |line: String| line.parse::<Rule>().unwrap().words("WIF");
        assert_eq!(words(format!("{SOL} price above 0.5")), "WIF at or above $0.5");
        assert_eq!(words(format!("{SOL} change h1 5")), "WIF moved 5% in 1h");
        assert_eq!(words("view q=cat".to_owned()), "New in q=cat");
    }
}
