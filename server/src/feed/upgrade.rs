//! The handshake: who may open a socket, and how it is set up.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, State, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::admission::admit;
use super::connection::serve;
use super::frame::Encoding;
use super::hub::Hub;
use super::inflow::Inflow;
use super::limits::ClientAddr;
use super::session::MAX_MESSAGE_BYTES;
use crate::problem::Problem;

/// The subprotocols, the one that we like better first. Who names none speaks JSON.
const COMPACT: &str = "memescope.v1.bin";
const JSON: &str = "memescope.v1.json";

/// Per socket; the library's own choice is 128 KiB each way.
const READ_BUFFER_BYTES: usize = 2048;
const WRITE_BUFFER_BYTES: usize = 4096;

pub(super) async fn upgrade(
    State(hub): State<Arc<Hub>>,
    client: Option<Extension<ClientAddr>>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    inflow: Option<Extension<Inflow>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else {
        let detail = "This is a WebSocket: connect with an Upgrade request, version 13.";
        let mut response = Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", detail).into_response();
        for (name, value) in
            [(header::UPGRADE, "websocket"), (header::CONNECTION, "Upgrade"), (header::SEC_WEBSOCKET_VERSION, "13")]
        {
            response.headers_mut().insert(name, header::HeaderValue::from_static(value));
        }
        return response;
    };
    let place = match admit(&hub, &headers, client, peer) {
        Ok(place) => place,
        Err(problem) => return problem.into_response(),
    };
    let inflow = inflow.map(|Extension(inflow)| inflow).unwrap_or_default();
    let upgrade = upgrade.protocols([COMPACT, JSON]);
    let is_compact = upgrade.selected_protocol().is_some_and(|protocol| protocol == COMPACT);
    let encoding = if is_compact { Encoding::Compact } else { Encoding::Json };
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES)
        .on_upgrade(move |socket| serve(hub, socket, encoding, place, inflow))
}
