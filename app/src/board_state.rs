//! What the page knows: rows, their order, which of them are in the document, and how the sources and the connection do.
//!
//! Each row is a signal of its own, so that a patch touches the cells of one row. The order is derived: the live head,
//! frozen while it is held, above the pages as they were loaded.

mod loading;
mod mounted;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use memescope::feed::client::LinkState;
use memescope::{Epoch, Price, Seq, SourceReport, Timestamp, Token, TokenId};

use crate::address::PageAddress;
use crate::alert::{Firing, Rule};
use crate::location::Location;
use crate::marks::Marked;
use crate::part::memo;
use crate::reader::{BoardStatus, RowExtras, TokenPage};
use crate::server_fns::{PAGE_ROWS, PageError};
use crate::token_table::order;
use crate::token_table::slots::{Shown, Slot};

/// A row: its token, shared by all who show it.
pub(crate) type Row = ArcRwSignal<Token>;

/// How the connection does, in the words of the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Connection {
    /// Its state.
    pub(crate) state: LinkState,
    /// Seconds until the next attempt, where one waits.
    pub(crate) retry_in: Option<u64>,
    /// What the last frame said, by the server's clock.
    pub(crate) last_frame: Option<Timestamp>,
}

/// What could not be loaded, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) error: PageError,
    /// Further rows of a view whose first ones are here; else a view.
    pub(crate) more: bool,
}

/// Why the order holds still.
#[expect(clippy::struct_excessive_bools, reason = "four independent reasons, each on or off")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holds {
    /// The pointer is over the rows.
    pub(crate) pointer: bool,
    /// The keyboard is in the rows.
    pub(crate) focus: bool,
    /// The list is scrolled by more than a row.
    pub(crate) scrolled: bool,
    /// Asked for by key or button.
    pub(crate) asked: bool,
}

impl Holds {
    fn any(self) -> bool {
        self.pointer || self.focus || self.scrolled || self.asked
    }
}

/// Facts of the page that was loaded last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PageFacts {
    /// Rises with every loaded view: what belongs to an older one is thrown away.
    pub(crate) generation: u64,
    /// The place of the first row in the whole list, from 0.
    pub(crate) first: u64,
    /// The snapshot that it was made from.
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
}

/// Facts of the newest board, whatever of it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BoardFacts {
    pub(crate) seq: Seq,
    /// How many tokens are on it.
    pub(crate) tokens: u64,
}

/// The order of the head that is shown.
#[derive(Clone, Debug, PartialEq)]
struct ShownHead {
    ids: Arc<Vec<TokenId>>,
    generation: u64,
    released: u64,
}

/// What the page knows.
#[derive(Clone, Copy)]
pub(crate) struct BoardState {
    /// The view of the address.
    pub(crate) address: Memo<PageAddress>,
    /// Where the page is.
    pub(crate) location: Location,
    rows: StoredValue<HashMap<TokenId, Row>>,
    /// Rises when rows become known or leave.
    known: RwSignal<u64>,
    pub(crate) facts: RwSignal<PageFacts>,
    /// The head as the feed tells it.
    pub(crate) head: RwSignal<Arc<Vec<TokenId>>>,
    shown_head: Memo<ShownHead>,
    /// All loaded ids in the order of their pages.
    pinned: RwSignal<Arc<Vec<TokenId>>>,
    /// The ids to show, from the first to the last loaded.
    pub(crate) order: Memo<Arc<Vec<TokenId>>>,
    /// Which of them are in the document.
    pub(crate) range: RwSignal<Range<usize>>,
    /// A row that stays in the document because the keyboard is in it.
    pub(crate) focused: RwSignal<Option<TokenId>>,
    /// What each row of the document shows.
    pub(crate) slots: Memo<Vec<Shown<Row>>>,
    /// The rows of the document, by the numbers of their slots.
    mounted: StoredValue<Vec<Slot>>,
    pub(crate) total: RwSignal<u64>,
    pub(crate) next_cursor: RwSignal<Option<String>>,
    pub(crate) holds: RwSignal<Holds>,
    /// Rises when the waiting moves are to be shown although the order is held.
    released: RwSignal<u64>,
    /// Tokens that left the board while the order was held; their rows are still shown.
    pub(crate) left: RwSignal<Arc<Vec<TokenId>>>,
    /// When the shown board was made.
    pub(crate) as_of: RwSignal<Timestamp>,
    /// The server's clock: `as_of` until the page is alive, then ticking.
    pub(crate) now: RwSignal<Timestamp>,
    pub(crate) board: RwSignal<BoardFacts>,
    pub(crate) stale: RwSignal<bool>,
    pub(crate) demo: RwSignal<bool>,
    pub(crate) sources: RwSignal<Vec<SourceReport>>,
    pub(crate) sol_usd: RwSignal<Option<Price>>,
    pub(crate) connection: RwSignal<Connection>,
    /// Another view is on its way; the rows shown are those of the last one.
    pub(crate) loading: RwSignal<bool>,
    /// More rows of this view are on their way.
    loading_more: RwSignal<bool>,
    /// The last page did not come.
    pub(crate) problem: RwSignal<Option<Problem>>,
    /// The row height of the style sheet, CSS pixels.
    pub(crate) row_height: RwSignal<f64>,
    /// What a screen reader is told.
    pub(crate) announcement: RwSignal<String>,
    /// What the reader marked.
    pub(crate) marked: Marked,
    /// The reader's alerts, and what they told.
    pub(crate) rules: RwSignal<Vec<Rule>>,
    pub(crate) alerts: RwSignal<Vec<Firing>>,
    /// What rows show of the past; of a token that is asked about in vain, nothing.
    extras: RwSignal<HashMap<TokenId, RowExtras>>,
}

impl BoardState {
    /// The state of a page that begins with `first`.
    pub(crate) fn new(location: Location, first: Result<TokenPage, PageError>) -> Self {
        let address = memo(move |_| location.search.with(|search| PageAddress::parse(search)));
        let rows = StoredValue::new(HashMap::new());
        let known = RwSignal::new(0);
        let facts = RwSignal::new(PageFacts { generation: 0, first: 0, epoch: Epoch::default(), seq: 0 });
        let head = RwSignal::new(Arc::default());
        let pinned: RwSignal<Arc<Vec<TokenId>>> = RwSignal::new(Arc::default());
        let holds = RwSignal::new(Holds::default());
        let released = RwSignal::new(0);
        let held = memo(move |_| holds.get().any());
        let generation = memo(move |_| facts.with(|facts| facts.generation));
        let shown_head = memo(move |before: Option<&ShownHead>| {
            let now = ShownHead { ids: head.get(), generation: generation.get(), released: released.get() };
            match before {
                Some(before)
                    if held.get() && before.generation == now.generation && before.released == now.released =>
                {
                    before.clone()
                }
                _ => now,
            }
        });
        let marked = Marked::new();
        let order = memo(move |_| {
            known.track();
            let is_known = |id: &TokenId| rows.with_value(|rows: &HashMap<TokenId, Row>| rows.contains_key(id));
            let is_shown = |id: &TokenId| is_known(id) && !marked.hidden.with(|hidden| hidden.contains(id));
            Arc::new(pinned.with(|pinned| shown_head.with(|head| order::shown(&head.ids, pinned, PAGE_ROWS, is_shown))))
        });
        let range = RwSignal::new(0..PAGE_ROWS);
        let focused = RwSignal::new(None);
        let state = Self {
            address,
            location,
            rows,
            known,
            facts,
            head,
            shown_head,
            pinned,
            order,
            range,
            focused,
            slots: mounted::slots((rows, known), order, range, focused),
            mounted: StoredValue::new(Vec::new()),
            total: RwSignal::new(0),
            next_cursor: RwSignal::new(None),
            holds,
            released,
            left: RwSignal::new(Arc::default()),
            as_of: RwSignal::new(Timestamp::default()),
            now: RwSignal::new(Timestamp::default()),
            board: RwSignal::new(BoardFacts::default()),
            stale: RwSignal::new(false),
            demo: RwSignal::new(false),
            sources: RwSignal::new(Vec::new()),
            sol_usd: RwSignal::new(None),
            connection: RwSignal::new(Connection { state: LinkState::Connecting, retry_in: None, last_frame: None }),
            loading: RwSignal::new(false),
            loading_more: RwSignal::new(false),
            problem: RwSignal::new(None),
            row_height: RwSignal::new(44.0),
            announcement: RwSignal::new(String::new()),
            marked,
            rules: RwSignal::new(Vec::new()),
            alerts: RwSignal::new(Vec::new()),
            extras: RwSignal::new(HashMap::new()),
        };
        match first {
            Ok(page) => state.show(page),
            Err(error) => state.problem.set(Some(Problem { error, more: false })),
        }
        state
    }

    /// The state of a page that shows no rows; everything is unknown where there is no status.
    pub(crate) fn of_status(location: Location, status: Option<BoardStatus>) -> Self {
        let state = Self::new(location, Err(PageError::Unreachable));
        state.problem.set(None);
        if let Some(status) = status {
            state.board.set(BoardFacts { seq: status.seq, tokens: status.tokens });
            state.as_of.set(status.as_of);
            state.now.set(status.server_time);
            state.stale.set(status.stale);
            state.demo.set(status.demo);
            state.sources.set(status.sources);
            state.sol_usd.set(status.sol_usd);
        }
        state
    }

    /// The state of the page of one token: a page of one row, which no list leads to.
    pub(crate) fn of_token(location: Location, first: Option<TokenPage>) -> Self {
        let state = Self::new(location, first.ok_or(PageError::Unreachable));
        state.problem.set(None);
        state
    }

    /// What a row shows of the past.
    pub(crate) fn extras_of(&self, id: &TokenId) -> RowExtras {
        let nothing = || RowExtras { id: id.clone(), risen: None, trend: None };
        self.extras.with(|extras| extras.get(id).cloned()).unwrap_or_else(nothing)
    }

    /// Whether it was asked what a row shows of the past.
    #[cfg(feature = "hydrate")]
    pub(crate) fn has_extras(&self, id: &TokenId) -> bool {
        self.extras.with_untracked(|extras| extras.contains_key(id))
    }

    /// Takes in what was told of the past of these rows.
    #[cfg(feature = "hydrate")]
    pub(crate) fn take_extras(&self, asked: Vec<TokenId>, told: Vec<RowExtras>) {
        self.extras.update(|extras| {
            for id in asked {
                extras.entry(id.clone()).or_insert(RowExtras { id, risen: None, trend: None });
            }
            for row in told {
                extras.insert(row.id.clone(), row);
            }
        });
    }

    /// Which view is shown now.
    #[cfg(feature = "hydrate")]
    pub(crate) fn generation_now(&self) -> Option<u64> {
        self.facts.try_with_untracked(|facts| facts.generation)
    }

    /// A row that is known.
    pub(crate) fn row(&self, id: &TokenId) -> Option<Row> {
        self.rows.with_value(|rows| rows.get(id).cloned())
    }

    /// Whether an id has a row.
    #[cfg(feature = "hydrate")]
    pub(crate) fn knows(&self, id: &TokenId) -> bool {
        self.rows.with_value(|rows| rows.contains_key(id))
    }

    /// Takes a whole row in.
    pub(crate) fn put(&self, token: Token) {
        if let Some(row) = self.row(&token.id) {
            if row.with_untracked(|row| *row != token) {
                row.set(token);
            }
        } else {
            self.rows.update_value(|rows| drop(rows.insert(token.id.clone(), ArcRwSignal::new(token))));
            self.known.update(|known| *known += 1);
        }
    }

    /// Takes rows away that left the board; while the order is held they stay to be seen.
    #[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only a feed takes rows away"))]
    pub(crate) fn forget(&self, gone: Vec<TokenId>) {
        if gone.is_empty() {
            return;
        }
        if self.is_held() {
            self.left.update(|left| Arc::make_mut(left).extend(gone));
        } else {
            self.rows.update_value(|rows| gone.iter().for_each(|id| drop(rows.remove(id))));
            self.known.update(|known| *known += 1);
        }
    }

    /// Whether the order holds still now.
    pub(crate) fn is_held(&self) -> bool {
        self.holds.with_untracked(|holds| holds.any())
    }

    /// How many moves wait for the end of a hold.
    pub(crate) fn waiting_moves(&self) -> usize {
        let held = self.holds.with(|holds| holds.any());
        if held { self.head.with(|head| self.shown_head.with(|shown| order::moves(&shown.ids, head))) } else { 0 }
    }

    /// Shows the waiting moves at once.
    pub(crate) fn release(&self) {
        #[cfg(feature = "hydrate")]
        crate::browser::glide::begin();
        let gone = self.left.get_untracked();
        if !gone.is_empty() {
            self.left.set(Arc::default());
            self.rows.update_value(|rows| gone.iter().for_each(|id| drop(rows.remove(id))));
            self.known.update(|known| *known += 1);
        }
        self.released.update(|released| *released += 1);
    }

    /// How far the numbers are behind: a board made in an outage is as old as what it was made of.
    pub(crate) fn lag(&self) -> Duration {
        self.now.get().since(self.as_of.get()).max(self.sources_silent_for())
    }

    /// How long ago any source gave a good answer.
    pub(crate) fn sources_silent_for(&self) -> Duration {
        let newest = self.sources.with(|sources| sources.iter().filter_map(|source| source.last_ok_at).max());
        self.now.get().since(newest.unwrap_or_else(|| self.as_of.get()))
    }

    /// Whether the numbers are those of the last run and no source was asked in this one.
    pub(crate) fn is_warm_start(&self) -> bool {
        self.sources.with(|sources| sources.iter().all(|source| source.requests.ok + source.requests.failed == 0))
    }

    /// Whether no source has ever answered and there is nothing to show.
    pub(crate) fn is_first_start(&self) -> bool {
        self.total.get() == 0 && self.sources.with(|sources| sources.iter().all(|source| source.last_ok_at.is_none()))
    }
}
