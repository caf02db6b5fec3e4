//! The live feed: one socket with three subscriptions — the order of the head, the values of the mounted rows, the states
//! of the sources. It comes back by itself and goes on from where it was.

use std::cell::RefCell;
use std::time::Duration;

use leptos::prelude::*;
use memescope::feed::client::{Applied, Link, LinkAction, LinkState, ListState, RowChange, RowsState};
use memescope::feed::{Channel, DeltaFrame, Resume, SnapshotFrame};
use memescope::{Timestamp, TokenId};

use crate::board_state::{BoardFacts, BoardState, Connection};
use crate::browser::{is_visible, later, now_ms, random, socket::Socket};
use crate::frame::{Frame, Params, Refused, Request, Status, Subscribed};
use crate::server_fns::PAGE_ROWS;
use crate::token_table::order;

/// How long a change of the mounted rows waits for the next one.
const ROWS_DELAY: Duration = Duration::from_millis(200);

/// How long a refused request waits, milliseconds.
const AGAIN_MS: u64 = 2_000;

thread_local! {
    static FEED: RefCell<Option<Feed>> = const { RefCell::new(None) };
    /// Sockets that were replaced: one of them may be calling us right now.
    static RETIRED: RefCell<Vec<Socket>> = const { RefCell::new(Vec::new()) };
}

/// A subscription: asked for, then open under the name that the server gave it.
#[derive(Debug, Default)]
enum Sub {
    #[default]
    None,
    Asked(u64),
    Open(String),
}

impl Sub {
    fn is(&self, name: &str) -> bool {
        matches!(self, Self::Open(own) if own == name)
    }

    fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

/// Which rows are followed.
#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    /// Those at the head of the list, whichever they are: the row of a token comes no later than its place.
    Head,
    /// These, while the order is held and below the head.
    Ids(Vec<TokenId>),
}

struct Feed {
    state: BoardState,
    link: Link,
    socket: Option<Socket>,
    /// Whether the server has greeted us on this socket.
    greeted: bool,
    last_id: u64,
    generation: u32,
    list_sub: Sub,
    list: ListState,
    rows_sub: Sub,
    rows: RowsState,
    /// What the rows subscription is about, as last asked for.
    asked_rows: Wanted,
    /// An `update` that the server has not answered.
    update: Option<u64>,
    /// Subscriptions that the server opened after they were given up.
    strays: Vec<String>,
    /// When what was refused is asked for again.
    again_at: Option<u64>,
    rows_due: bool,
    clock: Timestamp,
}

fn with_feed<T>(action: impl FnOnce(&mut Feed) -> T) -> Option<T> {
    FEED.with(|feed| feed.try_borrow_mut().ok()?.as_mut().map(action))
}

/// Starts the feed of a page.
pub(super) fn start(state: BoardState) {
    let mut feed = Feed {
        state,
        link: Link::new(now_ms()),
        socket: None,
        greeted: false,
        last_id: 0,
        generation: 0,
        list_sub: Sub::None,
        list: ListState::default(),
        rows_sub: Sub::None,
        rows: RowsState::default(),
        asked_rows: Wanted::Ids(Vec::new()),
        update: None,
        strays: Vec::new(),
        again_at: None,
        rows_due: false,
        clock: Timestamp::default(),
    };
    feed.connect();
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
        let action = feed.link.retry(now_ms());
        feed.act(action);
        feed.tell();
    });
}

/// Looks after the connection; called twice a second.
pub(super) fn tick() {
    RETIRED.with(|retired| retired.borrow_mut().clear());
    with_feed(|feed| {
        let action = feed.link.tick(now_ms(), random());
        feed.act(action);
        if feed.again_at.is_some_and(|at| now_ms() >= at) {
            feed.again_at = None;
            feed.enter();
        }
        feed.tell();
    });
}

/// The newest time that the server told.
pub(super) fn server_clock() -> Option<Timestamp> {
    with_feed(|feed| feed.clock)
}

impl Feed {
    fn act(&mut self, action: LinkAction) {
        match action {
            LinkAction::Wait => {}
            LinkAction::Connect => self.connect(),
            LinkAction::Drop => self.lose_socket(),
        }
    }

    fn connect(&mut self) {
        self.lose_socket();
        let on_text = |text: String| {
            if let Some(frame) = Frame::read(&text) {
                with_feed(|feed| feed.receive(frame));
            }
        };
        let on_close = || {
            with_feed(|feed| {
                feed.lose_socket();
                feed.link.closed(now_ms(), random(), None);
                feed.tell();
            });
        };
        self.socket = Socket::open(on_text, on_close);
        if self.socket.is_none() {
            self.link.closed(now_ms(), random(), None);
        }
    }

    fn lose_socket(&mut self) {
        self.greeted = false;
        self.list_sub = Sub::None;
        self.rows_sub = Sub::None;
        self.update = None;
        self.strays.clear();
        if let Some(socket) = self.socket.take() {
            RETIRED.with(|retired| retired.borrow_mut().push(socket));
        }
    }

    /// Tells the page how the connection does, and says aloud what matters.
    fn tell(&self) {
        let now = now_ms();
        let (state, before) = (self.link.state(now), self.state.connection.get_untracked());
        let last_frame = Some(self.clock).filter(|at| *at != Timestamp::default());
        let next = Connection { state, retry_in: self.link.retry_in(now).map(|wait| wait.div_ceil(1_000)), last_frame };
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

    fn send(&self, request: &Request) {
        if let Some(socket) = &self.socket {
            socket.send(request);
        }
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn subscribe(&mut self, channel: Channel, params: Params, resume: Option<Resume>) -> u64 {
        let id = self.next_id();
        self.send(&Request::Subscribe { id, channel, params, resume });
        id
    }

    fn unsubscribe(&mut self, sub: String) {
        let id = self.next_id();
        self.send(&Request::Unsubscribe { id, sub });
    }

    fn leave(&mut self) {
        for sub in [std::mem::take(&mut self.list_sub), std::mem::take(&mut self.rows_sub)] {
            if let Sub::Open(name) = sub {
                self.unsubscribe(name);
            }
        }
        self.update = None;
    }

    fn receive(&mut self, frame: Frame) {
        self.link.frame(now_ms());
        match frame {
            Frame::Hello(hello) => {
                self.link.promise(hello.heartbeat_ms);
                self.clock = later(self.clock, hello.server_time);
                self.greeted = true;
                self.state.demo.set(hello.market == "demo");
                self.subscribe(Channel::Status, Params::default(), None);
                self.enter();
            }
            Frame::Subscribed(answer) => self.opened(answer),
            Frame::Updated(answer) => {
                if self.update == Some(answer.id) {
                    self.update = None;
                    if let Wanted::Ids(ids) = &self.asked_rows {
                        self.rows.keep_only(ids);
                    }
                    self.follow_rows();
                }
            }
            Frame::Snapshot(frame) => self.take_snapshot(frame),
            Frame::Delta(frame) => self.take_delta(frame),
            Frame::Status(Status { sources, sol_usd, stale, seq, as_of, tokens }) => {
                self.state.board.set(BoardFacts { seq, tokens });
                self.set_as_of(as_of);
                self.state.sources.set(sources);
                self.state.sol_usd.set(sol_usd);
                if self.state.stale.get_untracked() != stale {
                    self.state.stale.set(stale);
                }
            }
            Frame::Heartbeat(heartbeat) => self.set_as_of(heartbeat.as_of),
            Frame::Refused(refused) => self.refused(&refused),
            Frame::Bye(bye) => {
                self.lose_socket();
                self.link.closed(now_ms(), random(), Some(bye.retry_after_ms));
            }
            Frame::Other => {}
        }
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
        self.leave();
        let ids = self.state.head.get_untracked();
        self.list = ListState::seeded(facts.epoch, facts.seq, ids.to_vec(), self.state.total.get_untracked());
        self.asked_rows = Wanted::Ids(ids.to_vec());
        self.rows = RowsState::seeded(facts.epoch, facts.seq, ids.iter().cloned());
        self.enter();
    }

    /// Opens what is not open.
    fn enter(&mut self) {
        if !self.greeted || !is_visible() || self.generation == 0 {
            return;
        }
        let first = self.state.facts.with_untracked(|facts| facts.first);
        // A page from the middle of the list has no live head.
        if self.list_sub.is_none() && first == 0 {
            let query = self.state.address.with_untracked(|address| address.query.to_pairs());
            let query = query.into_iter().collect();
            let head = u32::try_from(PAGE_ROWS).ok();
            let resume = self.list.resume();
            self.list_sub =
                Sub::Asked(self.subscribe(Channel::List, Params { head, query, ..Default::default() }, resume));
        }
        if self.rows_sub.is_none() {
            let ids = self.mounted_and_unknown();
            if !ids.is_empty() {
                // Of rows that came and went with the head nobody knows which ones are of the last seq.
                let resume = if matches!(self.asked_rows, Wanted::Ids(_)) { self.rows.resume(&ids) } else { None };
                if resume.is_some() {
                    self.rows.keep_only(&ids);
                }
                self.asked_rows = Wanted::Ids(ids.clone());
                let params = Params { ids: Some(ids), ..Default::default() };
                self.rows_sub = Sub::Asked(self.subscribe(Channel::Rows, params, resume));
            }
        }
    }

    fn mounted_and_unknown(&self) -> Vec<TokenId> {
        let state = self.state;
        let mounted = untrack(|| state.mounted());
        let head = self.state.head.get_untracked();
        order::wanted(&mounted, &head, |id| state.knows(id))
    }

    /// Which rows are to be followed, and the parameters that say so.
    fn wanted(&self) -> (Wanted, Params) {
        if let Sub::Open(list) = &self.list_sub
            && !self.state.is_held()
            && self.state.range.with_untracked(|range| range.end <= PAGE_ROWS)
        {
            let range = Some((0, u32::try_from(PAGE_ROWS).unwrap_or(u32::MAX)));
            return (Wanted::Head, Params { list: Some(list.clone()), range, ..Default::default() });
        }
        let ids = self.mounted_and_unknown();
        (Wanted::Ids(ids.clone()), Params { ids: Some(ids), ..Default::default() })
    }

    /// Brings the rows subscription in line with what is mounted. One change at a time.
    fn follow_rows(&mut self) {
        self.rows_due = false;
        if self.update.is_some() || !self.greeted || !is_visible() {
            return;
        }
        let Sub::Open(sub) = &self.rows_sub else {
            self.enter();
            return;
        };
        let (wanted, params) = self.wanted();
        let same = match (&wanted, &self.asked_rows) {
            (Wanted::Head, Wanted::Head) => true,
            (Wanted::Ids(ids), _) if ids.is_empty() => true,
            (Wanted::Ids(ids), Wanted::Ids(asked)) => {
                ids.len() == asked.len() && ids.iter().all(|id| asked.contains(id))
            }
            _ => false,
        };
        if same {
            return;
        }
        let sub = sub.clone();
        let id = self.next_id();
        self.asked_rows = wanted;
        self.update = Some(id);
        self.send(&Request::Update { id, sub, params });
    }

    fn follow_visibility(&mut self) {
        if is_visible() {
            let action = self.link.retry(now_ms());
            self.act(action);
            self.enter();
        } else if self.greeted {
            self.leave();
        }
    }

    fn opened(&mut self, answer: Subscribed) {
        let slot = match answer.channel {
            Channel::List => &mut self.list_sub,
            Channel::Rows => &mut self.rows_sub,
            Channel::Events | Channel::Status => return,
        };
        if matches!(slot, Sub::Asked(asked) if *asked == answer.id) {
            *slot = Sub::Open(answer.sub);
            self.follow_rows();
        } else if !slot.is(&answer.sub) {
            // The view went on before the answer came.
            self.strays.push(answer.sub);
        }
        if !matches!(self.list_sub, Sub::Asked(_)) {
            // A name is that of a view: the one that is open now may be one that was given up before.
            for stray in std::mem::take(&mut self.strays) {
                if !self.list_sub.is(&stray) && !self.rows_sub.is(&stray) {
                    self.unsubscribe(stray);
                }
            }
        }
    }

    /// A request was refused: it is made again after a while, unless it made no sense.
    fn refused(&mut self, error: &Refused) {
        let Some(id) = error.id else { return };
        let was = |sub: &Sub| matches!(sub, Sub::Asked(asked) if *asked == id);
        if self.update == Some(id) {
            // The rows are asked for anew, with a subscription of their own.
            self.update = None;
            if let Sub::Open(name) = std::mem::take(&mut self.rows_sub) {
                self.unsubscribe(name);
            }
        } else if was(&self.list_sub) {
            // The view may be open under its name since before.
            self.list_sub = Sub::None;
            for stray in std::mem::take(&mut self.strays) {
                self.unsubscribe(stray);
            }
        } else if was(&self.rows_sub) {
            self.rows_sub = Sub::None;
        } else {
            return;
        }
        if error.status != 400 {
            self.again_at = Some(now_ms() + AGAIN_MS);
        }
    }

    fn resync(&mut self, sub: String) {
        let id = self.next_id();
        self.send(&Request::Resync { id, sub });
    }

    fn take_snapshot(&mut self, frame: SnapshotFrame) {
        let as_of = frame.as_of;
        if self.list_sub.is(&frame.sub) {
            if self.list.snapshot(frame) == Applied::Changed {
                self.show_list();
            }
        } else if self.rows_sub.is(&frame.sub) {
            let mut changes = Vec::new();
            self.rows.snapshot(frame, &mut changes);
            self.show_rows(changes);
        } else {
            return;
        }
        self.set_as_of(as_of);
    }

    fn take_delta(&mut self, frame: DeltaFrame) {
        let (as_of, sub) = (frame.as_of, frame.sub.clone());
        let applied = if self.list_sub.is(&sub) {
            let applied = self.list.delta(frame);
            if applied == Applied::Changed {
                self.show_list();
            }
            applied
        } else if self.rows_sub.is(&sub) {
            let mut changes = Vec::new();
            let applied = self.rows.delta(frame, &mut changes);
            self.show_rows(changes);
            applied
        } else {
            return;
        };
        if applied == Applied::Gap {
            self.resync(sub);
        }
        self.set_as_of(as_of);
    }

    fn show_list(&self) {
        let (ids, total) = (self.list.ids(), self.list.total());
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
