//! Bodies of requests: small and soon, or not at all.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::Limited;
use hyper::body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// The longest body: a list of ids is the longest thing that anybody has to say.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// How long a body may take as a whole, so that drops do not prolong it.
const DEADLINE: Duration = Duration::from_secs(5);

/// The reason that a late body ends with.
#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive in time")]
struct TooLate;

/// Whether the body says by itself that it is too long.
pub(super) fn is_too_long(body: &impl HttpBody) -> bool {
    body.size_hint().lower() > MAX_BYTES as u64
}

/// The body with its limits.
pub(super) fn limited(body: Body) -> Body {
    if body.is_end_stream() {
        return body;
    }
    Body::new(InTime { body: Limited::new(body, MAX_BYTES), deadline: Box::pin(sleep(DEADLINE)) })
}

struct InTime {
    body: Limited<Body>,
    deadline: Pin<Box<Sleep>>,
}

impl HttpBody for InTime {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_pending() && self.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(Box::new(TooLate))));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
