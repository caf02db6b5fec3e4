//! A WebSocket whose events go to the feed.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::Poll;

use futures_util::{Sink, Stream};
use gloo_net::websocket::Message;
use gloo_net::websocket::futures::WebSocket;
use memescope::feed::client::Request;

use crate::frame::{Frame, request};

/// The protocol that the page speaks.
const PROTOCOL: &str = "memescope.v1.bin";

/// An open or opening socket. Dropping it closes it silently.
pub(super) struct Socket(Rc<RefCell<WebSocket>>);

impl Socket {
    /// Opens a socket to this page's server; `None` when the browser refuses.
    pub(super) fn open(on_frame: impl Fn(Frame) + 'static, on_close: impl Fn() + 'static) -> Option<Self> {
        let location = leptos::prelude::window().location();
        let scheme = if location.protocol().ok()? == "https:" { "wss" } else { "ws" };
        let url = format!("{scheme}://{}/ws", location.host().ok()?);
        let socket = Rc::new(RefCell::new(WebSocket::open_with_protocol(&url, PROTOCOL).ok()?));
        // Whoever drops the socket need not know of the reader, which is left without one.
        let read = Rc::downgrade(&socket);
        leptos::task::spawn_local(async move {
            while let Some(message) = next(&read).await {
                let frame = match message {
                    Message::Text(text) => Frame::read(&text),
                    Message::Bytes(bytes) => Frame::read_compact(&bytes),
                };
                if let Some(frame) = frame {
                    on_frame(frame);
                }
            }
            if read.strong_count() > 0 {
                on_close();
            }
        });
        Some(Self(socket))
    }

    /// Sends a request; on a socket that is not open it is lost, and the close that follows starts anew.
    pub(super) fn send(&self, request: &Request) {
        if let Ok(mut socket) = self.0.try_borrow_mut() {
            let _ = Pin::new(&mut *socket).start_send(Message::Text(request::text(request)));
        }
    }
}

/// The next message; `None` when the socket is closed, broken or dropped.
async fn next(socket: &Weak<RefCell<WebSocket>>) -> Option<Message> {
    poll_fn(|context| match socket.upgrade() {
        Some(socket) => Pin::new(&mut *socket.borrow_mut()).poll_next(context),
        None => Poll::Ready(None),
    })
    .await?
    .ok()
}
