//! Being asked to stop.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What a process that was asked twice ends with, as shells count an interrupted one.
const INTERRUPTED: i32 = 130;

/// Cancels `stop` when the process is asked to end (interrupt or terminate); asked again, it ends at once.
///
/// Call it inside a tokio runtime.
pub fn listen(stop: CancellationToken) -> io::Result<()> {
    let mut asked = Asked { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? };
    tokio::spawn(async move {
        asked.next().await;
        tracing::info!("Stopping; ask again to stop at once");
        stop.cancel();
        asked.next().await;
        std::process::exit(INTERRUPTED);
    });
    Ok(())
}

struct Asked {
    interrupt: Signal,
    terminate: Signal,
}

impl Asked {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
