//! A WebSocket: messages come in through the library, frames go out as they lie.
//!
//! The library copies what it sends into a buffer of each socket's own, which stays as large as its largest frame. But a
//! frame of the feed goes to many sockets, and nothing of it differs between them: so it is written from where all of
//! them share it. What the library says by itself (answers to pings and to a close) goes its own way; it is never mixed into
//! a frame.

use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Error, Message};

use super::frame::Frame;

/// What a socket keeps to read into; a longer message gets its room when its head says so.
const READ_BUFFER_BYTES: usize = 512;

/// So many frames go out in one call at most.
const FRAMES_AT_ONCE: usize = 16;

/// A server's end of a WebSocket, after the handshake.
#[derive(Debug)]
pub(super) struct Socket<S> {
    stream: S,
    protocol: WebSocketContext,
    /// The library may have something to say: it heard what it answers by itself.
    owes: bool,
    /// Nothing more can be read.
    ended: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// The socket on a stream; a longer message than this is an error.
    pub(super) fn new(stream: S, longest_message: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(longest_message))
            .max_frame_size(Some(longest_message));
        Self { stream, protocol: WebSocketContext::new(Role::Server, Some(config)), owes: false, ended: false }
    }

    /// The next message of the client. After an error there are no more. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Result<Message, Error> {
        if self.ended {
            return Err(Error::AlreadyClosed);
        }
        let message = self.ask(|protocol, stream| protocol.read(stream)).await;
        self.ended = message.is_err();
        self.owes |= !matches!(message, Ok(Message::Text(_) | Message::Binary(_) | Message::Pong(_)));
        message
    }

    /// Writes frames, all of them. A dropped future leaves half a frame: nothing can be written any more then.
    pub(super) async fn send(&mut self, frames: &[Frame]) -> Result<(), Error> {
        self.flush().await?;
        let (mut rest, mut begun) = (frames, 0);
        while let [frame, later @ ..] = rest {
            if begun >= frame.wire().len() {
                (rest, begun) = (later, begun - frame.wire().len());
                continue;
            }
            match poll_fn(|cx| self.poll_write(cx, rest, begun)).await? {
                0 => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                written => begun += written,
            }
        }
        Ok(())
    }

    /// Asks whether the client is there.
    pub(super) async fn ping(&mut self) -> Result<(), Error> {
        let ping = |protocol: &mut WebSocketContext, stream: &mut Polled<'_, '_, S>| {
            // It is kept even when the stream has no room for it, and must not be asked twice.
            match protocol.write(stream, Message::Ping(bytes::Bytes::new())) {
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
                done => done,
            }
        };
        self.owes = true;
        self.ask(ping).await?;
        self.flush().await
    }

    /// Writes what the library still has to say.
    pub(super) async fn flush(&mut self) -> Result<(), Error> {
        if self.owes {
            self.ask(|protocol, stream| protocol.flush(stream)).await?;
            self.owes = false;
        }
        Ok(())
    }

    /// Says why nothing more comes.
    pub(super) async fn close(&mut self, why: CloseFrame) -> Result<(), Error> {
        let mut why = Some(why);
        self.ask(|protocol, stream| protocol.close(stream, why.take())).await
    }

    /// Lets the library work until it need not wait for the stream.
    async fn ask<T>(
        &mut self,
        mut work: impl FnMut(&mut WebSocketContext, &mut Polled<'_, '_, S>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        poll_fn(|cx| {
            let mut stream = Polled { stream: &mut self.stream, cx };
            match work(&mut self.protocol, &mut stream) {
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
                done => Poll::Ready(done),
            }
        })
        .await
    }

    /// Writes of the first frames what the stream takes; of the very first one so many bytes are gone already.
    fn poll_write(&mut self, cx: &mut Context<'_>, frames: &[Frame], begun: usize) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.stream);
        if let [only] = frames {
            return stream.poll_write(cx, &only.wire()[begun..]);
        }
        let mut slices = [IoSlice::new(&[]); FRAMES_AT_ONCE];
        let count = frames.len().min(slices.len());
        for (slice, frame) in slices.iter_mut().zip(frames) {
            *slice = IoSlice::new(frame.wire());
        }
        slices[0].advance(begun);
        stream.poll_write_vectored(cx, &slices[..count])
    }
}

/// A stream for the library, which knows of no waiting: it is told that it would have to.
struct Polled<'a, 'b, S> {
    stream: &'a mut S,
    cx: &'a mut Context<'b>,
}

fn now_or_never<T>(polled: Poll<io::Result<T>>) -> io::Result<T> {
    match polled {
        Poll::Ready(done) => done,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl<S: AsyncRead + Unpin> Read for Polled<'_, '_, S> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut room = ReadBuf::new(room);
        now_or_never(Pin::new(&mut *self.stream).poll_read(self.cx, &mut room))?;
        Ok(room.filled().len())
    }
}

impl<S: AsyncWrite + Unpin> Write for Polled<'_, '_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        now_or_never(Pin::new(&mut *self.stream).poll_write(self.cx, bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        now_or_never(Pin::new(&mut *self.stream).poll_flush(self.cx))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use futures::{SinkExt as _, StreamExt as _};
    use proptest::prelude::*;
    use tokio::io::DuplexStream;
    use tokio_tungstenite::WebSocketStream;

    use super::*;

    fn frame(is_text: bool, length: usize) -> Frame {
        let text: String = ('a'..='w').cycle().take(length).collect();
        if is_text { Frame::text(&text) } else { Frame::binary(text.as_bytes()) }
    }

    /// Both ends; so many bytes lie between them at most.
    async fn pair(room: usize) -> (Socket<DuplexStream>, WebSocketStream<DuplexStream>) {
        let (server, client) = tokio::io::duplex(room);
        (Socket::new(server, 1024), WebSocketStream::from_raw_socket(client, Role::Client, None).await)
    }

    /// What a client reads up to the close.
    async fn read(client: &mut WebSocketStream<DuplexStream>) -> Vec<Message> {
        let mut got = Vec::new();
        loop {
            match client.next().await.unwrap().unwrap() {
                Message::Close(_) => return got,
                message => got.push(message),
            }
        }
    }

    fn message(frame: &Frame) -> Message {
        let bytes = frame.bytes();
        if frame.is_binary() {
            Message::Binary(bytes.to_vec().into())
        } else {
            Message::Text(std::str::from_utf8(bytes).unwrap().into())
        }
    }

    fn bye() -> CloseFrame {
        CloseFrame { code: 1000.into(), reason: "done".into() }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

        #[test]
        fn a_client_reads_what_was_sent_however_little_goes_at_a_time(
            small in prop::collection::vec((any::<bool>(), prop_oneof![0..4_usize, 120..130_usize]), 0..40),
            large in prop::collection::vec((any::<bool>(), 65_530..65_540_usize), 0..3),
            room in 1..4000_usize,
        ) {
            let frames: Vec<Frame> = small.iter().chain(&large).chain(&small).map(|(is_text, length)| frame(*is_text, *length)).collect();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let got = runtime.block_on(async {
                let (mut server, mut client) = pair(room).await;
                let serve = async {
                    server.send(&frames).await.unwrap();
                    server.close(bye()).await.unwrap();
                };
                tokio::join!(serve, read(&mut client)).1
            });
            prop_assert_eq!(got, frames.iter().map(message).collect::<Vec<_>>());
        }
    }

    #[tokio::test]
    async fn what_the_library_says_stands_between_frames() {
        let (mut server, mut client) = pair(9).await;
        client.send(Message::Ping("?".into())).await.unwrap();
        let serve = async {
            assert_eq!(server.next().await.unwrap(), Message::Ping("?".into()));
            server.send(&[frame(true, 300), frame(false, 300)]).await.unwrap();
            server.ping().await.unwrap();
            server.send(&[frame(true, 20)]).await.unwrap();
            server.close(bye()).await.unwrap();
        };
        let ((), got) = tokio::join!(serve, read(&mut client));
        let [first, second, third] = [frame(true, 300), frame(false, 300), frame(true, 20)].each_ref().map(message);
        assert_eq!(got, [Message::Pong("?".into()), first, second, Message::Ping("".into()), third]);
    }

    #[tokio::test]
    async fn a_close_is_answered_and_ends_it() {
        let (mut server, mut client) = pair(64).await;
        client.close(Some(bye())).await.unwrap();
        assert_eq!(server.next().await.unwrap(), Message::Close(Some(bye())));
        let _ = server.flush().await;
        assert!(server.next().await.is_err());
        assert_eq!(client.next().await.unwrap().unwrap(), Message::Close(Some(bye())));
    }

    #[tokio::test]
    async fn a_longer_message_than_allowed_is_an_error_and_the_last() {
        let (mut server, mut client) = pair(4096).await;
        client.send(Message::Text("x".repeat(1025).into())).await.unwrap();
        client.send(Message::Text("x".into())).await.unwrap();
        assert!(matches!(server.next().await, Err(Error::Capacity(_))));
        assert!(matches!(server.next().await, Err(Error::AlreadyClosed)));
    }
}
