//! A stand-in for an upstream that writes exactly the bytes it is told to, right or wrong.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the stand-in does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Writes these bytes and closes.
    Raw(Vec<u8>),
    /// Writes these bytes and keeps the connection open, silent.
    Hang(Vec<u8>),
    /// Writes these bytes and then a byte a second, for ever.
    Drip(Vec<u8>),
    /// Writes these bytes and then blanks as long as somebody reads.
    Flood(Vec<u8>),
}

impl Reply {
    /// A whole, honest answer.
    pub(crate) fn new(status: u16, headers: &str, body: &str) -> Self {
        let head =
            format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n", body.len());
        Self::Raw([head.as_bytes(), body.as_bytes()].concat())
    }

    /// A whole, honest answer of JSON.
    pub(crate) fn json(body: &str) -> Self {
        Self::new(200, "content-type: application/json\r\n", body)
    }
}

/// The stand-in; it ends when dropped.
pub(crate) struct Stub {
    pub(crate) base: String,
    heads: Arc<Mutex<Vec<String>>>,
    seen: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Stub {
    /// Answers the n-th request (from 0) with `reply(n, head)`.
    pub(crate) async fn start(reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let (tell, seen) = watch::channel(0);
        let (reply, kept) = (Arc::new(reply), heads.clone());
        let task = tokio::spawn(async move {
            let tell = Arc::new(tell);
            while let Ok((socket, _)) = listener.accept().await {
                let (reply, heads, tell) = (reply.clone(), kept.clone(), tell.clone());
                tokio::spawn(async move {
                    let _ = serve(socket, &*reply, &heads, &tell).await;
                });
            }
        });
        Self { base, heads, seen, task }
    }

    /// Always the same answer.
    pub(crate) async fn always(reply: Reply) -> Self {
        Self::start(move |_, _| reply.clone()).await
    }

    /// The requests so far, each as its first line and headers.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// The paths asked so far.
    pub(crate) fn paths(&self) -> Vec<String> {
        let path = |head: &String| head.split(' ').nth(1).unwrap_or_default().to_owned();
        self.heads().iter().map(path).collect()
    }

    /// Waits until `count` requests have come.
    pub(crate) async fn requests(&mut self, count: usize) {
        self.seen.wait_for(|seen| *seen >= count).await.unwrap();
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut socket: TcpStream,
    reply: &(dyn Fn(usize, &str) -> Reply + Send + Sync),
    heads: &Mutex<Vec<String>>,
    tell: &watch::Sender<usize>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = socket.read_u8().await?;
        head.push(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let number = {
        let mut heads = heads.lock().unwrap();
        heads.push(head.clone());
        heads.len()
    };
    let reply = reply(number - 1, &head);
    tell.send_replace(number);
    match reply {
        Reply::Raw(bytes) => {
            socket.write_all(&bytes).await?;
            socket.shutdown().await
        }
        Reply::Hang(bytes) => {
            socket.write_all(&bytes).await?;
            std::future::pending().await
        }
        Reply::Drip(bytes) => {
            socket.write_all(&bytes).await?;
            let mut second = tokio::time::interval(Duration::from_secs(1));
            loop {
                second.tick().await;
                socket.write_all(b" ").await?;
            }
        }
        Reply::Flood(bytes) => {
            socket.write_all(&bytes).await?;
            let blanks = vec![b' '; 65_536];
            loop {
                socket.write_all(&blanks).await?;
            }
        }
    }
}
