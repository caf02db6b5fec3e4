//! The sequence rule: whatever is lost, doubled or late, the next good frame leaves the client with the server's state.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::sync::Arc;

use memescope::feed::{Verdict, digest_rows};
use memescope::{Board, Epoch, EventKind, EventNames, Seq, Source, SourceState, Timestamp, TokenId};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::bus::LogEntry;
use crate::clock::Clock;
use crate::feed::frame::{Encoding, Frame};
use crate::feed::hub::{FeedConfig, Hub};
use crate::feed::session::{Heard, Session};
use crate::feed::testing::{Client, Market, Step, any_steps, id, query, row};
use crate::pages::Standing;
use crate::pages::{CursorKey, Pages};
use crate::planner::Watched;
use crate::store::{RowForm, ToTell};

const QUERY: &str = "min_liquidity_usd=10000";

/// A hub with one session, and a client for each of its subscriptions.
struct Scene {
    market: Market,
    hub: Arc<Hub>,
    session: Session,
    clients: BTreeMap<String, Client>,
    list: String,
    all: String,
    /// The same with the origins of the fields.
    full: String,
    requests: u64,
}

impl Scene {
    fn new(config: FeedConfig) -> Self {
        let market = Market::new();
        market.commit(&(1..20).map(|number| (number, Some(u16::from(number) * 20))).collect());
        let clock = Clock::from_runtime(Timestamp::from_secs(1));
        let hub = Hub::new(market.store.clone(), clock, false, config);
        let session = Session::open(hub.clone(), &hub.stage(), Encoding::Json, &mut Vec::new());
        let [list, all, full] = [const { String::new() }; 3];
        Self { market, hub, session, clients: BTreeMap::new(), list, all, full, requests: 0 }
    }

    fn subscribed(config: FeedConfig) -> Self {
        let mut scene = Self::new(config);
        let params = json!({"min_liquidity_usd": 10000, "head": 50});
        scene.list = scene.subscribe("list", &params)["sub"].as_str().unwrap().to_owned();
        scene.all = scene.subscribe("rows", &json!({"all": true, "min_liquidity_usd": 10000}))["sub"]
            .as_str()
            .unwrap()
            .to_owned();
        let range = json!({"list": scene.list, "range": [0, 6]});
        assert_eq!(scene.subscribe("rows", &range)["sub"], "r3");
        assert_eq!(scene.subscribe("rows", &json!({"ids": (1..12).map(id).collect::<Vec<_>>()}))["sub"], "r4");
        scene
    }

    /// The same with two that ask for the origins of the fields.
    fn with_provenance() -> Self {
        let mut scene = Self::subscribed(FeedConfig::default());
        let include = json!(["provenance"]);
        let all = json!({"all": true, "min_liquidity_usd": 10000, "include": include});
        scene.full = scene.subscribe("rows", &all)["sub"].as_str().unwrap().to_owned();
        assert_ne!(scene.full, scene.all);
        let ids = json!({"ids": (1..12).map(id).collect::<Vec<_>>(), "include": include});
        assert_eq!(scene.subscribe("rows", &ids)["sub"], "r6");
        scene
    }

    /// Sends a request and delivers what it brings; returns its answer.
    fn ask(&mut self, mut request: Value) -> Value {
        self.requests += 1;
        request["id"] = self.requests.into();
        let mut out = Vec::new();
        assert_eq!(self.session.hear(&request.to_string(), &mut out), Heard::Well);
        let answer = out.iter().map(|text| serde_json::from_str::<Value>(text).unwrap());
        let answer = answer.filter(|answer| answer["id"] == self.requests).last().unwrap_or_default();
        for text in &out {
            self.deliver(text);
        }
        answer
    }

    fn subscribe(&mut self, channel: &str, params: &Value) -> Value {
        self.ask(json!({"op": "subscribe", "channel": channel, "params": params}))
    }

    fn deliver(&mut self, text: &Frame) -> Verdict {
        let value: Value = serde_json::from_str(text).unwrap();
        match (value["type"].as_str(), value["sub"].as_str()) {
            (Some("snapshot" | "delta"), Some(sub)) => self.clients.entry(sub.to_owned()).or_default().take(text),
            _ => Verdict::Ignore,
        }
    }

    fn catch_up(&mut self) -> Vec<Frame> {
        let mut out = Vec::new();
        self.session.catch_up(&self.hub.stage(), &mut out);
        out
    }

    fn resync(&mut self, sub: &str) {
        self.ask(json!({"op": "resync", "sub": sub}));
    }

    fn order_at(&self, seq: Seq) -> (Vec<TokenId>, u64) {
        let snapshot = self.market.snapshot_at(seq);
        let standing = Standing::of(query(QUERY), &snapshot);
        (standing.head(50), standing.total() as u64)
    }

    fn row_at(&self, seq: Seq, id: &TokenId, form: RowForm) -> Option<Value> {
        let snapshot = self.market.snapshot_at(seq);
        snapshot.rows.get(id).map(|row| serde_json::from_slice(row.printed(form)).unwrap())
    }

    /// Every client that holds a state holds the server's at its seq.
    fn check(&self, range: (usize, usize)) {
        for (sub, client) in &self.clients {
            let Some(held) = &client.held else { continue };
            let (order, total) = self.order_at(held.have);
            if *sub == self.list {
                assert_eq!((&held.ids, held.total), (&order, total), "list at {}", held.have);
                continue;
            }
            let wanted: Vec<TokenId> = match sub.as_str() {
                "r3" => order.iter().take(range.1).skip(range.0).cloned().collect(),
                "r4" | "r6" => {
                    (1..12).map(id).filter(|id| self.row_at(held.have, id, RowForm::Plain).is_some()).collect()
                }
                _ => order.clone(),
            };
            let form = if *sub == self.full || sub == "r6" { RowForm::WithProvenance } else { RowForm::Plain };
            for id in &wanted {
                let row = self.row_at(held.have, id, form);
                assert_eq!(row.as_ref().unwrap().get("provenance").is_some(), form == RowForm::WithProvenance);
                assert_eq!(held.rows.get(id), row.as_ref(), "{sub} {id} at {}", held.have);
            }
            // A row may leave a range without a word; of the others nothing is left over.
            assert!(sub == "r3" || held.rows.len() == wanted.len(), "{sub} at {}", held.have);
        }
    }
}

/// What happens between two commits.
#[derive(Clone, Debug)]
enum Moment {
    /// The hub is late: the next step takes two commits.
    HubSleeps,
    /// The reader is late: it gets two steps in one frame.
    ReaderSleeps,
    /// One of the frames is lost.
    Lost(u8),
    /// Every frame comes twice.
    Doubled,
    /// All is well.
    Fine,
    /// The client looks at another range, first of all.
    Scrolled(u8),
}

fn any_moment() -> impl Strategy<Value = Moment> {
    prop_oneof![
        Just(Moment::HubSleeps),
        Just(Moment::ReaderSleeps),
        any::<u8>().prop_map(Moment::Lost),
        Just(Moment::Doubled),
        Just(Moment::Fine),
        (0u8..12).prop_map(Moment::Scrolled),
    ]
}

fn play(steps: &[Step], moments: &[Moment]) {
    let mut scene = Scene::with_provenance();
    let mut range = (0, 6);
    scene.check(range);
    for (step, moment) in steps.iter().zip(moments) {
        scene.market.commit(step);
        if matches!(moment, Moment::HubSleeps) {
            continue;
        }
        scene.hub.advance();
        if matches!(moment, Moment::ReaderSleeps) {
            continue;
        }
        if let Moment::Scrolled(from) = moment {
            let new = (usize::from(*from), usize::from(*from) + 6);
            // The frames of the commit still speak of the old range; the answer comes after them.
            scene.catch_up_and_deliver();
            scene.check(range);
            range = new;
            let params = json!({"list": scene.list, "range": [range.0, range.1]});
            assert_eq!(scene.ask(json!({"op": "update", "sub": "r3", "params": params}))["type"], "updated");
            scene.check(range);
            continue;
        }
        let mut frames = scene.catch_up();
        if let (Moment::Lost(which), false) = (moment, frames.is_empty()) {
            frames.remove(usize::from(*which) % frames.len());
        }
        for frame in &frames {
            let sub = serde_json::from_str::<Value>(frame).unwrap()["sub"].as_str().unwrap_or_default().to_owned();
            if scene.deliver(frame) == Verdict::Gap {
                scene.resync(&sub);
            }
            if matches!(moment, Moment::Doubled) {
                assert_eq!(scene.deliver(frame), Verdict::Ignore);
            }
        }
        scene.check(range);
    }
    // In the end everybody is asked for a new state and has the newest.
    let own = ["r3", "r4", "r6"].map(str::to_owned);
    for sub in [scene.list.clone(), scene.all.clone(), scene.full.clone()].into_iter().chain(own) {
        scene.resync(&sub);
        assert_eq!(scene.clients[&sub].held.as_ref().unwrap().have, scene.hub.stage().seq());
    }
    scene.check(range);
}

impl Scene {
    fn catch_up_and_deliver(&mut self) {
        for frame in self.catch_up() {
            let sub = serde_json::from_str::<Value>(&frame).unwrap()["sub"].as_str().unwrap_or_default().to_owned();
            if self.deliver(&frame) == Verdict::Gap {
                self.resync(&sub);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_next_good_frame_leaves_the_clients_with_the_servers_state(
        steps in any_steps(12),
        moments in proptest::collection::vec(any_moment(), 12),
    ) {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
            play(&steps, &moments);
        });
    }

    #[test]
    fn a_client_that_comes_back_goes_on_from_where_it_was(steps in any_steps(6), away in 0usize..6) {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
            let mut scene = Scene::with_provenance();
            for (number, step) in steps.iter().enumerate() {
                scene.market.commit(step);
                scene.hub.advance();
                if number < away {
                    scene.catch_up_and_deliver();
                }
            }
            let seqs: BTreeMap<String, Seq> =
                scene.clients.iter().map(|(sub, client)| (sub.clone(), client.held.as_ref().unwrap().have)).collect();
            // A new connection; the views may have been dropped meanwhile.
            scene.session = Session::open(scene.hub.clone(), &scene.hub.stage(), Encoding::Json, &mut Vec::new());
            let epoch = scene.hub.stage().epoch();
            scene.requests = 0;
            let (list, all, full) = (scene.list.clone(), scene.all.clone(), scene.full.clone());
            let include = json!(["provenance"]);
            for (sub, channel, params) in [
                (list.clone(), "list", json!({"min_liquidity_usd": 10000, "head": 50})),
                (all, "rows", json!({"all": true, "min_liquidity_usd": 10000})),
                ("r3".to_owned(), "rows", json!({"list": list, "range": [0, 6]})),
                ("r4".to_owned(), "rows", json!({"ids": (1..12).map(id).collect::<Vec<_>>()})),
                (full, "rows", json!({"all": true, "min_liquidity_usd": 10000, "include": include})),
                ("r6".to_owned(), "rows", json!({"ids": (1..12).map(id).collect::<Vec<_>>(), "include": include})),
            ] {
                let resume = json!({"epoch": epoch, "seq": seqs[&sub]});
                let request = json!({"op": "subscribe", "channel": channel, "params": params, "resume": resume});
                let answer = scene.ask(request);
                assert_eq!((&answer["sub"], &answer["mode"]), (&json!(sub), &json!("resume")));
            }
            scene.check((0, 6));
            let seq = scene.hub.stage().seq();
            let (order, _) = scene.order_at(seq);
            assert_eq!(scene.clients[&list].held.as_ref().unwrap().ids, order);
        });
    }
}

#[tokio::test]
async fn a_row_comes_no_later_than_the_list_that_names_it() {
    let mut scene = Scene::subscribed(FeedConfig::default());
    scene.market.commit(&Step::from([(25, Some(399))]));
    scene.hub.advance();
    let frames: Vec<Value> = scene.catch_up().iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let place = |sub: &str| frames.iter().position(|frame| frame["sub"] == sub).unwrap();
    assert!(place("r3") < place(&scene.list));
    assert_eq!(frames[place("r3")]["rows"][0]["id"], json!(id(25)));
    assert_eq!(frames[place("r3")]["seq"], frames[place(&scene.list)]["seq"]);
    assert_eq!(frames[place("r3")]["rows"][0], row(&scene.market.store, &id(25)).unwrap());
}

#[tokio::test]
async fn a_commit_that_does_not_touch_a_view_sends_nothing_for_it() {
    let mut scene = Scene::subscribed(FeedConfig::default());
    let before = scene.hub.stage().seq();
    scene.market.commit(&Step::from([(28, Some(3))]));
    scene.hub.advance();
    assert!(scene.catch_up().is_empty());
    scene.market.commit(&Step::from([(28, None), (25, Some(399))]));
    scene.hub.advance();
    let frames: Vec<Value> = scene.catch_up().iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let frame = frames.iter().find(|frame| frame["sub"] == *scene.list).unwrap();
    assert_eq!((&frame["prev"], &frame["seq"]), (&json!(before), &json!(before + 2)));
}

#[tokio::test]
async fn equal_views_share_their_bytes_and_go_when_nobody_watches() {
    let mut scene = Scene::subscribed(FeedConfig::default());
    let mut other = Session::open(scene.hub.clone(), &scene.hub.stage(), Encoding::Json, &mut Vec::new());
    let mut first = Vec::new();
    let same = r#"{"op":"subscribe","id":"x","channel":"list","params":{"head":50,"min_liquidity_usd":"10000"}}"#;
    assert_eq!(other.hear(same, &mut first), Heard::Well);
    assert_eq!(scene.hub.stats().views, 2);
    scene.market.commit(&Step::from([(25, Some(399))]));
    scene.hub.advance();
    let ours = scene.catch_up();
    let mut theirs = Vec::new();
    other.catch_up(&scene.hub.stage(), &mut theirs);
    let [theirs] = theirs.as_slice() else { unreachable!("one subscription, one frame") };
    assert!(ours.iter().any(|frame| frame.as_ptr() == theirs.as_ptr()), "the very same bytes");

    let watched = scene.hub.watched();
    assert!(watched.listed.contains(&id(25)), "heads of lists");
    let range = scene.hub.stage().views[&*scene.list].ids()[..6].to_vec();
    let ids: Vec<TokenId> = (1..12).map(id).collect();
    for token in range.iter().chain(&ids) {
        let screens = u32::from(range.contains(token)) + u32::from(ids.contains(token));
        assert_eq!(watched.rows.get(token), Some(&screens), "rows in sight");
    }
    drop(other);
    drop(scene.session);
    scene.hub.advance();
    assert_eq!((scene.hub.stats().views, scene.hub.stats().subs), (0, 0));
    assert_eq!(scene.hub.watched(), Watched::default());
}

#[tokio::test]
async fn compact_frames_are_shared_and_a_change_is_encoded_once() {
    let scene = Scene::new(FeedConfig::default());
    let mut frames = [(); 2].map(|()| {
        let mut out = Vec::new();
        let mut session = Session::open(scene.hub.clone(), &scene.hub.stage(), Encoding::Compact, &mut out);
        for (id, channel, params) in [(1, "rows", json!({"all": true})), (2, "list", json!({"head": 50}))] {
            let request = json!({"op": "subscribe", "id": id, "channel": channel, "params": params});
            assert_eq!(session.hear(&request.to_string(), &mut out), Heard::Well);
        }
        (session, out)
    });
    let commit = scene.market.commit(&Step::from([(3, Some(399)), (4, Some(1))]));
    scene.hub.advance();
    for (session, out) in &mut frames {
        session.catch_up(&scene.hub.stage(), out);
    }
    let [ours, theirs] = frames.map(|(_, out)| out.into_iter().filter(Frame::is_binary).collect::<Vec<_>>());
    assert_eq!(ours.len(), 4, "two snapshots and two deltas");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours.bytes().as_ptr(), theirs.bytes().as_ptr(), "the very same bytes");
    }
    for change in &commit.changes {
        let told = [(); 2].map(|()| match change.to_tell(RowForm::Compact) {
            ToTell::Patch(patch) => patch.as_ptr(),
            other => unreachable!("a patch: {other:?}"),
        });
        assert_eq!(told[0], told[1]);
    }
}

#[tokio::test]
async fn origins_are_sent_to_those_who_asked_and_printed_once_for_all_of_them() {
    let mut scene = Scene::with_provenance();
    let mut other = Session::open(scene.hub.clone(), &scene.hub.stage(), Encoding::Json, &mut Vec::new());
    let same = r#"{"op":"subscribe","id":"x","channel":"rows","params":{"all":true,"min_liquidity_usd":10000,"include":["provenance"]}}"#;
    assert_eq!(other.hear(same, &mut Vec::new()), Heard::Well);
    // Nothing but the origins of token 6 change: its figure is still 120.
    scene.market.commit(&Step::from([(6, Some(3_120))]));
    scene.hub.advance();
    let frames = scene.catch_up();
    for frame in &frames {
        assert_eq!(scene.deliver(frame), Verdict::Apply);
    }
    let subs: Vec<Value> =
        frames.iter().map(|text| serde_json::from_str::<Value>(text).unwrap()["sub"].clone()).collect();
    assert_eq!(subs, [json!("r6"), json!(scene.full)], "the others have nothing new");
    let patch = serde_json::from_str::<Value>(&frames[0]).unwrap()["patches"][0].clone();
    assert_eq!(
        patch,
        json!({
            "id": id(6),
            "provenance": {
                "price_usd": {"others": {"dexscreener": null, "geckoterminal": "2"}, "spread_pct": 0.5},
                "volume_usd": {
                    "source": "dexscreener", "observed_at": "1970-01-01T00:02:00.000Z",
                    "others": {"geckoterminal": "2"}, "spread_pct": 0.5
                }
            },
            "flag_details": [
                {"code": "wash", "source": null, "since": "1970-01-01T00:00:01.000Z", "detail": "a reason"}
            ]
        })
    );
    let mut theirs = Vec::new();
    other.catch_up(&scene.hub.stage(), &mut theirs);
    assert_eq!(theirs[0].as_ptr(), frames[1].as_ptr(), "the very same bytes");

    let rows = json!({"ids": [id(1)], "include": ["provenance"]});
    assert_eq!(scene.ask(json!({"op": "update", "sub": "r6", "params": rows}))["type"], "updated");
    assert_eq!(scene.ask(json!({"op": "update", "sub": "r6", "params": {"ids": [id(2)]}}))["type"], "updated");
    assert!(scene.clients["r6"].held.as_ref().unwrap().rows[&id(2)]["provenance"].is_object(), "as before");
    assert_eq!(scene.ask(json!({"op": "update", "sub": "r4", "params": rows}))["code"], "invalid_parameter");
    let wrong = json!({"ids": [id(1)], "include": ["pools"]});
    assert_eq!(scene.subscribe("rows", &wrong)["code"], "invalid_parameter");
}

#[tokio::test]
async fn a_filtered_subscription_hears_of_the_tokens_that_pass() {
    let mut scene = Scene::new(FeedConfig::default());
    let commit = |scene: &Scene, tokens: &[Option<u8>], step: &Step| {
        let before = scene.market.store.snapshot().board.clone();
        let commit = scene.market.commit(step);
        let kind = |token: Option<u8>| match token {
            Some(_) => EventKind::TokenFlagged { flags: Vec::new() },
            None => EventKind::SourceState {
                source: Source::Jupiter,
                state: SourceState::Down,
                prev_state: SourceState::Ok,
            },
        };
        let seq = commit.snapshot.board.seq;
        let told = tokens.iter().map(|token| (token.map(id), kind(*token)));
        let events = EventNames::default().name((before.epoch, seq), before.as_of, told).into();
        // What happens after the commit comes by itself.
        scene.market.store.commit(&LogEntry { delta: None, events, reports: Arc::default() }).unwrap();
        scene.hub.advance();
    };
    // Told before anybody asked.
    commit(&scene, &[Some(19)], &Step::new());
    let heard = |frames: &[Frame]| -> Vec<Value> {
        let frames = frames.iter().map(|text| serde_json::from_str::<Value>(text).unwrap());
        frames.filter(|frame| frame["type"] == "event").map(|frame| frame["token"].clone()).collect()
    };
    // The liquidity of token 4 is 8,000 USD, that of 19 is 38,000 and that of 6 just 12,000.
    for (params, expected) in [
        (json!({}), vec![json!(id(19)), json!(id(4)), Value::Null, json!(id(28))]),
        (json!({"rank": "top", "window": "h1"}), vec![json!(id(19)), json!(id(4)), Value::Null, json!(id(28))]),
        (json!({"min_liquidity_usd": 10000}), vec![json!(id(19))]),
        (json!({"min_liquidity_usd": 10000, "types": ["source:state"]}), vec![]),
        (json!({"ids": [id(4), id(6)]}), vec![json!(id(4))]),
        (json!({"types": ["source:state"]}), vec![Value::Null]),
    ] {
        assert_eq!(scene.subscribe("events", &params)["sub"], "events");
        commit(&scene, &[Some(19), Some(4), None, Some(28)], &Step::new());
        assert_eq!(heard(&scene.catch_up()), expected, "{params}");
        assert!(heard(&scene.catch_up()).is_empty(), "once");
        scene.ask(json!({"op": "unsubscribe", "sub": "events"}));
    }
    // A token is judged as it is now: 19 has become thin, 4 has left.
    scene.subscribe("events", &json!({"min_liquidity_usd": 10000}));
    commit(&scene, &[Some(19), Some(4)], &Step::from([(19, Some(3)), (4, None)]));
    assert!(heard(&scene.catch_up()).is_empty());
    assert_eq!(scene.subscribe("events", &json!({"min_liquidity_usd": "much"}))["code"], "invalid_parameter");
}

#[tokio::test]
async fn who_is_too_late_for_a_bridge_gets_a_snapshot_that_says_so() {
    let mut scene = Scene::subscribed(FeedConfig::default());
    // Ten minutes between commits: what lies before is out of reach.
    let before = scene.market.store.snapshot().board.clone();
    for (seconds, number) in [(600, 25), (1200, 26)] {
        let now = scene.market.store.snapshot().board.clone();
        let mut tokens = now.tokens.clone();
        let mut token = (*tokens[&id(19)]).clone();
        (token.id, token.address) = (id(number), id(number).shared_address());
        tokens.insert(id(number), Arc::new(token));
        let after = now.advance(before.as_of.plus(std::time::Duration::from_secs(seconds)), None, false, tokens);
        scene.market.publish(&now, &after);
        scene.hub.advance();
    }
    let frames: Vec<Value> = scene.catch_up().iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let of = |sub: &str| frames.iter().find(|frame| frame["sub"] == sub).unwrap();
    assert_eq!(of(&scene.all)["reason"], "lagged");
    assert_eq!(of(&scene.all)["type"], "snapshot");
    assert_eq!(of("r3")["type"], "delta", "a connection knows what its client holds");
    // The list's former order was kept.
    assert_eq!(of(&scene.list)["type"], "delta");
    assert_eq!(scene.hub.stats().lagged, 1);
}

#[tokio::test]
async fn another_epoch_sends_everything_anew() {
    let mut scene = Scene::subscribed(FeedConfig::default());
    let before = scene.market.store.snapshot().board.clone();
    let after =
        Board { epoch: Epoch::from_bits(8), ..before.advance(before.as_of, None, false, before.tokens.clone()) };
    scene.market.publish(&before, &after);
    scene.hub.advance();
    let frames: Vec<Value> = scene.catch_up().iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    assert_eq!(frames.len(), 4);
    assert!(frames.iter().all(|frame| frame["reason"] == "epoch" && frame["epoch"] == "0000000000000008"));
    let resume = json!({"epoch": before.epoch, "seq": before.seq});
    let params = json!({"head": 100});
    let answer = scene.ask(json!({"op": "subscribe", "channel": "list", "params": params, "resume": resume}));
    assert_eq!(answer["mode"], "snapshot");
}

#[tokio::test]
async fn digests_are_those_that_a_client_computes() {
    let mut scene = Scene::subscribed(FeedConfig::default());
    let (order, _) = scene.order_at(1);
    let lines: Vec<String> = order.iter().map(ToString::to_string).collect();
    let mut hash = memescope::fnv::Fnv::default();
    hash.write(lines.join("\n").as_bytes());
    let list = scene.list.clone();
    let answer = scene.ask(json!({"op": "digest", "sub": list}));
    assert_eq!(answer["digest"], format!("{:016x}", hash.finish()));
    assert_eq!(answer["seq"], 1);
    let snapshot = scene.market.store.snapshot();
    let rows = (1..12).map(id).filter_map(|id| snapshot.rows.get(&id).cloned()).collect::<Vec<_>>();
    let expected = digest_rows(rows.iter().map(|row| &*row.token));
    assert_eq!(scene.ask(json!({"op": "digest", "sub": "r4"}))["digest"], format!("{expected:016x}"));
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_in_words() {
    let mut scene = Scene::subscribed(FeedConfig { max_views: 3, ..FeedConfig::default() });
    let list = scene.list.clone();
    for (request, code, status) in [
        (json!({"op": "subscribe", "channel": "list", "params": {"head": 51}}), "invalid_parameter", 400),
        (json!({"op": "subscribe", "channel": "list", "params": {"rank": "best"}}), "invalid_parameter", 400),
        (
            json!({"op": "subscribe", "channel": "list", "params": {"min_liquidity_usd": 10000, "head": 50}}),
            "already_subscribed",
            409,
        ),
        (json!({"op": "subscribe", "channel": "rows", "params": {}}), "invalid_parameter", 400),
        (json!({"op": "subscribe", "channel": "rows", "params": {"list": "l0", "range": [0, 1]}}), "not_found", 404),
        (
            json!({"op": "subscribe", "channel": "rows", "params": {"list": list, "range": [0, 51]}}),
            "invalid_parameter",
            400,
        ),
        (
            json!({"op": "subscribe", "channel": "rows", "params": {"list": list, "range": [5, 1]}}),
            "invalid_parameter",
            400,
        ),
        (json!({"op": "subscribe", "channel": "rows", "params": {"ids": vec![id(1); 201]}}), "invalid_parameter", 400),
        (
            json!({"op": "subscribe", "channel": "rows", "params": {"ids": [], "fields": "few"}}),
            "invalid_parameter",
            400,
        ),
        (json!({"op": "subscribe", "channel": "events", "params": {"types": ["rain"]}}), "invalid_parameter", 400),
        (json!({"op": "update", "sub": list, "params": {"ids": []}}), "invalid_parameter", 400),
        (json!({"op": "unsubscribe", "sub": "r77"}), "not_found", 404),
    ] {
        let answer = scene.ask(request.clone());
        assert_eq!((&answer["code"], &answer["status"]), (&json!(code), &json!(status)), "{request} → {answer}");
    }
    assert_eq!(scene.subscribe("list", &json!({"window": "h1"}))["mode"], "snapshot");
    assert_eq!(scene.subscribe("list", &json!({"window": "h6"}))["code"], "overloaded");
    assert_eq!(scene.subscribe("events", &json!({"types": ["volume:spike"]}))["sub"], "events");
    assert_eq!(scene.subscribe("status", &json!({}))["sub"], "status");
    assert_eq!(scene.subscribe("rows", &json!({"ids": [id(1)]}))["mode"], "snapshot");
    assert_eq!(scene.subscribe("rows", &json!({"ids": [id(2)]}))["code"], "too_many_subscriptions");
}

#[tokio::test]
async fn a_mistyped_filter_is_no_filter_and_is_refused() {
    let mut scene = Scene::new(FeedConfig::default());
    let own = scene.subscribe("rows", &json!({"ids": [id(1)]}))["sub"].clone();
    let typing_error = json!({"min_liqudity_usd": 10000});
    for (channel, params) in [
        ("list", typing_error.clone()),
        ("rows", json!({"all": true, "min_liqudity_usd": 10000})),
        ("events", typing_error.clone()),
    ] {
        let answer = scene.subscribe(channel, &params);
        assert_eq!((&answer["code"], &answer["status"]), (&json!("unknown_parameter"), &json!(400)), "{channel}");
        let words = "min_liqudity_usd: there is no such parameter; did you mean min_liquidity_usd?";
        assert_eq!(answer["detail"], words);
    }
    for (channel, params, name) in [
        ("list", json!({"limit": 5}), "limit"),
        ("list", json!({"types": ["volume:spike"]}), "types"),
        ("rows", json!({"ids": [id(2)], "min_liquidity_usd": 10000}), "min_liquidity_usd"),
        ("rows", json!({"all": true, "head": 50}), "head"),
        ("events", json!({"include": ["provenance"]}), "include"),
        ("status", json!({"someday": 1}), "someday"),
    ] {
        let answer = scene.subscribe(channel, &params);
        assert_eq!(answer["code"], "unknown_parameter", "{channel} {params}");
        assert!(answer["detail"].as_str().unwrap().starts_with(&format!("{name}: ")), "{answer}");
    }
    let update = json!({"op": "update", "sub": own, "params": {"ids": [id(2)], "min_liquidity_usd": 10000}});
    assert_eq!(scene.ask(update)["code"], "unknown_parameter");
    // Members of the message beside the parameters are of later versions, and passed over.
    let later = json!({"op": "subscribe", "channel": "list", "params": {"head": 50}, "mood": "fine"});
    assert_eq!(scene.ask(later)["mode"], "snapshot");
}

#[tokio::test]
async fn what_is_no_message_is_answered_and_counted() {
    let mut scene = Scene::new(FeedConfig::default());
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let long_id = format!(r#"{{"op":"ping","id":"{}"}}"#, "a".repeat(37));
    for (text, code, id) in [
        ("{", "invalid_json", json!(null)),
        (deep.as_str(), "invalid_json", json!(null)),
        ("[1]", "unknown_op", json!(null)),
        (r#"{"op":"dance","id":7}"#, "unknown_op", json!(7)),
        (r#"{"op":"ping"}"#, "invalid_message", json!(null)),
        (long_id.as_str(), "invalid_message", json!(null)),
        (r#"{"op":"subscribe","id":"a","channel":"weather"}"#, "invalid_message", json!("a")),
        (r#"{"op":"resync","id":1,"sub":[]}"#, "invalid_message", json!(1)),
    ] {
        let mut out = Vec::new();
        assert_eq!(scene.session.hear(text, &mut out), Heard::Badly, "{text}");
        let answer: Value = serde_json::from_str(&out[0]).unwrap();
        assert_eq!((&answer["code"], &answer["id"]), (&json!(code), &id), "{answer}");
    }
    let mut out = Vec::new();
    assert_eq!(scene.session.hear(r#"{"op":"ping","id":"é","mood":"fine"}"#, &mut out), Heard::Well);
    assert_eq!(serde_json::from_str::<Value>(&out[0]).unwrap(), json!({"type": "pong", "id": "é"}));
}

#[test]
fn a_snapshot_of_a_ranking_says_where_its_rows_stood_five_minutes_ago() {
    let mut scene = Scene::new(FeedConfig::default());
    let pages = Arc::new(Pages::new(scene.market.store.clone(), CursorKey::from_bytes([7; 32])));
    scene.hub.tell_former_places(pages.clone());
    let gainers = json!({"rank": "gainers", "head": 50});
    let narrow = json!({"rank": "gainers", "head": 50, "q": "t"});
    let snapshot_of = |scene: &mut Scene, params: &Value| -> Value {
        let request = json!({"op": "subscribe", "id": "x", "channel": "list", "params": params});
        let mut out = Vec::new();
        scene.session.hear(&request.to_string(), &mut out);
        let frames: Vec<Value> = out.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        let sub = frames.iter().find(|frame| frame["type"] == "subscribed").unwrap()["sub"].clone();
        scene.session.hear(&json!({"op": "unsubscribe", "id": "y", "sub": sub}).to_string(), &mut Vec::new());
        frames.into_iter().find(|frame| frame["type"] == "snapshot").unwrap()
    };
    let first = snapshot_of(&mut scene, &gainers);
    assert!(first["ids"].as_array().unwrap().len() > 10 && first.get("prev_ranks").is_none(), "nobody knows yet");
    pages.remember();

    // The time of this market is its seq in seconds. The last goes to the top, and one comes that was not there.
    for _ in 0..299 {
        scene.market.commit(&Step::new());
        pages.remember();
    }
    let ids = first["ids"].as_array().unwrap();
    scene.market.commit(&Step::from([(1, Some(399)), (25, Some(398))]));
    scene.hub.advance();
    let later = snapshot_of(&mut scene, &gainers);
    let place = |id: &Value| ids.iter().position(|before| before == id).map(|place| place + 1);
    let expected: Vec<Option<usize>> = later["ids"].as_array().unwrap().iter().map(place).collect();
    assert_eq!(expected[..2], [Some(ids.len()), None]);
    assert_eq!(later["prev_ranks"], json!(expected));
    // In a narrower list the places would mean something else.
    assert!(snapshot_of(&mut scene, &narrow).get("prev_ranks").is_none());
}
