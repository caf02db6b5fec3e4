//! Why a source gave no answer. A kind exists because somebody acts differently on it.

use std::time::Duration;

/// A request that brought no usable answer. An empty answer is none of these: it is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// No complete answer within the deadline.
    #[error("no answer in time")]
    Timeout,
    /// The name did not resolve, or nobody accepted the connection, or its certificate is not good.
    #[error("no connection")]
    Connect,
    /// The connection broke before the answer was complete.
    #[error("the connection broke before the end of the answer")]
    Interrupted,
    /// The source told us to ask less.
    #[error("the source asks for fewer requests")]
    RateLimited {
        /// How long it wants to be left alone, where it says so.
        retry_after: Option<Duration>,
    },
    /// A page for people stands before the source.
    #[error("the source sent a page for people in place of data")]
    Blocked,
    /// Any other status that is not a success.
    #[error("status {0}")]
    Status(u16),
    /// More than any honest answer holds.
    #[error("the answer is too large")]
    TooLarge,
    /// A success that is not the document that was asked for.
    #[error("the answer cannot be read")]
    Malformed,
    /// Not asked: our own budget is used up.
    #[error("the budget is used up")]
    Budget {
        /// When a request will be possible.
        ready_in: Duration,
    },
    /// Not asked: the source wants to be left alone.
    #[error("the source wants to be left alone for now")]
    Resting {
        /// When a request will be possible.
        ready_in: Duration,
    },
    /// Not asked: the source failed too often.
    #[error("the source failed too often and is left alone for now")]
    CircuitOpen {
        /// When it will be tried again.
        ready_in: Duration,
    },
}

impl SourceError {
    /// Whether the same request may succeed later without anybody changing anything.
    pub const fn is_transient(self) -> bool {
        match self {
            Self::Timeout
            | Self::Connect
            | Self::Interrupted
            | Self::RateLimited { .. }
            | Self::Budget { .. }
            | Self::Resting { .. }
            | Self::CircuitOpen { .. } => true,
            Self::Status(status) => status >= 500,
            Self::Blocked | Self::TooLarge | Self::Malformed => false,
        }
    }

    /// Whether it is worth asking again at once: the failure was quick and says nothing about the request.
    pub const fn is_worth_a_retry(self) -> bool {
        match self {
            Self::Connect | Self::Interrupted => true,
            Self::Status(status) => status >= 500,
            Self::Timeout
            | Self::RateLimited { .. }
            | Self::Blocked
            | Self::TooLarge
            | Self::Malformed
            | Self::Budget { .. }
            | Self::Resting { .. }
            | Self::CircuitOpen { .. } => false,
        }
    }

    /// Whether the source was asked at all.
    pub const fn was_sent(self) -> bool {
        !matches!(self, Self::Budget { .. } | Self::Resting { .. } | Self::CircuitOpen { .. })
    }

    /// A short, fixed label for counters.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Interrupted => "interrupted",
            Self::RateLimited { .. } => "rate_limited",
            Self::Blocked => "blocked",
            Self::Status(400..=499) => "status_4xx",
            Self::Status(500..) => "status_5xx",
            Self::Status(_) => "status_other",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Budget { .. } => "budget",
            Self::Resting { .. } => "resting",
            Self::CircuitOpen { .. } => "circuit_open",
        }
    }
}
