//! Requests that anybody may try, each with what must be true of its answer: one table, from which the collections for
//! Postman and Bruno are written.

/// A request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) name: &'static str,
    /// With names in double braces for what earlier answers told.
    pub(super) path: &'static str,
    pub(super) query: &'static [(&'static str, &'static str)],
    pub(super) headers: &'static [(&'static str, &'static str)],
    pub(super) status: u16,
    pub(super) checks: &'static [Check],
    /// What later requests need: a name and where it stands in the body.
    pub(super) keeps: &'static [(&'static str, &'static str)],
}

/// What is true of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Check {
    /// A header holds a text.
    Header(&'static str, &'static str),
    /// A text stands at a place of the body.
    Text(&'static str, &'static str),
    /// A list at a place of the body has this many items.
    Count(&'static str, usize),
    /// There is something at a place of the body.
    There(&'static str),
}

use Check::{Count, Header, Text, There};

const CALL: Call = Call { name: "", path: "", query: &[], headers: &[], status: 200, checks: &[], keeps: &[] };

const JSON: Check = Header("content-type", "application/json");
const PROBLEM: Check = Header("content-type", "application/problem+json");

/// In the order in which they are run.
pub(super) const CALLS: &[Call] = &[
    Call { name: "Live", path: "/livez", checks: &[JSON, Text("status", "ok")], ..CALL },
    Call { name: "Ready", path: "/readyz", checks: &[JSON, There("ready"), There("checks")], ..CALL },
    Call {
        name: "Trending over an hour",
        path: "/tokens",
        query: &[("rank", "trending"), ("window", "h1"), ("min_liquidity_usd", "10000"), ("limit", "3")],
        checks: &[JSON, Count("data", 3), There("meta.seq"), There("page.total"), Text("meta.query.window", "h1")],
        keeps: &[
            ("cursor", "page.next_cursor"),
            ("id", "data[0].id"),
            ("chain", "data[0].chain"),
            ("address", "data[0].address"),
        ],
        ..CALL
    },
    Call {
        name: "The next page",
        path: "/tokens",
        query: &[
            ("rank", "trending"),
            ("window", "h1"),
            ("min_liquidity_usd", "10000"),
            ("limit", "3"),
            ("cursor", "{{cursor}}"),
        ],
        checks: &[JSON, Count("data", 3)],
        ..CALL
    },
    Call {
        name: "A watchlist with some fields",
        path: "/tokens",
        query: &[("ids", "{{id}}"), ("fields", "id,price_usd")],
        checks: &[JSON, Count("data", 1), There("data[0].id")],
        ..CALL
    },
    Call {
        name: "One token and its sources",
        path: "/tokens/{{chain}}/{{address}}",
        query: &[("include", "provenance,sparkline")],
        checks: &[JSON, There("data.id"), There("data.provenance")],
        ..CALL
    },
    Call {
        name: "Where a token trades",
        path: "/tokens/{{chain}}/{{address}}/pools",
        checks: &[JSON, There("data"), There("meta.seq")],
        ..CALL
    },
    Call {
        name: "Candles",
        path: "/tokens/{{chain}}/{{address}}/candles",
        query: &[("interval", "1m"), ("limit", "5")],
        checks: &[JSON, There("data"), Text("meta.interval", "1m")],
        ..CALL
    },
    Call {
        name: "Search",
        path: "/search",
        query: &[("q", "a"), ("limit", "1")],
        checks: &[JSON, Count("data", 1)],
        ..CALL
    },
    Call { name: "What can be asked", path: "/meta", checks: &[JSON, Count("data.windows", 5)], ..CALL },
    Call { name: "Sources", path: "/sources", checks: &[JSON, Count("data", 3)], ..CALL },
    Call {
        name: "Events",
        path: "/events",
        query: &[("types", "price:update,volume:spike")],
        checks: &[JSON, There("data"), There("meta.epoch")],
        ..CALL
    },
    Call {
        name: "A typing error is refused",
        path: "/tokens",
        query: &[("min_liquidity", "10000")],
        status: 400,
        checks: &[PROBLEM, Text("code", "unknown_parameter"), Text("errors[0].allowed[0]", "min_liquidity_usd")],
        ..CALL
    },
    Call {
        name: "A value that is not allowed",
        path: "/tokens",
        query: &[("window", "2h")],
        status: 400,
        checks: &[PROBLEM, Text("errors[0].code", "not_one_of")],
        ..CALL
    },
    Call {
        name: "A token that is not there",
        path: "/tokens/solana/11111111111111111111111111111112",
        status: 404,
        checks: &[PROBLEM, Text("code", "token_not_found")],
        ..CALL
    },
    Call {
        name: "A kind of answer that there is not",
        path: "/tokens",
        headers: &[("accept", "text/html")],
        status: 406,
        checks: &[PROBLEM, Text("code", "not_acceptable")],
        ..CALL
    },
    Call {
        name: "A plain request to the socket",
        path: "/ws",
        status: 426,
        checks: &[PROBLEM, Header("upgrade", "websocket"), Text("code", "upgrade_required")],
        ..CALL
    },
    Call {
        name: "A stream of nothing",
        path: "/stream",
        status: 400,
        checks: &[PROBLEM, Text("code", "invalid_parameter")],
        ..CALL
    },
    Call { name: "OpenAPI", path: "/openapi.json", checks: &[JSON, Text("openapi", "3.1.0")], ..CALL },
    Call { name: "AsyncAPI", path: "/asyncapi.json", checks: &[JSON, Text("asyncapi", "3.0.0")], ..CALL },
];

impl Call {
    /// The address, from `{{base}}` on.
    pub(super) fn address(&self) -> String {
        let query: Vec<String> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{{{{base}}}}{}{mark}{}", self.path, query.join("&"))
    }
}

/// Where the server listens unless told otherwise.
pub(super) const BASE: &str = "http://127.0.0.1:8080";
