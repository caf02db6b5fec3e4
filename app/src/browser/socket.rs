//! A WebSocket whose events go to the feed.

use js_sys::{ArrayBuffer, Uint8Array};
use memescope::feed::client::Request;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{BinaryType, Event, MessageEvent, WebSocket};

use crate::frame::Frame;

/// The protocol that the page speaks.
const PROTOCOL: &str = "memescope.v1.bin";

/// An open or opening socket. Dropping it closes it silently.
pub(super) struct Socket {
    inner: WebSocket,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(Event)>,
}

impl Socket {
    /// Opens a socket to this page's server; `None` when the browser refuses.
    pub(super) fn open(on_frame: impl Fn(Frame) + 'static, on_close: impl Fn() + 'static) -> Option<Self> {
        let location = leptos::prelude::window().location();
        let scheme = if location.protocol().ok()? == "https:" { "wss" } else { "ws" };
        let url = format!("{scheme}://{}/ws", location.host().ok()?);
        let socket = WebSocket::new_with_str(&url, PROTOCOL).ok()?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            let frame = match (data.as_string(), data.dyn_ref::<ArrayBuffer>()) {
                (Some(text), _) => Frame::read(&text),
                (None, Some(bytes)) => Frame::read_compact(&Uint8Array::new(bytes).to_vec()),
                (None, None) => None,
            };
            if let Some(frame) = frame {
                on_frame(frame);
            }
        });
        let on_close = Closure::<dyn FnMut(Event)>::new(move |_| on_close());
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Some(Self { inner: socket, _on_message: on_message, _on_close: on_close })
    }

    /// Sends a request; on a socket that is not open it is lost, and the close that follows starts anew.
    pub(super) fn send(&self, request: &Request) {
        if let Ok(text) = serde_json::to_string(request) {
            let _ = self.inner.send_with_str(&text);
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.inner.set_onmessage(None);
        self.inner.set_onclose(None);
        let _ = self.inner.close();
    }
}
