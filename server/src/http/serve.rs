//! Accepting connections, and letting them end.

use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use futures::future::Either;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::connection::Connection;
use super::shortcut::Shortcut;
use crate::observe;

/// A head, longer than any address we answer to be able to say so.
const MAX_HEAD_BYTES: usize = 80 * 1024;

/// What a connection may hold of what it reads or is about to write.
const MAX_BUFFER_BYTES: usize = 96 * 1024;

/// Refusals under way; beyond them a connection is closed without a word.
const MAX_REFUSALS: usize = 64;

/// How long a refused client may take to take note.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(1);

/// What a client hears when there is no place for one more connection.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    Content-Type: application/problem+json\r\n\
    Content-Length: 127\r\n\
    Cache-Control: no-store\r\n\
    Retry-After: 5\r\n\
    Connection: close\r\n\r\n\
    {\"type\":\"/problems/overloaded\",\"title\":\"Overloaded\",\"status\":503,\"detail\":\"Too many connections are open.\",\"code\":\"overloaded\"}";

/// How connections are treated.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Connections in all, sockets of the feed included.
    pub max_connections: u32,
    /// How long the head of a request may take; so long may a connection be idle too.
    pub head_timeout: Duration,
    /// How long nothing can be written before the client counts as gone.
    pub write_timeout: Duration,
    /// How long requests under way may take to end after a shutdown has begun.
    pub drain: Duration,
}

impl ServeOptions {
    /// The usual treatment where so many files may be open: a fifth of them is left for everything else.
    pub fn for_open_files(open_files: u64) -> Self {
        let max_connections = u32::try_from(open_files / 5 * 4).unwrap_or(u32::MAX);
        Self {
            max_connections: max_connections.clamp(16, 1 << 24),
            head_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(15),
            drain: Duration::from_secs(15),
        }
    }
}

/// What a port serves: routes, and a way past them for what is at hand.
#[derive(Clone, Debug)]
pub struct Served {
    /// The routes with all that is around them.
    pub router: Router,
    /// For what is at hand whole.
    pub shortcut: Option<Shortcut>,
}

impl From<Router> for Served {
    fn from(router: Router) -> Self {
        Self { router, shortcut: None }
    }
}

/// Serves until `shutdown` is cancelled, then lets the requests under way end, and the sockets of the feed when they are
/// told to close. What is still open after the drain is cut.
pub async fn serve(
    listener: TcpListener,
    served: impl Into<Served>,
    options: ServeOptions,
    shutdown: CancellationToken,
) {
    let server = Arc::new(Server {
        served: served.into(),
        http: builder(&options),
        places: Arc::new(Semaphore::new(options.max_connections as usize)),
        refusals: Arc::new(Semaphore::new(MAX_REFUSALS)),
        connections: TaskTracker::new(),
        draining: shutdown.clone(),
        cut: CancellationToken::new(),
        options,
    });
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = server.accept(&listener) => {}
    }
    drop(listener);
    server.drain().await;
}

fn builder(options: &ServeOptions) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(options.head_timeout)
        .max_buf_size(MAX_BUFFER_BYTES)
        .max_header_size(MAX_HEAD_BYTES);
    http
}

struct Server {
    served: Served,
    http: http1::Builder,
    places: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    connections: TaskTracker,
    draining: CancellationToken,
    /// Ends what the drain did not.
    cut: CancellationToken,
    options: ServeOptions,
}

impl Server {
    /// Accepts for ever.
    async fn accept(self: &Arc<Self>, listener: &TcpListener) {
        let mut pause = Pause::default();
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    pause = Pause::default();
                    self.admit(stream, peer);
                }
                // The client is gone already; the next one may be fine.
                Err(error) if is_of_the_client(&error) => {}
                // No more files or memory: the next try would fail at once, and the one after it.
                Err(error) => pause.rest(&error).await,
            }
        }
    }

    fn admit(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        // Inherited from the listener where the system does so.
        let _ = stream.set_nodelay(true);
        match self.places.clone().try_acquire_owned() {
            Ok(place) => {
                let connection = Connection::new(stream, self.options.write_timeout, place);
                let server = self.clone();
                self.connections.spawn(async move {
                    tokio::select! {
                        () = server.converse(connection, peer) => {}
                        () = server.cut.cancelled() => {}
                    }
                });
            }
            Err(_) => self.refuse(stream),
        }
    }

    /// Answers the requests of a connection.
    async fn converse(&self, connection: Connection, peer: SocketAddr) {
        let inflow = connection.inflow();
        let service = hyper::service::service_fn(|mut request: Request<Incoming>| {
            let at_hand = self.served.shortcut.as_ref().and_then(|shortcut| shortcut.answer(&request, peer));
            if let Some(answer) = at_hand {
                return Either::Left(ready(Ok(answer)));
            }
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(inflow.clone());
            Either::Right(self.served.router.clone().oneshot(request.map(Body::new)))
        });
        let serving = self.http.serve_connection(TokioIo::new(connection), service).with_upgrades();
        tokio::pin!(serving);
        let ended = tokio::select! {
            ended = serving.as_mut() => ended,
            () = self.draining.cancelled() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = ended {
            tracing::trace!(%peer, %error, "A connection broke");
        }
    }

    /// Says that there is no place, to so many at a time.
    fn refuse(&self, mut stream: TcpStream) {
        observe::connection_refused();
        let Ok(turn) = self.refusals.clone().try_acquire_owned() else { return };
        self.connections.spawn(async move {
            let _turn = turn;
            let tell = async {
                stream.write_all(FULL).await?;
                stream.shutdown().await?;
                // Closing with unread bytes would take the answer back.
                let mut rest = [0; 1024];
                while stream.read(&mut rest).await? > 0 {}
                io::Result::Ok(())
            };
            // A client that does not listen is closed all the same.
            let _ = timeout(REFUSAL_PATIENCE, tell).await;
        });
    }

    /// Waits until every place is free again, as long as it is worth it.
    async fn drain(&self) {
        let in_all = self.options.max_connections;
        let all = async {
            self.connections.close();
            self.connections.wait().await;
            // Sockets of the feed live on in tasks of their own. Nobody closes the semaphore.
            let _ = self.places.acquire_many(in_all).await;
        };
        if timeout(self.options.drain, all).await.is_err() {
            let open = (in_all as usize).saturating_sub(self.places.available_permits());
            tracing::warn!(connections = open, "Cut the connections that did not end in time");
            self.cut.cancel();
            self.connections.wait().await;
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

/// The pauses between failing accepts: longer each time, told once.
#[derive(Debug, Default)]
struct Pause {
    failures: u32,
}

impl Pause {
    const FIRST: Duration = Duration::from_millis(50);
    const LONGEST: Duration = Duration::from_secs(1);

    async fn rest(&mut self, error: &io::Error) {
        if self.failures == 0 {
            tracing::error!(%error, "No connection can be accepted; trying again");
        }
        sleep(self.next()).await;
    }

    fn next(&mut self) -> Duration {
        let pause = Self::FIRST.saturating_mul(1 << self.failures.min(10));
        self.failures += 1;
        pause.min(Self::LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_is_as_long_as_it_says() {
        let text = String::from_utf8_lossy(FULL);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{}", body.len());
        assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
    }

    #[test]
    fn failing_accepts_do_not_spin() {
        let mut pause = Pause::default();
        let pauses: Vec<_> = (0..40).map(|_| pause.next()).collect();
        assert_eq!(pauses[0], Pause::FIRST);
        assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(pauses[39], Pause::LONGEST);
    }

    #[test]
    fn a_fifth_of_the_files_is_left() {
        assert_eq!(ServeOptions::for_open_files(1000).max_connections, 800);
        assert_eq!(ServeOptions::for_open_files(0).max_connections, 16);
    }
}
