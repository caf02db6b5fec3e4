//! A WebSocket whose events go to the feed.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, MessageEvent, WebSocket};

use crate::frame::Request;

/// The protocol that the page speaks.
const PROTOCOL: &str = "memescope.v1.json";

/// An open or opening socket. Dropping it closes it silently.
pub(super) struct Socket {
    inner: WebSocket,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(Event)>,
}

impl Socket {
    /// Opens a socket to this page's server; `None` when the browser refuses.
    pub(super) fn open(on_text: impl Fn(String) + 'static, on_close: impl Fn() + 'static) -> Option<Self> {
        let location = leptos::prelude::window().location();
        let scheme = if location.protocol().ok()? == "https:" { "wss" } else { "ws" };
        let url = format!("{scheme}://{}/ws", location.host().ok()?);
        let socket = WebSocket::new_with_str(&url, PROTOCOL).ok()?;
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                on_text(text);
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
