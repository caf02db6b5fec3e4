//! Asks for the past of what is watched, beside the ticks: no tick waits for it.

use std::sync::Arc;

use imbl::OrdMap;
use memescope::{Board, Book, Candle, PoolId, Source, Timestamp, TokenId, Week};
use tokio::task::JoinSet;

use super::TickSummary;
use crate::history::{History, Inbox, Note, Past};
use crate::observe;
use crate::planner::{Candidate, Pace, PastPlanner, PastRequest};
use crate::sources::{SourceError, Sources};

/// What the poller has of the history.
#[derive(Debug)]
pub(super) struct PastDesk {
    history: History,
    inbox: Inbox,
    planner: PastPlanner,
    pending: JoinSet<(PastRequest, Result<Vec<Candle>, SourceError>)>,
    /// The figures that the book was told last.
    told: Option<Arc<OrdMap<TokenId, Week>>>,
}

impl PastDesk {
    pub(super) fn new(history: History, inbox: Inbox) -> Self {
        Self { history, inbox, planner: PastPlanner::default(), pending: JoinSet::new(), told: None }
    }

    /// Tells the book what the history knows of seven days, if that is new.
    pub(super) fn tell(&mut self, book: &mut Book) {
        let weeks = self.history.weeks();
        if self.told.as_ref().is_some_and(|told| Arc::ptr_eq(told, &weeks)) {
            return;
        }
        for (token, week) in weeks.iter() {
            book.recall(token, Some(*week));
        }
        for token in self.told.iter().flat_map(|told| told.keys()).filter(|token| !weeks.contains_key(*token)) {
            book.recall(token, None);
        }
        self.told = Some(weeks);
    }

    /// Passes on what came, and asks for more: of what most people look at first. Takes what it asks off
    /// GeckoTerminal's allowance.
    pub(super) fn turn(
        &mut self,
        now: Timestamp,
        pace: &Pace,
        allowance: &mut usize,
        sources: &Sources,
        (board, candidates): (&Board, &[Candidate<'_>]),
        summary: &mut TickSummary,
    ) {
        self.collect(summary);
        let wanted = || {
            let mut hot: Vec<&Candidate<'_>> = candidates.iter().filter(|candidate| candidate.place.is_hot()).collect();
            hot.sort_unstable_by(|a, b| b.place.cmp(&a.place).then_with(|| a.age.token.cmp(b.age.token)));
            let pool = |id: &TokenId| PoolId::new(id.chain(), board.tokens.get(id)?.pool.as_deref()?).ok();
            let ids = hot.into_iter().map(|candidate| candidate.age.token);
            ids.filter_map(|id| Some((id.clone(), pool(id)?))).collect()
        };
        for request in self.planner.plan(now, pace.lists, *allowance, wanted) {
            *allowance = allowance.saturating_sub(1);
            summary.requests += 1;
            let geckoterminal = sources.geckoterminal().clone();
            self.pending.spawn(async move {
                let candles = geckoterminal.candles(&request.pool, &request.token, request.interval).await;
                (request, candles)
            });
        }
    }

    fn collect(&mut self, summary: &mut TickSummary) {
        while let Some(joined) = self.pending.try_join_next() {
            match joined {
                Ok((PastRequest { token, interval, .. }, Ok(candles))) => {
                    summary.answers += 1;
                    self.inbox.leave(Note::Past(Past { token, interval, candles }));
                }
                Ok((request, Err(error))) => {
                    summary.failures += 1;
                    self.planner.failed(&request);
                    observe::source_failed(Source::Geckoterminal, "candles", &error);
                }
                Err(error) => {
                    summary.failures += 1;
                    tracing::error!(%error, "A request for candles ended in a panic");
                }
            }
        }
    }
}
