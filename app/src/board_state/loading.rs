//! Loading pages of rows: another view, further rows, the same anew.

use std::collections::HashSet;
use std::sync::Arc;

use leptos::prelude::*;
use memescope::TokenId;

use super::{BoardState, Holds, PageFacts, Problem};
use crate::address::PageAddress;
use crate::reader::TokenPage;
use crate::server_fns::{PAGE_ROWS, PageError, load_page};

impl BoardState {
    /// Shows another view from its first page on.
    pub(super) fn show(&self, page: TokenPage) {
        let ids: Arc<Vec<TokenId>> = Arc::new(page.rows.iter().map(|token| token.id.clone()).collect());
        // A row that both views show stays in the document and goes on following its signal.
        self.rows.update_value(|rows| rows.retain(|id, _| ids.contains(id)));
        for token in page.rows {
            self.put(token);
        }
        self.left.set(Arc::default());
        self.extras.update(|extras| extras.retain(|id, _| ids.contains(id)));
        self.range.set(0..PAGE_ROWS);
        self.focused.set(None);
        self.holds.set(Holds::default());
        self.head.set(ids.clone());
        self.pinned.set(ids);
        self.facts.update(|facts| {
            *facts =
                PageFacts { generation: facts.generation + 1, first: page.first, epoch: page.epoch, seq: page.seq };
        });
        self.known.update(|known| *known += 1);
        self.total.set(page.total);
        self.next_cursor.set(page.next_cursor);
        self.as_of.set(page.as_of);
        self.now.set(page.server_time);
        self.stale.set(page.stale);
        self.demo.set(page.demo);
        self.sources.set(page.sources);
        self.sol_usd.set(page.sol_usd);
        self.problem.set(None);
        self.loading.set(false);
        self.loading_more.set(false);
    }

    /// Loads the view of the address anew.
    #[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "a server renders one view"))]
    pub(crate) fn reload(self) {
        let search = self.location.search.get_untracked();
        let cursor = self.address.with_untracked(|address| address.cursor.clone());
        self.loading.set(true);
        leptos::task::spawn_local(async move {
            let page = load_page(search.clone(), cursor).await;
            // The reader may have gone on to another view meanwhile.
            if self.location.search.try_get_untracked().is_none_or(|now| now != search) {
                return;
            }
            match page {
                Ok(page) => {
                    let total = page.total;
                    self.show(page);
                    self.announcement.set(self.address.with_untracked(|address| view_in_words(address, total)));
                }
                Err(error) => {
                    self.loading.set(false);
                    self.problem.set(Some(Problem { error, more: false }));
                }
            }
        });
    }

    /// Loads the next page of the view, unless one is on its way.
    pub(crate) fn load_more(self) {
        let Some(cursor) = self.next_cursor.get_untracked() else { return };
        if self.loading_more.get_untracked() || self.loading.get_untracked() {
            return;
        }
        self.loading_more.set(true);
        let generation = self.facts.with_untracked(|facts| facts.generation);
        let search = self.location.search.get_untracked();
        leptos::task::spawn_local(async move {
            let page = load_page(search, Some(cursor)).await;
            if self.facts.try_with_untracked(|facts| facts.generation) != Some(generation) {
                return;
            }
            match page {
                Ok(page) => self.append(page),
                Err(error) => self.problem.set(Some(Problem { error, more: true })),
            }
            self.loading_more.set(false);
        });
    }

    /// Asks again for what could not be reached.
    #[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "a server renders one view"))]
    pub(crate) fn try_again(self) {
        let Some(Problem { error: PageError::Unreachable, more }) = self.problem.get_untracked() else { return };
        self.problem.set(None);
        if more { self.load_more() } else { self.reload() }
    }

    /// Takes the first page of the view as it is now: values and order of the head go on from there.
    #[cfg(feature = "hydrate")]
    pub(crate) fn renew(&self, page: TokenPage) {
        let ids: Vec<TokenId> = page.rows.iter().map(|token| token.id.clone()).collect();
        for token in page.rows {
            self.put(token);
        }
        if page.first == 0 {
            self.head.set(Arc::new(ids));
        }
        self.total.set(page.total);
        self.as_of.set(page.as_of);
        self.stale.set(page.stale);
        self.sources.set(page.sources);
        self.sol_usd.set(page.sol_usd);
    }

    fn append(self, page: TokenPage) {
        let mut pinned = self.pinned.get_untracked().as_ref().clone();
        let before = pinned.clone();
        let have: HashSet<&TokenId> = before.iter().collect();
        pinned.extend(page.rows.iter().map(|token| token.id.clone()).filter(|id| !have.contains(id)));
        for token in page.rows {
            let older =
                self.row(&token.id).is_some_and(|row| row.with_untracked(|row| row.updated_at >= token.updated_at));
            if !older {
                self.put(token);
            }
        }
        let (loaded, total) = (pinned.len() as u64, self.total.get_untracked());
        self.pinned.set(Arc::new(pinned));
        self.next_cursor.set(page.next_cursor);
        self.problem.set(None);
        // At the top nobody has asked for more: there the reader is still being told of what was done last.
        if self.range.with_untracked(|range| range.start > 0) {
            let count = memescope::format::count;
            self.announcement.set(format!("{} of {} rows loaded", count(loaded), count(total)));
        }
    }
}

/// What the rows are sorted by and how many there are: `Sorted by volume, descending. 412 tokens.`
#[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "a server announces nothing"))]
fn view_in_words(address: &PageAddress, total: u64) -> String {
    let query = &address.query;
    let order = match query.sort {
        Some(sort) => {
            let direction = if sort.descending { "descending" } else { "ascending" };
            format!("Sorted by {}, {direction}.", crate::filters::sort_words(sort.key))
        }
        None => format!("{}, {}.", query.rank.label(), crate::filters::window_words(query.window)),
    };
    format!("{order} {} tokens.", memescope::format::count(total))
}
