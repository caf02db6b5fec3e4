//! How states reach the disk: each into the log beside the state file, until the log would be larger than the file or
//! takes long to read again; then the newest state is a file of its own, and its log is empty. So is the last one of a
//! process that stops in order: the next start reads no log.
//!
//! ```text
//!  state-<sum of state>.log  ◀── changes          state.tmp ──▶ state ──(becomes)──▶ state.prev
//!                                                               its log stays as long as it does
//! ```
//!
//! A log carries the checksum of its file in its name, so that no step between two files can mix them up.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::VERSION;
use super::file::{self, Disk, Generation, StateFile};
use super::log;

/// The most records of a log: each takes as long to read again as a state does.
pub(super) const MOST_RECORDS: usize = 50;

/// How a state is to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As small as can be.
    Change,
    /// As a file that can be read at once.
    Whole,
}

/// Writes states, one after the other.
#[derive(Debug, Default)]
pub(super) struct Writer(Option<Open>);

/// A file whose log takes more.
#[derive(Debug)]
struct Open {
    /// What file and log lead to.
    state: Arc<Vec<u8>>,
    log: PathBuf,
    log_bytes: usize,
    records: usize,
    file_bytes: usize,
}

impl Writer {
    /// The newest stored state, if it takes a log to read it.
    pub(super) fn logged(&self) -> Option<Arc<Vec<u8>>> {
        self.0.as_ref().filter(|open| open.records > 0).map(|open| open.state.clone())
    }

    /// Stores a state, and tells how many bytes that took. After a failure nobody knows how the log ends: the next state
    /// is a file of its own, as the first one of a process is.
    pub(super) fn store(
        &mut self,
        disk: &impl Disk,
        folder: &Path,
        state: &Arc<Vec<u8>>,
        form: Form,
    ) -> io::Result<usize> {
        let has_room = |open: &Open| {
            form == Form::Change && open.records < MOST_RECORDS && disk.is_there(&Generation::Current.path(folder))
        };
        if let Some(open) = self.0.take().filter(has_room) {
            let record = log::record(&open.state, state)?;
            let log_bytes = open.log_bytes + record.len();
            if log_bytes <= open.file_bytes {
                let is_first = open.records == 0;
                // One of this name is of a file that was there before: it is overwritten.
                let written = if is_first { disk.write(&open.log, &record) } else { disk.append(&open.log, &record) };
                disk.sync(written?)?;
                if is_first {
                    disk.sync_folder(folder)?;
                }
                self.0 = Some(Open { state: state.clone(), log_bytes, records: open.records + 1, ..open });
                return Ok(record.len());
            }
        }
        let bytes = StateFile::pack(VERSION, state)?;
        file::replace(disk, folder, &bytes)?;
        let sum = StateFile::sum(&bytes).unwrap_or_default();
        remove_old_logs(folder, sum);
        let log = folder.join(log_name(sum));
        self.0 = Some(Open { state: state.clone(), log, log_bytes: 0, records: 0, file_bytes: bytes.len() });
        Ok(bytes.len())
    }
}

/// The name of the log of a file with this checksum.
fn log_name(sum: u32) -> String {
    format!("state-{sum:08x}.log")
}

/// Removes the logs of files that are gone; that of the generation before stays.
fn remove_old_logs(folder: &Path, current: u32) {
    let previous = fs::read(Generation::Previous.path(folder)).ok().and_then(|bytes| StateFile::sum(&bytes));
    let kept = previous.filter(|sum| *sum != current).map(log_name);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().unwrap_or_default();
        let is_log = name.strip_prefix("state-").is_some_and(|rest| rest.strip_suffix(".log").is_some());
        if is_log && Some(&name) != kept.as_ref() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Reads a generation, the file and its log; `None` when there is none.
pub(super) fn read(folder: &Path, generation: Generation) -> io::Result<Option<StateFile>> {
    match fs::read(generation.path(folder)) {
        Ok(bytes) => unfold(&bytes, |name| fs::read(folder.join(name)).ok()).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A file as its log goes on from it, if there is one.
pub(super) fn unfold(bytes: &[u8], log: impl FnOnce(&str) -> Option<Vec<u8>>) -> io::Result<StateFile> {
    let mut file = StateFile::decode(bytes)?;
    let sum = StateFile::sum(bytes).filter(|_| file.version == VERSION);
    if let Some(log) = sum.and_then(|sum| log(&log_name(sum))) {
        let replay = log::replay(file.payload, &log);
        if replay.bytes < log.len() {
            let (records, cut) = (replay.records, log.len() - replay.bytes);
            tracing::warn!(records, cut_bytes = cut, "The end of the change log is torn: what stands before it counts");
        }
        file.payload = replay.state;
    }
    Ok(file)
}
