//! The poller: plan, fetch, merge, diff, commit, one tick after the other.
//!
//! ```text
//!  ┌─ plan lists and refreshes ─▶ ask DexScreener, GeckoTerminal, Jupiter ─▶ absorb ─┐
//!  │                                                                                 ▼
//!  │                                      plan prices ─▶ ask Jupiter ─▶ absorb ─▶ publish ─▶ diff ─▶ bus
//!  └──────────────────────────────────── wait for the interval ◀────────────────────────────────────┘
//! ```
//!
//! A tick waits for answers only so long. What a slow source says later is taken in by the next tick, so that one
//! hanging source does not hold back what the others said. Ticks never overlap.

mod ask;
mod former;
mod legacy;
mod packing;
mod past;
mod states;
mod supplied;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use memescope::{Board, Book, EventKind, EventNames, Harvest, Source, SourceReport, Tick, Timestamp, TokenId};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use self::ask::ask;
pub use self::former::Former;
use self::former::outdated;
pub use self::legacy::Legacy;
use self::packing::journal_pause;
use self::past::PastDesk;
use self::states::States;
use self::supplied::Supplied;
use crate::bus::{Bus, LogEntry};
use crate::clock::Clock;
use crate::history::{History, Inbox};
use crate::journal::Journal;
use crate::logos::Album;
use crate::lookup::Tray;
use crate::observe;
use crate::planner::{Allowance, Candidate, Heads, List, Pace, Place, Plan, Planner, Request, Watched};
use crate::sources::{SourceError, Sources};
use crate::store::Details;
use crate::turn::away;

/// The longest that a tick waits for answers before it goes on with those that came.
const PATIENCE: Duration = Duration::from_secs(4);

/// Tells what readers look at.
pub type Watching = Arc<dyn Fn() -> Watched + Send + Sync>;

/// How the poller polls.
#[derive(Clone, Debug)]
pub struct PollerSettings {
    /// From the beginning of one tick to that of the next.
    pub interval: Duration,
    /// How soon sources can say something new.
    pub pace: Pace,
    /// Where tokens are found.
    pub catalogue: Vec<List>,
    /// `live` or `demo:<seed>`.
    pub market: String,
}

/// What a tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TickSummary {
    /// Requests made.
    pub requests: usize,
    /// Answers taken in.
    pub answers: usize,
    /// Requests that failed.
    pub failures: usize,
    /// Rows that are new or changed.
    pub changed: usize,
    /// Rows that left.
    pub removed: usize,
}

/// A request, and what became of it.
type Answer = (Request, Result<Harvest, SourceError>);

/// The one writer of boards.
pub struct Poller<B> {
    settings: PollerSettings,
    book: Book,
    board: Board,
    planner: Box<dyn Plan>,
    heads: Heads,
    sources: Sources,
    pending: JoinSet<Answer>,
    /// How many of `pending` are for each source.
    under_way: BTreeMap<Source, usize>,
    bus: Arc<B>,
    watching: Watching,
    clock: Clock,
    supplied: Supplied,
    states: States,
    names: EventNames,
    /// Whether a commit was made since the start. Before, a name could be one that the last run gave.
    committed: bool,
    past: Option<PastDesk>,
    /// Where pools and other names are told.
    details: Details,
    /// What look-ups found.
    finds: Tray,
    /// Which token has which picture, where pictures are shown.
    album: Option<Album>,
    legacy: Legacy,
    /// How long the last packed state is.
    packed_bytes: usize,
    /// Of the process that the board is of, as long as nothing was merged since.
    former: Option<Former>,
}

impl<B> Drop for Poller<B> {
    fn drop(&mut self) {
        self.legacy.leave(std::mem::take(&mut self.book));
    }
}

impl<B> std::fmt::Debug for Poller<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poller").field("settings", &self.settings).field("seq", &self.board.seq).finish_non_exhaustive()
    }
}

impl<B: Bus> Poller<B> {
    /// A poller that goes on from a board and the book that it was made of.
    pub fn new(
        settings: PollerSettings,
        (book, board): (Book, Board),
        sources: Sources,
        bus: Arc<B>,
        watching: Watching,
        clock: Clock,
    ) -> Self {
        let mut heads = Heads::default();
        heads.restart(&board);
        Self {
            settings,
            book,
            board,
            planner: Box::new(Planner::default()),
            heads,
            sources,
            pending: JoinSet::new(),
            under_way: BTreeMap::new(),
            bus,
            watching,
            clock,
            supplied: Supplied::default(),
            states: States::default(),
            names: EventNames::default(),
            committed: false,
            past: None,
            details: Details::default(),
            finds: Tray::default(),
            album: None,
            legacy: Legacy::default(),
            packed_bytes: 0,
            former: None,
        }
    }

    /// The same with another way to choose requests, for comparisons.
    #[must_use]
    pub fn with_plan(mut self, planner: Box<dyn Plan>) -> Self {
        self.planner = planner;
        self
    }

    /// The same, which puts the figures of seven days into its rows and asks for the past of what is watched.
    #[must_use]
    pub fn with_history(mut self, history: History, inbox: Inbox) -> Self {
        self.past = Some(PastDesk::new(history, inbox));
        self
    }

    /// The same, leaving its book to whoever holds the legacy too.
    #[must_use]
    pub fn with_legacy(mut self, legacy: Legacy) -> Self {
        self.legacy = legacy;
        self
    }

    /// The same, which tells there what is known of tokens beside their rows.
    #[must_use]
    pub fn with_details(mut self, details: Details) -> Self {
        self.details = details;
        self
    }

    /// The same, which takes in what look-ups found.
    #[must_use]
    pub fn with_finds(mut self, finds: Tray) -> Self {
        self.finds = finds;
        self
    }

    /// The same, whose rows name the pictures of their tokens. The board that it goes on from must not.
    #[must_use]
    pub fn with_album(mut self, album: Option<Album>) -> Self {
        self.album = album;
        self
    }

    /// The board of the last commit, without pictures.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// What is known of the tracked tokens.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Ticks until `stop`, offering the state to the journal; at the end the last state is offered and the poller comes
    /// back.
    pub async fn run(mut self, journal: Arc<Journal>, stop: CancellationToken) -> Self {
        let mut interval = tokio::time::interval(self.settings.interval);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut journal_due = Instant::now();
        if let Some(former) = self.former.take() {
            // What was not read must not be stored: nothing can be done before.
            match former.book.await {
                Ok(book) => self.book = book,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
            // The first requests are chosen by what the merge finds out.
            self.publish_known().await;
        }
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = interval.tick() => {}
            }
            let began = Instant::now();
            // A tick may be left at any await: what was absorbed is in the book, the rest is asked again.
            let summary = tokio::select! {
                () = stop.cancelled() => break,
                summary = self.tick() => summary,
            };
            observe::tick_finished(self.board.seq, began.elapsed(), &summary);
            let now = Instant::now();
            if summary.answers > 0 && now >= journal_due {
                self.offer(&journal).await;
                journal_due = now + journal_pause(now.elapsed());
            }
        }
        self.pending.shutdown().await;
        self.offer(&journal).await;
        self
    }

    /// One poll. Never fails: what goes wrong is counted at its source.
    pub async fn tick(&mut self) -> TickSummary {
        let mut summary = TickSummary::default();
        let deadline = Instant::now() + self.settings.interval.clamp(Duration::from_secs(1), PATIENCE);
        let watched = (self.watching)();
        let (requests, hot) = away(|| self.discoveries(&watched, &mut summary));
        self.send(requests, &mut summary);
        self.collect(deadline, &mut summary).await;

        let requests = away(|| {
            let in_need = self.book.needs_price(self.clock.now());
            let (now, allowance) = (self.clock.now(), self.allowance());
            self.planner.fill(now, &self.settings.pace, allowance, &in_need, &hot)
        });
        self.send(requests, &mut summary);
        self.collect(deadline, &mut summary).await;

        self.publish(&watched.ids(), &mut summary).await;
        summary
    }

    /// What is asked first, and what is looked at, most urgent first.
    fn discoveries(&mut self, watched: &Watched, summary: &mut TickSummary) -> (Vec<Request>, Vec<TokenId>) {
        let mut allowance = self.allowance();
        let (now, settings) = (self.clock.now(), &self.settings);
        let (heads, ages) = (&self.heads, self.book.ages());
        let candidates: Vec<Candidate<'_>> =
            ages.map(|age| Candidate { place: Place::of(age.token, watched, heads), age }).collect();
        if let Some(past) = &mut self.past {
            past.turn(
                now,
                &settings.pace,
                &mut allowance.geckoterminal,
                &self.sources,
                (&self.board, &candidates),
                summary,
            );
        }
        let requests = self.planner.discover(now, &settings.pace, allowance, &settings.catalogue, &candidates);
        (requests, hottest_first(&candidates))
    }

    /// Tells that the board is that of a former process: as old as it was, its rows as they were, but for those whose
    /// price nobody can have confirmed lately. Merges nothing, so that a large board is served at once; [`Poller::run`]
    /// begins with the merge.
    pub async fn publish_old(&mut self, former: Former) {
        self.former = Some(former);
        let next = outdated(&self.board, self.clock.now());
        let delta = self.board.step(&next, None);
        let is_news = delta.changes_rows() || next.stale != self.board.stale;
        let reports = self.reports();
        let delta = is_news.then(|| Arc::new(delta));
        self.bus.publish(LogEntry { delta, events: Arc::default(), reports: reports.into() }).await;
        if is_news {
            self.board = next;
        }
    }

    /// Publishes what is known without asking anybody: after a restart, before the first tick.
    pub async fn publish_known(&mut self) -> TickSummary {
        let mut summary = TickSummary::default();
        let watched = (self.watching)();
        self.publish(&watched.ids(), &mut summary).await;
        summary
    }

    /// What may be asked now, less what waits to be sent.
    fn allowance(&self) -> Allowance {
        let left = |source| {
            let left = usize::try_from(self.sources.allowance(source).left).unwrap_or(usize::MAX);
            left.saturating_sub(self.under_way.get(&source).copied().unwrap_or(0))
        };
        Allowance {
            dexscreener: left(Source::Dexscreener),
            geckoterminal: left(Source::Geckoterminal),
            jupiter: left(Source::Jupiter),
        }
    }

    fn send(&mut self, requests: Vec<Request>, summary: &mut TickSummary) {
        summary.requests += requests.len();
        for request in requests {
            *self.under_way.entry(request.source()).or_default() += 1;
            let sources = self.sources.clone();
            self.pending.spawn(async move {
                let answer = ask(&sources, &request).await;
                (request, answer)
            });
        }
    }

    /// Takes in answers until all have come or the tick's patience ends.
    async fn collect(&mut self, deadline: Instant, summary: &mut TickSummary) {
        while let Ok(Some(joined)) = tokio::time::timeout_at(deadline, self.pending.join_next()).await {
            let Ok((request, answer)) = joined.inspect_err(|error| {
                summary.failures += 1;
                tracing::error!(%error, "A request ended in a panic");
            }) else {
                continue;
            };
            let (source, now) = (request.source(), self.clock.now());
            if let Some(count) = self.under_way.get_mut(&source) {
                *count = count.saturating_sub(1);
            }
            match answer {
                Ok(harvest) => {
                    observe::source_answered(source, request.endpoint());
                    summary.answers += 1;
                    self.absorb(source, harvest, now);
                }
                Err(error) => {
                    summary.failures += 1;
                    self.planner.unanswered(now, &self.settings.pace, &request, error.was_sent());
                    observe::source_failed(source, request.endpoint(), &error);
                }
            }
        }
        if self.pending.is_empty() {
            // Also what ended in a panic.
            self.under_way.clear();
        }
    }

    fn absorb(&mut self, source: Source, mut harvest: Harvest, now: Timestamp) {
        if let Some(album) = &self.album {
            album.learn(source, std::mem::take(&mut harvest.logos));
        }
        self.book.absorb(source, harvest, now);
    }

    async fn publish(&mut self, watched: &HashSet<TokenId>, summary: &mut TickSummary) {
        let (entry, next) = away(|| self.merge(watched, summary));
        self.bus.publish(entry).await;
        if let Some(next) = next {
            self.board = next;
        }
    }

    /// What is to be told, and the next board if there is one.
    fn merge(&mut self, watched: &HashSet<TokenId>, summary: &mut TickSummary) -> (LogEntry, Option<Board>) {
        let (now, began) = (self.clock.now(), Instant::now());
        if let Some(past) = &mut self.past {
            past.tell(&mut self.book);
        }
        for harvest in self.finds.take() {
            self.absorb(Source::Dexscreener, harvest, now);
        }
        let tick = Tick { now, poll_interval: self.settings.interval, watched };
        let published = self.book.publish(&self.board, &tick);
        let next = self.board.advance(now, published.sol_usd, published.stale, published.tokens);
        self.details.tell(published.details, next.tokens.len(), |token| next.tokens.contains_key(token));
        let delta = match &self.album {
            Some(album) => {
                let mut delta = self.board.diff(&next);
                album.tell(&mut delta, &next);
                delta
            }
            None => self.board.step(&next, published.changes),
        };
        observe::merged(&delta, began.elapsed());
        self.heads.follow(&delta, &next);
        let is_news = delta.changes_rows() || next.sol_usd != self.board.sol_usd || next.stale != self.board.stale;
        summary.changed = delta.upserts.len();
        summary.removed = delta.removed.len();
        self.supplied.learn(delta.upserts.iter().map(|token| &**token));
        let reports = self.reports();
        let mut events: Vec<_> = published.events.into_iter().map(|(token, what)| (Some(token), what)).collect();
        if self.committed {
            let states = self.states.events(&reports, now);
            for what in &states {
                if let EventKind::SourceState { source, state, prev_state } = *what {
                    observe::source_changed(source, prev_state, state);
                }
            }
            events.extend(states.into_iter().map(|what| (None, what)));
        } else {
            self.states.begin(&reports);
        }
        self.committed |= is_news;
        let seq = if is_news { next.seq } else { self.board.seq };
        let events = self.names.name((next.epoch, seq), now, events).into();
        let delta = is_news.then(|| Arc::new(delta));
        (LogEntry { delta, events, reports: reports.into() }, is_news.then_some(next))
    }

    fn reports(&self) -> Vec<SourceReport> {
        let mut reports = self.sources.reports();
        self.supplied.fill_in(&mut reports);
        for report in &mut reports {
            // After a restart: what the last run heard.
            let heard = self.former.as_ref().map_or(self.book.answered(), |former| &former.heard);
            report.last_ok_at = report.last_ok_at.or_else(|| heard.get(&report.source).copied());
        }
        reports
    }

    /// Packs the state away from the threads that serve, and hands it to the journal.
    async fn offer(&mut self, journal: &Journal) {
        // Lent, so that it is not lost with a packer that panics.
        let (book, board) = (Arc::new(std::mem::take(&mut self.book)), self.board.clone());
        let (market, learnt) = (self.settings.market.clone(), self.sources.memory());
        let (lent, likely) = (book.clone(), self.packed_bytes);
        let packed =
            tokio::task::spawn_blocking(move || Journal::encode(&market, &board, &lent, &learnt, likely)).await;
        self.book = Arc::unwrap_or_clone(book);
        match packed {
            Ok(Ok(encoded)) => {
                self.packed_bytes = encoded.len();
                journal.offer(encoded);
            }
            Ok(Err(error)) => tracing::error!(%error, "The state cannot be packed"),
            // Something is wrong with the book: let the supervisor see the panic.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// The ids of what is looked at, most urgent first.
fn hottest_first(candidates: &[Candidate<'_>]) -> Vec<TokenId> {
    let mut hot: Vec<(Place, &TokenId)> = candidates
        .iter()
        .filter(|candidate| candidate.place.is_hot())
        .map(|candidate| (candidate.place, candidate.age.token))
        .collect();
    hot.sort_unstable_by(|a, b| b.cmp(a));
    hot.into_iter().map(|(_, id)| id.clone()).collect()
}
