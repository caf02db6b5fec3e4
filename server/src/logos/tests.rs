//! Pictures over real connections. The double speaks no TLS, so the tests bring their own idea of what may be asked.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, State};
use axum::http::{Request, Response, StatusCode};
use axum::routing::get;
use futures::future::BoxFuture;
use image::ImageFormat;
use memescope::{Board, Source, Timestamp, Token};
use tower::ServiceExt as _;

use super::address::is_global;
use super::album::{Album, Key};
use super::cabinet::Cabinet;
use super::fetch::{Fetcher, MOST_BYTES, Names, NoPicture, Rules};
use super::picture::tests::file;
use super::route;
use crate::pages::testing::id;

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const NEIGHBOUR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

/// Any address by name, and connections to one address of this machine.
const LENIENT: Rules = Rules { may_ask: |_| true, may_connect: |address| address == HOME };

/// A resolver that answers what it was told to, one answer after the other; the last one stays.
#[derive(Debug)]
struct Told(Mutex<VecDeque<Vec<IpAddr>>>);

impl Told {
    fn new(answers: impl IntoIterator<Item = Vec<IpAddr>>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(answers.into_iter().collect())))
    }
}

impl Names for Told {
    fn addresses(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Box::pin(async move { Ok(answer.unwrap_or_default()) })
    }
}

/// Somebody's pictures.
struct Double {
    address: SocketAddr,
    hits: Arc<AtomicUsize>,
}

impl Double {
    async fn at(ip: IpAddr) -> Self {
        let listener = tokio::net::TcpListener::bind((ip, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let hits = Arc::new(AtomicUsize::new(0));
        let router = Router::new().route("/{what}", get(answer)).with_state(hits.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, hits }
    }

    fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }

    /// An address by name.
    fn url(&self, what: &str) -> String {
        format!("http://pictures.test:{}/{what}", self.address.port())
    }
}

async fn answer(State(hits): State<Arc<AtomicUsize>>, Path(what): Path<String>) -> Response<Body> {
    hits.fetch_add(1, Ordering::SeqCst);
    let answer = Response::builder();
    let kilobytes =
        |count: usize| futures::stream::iter((0..count).map(|_| Ok::<_, io::Error>(Bytes::from(vec![0; 1024]))));
    match what.as_str() {
        "png" => answer.body(file(ImageFormat::Png, 300, 300).into()),
        // What it says to be does not matter, only what it is.
        "liar" => answer.header("content-type", "image/svg+xml").body(file(ImageFormat::Gif, 30, 30).into()),
        "svg" => answer.header("content-type", "image/png").body("<svg xmlns='http://www.w3.org/2000/svg'/>".into()),
        "redirect" => answer.status(302).header("location", "/png").body(Body::empty()),
        "gone" => answer.status(404).body(file(ImageFormat::Png, 3, 3).into()),
        "packed" => answer.header("content-encoding", "gzip").body("x".into()),
        "just" => answer.body(Body::from_stream(kilobytes(MOST_BYTES / 1024))),
        "large" => answer.body(Body::from_stream(kilobytes(MOST_BYTES / 1024 + 1))),
        "endless" => answer.body(Body::from_stream(kilobytes(usize::MAX))),
        "announced" => {
            let length = MOST_BYTES + 1024;
            answer.header("content-length", length).body(Body::from_stream(kilobytes(length / 1024)))
        }
        "short" => answer.header("content-length", 4096).body(Body::from_stream(kilobytes(1))),
        "slow" => answer.body(Body::from_stream(futures::stream::pending::<io::Result<Bytes>>())),
        _ => answer.status(500).body(Body::empty()),
    }
    .unwrap()
}

fn fetcher(rules: Rules, names: Arc<Told>) -> Fetcher {
    Fetcher::new(rules, names).unwrap()
}

#[tokio::test]
async fn a_picture_comes_whole_or_not_at_all() {
    let double = Double::at(HOME).await;
    let fetcher = fetcher(LENIENT, Told::new([vec![HOME]]));
    assert_eq!(fetcher.fetch(&double.url("png")).await.unwrap(), file(ImageFormat::Png, 300, 300));
    assert_eq!(fetcher.fetch(&double.url("just")).await.unwrap().len(), MOST_BYTES);
    for (what, error) in [
        ("redirect", NoPicture::Status(302)),
        ("gone", NoPicture::Status(404)),
        ("packed", NoPicture::Packed),
        ("large", NoPicture::TooLarge),
        ("endless", NoPicture::TooLarge),
        ("announced", NoPicture::TooLarge),
        ("short", NoPicture::Interrupted),
    ] {
        assert_eq!(fetcher.fetch(&double.url(what)).await, Err(error), "{what}");
    }
    assert_eq!(double.hits(), 9, "nobody followed the redirect");
    assert_eq!(fetcher.fetch("http://pictures.test:1/png").await, Err(NoPicture::Connect));
    assert_eq!(fetcher.fetch("nonsense").await, Err(NoPicture::Address));
}

/// Time stands still, and goes on when nothing else does.
#[tokio::test(start_paused = true)]
async fn a_slow_one_is_given_up_after_five_seconds() {
    let double = Double::at(HOME).await;
    let fetcher = fetcher(LENIENT, Told::new([vec![HOME]]));
    let began = tokio::time::Instant::now();
    assert_eq!(fetcher.fetch(&double.url("slow")).await, Err(NoPicture::Slow));
    assert!(began.elapsed() <= Duration::from_secs(6), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_name_that_leads_home_is_not_followed() {
    let double = Double::at(HOME).await;
    // The real idea of where pictures may be.
    let strict = Rules { may_connect: is_global, ..LENIENT };
    for answer in [vec![HOME], vec!["1.1.1.1".parse().unwrap(), HOME], vec!["::1".parse().unwrap()], Vec::new()] {
        let fetcher = fetcher(strict, Told::new([answer.clone()]));
        assert_eq!(fetcher.fetch(&double.url("png")).await, Err(NoPicture::Connect), "{answer:?}");
    }
    // Of addresses in numbers nobody asks a resolver.
    let fetcher = fetcher(Rules::STRICT, Told::new([vec![HOME]]));
    let port = double.address.port();
    for host in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "localhost"] {
        let address = format!("https://{host}:{port}/png");
        assert_eq!(fetcher.fetch(&address).await, Err(NoPicture::Address), "{host}");
    }
    assert_eq!(double.hits(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_gains_nothing() {
    let (double, inside) = (Double::at(HOME).await, Double::at(NEIGHBOUR).await);
    // Each question has its own answer; the second one leads inside.
    let names = Told::new([vec![HOME], vec![NEIGHBOUR]]);
    let fetcher = fetcher(LENIENT, names.clone());
    assert!(fetcher.fetch(&double.url("png")).await.is_ok());
    assert_eq!(names.0.lock().unwrap().len(), 1, "one question for one connection");
    assert_eq!(fetcher.fetch(&inside.url("png")).await, Err(NoPicture::Connect));
    assert_eq!((double.hits(), inside.hits()), (1, 0));
}

/// The route over an album in which token 1 has the picture `what` of the double.
fn shown(double: &Double, what: &str) -> (Router, String) {
    let album = Album::of(LENIENT.may_ask);
    let address = double.url(what);
    album.learn(Source::Jupiter, vec![(id(1), address.as_str().into())]);
    let row = Arc::new(Token::new(id(1), Timestamp::from_secs(1)));
    let board = Board { tokens: [(id(1), row)].into_iter().collect(), ..Board::default() };
    album.tell(&mut Board::default().diff(&board), &board);
    let cabinet = Cabinet::new(album, fetcher(LENIENT, Told::new([vec![HOME]])));
    (route(Some(cabinet)), format!("/logos/{}", Key::of(&address)))
}

async fn ask(router: &Router, path: &str, tag: Option<&str>) -> Response<Body> {
    let request = tag.into_iter().fold(Request::get(path), |request, tag| request.header("if-none-match", tag));
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_picture_is_drawn_anew_and_fetched_once_for_all() {
    for what in ["png", "liar"] {
        let double = Double::at(HOME).await;
        let (router, path) = shown(&double, what);
        let all = futures::future::join_all((0..20).map(|_| ask(&router, &path, None))).await;
        assert!(all.iter().all(|answer| answer.status() == StatusCode::OK));
        let answer = ask(&router, &path, None).await;
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "image/png");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox");
        assert_eq!(header("cache-control"), "public, max-age=86400");
        let tag = header("etag");
        let same = ask(&router, &path, Some(&tag)).await;
        assert_eq!((same.status(), &same.headers()["etag"]), (StatusCode::NOT_MODIFIED, &answer.headers()["etag"]));
        let png = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let image = image::load_from_memory_with_format(&png, ImageFormat::Png).unwrap();
        assert!(image.width() <= 96 && image.height() <= 96);
        assert_eq!(double.hits(), 1);
    }
}

#[tokio::test]
async fn what_is_no_picture_is_asked_for_again_after_a_while() {
    for what in ["svg", "gone", "redirect", "large"] {
        let double = Double::at(HOME).await;
        let (router, path) = shown(&double, what);
        for _ in 0..3 {
            let answer = ask(&router, &path, None).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{what}");
            let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            assert!(String::from_utf8_lossy(&body).contains(r#""code":"not_found""#));
        }
        assert_eq!(double.hits(), 1, "{what}");
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(601)).await;
        tokio::time::resume();
        ask(&router, &path, None).await;
        assert_eq!(double.hits(), 2, "{what}");
    }
}

#[tokio::test]
async fn only_what_a_source_named_has_a_key() {
    let double = Double::at(HOME).await;
    let (router, path) = shown(&double, "png");
    let other = format!("/logos/{}", Key::of(&double.url("liar")));
    let upper = path.to_uppercase().replace("/LOGOS/", "/logos/");
    for wrong in [other.as_str(), "/logos/x", "/logos/http:%2F%2F127.0.0.1%2F", "/logos/%00", upper.as_str()] {
        assert_eq!(ask(&router, wrong, None).await.status(), StatusCode::NOT_FOUND, "{wrong}");
    }
    assert_eq!(double.hits(), 0);
    assert_eq!(ask(&super::router(None).unwrap(), &path, None).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(ask(&router, &path, None).await.status(), StatusCode::OK);
    // The real one takes nothing without TLS: its album is empty.
    let strict = Album::default();
    strict.learn(Source::Jupiter, vec![(id(1), double.url("png").into())]);
    let row = Arc::new(Token::new(id(1), Timestamp::from_secs(1)));
    let board = Board { tokens: [(id(1), row)].into_iter().collect(), ..Board::default() };
    strict.tell(&mut Board::default().diff(&board), &board);
    assert_eq!(ask(&super::router(Some(strict)).unwrap(), &path, None).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(double.hits(), 1);
}
