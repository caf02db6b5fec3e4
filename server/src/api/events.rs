//! `GET /events`: what was worth a bell in the last minutes.

use memescope::Event;
use serde_json::json;

use super::answer::{Head, hash_of};
use super::params;
use super::{Api, Draft};
use crate::problem::Problem;

/// The kinds of events.
pub(super) const TYPES: [&str; 2] = ["price:update", "volume:spike"];

/// The most events of an answer.
const MAX_EVENTS: usize = 500;

/// Oldest first. Without `since` the newest ones; with it those that follow, and `gap` says whether some of them may be
/// forgotten already.
pub(super) fn answer<'a>(api: &'a Api, raw: &str) -> Result<Draft<impl FnOnce() -> Vec<u8> + use<'a>>, Problem> {
    let params = params::events(&params::pairs(raw)?, &TYPES, MAX_EVENTS)?;
    let snapshot = api.store.snapshot();
    let head = Head::new(&snapshot.board, hash_of(&["events", raw]), "no-cache");
    let write = move || {
        let board = &snapshot.board;
        let mut commits = api.store.recent();
        commits.retain(|commit| commit.snapshot.board.seq <= board.seq);
        let wanted = |event: &&Event| {
            let is_new = params
                .since
                .is_none_or(|since| event.place().is_none_or(|place| place > since || place.epoch != since.epoch));
            is_new && (params.types.is_empty() || params.types.iter().any(|name| name == event.kind.name()))
        };
        let mut events: Vec<&Event> = commits.iter().flat_map(|commit| commit.events.iter()).filter(wanted).collect();
        let has_more = events.len() > params.limit;
        if params.since.is_some() {
            events.truncate(params.limit);
        } else {
            events.drain(..events.len().saturating_sub(params.limit));
        }
        let gap = params.since.is_some_and(|since| {
            let reaches_back = commits.first().map_or(board.seq, |oldest| oldest.prev) <= since.seq;
            since.epoch != board.epoch || !reaches_back
        });
        let meta = json!({
            "epoch": board.epoch, "seq": board.seq, "as_of": board.as_of, "market": api.market(),
            "has_more": has_more, "gap": gap,
        });
        json!({ "data": events, "meta": meta }).to_string().into_bytes()
    };
    Ok(Draft { head, write })
}
