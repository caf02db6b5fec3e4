//! The page's address: the whole view is in it, and every link of the page is made from it.

mod encoding;

use memescope::query::{ParameterError, Sort, SortKey};
use memescope::{Rank, TokenQuery, Window};

use crate::token_table::COLUMNS;

pub(crate) use self::encoding::{decode_pairs, encode_pairs};

/// What an address asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PageAddress {
    /// Filters and order; what could not be read is at its default.
    pub(crate) query: TokenQuery,
    /// Where the list begins, for pages beyond the first without JavaScript.
    pub(crate) cursor: Option<String>,
    /// What could not be read.
    pub(crate) errors: Vec<ParameterError>,
    /// Pairs that mean nothing here; links carry them on.
    rest: Vec<(String, String)>,
}

impl PageAddress {
    /// Reads the part of an address after `?`.
    pub(crate) fn parse(search: &str) -> Self {
        // A form sends its empty fields too; they ask for nothing.
        let pairs = decode_pairs(search).into_iter().filter(|(_, value)| !value.is_empty());
        let mut parsed = TokenQuery::parse_page(pairs);
        let cursor = parsed.rest.iter().position(|(key, _)| key == "cursor").map(|at| parsed.rest.remove(at).1);
        parsed.rest.retain(|(key, _)| key != "cursor");
        Self { query: parsed.query, cursor, errors: parsed.errors, rest: parsed.rest }
    }

    /// The address of another query, the rest kept.
    pub(crate) fn href(&self, query: &TokenQuery) -> String {
        self.written(query.to_page_pairs())
    }

    /// The address after a change of the query.
    pub(crate) fn with(&self, change: impl FnOnce(&mut TokenQuery)) -> String {
        let mut query = self.query.clone();
        change(&mut query);
        self.href(&query)
    }

    /// The view's own word under a name, which the API does not know.
    fn own(&self, name: &str) -> Option<&str> {
        self.rest.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The address with another own word; without the word when there is none.
    fn with_own(&self, name: &str, value: Option<String>) -> String {
        let mut rest = self.rest.clone();
        rest.retain(|(key, _)| key != name);
        rest.extend(value.map(|value| (name.to_owned(), value)));
        Self { rest, ..self.clone() }.href(&self.query)
    }

    /// The columns that the view shows, if the reader chose them: names parted by commas.
    pub(crate) fn columns(&self) -> Option<&str> {
        self.own("cols")
    }

    /// Whether a column is shown.
    pub(crate) fn shows(&self, column: &str) -> bool {
        match self.columns() {
            Some(columns) => columns.split(',').any(|name| name == column),
            None => column != "price_sol",
        }
    }

    /// The address with a column shown that was not, or the other way round.
    pub(crate) fn toggled(&self, column: &str) -> String {
        let shown = COLUMNS
            .into_iter()
            .filter(|other| other.can_hide())
            .filter(|other| self.shows(other.name) != (other.name == column))
            .map(|other| other.name);
        let columns: Vec<&str> = shown.collect();
        // None at all would read as no choice.
        let columns = if columns.is_empty() { "none".to_owned() } else { columns.join(",") };
        self.with_own("cols", Some(columns))
    }

    /// The address with the columns as they are when nobody chose.
    pub(crate) fn with_all_columns(&self) -> String {
        self.with_own("cols", None)
    }

    /// Whether prices are shown in SOL.
    pub(crate) fn is_in_sol(&self) -> bool {
        self.own("unit") == Some("sol")
    }

    /// The address with prices in the other unit.
    pub(crate) fn in_other_unit(&self) -> String {
        self.with_own("unit", (!self.is_in_sol()).then(|| "sol".to_owned()))
    }

    /// The same view as a file.
    pub(crate) fn export_href(&self) -> String {
        format!("{}&format=csv", self.api_href())
    }

    /// The address of the page that a cursor leads to.
    pub(crate) fn at(&self, cursor: &str) -> String {
        let mut pairs = self.query.to_page_pairs();
        pairs.push(("cursor".to_owned(), cursor.to_owned()));
        self.written(pairs)
    }

    /// The same view as a call of the API, with every default written out.
    pub(crate) fn api_href(&self) -> String {
        let mut pairs = vec![
            ("rank".to_owned(), self.query.rank.name().to_owned()),
            ("window".to_owned(), self.query.window.name().to_owned()),
        ];
        pairs.extend(self.query.to_pairs().into_iter().filter(|(key, _)| key != "rank" && key != "window"));
        format!("/tokens?{}", encode_pairs(&pairs))
    }

    /// The address of a sort by a column: largest first where that is what one looks for, and the other way round when
    /// the view is sorted by it already. The rank's own column takes the sort away.
    pub(crate) fn sorted_by(&self, key: SortKey, window: Option<Window>) -> String {
        let same = self.query.sort.filter(|sort| sort.key == key && window.is_none_or(|w| w == self.query.window));
        let first = !matches!(key, SortKey::Symbol | SortKey::Age);
        let descending = same.map_or(first, |sort| !sort.descending);
        self.with(|query| {
            query.sort = (key != SortKey::Rank).then_some(Sort { key, descending });
            query.window = window.unwrap_or(query.window);
        })
    }

    /// The address of another rank; a rank is an order of its own, so a sort ends.
    pub(crate) fn ranked_by(&self, rank: Rank) -> String {
        self.with(|query| {
            query.rank = rank;
            query.sort = None;
        })
    }

    /// The address over another window.
    pub(crate) fn over(&self, window: Window) -> String {
        self.with(|query| query.window = window)
    }

    /// The address with one parameter of the query taken away.
    pub(crate) fn without(&self, key: &str) -> String {
        let kept = self.query.to_pairs().into_iter().filter(|(name, _)| name != key);
        self.href(&TokenQuery::parse(kept).query)
    }

    /// The pairs that a form on the page has to carry on besides its own fields.
    pub(crate) fn pairs_without(&self, fields: &[&str]) -> Vec<(String, String)> {
        let own = self.query.to_page_pairs().into_iter();
        own.chain(self.rest.iter().cloned()).filter(|(key, _)| !fields.contains(&key.as_str())).collect()
    }

    /// The address after a form was sent: its `fields` take the place of what the view said about these `names`. Values
    /// that cannot be read stay in the address, so that the page can say so.
    #[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "without a browser the form is sent as it is"))]
    pub(crate) fn href_of_pairs(&self, names: &[&str], fields: Vec<(String, String)>) -> String {
        let mut pairs = self.pairs_without(names);
        pairs.extend(fields);
        let read = Self::parse(&encode_pairs(&pairs));
        if read.errors.is_empty() { read.href(&read.query) } else { format!("/?{}", encode_pairs(&pairs)) }
    }

    fn written(&self, mut pairs: Vec<(String, String)>) -> String {
        pairs.extend(self.rest.iter().cloned());
        if pairs.is_empty() { "/".to_owned() } else { format!("/?{}", encode_pairs(&pairs)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_the_view_and_what_they_do_not_know() {
        let address = PageAddress::parse("?rank=gainers&window=h1&later=kept&cursor=abc&min_txns=");
        assert_eq!(address.cursor.as_deref(), Some("abc"));
        assert_eq!(address.errors, vec![]);
        assert_eq!(address.over(Window::H24), "/?rank=gainers&later=kept");
        assert_eq!(address.ranked_by(Rank::Trending), "/?window=h1&later=kept");
        assert_eq!(address.at("x/y"), "/?rank=gainers&window=h1&cursor=x%2Fy&later=kept");
        assert_eq!(PageAddress::parse("").ranked_by(Rank::Trending), "/");
    }

    #[test]
    fn a_header_sorts_turns_and_returns() {
        let unsorted = PageAddress::parse("");
        assert_eq!(unsorted.sorted_by(SortKey::VolumeUsd, None), "/?sort=-volume_usd");
        assert_eq!(unsorted.sorted_by(SortKey::Age, None), "/?sort=age");
        let sorted = PageAddress::parse("sort=-volume_usd");
        assert_eq!(sorted.sorted_by(SortKey::VolumeUsd, None), "/?sort=volume_usd");
        assert_eq!(sorted.sorted_by(SortKey::Rank, None), "/");
        assert_eq!(sorted.sorted_by(SortKey::ChangePct, Some(Window::H1)), "/?window=h1&sort=-change_pct");
    }

    #[test]
    fn the_floor_is_removed_by_a_word_and_the_api_is_told_it() {
        let address = PageAddress::parse("");
        assert_eq!(address.without("min_liquidity_usd"), "/?min_liquidity_usd=0");
        assert_eq!(address.api_href(), "/tokens?rank=trending&window=h24&min_liquidity_usd=10000");
        let raised = PageAddress::parse("min_liquidity_usd=50000&verified=true");
        assert_eq!(raised.without("verified"), "/?min_liquidity_usd=50000");
    }

    #[test]
    fn columns_and_unit_are_part_of_the_address_and_no_filter() {
        let usual = PageAddress::parse("rank=top");
        assert!(usual.shows("trend") && !usual.shows("price_sol") && !usual.is_in_sol());
        assert_eq!(usual.in_other_unit(), "/?rank=top&unit=sol");
        let without = PageAddress::parse(usual.toggled("trend").strip_prefix("/?").unwrap_or_default());
        assert!(!without.shows("trend") && without.shows("age"));
        assert_eq!(without.api_href(), usual.api_href());
        let again = PageAddress::parse(without.toggled("trend").strip_prefix("/?").unwrap_or_default());
        assert!(again.shows("trend"));
        assert_eq!(again.with_all_columns(), "/?rank=top");
        assert_eq!(PageAddress::parse("unit=sol&cols=none").in_other_unit(), "/?cols=none");
    }

    #[test]
    fn a_bad_value_is_said_and_left_out() {
        let address = PageAddress::parse("rank=nonsense&window=h1");
        assert_eq!(address.errors.len(), 1);
        assert_eq!(address.href(&address.query), "/?window=h1");
    }
}
