//! Whose number a handle is.

use super::Handle;
use crate::{SortedMap, TokenId};

/// The most rows that a receiver keeps numbers of.
const MOST: usize = 1 << 20;

/// The handles of a subscription.
#[derive(Clone, Debug, Default)]
pub struct Names(SortedMap<Handle, TokenId>);

impl Names {
    /// From now on the handle is the row's; `None` when there are more rows than any board has.
    pub(super) fn give(&mut self, handle: Handle, id: TokenId) -> Option<()> {
        (self.0.insert(handle, id).is_some() || self.0.len() <= MOST).then_some(())
    }

    pub(super) fn of(&self, handle: Handle) -> Option<TokenId> {
        self.0.get(&handle).cloned()
    }

    /// Forgets every handle.
    pub fn clear(&mut self) {
        self.0 = SortedMap::default();
    }

    /// Forgets the handles of rows that are no longer followed.
    pub(crate) fn keep(&mut self, keeps: impl Fn(&TokenId) -> bool) {
        self.0.retain(|_, id| keeps(id));
    }
}
