//! The server from its start to its end.

use crate::config::Config;
use crate::http::{BindError, bind};

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No address to listen on.
    #[error(transparent)]
    Bind(#[from] BindError),
}

/// Listens.
#[expect(clippy::unused_async, reason = "what is served will be awaited here")]
pub async fn run(config: Config) -> Result<(), RunError> {
    let _listener = bind(&config.http)?;
    Ok(())
}
