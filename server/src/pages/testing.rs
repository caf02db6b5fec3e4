//! A small market for tests of pages and of the API.

use std::collections::BTreeMap;
use std::sync::Arc;

use memescope::query::TokenQuery;
use memescope::{Board, Chain, Epoch, Event, Price, Timestamp, Token, TokenId};
use proptest::prelude::*;

use super::{CursorKey, Pages, Selection};
use crate::bus::LogEntry;
use crate::store::{Commit, Store};

/// When the market opens.
pub(crate) const OPENING: Timestamp = Timestamp::from_secs(1_795_384_500);

/// The id of a numbered token.
pub(crate) fn id(number: u8) -> TokenId {
    TokenId::new(&Chain::solana(), &bs58::encode([number; 32]).into_string()).expect("32 bytes are an address")
}

/// A selection from the text of its query.
pub(crate) fn selection(text: &str) -> Arc<Selection> {
    let parsed = TokenQuery::parse(text.split('&').filter_map(|pair| pair.split_once('=')));
    assert!(parsed.errors.is_empty() && parsed.rest.is_empty(), "{parsed:?}");
    Arc::new(Selection::new(parsed.query, None))
}

/// What a commit does: numbered tokens that come or change, with a figure, and those that leave (`None`).
pub(crate) type Step = BTreeMap<u8, Option<u16>>;

/// Any step.
pub(crate) fn any_step() -> impl Strategy<Value = Step> {
    let change = prop_oneof![4 => (0u16..400).prop_map(Some), 1 => Just(None)];
    proptest::collection::btree_map(1u8..60, change, 0..20)
}

/// A numbered token with a figure that all its values follow from; every fifth volume is unknown.
pub(crate) fn token(number: u8, figure: u16, at: Timestamp) -> Token {
    let mut token = Token::new(id(number), at);
    token.symbol = Some(format!("T{number}").into());
    token.name = Some(format!("Token {number}").into());
    token.price_usd = Price::new(u64::from(figure) + 1, -3);
    token.liquidity_usd = Some(f64::from(figure) * 100.0);
    token.volume_usd.h24 = (!figure.is_multiple_of(5)).then_some(f64::from(figure));
    token.change_pct.h24 = Some(f64::from(figure) - 200.0);
    token.created_at = Some(Timestamp::from_secs(1_700_000_000 + i64::from(number)));
    token.dex = Some("orca".into());
    token
}

/// A store that is committed to by hand, and its pages.
#[derive(Debug)]
pub(crate) struct Market {
    pub(crate) store: Arc<Store>,
    pub(crate) pages: Arc<Pages>,
}

impl Market {
    pub(crate) fn new() -> Self {
        let store = Arc::new(Store::new(Board { epoch: Epoch::from_bits(7), as_of: OPENING, ..Board::default() }));
        let pages = Arc::new(Pages::new(store.clone(), CursorKey::from_bytes([7; 32])));
        Self { store, pages }
    }

    /// A market with tokens 1 to `count`, the figure of each ten times its number.
    pub(crate) fn with_tokens(count: u8) -> Self {
        let market = Self::new();
        market.commit(10, &(1..=count).map(|number| (number, Some(u16::from(number) * 10))).collect());
        market
    }

    /// Commits a step, so many seconds after the last one.
    pub(crate) fn commit(&self, seconds: i64, step: &Step) -> Arc<Commit> {
        let before = self.store.snapshot();
        let as_of = Timestamp::from_millis(before.board.as_of.millis() + seconds * 1_000);
        let mut rows = before.board.tokens.clone();
        for (number, figure) in step {
            match figure {
                Some(figure) => rows.insert(id(*number), Arc::new(token(*number, *figure, as_of))),
                None => rows.remove(&id(*number)),
            };
        }
        let sol_usd = "163.74".parse().ok();
        self.publish(&before.board.advance(as_of, sol_usd, false, rows), &[])
    }

    /// Commits one token as it is.
    pub(crate) fn put(&self, token: Token) {
        let board = self.store.snapshot().board.clone();
        let mut rows = board.tokens.clone();
        rows.insert(token.id.clone(), Arc::new(token));
        self.publish(&board.advance(board.as_of, board.sol_usd, board.stale, rows), &[]);
    }

    /// Publishes a board.
    pub(crate) fn publish(&self, board: &Board, events: &[Event]) -> Arc<Commit> {
        let delta = self.store.snapshot().board.diff(board);
        let entry = LogEntry { delta: Some(Arc::new(delta)), events: events.into(), reports: Arc::default() };
        let commit = self.store.commit(&entry).expect("it follows").expect("it has a delta");
        self.pages.remember();
        commit
    }
}
