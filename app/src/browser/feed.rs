//! The live feed: one socket with three subscriptions — the order of the head, the values of the mounted rows, the states
//! of the sources. It comes back by itself and goes on from where it was.

use std::cell::RefCell;
use std::time::Duration;

use leptos::prelude::*;
use memescope::feed::Channel;
use memescope::feed::client::{Action, FeedClient, LinkState, ListState, Params, RowChange, RowsState, Wanted};
use memescope::{Timestamp, TokenId};

use crate::board_state::{BoardFacts, BoardState, Connection};
use crate::browser::{is_visible, later, now_ms, random, socket::Socket};
use crate::frame::{Frame, Status};
use crate::location::Place;
use crate::server_fns::{PAGE_ROWS, load_page};
use crate::token_table::order;

/// How often the first page is asked for while no socket comes about: some networks let none through.
const POLL_MS: u64 = 10_000;

/// How long a change of the mounted rows waits for the next one.
const ROWS_DELAY: Duration = Duration::from_millis(200);

thread_local! {
    static FEED: RefCell<Option<Feed>> = const { RefCell::new(None) };
}

struct Feed {
    state: BoardState,
    client: FeedClient,
    socket: Option<Socket>,
    generation: u64,
    rows_due: bool,
    clock: Timestamp,
    /// When the first page was asked for in the place of a socket.
    polled_at: u64,
}

fn with_feed<T>(action: impl FnOnce(&mut Feed) -> T) -> Option<T> {
    FEED.with(|feed| feed.try_borrow_mut().ok()?.as_mut().map(action))
}

/// Starts the feed of a page.
pub(super) fn start(state: BoardState) {
    let mut client = FeedClient::new(now_ms());
    client.follow(Channel::Status, Params::default());
    client.pause(now_ms(), !is_visible());
    let mut feed =
        Feed { state, client, socket: None, generation: 0, rows_due: false, clock: Timestamp::default(), polled_at: 0 };
    feed.run();
    FEED.set(Some(feed));

    // Another view: its order and rows take the place of the last one's.
    Effect::new(move |_| {
        state.facts.track();
        with_feed(Feed::follow_view);
    });
    // Other rows are mounted, or the head names rows that nobody has.
    Effect::new(move |_| {
        let _ = (state.mounted(), state.head.get(), state.holds.get());
        let due = with_feed(|feed| std::mem::replace(&mut feed.rows_due, true)).unwrap_or(true);
        if !due {
            set_timeout(|| _ = with_feed(Feed::follow_rows), ROWS_DELAY);
        }
    });
    let visibility = leptos::prelude::window_event_listener_untyped("visibilitychange", |_| {
        with_feed(Feed::follow_visibility);
    });
    let online = window_event_listener(leptos::ev::online, |_| retry_now());
    on_cleanup(move || {
        visibility.remove();
        online.remove();
        FEED.set(None);
    });
}

/// Tries to connect now instead of later.
pub(crate) fn retry_now() {
    with_feed(|feed| {
        feed.client.retry(now_ms());
        feed.run();
        feed.tell();
    });
}

/// Looks after the connection; called twice a second.
pub(super) fn tick() {
    with_feed(|feed| {
        feed.client.tick(now_ms(), random());
        feed.run();
        feed.tell();
        feed.poll();
    });
}

/// The newest time that the server told.
pub(super) fn server_clock() -> Option<Timestamp> {
    with_feed(|feed| feed.clock)
}

impl Feed {
    /// Does what the client asks for.
    fn run(&mut self) {
        for action in self.client.take_actions() {
            match action {
                Action::Connect => self.connect(),
                Action::Drop => self.socket = None,
                Action::Send(request) => {
                    if let Some(socket) = &self.socket {
                        socket.send(&request);
                    }
                }
            }
        }
    }

    fn connect(&mut self) {
        let on_frame = |frame: Frame| _ = with_feed(|feed| feed.receive(frame));
        let on_close = || {
            with_feed(|feed| {
                feed.socket = None;
                feed.client.closed(now_ms(), random());
                feed.run();
                feed.tell();
            });
        };
        self.socket = Socket::open(on_frame, on_close);
        if self.socket.is_none() {
            self.client.closed(now_ms(), random());
        }
    }

    /// Tells the page how the connection does, and says aloud what matters.
    fn tell(&self) {
        let now = now_ms();
        let (state, before) = (self.client.state(now), self.state.connection.get_untracked());
        let last_frame = Some(self.clock).filter(|at| *at != Timestamp::default());
        let next = Connection {
            state,
            retry_in: self.client.link().retry_in(now).map(|wait| wait.div_ceil(1_000)),
            last_frame,
        };
        if next == before {
            return;
        }
        self.state.connection.set(next);
        match (before.state, state) {
            (old, LinkState::Disconnected) if old != LinkState::Disconnected => {
                self.state.announcement.set("Connection lost, showing the last numbers.".to_owned());
            }
            (LinkState::Disconnected, LinkState::Live) => {
                self.state.announcement.set("Connection back.".to_owned());
            }
            _ => {}
        }
        if state == LinkState::Live {
            // What did not come while nobody answered may come now.
            self.state.try_again();
        }
    }

    /// Asks for the first page as it is now when there is no socket and somebody looks.
    fn poll(&mut self) {
        let (state, now) = (self.state, now_ms());
        let is_cut_off = self.client.state(now) == LinkState::Disconnected && is_visible() && has_list(state);
        if !is_cut_off || now.saturating_sub(self.polled_at) < POLL_MS {
            return;
        }
        self.polled_at = now;
        let (search, generation) = (state.location.search.get_untracked(), state.generation_now());
        leptos::task::spawn_local(async move {
            // What does not come is asked for again.
            let Ok(page) = load_page(search, None).await else { return };
            if state.generation_now() == generation {
                with_feed(|feed| feed.clock = later(feed.clock, page.server_time));
                state.renew(page);
            }
        });
    }

    fn receive(&mut self, frame: Frame) {
        let mut asks_for_rows = false;
        match &frame {
            Frame::Hello(hello) => {
                self.clock = later(self.clock, hello.server_time);
                self.state.demo.set(hello.market == "demo");
                asks_for_rows = true;
            }
            Frame::Subscribed(_) | Frame::Updated(_) => asks_for_rows = true,
            Frame::Status(Status { sources, sol_usd, stale, seq, as_of, tokens }) => {
                self.state.board.set(BoardFacts { seq: *seq, tokens: *tokens });
                self.set_as_of(*as_of);
                self.state.sources.set(sources.clone());
                self.state.sol_usd.set(*sol_usd);
                if self.state.stale.get_untracked() != *stale {
                    self.state.stale.set(*stale);
                }
            }
            Frame::Heartbeat(heartbeat) => self.set_as_of(heartbeat.as_of),
            _ => {}
        }
        let message = frame.into_incoming();
        let as_of = message.frame_of().map(|(_, as_of)| as_of);
        let news = self.client.receive(now_ms(), random(), message);
        if news.list {
            self.show_list();
        }
        self.show_rows(news.rows);
        if let (true, Some(as_of)) = (news.is_ours, as_of) {
            self.set_as_of(as_of);
        }
        if asks_for_rows {
            self.follow_rows();
        }
        self.run();
        self.tell();
    }

    fn set_as_of(&mut self, as_of: Timestamp) {
        self.clock = later(self.clock, as_of);
        if self.state.as_of.get_untracked() != as_of {
            self.state.as_of.set(as_of);
        }
    }

    /// Takes the view of the page up, from its first page's state on.
    fn follow_view(&mut self) {
        let facts = self.state.facts.get_untracked();
        if facts.generation == self.generation {
            return;
        }
        self.generation = facts.generation;
        let ids = self.state.head.get_untracked();
        let list = ListState::seeded(facts.epoch, facts.seq, ids.to_vec(), self.state.total.get_untracked());
        let rows = RowsState::seeded(facts.epoch, facts.seq, ids.iter().cloned());
        // A page from the middle of the list has no live head.
        let params = (facts.first == 0 && has_list(self.state)).then(|| {
            let mut query = std::collections::BTreeMap::new();
            for (key, value) in self.state.address.with_untracked(|address| address.query.to_pairs()) {
                query.insert(key, value);
            }
            Params { head: u32::try_from(PAGE_ROWS).ok(), query, ..Params::default() }
        });
        self.client.follow_view(params, list, (ids.to_vec(), rows));
        self.run();
    }

    fn mounted_and_unknown(&self) -> Vec<TokenId> {
        let state = self.state;
        let mounted = untrack(|| state.mounted());
        let head = self.state.head.get_untracked();
        order::wanted(&mounted, &head, |id| state.knows(id))
    }

    /// Brings the rows that are followed in line with what is mounted: those at the head of the list, whichever they are,
    /// or, while the order is held and below the head, those that are mounted.
    fn follow_rows(&mut self) {
        self.rows_due = false;
        if self.generation == 0 {
            return;
        }
        let is_at_head = !self.state.is_held() && self.state.range.with_untracked(|range| range.end <= PAGE_ROWS);
        let wanted = if self.client.list_is_open() && is_at_head {
            Wanted::Range(0, u32::try_from(PAGE_ROWS).unwrap_or(u32::MAX))
        } else {
            Wanted::Ids(self.mounted_and_unknown())
        };
        self.client.follow_rows(wanted);
        self.run();
    }

    fn follow_visibility(&mut self) {
        self.client.pause(now_ms(), !is_visible());
        self.run();
    }

    fn show_list(&self) {
        let (ids, total) = (self.client.list().ids(), self.client.list().total());
        if self.state.head.with_untracked(|head| head.as_slice() != ids) {
            self.state.head.set(std::sync::Arc::new(ids.to_vec()));
        }
        if self.state.total.get_untracked() != total {
            self.state.total.set(total);
        }
    }

    fn show_rows(&self, changes: Vec<RowChange>) {
        let mut gone = Vec::new();
        for change in changes {
            match change {
                // Rows stay for when they are scrolled to again.
                RowChange::Anew => {}
                RowChange::Put(row) => self.state.put(row),
                RowChange::Patch(patch) => {
                    if let Some(row) = self.state.row(&patch.id) {
                        row.update(|row| row.apply(patch));
                    }
                }
                RowChange::Gone(id) => gone.push(id),
            }
        }
        self.state.forget(gone);
    }
}

/// Whether the page shows a list; that of one token shows one row, whichever its rank is.
fn has_list(state: BoardState) -> bool {
    state.location.place == Place::Board
}
