//! The change log beside a state file: what leads from the state in the file to the newest one, record by record.
//!
//! ```text
//!  state ──▶ record 1 ──▶ record 2 ──▶ …        a record: length, checksum, what is other than before
//! ```
//!
//! A record is the next state packed with the one before as its dictionary, so it is as large as what changed. Its checksum
//! covers the state that it applies to, so that no record is ever applied to another one. What does not check is the torn
//! end of the log: it is cut, and what stands before it counts.

use std::io;

use zstd::zstd_safe::{CCtx, CParameter, DCtx, DParameter, compress_bound, get_error_name};

use super::file::{MAX_PAYLOAD, unpacked_size};

/// Length and checksum.
const HEADER: usize = 4 + 4;

/// The smallest and the largest window, as powers of two: a match may lie as far back as the state before.
const WINDOWS: std::ops::RangeInclusive<u32> = 20..=31;

/// A record that leads from one state to the next, which must not be the same piece of memory: matches would be lost.
pub(super) fn record(base: &[u8], next: &[u8]) -> io::Result<Vec<u8>> {
    let mut packer = CCtx::create();
    for parameter in [
        CParameter::CompressionLevel(1),
        CParameter::EnableLongDistanceMatching(true),
        CParameter::WindowLog(window(base.len() + next.len())),
    ] {
        packer.set_parameter(parameter).map_err(broken)?;
    }
    packer.ref_prefix(base).map_err(broken)?;
    let mut body: Vec<u8> = Vec::with_capacity(compress_bound(next.len()));
    packer.compress2(&mut body, next).map_err(broken)?;
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    let mut bytes = Vec::with_capacity(HEADER + body.len());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&checksum(base, &body).to_le_bytes());
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

/// What came of reading a log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Replay {
    /// The newest state.
    pub(super) state: Vec<u8>,
    /// The records that led there.
    pub(super) records: usize,
    /// The bytes of those records; what follows is a torn end.
    pub(super) bytes: usize,
}

/// Applies the records of a log to the state that it begins with, as far as they check.
pub(super) fn replay(base: Vec<u8>, log: &[u8]) -> Replay {
    let mut replay = Replay { state: base, records: 0, bytes: 0 };
    while let Some((state, bytes)) = log.get(replay.bytes..).and_then(|rest| apply(&replay.state, rest)) {
        replay = Replay { state, records: replay.records + 1, bytes: replay.bytes + bytes };
    }
    replay
}

/// The state after the first record, and that record's length; `None` when it does not check.
fn apply(base: &[u8], log: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (length, rest) = log.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let body = rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    if checksum(base, body) != u32::from_le_bytes(*sum) {
        return None;
    }
    let size = unpacked_size(body).ok()?;
    let mut unpacker = DCtx::create();
    unpacker.set_parameter(DParameter::WindowLogMax(window(MAX_PAYLOAD))).ok()?;
    unpacker.ref_prefix(base).ok()?;
    let mut state: Vec<u8> = Vec::with_capacity(size);
    unpacker.decompress(&mut state, body).ok()?;
    (state.len() == size).then_some((state, HEADER + body.len()))
}

/// Over the length and the content of a record, and over the state that it applies to.
fn checksum(base: &[u8], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(base);
    hasher.update(&(base.len() as u64).to_le_bytes());
    hasher.update(&(body.len() as u64).to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}

/// The power of two that holds so many bytes.
fn window(bytes: usize) -> u32 {
    bytes.next_power_of_two().ilog2().clamp(*WINDOWS.start(), *WINDOWS.end())
}

fn broken(code: usize) -> io::Error {
    io::Error::other(get_error_name(code))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// States of some size, each a little other than the one before.
    fn states(count: u32) -> Vec<Vec<u8>> {
        let first: Vec<u8> = (0..20_000u32).flat_map(|word| word.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect();
        let steps = (0..count).scan(first, |state, step| {
            let told = state.clone();
            let at = (step as usize * 7_919) % state.len();
            state[at] ^= 0x55;
            state.extend_from_slice(&step.to_le_bytes());
            Some(told)
        });
        steps.collect()
    }

    fn log_of(states: &[Vec<u8>]) -> Vec<u8> {
        states.windows(2).flat_map(|pair| record(&pair[0], &pair[1]).unwrap()).collect()
    }

    #[test]
    fn a_record_is_as_large_as_what_changed() {
        let states = states(12);
        let log = log_of(&states);
        assert_eq!(
            replay(states[0].clone(), &log),
            Replay { state: states[11].clone(), records: 11, bytes: log.len() }
        );
        assert!(log.len() < 11 * 200, "{} bytes for 11 small changes of {} bytes", log.len(), states[0].len());
        // What did not change at all, and what begins from nothing.
        let same = record(&states[3], &states[3].clone()).unwrap();
        assert!(same.len() < 100, "{}", same.len());
        assert_eq!(replay(states[3].clone(), &same).state, states[3]);
        assert_eq!(replay(Vec::new(), &record(b"", b"first").unwrap()).state, b"first");
        assert_eq!(replay(b"last".to_vec(), &record(b"last", b"").unwrap()).records, 1);
    }

    #[test]
    fn a_torn_end_is_cut_wherever_it_was_torn() {
        let states = states(4);
        let ends: Vec<usize> = (1..=4).map(|count| log_of(&states[..count]).len()).collect();
        let log = log_of(&states);
        for length in 0..=log.len() {
            let whole = ends.iter().rposition(|end| *end <= length).unwrap();
            let found = replay(states[0].clone(), &log[..length]);
            assert_eq!((found.records, found.bytes), (whole, ends[whole]), "{length} bytes");
            assert_eq!(found.state, states[whole], "{length} bytes");
        }
        for rubbish in [vec![0; 4096], vec![255; 4096], b"#!/bin/sh".to_vec()] {
            let found = replay(states[0].clone(), &[&log[..], &rubbish[..]].concat());
            assert_eq!((found.records, &found.state), (3, &states[3]));
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let states = states(3);
        let first = record(&states[0], &states[1]).unwrap();
        let log = log_of(&states);
        for bit in 0..log.len() * 8 {
            let mut flipped = log.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let found = replay(states[0].clone(), &flipped);
            let whole = usize::from(bit / 8 >= first.len());
            assert_eq!((found.records, &found.state), (whole, &states[whole]), "bit {bit}");
        }
    }

    #[test]
    fn a_record_applies_to_its_own_state_only() {
        let states = states(3);
        let second = record(&states[1], &states[2]).unwrap();
        assert_eq!(replay(states[0].clone(), &second).records, 0);
        assert_eq!(replay(Vec::new(), &second).records, 0);
        assert_eq!(replay(states[1].clone(), &second).state, states[2]);
    }

    proptest! {
        #[test]
        fn what_is_recorded_is_read_again(states in prop::collection::vec(prop::collection::vec(0u8..4, 0..2_000), 1..6)) {
            let log = log_of(&states);
            let found = replay(states[0].clone(), &log);
            prop_assert_eq!(&found.state, states.last().unwrap());
            prop_assert_eq!((found.records, found.bytes), (states.len() - 1, log.len()));
        }

        #[test]
        fn nothing_makes_it_panic(base in prop::collection::vec(any::<u8>(), 0..200), log in prop::collection::vec(any::<u8>(), 0..400)) {
            let found = replay(base.clone(), &log);
            prop_assert!(found.bytes <= log.len());
        }
    }
}
