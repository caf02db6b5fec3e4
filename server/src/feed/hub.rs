//! The hub: steps every watched view at each commit and shows connections the result as one [`Stage`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use memescope::TokenId;
use memescope::query::TokenQuery;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::limits::{Origins, Sockets};
use super::stage::{Stage, StatusFrame, StepChanges};
use super::stats::{Counters, FeedStats};
use super::view::{Kind, View, ViewState, view_name};
use crate::clock::Clock;
use crate::pages::{Pages, Places};
use crate::planner::Watched;
use crate::store::{Commit, Snapshot, Store};

/// How the feed treats its clients.
#[derive(Clone, Debug)]
pub struct FeedConfig {
    /// A frame goes out at least this often.
    pub heartbeat: Duration,
    /// How often a client is pinged.
    pub ping_every: Duration,
    /// How long it may take to answer.
    pub pong_deadline: Duration,
    /// How long it may take to send its first message.
    pub first_message: Duration,
    /// How long a write may take before the client is dropped.
    pub write_deadline: Duration,
    /// The least time between two steps; commits that come faster are taken together.
    pub step_interval: Duration,
    /// The least time between two frames of a list on one socket.
    pub list_interval: Duration,
    /// The least time between two `status` frames.
    pub status_interval: Duration,
    /// Sockets from one address (IPv6: one /64); `None` for no limit.
    pub sockets_per_address: Option<u32>,
    /// Sockets in all.
    pub max_sockets: usize,
    /// Distinct views in all: each costs work at every commit.
    pub max_views: usize,
    /// Which pages may connect.
    pub origins: Origins,
}

impl Default for FeedConfig {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(5),
            ping_every: Duration::from_secs(20),
            pong_deadline: Duration::from_secs(20),
            first_message: Duration::from_secs(10),
            write_deadline: Duration::from_secs(15),
            step_interval: Duration::from_millis(250),
            list_interval: Duration::from_secs(1),
            status_interval: Duration::from_secs(1),
            sockets_per_address: Some(20),
            max_sockets: 20_000,
            max_views: 512,
            origins: Origins::Same,
        }
    }
}

/// There are as many views as the server can bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many different views are watched; try again later")]
pub struct TooManyViews;

/// Keeps a view watched while it is held.
#[derive(Clone, Debug)]
pub struct WatchedView(#[expect(dead_code, reason = "held for its lifetime")] Arc<View>);

/// Keeps rows watched while it is held.
#[derive(Debug)]
pub(super) struct WatchedRows {
    hub: Arc<Hub>,
    number: u64,
}

impl Drop for WatchedRows {
    fn drop(&mut self) {
        self.hub.rows().remove(&self.number);
    }
}

/// The rows that one subscription has in sight.
#[derive(Clone, Debug)]
pub(super) enum InSight {
    /// These.
    Ids(Arc<[TokenId]>),
    /// From a place of a list up to, not including, another.
    Range(Arc<str>, usize, usize),
}

/// The feed's centre.
#[derive(Debug)]
pub struct Hub {
    pub(super) store: Arc<Store>,
    pub(super) clock: Clock,
    pub(super) demo: bool,
    pub(super) config: FeedConfig,
    pub(super) counters: Counters,
    pub(super) sockets: Arc<Sockets>,
    /// Set when the server is about to stop: connections say so and close.
    pub(super) closing: CancellationToken,
    stage: watch::Sender<Arc<Stage>>,
    /// Held during a step.
    stepping: Mutex<()>,
    /// The watched views by name. Also held while a stage is swapped in, so that none is lost between two.
    views: Mutex<HashMap<Arc<str>, Weak<View>>>,
    /// What each subscription to rows has in sight.
    rows: Mutex<HashMap<u64, InSight>>,
    numbers: AtomicU64,
    /// Knows the former places of rows, once there are pages.
    pages: OnceLock<Arc<Pages>>,
}

impl Hub {
    /// A hub over a store; `demo` is what `hello.market` says.
    pub fn new(store: Arc<Store>, clock: Clock, demo: bool, config: FeedConfig) -> Arc<Self> {
        let snapshot = store.snapshot();
        let status = StatusFrame::new(store.reports(), &snapshot);
        let next_event = store.events().next_number();
        Arc::new(Self {
            store,
            clock,
            demo,
            counters: Counters::default(),
            sockets: Sockets::new(config.sockets_per_address, config.max_sockets),
            config,
            closing: CancellationToken::new(),
            stage: watch::Sender::new(Arc::new(Stage::new(snapshot, status, next_event))),
            stepping: Mutex::default(),
            views: Mutex::default(),
            rows: Mutex::default(),
            numbers: AtomicU64::new(0),
            pages: OnceLock::new(),
        })
    }

    /// Follows the store until `shutdown`, then tells every client and waits for them to leave, 5 s at most.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut bell = self.store.bell();
        bell.mark_changed();
        let mut status_at = Instant::now();
        let mut status_due = false;
        loop {
            let stepped_at = tokio::select! {
                () = shutdown.cancelled() => break,
                // The store lives in this hub: its bell does not end before.
                _ = bell.changed() => Instant::now(),
                () = tokio::time::sleep_until(status_at), if status_due => Instant::now(),
            };
            bell.mark_unchanged();
            let renew_status = stepped_at >= status_at;
            let hub = self.clone();
            // Many views are a good deal of work at once; the runtime's workers go on meanwhile.
            let stepped = tokio::task::spawn_blocking(move || hub.step(renew_status)).await;
            status_due = match stepped {
                Ok(StatusStep::Late) => true,
                Ok(StatusStep::Renewed) => {
                    status_at = stepped_at + self.config.status_interval;
                    false
                }
                Ok(StatusStep::Same) => false,
                Err(error) => {
                    tracing::error!(%error, "A step of the feed failed; the next commit tries again");
                    false
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep_until(stepped_at + self.config.step_interval) => {}
            }
        }
        self.closing.cancel();
        let left = async {
            while self.sockets.count() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(5), left).await;
    }

    /// Goes on to the store's newest snapshot at once; [`Hub::run`] does so at each commit.
    pub fn advance(&self) {
        self.step(true);
    }

    /// Keeps the list of a query watched, as a subscriber does.
    pub fn watch_list(&self, query: &TokenQuery, head: usize) -> Result<WatchedView, TooManyViews> {
        self.open(query, Kind::List { head }).map(|(view, _)| WatchedView(view))
    }

    /// From now on lists say where their rows stood a while ago: what these pages know of it. The first call counts.
    pub fn tell_former_places(&self, pages: Arc<Pages>) {
        let _ = self.pages.set(pages);
    }

    /// Where the rows of a list stood about five minutes ago, where that is known. It is renewed every half minute.
    pub(super) fn former_places(&self, view: &View) -> Option<Arc<Places>> {
        self.pages.get()?.past(view.ranking()?)
    }

    /// What somebody looks at: the rows that subscriptions have in sight, and the heads of watched lists.
    pub fn watched(&self) -> Watched {
        let stage = self.stage();
        let ids_of = |name: &str| stage.views.get(name).map_or(&[][..], |state| state.ids());
        let listed = self.alive().iter().flat_map(|view| ids_of(view.name())).cloned().collect();
        let mut rows: HashMap<TokenId, u32> = HashMap::new();
        let in_sight: Vec<InSight> = self.rows().values().cloned().collect();
        for seen in &in_sight {
            let ids = match seen {
                InSight::Ids(ids) => ids,
                InSight::Range(list, from, to) => slice(ids_of(list), *from, *to),
            };
            for id in ids {
                *rows.entry(id.clone()).or_default() += 1;
            }
        }
        Watched { rows, listed }
    }

    /// What the feed has done.
    pub fn stats(&self) -> FeedStats {
        self.counters.read(self.sockets.count(), self.alive().len())
    }

    pub(super) fn stage(&self) -> Arc<Stage> {
        self.stage.borrow().clone()
    }

    pub(super) fn follow(&self) -> watch::Receiver<Arc<Stage>> {
        self.stage.subscribe()
    }

    /// A number that no other caller has.
    pub(super) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn watch_rows(self: &Arc<Self>, in_sight: InSight) -> WatchedRows {
        let number = self.number();
        self.rows().insert(number, in_sight);
        WatchedRows { hub: self.clone(), number }
    }

    /// The view of a query, and a stage that holds it.
    pub(super) fn open(&self, query: &TokenQuery, kind: Kind) -> Result<(Arc<View>, Arc<Stage>), TooManyViews> {
        // Sorting is done without the lock; when a step came between, it is done again.
        loop {
            let stage = self.stage();
            if let Some(found) = self.find(&mut self.views(), query, kind)?.1 {
                return Ok((found, self.stage()));
            }
            let name = self.find(&mut self.views(), query, kind)?.0;
            let (view, state) = View::open(name, kind, query.clone(), &stage.snapshot);
            let mut views = self.views();
            let current = self.stage();
            let (name, found) = self.find(&mut views, query, kind)?;
            if let Some(found) = found {
                return Ok((found, current));
            }
            if !Arc::ptr_eq(&current.snapshot, &stage.snapshot) || name != *view.name() {
                continue;
            }
            let view = Arc::new(view);
            views.insert(name.clone(), Arc::downgrade(&view));
            let stage = Arc::new(Stage { views: current.views.update(name, Arc::new(state)), ..(*current).clone() });
            self.stage.send_if_modified(|shown| {
                *shown = stage.clone();
                // Nobody else's view has changed.
                false
            });
            return Ok((view, stage));
        }
    }

    /// The view if it is watched, else the name that it will have.
    fn find(
        &self,
        views: &mut MutexGuard<'_, HashMap<Arc<str>, Weak<View>>>,
        query: &TokenQuery,
        kind: Kind,
    ) -> Result<(Arc<str>, Option<Arc<View>>), TooManyViews> {
        for attempt in 0.. {
            let name: Arc<str> = view_name(query, kind, attempt).into();
            match views.get(&name).and_then(Weak::upgrade) {
                Some(view) if view.is_of(query, kind) => return Ok((name, Some(view))),
                // Another view of that name.
                Some(_) => {}
                None => {
                    if views.len() >= self.config.max_views {
                        views.retain(|_, view| view.strong_count() > 0);
                    }
                    let full = views.len() >= self.config.max_views;
                    return if full { Err(TooManyViews) } else { Ok((name, None)) };
                }
            }
        }
        Err(TooManyViews)
    }

    fn views(&self) -> MutexGuard<'_, HashMap<Arc<str>, Weak<View>>> {
        self.views.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<u64, InSight>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alive(&self) -> Vec<Arc<View>> {
        self.views().values().filter_map(Weak::upgrade).collect()
    }

    /// Goes on to the newest commit; views are added and dropped by others meanwhile.
    fn step(&self, renew_status: bool) -> StatusStep {
        let _stepping = self.stepping.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.stage();
        let current = self.store.snapshot();
        let way = self.way(&old, &current);
        let snapshot = match &way {
            Way::Commits(commits) => commits.last().map_or(&old.snapshot, |last| &last.snapshot).clone(),
            Way::Anew => current,
        };
        let state_of = |view: &View| -> Arc<ViewState> {
            let before = old.views.get(view.name());
            Arc::new(match (&way, before) {
                (Way::Commits(commits), Some(before)) => view.step(before, &old.snapshot, commits),
                _ => view.anew(&snapshot),
            })
        };
        let moves = !Arc::ptr_eq(&snapshot, &old.snapshot);
        let mut made: HashMap<Arc<str>, (Arc<View>, Arc<ViewState>)> = HashMap::new();
        if moves {
            made.extend(self.alive().into_iter().map(|view| {
                let state = state_of(&view);
                (view.name().clone(), (view, state))
            }));
        }
        let reports = self.store.reports();
        let (status, status_step) = if old.status.holds(&reports, &snapshot) {
            (old.status.clone(), StatusStep::Same)
        } else if renew_status {
            (Arc::new(StatusFrame::new(reports, &snapshot)), StatusStep::Renewed)
        } else {
            (old.status.clone(), StatusStep::Late)
        };
        let ring = self.store.events();
        if !moves && status_step != StatusStep::Renewed && ring.next_number() == old.next_event {
            return status_step;
        }

        let mut stage = Stage { snapshot, status, ..(*old).clone() };
        if let (true, Way::Commits(commits)) = (moves, &way) {
            stage.step = Arc::new(StepChanges::of(commits));
        } else if moves {
            stage.step = Arc::default();
        }
        stage.add_events(&ring);
        let mut views = self.views();
        views.retain(|_, view| view.strong_count() > 0);
        let shown = self.stage();
        stage.views = shown.views.clone();
        if moves {
            let alive: Vec<Arc<View>> = views.values().filter_map(Weak::upgrade).collect();
            stage.views = alive
                .into_iter()
                .map(|view| {
                    let state = match made.remove(view.name()) {
                        Some((of, state)) if Arc::ptr_eq(&of, &view) => state,
                        // Opened since this step began, at the old stage.
                        _ => match (&way, shown.views.get(view.name())) {
                            (Way::Commits(commits), Some(before)) => {
                                Arc::new(view.step(before, &old.snapshot, commits))
                            }
                            _ => Arc::new(view.anew(&stage.snapshot)),
                        },
                    };
                    (view.name().clone(), state)
                })
                .collect();
        }
        self.stage.send_replace(Arc::new(stage));
        status_step
    }

    fn way(&self, old: &Stage, current: &Snapshot) -> Way {
        if Arc::ptr_eq(&self.store.snapshot(), &old.snapshot) {
            return Way::Commits(Vec::new());
        }
        match self.store.commits_after(old.epoch(), old.seq()) {
            Some(mut commits) => {
                // One that is about to be shown is for the next step.
                commits.retain(|commit| commit.snapshot.board.seq <= current.board.seq);
                Way::Commits(commits)
            }
            None => Way::Anew,
        }
    }
}

/// The ids from a place up to, not including, another, as far as there are any.
pub(super) fn slice(ids: &[TokenId], from: usize, to: usize) -> &[TokenId] {
    &ids[from.min(ids.len())..to.min(ids.len())]
}

/// How to come from the old stage to the next.
enum Way {
    Commits(Vec<Arc<Commit>>),
    /// Some commits are out of reach, or the epoch is another.
    Anew,
}

/// What a step did to the `status` frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StatusStep {
    Same,
    Renewed,
    /// It is out of date, and too early to renew it.
    Late,
}
