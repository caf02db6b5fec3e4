//! The handshake: who may open a socket, and how it is set up.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Extension;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, State, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::connection::serve;
use super::frame::Encoding;
use super::hub::Hub;
use super::inflow::Inflow;
use super::limits::{ClientAddr, stopping};
use super::session::MAX_MESSAGE_BYTES;
use crate::observe;
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
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("null"));
    let Ok(upgrade) = upgrade else {
        let detail = "This is a WebSocket: connect with an Upgrade request, version 13.";
        let mut response = problem(StatusCode::UPGRADE_REQUIRED, "upgrade_required", detail);
        for (name, value) in
            [(header::UPGRADE, "websocket"), (header::CONNECTION, "Upgrade"), (header::SEC_WEBSOCKET_VERSION, "13")]
        {
            response.headers_mut().insert(name, header::HeaderValue::from_static(value));
        }
        return response;
    };
    // Two origins are nobody's.
    let is_one = headers.get_all(header::ORIGIN).iter().nth(1).is_none();
    if !is_one || !hub.config.origins.allow(text(header::ORIGIN), text(header::HOST)) {
        return problem(StatusCode::FORBIDDEN, "origin_not_allowed", "Pages of this origin may not connect.");
    }
    if hub.closing.is_cancelled() {
        return stopping().into_response();
    }
    let address = client
        .map(|Extension(ClientAddr(address))| address)
        .or(peer.map(|Extension(ConnectInfo(peer))| peer.ip()))
        .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let place = match hub.sockets.take(address) {
        Ok(place) => place,
        Err(full) => {
            observe::socket_refused(full.word());
            return full.problem().into_response();
        }
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

fn problem(status: StatusCode, code: &'static str, detail: &str) -> Response {
    Problem::new(status, code, detail).into_response()
}
