//! One socket: reads, writes and keeps the deadlines.
//!
//! There is one frame on its way at most and no queue behind it. While a slow reader keeps a write waiting, the hub goes
//! on; afterwards the session sends what leads from where the reader is to the newest stage.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message};
use futures::{Sink, SinkExt as _, Stream, StreamExt as _};
use memescope::feed::ServerMessage;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout, timeout_at};

use super::frame::{self, Encoding, Frame};
use super::hub::Hub;
use super::inflow::{Inflow, Unfinished};
use super::limits::{Bucket, Place};
use super::session::{Heard, MAX_MESSAGE_BYTES, Session};
use super::stats::count;
use crate::observe;

/// How long a close frame and its answer may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// So many messages that cannot be read end a connection.
const MAX_BAD_MESSAGES: u32 = 3;

/// Why the server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Protocol,
    InvalidText,
    TooLarge,
    Restart,
    BadMessages,
    Idle,
    RateLimited,
}

impl Cause {
    fn close_frame(self) -> CloseFrame {
        let (code, reason) = match self {
            Self::Protocol => (1002, "protocol error"),
            Self::InvalidText => (1007, "not UTF-8"),
            Self::TooLarge => (1009, "a message may hold 16384 bytes"),
            Self::Restart => (1012, "restart"),
            Self::BadMessages => (4000, "three messages could not be read"),
            Self::Idle => (4001, "no message within the deadline"),
            Self::RateLimited => (4029, "at most 10 messages a second"),
        };
        CloseFrame { code, reason: reason.into() }
    }
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The server says why.
    Close(Cause),
    /// The client closed: it is answered, nothing more.
    Closed,
    /// The client is gone.
    Left,
    /// A write took too long, or a ping was not answered: nothing can be said any more.
    Stalled,
}

/// Serves a socket until it ends.
pub(super) async fn serve<S>(hub: Arc<Hub>, mut socket: S, encoding: Encoding, place: Place, inflow: Inflow)
where
    S: Stream<Item = Result<Message, axum::Error>> + Sink<Message, Error = axum::Error> + Unpin,
{
    inflow.begin();
    let end = Connection::new(&hub, &mut socket, &inflow).run(encoding).await;
    inflow.end();
    match end {
        End::Close(cause) => {
            if cause != Cause::Restart {
                count(&hub.counters.closed_for_cause);
            }
            farewell(&mut socket, cause).await;
        }
        End::Closed => {
            // The library has the answer ready.
            let _ = timeout(FAREWELL, socket.flush()).await;
        }
        End::Left => {}
        End::Stalled => {
            count(&hub.counters.dropped_slow);
            observe::slow_reader_dropped();
        }
    }
    drop(socket);
    drop(place);
}

/// Says why and waits for the client to close, so that what was sent last arrives.
async fn farewell<S>(socket: &mut S, cause: Cause)
where
    S: Stream<Item = Result<Message, axum::Error>> + Sink<Message, Error = axum::Error> + Unpin,
{
    let said = timeout(FAREWELL, socket.send(Message::Close(Some(cause.close_frame())))).await;
    if matches!(said, Ok(Ok(()))) {
        let answered = async { while let Some(Ok(_)) = socket.next().await {} };
        let _ = timeout(FAREWELL, answered).await;
    }
}

struct Connection<'a, S> {
    hub: &'a Arc<Hub>,
    socket: &'a mut S,
    inflow: &'a Inflow,
    bucket: Bucket,
    bad_messages: u32,
    /// By when the first message must come; `None` once it has.
    first_message_by: Option<Instant>,
    sent_at: Instant,
    ping_at: Instant,
    /// By when the last ping must be answered; `None` when it has been.
    pong_by: Option<Instant>,
}

impl<'a, S> Connection<'a, S>
where
    S: Stream<Item = Result<Message, axum::Error>> + Sink<Message, Error = axum::Error> + Unpin,
{
    fn new(hub: &'a Arc<Hub>, socket: &'a mut S, inflow: &'a Inflow) -> Self {
        let now = Instant::now();
        Self {
            hub,
            socket,
            inflow,
            bucket: Bucket::new(now),
            bad_messages: 0,
            first_message_by: Some(now + hub.config.first_message),
            sent_at: now,
            ping_at: now + hub.config.ping_every,
            pong_by: None,
        }
    }

    async fn run(mut self, encoding: Encoding) -> End {
        match self.follow(encoding).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn follow(&mut self, encoding: Encoding) -> Result<std::convert::Infallible, End> {
        let mut stages = self.hub.follow();
        let stage = stages.borrow_and_update().clone();
        let mut out = Vec::new();
        let mut session = Session::open(self.hub.clone(), &stage, encoding, &mut out);
        drop(stage);
        loop {
            self.write(&mut out).await?;
            let deadline = self.next_deadline();
            let list_due = session.due();
            tokio::select! {
                biased;
                () = self.hub.closing.cancelled() => return Err(self.bye().await),
                // The hub outlives its connections, so its stages do not end.
                _ = stages.changed() => {
                    let stage = stages.borrow_and_update().clone();
                    session.follow(&stage, Instant::now(), &mut out);
                }
                message = self.socket.next() => if let Err(end) = self.hear(message, &mut session, &mut out) {
                    // What is wrong with a last message is said before the end.
                    self.write(&mut out).await?;
                    return Err(end);
                },
                () = tokio::time::sleep_until(list_due.unwrap_or(deadline)), if list_due.is_some() => {
                    session.follow(&self.hub.stage(), Instant::now(), &mut out);
                }
                () = tokio::time::sleep_until(deadline) => self.keep_alive(&session, &mut out).await?,
            }
        }
    }

    fn next_deadline(&self) -> Instant {
        let liveness = (self.sent_at + self.hub.config.heartbeat).min(self.pong_by.unwrap_or(self.ping_at));
        self.first_message_by.map_or(liveness, |by| by.min(liveness))
    }

    async fn keep_alive(&mut self, session: &Session, out: &mut Vec<Frame>) -> Result<(), End> {
        let now = Instant::now();
        if self.first_message_by.is_some_and(|by| by <= now) {
            return Err(End::Close(Cause::Idle));
        }
        if self.pong_by.is_some_and(|by| by <= now) {
            return Err(End::Stalled);
        }
        if self.pong_by.is_none() && self.ping_at <= now {
            self.pong_by = Some(now + self.hub.config.pong_deadline);
            self.send(Message::Ping(bytes::Bytes::new())).await?;
            self.flush().await?;
        }
        if self.sent_at + self.hub.config.heartbeat <= now {
            out.push(session.heartbeat(&self.hub.stage()));
        }
        Ok(())
    }

    fn hear(
        &mut self,
        message: Option<Result<Message, axum::Error>>,
        session: &mut Session,
        out: &mut Vec<Frame>,
    ) -> Result<(), End> {
        let message = match message {
            None => return Err(End::Left),
            Some(Ok(Message::Close(_))) => return Err(End::Closed),
            Some(Err(error)) => return Err(end_of(error)),
            Some(Ok(message)) => message,
        };
        self.inflow.heard(&message);
        let now = Instant::now();
        if !self.bucket.take(now) {
            return Err(End::Close(Cause::RateLimited));
        }
        let heard = match message {
            Message::Text(text) if text.len() > MAX_MESSAGE_BYTES => return Err(End::Close(Cause::TooLarge)),
            Message::Text(text) => session.hear(&text, out),
            Message::Binary(_) => {
                out.push(frame::error(None, "invalid_message", "messages are texts", 400));
                Heard::Badly
            }
            Message::Pong(_) => {
                if self.pong_by.take().is_some() {
                    self.ping_at = now + self.hub.config.ping_every;
                }
                return Ok(());
            }
            // Answered below us.
            Message::Ping(_) | Message::Close(_) => return Ok(()),
        };
        self.first_message_by = None;
        if heard == Heard::Badly {
            self.bad_messages += 1;
            if self.bad_messages >= MAX_BAD_MESSAGES {
                return Err(End::Close(Cause::BadMessages));
            }
        }
        Ok(())
    }

    async fn bye(&mut self) -> End {
        // Spread over two seconds, so that not all clients come back at once.
        let retry_after_ms = 500 + self.hub.number().wrapping_mul(0x9e37_79b9) % 2000;
        let bye = ServerMessage::Bye { code: "server_shutdown".to_owned(), retry_after_ms };
        match self.write(&mut vec![frame::message(&bye)]).await {
            Ok(()) => End::Close(Cause::Restart),
            Err(end) => end,
        }
    }

    /// Writes frames; each has the whole deadline.
    async fn write(&mut self, out: &mut Vec<Frame>) -> Result<(), End> {
        if out.is_empty() {
            return Ok(());
        }
        for frame in out.drain(..) {
            count(&self.hub.counters.frames_sent);
            observe::frame_sent(frame.bytes());
            self.hub.counters.bytes_sent.fetch_add(frame.bytes().len() as u64, Ordering::Relaxed);
            self.send(frame.into()).await?;
        }
        self.flush().await?;
        self.sent_at = Instant::now();
        // What a frame list once needed is not kept for a socket that is idle most of the time.
        out.shrink_to(4);
        Ok(())
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        let by = Instant::now() + self.hub.config.write_deadline;
        written(&timeout_at(by, self.socket.feed(message)).await)
    }

    async fn flush(&mut self) -> Result<(), End> {
        let by = Instant::now() + self.hub.config.write_deadline;
        written(&timeout_at(by, self.socket.flush()).await)
    }
}

fn written(outcome: &Result<Result<(), axum::Error>, Elapsed>) -> Result<(), End> {
    match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Left),
        Err(_) => Err(End::Stalled),
    }
}

/// What a failed read means. The library below closes nothing by itself.
fn end_of(error: axum::Error) -> End {
    use tungstenite::Error;
    use tungstenite::error::ProtocolError;
    match error.into_inner().downcast_ref::<Error>() {
        Some(Error::Capacity(_)) => End::Close(Cause::TooLarge),
        Some(Error::Utf8(_)) => End::Close(Cause::InvalidText),
        Some(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => End::Left,
        Some(Error::Protocol(_)) => End::Close(Cause::Protocol),
        Some(Error::Io(error)) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(Unfinished::TooLong) => End::Close(Cause::TooLarge),
            Some(Unfinished::TooLate) => End::Close(Cause::Idle),
            None => End::Left,
        },
        _ => End::Left,
    }
}
