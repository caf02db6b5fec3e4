//! The server and the client that everybody uses, with a bad wire between them: frames are lost, doubled and late,
//! connections break, the server starts anew, the page is hidden and shown, other views and rows are asked for. Whatever
//! a client holds is what the server had at that seq, and after the next good frames it has the newest.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::sync::Arc;

use memescope::feed::client::{Action, FeedClient, Incoming, ListState, Params, Request, RowsState, Wanted};
use memescope::feed::{Channel, Resume, ServerMessage, compact, digest_list, digest_rows};
use memescope::query::{Filter, TokenQuery};
use memescope::{Board, Epoch, Timestamp, Token, TokenId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::feed::frame::{Encoding, Frame};
use crate::feed::hub::{FeedConfig, Hub};
use crate::feed::session::{Heard, Session};
use crate::feed::testing::{Market, Step, id, query};
use crate::pages::Standing;
use crate::store::{Snapshot, Store};

const VIEWS: [&str; 3] = ["min_liquidity_usd=10000", "rank=losers", "sort=-symbol"];

/// The most moments of a case.
const MOMENTS: usize = 16;

/// What happens next.
#[derive(Clone, Debug)]
enum Moment {
    Commit(Step),
    /// The hub goes on, and the connection sends what is new.
    Catch,
    /// The client reads some frames.
    Read(u8),
    /// A frame is lost.
    Lose(u8),
    /// A frame comes twice.
    Double(u8),
    /// A frame is late.
    Delay(u8, u8),
    Break,
    Restart,
    Hide,
    Show,
    View(usize),
    Rows(usize),
    /// Nothing, for so many milliseconds.
    Wait(u16),
}

fn any_moment() -> impl Strategy<Value = Moment> {
    let change = prop_oneof![4 => (0u16..400).prop_map(Some), 1 => Just(None)];
    prop_oneof![
        6 => proptest::collection::btree_map(1u8..12, change, 1..5).prop_map(Moment::Commit),
        6 => Just(Moment::Catch),
        6 => (1u8..12).prop_map(Moment::Read),
        2 => any::<u8>().prop_map(Moment::Lose),
        1 => any::<u8>().prop_map(Moment::Double),
        2 => any::<(u8, u8)>().prop_map(|(which, by)| Moment::Delay(which, by)),
        1 => Just(Moment::Break),
        1 => Just(Moment::Restart),
        1 => Just(Moment::Hide),
        2 => Just(Moment::Show),
        1 => (0..VIEWS.len()).prop_map(Moment::View),
        2 => (0usize..5).prop_map(Moment::Rows),
        1 => (0u16..9_000).prop_map(Moment::Wait),
    ]
}

/// A frame under way. An answer to a request arrives, or the connection breaks; other frames may have a fate.
struct Sent {
    frame: Frame,
    may_be_lost: bool,
}

struct World {
    encoding: Encoding,
    market: Market,
    hub: Arc<Hub>,
    session: Option<Session>,
    wire: Vec<Sent>,
    /// Every board that there was.
    history: BTreeMap<(u64, u64), Arc<Snapshot>>,
    client: FeedClient,
    rows: BTreeMap<TokenId, Token>,
    view: usize,
    now: u64,
    last_digests: BTreeMap<String, String>,
    queries: [TokenQuery; 3],
}

fn hub_of(market: &Market) -> Arc<Hub> {
    Hub::new(market.store.clone(), Clock::from_runtime(Timestamp::from_secs(1)), false, FeedConfig::default())
}

fn params(view: usize) -> Params {
    let pairs = VIEWS[view].split('&').filter_map(|pair| pair.split_once('='));
    let query = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Params { query, ..Params::default() }
}

fn wanted(choice: usize) -> Wanted {
    match choice {
        0 => Wanted::Range(0, 3),
        1 => Wanted::Range(2, 6),
        2 => Wanted::Ids((1..4).map(id).collect()),
        3 => Wanted::Ids([2, 5, 9].map(id).to_vec()),
        _ => Wanted::All(params(0)),
    }
}

impl World {
    fn new(encoding: Encoding) -> Self {
        let market = Market::new();
        let hub = hub_of(&market);
        let mut world = Self {
            encoding,
            market,
            hub,
            session: None,
            wire: Vec::new(),
            history: BTreeMap::new(),
            client: FeedClient::new(0),
            rows: BTreeMap::new(),
            view: 0,
            now: 0,
            last_digests: BTreeMap::new(),
            queries: VIEWS.map(query),
        };
        world.commit(&(1..8).map(|number| (number, Some(u16::from(number) * 50))).collect());
        world.hub.advance();
        world.client.follow(Channel::Status, Params::default());
        world.look_at(0);
        world.client.follow_rows(wanted(0));
        world.run();
        world
    }

    fn look_at(&mut self, view: usize) {
        self.view = view;
        let params = Params { head: Some(50), ..params(view) };
        self.client.follow_view(Some(params), ListState::default(), (vec![], RowsState::default()));
        self.rows.clear();
    }

    fn remember(&mut self) {
        let snapshot = self.market.store.snapshot();
        self.history.insert((snapshot.board.epoch.bits(), snapshot.board.seq), snapshot);
    }

    fn commit(&mut self, step: &Step) {
        self.market.commit(step);
        self.remember();
    }

    /// Does what the client asks for.
    fn run(&mut self) {
        loop {
            let actions = self.client.take_actions();
            if actions.is_empty() {
                return;
            }
            for action in actions {
                match action {
                    Action::Drop => self.cut(),
                    Action::Connect => {
                        self.cut();
                        let mut out = Vec::new();
                        let session = Session::open(self.hub.clone(), &self.hub.stage(), self.encoding, &mut out);
                        self.session = Some(session);
                        self.put(out, false);
                    }
                    Action::Send(request) => {
                        let may_be_lost = matches!(request, Request::Resync { .. });
                        self.say(&serde_json::to_string(&request).unwrap(), may_be_lost);
                    }
                }
            }
        }
    }

    fn say(&mut self, text: &str, may_be_lost: bool) {
        let Some(session) = &mut self.session else { return };
        let mut out = Vec::new();
        assert_eq!(session.hear(text, &mut out), Heard::Well, "{text}");
        self.put(out, may_be_lost);
    }

    fn put(&mut self, frames: Vec<Frame>, may_be_lost: bool) {
        self.wire.extend(frames.into_iter().map(|frame| Sent { frame, may_be_lost }));
    }

    fn cut(&mut self) {
        self.session = None;
        self.wire.clear();
    }

    fn catch(&mut self) {
        self.hub.advance();
        if let Some(session) = &mut self.session {
            let mut out = Vec::new();
            session.catch_up(&self.hub.stage(), &mut out);
            self.put(out, true);
        }
    }

    fn read(&mut self, count: usize) {
        for _ in 0..count {
            if self.wire.is_empty() {
                break;
            }
            let frame = self.wire.remove(0).frame;
            let message = if frame.is_binary() {
                compact::read(frame.bytes()).unwrap().into()
            } else {
                if let Ok(ServerMessage::Digest { sub, digest, .. }) = serde_json::from_slice(frame.bytes()) {
                    self.last_digests.insert(sub, digest);
                }
                Incoming::from(serde_json::from_slice::<ServerMessage>(frame.bytes()).unwrap())
            };
            let news = self.client.receive(self.now, 0.5, message);
            for change in news.rows {
                change.apply_to(&mut self.rows);
            }
            self.run();
            if news.list {
                self.check_list();
            }
        }
        if self.wire.is_empty() {
            self.check_rows();
        }
    }

    fn at(&self, have: Resume) -> &Snapshot {
        &self.history[&(have.epoch.bits(), have.seq)]
    }

    /// The order is that of the server at the client's seq.
    fn check_list(&self) {
        let Some(have) = self.client.list().resume() else { return };
        let standing = Standing::of(self.queries[self.view].clone(), self.at(have));
        assert_eq!(self.client.list().ids(), standing.head(50), "the order at {have:?}");
        assert_eq!(self.client.list().total(), standing.total() as u64, "the total at {have:?}");
    }

    /// The rows that are followed.
    fn followed(&self) -> Option<(Resume, Vec<TokenId>)> {
        let have = self.client.rows().have()?;
        let board = self.at(have);
        Some((
            have,
            match self.client.rows_asked()? {
                Wanted::Ids(ids) => ids.iter().filter(|id| board.rows.contains_key(*id)).cloned().collect(),
                Wanted::Range(from, to) => {
                    let order = Standing::of(self.queries[self.view].clone(), board).head(50);
                    order.into_iter().take(*to as usize).skip(*from as usize).collect()
                }
                Wanted::All(_) => {
                    let query = query(VIEWS[0]);
                    let filter = Filter::new(&query, board.board.as_of);
                    let passing: Vec<TokenId> = board
                        .rows
                        .values()
                        .filter(|row| filter.passes(&row.token))
                        .map(|row| row.token.id.clone())
                        .collect();
                    assert_eq!(self.rows.len(), passing.len(), "nothing is left over");
                    passing
                }
            },
        ))
    }

    /// The rows are those of the server at the client's seq.
    fn check_rows(&self) {
        let Some((have, ids)) = self.followed() else { return };
        let board = self.at(have);
        for id in ids {
            let (ours, theirs) = (self.rows.get(&id), &*board.rows[&id].token);
            // Origins are not part of what is sent.
            let theirs = Token { provenance: Arc::default(), ..theirs.clone() };
            assert_eq!(ours, Some(&theirs), "{id} at {have:?}");
        }
    }

    fn happen(&mut self, moment: &Moment) {
        self.now += 50;
        let lossy: Vec<usize> = (0..self.wire.len()).filter(|place| self.wire[*place].may_be_lost).collect();
        let hit = |which: &u8| lossy.get(usize::from(*which) % lossy.len().max(1)).copied();
        match moment {
            Moment::Commit(step) => self.commit(step),
            Moment::Catch => self.catch(),
            Moment::Read(count) => self.read(usize::from(*count)),
            Moment::Lose(which) => {
                if let Some(place) = hit(which) {
                    self.wire.remove(place);
                }
            }
            Moment::Double(which) => {
                if let Some(place) = hit(which) {
                    let frame = self.wire[place].frame.clone();
                    self.wire.push(Sent { frame, may_be_lost: true });
                }
            }
            Moment::Delay(which, by) => {
                if let Some(place) = hit(which) {
                    let sent = self.wire.remove(place);
                    let later = (place + usize::from(*by) % 5).min(self.wire.len());
                    self.wire.insert(later, sent);
                }
            }
            Moment::Break => {
                self.cut();
                self.client.closed(self.now, 0.5);
            }
            Moment::Restart => {
                self.cut();
                self.client.closed(self.now, 0.5);
                let old = &self.market.store.snapshot().board;
                let epoch = Epoch::from_bits(old.epoch.bits() + 1);
                let board = Board { epoch, seq: old.seq + 1, ..old.clone() };
                self.market = Market::of(Arc::new(Store::new(board)));
                self.hub = hub_of(&self.market);
                self.remember();
            }
            Moment::Hide | Moment::Show => {
                self.client.pause(self.now, matches!(moment, Moment::Hide));
            }
            Moment::View(view) => self.look_at(*view),
            Moment::Rows(choice) => self.client.follow_rows(wanted(*choice)),
            Moment::Wait(ms) => self.now += u64::from(*ms),
        }
        self.client.tick(self.now, 0.5);
        self.run();
    }

    /// A wire that works again, and a commit that changes everything.
    fn come_to_rest(&mut self) {
        self.client.pause(self.now, false);
        self.client.follow_rows(wanted(0));
        self.client.retry(self.now);
        self.run();
        for round in 0..3u16 {
            self.now += 2_500;
            // Upside down every time.
            let figure = |number: u8| u16::from(if round % 2 == 0 { number } else { 12 - number }) * 25 + round + 100;
            self.commit(&(1..12).map(|number| (number, Some(figure(number)))).collect());
            self.catch();
            self.read(usize::MAX);
            self.client.tick(self.now, 0.5);
            self.run();
            self.read(usize::MAX);
        }
        let stage = self.hub.stage();
        let newest = Some(Resume { epoch: stage.epoch(), seq: stage.seq() });
        assert_eq!((self.client.list().resume(), self.client.rows().have()), (newest, newest), "the newest");
        self.check_list();
        self.check_rows();

        let [list, rows] = self.client.subs().map(|sub| sub.unwrap().to_owned());
        for sub in [&list, &rows] {
            let ask: Value = json!({"op": "digest", "id": 1_000_000, "sub": sub});
            self.say(&ask.to_string(), false);
        }
        self.read(usize::MAX);
        let (_, followed) = self.followed().unwrap();
        let ours = [digest_list(self.client.list().ids()), digest_rows(followed.iter().map(|id| &self.rows[id]))];
        let theirs = [&list, &rows].map(|sub| u64::from_str_radix(&self.last_digests[sub], 16).unwrap());
        assert_eq!(ours, theirs);
    }
}

fn play(encoding: Encoding, cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _inside = runtime.enter();
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let moments = proptest::collection::vec(any_moment(), 1..MOMENTS);
    let played = runner.run(&moments, |moments| {
        let mut world = World::new(encoding);
        for moment in &moments {
            world.happen(moment);
        }
        world.come_to_rest();
        Ok(())
    });
    if let Err(error) = played {
        panic!("{error}");
    }
}

#[test]
fn on_a_bad_wire_json_leads_to_the_servers_state() {
    play(Encoding::Json, 2_500);
}

#[test]
fn on_a_bad_wire_the_compact_subprotocol_leads_to_the_servers_state() {
    play(Encoding::Compact, 2_500);
}

/// The same moments over both subprotocols leave clients with the same.
#[test]
fn both_subprotocols_tell_the_same() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _inside = runtime.enter();
    let mut runner = TestRunner::new(Config { cases: 500, failure_persistence: None, ..Config::default() });
    let moments = proptest::collection::vec(any_moment(), 1..MOMENTS);
    let played = runner.run(&moments, |moments| {
        let worlds = [Encoding::Json, Encoding::Compact].map(|encoding| {
            let mut world = World::new(encoding);
            for moment in &moments {
                world.happen(moment);
            }
            world.come_to_rest();
            world
        });
        let [json, compact] = worlds.each_ref().map(|world| {
            let (have, followed) = world.followed().unwrap();
            let rows: Vec<Token> = followed.iter().map(|id| world.rows[id].clone()).collect();
            (have, world.client.list().ids().to_vec(), rows)
        });
        prop_assert_eq!(json, compact);
        Ok(())
    });
    if let Err(error) = played {
        panic!("{error}");
    }
}
