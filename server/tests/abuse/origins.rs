//! Pages of other sites that open sockets and read answers.

use server::config::Origins;

use crate::house::{House, Plan, request};
use crate::wire::Wire;

fn allowing(origins: &[&str]) -> Plan {
    let list: Vec<String> = origins.iter().map(|&origin| origin.to_owned()).collect();
    let mut plan = Plan::default();
    plan.feed.origins = server::feed::Origins::List(list.clone());
    plan.http.frontend = Origins::Listed(list);
    plan
}

/// Whether a page with this origin is let in; `Host` is `test`.
async fn is_let_in(house: &House, origin: &str) -> bool {
    match Wire::over(house.connect().await, &format!("Origin: {origin}\r\n")).await {
        Ok(_) => true,
        Err(answer) => {
            assert!(
                answer.starts_with("HTTP/1.1 403 ") && answer.contains("application/problem+json"),
                "{origin}: {answer}"
            );
            false
        }
    }
}

/// Ways to look like `https://board.example`.
const DISGUISES: [&str; 18] = [
    "null",
    "",
    "*",
    "https://board.example.evil.example",
    "https://evilboard.example",
    "https://evil.example/https://board.example",
    "https://board.example@evil.example",
    "https://board.example:8443",
    "https://board.example:443.evil.example",
    "http://board.example",
    "wss://board.example",
    "//board.example",
    "board.example",
    "https://board.example.",
    "https://board.exampl\u{435}",
    "https://sub.board.example",
    "https://board.example https://evil.example",
    "file://",
];

#[tokio::test]
async fn ws_only_the_origin_itself_is_let_in() {
    let house = House::with(allowing(&["https://board.example"]));
    for origin in DISGUISES {
        assert!(!is_let_in(&house, origin).await, "{origin}");
    }
    for origin in ["https://board.example", "https://BOARD.example", "http://test", "http://test:80"] {
        assert!(is_let_in(&house, origin).await, "{origin}");
    }
    // No browser: nothing is lent to it that it could abuse.
    assert!(Wire::over(house.connect().await, "").await.is_ok());
}

#[tokio::test]
async fn ws_without_a_list_only_our_own_page_is_let_in() {
    let house = House::new();
    for origin in
        DISGUISES.into_iter().chain(["https://board.example", "http://test:81", "http://test.evil", "http://"])
    {
        assert!(!is_let_in(&house, origin).await, "{origin}");
    }
    assert!(is_let_in(&house, "http://test").await);
    assert!(is_let_in(&house, "https://test").await);
}

#[tokio::test]
async fn ws_two_origins_are_none() {
    let house = House::new();
    let two = "Origin: http://test\r\nOrigin: https://evil.example\r\n";
    assert!(Wire::over(house.connect().await, two).await.is_err());
    let two = "Origin: https://evil.example\r\nOrigin: http://test\r\n";
    assert!(Wire::over(house.connect().await, two).await.is_err());
}

#[tokio::test]
async fn http_pages_of_other_sites_cannot_read_and_nobody_is_lent_credentials() {
    let house = House::with(allowing(&["https://board.example"]));
    for (origin, allowed) in
        DISGUISES.map(|origin| (origin, "")).into_iter().chain([("https://board.example", "https://board.example")])
    {
        for target in ["/tokens", "/tokens?limit=0", "/search?q=t", "/meta", "/sources", "/events"] {
            let answer = house.ask(request("GET", target, &format!("Origin: {origin}\r\n"))).await;
            assert_eq!(answer.header("access-control-allow-origin"), allowed, "{origin} {target}");
            assert_eq!(answer.headers("access-control-allow-credentials").len(), 0);
            assert!(answer.header("vary").to_ascii_lowercase().contains("origin"), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn http_a_preflight_allows_reading_alone() {
    let mut plan = allowing(&[]);
    plan.http.frontend = Origins::Any;
    let house = House::with(plan);
    for method in ["GET", "DELETE", "PUT", "PATCH"] {
        let asks = format!(
            "Origin: https://any.example\r\nAccess-Control-Request-Method: {method}\r\n\
             Access-Control-Request-Headers: authorization, x-evil\r\n"
        );
        let answer = house.ask(request("OPTIONS", "/tokens", &asks)).await;
        assert_eq!((answer.status(), answer.header("access-control-allow-origin")), (204, "*"));
        let methods = answer.header("access-control-allow-methods");
        assert_eq!(methods, "GET, HEAD, POST, OPTIONS", "{method}");
        let headers = answer.header("access-control-allow-headers").to_ascii_lowercase();
        assert!(!headers.contains("authorization") && !headers.contains("x-evil") && !headers.contains('*'));
    }
    // What is the page's own is not offered to others.
    let asks = "Origin: https://any.example\r\nAccess-Control-Request-Method: POST\r\n";
    let own = house.ask(request("OPTIONS", "/api/page", asks)).await;
    assert_eq!(own.header("access-control-allow-origin"), "");
}
