//! The budgets on disk, so that however often the process dies, no source is asked more than it allows.
//!
//! A small file of its own, written before the first request, every second in which something was spent or learnt, and
//! at an orderly stop. Only the last one says that nothing follows. After any other, whatever could have been spent
//! since counts as spent: a process that dies may have sent requests that it never wrote down.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use memescope::{Source, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::time::{MissedTickBehavior, interval};

use super::{GateMemory, Sources, SourcesConfig, SourcesMemory};

/// How often the file is written while something changes.
const EVERY: Duration = Duration::from_secs(1);

/// How often at least. Well within [`UNSEEN`](super::budget::UNSEEN).
const AT_LEAST_EVERY: u32 = 5;

/// The most that is read: an honest file has some kilobytes.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// What the file holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Entry {
    /// Whether nothing was sent after this was written.
    settled: bool,
    sources: SourcesMemory,
}

/// The file.
#[derive(Clone, Debug)]
pub struct Ledger {
    path: PathBuf,
}

impl Ledger {
    /// The ledger of a data folder.
    pub fn new(folder: &Path) -> Self {
        Self { path: folder.join("budgets.json") }
    }

    /// Gives the configuration the memory of the last run; `older` is another copy of it, for the case that there is no
    /// file. Where nothing at all is known the budgets start full; where the file cannot be read, empty.
    pub fn recall(&self, config: &mut SourcesConfig, older: SourcesMemory, now: Timestamp) {
        let Entry { settled, sources } = match self.read() {
            Ok(entry) => entry.unwrap_or(Entry { settled: false, sources: older }),
            Err(error) => {
                tracing::warn!(%error, path = %self.path.display(), "The budgets cannot be read; they start empty");
                let unknown = |source| (source, GateMemory::unknown(older.get(&source), now));
                Entry { settled: false, sources: Source::ALL.map(unknown).into() }
            }
        };
        config.memory = sources;
        if !settled {
            config.assume_spent(now);
        }
    }

    /// Writes down that requests are about to be sent. When that fails nothing is known to the next start, so this one
    /// asks as if everything had just been spent.
    pub fn begin(&self, sources: &Sources) {
        if let Err(error) = self.write(&sources.memory(), false) {
            tracing::error!(%error, path = %self.path.display(), "The budgets cannot be written; they start empty");
            sources.spend_all();
        }
    }

    /// Keeps the file up to date until `stop`; then nothing may be sent any more.
    pub async fn keep(&self, sources: &Sources, stop: impl Future<Output = ()>) {
        let mut every = interval(EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut written, mut idle) = (SourcesMemory::new(), 0);
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                _ = every.tick() => {}
            }
            let memory = sources.memory();
            idle += 1;
            if idle >= AT_LEAST_EVERY || !is_same(&written, &memory) {
                idle = 0;
                written = memory.clone();
                self.write_aside(memory, false).await;
            }
        }
        self.write_aside(sources.memory(), true).await;
    }

    async fn write_aside(&self, memory: SourcesMemory, settled: bool) {
        let ledger = self.clone();
        let done = tokio::task::spawn_blocking(move || ledger.write(&memory, settled)).await;
        if let Err(error) = done.map_err(io::Error::other).and_then(|result| result) {
            tracing::warn!(%error, path = %self.path.display(), "The budgets could not be written; trying again");
        }
    }

    fn read(&self) -> io::Result<Option<Entry>> {
        match fs::metadata(&self.path) {
            Ok(file) if file.len() > MOST_BYTES => return Err(io::Error::other("too large")),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        serde_json::from_slice(&fs::read(&self.path)?).map(Some).map_err(io::Error::other)
    }

    /// A process that dies takes nothing with it that the system has: no need to wait for the disk.
    fn write(&self, sources: &SourcesMemory, settled: bool) -> io::Result<()> {
        let draft = self.path.with_extension("tmp");
        let entry = Entry { settled, sources: sources.clone() };
        fs::write(&draft, serde_json::to_vec(&entry).map_err(io::Error::other)?)?;
        fs::rename(&draft, &self.path)
    }
}

/// Whether nothing was spent or learnt between two memories.
fn is_same(before: &SourcesMemory, after: &SourcesMemory) -> bool {
    before.len() == after.len()
        && before.iter().zip(after).all(|((source, before), (other, after))| {
            let (last, rests) = (before.budget.sent.last(), before.rests_until.is_some());
            source == other && last == after.budget.sent.last() && rests == after.rests_until.is_some()
        })
}
