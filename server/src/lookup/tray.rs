//! Where look-ups leave what the poller should take in.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use memescope::Harvest;

/// The most harvests that wait for a tick.
const MOST: usize = 64;

/// A bounded tray, shared by the look-ups and the poller.
#[derive(Clone, Debug, Default)]
pub struct Tray(Arc<Mutex<VecDeque<Harvest>>>);

impl Tray {
    /// Leaves a harvest of DexScreener; `false` when there is no room.
    pub fn leave(&self, harvest: Harvest) -> bool {
        let mut waiting = self.lock();
        let has_room = waiting.len() < MOST;
        if has_room {
            waiting.push_back(harvest);
        }
        has_room
    }

    /// Takes everything, oldest first.
    pub fn take(&self) -> VecDeque<Harvest> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Harvest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_tray_takes_no_more() {
        let tray = Tray::default();
        assert!((0..MOST).all(|_| tray.leave(Harvest::default())));
        assert!(!tray.leave(Harvest::default()));
        assert_eq!((tray.take().len(), tray.take().len()), (MOST, 0));
        assert!(tray.leave(Harvest::default()));
    }
}
