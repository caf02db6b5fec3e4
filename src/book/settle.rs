//! Keeping the row that is there unless a reader could tell the new one apart.

use std::sync::Arc;

use crate::merge::limits::CONFIRM_AFTER;
use crate::merge::same_money;
use crate::{PerWindow, Timestamp, Token, Window};

/// The row to publish: the previous one as long as nothing that is published differs and it is not confirmed much
/// later; figures that differ by noise keep their previous value.
pub(super) fn settle(previous: Option<&Arc<Token>>, mut row: Token, now: Timestamp) -> Arc<Token> {
    let Some(previous) = previous else {
        return Arc::new(row);
    };
    for (new, old) in [
        (&mut row.liquidity_usd, previous.liquidity_usd),
        (&mut row.market_cap_usd, previous.market_cap_usd),
        (&mut row.fdv_usd, previous.fdv_usd),
    ] {
        keep(new, old);
    }
    keep_windows(&mut row.volume_usd, &previous.volume_usd);

    let (confirmed, provenance) = (row.updated_at, row.provenance.clone());
    row.updated_at = previous.updated_at;
    row.provenance = previous.provenance.clone();
    if row == **previous {
        // One that was read from disk has lost the origins of its fields.
        let has_origins = !previous.provenance.fields.is_empty() || provenance.fields.is_empty();
        let is_late = confirmed.since(previous.updated_at) > CONFIRM_AFTER;
        if has_origins && !is_late {
            return previous.clone();
        }
        if is_late {
            row.updated_at = confirmed;
        }
    } else if confirmed > previous.updated_at {
        row.updated_at = confirmed;
    } else if !only_aged(previous, &row) {
        row.updated_at = now.max(previous.updated_at);
    }
    row.provenance = provenance;
    Arc::new(row)
}

/// Whether the rows differ in nothing but their staleness, which is no news about the token.
fn only_aged(previous: &Token, row: &Token) -> bool {
    let aged = Token { stale: row.stale, ..previous.clone() };
    aged == *row
}

fn keep(new: &mut Option<f64>, old: Option<f64>) {
    if let (Some(figure), Some(before)) = (*new, old)
        && same_money(figure, before)
    {
        *new = old;
    }
}

fn keep_windows(new: &mut PerWindow<f64>, old: &PerWindow<f64>) {
    for window in Window::ALL {
        keep(new.slot(window), old.at(window));
    }
}
