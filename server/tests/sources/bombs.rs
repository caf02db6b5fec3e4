//! Answers that are larger than any honest one, packed and unpacked. Ten MiB of blanks pack into a few KiB.

use std::io;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use futures::stream;
use server::sources::SourceError;
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;

use super::stub::{Reply, Stub};
use super::{config, sources};

#[tokio::test]
async fn a_flood_is_stopped() {
    for head in ["HTTP/1.1 200 X\r\nconnection: close\r\n\r\n[", "HTTP/1.1 200 X\r\ncontent-length: 209715200\r\n\r\n["]
    {
        let stub = Stub::always(Reply::Flood(head.into())).await;
        let result = sources(&config(&stub.base)).jupiter().recent().await;
        assert_eq!(result, Err(SourceError::TooLarge));
        assert_eq!(stub.heads().len(), 1);
    }
}

#[tokio::test]
async fn bombs_are_counted_unpacked() {
    let plain = CompressionLayer::new().no_gzip().no_br().no_zstd();
    for (name, layer) in
        [("gzip", plain.clone().gzip(true)), ("br", plain.clone().br(true)), ("zstd", plain.clone().zstd(true))]
    {
        let blanks = Bytes::from(vec![b' '; 1024 * 1024]);
        let big = move || async move {
            let chunks = (0..10).map(move |_| Ok::<_, io::Error>(blanks.clone()));
            ([(CONTENT_TYPE, "application/json")], Body::from_stream(stream::iter(chunks)))
        };
        let small = || async { ([(CONTENT_TYPE, "application/json")], " ".repeat(4096) + "[]") };
        let router =
            Router::new().route("/tokens/v2/recent", get(big)).route("/token-boosts/top/v1", get(small)).layer(layer);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        let sources = sources(&config(&base));
        assert_eq!(sources.jupiter().recent().await, Err(SourceError::TooLarge), "{name}");
        assert!(sources.dexscreener().boosts_top().await.is_ok(), "{name} is unpacked");
        server.abort();
    }
}
