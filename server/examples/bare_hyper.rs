//! A bare hyper server that answers every request with the same bytes: the floor below which no server here gets.
//!
//! ```text
//! curl -s 'http://127.0.0.1:8080/tokens?limit=20' > page.json
//! cargo run --release -p server --example bare_hyper -- 127.0.0.1:8090 page.json
//! ```
//!
//! Address, file. Only addresses of this machine are accepted. It ends when it is told to.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |name: &str| arguments.next().ok_or_else(|| format!("missing argument: {name}"));
    let address: SocketAddr = next("address")?.parse()?;
    let body = Bytes::from(std::fs::read(next("file")?)?);
    if !address.ip().is_loopback() {
        return Err("only this machine".into());
    }
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let body = body.clone();
        tokio::spawn(async move {
            let answer = service_fn(move |_: Request<hyper::body::Incoming>| {
                let mut response = Response::new(Full::new(body.clone()));
                response
                    .headers_mut()
                    .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
                async { Ok::<_, Infallible>(response) }
            });
            // A client that leaves is no failure.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}
