//! A bare hyper server that answers every request with the same bytes: the floor below which no server here gets.
//!
//! ```text
//! curl -s -D head.txt 'http://127.0.0.1:8080/tokens?limit=20' > page.json
//! cargo run --release -p server --example bare_hyper -- 127.0.0.1:8090 page.json head.txt
//! ```
//!
//! Address, file, and the head of an answer whose headers are sent too; without it there is a content type alone. Only
//! addresses of this machine are accepted. It ends when it is told to.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What the library writes by itself.
const OF_THE_LIBRARY: [HeaderName; 4] = [CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING];

/// The headers of a head as `curl -D` writes it.
fn headers(head: &str) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        let name: HeaderName = name.parse()?;
        if !OF_THE_LIBRARY.contains(&name) {
            headers.append(name, HeaderValue::from_str(value.trim_end())?);
        }
    }
    Ok(headers)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |name: &str| arguments.next().ok_or_else(|| format!("missing argument: {name}"));
    let address: SocketAddr = next("address")?.parse()?;
    let body = Bytes::from(std::fs::read(next("file")?)?);
    let headers = match arguments.next() {
        Some(file) => headers(&std::fs::read_to_string(file)?)?,
        None => [(CONTENT_TYPE, HeaderValue::from_static("application/json"))].into_iter().collect(),
    };
    if !address.ip().is_loopback() {
        return Err("only this machine".into());
    }
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (body, headers) = (body.clone(), headers.clone());
        tokio::spawn(async move {
            let answer = service_fn(move |_: Request<hyper::body::Incoming>| {
                let mut response = Response::new(Full::new(body.clone()));
                response.headers_mut().clone_from(&headers);
                async { Ok::<_, Infallible>(response) }
            });
            // A client that leaves is no failure.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}
