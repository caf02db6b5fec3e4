//! Frames as bytes.

use super::row::{read_patch, read_row};
use super::wire::{Reader, put_id, put_number, put_signed, put_text, put_time};
use super::{Handle, Names};
use crate::feed::{Channel, DeltaFrame, PART_BYTES, Part, SnapshotFrame, Splice};
use crate::{Epoch, Seq, Timestamp, TokenId};

const LIST_SNAPSHOT: u8 = 1;
const LIST_DELTA: u8 = 2;
const ROWS_SNAPSHOT: u8 = 3;
const ROWS_DELTA: u8 = 4;
const HEARTBEAT: u8 = 5;

/// Added to the kind of a frame that comes in parts.
const IN_PARTS: u8 = 0x80;

/// Kind, number of parts, and a count in front of each of four lists.
const OVERHEAD: usize = 1 + 4 + 4 * 5;

/// The channel and the kind of a frame, by its first byte, for those who only count frames.
pub fn sort_of(bytes: &[u8]) -> Option<(Option<Channel>, &'static str)> {
    match bytes.first()? & !IN_PARTS {
        LIST_SNAPSHOT => Some((Some(Channel::List), "snapshot")),
        LIST_DELTA => Some((Some(Channel::List), "delta")),
        ROWS_SNAPSHOT => Some((Some(Channel::Rows), "snapshot")),
        ROWS_DELTA => Some((Some(Channel::Rows), "delta")),
        HEARTBEAT => Some((None, "heartbeat")),
        _ => None,
    }
}

/// What a frame begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct Head<S = String> {
    /// The subscription.
    pub sub: S,
    /// The seq that it leads to.
    pub seq: Seq,
    /// When that board was made.
    pub as_of: Timestamp,
    /// Whole, or what changed.
    pub kind: Kind,
}

/// Whole, or what changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// The whole state of a subscription.
    Snapshot {
        /// The board's epoch.
        epoch: Epoch,
        /// Why it comes unasked.
        reason: Option<String>,
    },
    /// What changed in it.
    Delta {
        /// Every change after this seq is in the frame.
        prev: Seq,
    },
}

/// A frame as it was read.
#[derive(Clone, Debug, PartialEq)]
pub enum CompactFrame {
    /// The whole order of a view.
    Snapshot(SnapshotFrame),
    /// What changed in it.
    Delta(DeltaFrame),
    /// Rows, which only a receiver that knows their handles can read.
    Rows(RowsFrame),
    /// Nothing else was sent for a while.
    Heartbeat {
        /// The board's seq.
        seq: Seq,
        /// When the board was made.
        as_of: Timestamp,
    },
}

/// A frame of rows whose body has not been read yet: that takes the handles of all frames before it.
#[derive(Clone, Debug, PartialEq)]
pub struct RowsFrame {
    /// What it begins with.
    pub head: Head,
    /// Which part of several.
    pub part: Option<Part>,
    body: Vec<u8>,
}

/// What changed in the rows of a subscription.
#[derive(Clone, Debug, Default)]
pub struct RowsParts<'a> {
    /// Handles of rows that the receiver has already.
    pub names: Vec<(Handle, &'a TokenId)>,
    /// Whole rows.
    pub rows: Vec<(Handle, &'a [u8])>,
    /// Changes of known rows.
    pub patches: Vec<(Handle, &'a [u8])>,
    /// Rows that left the board.
    pub gone: Vec<&'a TokenId>,
}

/// A frame of the whole order of a view.
pub fn list_snapshot<'a>(head: &Head<&str>, total: u64, ids: impl Iterator<Item = &'a TokenId>) -> Vec<Vec<u8>> {
    let mut cut = Cut::new(LIST_SNAPSHOT, head, Some(total), 1);
    for id in ids {
        cut.add(0, |out| put_id(out, id));
    }
    cut.finish()
}

/// A frame of what changed in the order of a view.
pub fn list_delta(head: &Head<&str>, total: u64, splices: &[Splice]) -> Vec<Vec<u8>> {
    let mut cut = Cut::new(LIST_DELTA, head, Some(total), 1);
    for (index, delete, insert) in splices {
        cut.add(0, |out| {
            put_number(out, u64::from(*index));
            put_number(out, u64::from(*delete));
            put_number(out, insert.len() as u64);
            for id in insert {
                put_id(out, id);
            }
        });
    }
    cut.finish()
}

/// A frame of all rows of a subscription.
pub fn rows_snapshot<'a>(head: &Head<&str>, rows: impl Iterator<Item = (Handle, &'a [u8])>) -> Vec<Vec<u8>> {
    let mut cut = Cut::new(ROWS_SNAPSHOT, head, None, 1);
    for row in rows {
        cut.add_row(0, row);
    }
    cut.finish()
}

/// A frame of what changed in the rows of a subscription.
pub fn rows_delta(head: &Head<&str>, mut parts: RowsParts<'_>) -> Vec<Vec<u8>> {
    let mut cut = Cut::new(ROWS_DELTA, head, None, 4);
    for (handle, id) in parts.names {
        cut.add(0, |out| {
            put_number(out, handle);
            put_id(out, id);
        });
    }
    for row in parts.rows {
        cut.add_row(1, row);
    }
    // Each handle is told by its distance from the one before, so that they are short.
    parts.patches.sort_unstable_by_key(|(handle, _)| *handle);
    for row in parts.patches {
        cut.add_row(2, row);
    }
    for id in parts.gone {
        cut.add(3, |out| put_id(out, id));
    }
    cut.finish()
}

/// The frame that is sent when there is nothing else.
pub fn heartbeat(seq: Seq, as_of: Timestamp) -> Vec<u8> {
    let mut out = vec![HEARTBEAT];
    put_number(&mut out, seq);
    put_time(&mut out, as_of, Timestamp::EARLIEST);
    out
}

/// A frame that is cut where it grows too large.
struct Cut {
    kind: u8,
    head: Vec<u8>,
    /// How many things are in each list, and these; and the last handle in it.
    lists: Vec<(u64, Vec<u8>, Handle)>,
    /// Finished bodies.
    bodies: Vec<Vec<u8>>,
}

impl Cut {
    fn new(kind: u8, head: &Head<&str>, total: Option<u64>, lists: usize) -> Self {
        let mut out = Vec::new();
        put_text(&mut out, head.sub);
        put_number(&mut out, head.seq);
        put_time(&mut out, head.as_of, Timestamp::EARLIEST);
        match &head.kind {
            Kind::Snapshot { epoch, reason } => {
                put_number(&mut out, epoch.bits());
                put_text(&mut out, reason.as_deref().unwrap_or_default());
            }
            Kind::Delta { prev } => put_number(&mut out, head.seq.saturating_sub(*prev)),
        }
        if let Some(total) = total {
            put_number(&mut out, total);
        }
        Self { kind, head: out, lists: vec![(0, Vec::new(), 0); lists], bodies: Vec::new() }
    }

    fn add(&mut self, list: usize, write: impl Fn(&mut Vec<u8>)) {
        let mut piece = Vec::new();
        write(&mut piece);
        self.make_room(piece.len());
        if let Some((count, bytes, _)) = self.lists.get_mut(list) {
            *count += 1;
            bytes.append(&mut piece);
        }
    }

    /// A row or a change of one, behind the distance of its handle from the one before.
    fn add_row(&mut self, list: usize, (handle, row): (Handle, &[u8])) {
        self.make_room(10 + row.len());
        if let Some((count, bytes, last)) = self.lists.get_mut(list) {
            *count += 1;
            put_signed(bytes, handle.cast_signed().wrapping_sub(last.cast_signed()));
            bytes.extend_from_slice(row);
            *last = handle;
        }
    }

    fn make_room(&mut self, more: usize) {
        let size = OVERHEAD + self.head.len() + self.lists.iter().map(|(_, bytes, _)| bytes.len()).sum::<usize>();
        if size + more > PART_BYTES && self.lists.iter().any(|(count, ..)| *count > 0) {
            self.close();
        }
    }

    fn close(&mut self) {
        let mut body = Vec::new();
        for (count, bytes, last) in &mut self.lists {
            put_number(&mut body, std::mem::take(count));
            body.append(bytes);
            *last = 0;
        }
        self.bodies.push(body);
    }

    fn finish(mut self) -> Vec<Vec<u8>> {
        self.close();
        let parts = self.bodies.len() as u64;
        let kind = if parts > 1 { self.kind | IN_PARTS } else { self.kind };
        (1..)
            .zip(self.bodies)
            .map(|(number, body)| {
                let mut out = Vec::with_capacity(OVERHEAD + self.head.len() + body.len());
                out.push(kind);
                if parts > 1 {
                    put_number(&mut out, number);
                    put_number(&mut out, parts);
                }
                out.extend_from_slice(&self.head);
                out.extend(body);
                out
            })
            .collect()
    }
}

/// Reads a frame; `None` when it is none.
pub fn read(bytes: &[u8]) -> Option<CompactFrame> {
    let mut reader = Reader::new(bytes);
    let kind = reader.byte()?;
    if kind == HEARTBEAT {
        let (seq, as_of) = (reader.number()?, reader.time(Timestamp::EARLIEST)?);
        return reader.is_empty().then_some(CompactFrame::Heartbeat { seq, as_of });
    }
    let part = if kind & IN_PARTS > 0 { Some((reader.small()?, reader.small()?)) } else { None };
    let (sub, seq) = (reader.text()?.to_owned(), reader.number()?);
    let as_of = reader.time(Timestamp::EARLIEST)?;
    let kind = kind & !IN_PARTS;
    let how = match kind {
        LIST_SNAPSHOT | ROWS_SNAPSHOT => {
            let (epoch, reason) = (Epoch::from_bits(reader.number()?), reader.text()?);
            Kind::Snapshot { epoch, reason: (!reason.is_empty()).then(|| reason.to_owned()) }
        }
        LIST_DELTA | ROWS_DELTA => Kind::Delta { prev: seq.checked_sub(reader.number()?)? },
        _ => return None,
    };
    let head = Head { sub, seq, as_of, kind: how };
    if matches!(kind, ROWS_SNAPSHOT | ROWS_DELTA) {
        return Some(CompactFrame::Rows(RowsFrame { head, part, body: reader.rest().to_vec() }));
    }
    let total = Some(reader.number()?);
    let frame = match &head.kind {
        Kind::Snapshot { .. } => {
            let ids = Some(reader.list(Reader::id)?);
            CompactFrame::Snapshot(SnapshotFrame { ids, total, ..head.snapshot(part)? })
        }
        Kind::Delta { .. } => {
            let splices = reader.list(|reader| Some((reader.small()?, reader.small()?, reader.list(Reader::id)?)))?;
            CompactFrame::Delta(DeltaFrame { splices: Some(splices), total, ..head.delta(part)? })
        }
    };
    reader.is_empty().then_some(frame)
}

impl Head {
    /// A snapshot without a content; `None` when it is a delta.
    fn snapshot(self, part: Option<Part>) -> Option<SnapshotFrame> {
        let Kind::Snapshot { epoch, reason } = self.kind else { return None };
        let (sub, seq, as_of) = (self.sub, self.seq, self.as_of);
        Some(SnapshotFrame {
            sub,
            epoch,
            seq,
            as_of,
            ids: None,
            total: None,
            prev_ranks: None,
            rows: None,
            reason,
            part,
        })
    }

    /// A delta without a content; `None` when it is a snapshot.
    fn delta(self, part: Option<Part>) -> Option<DeltaFrame> {
        let Kind::Delta { prev } = self.kind else { return None };
        let (sub, seq, as_of) = (self.sub, self.seq, self.as_of);
        let (rows, patches, gone) = (Vec::new(), Vec::new(), Vec::new());
        Some(DeltaFrame { sub, prev, seq, as_of, splices: None, total: None, rows, patches, gone, part })
    }
}

impl RowsFrame {
    /// Reads the body of a snapshot; the handles that it gives are added to `names`. `None` when it does not fit.
    pub fn snapshot(self, names: &mut Names) -> Option<SnapshotFrame> {
        let mut reader = Reader::new(&self.body);
        let rows = Some(read_rows(&mut reader, names)?);
        let frame = SnapshotFrame { rows, ..self.head.snapshot(self.part)? };
        reader.is_empty().then_some(frame)
    }

    /// Reads the body of a delta; the handles that it gives are added to `names`. `None` when it does not fit, or
    /// speaks of a handle that was not given.
    pub fn delta(self, names: &mut Names) -> Option<DeltaFrame> {
        let mut reader = Reader::new(&self.body);
        let as_of = self.head.as_of;
        reader.list(|reader| names.give(reader.number()?, reader.id()?))?;
        let rows = read_rows(&mut reader, names)?;
        let mut last = 0;
        let patches = reader.list(|reader| {
            last = handle_after(last, reader)?;
            read_patch(reader, names.of(last)?, as_of)
        })?;
        let gone = reader.list(Reader::id)?;
        let frame = DeltaFrame { rows, patches, gone, ..self.head.delta(self.part)? };
        reader.is_empty().then_some(frame)
    }
}

fn read_rows(reader: &mut Reader<'_>, names: &mut Names) -> Option<Vec<crate::Token>> {
    let mut last = 0;
    reader.list(|reader| {
        last = handle_after(last, reader)?;
        let row = read_row(reader)?;
        names.give(last, row.id.clone())?;
        Some(row)
    })
}

fn handle_after(last: Handle, reader: &mut Reader<'_>) -> Option<Handle> {
    Some(last.cast_signed().wrapping_add(reader.signed()?).cast_unsigned())
}
