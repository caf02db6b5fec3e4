//! Folders as a start finds them.

use super::super::*;

const MARKET: &str = "demo:1";
const NOW: Timestamp = Timestamp::from_secs(1_795_384_503);

/// A packed state at a seq.
fn packed(seq: Seq) -> Vec<u8> {
    let board = Board { epoch: Epoch::from_bits(3), seq, ..Board::default() };
    Journal::encode(MARKET, &board, &Book::default(), &()).unwrap()
}

fn open(folder: &Path) -> (Journal, Option<Seq>) {
    let (journal, restored) = Journal::open::<()>(folder, MARKET, NOW).unwrap();
    (journal, restored.map(|restored| restored.state.board().seq))
}

/// Stores states one after the other.
async fn store(journal: &Journal, seqs: &[Seq]) {
    for seq in seqs {
        journal.offer(packed(*seq));
        journal.write_until(std::future::ready(())).await;
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
    let whole = packed(2);
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
        let (journal, restored) = open(home.path());
        assert_eq!(restored, None);
        store(&journal, &[1, 2]).await;
        drop(journal);
        fs::write(home.path().join("state"), &damage).unwrap();
        let (journal, restored) = open(home.path());
        assert_eq!(restored, Some(1), "{what}");
        assert!(names(home.path()).iter().any(|name| name.starts_with("state.corrupt-")), "{what}");
        // Whoever loses its memory now finds the same.
        assert_eq!(journal.last_state::<()>().map(|state| state.board().seq), Some(1), "{what}");
        store(&journal, &[3]).await;
        drop(journal);
        assert_eq!(open(home.path()).1, Some(3), "{what}");
    }
}

#[tokio::test]
async fn persist_with_both_files_damaged_it_starts_from_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (journal, _) = open(home.path());
    store(&journal, &[1, 2]).await;
    drop(journal);
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
        assert_eq!(journal.last_state::<()>().map(|state| state.board().seq), Some(3));
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
    // Something is in the way of the draft.
    fs::create_dir(home.path().join("state.tmp")).unwrap();
    for seq in [2, 3] {
        store(&journal, &[seq]).await;
        assert!(!*health.borrow() && !journal.is_settled());
        assert_eq!(journal.last_state::<()>().map(|state| state.board().seq), Some(seq));
    }
    fs::remove_dir(home.path().join("state.tmp")).unwrap();
    store(&journal, &[4]).await;
    assert!(*health.borrow() && journal.is_settled());
    drop(journal);
    assert_eq!(open(home.path()).1, Some(4));
}
