//! What one connection has subscribed to, and what it is sent: no input or output, so that every case can be tried.
//!
//! A connection has no queue. It remembers the seq that it was brought to; [`Session::catch_up`] brings it from there to
//! the newest stage in one step, however many commits lie between.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use memescope::feed::{
    Channel, ClientMessage, Hello, RequestId, Resume, ServerMessage, SubscribeParams, Subscribed, compact,
};
use memescope::query::MAX_IDS;
use memescope::{Epoch, Seq};
use tokio::time::Instant;

use super::events::EventFilter;
use super::frame::{self, Encoding, Frame, Frames};
use super::hub::Hub;
use super::limits::Bucket;
use super::request::{
    Refusal, Takes, invalid, message_id, read, read_fields, read_form, read_head, read_query, unknown_sub,
};
use super::rows::{OwnRows, Wanted};
use super::stage::{Stage, StatusFrame};
use super::stats::count;
use super::view::{Bridge, Kind, View};
use crate::observe;
use crate::store::RowForm;

/// The most subscriptions of a connection.
const MAX_SUBS: usize = 8;

/// The largest message of a client, bytes.
pub(super) const MAX_MESSAGE_BYTES: usize = 16 * 1024;

/// The version of the protocol.
const PROTOCOL: u32 = 1;

/// One connection's subscriptions.
#[derive(Debug)]
pub(super) struct Session {
    hub: Arc<Hub>,
    encoding: Encoding,
    /// The stage up to which everything has been sent.
    epoch: Epoch,
    position: Seq,
    subs: Vec<Sub>,
    /// When the first list that waits may have its frame.
    due: Option<Instant>,
}

#[derive(Debug)]
enum Sub {
    Shared {
        view: Arc<View>,
        have: Seq,
        /// When it last had a frame, and may have another only later.
        told_at: Option<Instant>,
    },
    Own(OwnRows),
    Events(EventFilter),
    Status {
        shown: Arc<StatusFrame>,
    },
}

/// Whether a message could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Yes; it may have been refused all the same.
    Well,
    /// No.
    Badly,
}

impl Sub {
    fn name(&self) -> &str {
        match self {
            Self::Shared { view, .. } => view.name(),
            Self::Own(rows) => &rows.name,
            Self::Events(_) => "events",
            Self::Status { .. } => "status",
        }
    }

    /// Rows before lists: the row of an id comes no later than the list that names it.
    fn turn(&self) -> u8 {
        match self {
            Self::Own(_) => 0,
            Self::Shared { view, .. } if matches!(view.kind(), Kind::Rows(_)) => 1,
            Self::Shared { .. } => 2,
            Self::Events(_) | Self::Status { .. } => 3,
        }
    }
}

impl Session {
    /// A connection that has just opened, and what it is sent first.
    pub(super) fn open(hub: Arc<Hub>, stage: &Stage, encoding: Encoding, out: &mut Vec<Frame>) -> Self {
        let board = &stage.snapshot.board;
        let limits = [
            ("subs", MAX_SUBS),
            ("ids", MAX_IDS),
            ("message_bytes", MAX_MESSAGE_BYTES),
            ("messages_per_s", Bucket::PER_SECOND as usize),
        ];
        out.push(frame::message(&ServerMessage::Hello(Hello {
            protocol: PROTOCOL,
            conn: format!("c_{:x}", hub.number()),
            market: if hub.demo { "demo" } else { "live" }.to_owned(),
            epoch: board.epoch,
            seq: board.seq,
            server_time: hub.clock.now(),
            heartbeat_ms: u64::try_from(hub.config.heartbeat.as_millis()).unwrap_or(u64::MAX),
            limits: limits.into_iter().map(|(name, limit)| (name.to_owned(), limit as u64)).collect(),
        })));
        out.push(stage.status.frame.clone());
        Self { hub, encoding, epoch: board.epoch, position: board.seq, subs: Vec::new(), due: None }
    }

    /// Brings every subscription to the stage, except lists that had a frame just now: those wait until [`Session::due`].
    pub(super) fn follow(&mut self, stage: &Stage, now: Instant, out: &mut Vec<Frame>) {
        self.bring(stage, Some(now), out);
    }

    /// When a list that waits is to be brought to the newest stage.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Brings every subscription to the stage.
    pub(super) fn catch_up(&mut self, stage: &Stage, out: &mut Vec<Frame>) {
        self.bring(stage, None, out);
    }

    fn bring(&mut self, stage: &Stage, now: Option<Instant>, out: &mut Vec<Frame>) {
        self.due = None;
        let (hub, encoding, position) = (&self.hub, self.encoding, self.position);
        let same_epoch = self.epoch == stage.epoch();
        let moved = !same_epoch || position < stage.seq();
        for sub in &mut self.subs {
            match sub {
                Sub::Own(rows) if !same_epoch => out.extend(rows.snapshot(stage, Some("epoch")).iter().cloned()),
                Sub::Own(rows) if moved => {
                    let frames = rows.step(stage, position);
                    if frames.is_some() && stage.step.prev != Some(position) {
                        count(&hub.counters.conflated);
                    }
                    out.extend(frames.iter().flat_map(|frames| frames.iter().cloned()));
                }
                // A list may have waited, so it is looked at even if nothing moved.
                Sub::Shared { view, have, told_at } => {
                    let may_at = told_at.map(|at| at + hub.config.list_interval);
                    let early = may_at.zip(now).is_some_and(|(may_at, now)| now < may_at);
                    if early && same_epoch && matches!(view.kind(), Kind::List { .. }) {
                        let is_behind = stage.views.get(view.name()).is_some_and(|state| state.changed_at() > *have);
                        self.due = self.due.into_iter().chain(may_at.filter(|_| is_behind)).min();
                        continue;
                    }
                    let before = same_epoch.then_some(*have);
                    if let Some(frames) = catch_up_shared(hub, view, have, before, (stage, encoding)) {
                        *told_at = now;
                        out.extend(frames.iter().cloned());
                    }
                }
                Sub::Events(filter) => filter.tell(stage, out),
                Sub::Status { shown } if !Arc::ptr_eq(shown, &stage.status) => {
                    *shown = stage.status.clone();
                    out.push(shown.frame.clone());
                }
                Sub::Own(_) | Sub::Status { .. } => {}
            }
        }
        if moved {
            (self.epoch, self.position) = (stage.epoch(), stage.seq());
        }
    }

    /// Up to where everything has been sent.
    pub(super) fn position(&self) -> (Epoch, Seq) {
        (self.epoch, self.position)
    }

    /// The name of the first list that is subscribed to.
    pub(super) fn list_name(&self) -> Option<String> {
        let is_list = |sub: &&Sub| matches!(sub, Sub::Shared { view, .. } if matches!(view.kind(), Kind::List { .. }));
        self.subs.iter().find(is_list).map(|sub| sub.name().to_owned())
    }

    /// What is sent when there is nothing else.
    pub(super) fn heartbeat(&self, stage: &Stage) -> Frame {
        let (seq, as_of) = (stage.seq(), stage.snapshot.board.as_of);
        match self.encoding {
            Encoding::Json => frame::message(&ServerMessage::Heartbeat { seq, as_of }),
            Encoding::Compact => Frame::binary(&compact::heartbeat(seq, as_of)),
        }
    }

    /// Answers one message of the client.
    pub(super) fn hear(&mut self, text: &str, out: &mut Vec<Frame>) -> Heard {
        let message = match read(text) {
            Ok(message) => message,
            Err((id, refusal)) => {
                out.push(frame::error(id, refusal.code, refusal.detail, refusal.status));
                return Heard::Badly;
            }
        };
        let id = message_id(&message).clone();
        // The answer stands on the newest stage, so everything before it goes out first.
        self.catch_up(&self.hub.stage(), out);
        if let Err(refusal) = self.act(message, out) {
            out.push(frame::error(Some(id), refusal.code, refusal.detail, refusal.status));
        }
        Heard::Well
    }

    fn act(&mut self, message: ClientMessage, out: &mut Vec<Frame>) -> Result<(), Refusal> {
        match message {
            ClientMessage::Subscribe { id, channel, params, resume } => {
                self.subscribe(id, channel, params, resume, out)?;
            }
            ClientMessage::Update { id, sub, params } => self.update(id, sub, params, out)?,
            ClientMessage::Unsubscribe { id, sub } => {
                let place = self.place(&sub)?;
                self.subs.remove(place);
                self.hub.counters.subs.fetch_sub(1, Ordering::Relaxed);
                out.push(frame::message(&ServerMessage::Unsubscribed { id, sub }));
            }
            ClientMessage::Resync { id: _, sub } => {
                let (place, stage) = (self.place(&sub)?, self.hub.stage());
                observe::resynced("asked");
                // A stage that came just now goes out first, so that all subscriptions stand at one seq.
                self.catch_up(&stage, out);
                match &mut self.subs[place] {
                    Sub::Own(rows) => out.extend(rows.snapshot(&stage, None).iter().cloned()),
                    Sub::Shared { view, have, .. } => {
                        let frames = shared_snapshot(&self.hub, view, have, (&stage, self.encoding));
                        out.extend(frames.iter().cloned());
                    }
                    Sub::Status { shown } => out.push(shown.frame.clone()),
                    Sub::Events(_) => return Err(invalid("events have no state to send again")),
                }
            }
            ClientMessage::Ping { id } => out.push(frame::message(&ServerMessage::Pong { id })),
            ClientMessage::Digest { id, sub } => {
                let (place, stage) = (self.place(&sub)?, self.hub.stage());
                self.catch_up(&stage, out);
                let (seq, digest) = match &self.subs[place] {
                    Sub::Own(rows) => (rows.have(), rows.digest(&stage)),
                    Sub::Shared { view, have, .. } => {
                        let state = stage.views.get(view.name());
                        (*have, state.map_or(0, |state| state.digest(&stage.snapshot)))
                    }
                    Sub::Events(_) | Sub::Status { .. } => return Err(invalid("only list and rows have a digest")),
                };
                let digest = format!("{digest:016x}");
                out.push(frame::message(&ServerMessage::Digest { id, sub, seq, digest }));
            }
        }
        Ok(())
    }

    /// Opens a subscription.
    pub(super) fn subscribe(
        &mut self,
        id: RequestId,
        channel: Channel,
        params: SubscribeParams,
        resume: Option<Resume>,
        out: &mut Vec<Frame>,
    ) -> Result<(), Refusal> {
        if self.subs.len() >= MAX_SUBS {
            let detail = format!("a connection has at most {MAX_SUBS} subscriptions");
            return Err(Refusal::new("too_many_subscriptions", detail, 409));
        }
        Takes::of(channel, &params).check(&params)?;
        read_fields(&params)?;
        match channel {
            Channel::List => {
                let kind = Kind::List { head: read_head(params.head)? };
                self.subscribe_shared(id, channel, kind, params, resume, out)
            }
            Channel::Rows if params.all == Some(true) => {
                let kind = Kind::Rows(self.form(read_form(&params)?.unwrap_or_default()));
                self.subscribe_shared(id, channel, kind, params, resume, out)
            }
            Channel::Rows => self.subscribe_rows(id, params, resume, out),
            Channel::Events => {
                let stage = self.hub.stage();
                self.catch_up(&stage, out);
                let filter = EventFilter::of(params, stage.next_event)?;
                self.add(id, channel, Sub::Events(filter), "snapshot", &[], out)
            }
            Channel::Status => {
                let shown = self.hub.stage().status.clone();
                let frame = shown.frame.clone();
                self.add(id, channel, Sub::Status { shown }, "snapshot", &[frame], out)
            }
        }
    }

    fn subscribe_shared(
        &mut self,
        id: RequestId,
        channel: Channel,
        kind: Kind,
        params: SubscribeParams,
        resume: Option<Resume>,
        out: &mut Vec<Frame>,
    ) -> Result<(), Refusal> {
        let query = read_query(params)?;
        let opened = self.hub.open(&query, kind);
        let (view, stage) = opened.map_err(|full| Refusal::new("overloaded", full.to_string(), 503))?;
        self.catch_up(&stage, out);
        let state = stage.views.get(view.name()).ok_or_else(unknown_sub)?;
        let known = resume.filter(|resume| resume.epoch == stage.epoch() && resume.seq <= stage.seq());
        let encoding = self.encoding;
        // Nobody who comes back knows the handles of rows.
        let is_new = kind == Kind::Rows(RowForm::Compact);
        let resumed = known.and_then(|resume| match state.delta_after(resume.seq, encoding) {
            _ if !is_new && resume.seq >= state.changed_at() => Some((Frames::default(), resume.seq)),
            Some(delta) if !is_new => Some((delta.clone(), state.changed_at())),
            _ => {
                let bridge = Bridge { from: resume.seq, encoding, is_new };
                let bridge = view.bridge(state, bridge, &stage.snapshot, &self.hub.store)?;
                Some((bridge, state.seq()))
            }
        });
        let mut have = 0;
        let (mode, frames) = match resumed {
            Some((frames, seq)) => {
                have = seq;
                ("resume", frames)
            }
            None => ("snapshot", shared_snapshot(&self.hub, &view, &mut have, (&stage, encoding))),
        };
        self.add(id, channel, Sub::Shared { view, have, told_at: None }, mode, &frames, out)
    }

    fn subscribe_rows(
        &mut self,
        id: RequestId,
        params: SubscribeParams,
        resume: Option<Resume>,
        out: &mut Vec<Frame>,
    ) -> Result<(), Refusal> {
        let name = match &id {
            RequestId::Number(number) => format!("r{number}"),
            RequestId::Text(text) => text.clone(),
        };
        let form = self.form(read_form(&params)?.unwrap_or_default());
        let mut rows = OwnRows::new(name, self.wanted(params)?, form);
        let stage = self.hub.stage();
        self.catch_up(&stage, out);
        let known = resume.filter(|resume| resume.epoch == stage.epoch() && resume.seq <= stage.seq());
        let (mode, frames) = match known.and_then(|resume| rows.resume(&stage, resume.seq, &self.hub)) {
            Some(bridge) => ("resume", bridge),
            None => ("snapshot", rows.snapshot(&stage, None)),
        };
        self.add(id, Channel::Rows, Sub::Own(rows), mode, &frames, out)
    }

    fn update(
        &mut self,
        id: RequestId,
        sub: String,
        params: SubscribeParams,
        out: &mut Vec<Frame>,
    ) -> Result<(), Refusal> {
        let place = self.place(&sub)?;
        let Sub::Own(rows) = &self.subs[place] else {
            return Err(invalid("only rows with ids or a range can be updated"));
        };
        Takes::of(Channel::Rows, &params).check(&params)?;
        read_fields(&params)?;
        if read_form(&params)?.is_some_and(|form| self.form(form) != rows.form()) {
            return Err(invalid("include stays as it was: unsubscribe, and subscribe anew"));
        }
        let wanted = self.wanted(params)?;
        let stage = self.hub.stage();
        self.catch_up(&stage, out);
        out.push(frame::message(&ServerMessage::Updated { id, sub }));
        if let Sub::Own(rows) = &mut self.subs[place] {
            out.extend(rows.update(wanted, &stage).iter().flat_map(|frames| frames.iter().cloned()));
        }
        Ok(())
    }

    /// The form in which rows go out. Origins of fields are JSON on every connection.
    fn form(&self, asked: RowForm) -> RowForm {
        if self.encoding == Encoding::Compact && asked == RowForm::Plain { RowForm::Compact } else { asked }
    }

    fn wanted(&self, params: SubscribeParams) -> Result<Wanted, Refusal> {
        match (params.ids, params.list, params.range) {
            (Some(ids), None, None) if ids.len() <= MAX_IDS => Ok(Wanted::ids(&self.hub, ids)),
            (Some(_), None, None) => Err(invalid(format!("at most {MAX_IDS} ids"))),
            (None, Some(name), Some((from, to))) => {
                let Sub::Shared { view, .. } = &self.subs[self.place(&name)?] else {
                    return Err(invalid("list names no list subscription"));
                };
                let Kind::List { head } = view.kind() else {
                    return Err(invalid("list names no list subscription"));
                };
                let (from, to) = (from as usize, to as usize);
                if from > to || to > head {
                    return Err(invalid("range is outside head"));
                }
                if to - from > MAX_IDS {
                    return Err(invalid(format!("a range holds at most {MAX_IDS} rows")));
                }
                Ok(Wanted::range(&self.hub, view.clone(), from, to))
            }
            _ => Err(invalid("rows need ids, or list and range, or all")),
        }
    }

    fn add(
        &mut self,
        id: RequestId,
        channel: Channel,
        sub: Sub,
        mode: &str,
        frames: &[Frame],
        out: &mut Vec<Frame>,
    ) -> Result<(), Refusal> {
        let name = sub.name().to_owned();
        if self.subs.iter().any(|open| open.name() == name) {
            let detail = "this subscription is already open: unsubscribe, update or resync it";
            return Err(Refusal::new("already_subscribed", detail, 409));
        }
        let subscribed = Subscribed { id, sub: name, channel, mode: mode.to_owned() };
        out.push(frame::message(&ServerMessage::Subscribed(subscribed)));
        out.extend(frames.iter().cloned());
        self.subs.push(sub);
        self.subs.sort_by_key(Sub::turn);
        count(&self.hub.counters.subs);
        Ok(())
    }

    fn place(&self, name: &str) -> Result<usize, Refusal> {
        self.subs.iter().position(|sub| sub.name() == name).ok_or_else(unknown_sub)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.hub.counters.subs.fetch_sub(self.subs.len() as u64, Ordering::Relaxed);
    }
}

/// What a shared subscription is sent; `before` is the state that the client holds in this epoch.
fn catch_up_shared(
    hub: &Hub,
    view: &View,
    have: &mut Seq,
    before: Option<Seq>,
    (stage, encoding): (&Stage, Encoding),
) -> Option<Frames> {
    let state = stage.views.get(view.name())?;
    let Some(before) = before else {
        *have = state.seq();
        observe::resynced("epoch");
        return Some(state.snapshot_because(&stage.snapshot, encoding, Some("epoch"), || hub.former_places(view)));
    };
    if before >= state.changed_at() {
        return None;
    }
    if let Some(delta) = state.delta_after(before, encoding) {
        *have = state.changed_at();
        return Some(delta.clone());
    }
    *have = state.seq();
    let bridge = Bridge { from: before, encoding, is_new: false };
    if let Some(bridge) = view.bridge(state, bridge, &stage.snapshot, &hub.store) {
        count(&hub.counters.conflated);
        return Some(bridge);
    }
    count(&hub.counters.lagged);
    observe::resynced("lagged");
    Some(state.snapshot_because(&stage.snapshot, encoding, Some("lagged"), || hub.former_places(view)))
}

fn shared_snapshot(hub: &Hub, view: &View, have: &mut Seq, (stage, encoding): (&Stage, Encoding)) -> Frames {
    let Some(state) = stage.views.get(view.name()) else { return Frames::default() };
    *have = state.seq();
    state.snapshot(&stage.snapshot, encoding, || hub.former_places(view)).clone()
}
