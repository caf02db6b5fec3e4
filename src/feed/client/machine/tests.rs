//! What a client does about what arrives and what does not.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use super::*;
use crate::feed::{DeltaFrame, SnapshotFrame};
use crate::testing::token_id;
use crate::{Epoch, Seq, Timestamp, Token};

const HELLO: Incoming = Incoming::Hello { heartbeat_ms: 1_000 };

fn snapshot(sub: &str, seq: Seq, ids: &[u8]) -> Incoming {
    let (epoch, as_of) = (Epoch::from_bits(7), Timestamp::default());
    let mut frame = SnapshotFrame {
        sub: sub.to_owned(),
        epoch,
        seq,
        as_of,
        ids: None,
        total: None,
        prev_ranks: None,
        rows: None,
        reason: None,
        part: None,
    };
    let ids = ids.iter().copied().map(token_id);
    if sub.starts_with('l') {
        frame.ids = Some(ids.collect());
    } else {
        frame.rows = Some(ids.map(|id| Token::new(id, as_of)).collect());
    }
    Incoming::Snapshot(frame)
}

fn delta(sub: &str, prev: Seq, seq: Seq) -> Incoming {
    let (rows, patches, gone) = (vec![], vec![], vec![]);
    let (splices, total) = (Some(vec![]), Some(0));
    let as_of = Timestamp::default();
    Incoming::Delta(DeltaFrame {
        sub: sub.to_owned(),
        prev,
        seq,
        as_of,
        splices,
        total,
        rows,
        patches,
        gone,
        part: None,
    })
}

fn opened(id: u64, channel: Channel, sub: &str) -> Incoming {
    Incoming::Subscribed { id, channel, sub: sub.to_owned() }
}

/// The requests that are to be sent, each in a word.
fn requests(client: &mut FeedClient) -> Vec<String> {
    let word = |action| match action {
        Action::Connect => "connect".to_owned(),
        Action::Drop => "drop".to_owned(),
        Action::Send(Request::Subscribe { id, channel, resume, .. }) => {
            format!("{id} subscribe {channel:?} {:?}", resume.map(|resume| resume.seq))
        }
        Action::Send(Request::Update { id, sub, params }) => {
            format!("{id} update {sub} {:?} {:?}", params.range, params.ids.map(|ids| ids.len()))
        }
        Action::Send(Request::Unsubscribe { id, sub }) => format!("{id} unsubscribe {sub}"),
        Action::Send(Request::Resync { id, sub }) => format!("{id} resync {sub}"),
    };
    client.take_actions().into_iter().map(word).collect()
}

fn told(client: &mut FeedClient, now: u64, messages: impl IntoIterator<Item = Incoming>) -> Vec<String> {
    for message in messages {
        client.receive(now, 0.5, message);
    }
    requests(client)
}

/// A client that follows a list and three rows of it.
fn live() -> FeedClient {
    let mut client = FeedClient::new(0);
    client.follow(Channel::Status, Params::default());
    client.follow_view(Some(Params::default()), ListState::default(), (vec![], RowsState::default()));
    client.follow_rows(Wanted::Range(0, 3));
    assert_eq!(requests(&mut client), ["connect"]);
    assert_eq!(told(&mut client, 1, [HELLO]), ["1 subscribe Status None", "2 subscribe List None"]);
    let answers = [opened(1, Channel::Status, "status"), opened(2, Channel::List, "l1")];
    assert_eq!(told(&mut client, 1, answers), ["3 subscribe Rows None"]);
    let frames = [snapshot("l1", 5, &[1, 2, 3, 4]), opened(3, Channel::Rows, "r3"), snapshot("r3", 5, &[1, 2, 3])];
    assert_eq!(told(&mut client, 1, frames), [""; 0]);
    client
}

#[test]
fn what_should_be_followed_is_opened_once_the_server_greets() {
    let client = live();
    assert!(client.list_is_open());
    assert_eq!((client.list().ids().len(), client.rows().len()), (4, 3));
}

#[test]
fn a_gap_is_asked_about_once_and_again_when_nobody_answers() {
    let mut client = live();
    assert_eq!(told(&mut client, 10, [delta("l1", 6, 7)]), ["4 resync l1"]);
    assert_eq!(told(&mut client, 20, [delta("l1", 7, 8)]), [""; 0]);
    assert_eq!(told(&mut client, 2_010, [delta("l1", 8, 9)]), ["5 resync l1"]);
    assert_eq!(told(&mut client, 2_020, [snapshot("l1", 9, &[1, 2, 3]), delta("l1", 9, 10)]), [""; 0]);
    assert_eq!(client.list().resume().unwrap().seq, 10);
}

#[test]
fn a_lost_connection_comes_back_and_goes_on() {
    let mut client = live();
    client.follow_rows(Wanted::Ids(vec![token_id(1), token_id(2)]));
    assert_eq!(requests(&mut client), ["4 update r3 None Some(2)"]);
    assert_eq!(told(&mut client, 10, [Incoming::Updated { id: 4 }, delta("r3", 5, 6)]), [""; 0]);
    client.closed(20, 1.0);
    assert_eq!(client.state(20), LinkState::Reconnecting);
    client.tick(519, 1.0);
    assert_eq!(requests(&mut client), [""; 0]);
    client.tick(520, 1.0);
    assert_eq!(requests(&mut client), ["connect"]);
    let asked = told(&mut client, 530, [HELLO]);
    assert_eq!(asked, ["5 subscribe Status None", "6 subscribe List Some(5)", "7 subscribe Rows Some(6)"]);
}

#[test]
fn silence_and_a_farewell_end_a_connection() {
    let mut client = live();
    client.tick(2_002, 0.5);
    assert_eq!((client.state(2_002), requests(&mut client).len()), (LinkState::Stale, 0));
    client.tick(3_001, 0.5);
    assert_eq!(requests(&mut client), ["drop"]);
    let mut client = live();
    assert_eq!(told(&mut client, 10, [Incoming::Bye { retry_after_ms: 1_700 }]), ["drop"]);
    assert_eq!(client.link().retry_in(10), Some(1_700));
    client.retry(11);
    assert_eq!(requests(&mut client), ["connect"]);
}

#[test]
fn a_page_that_nobody_sees_lets_go_and_goes_on_when_it_is_seen() {
    let mut client = live();
    client.pause(10, true);
    assert_eq!(requests(&mut client), ["4 unsubscribe l1", "5 unsubscribe r3"]);
    assert!(!client.receive(11, 0.5, delta("l1", 5, 6)).is_ours);
    client.pause(20, true);
    assert_eq!(requests(&mut client), [""; 0]);
    client.pause(30, false);
    assert_eq!(requests(&mut client), ["6 subscribe List Some(5)"]);
    assert_eq!(told(&mut client, 31, [opened(6, Channel::List, "l1")]), ["7 subscribe Rows None"]);
}

#[test]
fn a_subscription_that_came_too_late_is_ended() {
    let mut client = FeedClient::new(0);
    client.follow_view(Some(Params::default()), ListState::default(), (vec![], RowsState::default()));
    assert_eq!(told(&mut client, 1, [HELLO]), ["connect", "1 subscribe List None"]);
    client.follow_view(Some(Params::default()), ListState::default(), (vec![], RowsState::default()));
    assert_eq!(requests(&mut client), ["2 subscribe List None"]);
    assert_eq!(told(&mut client, 2, [opened(1, Channel::List, "l1")]), [""; 0], "it may be the one we want");
    assert_eq!(told(&mut client, 2, [opened(2, Channel::List, "l2")]), ["3 unsubscribe l1"]);
}

#[test]
fn what_was_refused_is_asked_for_again_after_a_while() {
    let mut client = live();
    client.follow_rows(Wanted::Range(1, 4));
    assert_eq!(requests(&mut client), ["4 update r3 Some((1, 4)) None"]);
    assert_eq!(told(&mut client, 10, [Incoming::Refused { id: Some(4), status: 503 }]), ["5 unsubscribe r3"]);
    client.tick(2_009, 0.5);
    assert_eq!(requests(&mut client).len(), 0);
    client.receive(2_009, 0.5, Incoming::Other);
    client.tick(2_010, 0.5);
    assert_eq!(requests(&mut client), ["6 subscribe Rows None"]);
    assert_eq!(told(&mut client, 2_011, [Incoming::Refused { id: Some(6), status: 400 }]), [""; 0]);
    for now in [4_011, 8_000, 12_010] {
        client.receive(now, 0.5, Incoming::Other);
        client.tick(now, 0.5);
        assert_eq!(requests(&mut client).len(), 0);
    }
    client.tick(12_011, 0.5);
    assert_eq!(requests(&mut client), ["7 subscribe Rows None"]);
}

#[test]
fn a_row_that_should_be_there_is_missed() {
    let mut client = live();
    let frames = [delta("r3", 5, 6), delta("l1", 5, 6)];
    assert_eq!(told(&mut client, 10, frames), [""; 0]);
    let Incoming::Delta(frame) = delta("l1", 6, 7) else { panic!("a delta") };
    let frame = DeltaFrame { splices: Some(vec![(0, 0, vec![token_id(9)])]), ..frame };
    assert_eq!(told(&mut client, 11, [delta("r3", 6, 7), Incoming::Delta(frame)]), ["4 resync r3"]);
}
