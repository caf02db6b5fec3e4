//! The door of the feed, the same for sockets and for streams: pages of other origins stay outside, and so does whoever
//! finds no place.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::Extension;
use axum::extract::ConnectInfo;
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, StatusCode};

use super::hub::Hub;
use super::limits::{ClientAddr, Place, stopping};
use crate::observe;
use crate::problem::Problem;

/// A header's text; one that is no text is nobody's.
pub(super) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("null"))
}

/// A place for whoever asks, or why there is none.
pub(super) fn admit(
    hub: &Hub,
    headers: &HeaderMap,
    client: Option<Extension<ClientAddr>>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
) -> Result<Place, Problem> {
    // Two origins are nobody's.
    let is_one = headers.get_all(header::ORIGIN).iter().nth(1).is_none();
    if !is_one || !hub.config.origins.allow(text(headers, header::ORIGIN), text(headers, header::HOST)) {
        let detail = "Pages of this origin may not connect.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "origin_not_allowed", detail));
    }
    if hub.closing.is_cancelled() {
        return Err(stopping());
    }
    let address = client
        .map(|Extension(ClientAddr(address))| address)
        .or(peer.map(|Extension(ConnectInfo(peer))| peer.ip()))
        .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    hub.sockets.take(address).map_err(|full| {
        observe::socket_refused(full.word());
        full.problem()
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use memescope::Timestamp;

    use super::*;
    use crate::clock::Clock;
    use crate::feed::FeedConfig;
    use crate::feed::testing::Market;

    #[tokio::test]
    async fn pages_of_others_and_of_two_origins_stay_outside() {
        let clock = Clock::from_runtime(Timestamp::from_secs(1));
        let hub = Hub::new(Market::new().store.clone(), clock, false, FeedConfig::default());
        let visit = |origins: &[&'static str]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("a:8080"));
            for origin in origins {
                headers.append(header::ORIGIN, HeaderValue::from_static(origin));
            }
            admit(&hub, &headers, None, None).map(drop).map_err(|problem| problem.status())
        };
        assert_eq!([visit(&[]), visit(&["http://a:8080"])], [Ok(()), Ok(())]);
        for origins in [&["http://evil"][..], &["http://a:8080", "http://evil"], &["http://a:8080", "http://a:8080"]] {
            assert_eq!(visit(origins), Err(StatusCode::FORBIDDEN), "{origins:?}");
        }
    }
}
