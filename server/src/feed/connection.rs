//! One socket: reads, writes and keeps the deadlines.
//!
//! There is one frame on its way at most and no queue behind it. While a slow reader keeps a write waiting, the hub goes
//! on; afterwards the session sends what leads from where the reader is to the newest stage.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use memescope::feed::{PART_BYTES, ServerMessage};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep_until, timeout};
use tungstenite::protocol::CloseFrame;
use tungstenite::{Error, Message};

use super::frame::{self, Encoding, Frame};
use super::hub::Hub;
use super::inflow::{Inflow, Unfinished};
use super::limits::{Bucket, Place};
use super::session::{Heard, MAX_MESSAGE_BYTES, Session};
use super::socket::Socket;
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
        CloseFrame { code: u16::into(code), reason: reason.into() }
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
pub(super) async fn serve<S>(hub: Arc<Hub>, mut socket: Socket<S>, encoding: Encoding, place: Place, inflow: Inflow)
where
    S: AsyncRead + AsyncWrite + Unpin,
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
async fn farewell<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut Socket<S>, cause: Cause) {
    let said = timeout(FAREWELL, socket.close(cause.close_frame())).await;
    if matches!(said, Ok(Ok(()))) {
        let answered = async { while socket.next().await.is_ok() {} };
        let _ = timeout(FAREWELL, answered).await;
    }
}

struct Connection<'a, S> {
    hub: &'a Arc<Hub>,
    socket: &'a mut Socket<S>,
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

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Connection<'a, S> {
    fn new(hub: &'a Arc<Hub>, socket: &'a mut Socket<S>, inflow: &'a Inflow) -> Self {
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
        let hub = self.hub.clone();
        let mut stages = hub.follow();
        let stage = stages.borrow_and_update().clone();
        let mut out = Vec::new();
        let mut session = Session::open(hub.clone(), &stage, encoding, &mut out);
        drop(stage);
        let mut closing = pin!(hub.closing.cancelled());
        // Deadlines move with every frame; the alarm is set anew only when it rings or would ring too late.
        let mut alarm = pin!(sleep_until(self.next_deadline()));
        loop {
            self.write(&mut out).await?;
            let next = self.next_deadline();
            let next = session.due().map_or(next, |due| due.min(next));
            if alarm.is_elapsed() || next < alarm.deadline() {
                alarm.as_mut().reset(next);
            }
            tokio::select! {
                biased;
                () = &mut closing => return Err(self.bye().await),
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
                () = &mut alarm => {
                    let now = Instant::now();
                    if session.due().is_some_and(|due| due <= now) {
                        session.follow(&hub.stage(), now, &mut out);
                    }
                    self.keep_alive(now, &session, &mut out).await?;
                }
            }
        }
    }

    fn next_deadline(&self) -> Instant {
        let liveness = (self.sent_at + self.hub.config.heartbeat).min(self.pong_by.unwrap_or(self.ping_at));
        self.first_message_by.map_or(liveness, |by| by.min(liveness))
    }

    async fn keep_alive(&mut self, now: Instant, session: &Session, out: &mut Vec<Frame>) -> Result<(), End> {
        if self.first_message_by.is_some_and(|by| by <= now) {
            return Err(End::Close(Cause::Idle));
        }
        if self.pong_by.is_some_and(|by| by <= now) {
            return Err(End::Stalled);
        }
        if self.pong_by.is_none() && self.ping_at <= now {
            self.pong_by = Some(now + self.hub.config.pong_deadline);
            written(&timeout(self.hub.config.write_deadline, self.socket.ping()).await)?;
        }
        if self.sent_at + self.hub.config.heartbeat <= now {
            out.push(session.heartbeat(&self.hub.stage()));
        }
        Ok(())
    }

    fn hear(
        &mut self,
        message: Result<Message, Error>,
        session: &mut Session,
        out: &mut Vec<Frame>,
    ) -> Result<(), End> {
        let message = match message {
            Ok(Message::Close(_)) => return Err(End::Closed),
            Err(error) => return Err(end_of(&error)),
            Ok(message) => message,
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
            // Answered below us; bare frames are not handed out.
            Message::Ping(_) | Message::Close(_) | Message::Frame(_) => return Ok(()),
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

    /// Writes frames, some at a time; each time has the whole deadline.
    async fn write(&mut self, out: &mut Vec<Frame>) -> Result<(), End> {
        let mut rest = out.as_slice();
        while !rest.is_empty() {
            let (some, later) = rest.split_at(some_of(rest));
            rest = later;
            let bytes = some.iter().map(|frame| frame.bytes().len() as u64).sum();
            self.hub.counters.frames_sent.fetch_add(some.len() as u64, Ordering::Relaxed);
            self.hub.counters.bytes_sent.fetch_add(bytes, Ordering::Relaxed);
            for frame in some {
                observe::frame_sent(frame.bytes());
            }
            written(&timeout(self.hub.config.write_deadline, self.socket.send(some)).await)?;
            self.sent_at = Instant::now();
        }
        // What a frame list once needed is not kept for a socket that is idle most of the time.
        out.clear();
        out.shrink_to(4);
        Ok(())
    }
}

/// How many of these frames go out together: about a part's worth.
fn some_of(frames: &[Frame]) -> usize {
    let mut room = PART_BYTES;
    let fits = |frame: &&Frame| {
        let fits = frame.bytes().len() <= room;
        room = room.saturating_sub(frame.bytes().len());
        fits
    };
    frames.iter().take_while(fits).count().max(1)
}

fn written(outcome: &Result<Result<(), Error>, Elapsed>) -> Result<(), End> {
    match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Left),
        Err(_) => Err(End::Stalled),
    }
}

/// What a failed read means. The library closes nothing by itself.
fn end_of(error: &Error) -> End {
    use tungstenite::error::ProtocolError;
    match error {
        Error::Capacity(_) => End::Close(Cause::TooLarge),
        Error::Utf8(_) => End::Close(Cause::InvalidText),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => End::Left,
        Error::Protocol(_) => End::Close(Cause::Protocol),
        Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(Unfinished::TooLong) => End::Close(Cause::TooLarge),
            Some(Unfinished::TooLate) => End::Close(Cause::Idle),
            None => End::Left,
        },
        _ => End::Left,
    }
}
