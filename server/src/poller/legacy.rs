//! What outlives a poller: the book that it kept, so that a panic does not forget what the board is made of.

use std::sync::{Arc, Mutex, PoisonError};

use memescope::Book;

/// Where a poller leaves its book when it is dropped.
#[derive(Clone, Debug, Default)]
pub struct Legacy(Arc<Mutex<Option<Book>>>);

impl Legacy {
    pub(super) fn leave(&self, book: Book) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(book);
    }

    /// The book of the last poller, once.
    pub fn take(&self) -> Option<Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
