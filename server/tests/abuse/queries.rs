//! What stands in addresses: nonsense is refused by name, hostile text is text.

use crate::house::{House, id, request};

#[tokio::test]
async fn http_each_parameter_is_judged() {
    let house = House::new();
    let long = format!("q={}", "a".repeat(10_000));
    let many = "limit=1&".repeat(101);
    let longest = format!("q={}", "a".repeat(64));
    for (query, status, parameter) in [
        ("limit=-1", 400, "limit"),
        ("limit=0", 400, "limit"),
        ("limit=1000000000", 400, "limit"),
        ("limit=1e9", 400, "limit"),
        ("limit=abc", 400, "limit"),
        ("limit=%31%30", 200, ""),
        ("limit=0x10", 400, "limit"),
        ("limit=+5", 400, "limit"),
        ("limit=5%20", 400, "limit"),
        ("limit=%D9%A1", 400, "limit"),
        ("limit=200", 200, ""),
        ("limit=201", 400, "limit"),
        ("limit", 400, "limit"),
        ("limit=1&limit=2", 400, "limit"),
        ("rank=top&rank=top", 400, "rank"),
        ("limit[]=5", 400, "limit[]"),
        ("limit[$gt]=5", 400, "limit[$gt]"),
        ("Limit=5", 400, "Limit"),
        ("q=%00", 400, "q"),
        ("q=a%0D%0ASet-Cookie:x=1", 400, "q"),
        ("q=%1b[31m", 400, "q"),
        ("q=%zz", 400, "q"),
        ("q=%c3%28", 400, "q"),
        ("q=%", 400, "q"),
        (&long, 400, "q"),
        (&longest, 200, ""),
        ("q='%20OR%201=1--", 200, ""),
        ("q=%22;DROP%20TABLE%20tokens;--", 200, ""),
        ("q=../../../etc/passwd", 200, ""),
        ("q=%2e%2e%2f", 200, ""),
        ("q=${jndi:ldap://evil/a}", 200, ""),
        ("q={{7*7}}", 200, ""),
        ("q=%3Cscript%3Ealert(1)%3C/script%3E", 200, ""),
        ("q=(a+)+$", 200, ""),
        ("q=.*", 200, ""),
        ("q=%E2%80%AEdlrow", 200, ""),
        ("q=%F0%9F%90%B8%F0%9F%9A%80", 200, ""),
        ("q=%D7%A9%D7%9C%D7%95%D7%9D", 200, ""),
        ("sort=';--", 400, "sort"),
        ("chain=../..", 400, "chain"),
        ("ids=' OR 1=1", 0, ""),
        ("ids=solana:%27", 400, "ids"),
        ("min_price_usd=NaN", 400, "min_price_usd"),
        ("min_price_usd=-0.1", 400, "min_price_usd"),
        ("__proto__=1", 400, "__proto__"),
        ("debug=true", 400, "debug"),
        ("callback=alert", 400, "callback"),
        (&many, 400, "*"),
    ] {
        let answer = house.get(&format!("/tokens?{query}")).await;
        let short = &query[..query.len().min(60)];
        if status == 0 {
            // A space is no part of an address.
            assert_eq!(answer.status(), 400, "{short}");
            continue;
        }
        assert_eq!(answer.status(), status, "{short}: {}", answer.0);
        if status == 400 {
            let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
            assert!(errors.iter().any(|error| error["parameter"] == parameter), "{short}: {}", answer.body());
            assert!(["invalid_parameter", "unknown_parameter"].contains(&answer.code().as_str()), "{short}");
        }
    }
}

#[tokio::test]
async fn http_a_query_of_64_kilobytes_is_too_long_everywhere() {
    let house = House::new();
    // Before 64 KiB the host says it, then the library below.
    let (query, longer) = ("a=1&".repeat(15 * 1024), "a=1&".repeat(16 * 1024));
    for path in ["/", "/tokens", "/search", "/meta", "/events", "/ws", "/api/page", "/nowhere", "/livez"] {
        let answer = house.get(&format!("{path}?{query}")).await;
        assert_eq!((answer.status(), answer.code().as_str()), (414, "uri_too_long"), "{path}");
        assert!(answer.0.len() < 2_000);
        assert_eq!(house.get(&format!("{path}?{longer}")).await.status(), 414, "{path}");
    }
}

#[tokio::test]
async fn http_no_path_leads_out() {
    let house = House::new();
    for path in [
        "/../cursor.key",
        "/pkg/../../cursor.key",
        "/pkg/..%2f..%2fcursor.key",
        "/pkg/%2e%2e/%2e%2e/cursor.key",
        "/pkg/..%5c..%5ccursor.key",
        "/pkg/..%252f..%252fcursor.key",
        "/pkg//etc/passwd",
        "//etc/passwd",
        "/etc/passwd",
        "/pkg/memescope.0.js%00.css",
        "/.env",
        "/.git/config",
        "/pkg/",
        "/pkg",
        "/state",
        "/problems/..%2f..%2fetc",
        "/problems/%00",
        "/tokens/solana/..%2f..%2f",
        "/tokens/%ff/%fe",
        "/tokens/solana/%00",
        "/tokens/solana/%3Cscript%3E",
    ] {
        let answer = house.get(path).await;
        assert!([400, 404].contains(&answer.status()), "{path}: {}", answer.0);
        assert!(!answer.code().is_empty(), "{path}: {}", answer.0);
    }
}

#[tokio::test]
async fn http_what_nobody_knows_is_refused_on_every_route() {
    let house = House::new();
    let token = format!("/tokens/{}", id(1).to_string().replace(':', "/"));
    for path in ["/tokens", &token, "/meta", "/sources", "/events", "/search"] {
        for query in ["utm_source=x", "cb=12345", "_=1", "%F0%9F%90%B8=1"] {
            let separator = if path == "/search" { "?q=t&" } else { "?" };
            let answer = house.get(&format!("{path}{separator}{query}")).await;
            assert_eq!((answer.status(), answer.code().as_str()), (400, "unknown_parameter"), "{path} {query}");
        }
    }
}

#[tokio::test]
async fn http_a_tag_is_of_the_answer_and_of_nothing_else() {
    let house = House::new();
    let tag = async |target: &str, headers: &str| {
        let answer = house.ask(request("GET", target, headers)).await;
        assert_eq!(answer.status(), 200, "{target}");
        // Whatever else a cache may hold, nothing in a request chooses between two answers unseen.
        let vary = answer.header("vary").to_ascii_lowercase();
        assert!(vary.split(',').all(|name| ["accept", "accept-encoding", "origin"].contains(&name.trim())), "{vary}");
        answer.header("etag").to_owned()
    };
    let plain = tag("/tokens?limit=5", "").await;
    assert!(plain.starts_with("W/\""));
    for headers in ["cookie: a=1\r\n", "user-agent: x\r\n", "x-forwarded-host: evil\r\n", "accept-language: de\r\n"] {
        assert_eq!(tag("/tokens?limit=5", headers).await, plain, "{headers}");
    }
    for other in ["/tokens?limit=6", "/tokens?limit=5&rank=top", "/tokens?limit=5&fields=id", "/meta"] {
        assert_ne!(tag(other, "").await, plain, "{other}");
    }
    for held in [plain.as_str(), "*", &format!("\"x\", {plain}"), plain.trim_start_matches("W/")] {
        let answer = house.ask(request("GET", "/tokens?limit=5", &format!("if-none-match: {held}\r\n"))).await;
        assert_eq!((answer.status(), answer.body()), (304, ""), "{held}");
        assert_eq!(answer.header("etag"), plain);
    }
    let long = format!("if-none-match: {}\r\n", "\"x\", ".repeat(5_000));
    assert_eq!(house.ask(request("GET", "/tokens?limit=5", &long)).await.status(), 200);
    house.commit([crate::house::token(1, 9_999)]);
    assert_ne!(tag("/tokens?limit=5", "").await, plain);
}

#[tokio::test]
async fn http_an_error_repeats_little_of_what_it_is_about() {
    let house = House::new();
    let long = "A".repeat(8_000);
    for target in [
        format!("/tokens?{long}=1"),
        format!("/tokens?rank={long}"),
        format!("/tokens?window={long}"),
        format!("/tokens?sort={long}"),
        format!("/tokens?chain={long}"),
        format!("/tokens?dex={long}"),
        format!("/tokens?ids={long}"),
        format!("/tokens?ids=solana:{long}"),
        format!("/tokens?fields={long}"),
        format!("/tokens?include={long}"),
        format!("/tokens?format={long}"),
        format!("/tokens?min_txns={long}"),
        format!("/tokens?min_age={long}"),
        format!("/tokens?cursor={long}"),
        format!("/tokens?updated_since={long}"),
        format!("/tokens?verified={long}"),
        format!("/tokens?with_flags={long}"),
        format!("/search?q={long}"),
        format!("/events?types={long}"),
        format!("/events?since={long}"),
        format!("/events?token={long}"),
    ] {
        let answer = house.get(&target).await;
        assert_eq!(answer.status(), 400, "{}", &target[..30]);
        assert!(!answer.0.contains(&"A".repeat(65)), "{}", &answer.0[..answer.0.len().min(900)]);
    }
    // Where the request went is said in full, up to a length.
    let lost = house.get(&format!("/{long}")).await;
    assert_eq!(lost.status(), 404);
    assert!(!lost.0.contains(&"A".repeat(257)));
    for headers in ["x-request-id: \u{1b}[31m\r\n", &format!("x-request-id: {long}\r\n"), "accept: \u{1b}]0;x\r\n"] {
        let answer = house.ask(request("GET", "/tokens?limit=0", headers)).await;
        assert!(!answer.0.contains('\u{1b}') && !answer.0.contains(&"A".repeat(65)), "{}", answer.0);
    }
}
