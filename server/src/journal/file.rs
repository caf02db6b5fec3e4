//! The state file's bytes and how they reach the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use memescope::Timestamp;

/// The first bytes of every state file.
const MAGIC: [u8; 8] = *b"memescop";

/// Magic, version, checksum of the packed payload.
const HEADER: usize = SUM + 4;

/// Where the checksum stands.
const SUM: usize = 8 + 4;

/// No state unpacks to more than this: a larger length is damage.
pub(super) const MAX_PAYLOAD: usize = 1 << 30;

/// How many damaged files are kept for a look.
const KEEP_DAMAGED: usize = 3;

/// A file that survived its checksum.
#[derive(Debug)]
pub(super) struct StateFile {
    /// The version of the payload's layout.
    pub(super) version: u32,
    /// The unpacked payload.
    pub(super) payload: Vec<u8>,
}

impl StateFile {
    /// The file's bytes.
    #[cfg(test)]
    pub(super) fn encode(&self) -> io::Result<Vec<u8>> {
        Self::pack(self.version, &self.payload)
    }

    /// The bytes of a file with this payload.
    pub(super) fn pack(version: u32, payload: &[u8]) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; HEADER];
        bytes[..MAGIC.len()].copy_from_slice(&MAGIC);
        bytes[MAGIC.len()..SUM].copy_from_slice(&version.to_le_bytes());
        // Packed behind the header at once: a packed state is megabytes, and a copy of it as many again.
        let mut packer = zstd::stream::Encoder::new(bytes, 1)?;
        packer.set_pledged_src_size(Some(payload.len() as u64))?;
        packer.write_all(payload)?;
        let mut bytes = packer.finish()?;
        let sum = checksum(version, &bytes[HEADER..]);
        bytes[SUM..HEADER].copy_from_slice(&sum.to_le_bytes());
        Ok(bytes)
    }

    /// The checksum that a file's bytes name.
    pub(super) fn sum(bytes: &[u8]) -> Option<u32> {
        let sum = bytes.get(SUM..HEADER)?;
        sum.try_into().ok().map(u32::from_le_bytes)
    }

    /// Reads a file's bytes.
    pub(super) fn decode(bytes: &[u8]) -> io::Result<Self> {
        let damaged = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let (header, packed) = bytes.split_at_checked(HEADER).ok_or_else(|| damaged("shorter than its header"))?;
        let word =
            |at: usize| header.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_le_bytes);
        if !header.starts_with(&MAGIC) {
            return Err(damaged("not a state file"));
        }
        let (version, sum) = (word(8), word(12));
        if checksum(version, packed) != sum {
            return Err(damaged("checksum differs"));
        }
        let payload = zstd::bulk::decompress(packed, unpacked_size(packed)?)?;
        Ok(Self { version, payload })
    }
}

fn checksum(version: u32, packed: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&version.to_le_bytes());
    hasher.update(packed);
    hasher.finalize()
}

pub(super) fn unpacked_size(packed: &[u8]) -> io::Result<usize> {
    zstd::zstd_safe::get_frame_content_size(packed)
        .ok()
        .flatten()
        .and_then(|size| usize::try_from(size).ok())
        .filter(|size| *size <= MAX_PAYLOAD)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no believable size"))
}

/// Which of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    /// The newest.
    Current,
    /// The one before.
    Previous,
}

impl Generation {
    /// Where it is.
    pub(super) fn path(self, folder: &Path) -> PathBuf {
        folder.join(match self {
            Self::Current => "state",
            Self::Previous => "state.prev",
        })
    }
}

/// The steps in which files reach the disk; a test lets each of them fail, or be the last before the power does.
pub(super) trait Disk {
    /// A file that is written and not yet safe.
    type Written;

    /// Writes a file anew.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<Self::Written>;

    /// Writes on at the end of a file.
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<Self::Written>;

    /// Whether there is a file of this name.
    fn is_there(&self, path: &Path) -> bool;

    /// Makes its content safe.
    fn sync(&self, written: Self::Written) -> io::Result<()>;

    /// Gives a file another name, in the place of whatever has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder safe.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The machine's disk.
#[derive(Clone, Copy, Debug)]
pub(super) struct System;

impl Disk for System {
    type Written = File;

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<File> {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        Ok(file)
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<File> {
        let mut file = OpenOptions::new().append(true).open(path)?;
        file.write_all(bytes)?;
        Ok(file)
    }

    fn is_there(&self, path: &Path) -> bool {
        path.exists()
    }

    fn sync(&self, written: File) -> io::Result<()> {
        written.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }
}

/// Makes `bytes` the current generation and the current one the previous. At each moment one of them is whole.
pub(super) fn replace(disk: &impl Disk, folder: &Path, bytes: &[u8]) -> io::Result<()> {
    let (current, previous) = (Generation::Current.path(folder), Generation::Previous.path(folder));
    let draft = folder.join("state.tmp");
    let drafted = disk.write(&draft, bytes).and_then(|written| disk.sync(written));
    if drafted.is_err() {
        // A half-written draft only takes up the space that the next one needs.
        let _ = disk.remove(&draft);
    }
    drafted?;
    match disk.rename(&current, &previous) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    disk.rename(&draft, &current)?;
    disk.sync_folder(folder)
}

/// Writes a small file so that it is there, whole, after a crash.
pub(super) fn write_durably(disk: &impl Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("tmp");
    disk.sync(disk.write(&draft, bytes)?)?;
    disk.rename(&draft, path)?;
    path.parent().map_or(Ok(()), |folder| disk.sync_folder(folder))
}

/// Removes a file for good; that there is none is fine.
pub(super) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Renames a damaged file, keeping the newest few such files.
pub(super) fn set_aside(path: &Path, now: Timestamp) {
    let Some(folder) = path.parent() else { return };
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("state");
    let aside = folder.join(format!("{name}.corrupt-{}", now.millis()));
    if let Err(error) = fs::rename(path, &aside) {
        tracing::warn!(%error, path = %path.display(), "The damaged file could not be set aside");
    }
    let mut damaged: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().contains(".corrupt-"))
        .collect();
    damaged.sort_by_key(|path| path.to_string_lossy().rsplit('-').next().map(str::to_owned));
    let surplus = damaged.len().saturating_sub(KEEP_DAMAGED);
    for path in damaged.into_iter().take(surplus) {
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let payload = (0..300u32).flat_map(u32::to_le_bytes).collect();
        StateFile { version: 1, payload }.encode().unwrap()
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let bytes = sample();
        for at in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(StateFile::decode(&flipped).is_err(), "bit {at}");
        }
    }

    #[test]
    fn every_truncation_is_noticed() {
        let bytes = sample();
        for length in 0..bytes.len() {
            assert!(StateFile::decode(&bytes[..length]).is_err(), "{length} bytes");
        }
        assert!(StateFile::decode(&vec![0; 1_000_000]).is_err());
    }

    #[test]
    fn the_generation_before_stays() {
        let folder = tempfile::tempdir().unwrap();
        for version in [1, 2, 3] {
            let bytes = StateFile { version, payload: vec![7; 10] }.encode().unwrap();
            replace(&System, folder.path(), &bytes).unwrap();
        }
        let version = |generation: Generation| {
            StateFile::decode(&fs::read(generation.path(folder.path())).unwrap()).unwrap().version
        };
        assert_eq!((version(Generation::Current), version(Generation::Previous)), (3, 2));
    }

    #[test]
    fn damaged_files_are_set_aside_and_few_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        for second in 0..6 {
            let path = Generation::Current.path(folder.path());
            fs::write(&path, "scribble").unwrap();
            set_aside(&path, Timestamp::from_secs(second));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), KEEP_DAMAGED);
    }
}
