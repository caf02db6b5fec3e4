//! The handshake: who may open a socket, and how it is set up.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts as _, Request, State, WebSocketUpgrade};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tungstenite::handshake::derive_accept_key;

use super::admission::admit;
use super::connection::serve;
use super::frame::Encoding;
use super::hub::Hub;
use super::inflow::Inflow;
use super::limits::ClientAddr;
use super::session::MAX_MESSAGE_BYTES;
use super::socket::Socket;
use crate::problem::Problem;

/// The subprotocols, the one that we like better first. Who names none speaks JSON.
const COMPACT: &str = "memescope.v1.bin";
const JSON: &str = "memescope.v1.json";

pub(super) async fn upgrade(State(hub): State<Arc<Hub>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    // The extractor judges the request, but the socket is ours: it takes this with it.
    let upgrading = parts.extensions.get::<OnUpgrade>().cloned();
    let asked = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
    let key = parts.headers.get(header::SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let (Ok(asked), Some(upgrading), Some(Ok(accept))) = (asked, upgrading, key.map(HeaderValue::try_from)) else {
        return not_a_socket();
    };
    let client = parts.extensions.get::<ClientAddr>().copied().map(Extension);
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().copied().map(Extension);
    let place = match admit(&hub, &parts.headers, client, peer) {
        Ok(place) => place,
        Err(problem) => return problem.into_response(),
    };
    let inflow = parts.extensions.get::<Inflow>().cloned().unwrap_or_default();
    let asked = asked.protocols([COMPACT, JSON]);
    let protocol = asked.selected_protocol().cloned();
    let is_compact = protocol.as_ref().is_some_and(|protocol| protocol == COMPACT);
    let encoding = if is_compact { Encoding::Compact } else { Encoding::Json };
    tokio::spawn(async move {
        // Who leaves before the answer has had no socket.
        if let Ok(stream) = upgrading.await {
            serve(hub, Socket::new(TokioIo::new(stream), MAX_MESSAGE_BYTES), encoding, place, inflow).await;
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response
}

fn not_a_socket() -> Response {
    let detail = "This is a WebSocket: connect with an Upgrade request, version 13.";
    let mut response = Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", detail).into_response();
    for (name, value) in
        [(header::UPGRADE, "websocket"), (header::CONNECTION, "Upgrade"), (header::SEC_WEBSOCKET_VERSION, "13")]
    {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
