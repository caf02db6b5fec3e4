//! The whole of a client: it is told what it should follow, what arrives and how late it is, and says what to do.
//!
//! ```text
//!  Action::Connect ─▶ (socket) ─▶ hello ─▶ subscribe, with resume ─▶ frames ─▶ News
//!        ▲                                      ▲        gap ─▶ resync ─┘
//!        └── backoff ◀── closed, silent, bye    └── what should be followed changed
//! ```
//!
//! It follows one order, one set of rows and any other channels. Whatever should be followed is opened when it can be, and
//! again after every loss, from where the client was. Rows live with the caller, who applies the changes that it is told.

use super::{Applied, Incoming, Link, LinkAction, LinkState, ListState, Params, Request, RowChange, RowsState};
use crate::TokenId;
use crate::feed::compact::Kind;
use crate::feed::{Channel, Resume};

/// How long a refused request waits, and a `resync` that nobody answers, milliseconds.
const AGAIN_MS: u64 = 2_000;

/// How long one waits that made no sense to the server.
const NONSENSE_MS: u64 = 10_000;

/// What the owner of the socket has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Open a socket.
    Connect,
    /// Let go of the socket that there is.
    Drop,
    /// Send this, as JSON.
    Send(Request),
}

/// What came of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct News {
    /// The order is another: see [`FeedClient::list`].
    pub list: bool,
    /// What happened to rows.
    pub rows: Vec<RowChange>,
    /// Whether the message was a frame of something that is followed.
    pub is_ours: bool,
}

/// Which rows are followed.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// Those of the list from a place up to, not including, another: the row of a token comes no later than its place.
    Range(u32, u32),
    /// These.
    Ids(Vec<TokenId>),
    /// All that pass a query, in a frame that is shared with everybody who asks for the same.
    All(Params),
}

impl Wanted {
    /// Whether there is nothing to change. Nobody asks for no rows at all.
    fn is_as(&self, asked: &Self) -> bool {
        match (self, asked) {
            (Self::Ids(ids), _) if ids.is_empty() => true,
            (Self::Ids(ids), Self::Ids(asked)) => ids.len() == asked.len() && ids.iter().all(|id| asked.contains(id)),
            _ => self == asked,
        }
    }
}

/// A subscription: asked for, then open under the name that the server gave it.
#[derive(Clone, Debug, Default)]
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

    fn was(&self, id: u64) -> bool {
        matches!(self, Self::Asked(asked) if *asked == id)
    }
}

/// A channel without a state.
#[derive(Clone, Debug)]
struct Plain {
    channel: Channel,
    params: Params,
    sub: Sub,
}

/// A client of the feed.
#[derive(Clone, Debug)]
pub struct FeedClient {
    link: Link,
    /// Whether the server has greeted us on this socket.
    greeted: bool,
    paused: bool,
    last_id: u64,
    plain: Vec<Plain>,
    list_wanted: Option<Params>,
    list_sub: Sub,
    list: ListState,
    rows_wanted: Wanted,
    /// What the rows subscription is about, as last asked for.
    rows_asked: Wanted,
    rows_sub: Sub,
    rows: RowsState,
    /// An `update` that the server has not answered.
    update: Option<u64>,
    /// When a `resync` of the list and of the rows was last asked for.
    resync_at: [Option<u64>; 2],
    /// Subscriptions that the server opened after they were given up.
    strays: Vec<String>,
    /// When what was refused is asked for again.
    again_at: Option<u64>,
    actions: Vec<Action>,
}

impl FeedClient {
    /// A client that wants a socket at once.
    pub fn new(now: u64) -> Self {
        Self {
            link: Link::new(now),
            greeted: false,
            paused: false,
            last_id: 0,
            plain: Vec::new(),
            list_wanted: None,
            list_sub: Sub::None,
            list: ListState::default(),
            rows_wanted: Wanted::Ids(Vec::new()),
            rows_asked: Wanted::Ids(Vec::new()),
            rows_sub: Sub::None,
            rows: RowsState::default(),
            update: None,
            resync_at: [None; 2],
            strays: Vec::new(),
            again_at: None,
            actions: vec![Action::Connect],
        }
    }

    /// What has to be done, in this order; to be asked for after every call.
    pub fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// The state of the connection.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// The order as it is known.
    pub fn list(&self) -> &ListState {
        &self.list
    }

    /// Which rows are known.
    pub fn rows(&self) -> &RowsState {
        &self.rows
    }

    /// What the known rows are about; `None` while that is being changed.
    pub fn rows_asked(&self) -> Option<&Wanted> {
        (self.update.is_none() && matches!(self.rows_sub, Sub::Open(_))).then_some(&self.rows_asked)
    }

    /// The names of the open subscriptions to the order and to the rows.
    pub fn subs(&self) -> [Option<&str>; 2] {
        [&self.list_sub, &self.rows_sub].map(|sub| match sub {
            Sub::Open(name) => Some(name.as_str()),
            Sub::None | Sub::Asked(_) => None,
        })
    }

    /// Whether the server tells us about the order.
    pub fn list_is_open(&self) -> bool {
        matches!(self.list_sub, Sub::Open(_))
    }

    /// Follows a channel that has no state: `events`, `status`.
    pub fn follow(&mut self, channel: Channel, params: Params) {
        self.plain.push(Plain { channel, params, sub: Sub::None });
        self.settle();
    }

    /// Follows another order, or none, from a state that is known of it, and these rows of it until others are wanted.
    pub fn follow_view(&mut self, list: Option<Params>, state: ListState, known: (Vec<TokenId>, RowsState)) {
        self.leave();
        self.again_at = None;
        (self.list_wanted, self.list) = (list, state);
        self.rows_wanted = Wanted::Ids(known.0);
        (self.rows_asked, self.rows) = (self.rows_wanted.clone(), known.1);
        self.settle();
    }

    /// Follows other rows.
    pub fn follow_rows(&mut self, wanted: Wanted) {
        self.rows_wanted = wanted;
        self.settle();
    }

    /// Nobody looks: lets go of everything but `status`. `false`: somebody looks again.
    pub fn pause(&mut self, now: u64, paused: bool) {
        if std::mem::replace(&mut self.paused, paused) == paused {
            return;
        }
        if paused {
            self.leave();
            for plain in 0..self.plain.len() {
                if self.plain[plain].channel != Channel::Status {
                    let sub = std::mem::take(&mut self.plain[plain].sub);
                    self.end(sub);
                }
            }
        } else {
            self.retry(now);
            self.settle();
        }
    }

    /// Tries to connect now instead of later.
    pub fn retry(&mut self, now: u64) {
        let action = self.link.retry(now);
        self.act(action);
    }

    /// The socket closed, or could not be opened.
    pub fn closed(&mut self, now: u64, random: f64) {
        self.lose_socket();
        self.link.closed(now, random, None);
    }

    /// Looks after the connection; to be called a few times a second.
    pub fn tick(&mut self, now: u64, random: f64) {
        let action = self.link.tick(now, random);
        self.act(action);
        if self.again_at.is_some_and(|at| now >= at) {
            self.again_at = None;
            self.settle();
        }
    }

    /// What a person may be told about the connection.
    pub fn state(&self, now: u64) -> LinkState {
        self.link.state(now)
    }

    /// Takes a message of the server in.
    pub fn receive(&mut self, now: u64, random: f64, message: Incoming) -> News {
        self.link.frame(now);
        let mut news = News::default();
        match message {
            Incoming::Hello { heartbeat_ms } => {
                self.link.promise(heartbeat_ms);
                self.greeted = true;
                self.settle();
            }
            Incoming::Subscribed { id, channel, sub } => self.opened(id, channel, sub),
            Incoming::Updated { id } => {
                if self.update == Some(id) {
                    self.update = None;
                    if let Wanted::Ids(ids) = &self.rows_asked {
                        self.rows.keep_only(ids);
                    }
                    self.settle();
                }
            }
            Incoming::Snapshot(_) | Incoming::Delta(_) | Incoming::Rows(_) => self.take(now, message, &mut news),
            Incoming::Refused { id, status } => self.refused(now, id, status),
            Incoming::Bye { retry_after_ms } => {
                self.lose_socket();
                self.actions.push(Action::Drop);
                self.link.closed(now, random, Some(retry_after_ms));
            }
            Incoming::Other => {}
        }
        news
    }

    fn take(&mut self, now: u64, message: Incoming, news: &mut News) {
        let Some((sub, _)) = message.frame_of() else { return };
        let sub = sub.to_owned();
        let is_snapshot = match &message {
            Incoming::Rows(frame) => matches!(frame.head.kind, Kind::Snapshot { .. }),
            other => matches!(other, Incoming::Snapshot(_)),
        };
        let (which, applied, has_state) = if self.list_sub.is(&sub) {
            let applied = match message {
                Incoming::Snapshot(frame) => self.list.snapshot(frame),
                Incoming::Delta(frame) => self.list.delta(frame),
                _ => return,
            };
            news.list = applied == Applied::Changed;
            (0, applied, self.list.resume().is_some())
        } else if self.rows_sub.is(&sub) {
            let applied = match message {
                Incoming::Snapshot(frame) => self.rows.snapshot(frame, &mut news.rows),
                Incoming::Delta(frame) => self.rows.delta(frame, &mut news.rows),
                Incoming::Rows(frame) => self.rows.compact(frame, &mut news.rows),
                _ => return,
            };
            (1, applied, self.rows.have().is_some())
        } else {
            return;
        };
        news.is_ours = true;
        if has_state {
            self.resync_at[which] = None;
        } else if applied == Applied::Gap || (!is_snapshot && self.is_overdue(which, now)) {
            self.resync(which, now, sub);
        }
        if news.list {
            self.check_range(now);
        }
    }

    /// Whether a `resync` should be asked for: it was not, or nobody answers.
    fn is_overdue(&self, which: usize, now: u64) -> bool {
        self.resync_at[which].is_none_or(|at| now.saturating_sub(at) >= AGAIN_MS)
    }

    fn resync(&mut self, which: usize, now: u64, sub: String) {
        self.resync_at[which] = Some(now);
        let id = self.next_id();
        self.send(Request::Resync { id, sub });
    }

    /// At one seq the rows of a range are those that the list names: others are forgotten, and if one is missing, all are
    /// asked for.
    fn check_range(&mut self, now: u64) {
        let (Wanted::Range(from, to), None) = (&self.rows_asked, self.update) else { return };
        if self.list.resume().is_none() || self.list.resume() != self.rows.have() {
            return;
        }
        let length = self.list.ids().len();
        let place = |place: u32| usize::try_from(place).unwrap_or(length).min(length);
        let (from, to) = (place(*from), place(*to));
        let ids = self.list.ids().get(from..to).unwrap_or_default();
        if ids.iter().any(|id| !self.rows.knows(id)) {
            if let Sub::Open(sub) = &self.rows_sub
                && self.resync_at[1].is_none()
            {
                self.resync(1, now, sub.clone());
            }
        } else if self.rows.len() > 2 * ids.len() {
            self.rows.keep_only(ids);
        }
    }

    fn act(&mut self, action: LinkAction) {
        match action {
            LinkAction::Wait => {}
            LinkAction::Connect => {
                self.lose_socket();
                self.actions.push(Action::Connect);
            }
            LinkAction::Drop => {
                self.lose_socket();
                self.actions.push(Action::Drop);
            }
        }
    }

    fn lose_socket(&mut self) {
        self.greeted = false;
        self.list_sub = Sub::None;
        self.rows_sub = Sub::None;
        for plain in &mut self.plain {
            plain.sub = Sub::None;
        }
        self.update = None;
        self.resync_at = [None; 2];
        self.strays.clear();
        // What was to be said on it is said anew on the next one.
        self.actions.retain(|action| !matches!(action, Action::Send(_)));
    }

    fn send(&mut self, request: Request) {
        self.actions.push(Action::Send(request));
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn subscribe(&mut self, channel: Channel, params: Params, resume: Option<Resume>) -> Sub {
        let id = self.next_id();
        self.send(Request::Subscribe { id, channel, params, resume });
        Sub::Asked(id)
    }

    fn end(&mut self, sub: Sub) {
        if let Sub::Open(sub) = sub {
            let id = self.next_id();
            self.send(Request::Unsubscribe { id, sub });
        }
    }

    fn leave(&mut self) {
        let (list, rows) = (std::mem::take(&mut self.list_sub), std::mem::take(&mut self.rows_sub));
        self.end(list);
        self.end(rows);
        self.update = None;
        self.resync_at = [None; 2];
    }

    /// Opens what is not open, and brings the rows in line with what is wanted. One change at a time.
    fn settle(&mut self) {
        if !self.greeted || self.again_at.is_some() {
            return;
        }
        for place in 0..self.plain.len() {
            let plain = &self.plain[place];
            if plain.sub.is_none() && (!self.paused || plain.channel == Channel::Status) {
                self.plain[place].sub = self.subscribe(plain.channel, plain.params.clone(), None);
            }
        }
        if self.paused {
            return;
        }
        if let (true, Some(params)) = (self.list_sub.is_none(), &self.list_wanted) {
            self.list_sub = self.subscribe(Channel::List, params.clone(), self.list.resume());
        }
        self.settle_rows();
    }

    fn settle_rows(&mut self) {
        let wanted = self.rows_wanted.clone();
        match &self.rows_sub {
            Sub::None => self.open_rows(wanted),
            Sub::Asked(_) => {}
            Sub::Open(_) if self.update.is_some() || wanted.is_as(&self.rows_asked) => {}
            Sub::Open(sub) => {
                let sub = sub.clone();
                if matches!((&wanted, &self.rows_asked), (Wanted::All(_), _) | (_, Wanted::All(_))) {
                    self.rows_sub = Sub::None;
                    self.rows = RowsState::default();
                    self.end(Sub::Open(sub));
                    self.open_rows(wanted);
                } else if let Some(params) = self.params(&wanted) {
                    let id = self.next_id();
                    self.update = Some(id);
                    self.rows_asked = wanted;
                    self.send(Request::Update { id, sub, params });
                }
            }
        }
    }

    fn open_rows(&mut self, wanted: Wanted) {
        let Some(params) = self.params(&wanted) else { return };
        let resume = match (&wanted, &self.rows_asked) {
            (Wanted::Ids(ids), _) if ids.is_empty() => return,
            (Wanted::Ids(ids), Wanted::Ids(_)) => self.rows.resume(ids),
            (Wanted::All(params), Wanted::All(asked)) if params == asked => self.rows.have(),
            // Of rows that came and went with the head nobody knows which ones are of the last seq.
            _ => None,
        };
        if let (Some(_), Wanted::Ids(ids)) = (resume, &wanted) {
            self.rows.keep_only(ids);
        }
        self.rows_asked = wanted;
        self.rows_sub = self.subscribe(Channel::Rows, params, resume);
    }

    /// The parameters that say which rows; `None` while the list that they speak of is not open.
    fn params(&self, wanted: &Wanted) -> Option<Params> {
        Some(match wanted {
            Wanted::Range(from, to) => {
                let Sub::Open(list) = &self.list_sub else { return None };
                Params { list: Some(list.clone()), range: Some((*from, *to)), ..Params::default() }
            }
            Wanted::Ids(ids) => Params { ids: Some(ids.clone()), ..Params::default() },
            Wanted::All(params) => Params { all: Some(true), ..params.clone() },
        })
    }

    fn opened(&mut self, id: u64, channel: Channel, name: String) {
        let slot = match channel {
            Channel::List => &mut self.list_sub,
            Channel::Rows => &mut self.rows_sub,
            Channel::Events | Channel::Status => {
                match self.plain.iter_mut().find(|plain| plain.sub.was(id)) {
                    Some(plain) => plain.sub = Sub::Open(name),
                    None => self.end(Sub::Open(name)),
                }
                return;
            }
        };
        if slot.was(id) {
            *slot = Sub::Open(name);
            self.settle();
        } else if !slot.is(&name) {
            // The view went on before the answer came.
            self.strays.push(name);
        }
        if !matches!(self.list_sub, Sub::Asked(_)) {
            // A name is that of a view: the one that is open now may be one that was given up before.
            for stray in std::mem::take(&mut self.strays) {
                if !self.list_sub.is(&stray) && !self.rows_sub.is(&stray) {
                    self.end(Sub::Open(stray));
                }
            }
        }
    }

    /// A request was refused: it is made again after a while.
    fn refused(&mut self, now: u64, id: Option<u64>, status: u16) {
        let Some(id) = id else { return };
        if self.update == Some(id) {
            // The rows are asked for anew, with a subscription of their own.
            self.update = None;
            let sub = std::mem::take(&mut self.rows_sub);
            self.end(sub);
        } else if self.list_sub.was(id) {
            // The view may be open under its name since before.
            self.list_sub = Sub::None;
            for stray in std::mem::take(&mut self.strays) {
                self.end(Sub::Open(stray));
            }
        } else if self.rows_sub.was(id) {
            self.rows_sub = Sub::None;
        } else if let Some(plain) = self.plain.iter_mut().find(|plain| plain.sub.was(id)) {
            plain.sub = Sub::None;
        } else {
            return;
        }
        self.again_at = Some(now + if status == 400 { NONSENSE_MS } else { AGAIN_MS });
    }
}

#[cfg(test)]
mod tests;
