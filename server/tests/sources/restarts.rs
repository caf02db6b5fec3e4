//! However often the process dies, no source is asked more than its budget allows.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use memescope::{Chain, Source};
use server::clock::Clock;
use server::sources::{Ledger, SourceError, Sources, SourcesConfig, SourcesMemory};
use tokio::time::{Instant, advance};

use super::stub::{Reply, Stub};
use super::{NOW, place};

/// The budgets, as requests in any rolling span.
const BUDGETS: [(Source, &str, usize, u64); 3] = [
    (Source::Dexscreener, "60/1m", 60, 60),
    (Source::Geckoterminal, "5/1m:3", 5, 60),
    (Source::Jupiter, "1/2500ms:4", 4, 10),
];

/// A paused clock would leap over an answer that is on its way; while a blocking task runs it moves only when told to.
fn hold_time() -> std::sync::mpsc::Sender<()> {
    let (hold, held) = std::sync::mpsc::channel();
    tokio::task::spawn_blocking(move || held.recv());
    hold
}

/// A start of the process.
fn start(base: &str, folder: &Path, clock: &Clock) -> (Sources, Ledger) {
    let [dexscreener, geckoterminal, jupiter] = BUDGETS.map(|(_, budget, ..)| place(base, budget));
    let mut config = SourcesConfig::new(dexscreener, geckoterminal, jupiter);
    let ledger = Ledger::new(folder);
    ledger.recall(&mut config, SourcesMemory::new(), clock.now());
    let sources = Sources::new(&config, clock).unwrap();
    ledger.begin(&sources);
    (sources, ledger)
}

async fn ask(sources: &Sources, source: Source) -> Result<(), SourceError> {
    let answer = match source {
        Source::Dexscreener => sources.dexscreener().profiles().await,
        Source::Geckoterminal => sources.geckoterminal().new_pools(&Chain::solana(), 1).await,
        Source::Jupiter => sources.jupiter().recent().await,
    };
    answer.map(drop)
}

/// Asks each source as often as it may be asked now.
async fn ask_all(sources: &Sources, sent: &mut BTreeMap<Source, Vec<Instant>>) {
    for (source, ..) in BUDGETS {
        while let Ok(()) = ask(sources, source).await {
            sent.entry(source).or_default().push(Instant::now());
        }
    }
}

fn check(sent: &BTreeMap<Source, Vec<Instant>>) {
    for (source, _, most, seconds) in BUDGETS {
        for group in sent[&source].windows(most + 1) {
            let span = group[most] - group[0];
            assert!(span >= Duration::from_secs(seconds), "{source}: {} requests in {span:?}", most + 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_quick_restarts_ask_no_more_than_a_calm_process() {
    let _hold = hold_time();
    let stub = Stub::always(Reply::json("[]")).await;
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::from_runtime(NOW);
    let mut sent = BTreeMap::new();
    for life in 0..100 {
        let (sources, ledger) = start(&stub.base, folder.path(), &clock);
        // Some die before they have written anything but their beginning.
        let keeping = (life % 3 == 0).then(|| {
            let sources = sources.clone();
            tokio::spawn(async move { ledger.keep(&sources, std::future::pending()).await })
        });
        for _ in 0..4 {
            ask_all(&sources, &mut sent).await;
            advance(Duration::from_millis(500)).await;
        }
        if let Some(keeping) = keeping {
            keeping.abort();
        }
    }
    check(&sent);
    let total: usize = sent.values().map(Vec::len).sum();
    assert_eq!(stub.heads().len(), total, "what was counted is what was sent");
    assert!(sent[&Source::Dexscreener].len() > 30, "it is not just silent: {}", sent[&Source::Dexscreener].len());
}

#[tokio::test(start_paused = true)]
async fn an_orderly_stop_gives_back_what_was_not_spent() {
    let _hold = hold_time();
    let stub = Stub::always(Reply::json("[]")).await;
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::from_runtime(NOW);
    let left = |sources: &Sources| BUDGETS.map(|(source, ..)| sources.allowance(source).left);

    let (first, ledger) = start(&stub.base, folder.path(), &clock);
    assert_eq!(left(&first), [15, 3, 4], "nothing is known: full");
    ask(&first, Source::Dexscreener).await.unwrap();
    ledger.keep(&first, std::future::ready(())).await;

    let (second, _) = start(&stub.base, folder.path(), &clock);
    assert_eq!(left(&second), [14, 3, 4]);
    let (third, _) = start(&stub.base, folder.path(), &clock);
    assert_eq!(left(&third), [0, 0, 0], "the second had no last word");
    advance(Duration::from_secs(15)).await;
    assert_eq!(left(&third), [15, 1, 4]);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_can_be_written_the_budgets_start_empty() {
    let stub = Stub::always(Reply::json("[]")).await;
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::from_runtime(NOW);
    // A folder stands where the draft would be written.
    std::fs::create_dir(folder.path().join("budgets.tmp")).unwrap();
    let (sources, _) = start(&stub.base, folder.path(), &clock);
    for (source, ..) in BUDGETS {
        assert!(matches!(ask(&sources, source).await, Err(SourceError::Budget { .. })), "{source}");
    }

    std::fs::write(folder.path().join("budgets.json"), "scribble").unwrap();
    std::fs::remove_dir(folder.path().join("budgets.tmp")).unwrap();
    let (sources, _) = start(&stub.base, folder.path(), &clock);
    assert_eq!(sources.allowance(Source::Geckoterminal).left, 0, "a file that cannot be read is no licence");
}
