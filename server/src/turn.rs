//! Longer pieces of work on threads that serve.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Does a longer piece of work without keeping from its turn who waits for this thread: where there are more threads,
/// another one takes them over. It is done when this returns, so no task is left halfway through it.
pub(crate) fn away<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn others_have_their_turn_meanwhile() {
        let (said, heard) = mpsc::channel();
        let work = tokio::spawn(async move {
            // Would wait for ever if the only worker were not free for the task that it made.
            tokio::spawn(async move { said.send(7) });
            away(|| heard.recv())
        });
        assert_eq!(work.await.ok(), Some(Ok(7)));
    }

    #[tokio::test]
    async fn a_runtime_of_one_thread_does_it_too() {
        assert_eq!(away(|| 7), 7);
    }

    #[test]
    fn and_so_does_a_thread_without_a_runtime() {
        assert_eq!(away(|| 7), 7);
    }
}
