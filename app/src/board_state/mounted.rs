//! What of the list is in the document.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use leptos::prelude::*;
use memescope::TokenId;

use super::{BoardState, Row};
use crate::part::memo;
use crate::token_table::slots::{Shown, Slot, assign};
use crate::token_table::window;

/// What each row of the document shows.
pub(super) fn slots(
    (rows, known): (StoredValue<HashMap<TokenId, Row>>, RwSignal<u64>),
    order: Memo<Arc<Vec<TokenId>>>,
    range: RwSignal<Range<usize>>,
    focused: RwSignal<Option<TokenId>>,
) -> Memo<Vec<Shown<Row>>> {
    memo(move |before: Option<&Vec<Shown<Row>>>| {
        known.track();
        let mounted = order.with(|order| {
            rows.with_value(|rows| {
                let standing = |place: usize| Some(Shown { of: rows.get(order.get(place)?)?.clone(), place });
                places(order, &range.get(), focused).into_iter().filter_map(standing).collect()
            })
        });
        assign(before.map_or(&[], Vec::as_slice), mounted)
    })
}

/// The places of the mounted rows in the order.
fn places(order: &[TokenId], range: &Range<usize>, focused: RwSignal<Option<TokenId>>) -> Vec<usize> {
    window::places(&within(range, order), place_of(order, focused))
}

fn within(range: &Range<usize>, order: &[TokenId]) -> Range<usize> {
    range.start.min(order.len())..range.end.min(order.len())
}

fn place_of(order: &[TokenId], focused: RwSignal<Option<TokenId>>) -> Option<usize> {
    focused.with(|focused| focused.as_ref().and_then(|id| order.iter().position(|other| other == id)))
}

impl BoardState {
    /// The place in the whole list, from 1.
    pub(crate) fn place_of(&self, standing: &Shown<Row>) -> u64 {
        self.facts.with_untracked(|facts| facts.first) + standing.place as u64 + 1
    }

    /// A row is made for a slot: the next one, or one that was there when the list was longer.
    pub(crate) fn add_slot(&self, number: usize, slot: Slot) {
        self.mounted.update_value(|mounted| {
            mounted.truncate(number);
            mounted.push(slot);
        });
    }

    /// Tells the slots what they show.
    #[cfg(feature = "hydrate")]
    pub(crate) fn show_slots(&self, slots: &[Shown<Row>]) {
        let mounted = self.mounted.get_value();
        for (slot, standing) in mounted.iter().zip(slots) {
            slot.show(&standing.of, self.place_of(standing));
        }
    }

    /// The mounted part of the order, as a range of places that exist, for those who ask once.
    #[cfg(feature = "hydrate")]
    pub(crate) fn mounted_range_now(&self) -> Range<usize> {
        self.range.with_untracked(|range| self.order.with_untracked(|order| within(range, order)))
    }

    /// The mounted ids, a focused one outside of the range at the edge that it left by.
    #[cfg(feature = "hydrate")]
    pub(crate) fn mounted(&self) -> Vec<TokenId> {
        self.order.with(|order| {
            let places = places(order, &self.range.get(), self.focused);
            places.into_iter().filter_map(|place| order.get(place).cloned()).collect()
        })
    }

    /// How many rows the gaps above and below the mounted rows stand for.
    pub(crate) fn gaps(&self) -> (usize, usize) {
        self.order
            .with(|order| window::gaps(&within(&self.range.get(), order), place_of(order, self.focused), order.len()))
    }

    /// Moves the window of mounted rows; asks for more rows when its end comes near.
    #[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only a browser scrolls"))]
    pub(crate) fn look_at(&self, top: f64, view: f64) {
        let rows = self.order.with_untracked(|order| order.len());
        let range = window::mounted(top, view, self.row_height.get_untracked(), rows);
        if window::wants_more(&range, rows) && rows > 0 && self.problem.with_untracked(Option::is_none) {
            self.load_more();
        }
        if self.range.with_untracked(|before| *before != range) {
            self.range.set(range);
        }
    }
}
