//! `GET /events`: what was worth a bell in the last minutes.

use std::sync::Arc;

use memescope::{Event, EventKind};
use serde_json::json;

use super::answer::{Head, hash_of};
use super::params;
use super::{Api, Draft};
use crate::problem::Problem;
use crate::store::EventRing;

/// The most events of an answer.
pub(super) const MAX_EVENTS: usize = 500;

/// The kinds of events.
pub(super) fn types() -> [&'static str; EventKind::ALL.len()] {
    EventKind::ALL.map(|(name, _)| name)
}

/// Oldest first. Without `since` the newest ones; with it those that follow, and `gap` says whether some of them may be
/// forgotten already.
pub(super) fn answer<'a>(
    api: &'a Api,
    ring: Arc<EventRing>,
    raw: &str,
) -> Result<Draft<impl FnOnce() -> Vec<u8> + use<'a>>, Problem> {
    let params = params::events(&params::pairs(raw)?, &types(), MAX_EVENTS)?;
    let snapshot = api.store.snapshot();
    // Sources raise events while the board stands.
    let version = format!("{} {:?}", ring.next_number(), ring.last_forgotten());
    let head = Head::new(&snapshot.board, hash_of(&["events", raw, &version]), "no-cache");
    let write = move || {
        let board = &snapshot.board;
        let wanted = |event: &&Arc<Event>| {
            let is_new = params
                .since
                .is_none_or(|since| event.place().is_none_or(|place| place > since || place.epoch != since.epoch));
            is_new
                && (params.types.is_empty() || params.types.iter().any(|name| name == event.kind.name()))
                && (params.tokens.is_empty() || event.token.as_ref().is_some_and(|token| params.tokens.contains(token)))
        };
        let mut events: Vec<&Event> = ring.iter().filter(wanted).map(|event| &**event).collect();
        let has_more = events.len() > params.limit;
        if params.since.is_some() {
            events.truncate(params.limit);
        } else {
            events.drain(..events.len().saturating_sub(params.limit));
        }
        let gap = params
            .since
            .is_some_and(|since| since.epoch != board.epoch || ring.last_forgotten().is_some_and(|last| last > since));
        let meta = json!({
            "epoch": board.epoch, "seq": board.seq, "as_of": board.as_of, "market": api.market(),
            "has_more": has_more, "gap": gap,
        });
        json!({ "data": events, "meta": meta }).to_string().into_bytes()
    };
    Ok(Draft { head, write })
}
