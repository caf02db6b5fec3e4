//! Folders as a start finds them.

use super::super::*;

const MARKET: &str = "demo:1";
const NOW: Timestamp = Timestamp::from_secs(1_795_384_503);

/// A packed state at a seq.
fn packed(seq: Seq) -> Vec<u8> {
    let board = Board { epoch: Epoch::from_bits(3), seq, ..Board::default() };
    Journal::encode(MARKET, &board, &Book::default(), &(), 0).unwrap()
}

fn open(folder: &Path) -> (Journal, Option<Seq>) {
    let (journal, restored) = Journal::open::<()>(folder, MARKET, NOW).unwrap();
    (journal, restored.map(|restored| restored.state.place().1))
}

/// The file of a state.
fn file_of(seq: Seq) -> Vec<u8> {
    StateFile { version: VERSION, payload: packed(seq) }.encode().unwrap()
}

/// Stores states, each by a process of its own and so in a file of its own.
async fn store_files(folder: &Path, seqs: &[Seq]) {
    for seq in seqs {
        store(&open(folder).0, &[*seq]).await;
    }
}

/// Stores states one after the other, each as the last one of a process.
async fn store(journal: &Journal, seqs: &[Seq]) {
    for seq in seqs {
        journal.offer(packed(*seq));
        journal.write_until(std::future::ready(())).await;
    }
}

/// Writes what is offered as a process does that goes on; not for what cannot be written.
async fn write(journal: &Journal) {
    let is_settled = async {
        while !journal.is_settled() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = journal.write_until(std::future::pending()) => {}
        () = is_settled => {}
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn persist_a_damaged_file_is_set_aside_and_the_one_before_is_read() {
    let whole = file_of(2);
    let flipped = {
        let mut bytes = whole.clone();
        bytes[30] ^= 4;
        bytes
    };
    for (what, damage) in [
        ("empty", Vec::new()),
        ("cut in its head", whole[..10].to_vec()),
        ("cut", whole[..whole.len() - 1].to_vec()),
        ("too long", [&whole[..], b"x"].concat()),
        ("a flipped bit", flipped),
        ("zeros", vec![0; 1 << 20]),
        ("not ours", b"#!/bin/sh\nrm -rf /\n".repeat(100)),
        (
            "of a sound frame with nonsense in it",
            StateFile { version: VERSION, payload: vec![255; 64] }.encode().unwrap(),
        ),
    ] {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(open(home.path()).1, None);
        store_files(home.path(), &[1, 2]).await;
        fs::write(home.path().join("state"), &damage).unwrap();
        let (journal, restored) = open(home.path());
        assert_eq!(restored, Some(1), "{what}");
        assert!(names(home.path()).iter().any(|name| name.starts_with("state.corrupt-")), "{what}");
        // Whoever loses its memory now finds the same.
        assert_eq!(journal.last_state::<()>().map(|(state, _)| state.place().1), Some(1), "{what}");
        store(&journal, &[3]).await;
        drop(journal);
        assert_eq!(open(home.path()).1, Some(3), "{what}");
    }
}

#[tokio::test]
async fn persist_with_both_files_damaged_it_starts_from_nothing() {
    let home = tempfile::tempdir().unwrap();
    store_files(home.path(), &[1, 2]).await;
    for name in ["state", "state.prev"] {
        fs::write(home.path().join(name), "scribble").unwrap();
    }
    assert_eq!(open(home.path()).1, None);
}

#[tokio::test]
async fn persist_a_file_of_a_later_version_is_never_overwritten() {
    for later in ["state", "state.prev"] {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path()).unwrap();
        let bytes = StateFile { version: VERSION + 1, payload: b"of the future".to_vec() }.encode().unwrap();
        fs::write(home.path().join(later), &bytes).unwrap();
        let (journal, restored) = open(home.path());
        assert_eq!(restored, None);
        assert!(!*journal.health().borrow());
        store(&journal, &[1, 2, 3]).await;
        journal.mark_clean(Epoch::from_bits(3), 3).unwrap();
        assert_eq!(fs::read(home.path().join(later)).unwrap(), bytes, "{later}");
        assert_eq!(names(home.path()), ["lock", later]);
        // In this process what was offered is known all the same.
        assert_eq!(journal.last_state::<()>().map(|(state, _)| state.place().1), Some(3));
    }
}

#[tokio::test]
async fn persist_a_clean_mark_holds_for_its_own_state_and_once() {
    let home = tempfile::tempdir().unwrap();
    let is_clean = || {
        let (journal, restored) = Journal::open::<()>(home.path(), MARKET, NOW).unwrap();
        (journal, restored.unwrap().clean)
    };
    let (journal, _) = open(home.path());
    store(&journal, &[5]).await;
    journal.mark_clean(Epoch::from_bits(3), 5).unwrap();
    drop(journal);
    let (journal, clean) = is_clean();
    assert!(clean);
    drop(journal);
    let (journal, clean) = is_clean();
    assert!(!clean, "a crash after the start must not pass for an orderly stop");
    journal.mark_clean(Epoch::from_bits(3), 4).unwrap();
    drop(journal);
    assert!(!is_clean().1);
}

#[tokio::test]
async fn persist_a_folder_has_one_user() {
    let home = tempfile::tempdir().unwrap();
    let (first, _) = open(home.path());
    let refused = Journal::open::<()>(home.path(), MARKET, NOW).unwrap_err();
    assert!(matches!(refused, JournalError::Locked(_)), "{refused}");
    drop(first);
    open(home.path());
}

#[tokio::test]
async fn persist_a_state_that_cannot_be_written_is_told_kept_and_made_good() {
    let home = tempfile::tempdir().unwrap();
    let (journal, _) = open(home.path());
    store(&journal, &[1]).await;
    let health = journal.health();
    assert!(*health.borrow());
    // Something is in the way of the draft, and the file is lost, so that no log goes on from it.
    fs::create_dir(home.path().join("state.tmp")).unwrap();
    fs::remove_file(home.path().join("state")).unwrap();
    for seq in [2, 3] {
        store(&journal, &[seq]).await;
        assert!(!*health.borrow() && !journal.is_settled());
        assert_eq!(journal.last_state::<()>().map(|(state, _)| state.place().1), Some(seq));
    }
    fs::remove_dir(home.path().join("state.tmp")).unwrap();
    store(&journal, &[4]).await;
    assert!(*health.borrow() && journal.is_settled());
    drop(journal);
    assert_eq!(open(home.path()).1, Some(4));
}

/// A state of some tokens, each with a figure.
fn market(seq: Seq, figures: impl Fn(u8) -> f64) -> Vec<u8> {
    let row = |number: u8| {
        let id = crate::pages::testing::id(number);
        let mut token = Token::new(id.clone(), NOW);
        token.liquidity_usd = Some(figures(number));
        token.name = Some(format!("Token number {number}").into());
        (id, Arc::new(token))
    };
    let board = Board { epoch: Epoch::from_bits(3), seq, tokens: (1..=250).map(row).collect(), ..Board::default() };
    Journal::encode(MARKET, &board, &Book::default(), &(), 0).unwrap()
}

/// The names of the logs, and how large they are.
fn logs(folder: &Path) -> Vec<(String, u64)> {
    let logs = names(folder).into_iter().filter(|name| name.strip_suffix(".log").is_some());
    logs.map(|name| (name.clone(), fs::metadata(folder.join(&name)).unwrap().len())).collect()
}

#[tokio::test]
async fn persist_changes_go_into_a_log_that_is_folded_when_it_is_as_large_as_the_file() {
    let home = tempfile::tempdir().unwrap();
    let (journal, _) = open(home.path());
    let size = || fs::metadata(home.path().join("state")).unwrap().len();
    let put = async |seq: Seq| {
        // One figure is another one at the second seq, every sixth at those that follow.
        let moves = |number: u8| if seq < 3 { number == 7 } else { u64::from(number) % 6 == seq % 6 };
        let noise = |number: u8| (seq as f64 * 0.618 + f64::from(number) * 0.414).fract() * 1e6;
        journal.offer(market(seq, |number| f64::from(number) + if moves(number) { noise(number) } else { 0.0 }));
        write(&journal).await;
        assert!(journal.is_settled());
        assert_eq!(journal.last_state::<()>().map(|(state, _)| state.place().1), Some(seq));
    };
    put(1).await;
    let whole = size();
    assert_eq!(logs(home.path()), []);
    put(2).await;
    let [(_, first)] = &logs(home.path())[..] else { unreachable!("one log") };
    assert!(*first * 20 < whole, "{first} bytes beside {whole}");
    let mut folds = 0;
    let mut seq = 2;
    while folds < 2 {
        seq += 1;
        let before = fs::read(home.path().join("state")).unwrap();
        put(seq).await;
        folds += u32::from(fs::read(home.path().join("state")).unwrap() != before);
        let logs = logs(home.path());
        assert!(logs.len() <= 2 && logs.iter().all(|(_, bytes)| *bytes <= size()), "{logs:?}");
        assert!(seq < 200, "it is folded some day");
    }
    assert_eq!(logs(home.path()).len(), 1, "that of the generation before");
    put(seq + 1).await;
    drop(journal);
    assert_eq!(open(home.path()).1, Some(seq + 1));
    // Without the newest file the one before leads up to where its log ended.
    fs::write(home.path().join("state"), "scribble").unwrap();
    assert_eq!(open(home.path()).1, Some(seq - 1));
}

#[tokio::test]
async fn persist_a_torn_log_counts_up_to_where_it_is_whole() {
    let home = tempfile::tempdir().unwrap();
    let (journal, _) = open(home.path());
    let state = |seq| market(seq, |number| f64::from(number) * (seq as f64));
    let mut ends = Vec::new();
    for seq in 1..=3 {
        journal.offer(state(seq));
        write(&journal).await;
        ends.push(logs(home.path()).first().map_or(0, |(_, bytes)| usize::try_from(*bytes).unwrap()));
    }
    drop(journal);
    let name = logs(home.path()).remove(0).0;
    let log = fs::read(home.path().join(&name)).unwrap();
    assert_eq!(ends[2], log.len());
    for length in [0, 1, 7, 8, ends[1] - 1, ends[1], ends[1] + 1, ends[2] - 1, ends[2]] {
        fs::write(home.path().join(&name), &log[..length]).unwrap();
        let whole = ends.iter().rposition(|end| *end <= length).unwrap();
        assert_eq!(open(home.path()).1, Some(whole as Seq + 1), "{length} bytes");
    }
    // What a start finds torn is not written on: its first state is a file of its own.
    fs::write(home.path().join(&name), &log[..ends[2] - 1]).unwrap();
    let (journal, restored) = open(home.path());
    assert_eq!(restored, Some(2));
    journal.offer(state(4));
    write(&journal).await;
    drop(journal);
    assert_eq!(open(home.path()).1, Some(4));
    fs::remove_file(home.path().join("state")).unwrap();
    assert_eq!(open(home.path()).1, Some(2), "the one before, with its torn log");
}

#[tokio::test]
async fn persist_an_orderly_stop_leaves_no_log_to_be_read() {
    let home = tempfile::tempdir().unwrap();
    let (journal, _) = open(home.path());
    for seq in [1, 2] {
        journal.offer(packed(seq));
        write(&journal).await;
    }
    let before = fs::read(home.path().join("state")).unwrap();
    assert_eq!(logs(home.path()).len(), 1);
    journal.offer(packed(3));
    journal.write_until(std::future::ready(())).await;
    let after = fs::read(home.path().join("state")).unwrap();
    assert!(before != after && fs::read(home.path().join("state.prev")).unwrap() == before);
    let file = StateFile::decode(&after).unwrap();
    assert_eq!(file.payload, packed(3), "the file alone is the newest state");
    drop(journal);
    assert_eq!(open(home.path()).1, Some(3));
}

#[tokio::test]
async fn persist_a_book_that_cannot_be_understood_gives_way_to_the_one_before() {
    let home = tempfile::tempdir().unwrap();
    store_files(home.path(), &[1, 2]).await;
    let front = |seq: Seq| {
        let payload = packed(seq);
        let (_, book) = postcard::take_from_bytes::<State<()>>(&payload).unwrap();
        payload[..payload.len() - book.len()].to_vec()
    };
    let broken = |name: &str, seq: Seq| {
        let payload = [front(seq), vec![255; 64]].concat();
        fs::write(home.path().join(name), StateFile { version: VERSION, payload }.encode().unwrap()).unwrap();
    };
    let read = || {
        let (_journal, restored) = Journal::open::<()>(home.path(), MARKET, NOW).unwrap();
        restored.map(|restored| (restored.state.place().1, restored.book.read::<()>().is_some()))
    };
    broken("state", 2);
    assert_eq!(read(), Some((2, true)), "the newest board, and the book of the one before");
    assert!(!home.path().join("state").exists(), "it is set aside");
    assert_eq!(read(), Some((1, true)), "the next start goes on with what is whole");
    broken("state.prev", 1);
    assert_eq!(read(), Some((1, false)));
    assert_eq!(read(), None);
}
