//! Faults, control and serving.

use super::*;

#[tokio::test(start_paused = true)]
async fn faults_befall_the_right_requests_at_the_right_time() {
    let script = "dexscreener:429=7s@10s-30s;gecko:hang@5s;jupiter:html@0s-4s;jupiter:truncate@4s-8s;\
                  jupiter:empty@8s-9s;jupiter:drip=1s@9s-20s;all:500@60s-70s;gecko:429@80s-";
    let market = market_of(60, 1, script);
    let price = format!("/jupiter/price/v3?ids={}", crate::market::venue::ASSETS[0].mint);
    let blocked = get(&market, &price).await;
    assert_eq!(blocked.status, StatusCode::FORBIDDEN);
    assert!(blocked.body.starts_with(b"<"));
    tokio::time::advance(Duration::from_secs(5)).await;
    assert!(serde_json::from_slice::<Value>(&get(&market, &price).await.body).is_err());
    let hanging = format!("{GECKO}/networks/solana/new_pools");
    let hung = tokio::time::timeout(Duration::from_secs(2), get(&market, &hanging)).await;
    assert!(hung.is_err());
    // At 7 s the single strike is spent.
    assert_eq!(get(&market, &hanging).await.status, StatusCode::OK);
    tokio::time::advance(Duration::from_millis(1_500)).await;
    assert_eq!(get(&market, &price).await.body, b"{}");
    tokio::time::advance(Duration::from_secs(1)).await;
    let before = tokio::time::Instant::now();
    assert!(get(&market, &price).await.json().is_object());
    assert!(before.elapsed() >= Duration::from_secs(2), "{:?}", before.elapsed());
    let limited = get(&market, "/dexscreener/token-boosts/top/v1").await;
    assert_eq!(
        (limited.status, limited.headers["retry-after"].to_str().unwrap()),
        (StatusCode::TOO_MANY_REQUESTS, "7")
    );
    tokio::time::advance(Duration::from_secs(22)).await;
    assert_eq!(get(&market, "/dexscreener/token-boosts/top/v1").await.status, StatusCode::OK);
    tokio::time::advance(Duration::from_secs(28)).await;
    for path in ["/dexscreener/token-boosts/top/v1", hanging.as_str(), price.as_str()] {
        assert_eq!(get(&market, path).await.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
    }
    tokio::time::advance(Duration::from_secs(30)).await;
    let limited = get(&market, &hanging).await;
    assert_eq!(limited.headers["retry-after"], "0");
    assert_eq!(limited.json()["status"]["error_code"], 429);
}

#[tokio::test(start_paused = true)]
async fn control_is_for_this_machine_only() {
    let market = market_of(60, 1, "");
    let pause = r#"{"op":"pause"}"#;
    for peer in [None, Some("10.0.0.1:1"), Some("[2001:db8::1]:1")] {
        assert_eq!(order(&market, peer, pause).await.status, StatusCode::FORBIDDEN, "{peer:?}");
    }
    for peer in ["127.0.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        assert_eq!(order(&market, Some(peer), pause).await.status, StatusCode::OK, "{peer}");
    }
    for body in ["", "{}", r#"{"op":"explode"}"#, r#"{"op":"step","seconds":-1}"#, r#"{"op":"fault","script":"x"}"#] {
        let refused = local(&market, body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(refused.json()["error"].is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn control_stops_the_clock_and_sets_values() {
    let market = market_of(60, 1, "");
    local(&market, r#"{"op":"pause"}"#).await;
    let stopped = local(&market, r#"{"op":"pause"}"#).await.json();
    tokio::time::advance(Duration::from_secs(500)).await;
    assert_eq!(local(&market, r#"{"op":"pause"}"#).await.json(), stopped);
    let stepped = local(&market, r#"{"op":"step","seconds":30}"#).await.json();
    assert_ne!(stepped["now"], stopped["now"]);
    local(&market, r#"{"op":"resume"}"#).await;

    let mint = market
        .mints()
        .into_iter()
        .find(|mint| {
            let truth = market.truth("solana", mint).unwrap();
            !truth.standing.is_counterfeit() && !truth.on_curve && truth.pools[0].volume_24h_usd > 100.0
        })
        .unwrap();
    for (name, path) in [("price", "/priceUsd"), ("volume", "/volume/h24"), ("liquidity", "/liquidity/usd")] {
        let body = format!(r#"{{"op":"set","token":"solana:{mint}","{name}":0.75}}"#);
        assert_eq!(local(&market, &body).await.status, StatusCode::OK, "{name}");
        let pairs = json(&market, &format!("/dexscreener/tokens/v1/solana/{mint}")).await;
        let value = number(pairs[0].pointer(path).unwrap());
        assert!((value - 0.75).abs() < 0.01, "{name} {value}");
    }
    let missing = local(&market, r#"{"op":"set","token":"nobody","price":1}"#).await;
    assert_eq!(missing.status, StatusCode::BAD_REQUEST);

    local(&market, r#"{"op":"fault","script":"all:500@0s-10s"}"#).await;
    assert_eq!(get(&market, "/jupiter/tokens/v2/recent").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    tokio::time::advance(Duration::from_secs(11)).await;
    assert_eq!(get(&market, "/jupiter/tokens/v2/recent").await.status, StatusCode::OK);
}

#[tokio::test]
async fn it_serves_over_tcp_and_stops_although_a_request_hangs() {
    let market = market_of(60, 1, "gecko:hang@0s-");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(crate::market::serve(listener, market, async move {
        stopped.await.unwrap();
    }));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("{base}/jupiter/tokens/v2/recent")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer = client.post(format!("{base}/control")).body(r#"{"op":"resume"}"#).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let hanging = tokio::spawn(client.get(format!("{base}{GECKO}/networks/solana/new_pools")).send());
    // Whatever came of the request, a stop ends it.
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(20), server).await.unwrap().unwrap().unwrap();
    drop(hanging.await.unwrap());
}
