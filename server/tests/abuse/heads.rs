//! Requests that are two requests, or none.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, sleep, timeout};

use crate::house::{Answer, House, PATIENCE, ask, request};
use crate::wire::UPGRADE;

/// What must not be answered: it stands where only a body may.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: test\r\n\r\n";

/// A request whose length can be read in two ways. What follows its head is a chunk that ends it, and a request.
fn two_faced(headers: &str) -> String {
    format!("POST /livez HTTP/1.1\r\nhost: test\r\n{headers}\r\n0\r\n\r\n{SMUGGLED}")
}

#[tokio::test]
async fn http_no_request_hides_in_another() {
    let house = House::new();
    let long = 5 + SMUGGLED.len();
    let chunked = "transfer-encoding: chunked\r\n";
    for (what, bytes, statuses) in [
        ("two kinds of length", two_faced(&format!("content-length: {long}\r\n{chunked}")), &[405][..]),
        ("two kinds of length, turned", two_faced(&format!("{chunked}content-length: {long}\r\n")), &[405]),
        ("two kinds of length, short", two_faced(&format!("content-length: 5\r\n{chunked}")), &[405]),
        ("two lengths", two_faced(&format!("content-length: 5\r\ncontent-length: {long}\r\n")), &[400]),
        ("two lengths in a list", two_faced(&format!("content-length: 5, {long}\r\n")), &[400]),
        ("a length with a sign", two_faced(&format!("content-length: +{long}\r\n")), &[400]),
        ("a length below nothing", two_faced("content-length: -1\r\n"), &[400]),
        ("a length in hexadecimal", two_faced("content-length: 0x5\r\n"), &[400]),
        ("a length of many digits", two_faced(&format!("content-length: {}\r\n", "9".repeat(40))), &[400]),
        ("an empty length", two_faced("content-length: \r\n"), &[400]),
        ("a space before the colon", two_faced(&format!("content-length : {long}\r\n")), &[400]),
        ("a coding of nobody", two_faced("transfer-encoding: xchunked\r\n"), &[400]),
        ("a coding after chunked", two_faced("transfer-encoding: chunked, identity\r\n"), &[400]),
        ("a coding with a vertical tab", two_faced("transfer-encoding:\u{b}chunked\r\n"), &[400]),
        ("a coding in quotes", two_faced("transfer-encoding: \"chunked\"\r\n"), &[400]),
        ("a folded coding", two_faced("transfer-encoding:\r\n chunked\r\n"), &[400]),
        ("a coding of the old protocol", format!("POST /livez HTTP/1.0\r\n{chunked}\r\n0\r\n\r\n{SMUGGLED}"), &[400]),
        ("a chunk of no number", two_chunks("x"), &[400, 404]),
        ("a chunk with a sign", two_chunks("+0"), &[400, 404]),
        ("a chunk of many digits", two_chunks("fffffffffffffffff"), &[400, 404]),
        ("a chunk with a bare end of line", two_chunks("0\n"), &[400, 404]),
        ("a return in a header", format!("GET /livez HTTP/1.1\r\nhost: test\r\na: b\rc: d\r\n\r\n{SMUGGLED}"), &[400]),
        (
            "two hosts",
            format!("GET /livez HTTP/1.1\r\nhost: test\r\nhost: evil\r\nconnection: close\r\n\r\n{SMUGGLED}"),
            &[400],
        ),
        ("a zero byte in a header", format!("GET /livez HTTP/1.1\r\nhost: test\r\na: b\0c\r\n\r\n{SMUGGLED}"), &[400]),
        ("a header without a name", format!("GET /livez HTTP/1.1\r\nhost: test\r\n: b\r\n\r\n{SMUGGLED}"), &[400]),
        ("a header without a colon", format!("GET /livez HTTP/1.1\r\nhost: test\r\nabc\r\n\r\n{SMUGGLED}"), &[400]),
        ("a folded header", format!("GET /livez HTTP/1.1\r\nhost: test\r\na: b\r\n c\r\n\r\n{SMUGGLED}"), &[400]),
        ("a space before a header", format!("GET /livez HTTP/1.1\r\n host: test\r\n\r\n{SMUGGLED}"), &[400]),
    ] {
        let answer = house.ask(bytes).await;
        assert!(!answer.0.contains("/smuggled"), "{what}: {}", answer.0);
        assert_eq!(answer.count(), 1, "{what}: {}", answer.0);
        assert!(statuses.contains(&answer.status()), "{what}: {}", answer.0);
    }
    assert_eq!(house.get("/livez").await.status(), 200);
}

fn two_chunks(size: &str) -> String {
    format!(
        "POST /tokens/query HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{size}\r\n\r\n{SMUGGLED}"
    )
}

#[tokio::test]
async fn http_what_no_request_looks_like_is_refused_and_closed() {
    let house = House::new();
    let plain = |line: &str, headers: &str| format!("{line}\r\nhost: test\r\nconnection: close\r\n{headers}\r\n");
    for (what, bytes, statuses) in [
        ("ten thousand headers", plain("GET /livez HTTP/1.1", &"a: 1\r\n".repeat(10_000)), &[431][..]),
        (
            "a hundred thousand bytes of headers",
            plain("GET /livez HTTP/1.1", &format!("a: {}\r\n", "a".repeat(100_000))),
            &[431],
        ),
        (
            "a long name of a header",
            plain("GET /livez HTTP/1.1", &format!("{}: 1\r\n", "a".repeat(100_000))),
            &[400, 431],
        ),
        ("an address of 64 kilobytes", request("GET", &format!("/tokens?q={}", "a".repeat(64 * 1024)), ""), &[414]),
        ("an address of 17 kilobytes", request("GET", &format!("/{}", "a".repeat(17 * 1024)), ""), &[414]),
        ("a method of 10,000 letters", request(&"A".repeat(10_000), "/livez", ""), &[400, 405]),
        ("a tunnel", request("CONNECT", "test:443", ""), &[405]),
        ("a trace", request("TRACE", "/", "x-secret: 1\r\n"), &[405]),
        ("a method of nobody", request("BREW", "/tokens", ""), &[405]),
        ("a space in the address", request("GET", "/tok ens", ""), &[400]),
        ("no address", "GET HTTP/1.1\r\n\r\n".to_owned(), &[400]),
        ("an address without a slash", request("GET", "tokens", ""), &[404]),
        ("a version of nobody", "GET /livez HTTP/9.9\r\nhost: test\r\n\r\n".to_owned(), &[400]),
        ("the oldest protocol", "GET /livez\r\n\r\n".to_owned(), &[400]),
        ("a handshake of TLS", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\r\n\r\n".to_owned(), &[400]),
        ("a line of another protocol", "EHLO evil.example\r\n\r\n".to_owned(), &[400]),
        ("zero bytes", "\0".repeat(1000), &[400]),
        (
            "a body of 64 MB",
            request("POST", "/tokens/query", "content-type: application/json\r\ncontent-length: 67108864\r\n"),
            &[413],
        ),
    ] {
        let answer = house.ask(bytes).await;
        assert_eq!(answer.count(), 1, "{what}: {}", answer.0);
        assert!(statuses.contains(&answer.status()), "{what}: {}", answer.0);
        assert!(!answer.0.contains("x-secret"), "{what}");
    }
}

#[tokio::test]
async fn http_the_absolute_form_and_a_strange_host_change_nothing() {
    let house = House::new();
    let plain = house.get("/tokens?limit=2").await;
    for (what, bytes) in [
        ("absolute form", request("GET", "http://evil.example/tokens?limit=2", "")),
        ("another host", "GET /tokens?limit=2 HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n".to_owned()),
        ("a forwarded host", request("GET", "/tokens?limit=2", "x-forwarded-host: evil.example\r\n")),
        ("a forwarded scheme", request("GET", "/tokens?limit=2", "x-forwarded-proto: evil\r\n")),
        ("another address", request("GET", "/tokens?limit=2", "x-original-url: /evil\r\nx-rewrite-url: /evil\r\n")),
        ("another method", request("GET", "/tokens?limit=2", "x-http-method-override: DELETE\r\n")),
    ] {
        let answer = house.ask(bytes).await;
        assert_eq!((answer.status(), answer.json()), (200, plain.json()), "{what}");
        assert_eq!(answer.header("etag"), plain.header("etag"));
        assert_eq!(answer.header("link"), plain.header("link"));
        assert!(!answer.0.contains("evil"), "{what}: {}", answer.0);
    }
}

#[tokio::test]
async fn http_the_second_version_is_not_spoken() {
    let house = House::new();
    let preface = house.ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0").await;
    // It ends without a word in either version.
    assert_eq!(preface.0, "");
    let upgrade = request("GET", "/livez", "http2-settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n");
    let upgrade = upgrade.replace("connection: close", "connection: close, upgrade, http2-settings\r\nupgrade: h2c");
    let answer = house.ask(upgrade).await;
    assert!(answer.0.starts_with("HTTP/1.1 200 "), "{}", answer.0);
}

/// Drips on many connections until the server has closed them all; how long that took.
async fn drip(house: &House, head: &str, drop: &[u8]) -> Duration {
    let began = Instant::now();
    let mut streams = Vec::new();
    for _ in 0..30 {
        let mut stream = house.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    for _ in 0..60 {
        sleep(Duration::from_secs(1)).await;
        let mut open = false;
        for stream in &mut streams {
            // Whatever was answered, the end counts.
            let mut read = [0; 4096];
            let ended = loop {
                match stream.try_read(&mut read) {
                    Ok(0) => break true,
                    Ok(_) => {}
                    Err(error) => break error.kind() != std::io::ErrorKind::WouldBlock,
                }
            };
            open |= !ended && stream.write_all(drop).await.is_ok();
        }
        if !open {
            break;
        }
    }
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn http_whatever_drips_is_cut_off_while_others_are_served() {
    let house = House::new();
    for (what, head, drop) in [
        ("a line", "GET /liv", &b"e"[..]),
        ("a head", "GET /livez HTTP/1.1\r\nhost: test\r\n", b"x: 1\r\n"),
        ("a handshake", UPGRADE, b"x: 1\r\n"),
        (
            "a body",
            "POST /tokens/query HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n",
            b" ",
        ),
        ("a body for nobody", "POST /livez HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\n", b" "),
        (
            "chunks",
            "POST /tokens/query HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
            b"1\r\n \r\n",
        ),
        ("empty lines", "\r\n", b"\r\n"),
    ] {
        let took = drip(&house, head, drop).await;
        assert!(took <= Duration::from_secs(13), "{what}: {took:?}");
        assert_eq!(house.get("/livez").await.status(), 200, "{what}");
    }
}

#[tokio::test]
async fn http_many_ranges_are_one_answer() {
    let house = House::new();
    let ranges: Vec<String> = (0..1000).map(|from| format!("{from}-")).collect();
    for target in ["/tokens", "/pkg/memescope.0.js", "/livez"] {
        let answer = house.ask(request("GET", target, &format!("range: bytes={}\r\n", ranges.join(",")))).await;
        assert!([200, 416].contains(&answer.status()), "{target}: {}", answer.status());
        assert!(answer.0.len() < 500_000);
    }
}

#[tokio::test]
async fn http_a_pipeline_is_answered_in_order_and_ends() {
    let house = House::new();
    let stream = house.connect().await;
    stream.set_nodelay(true).unwrap();
    let many = "GET /livez HTTP/1.1\r\nhost: test\r\n\r\n".repeat(500);
    let answer = timeout(PATIENCE, ask(stream, many + &request("GET", "/nowhere", ""))).await.unwrap();
    assert_eq!(answer.count(), 501);
    assert!(answer.0.contains("not_found"));
    assert_ne!(answer, Answer(String::new()));
}
