//! One accepted connection: its place among all, and its patience with a client that does not read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep};

use crate::feed::{Inflow, LONGEST_MESSAGE, MOST_UNFINISHED_BYTES, Unfinished};

/// A connection that gives up when nothing can be written for too long.
///
/// The machine wakes a writer only when a third of its buffer is free, so a client that reads a byte now and then does
/// not count as reading. Reads have deadlines of their own, per head, per body and per message. The place is given back when the
/// connection is dropped, also long after it became a socket of the feed.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    patience: Duration,
    /// Made at the first write that has to wait, then used again.
    alarm: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    /// What was read, for a socket of the feed.
    inflow: Inflow,
    /// By when a message that has begun must be whole.
    message_by: Option<Pin<Box<Sleep>>>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, patience: Duration, place: OwnedSemaphorePermit) -> Self {
        let inflow = Inflow::default();
        Self { stream, patience, alarm: None, waiting: false, inflow, message_by: None, _place: place }
    }

    /// Counts what is read; the feed begins it.
    pub(super) fn inflow(&self) -> Inflow {
        self.inflow.clone()
    }

    /// Ends the wait for a message that is too long, or takes too long, to become whole.
    fn judge_inflow(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let waiting = self.inflow.waiting();
        if waiting == 0 {
            self.message_by = None;
            return Ok(());
        }
        if waiting > MOST_UNFINISHED_BYTES {
            return Err(io::Error::other(Unfinished::TooLong));
        }
        let by = self.message_by.get_or_insert_with(|| Box::pin(sleep(LONGEST_MESSAGE)));
        if by.as_mut().poll(cx).is_ready() { Err(io::Error::other(Unfinished::TooLate)) } else { Ok(()) }
    }

    /// Passes on what a write answered, unless it has been waiting for too long.
    fn watch<T>(&mut self, written: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = false;
            return written;
        }
        let patience = self.patience;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep(patience)));
        if !self.waiting {
            alarm.as_mut().reset(Instant::now() + patience);
            self.waiting = true;
        }
        ready!(alarm.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read")))
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.inflow.add(buf.filled().len() - before);
        self.judge_inflow(cx)?;
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.watch(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.watch(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
