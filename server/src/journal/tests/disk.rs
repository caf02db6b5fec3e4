//! Every step of a write fails once, or is the last one before the power goes.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use super::super::file::{Disk, Generation, StateFile, System, replace, write_durably};
use super::super::writer::{Form, MOST_RECORDS};
use super::super::*;

/// A state file of some size whose version tells it from others.
fn generation(version: u32) -> Vec<u8> {
    let payload = (0..500u32).flat_map(|word| word.wrapping_mul(version).to_le_bytes()).collect();
    StateFile { version, payload }.encode().unwrap()
}

/// The version that a start would find in a folder.
fn found(folder: &Path) -> Option<u32> {
    let read = |generation: Generation| writer::read(folder, generation).ok().flatten();
    read(Generation::Current).or_else(|| read(Generation::Previous)).map(|file| file.version)
}

/// The machine's disk, one step of which fails.
struct Failing {
    steps: Cell<usize>,
    fails_at: usize,
    kind: fn() -> io::Error,
}

impl Failing {
    fn step<T>(&self, step: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() == self.fails_at { Err((self.kind)()) } else { step() }
    }
}

impl Disk for Failing {
    type Written = File;

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<File> {
        self.step(|| System.write(path, bytes)).inspect_err(|_| {
            // Half of it is there.
            let _ = System.write(path, &bytes[..bytes.len() / 2]);
        })
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<File> {
        self.step(|| System.append(path, bytes)).inspect_err(|_| {
            let _ = System.append(path, &bytes[..bytes.len() / 2]);
        })
    }

    fn is_there(&self, path: &Path) -> bool {
        System.is_there(path)
    }

    /// Not really: no power goes here, and real disks are slow.
    fn sync(&self, _: File) -> io::Result<()> {
        self.step(|| Ok(()))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|| System.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(|| System.remove(path))
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        self.step(|| Ok(()))
    }
}

/// What disks say: full, broken, too many files, read-only, forbidden.
const KINDS: [fn() -> io::Error; 5] = [
    || io::Error::from_raw_os_error(28),
    || io::Error::from_raw_os_error(5),
    || io::Error::from_raw_os_error(24),
    || io::Error::from_raw_os_error(30),
    || io::Error::from_raw_os_error(13),
];

#[test]
fn persist_nth_io_failure_leaves_the_old_state_or_the_new_one_and_heals() {
    for kind in KINDS {
        for fails_at in 1..=40 {
            let home = tempfile::tempdir().unwrap();
            let folder = home.path();
            let disk = Failing { steps: Cell::new(0), fails_at, kind };
            let mut stored = None;
            for version in 1..=8 {
                let written = replace(&disk, folder, &generation(version));
                let at_hand = found(folder);
                match written {
                    Ok(()) => assert_eq!(at_hand, Some(version), "step {fails_at}"),
                    Err(_) => assert!(at_hand == stored || at_hand == Some(version), "step {fails_at}: {at_hand:?}"),
                }
                stored = at_hand;
            }
            let healed = Failing { steps: Cell::new(0), fails_at: 0, kind };
            replace(&healed, folder, &generation(9)).unwrap();
            assert_eq!(found(folder), Some(9), "step {fails_at}");
            let mark = folder.join("clean");
            if write_durably(&disk, &mark, b"text").is_ok() {
                assert_eq!(fs::read(&mark).unwrap(), b"text");
            }
        }
    }
}

/// A device that is always full stands in the place of the draft.
#[cfg(target_os = "linux")]
#[test]
fn persist_a_full_disk_keeps_no_half_written_draft() {
    let home = tempfile::tempdir().unwrap();
    replace(&System, home.path(), &generation(1)).unwrap();
    std::os::unix::fs::symlink("/dev/full", home.path().join("state.tmp")).unwrap();
    let full = replace(&System, home.path(), &generation(2)).unwrap_err();
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
    assert!(!home.path().join("state.tmp").exists());
    assert_eq!(found(home.path()), Some(1));
    replace(&System, home.path(), &generation(2)).unwrap();
    assert_eq!(found(home.path()), Some(2));
}

/// One step, as it is told to the disk.
#[derive(Clone, Debug)]
enum Step {
    Write {
        name: String,
        bytes: Vec<u8>,
    },
    Append {
        name: String,
        bytes: Vec<u8>,
    },
    Sync {
        name: String,
    },
    Rename {
        from: String,
        to: String,
    },
    Remove {
        name: String,
    },
    SyncFolder,
    /// The caller was told that all of it is safe.
    Acknowledged {
        version: u32,
    },
}

/// Writes down what is done.
#[derive(Default)]
struct Recorder(RefCell<Vec<Step>>, RefCell<BTreeSet<String>>);

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

impl Recorder {
    fn note(&self, step: Step) {
        self.0.borrow_mut().push(step);
    }
}

impl Disk for Recorder {
    type Written = String;

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<String> {
        self.note(Step::Write { name: name(path), bytes: bytes.to_owned() });
        self.1.borrow_mut().insert(name(path));
        Ok(name(path))
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<String> {
        self.note(Step::Append { name: name(path), bytes: bytes.to_owned() });
        Ok(name(path))
    }

    fn is_there(&self, path: &Path) -> bool {
        self.1.borrow().contains(&name(path))
    }

    fn sync(&self, name: String) -> io::Result<()> {
        self.note(Step::Sync { name });
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if !self.1.borrow_mut().remove(&name(from)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.1.borrow_mut().insert(name(to));
        self.note(Step::Rename { from: name(from), to: name(to) });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.note(Step::Remove { name: name(path) });
        Ok(())
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        self.note(Step::SyncFolder);
        Ok(())
    }
}

/// A folder as the power left it: which names are there, and what is in the files.
type Image = BTreeMap<String, Vec<u8>>;

/// Which file has which name.
type Names = BTreeMap<String, usize>;

/// Every image that these steps may have left: names that were not made safe are there or not, one by one; content that
/// was not made safe is there to any length.
fn images(steps: &[Step]) -> Vec<Image> {
    // Content belongs to a file, not to its name: files are numbered.
    let mut contents: Vec<(Vec<u8>, usize)> = Vec::new();
    let mut names: Vec<Names> = vec![Names::new()];
    let mut current = Names::new();
    for step in steps {
        let change: Box<dyn Fn(&mut Names)> = match step {
            Step::Write { name, bytes } => {
                contents.push((bytes.clone(), 0));
                let (name, file) = (name.clone(), contents.len() - 1);
                Box::new(move |names| {
                    names.insert(name.clone(), file);
                })
            }
            Step::Append { name, bytes } => {
                contents[current[name]].0.extend_from_slice(bytes);
                continue;
            }
            Step::Sync { name } => {
                let (bytes, safe) = &mut contents[current[name]];
                *safe = bytes.len();
                continue;
            }
            Step::Rename { from, to } => {
                let (from, to, file) = (from.clone(), to.clone(), current[from]);
                Box::new(move |names| {
                    names.retain(|name, found| !(*name == from && *found == file));
                    names.insert(to.clone(), file);
                })
            }
            Step::Remove { name } => {
                let name = name.clone();
                Box::new(move |names| {
                    names.remove(&name);
                })
            }
            Step::SyncFolder => {
                names = vec![current.clone()];
                continue;
            }
            Step::Acknowledged { .. } => continue,
        };
        change(&mut current);
        for place in 0..names.len() {
            let mut with = names[place].clone();
            change(&mut with);
            names.push(with);
        }
    }
    names.sort();
    names.dedup();
    let mut images = Vec::new();
    for names in names {
        for tenths in [0, 1, 5, 9, 10] {
            let content = |file: usize| {
                let (bytes, safe) = &contents[file];
                bytes[..safe + (bytes.len() - safe) * tenths / 10].to_vec()
            };
            images.push(names.iter().map(|(name, file)| (name.clone(), content(*file))).collect());
        }
    }
    images
}

#[test]
fn persist_every_crash_image_has_what_was_acknowledged() {
    let recorder = Recorder::default();
    for version in 1..=10 {
        replace(&recorder, Path::new("data"), &generation(version)).unwrap();
        recorder.note(Step::Acknowledged { version });
    }
    let steps = recorder.0.into_inner();
    let mut count = 0;
    for end in 0..=steps.len() {
        let told = steps[..end].iter().rev().find_map(|step| match step {
            Step::Acknowledged { version } => Some(*version),
            _ => None,
        });
        for image in images(&steps[..end]) {
            count += 1;
            let read = |name: &str| image.get(name).and_then(|bytes| StateFile::decode(bytes).ok());
            let version = read("state").or_else(|| read("state.prev")).map(|file| file.version);
            assert!(version >= told, "{version:?} where {told:?} was acknowledged, after {end} steps");
        }
    }
    assert!(count >= 500, "{count}");
}

/// A state of some size, a little other than the one before.
fn state(number: u32) -> Arc<Vec<u8>> {
    let mut state: Vec<u8> = (0..500u32).flat_map(|word| word.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect();
    state.extend_from_slice(&number.to_le_bytes());
    // Enough to fill a log after some.
    state.extend((0..300u32).map(|at| (at.wrapping_mul(number.wrapping_mul(77_777)) >> 9).to_le_bytes()[0]));
    Arc::new(state)
}

/// Which of these states it is.
fn number(payload: &[u8]) -> u32 {
    payload.get(2_000..2_004).and_then(|word| word.try_into().ok()).map_or(0, u32::from_le_bytes)
}

#[test]
fn persist_nth_io_failure_of_a_log_leaves_the_old_state_or_the_new_one_and_heals() {
    let read = |folder: &Path| {
        let read = |generation| writer::read(folder, generation).ok().flatten();
        read(Generation::Current).or_else(|| read(Generation::Previous)).map(|file| number(&file.payload))
    };
    for kind in KINDS {
        for fails_at in 1..=90 {
            let home = tempfile::tempdir().unwrap();
            let folder = home.path();
            let disk = Failing { steps: Cell::new(0), fails_at, kind };
            let (mut writer, mut stored) = (Writer::default(), None);
            for next in 1..=20 {
                let written = writer.store(&disk, folder, &state(next), Form::Change);
                let at_hand = read(folder);
                match written {
                    Ok(_) => assert_eq!(at_hand, Some(next), "step {fails_at}"),
                    Err(_) => assert!(at_hand == stored || at_hand == Some(next), "step {fails_at}: {at_hand:?}"),
                }
                stored = at_hand;
            }
            writer.store(&System, folder, &state(21), Form::Change).unwrap();
            assert_eq!(read(folder), Some(21), "one failure, and it went on");
        }
    }
}

#[test]
fn persist_every_crash_image_of_a_log_has_what_was_acknowledged() {
    let recorder = Recorder::default();
    let (mut writer, mut appended, mut folded) = (Writer::default(), 0, 0);
    for version in 1..=24 {
        let bytes = writer.store(&recorder, Path::new("data"), &state(version), Form::Change).unwrap();
        if bytes > 2_000 {
            folded += 1;
        } else {
            appended += 1;
        }
        recorder.note(Step::Acknowledged { version });
    }
    assert!(folded >= 3 && appended >= 15, "{folded} files and {appended} records");
    let steps = recorder.0.into_inner();
    let mut count = 0;
    for end in 0..=steps.len() {
        let told = steps[..end].iter().rev().find_map(|step| match step {
            Step::Acknowledged { version } => Some(*version),
            _ => None,
        });
        for image in images(&steps[..end]) {
            count += 1;
            let read = |name: &str| {
                let bytes = image.get(name)?;
                writer::unfold(bytes, |log| image.get(log).cloned()).ok()
            };
            let found = read("state").or_else(|| read("state.prev")).map(|file| number(&file.payload));
            assert!(found >= told, "{found:?} where {told:?} was acknowledged, after {end} steps");
        }
    }
    assert!(count >= 500, "{count}");
}

#[test]
fn persist_a_log_is_folded_before_it_takes_long_to_read() {
    let home = tempfile::tempdir().unwrap();
    let mut writer = Writer::default();
    let mut whole = 0;
    for count in 0..=2 * MOST_RECORDS {
        let mut state: Vec<u8> = (0..50_000u32).flat_map(|word| word.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect();
        state[count] ^= 1;
        let bytes = writer.store(&System, home.path(), &Arc::new(state), Form::Change).unwrap();
        whole += usize::from(bytes > 100_000);
    }
    assert_eq!(whole, 2, "the first, and one after so many records");
}
