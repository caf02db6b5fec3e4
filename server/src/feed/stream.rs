//! `GET /stream`: the feed as server-sent events, for those whom no WebSocket reaches. What is followed stands in the
//! address and stays as it is.
//!
//! The body is pulled: while the reader takes nothing, nothing is made, and afterwards it gets all it missed in one frame.
//! A reader that takes nothing for too long is dropped by the port, as every connection is.

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Extension;
use axum::body::Body;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use memescope::TokenId;
use memescope::feed::{Channel, RequestId, Resume, ServerMessage, SubscribeParams};
use memescope::query::MAX_IDS;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;
use url::form_urlencoded;

use super::admission::{admit, text};
use super::frame::{self, Encoding, Frame};
use super::hub::Hub;
use super::limits::{ClientAddr, Place};
use super::request::{Refusal, invalid, is_filter, read_head};
use super::session::Session;
use super::stage::Stage;
use super::stats::count;
use crate::parameters;
use crate::problem::Problem;

/// How long a reader waits before it comes back, milliseconds.
const RETRY: &str = "retry: 2000\n";

/// The most pairs of an address.
const MAX_PAIRS: usize = 100;

/// What may stand once; filters are told apart by their query.
const OWN: [&str; 8] = ["channel", "head", "ids", "range", "all", "fields", "include", "types"];

/// What is followed, in the order in which it is opened.
#[derive(Debug, Default, PartialEq)]
struct Asked {
    list: Option<SubscribeParams>,
    rows: Option<SubscribeParams>,
    others: Vec<(Channel, SubscribeParams)>,
}

impl Asked {
    fn read(query: &str) -> Result<Self, Refusal> {
        let (mut channels, mut params) = (Vec::new(), SubscribeParams::default());
        let mut names: BTreeSet<String> = BTreeSet::new();
        for (number, (name, value)) in form_urlencoded::parse(query.as_bytes()).enumerate() {
            let words = || value.split(',').map(str::to_owned).collect::<Vec<String>>();
            if number >= MAX_PAIRS {
                return Err(invalid(format!("at most {MAX_PAIRS} parameters")));
            }
            if !names.insert(name.clone().into_owned()) && OWN.contains(&&*name) {
                return Err(invalid(format!("{name}: this parameter may stand once")));
            }
            match &*name {
                "channel" => channels = words(),
                "head" => params.head = Some(value.parse().map_err(|_| invalid("head is a whole number"))?),
                "ids" => {
                    let ids = words().iter().map(|id| id.parse()).collect::<Result<Vec<TokenId>, _>>();
                    params.ids = Some(ids.map_err(|_| invalid("ids are of the form chain:address"))?);
                }
                "range" => params.range = Some(read_range(&value).ok_or_else(|| invalid("range is a,b"))?),
                "all" => params.all = Some(value.parse().map_err(|_| invalid("all is true or false"))?),
                "fields" => params.fields = Some(value.into_owned()),
                "include" => params.include = Some(words()),
                "types" => params.types = Some(words()),
                // Those that may stand more than once are lists; the others cannot be read when they are joined.
                _ => match params.query.entry(name.into_owned()).or_insert_with(|| Value::String(String::new())) {
                    Value::String(known) if known.is_empty() => *known = value.into_owned(),
                    Value::String(known) => *known = format!("{known},{value}"),
                    _ => {}
                },
            }
        }
        let mut asked = Self::default();
        for channel in &channels {
            match channel.as_str() {
                "list" => {
                    let (head, query) = (params.head, params.query.clone());
                    asked.list = Some(SubscribeParams { head, query, ..SubscribeParams::default() });
                }
                "rows" => asked.rows = Some(SubscribeParams { head: None, types: None, ..params.clone() }),
                "events" => {
                    let SubscribeParams { types, ids, query, .. } = params.clone();
                    let events = SubscribeParams { types, ids, query, ..SubscribeParams::default() };
                    asked.others.push((Channel::Events, events));
                }
                "status" => asked.others.push((Channel::Status, SubscribeParams::default())),
                _ => return Err(invalid("channel holds list, rows, events, status, with commas between")),
            }
        }
        if let Some(rows) = &mut asked.rows
            && asked.list.is_none()
            && rows.ids.is_none()
            && rows.range.is_none()
        {
            rows.all = Some(true);
        }
        asked.check(&names)?;
        if channels.is_empty() {
            return Err(invalid("channel is missing: list, rows, events, status"));
        }
        if let Some(rows) = asked.rows.as_mut().filter(|rows| rows.all != Some(true)) {
            // They are another channel's.
            rows.query.clear();
        }
        Ok(asked)
    }

    /// Refuses names that nobody knows, and filters that no channel of these applies.
    fn check(&self, names: &BTreeSet<String>) -> Result<(), Refusal> {
        let rows = self.rows.as_ref().is_some_and(|rows| rows.all == Some(true));
        let events = self.others.iter().any(|(channel, _)| *channel == Channel::Events);
        let no_channel = self.list.is_none() && self.rows.is_none() && self.others.is_empty();
        let filters = self.list.is_some() || rows || events || no_channel;
        let is_known = |name: &str| match name {
            // Beside a list they are those of the rows.
            "ids" => self.rows.is_some() || events || no_channel,
            name => OWN.contains(&name) || (filters && is_filter(name)),
        };
        let strangers: Vec<&str> = names.iter().map(String::as_str).filter(|name| !is_known(name)).collect();
        if strangers.is_empty() {
            return Ok(());
        }
        let all = OWN.map(str::to_owned).into_iter().chain(parameters::query_keys());
        Err(Refusal::unknown(strangers, &all.filter(|name| is_known(name)).collect::<Vec<_>>()))
    }

    /// Opens everything; the frames that it begins with are added to `out`.
    fn open(self, session: &mut Session, resume: Option<Resume>, out: &mut Vec<Frame>) -> Result<(), Refusal> {
        let name = |channel: &str| RequestId::Text(channel.to_owned());
        let head = self.list.as_ref().map(|list| read_head(list.head)).transpose()?;
        if let Some(list) = self.list {
            session.subscribe(name("list"), Channel::List, list, resume, out)?;
        }
        if let Some(mut rows) = self.rows {
            match head {
                _ if rows.ids.is_some() || rows.all == Some(true) => {}
                Some(head) => {
                    rows.list = session.list_name();
                    let most = u32::try_from(head.min(MAX_IDS)).unwrap_or(u32::MAX);
                    rows.range = rows.range.or(Some((0, most)));
                }
                None => return Err(invalid("range needs the channel list")),
            }
            session.subscribe(name("rows"), Channel::Rows, rows, resume, out)?;
        }
        for (channel, params) in self.others {
            session.subscribe(name("other"), channel, params, None, out)?;
        }
        Ok(())
    }
}

fn read_range(text: &str) -> Option<(u32, u32)> {
    let (from, to) = text.split_once(',')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

fn read_resume(id: &str) -> Option<Resume> {
    let (epoch, seq) = id.split_once('.')?;
    Some(Resume { epoch: epoch.parse().ok()?, seq: seq.parse().ok()? })
}

pub(super) async fn stream(
    State(hub): State<Arc<Hub>>,
    client: Option<Extension<ClientAddr>>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let place = match admit(&hub, &headers, client, peer) {
        Ok(place) => place,
        Err(problem) => return problem.into_response(),
    };
    let resume = text(&headers, HeaderName::from_static("last-event-id")).and_then(read_resume);
    match Reader::open(hub, place, &query.unwrap_or_default(), resume) {
        Ok(reader) => {
            let pieces = futures::stream::unfold(reader, async |mut reader| {
                let piece = reader.next().await?;
                Some((Ok::<_, std::convert::Infallible>(piece), reader))
            });
            let mut response = Body::from_stream(pieces).into_response();
            for (name, value) in [
                (header::CONTENT_TYPE, "text/event-stream"),
                (header::CACHE_CONTROL, "no-store"),
                (HeaderName::from_static("x-accel-buffering"), "no"),
            ] {
                response.headers_mut().insert(name, HeaderValue::from_static(value));
            }
            response
        }
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
            if refusal.errors.is_empty() {
                Problem::new(status, refusal.code, refusal.detail).into_response()
            } else {
                Problem::parameters(refusal.code, refusal.errors).into_response()
            }
        }
    }
}

/// One reader of events.
struct Reader {
    hub: Arc<Hub>,
    session: Session,
    stages: watch::Receiver<Arc<Stage>>,
    /// What is left of the last step.
    pending: VecDeque<Frame>,
    /// Nothing has been sent yet.
    is_new: bool,
    sent_at: Instant,
    has_ended: bool,
    _place: Place,
}

impl Reader {
    fn open(hub: Arc<Hub>, place: Place, query: &str, resume: Option<Resume>) -> Result<Self, Refusal> {
        let asked = Asked::read(query)?;
        let mut stages = hub.follow();
        let stage = stages.borrow_and_update().clone();
        let mut out = Vec::new();
        let mut session = Session::open(hub.clone(), &stage, Encoding::Json, &mut out);
        // The greeting is of use; the state of the sources comes to those who ask for it.
        out.truncate(1);
        asked.open(&mut session, resume, &mut out)?;
        let pending = out.into();
        Ok(Self {
            hub,
            session,
            stages,
            pending,
            is_new: true,
            sent_at: Instant::now(),
            has_ended: false,
            _place: place,
        })
    }

    /// The next event; `None` when there are no more.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.pending.pop_front() {
                self.sent_at = Instant::now();
                return Some(self.event(&frame));
            }
            if self.has_ended {
                return None;
            }
            let mut out = Vec::new();
            let heartbeat_at = self.sent_at + self.hub.config.heartbeat;
            tokio::select! {
                biased;
                () = self.hub.closing.cancelled() => {
                    self.has_ended = true;
                    let bye = ServerMessage::Bye { code: "server_shutdown".to_owned(), retry_after_ms: 2_000 };
                    out.push(frame::message(&bye));
                }
                // The hub outlives its readers, so its stages do not end.
                _ = self.stages.changed() => {
                    let stage = self.stages.borrow_and_update().clone();
                    self.session.catch_up(&stage, &mut out);
                }
                () = tokio::time::sleep_until(heartbeat_at) => {
                    out.push(self.session.heartbeat(&self.hub.stage()));
                }
            }
            self.pending.extend(out);
        }
    }

    /// A frame as an event. The last one of a step has an id: who holds it holds everything up to that seq.
    fn event(&mut self, frame: &Frame) -> Bytes {
        let text = String::from_utf8_lossy(frame.bytes());
        let kind = text.strip_prefix(r#"{"type":""#).and_then(|rest| rest.split('"').next()).unwrap_or("message");
        let retry = if std::mem::take(&mut self.is_new) { RETRY } else { "" };
        let id = if self.pending.is_empty() {
            let (epoch, seq) = self.session.position();
            format!("id: {epoch}.{seq}\n")
        } else {
            String::new()
        };
        let event = format!("{retry}event: {kind}\n{id}data: {text}\n\n");
        count(&self.hub.counters.frames_sent);
        self.hub.counters.bytes_sent.fetch_add(event.len() as u64, Ordering::Relaxed);
        event.into()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use memescope::Epoch;

    use super::*;

    #[test]
    fn the_address_says_what_is_followed() {
        let asked =
            Asked::read("channel=list,rows,events,status&head=50&rank=new&types=volume:spike&range=0,9").unwrap();
        let list = asked.list.unwrap();
        assert_eq!((list.head, list.range, list.query["rank"].as_str()), (Some(50), None, Some("new")));
        let rows = asked.rows.unwrap();
        assert_eq!((rows.head, rows.range), (None, Some((0, 9))));
        assert_eq!(asked.others[0].1.types, Some(vec!["volume:spike".to_owned()]));
        assert_eq!(asked.others[1], (Channel::Status, SubscribeParams::default()));
        for query in
            ["", "channel=", "channel=weather", "channel=list&head=x", "channel=rows&ids=7", "channel=list&range=7"]
        {
            assert_eq!(Asked::read(query).unwrap_err().status, 400, "{query}");
        }
    }

    #[test]
    fn a_name_that_no_channel_understands_is_refused() {
        for (query, meant) in [
            ("channel=list&min_liqudity_usd=5000", Some("min_liquidity_usd")),
            ("channel=rows&min_liqudity_usd=5000", Some("min_liquidity_usd")),
            ("channel=events&type=volume:spike", Some("types")),
            ("channel=list,status&heads=50", Some("head")),
            ("chanel=list&channel=list", Some("channel")),
            ("channel=list&limit=5", None),
            ("channel=list&list=l1", None),
            ("channel=list&ids=bsc:0xab", None),
            ("cursor=1", None),
            ("channel=status&rank=new", None),
            ("channel=rows&ids=bsc:0xab&min_liquidity_usd=5000", None),
        ] {
            let refusal = Asked::read(query).map(drop).unwrap_err();
            let [error] = refusal.errors.as_slice() else { unreachable!("one each: {query}") };
            assert_eq!((refusal.code, error.code.as_str()), ("unknown_parameter", "unknown_parameter"), "{query}");
            if let Some(meant) = meant {
                assert_eq!(error.allowed, [meant], "{query}");
            }
            assert!(!error.allowed.contains(&error.parameter), "{query}");
            assert!(refusal.detail.starts_with(&error.parameter), "{}", refusal.detail);
        }
        for query in [
            "channel=list&chain=solana&chain=base",
            "channel=list,rows&ids=bsc:0xab&min_liquidity_usd=5000",
            "channel=rows,events&ids=bsc:0xab",
            "channel=rows&min_volume_usd.m5=1",
        ] {
            assert!(Asked::read(query).is_ok(), "{query}");
        }
        let chains = Asked::read("channel=list&chain=solana&chain=base").unwrap().list.unwrap().query;
        assert_eq!(chains["chain"], "solana,base");
        let rows = Asked::read("channel=list,rows&ids=bsc:0xab&min_liquidity_usd=5000").unwrap().rows.unwrap();
        assert!(rows.query.is_empty(), "the filter is the list's");
        for query in ["channel=list&channel=rows", "channel=list&head=50&head=100", "channel=rows&all=yes"] {
            assert_eq!(Asked::read(query).unwrap_err().code, "invalid_parameter", "{query}");
        }
        assert!(Asked::read(&format!("channel=list{}", "&chain=base".repeat(MAX_PAIRS))).is_err());
    }

    #[test]
    fn an_id_is_an_epoch_and_a_seq() {
        let resume = Resume { epoch: Epoch::from_bits(0xb3), seq: 9 };
        assert_eq!(read_resume(&format!("{}.9", resume.epoch)), Some(resume));
        for id in ["", "b3", "b3.", ".9", "x.9", "b3.-1"] {
            assert_eq!(read_resume(id), None, "{id}");
        }
    }
}
