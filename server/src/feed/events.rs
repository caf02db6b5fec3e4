//! Which events a subscription hears.

use memescope::EventKind;
use memescope::feed::SubscribeParams;
use memescope::query::{Filter, TokenQuery};

use super::frame::Frame;
use super::request::{Refusal, invalid, quote, read_query};
use super::stage::{EventFrame, Stage};

/// What is asked for, and up to where it was told.
#[derive(Debug)]
pub(super) struct EventFilter {
    /// Any when empty.
    kinds: Vec<String>,
    /// Which tokens; any, and none, when `None`.
    tokens: Option<TokenQuery>,
    /// The number of the next event.
    next: u64,
}

impl EventFilter {
    /// Reads what is asked for; `next` is the number of the first event that is told.
    pub(super) fn of(params: SubscribeParams, next: u64) -> Result<Self, Refusal> {
        let kinds = params.types.clone().unwrap_or_default();
        let known = EventKind::ALL.map(|(name, _)| name);
        if let Some(kind) = kinds.iter().find(|kind| !known.contains(&kind.as_str())) {
            return Err(invalid(format!("{} is no kind of event; there are {}", quote(kind), known.join(", "))));
        }
        let query = read_query(params)?;
        let order_alone =
            TokenQuery { rank: query.rank, window: query.window, sort: query.sort, ..TokenQuery::default() };
        Ok(Self { kinds, tokens: (query != order_alone).then_some(query), next })
    }

    /// Tells what is new and asked for. Tokens are judged as they are on the stage; one that left it passes no filter.
    pub(super) fn tell(&mut self, stage: &Stage, out: &mut Vec<Frame>) {
        let from = std::mem::replace(&mut self.next, stage.next_event);
        if from == self.next {
            return;
        }
        let filter = self.tokens.as_ref().map(|query| Filter::new(query, stage.snapshot.board.as_of));
        let is_asked = |event: &&EventFrame| {
            let is_of_kind = self.kinds.is_empty() || self.kinds.iter().any(|kind| kind == event.kind);
            let row = || event.token.as_ref().and_then(|token| stage.snapshot.rows.get(token));
            is_of_kind && filter.as_ref().is_none_or(|filter| row().is_some_and(|row| filter.passes(&row.token)))
        };
        let new = stage.events.iter().skip_while(|event| event.number < from);
        out.extend(new.filter(is_asked).map(|event| event.frame.clone()));
    }
}
