//! What every answer tells a browser, whatever the answer is.

use crate::house::{House, Plan, id, request};

/// Directives that every policy has.
const DENIED: [&str; 3] = ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"];

#[tokio::test]
async fn http_every_answer_carries_the_headers_of_all() {
    let house = House::new();
    let token = format!("/tokens/{}", id(1).to_string().replace(':', "/"));
    let unknown = format!("/tokens/{}", id(99).to_string().replace(':', "/"));
    let held = "if-none-match: *\r\n";
    let page = "accept: text/html\r\n";
    for (method, target, headers, status) in [
        ("GET", "/", page, 200),
        ("GET", "/status", page, 200),
        ("GET", "/no/such/page", page, 404),
        ("GET", "/nowhere", "", 404),
        ("GET", "/pkg/memescope.0.js", "", 200),
        ("GET", "/pkg/memescope.0.css", "", 200),
        ("GET", "/pkg/nobody.js", "", 404),
        ("POST", "/pkg/memescope.0.js", "", 405),
        ("GET", "/robots.txt", "", 200),
        ("GET", "/tokens", "", 200),
        ("HEAD", "/tokens", "", 200),
        ("GET", "/tokens", held, 304),
        ("GET", "/tokens?limit=0", "", 400),
        ("GET", "/tokens", "accept: image/png\r\n", 406),
        ("DELETE", "/tokens", "", 405),
        ("OPTIONS", "/tokens", "", 204),
        ("TRACE", "/tokens", "", 405),
        ("GET", token.as_str(), "", 200),
        ("GET", token.as_str(), held, 304),
        ("GET", "/tokens/solana/nobody", "", 400),
        ("GET", &unknown, "", 404),
        ("GET", "/search?q=t", "", 200),
        ("GET", "/search", "", 400),
        ("GET", "/meta", "", 200),
        ("GET", "/meta", held, 304),
        ("GET", "/sources", "", 200),
        ("GET", "/events", "", 200),
        ("GET", "/livez", "", 200),
        ("GET", "/readyz", "", 200),
        ("GET", "/health", "", 200),
        ("GET", "/problems/invalid-parameter", page, 200),
        ("GET", "/problems/nobody", "", 404),
        ("GET", "/ws", "", 426),
        ("POST", "/ws", "", 405),
        ("GET", "/api/nobody", "", 404),
    ] {
        let what = format!("{method} {target} {headers}");
        let answer = house.ask(request(method, target, headers)).await;
        check(&what, &answer, status);
    }
}

fn check(what: &str, answer: &crate::house::Answer, status: u16) {
    assert_eq!(answer.status(), status, "{what}: {}", answer.0);
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{what}");
    }
    let permissions = answer.header("permissions-policy");
    for feature in ["camera", "microphone", "geolocation", "payment", "usb"] {
        assert!(permissions.contains(&format!("{feature}=()")), "{what}: {permissions}");
    }
    let policy = answer.header("content-security-policy");
    for directive in DENIED {
        assert!(policy.split(';').any(|found| found.trim() == directive), "{what}: {policy}");
    }
    assert!(
        !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'") && !policy.contains('*'),
        "{policy}"
    );
    assert!(!answer.header("x-request-id").is_empty() && !answer.header("vary").is_empty(), "{what}");
    assert_eq!(answer.headers("server").len() + answer.headers("x-powered-by").len(), 0, "{what}");
    assert_eq!(answer.headers("set-cookie").len(), 0, "{what}");
    if status >= 400 && answer.header("content-type") != "text/html; charset=utf-8" {
        assert!(!answer.code().is_empty(), "{what}: {}", answer.0);
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    }
}

#[tokio::test]
async fn http_refusals_for_limits_carry_them_too() {
    let mut plan = Plan::default();
    plan.http.rate_limit = Some(server::config::RateLimit { per_second: 1, burst: 1 });
    plan.feed.max_sockets = 0;
    let house = House::with(plan);
    assert_eq!(house.get("/tokens").await.status(), 200);
    check("too often", &house.get("/tokens").await, 429);
    check("too long", &house.get(&format!("/{}", "a".repeat(17_000))).await, 414);
    let refused = crate::wire::Wire::over(house.connect().await, "").await.err().unwrap();
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("x-content-type-options: nosniff"), "{refused}");
}

/// The head of an answer without what differs from request to request, and its body.
fn lasting(answer: &crate::house::Answer) -> (Vec<String>, String) {
    let (head, body) = answer.0.split_once("\r\n\r\n").unwrap();
    let moment = ["x-request-id:", "server-timing:", "date:", "ratelimit:"];
    let mut head: Vec<String> =
        head.lines().filter(|line| !moment.iter().any(|name| line.starts_with(name))).map(str::to_owned).collect();
    head.sort();
    // Only a problem names its request in the body.
    let body = body.split(",\"request_id\"").next().unwrap_or_default();
    (head, body.to_owned())
}

/// The first answer comes from the route, which keeps it; those after it do not ask the route.
#[tokio::test]
async fn http_an_answer_that_is_at_hand_is_the_answer_of_the_route() {
    let mut plan = Plan::default();
    plan.http.rate_limit = Some(server::config::RateLimit { per_second: 100, burst: 100 });
    plan.http.frontend = server::config::Origins::Any;
    let house = House::with(plan);
    for (headers, status) in [
        ("", 200),
        ("accept: text/csv\r\n", 200),
        ("accept: image/png\r\n", 406),
        ("origin: https://example.org\r\n", 200),
        ("if-none-match: *\r\n", 304),
        ("transfer-encoding: chunked\r\n", 200),
    ] {
        let ask = async || {
            let body = if headers.starts_with("transfer") { "0\r\n\r\n" } else { "" };
            house.ask(request("GET", "/tokens?limit=7&rank=top", headers) + body).await
        };
        let (route, hand) = (ask().await, ask().await);
        assert_eq!((route.status(), hand.status()), (status, status), "{headers}");
        assert_eq!(lasting(&route), lasting(&hand), "{headers}");
        assert!(!hand.header("ratelimit").is_empty() && !hand.header("server-timing").is_empty(), "{headers}");
    }
    house.commit([crate::house::token(1, 77)]);
    let after = house.get("/tokens?limit=7&rank=top").await;
    assert_ne!(after.header("etag"), house.get("/tokens?limit=7&rank=new").await.header("etag"));
    assert!(after.json()["meta"]["seq"].as_u64() > Some(1), "what is at hand is of the newest board");
}
