//! What lists and rows are sent as: strung together from what was printed or encoded once for everybody.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use memescope::feed::compact::{self, Handle, Head, RowsParts};
use memescope::feed::{Splice, compact::Kind};
use memescope::{Seq, Timestamp, TokenId};

use super::frame::{Encoding, FrameBuilder, Frames, of_bytes, quoted_id, spliced};
use crate::pages::Places;
use crate::store::{Row, RowForm, Snapshot};

/// The frames of something in each encoding, made when somebody first needs them.
#[derive(Clone, Debug, Default)]
pub(super) struct Encoded {
    json: OnceLock<Frames>,
    compact: OnceLock<Frames>,
}

impl Encoded {
    pub(super) fn get(&self, encoding: Encoding, make: impl FnOnce() -> Frames) -> &Frames {
        match encoding {
            Encoding::Json => self.json.get_or_init(make),
            Encoding::Compact => self.compact.get_or_init(make),
        }
    }
}

/// How the order of a view changed.
#[derive(Clone, Debug)]
pub(super) struct ListDelta {
    pub(super) splices: Vec<Splice>,
    pub(super) total: usize,
    pub(super) prev: Seq,
    pub(super) seq: Seq,
    pub(super) as_of: Timestamp,
}

impl ListDelta {
    pub(super) fn frame(&self, sub: &str, encoding: Encoding) -> Frames {
        match encoding {
            Encoding::Json => FrameBuilder::delta(sub, self.prev, self.seq, self.as_of)
                .total(self.total)
                .list("splices", self.splices.iter().map(spliced))
                .finish(),
            Encoding::Compact => {
                let head = Head { sub, seq: self.seq, as_of: self.as_of, kind: Kind::Delta { prev: self.prev } };
                of_bytes(&compact::list_delta(&head, self.total as u64, &self.splices))
            }
        }
    }
}

/// The whole order of a view; in JSON with the former places of its rows.
pub(super) fn list_snapshot(
    sub: &str,
    encoding: Encoding,
    board: &Snapshot,
    reason: Option<&str>,
    (ids, total): (&[TokenId], usize),
    former: Option<&Places>,
) -> Frames {
    match encoding {
        Encoding::Json => {
            let frame = json_snapshot(sub, board, reason).total(total).list("ids", ids.iter().map(quoted_id));
            match former {
                Some(former) => frame.list("prev_ranks", ids.iter().map(|id| place_before(former, id))).finish(),
                None => frame.finish(),
            }
        }
        Encoding::Compact => {
            of_bytes(&compact::list_snapshot(&compact_snapshot(sub, board, reason), total as u64, ids.iter()))
        }
    }
}

/// The former place of a row as JSON.
fn place_before(former: &Places, id: &TokenId) -> String {
    former.place_of(id).map_or_else(|| "null".to_owned(), |place| place.to_string())
}

/// All rows of a subscription.
pub(super) fn rows_snapshot<'a>(
    sub: &str,
    form: RowForm,
    board: &Snapshot,
    reason: Option<&str>,
    rows: impl Iterator<Item = (Handle, &'a Arc<Row>)>,
) -> Frames {
    match form {
        RowForm::Plain | RowForm::WithProvenance => {
            json_snapshot(sub, board, reason).list("rows", rows.map(|(_, row)| text(row.printed(form)))).finish()
        }
        RowForm::Compact => {
            let rows = rows.map(|(handle, row)| (handle, &**row.printed(form)));
            of_bytes(&compact::rows_snapshot(&compact_snapshot(sub, board, reason), rows))
        }
    }
}

fn json_snapshot(sub: &str, board: &Snapshot, reason: Option<&str>) -> FrameBuilder {
    FrameBuilder::snapshot(sub, board.board.epoch, board.board.seq, board.board.as_of, reason)
}

fn compact_snapshot<'a>(sub: &'a str, board: &Snapshot, reason: Option<&str>) -> Head<&'a str> {
    let kind = Kind::Snapshot { epoch: board.board.epoch, reason: reason.map(str::to_owned) };
    Head { sub, seq: board.board.seq, as_of: board.board.as_of, kind }
}

/// What a `rows` frame holds. Handles are of use in the compact form only.
#[derive(Debug, Default)]
pub(super) struct RowsDelta<'a> {
    form: RowForm,
    /// Rows that the client holds, but knows no handle of.
    pub(super) names: Vec<(Handle, TokenId)>,
    /// Whole rows.
    pub(super) rows: Vec<(Handle, &'a Arc<Row>)>,
    /// Patches of known rows.
    pub(super) patches: Vec<(Handle, &'a Bytes)>,
    /// Rows that left.
    pub(super) gone: Vec<TokenId>,
}

impl RowsDelta<'_> {
    /// Nothing yet.
    pub(super) fn of(form: RowForm) -> Self {
        Self { form, ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.rows.is_empty() && self.patches.is_empty() && self.gone.is_empty()
    }

    pub(super) fn frame(&self, sub: &str, prev: Seq, snapshot: &Snapshot) -> Frames {
        let (seq, as_of) = (snapshot.board.seq, snapshot.board.as_of);
        if self.form == RowForm::Compact {
            let parts = RowsParts {
                names: self.names.iter().map(|(handle, id)| (*handle, id)).collect(),
                rows: self.rows.iter().map(|(handle, row)| (*handle, &**row.printed(self.form))).collect(),
                patches: self.patches.iter().map(|(handle, patch)| (*handle, &***patch)).collect(),
                gone: self.gone.iter().collect(),
            };
            return of_bytes(&compact::rows_delta(&Head { sub, seq, as_of, kind: Kind::Delta { prev } }, parts));
        }
        FrameBuilder::delta(sub, prev, seq, as_of)
            .list_if_any("rows", self.rows.iter().map(|(_, row)| text(row.printed(self.form))))
            .list_if_any("patches", self.patches.iter().map(|(_, patch)| text(patch)))
            .list_if_any("gone", self.gone.iter().map(quoted_id))
            .finish()
    }
}

/// Printed rows and patches as text.
fn text(json: &Bytes) -> &str {
    std::str::from_utf8(json).expect("serde_json writes UTF-8")
}
