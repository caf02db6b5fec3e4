//! Which fields of the board each source supplies.

use std::collections::{BTreeMap, BTreeSet};

use memescope::Field;
use memescope::{Source, SourceReport, Token};

/// Learnt from the origins of published rows; a source that falls silent keeps what it once gave.
#[derive(Debug, Default)]
pub(super) struct Supplied(BTreeMap<Source, BTreeSet<Field>>);

impl Supplied {
    /// Takes note of new and changed rows.
    pub(super) fn learn<'a>(&mut self, rows: impl Iterator<Item = &'a Token>) {
        for row in rows {
            for (field, origin) in row.provenance.fields.iter() {
                if let Some(source) = origin.source.upstream() {
                    self.0.entry(source).or_default().insert(*field);
                }
            }
        }
    }

    /// Writes each source's fields into its report.
    pub(super) fn fill_in(&self, reports: &mut [SourceReport]) {
        for report in reports {
            let fields = self.0.get(&report.source).into_iter().flatten();
            report.fields = fields.map(|field| field.name().to_owned()).collect();
        }
    }
}
