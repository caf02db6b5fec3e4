//! What survives a restart: the last board, what was observed, what was learnt about the sources.
//!
//! A state file in the data folder with a log of what changed since, written behind the poller's back and at most once a
//! second:
//!
//! ```text
//!  state.tmp ──fsync──▶ state ──(becomes)──▶ state.prev      clean: "epoch seq", only after an orderly stop
//!                         └── state-….log ◀── changes, until they are as large as the file
//! ```
//!
//! The folder is locked for as long as the process lives. A file that does not pass its checksum is set aside and the
//! previous generation is read instead, up to the end of its log. Nothing in the file expires: how old a value is, is judged
//! when it is served.

mod file;
mod log;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use memescope::{Board, Book, Epoch, Price, Seq, Source, Timestamp, Token};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

use self::file::{Generation, StateFile, System};
use self::writer::{Form, Writer};
use crate::observe;

/// The version of the file's layout. A change of any stored type is a new version.
const VERSION: u32 = 3;

/// Why the journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process holds the folder.
    #[error("DATA_DIR {0} is in use by another memescope")]
    Locked(PathBuf),
    /// The folder holds another market's state.
    #[error("DATA_DIR {folder} holds the state of the market `{found}`, not `{wanted}`: choose another DATA_DIR")]
    OtherMarket {
        /// The folder.
        folder: PathBuf,
        /// Whose state is there.
        found: String,
        /// Whose state was asked for.
        wanted: String,
    },
    /// The folder cannot be used.
    #[error("DATA_DIR {folder} cannot be used: {error}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// What is stored in front of the book: all that it takes to serve the last board.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State<L> {
    market: String,
    epoch: Epoch,
    seq: Seq,
    as_of: Timestamp,
    sol_usd: Option<Price>,
    stale: bool,
    /// When each source last answered.
    pub heard: BTreeMap<Source, Timestamp>,
    /// What was learnt about the sources.
    pub learnt: L,
    tokens: Vec<Token>,
}

/// The same by reference, for writing without a copy, and the book behind it. The fields and their order are those of
/// [`State`].
#[derive(Serialize)]
struct StateRef<'a, L> {
    market: &'a str,
    epoch: Epoch,
    seq: Seq,
    as_of: Timestamp,
    sol_usd: Option<Price>,
    stale: bool,
    heard: &'a BTreeMap<Source, Timestamp>,
    learnt: &'a L,
    tokens: Vec<&'a Token>,
    book: &'a Book,
}

impl<L> State<L> {
    /// Epoch and seq of the board.
    pub fn place(&self) -> (Epoch, Seq) {
        (self.epoch, self.seq)
    }

    /// The board as it was published. Origins of the rows' fields come back with the next merge.
    pub fn into_board(self) -> Board {
        let Self { epoch, seq, as_of, sol_usd, stale, tokens, .. } = self;
        let tokens = tokens.into_iter().map(|token| (token.id.clone(), Arc::new(token))).collect();
        Board { epoch, seq, as_of, sol_usd, stale, tokens }
    }
}

/// What was observed, as it is stored: the larger part of a state, and nobody waits for it but the first merge.
#[derive(Debug)]
pub struct StoredBook {
    payload: Vec<u8>,
    begins: usize,
    folder: PathBuf,
    generation: Generation,
    /// When the folder was opened.
    now: Timestamp,
}

impl StoredBook {
    /// Reads it; one that cannot be understood is set aside with its file, and that of the generation before is taken. Takes
    /// time: not for a thread that serves.
    pub fn read<L: for<'de> Deserialize<'de>>(self) -> Option<Book> {
        let error = match postcard::from_bytes(&self.payload[self.begins..]) {
            Ok(book) => return Some(book),
            Err(error) => error,
        };
        let path = self.generation.path(&self.folder);
        tracing::warn!(%error, path = %path.display(), "The book in the state file cannot be understood; the file is set aside");
        file::set_aside(&path, self.now);
        if self.generation == Generation::Previous {
            return None;
        }
        let before = writer::read(&self.folder, Generation::Previous).ok().flatten();
        let before = before.filter(|file| file.version == VERSION)?;
        let (_, book) = postcard::take_from_bytes::<State<L>>(&before.payload).ok()?;
        postcard::from_bytes(book).ok()
    }
}

/// What was found in the data folder.
#[derive(Debug)]
pub struct Restored<L> {
    /// The stored state.
    pub state: State<L>,
    /// The book that goes with it.
    pub book: StoredBook,
    /// Whether the last process stopped in order after its last commit: epoch and seq go on.
    pub clean: bool,
}

/// The open data folder of one market.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    market: String,
    /// A file of a later version is left alone: this process does not write.
    read_only: bool,
    /// Held as long as the journal is.
    _lock: File,
    pending: watch::Sender<Option<Arc<Vec<u8>>>>,
    writer: Arc<Mutex<Writer>>,
    /// Whether the last write succeeded.
    health: watch::Sender<bool>,
}

impl Journal {
    /// Locks the folder, making it if need be, and reads the newest good state of the market.
    pub fn open<L: for<'de> Deserialize<'de>>(
        folder: &Path,
        market: &str,
        now: Timestamp,
    ) -> Result<(Self, Option<Restored<L>>), JournalError> {
        let unusable = |error| JournalError::Folder { folder: folder.to_owned(), error };
        fs::create_dir_all(folder).map_err(unusable)?;
        let lock = File::create(folder.join("lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Locked(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let mut journal = Self {
            folder: folder.to_owned(),
            market: market.to_owned(),
            read_only: false,
            _lock: lock,
            pending: watch::Sender::new(None),
            writer: Arc::default(),
            health: watch::Sender::new(true),
        };
        let restored = journal.restore(now)?;
        journal.health.send_replace(!journal.read_only);
        // The mark holds for one start only: a crash after it must not pass for an orderly stop.
        file::remove_if_there(&journal.clean_mark()).map_err(unusable)?;
        Ok((journal, restored))
    }

    fn restore<L: for<'de> Deserialize<'de>>(&mut self, now: Timestamp) -> Result<Option<Restored<L>>, JournalError> {
        for generation in [Generation::Current, Generation::Previous] {
            let path = generation.path(&self.folder);
            let payload = match writer::read(&self.folder, generation) {
                Ok(Some(StateFile { version: VERSION, payload })) => payload,
                Ok(Some(StateFile { version, .. })) if version > VERSION => {
                    tracing::error!(%version, path = %path.display(), "The state file is of a later version: it is left alone, and nothing is stored");
                    self.read_only = true;
                    return Ok(None);
                }
                Ok(Some(StateFile { version, .. })) => {
                    tracing::warn!(%version, path = %path.display(), "The state file is of an unknown version");
                    continue;
                }
                Ok(None) => continue,
                Err(error) => {
                    tracing::warn!(%error, path = %path.display(), "The state file is damaged and is set aside");
                    file::set_aside(&path, now);
                    continue;
                }
            };
            match postcard::take_from_bytes::<State<L>>(&payload) {
                Ok((state, _)) if state.market != self.market => {
                    return Err(JournalError::OtherMarket {
                        folder: self.folder.clone(),
                        found: state.market,
                        wanted: self.market.clone(),
                    });
                }
                Ok((state, book)) => {
                    let begins = payload.len() - book.len();
                    let mark = fs::read_to_string(self.clean_mark()).unwrap_or_default();
                    let clean = mark == clean_text(state.epoch, state.seq);
                    let book = StoredBook { payload, begins, folder: self.folder.clone(), generation, now };
                    return Ok(Some(Restored { state, book, clean }));
                }
                Err(error) => {
                    tracing::warn!(%error, path = %path.display(), "The state file cannot be understood and is set aside");
                    file::set_aside(&path, now);
                }
            }
        }
        Ok(None)
    }

    /// The newest state known to this process, with its book: what is not yet written, else what is on disk. For the case
    /// that whoever held it in memory is lost.
    pub fn last_state<L: for<'de> Deserialize<'de>>(&self) -> Option<(State<L>, Book)> {
        let read = |generation| writer::read(&self.folder, generation).ok().flatten();
        let on_disk = || {
            let file = read(Generation::Current).or_else(|| read(Generation::Previous));
            file.filter(|file| file.version == VERSION).map(|file| Arc::new(file.payload))
        };
        let offered = self.pending.borrow().clone();
        let payload = offered.or_else(on_disk)?;
        let (state, book) = postcard::take_from_bytes::<State<L>>(&payload).ok()?;
        if state.market != self.market {
            return None;
        }
        Some((state, postcard::from_bytes(book).ok()?))
    }

    /// Whether everything that was offered is on disk.
    pub fn is_settled(&self) -> bool {
        self.pending.borrow().is_none()
    }

    fn clean_mark(&self) -> PathBuf {
        self.folder.join("clean")
    }

    /// Whether what is offered reaches the disk, as far as the last try tells.
    pub fn health(&self) -> watch::Receiver<bool> {
        self.health.subscribe()
    }

    /// Packs a state for [`Journal::offer`]. Takes time: not for a thread that serves.
    ///
    /// `likely_bytes` is how long it will be, as far as the last one tells: what grows by doubling takes twice that.
    pub fn encode<L: Serialize>(
        market: &str,
        board: &Board,
        book: &Book,
        learnt: &L,
        likely_bytes: usize,
    ) -> Result<Vec<u8>, io::Error> {
        let state = StateRef {
            market,
            epoch: board.epoch,
            seq: board.seq,
            as_of: board.as_of,
            sol_usd: board.sol_usd,
            stale: board.stale,
            heard: book.answered(),
            learnt,
            tokens: board.tokens.values().map(|token| &**token).collect(),
            book,
        };
        let bytes = Vec::with_capacity(likely_bytes + likely_bytes / 16);
        let mut bytes = postcard::to_extend(&state, bytes).map_err(io::Error::other)?;
        // It is kept until the next one is on disk.
        bytes.shrink_to_fit();
        Ok(bytes)
    }

    /// Hands over the newest packed state; an older one that is not yet written is dropped.
    pub fn offer(&self, encoded: Vec<u8>) {
        self.pending.send_replace(Some(Arc::new(encoded)));
    }

    /// Writes what is offered until `stop` resolves, then what is left, as a file that the next start reads at once. A
    /// failed write is logged and tried again with the next state.
    pub async fn write_until(&self, stop: impl Future<Output = ()>) {
        let mut offers = self.pending.subscribe();
        // What was offered before this task began is new to it.
        offers.mark_changed();
        tokio::pin!(stop);
        let mut stopping = false;
        while !stopping {
            tokio::select! {
                changed = offers.changed() => if changed.is_err() { break },
                () = &mut stop => stopping = true,
            }
            let offer = offers.borrow_and_update().clone();
            let offer = if stopping { offer.or_else(|| self.writer().logged()) } else { offer };
            if let Some(encoded) = offer {
                self.write(encoded, if stopping { Form::Whole } else { Form::Change }).await;
            }
        }
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write(&self, encoded: Arc<Vec<u8>>, form: Form) {
        if self.read_only {
            return;
        }
        let (folder, writer, began) = (self.folder.clone(), self.writer.clone(), Instant::now());
        let state = encoded.clone();
        let written = tokio::task::spawn_blocking(move || {
            writer.lock().unwrap_or_else(PoisonError::into_inner).store(&System, &folder, &state, form)
        });
        match written.await.map_err(io::Error::other).and_then(|result| result) {
            Ok(bytes) => {
                self.pending.send_if_modified(|pending| {
                    // Not written again at the stop; a newer offer stays.
                    if pending.as_ref().is_some_and(|offer| Arc::ptr_eq(offer, &encoded)) {
                        *pending = None;
                    }
                    false
                });
                self.health.send_replace(true);
                observe::persisted(bytes, began.elapsed());
            }
            Err(error) => {
                self.health.send_replace(false);
                tracing::error!(%error, "The state could not be written; trying again with the next");
            }
        }
    }

    /// Marks an orderly stop after the last commit was written.
    pub fn mark_clean(&self, epoch: Epoch, seq: Seq) -> io::Result<()> {
        if self.read_only {
            return Ok(());
        }
        file::write_durably(&System, &self.clean_mark(), clean_text(epoch, seq).as_bytes())
    }
}

fn clean_text(epoch: Epoch, seq: Seq) -> String {
    format!("{epoch} {seq}\n")
}
