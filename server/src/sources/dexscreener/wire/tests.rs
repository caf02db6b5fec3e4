use memescope::TokenId;

use super::super::super::sieve::evil::{EVIL, assert_nothing_invented};
use super::*;

const AS_OF: Timestamp = Timestamp::from_secs(1_790_628_375);
const TOKEN: &str = "FtvDpvtyVepN9YFhwymwQRC3oEuig57kiDxBSMgkpump";

fn read(
    body: &str,
    read: fn(&str, Timestamp, &mut Sieve, &mut Harvest) -> Result<(), SourceError>,
) -> Result<Harvest, SourceError> {
    let (mut sieve, mut harvest) = (Sieve::new(AS_OF), Harvest::default());
    read(body, AS_OF, &mut sieve, &mut harvest)?;
    harvest.rejects = sieve.into_rejects();
    Ok(harvest)
}

/// A pair with one field put in or replaced.
fn pair(extra: &str) -> String {
    let extra = if extra.is_empty() { String::new() } else { format!(",{extra}") };
    format!(
        r#"{{"chainId":"solana","dexId":"pumpswap","url":"u","pairAddress":"{TOKEN}",
        "baseToken":{{"address":"{TOKEN}","name":"Kol \u202ePacks ","symbol":"KOL"}},
        "quoteToken":{{"address":"{WRAPPED_SOL}","symbol":"SOL"}}{extra}}}"#
    )
}

fn one(extra: &str) -> (PoolObservation, Vec<String>) {
    let mut harvest = read(&format!("[{}]", pair(extra)), read_pairs).unwrap();
    let rejects = harvest.rejects.iter().map(|reject| format!("{} {}", reject.field, reject.reason));
    (harvest.pools.remove(0), rejects.collect())
}

#[test]
fn nothing_known_is_an_answer() {
    for body in ["[]", "{}", r#"{"pairs":null}"#, r#"{"schemaVersion":"1.0.0","pairs":null,"pair":null}"#] {
        assert_eq!(read(body, read_pairs), Ok(Harvest::default()), "{body}");
    }
    assert_eq!(read("[]", read_promotions), Ok(Harvest::default()));
}

#[test]
fn what_is_no_list_of_pairs_is_malformed() {
    for body in ["null", "5", r#""<html>""#, r#"{"pairs":{}}"#, r#"{"error":"x"}"#, r#"{"pairs":[{}"#, "[{}]x"] {
        assert_eq!(read(body, read_pairs), Err(SourceError::Malformed), "{body}");
    }
}

#[test]
fn a_sparse_pair_is_unknown_in_every_field() {
    let (pool, rejects) = one("");
    assert!(rejects.is_empty(), "{rejects:?}");
    assert_eq!(pool.base.name.as_deref(), Some("Kol Packs"));
    assert_eq!((pool.price_usd, pool.price_quote, pool.liquidity_usd), (None, None, None));
    assert!(pool.change_pct.is_empty() && pool.volume_usd.is_empty() && pool.txns.is_empty());
    assert_eq!((pool.created_at, pool.fdv_usd, pool.promoted), (None, None, false));
}

#[test]
fn fields_fail_alone() {
    let (pool, rejects) = one(
        r#""priceUsd":"NaN","priceNative":"4.5e-6","volume":{"h24":"12.5","h6":-1,"h1":0},"txns":{"m5":{"buys":3,"sells":null},"h1":{"buys":"3","sells":0}},
        "priceChange":{"h24":null,"h6":"-12.2","h1":-101},"liquidity":[],"fdv":1e13,"marketCap":"41006","pairCreatedAt":"1790624360000","labels":["CLMM",7],"boosts":{"active":10}"#,
    );
    assert_eq!(pool.price_usd, None);
    assert_eq!(pool.price_sol.map(|price| price.to_string()).as_deref(), Some("0.0000045"));
    assert_eq!(pool.volume_usd.at(Window::H24), Some(12.5));
    assert_eq!(pool.volume_usd.at(Window::H1), Some(0.0), "zero volume is a value");
    assert_eq!(pool.volume_usd.at(Window::H6), None);
    assert_eq!(pool.txns.at(Window::M5), None, "half a count is none");
    assert_eq!(pool.txns.at(Window::H1), Some(Txns { buys: 3, sells: 0 }));
    assert_eq!((pool.change_pct.at(Window::H24), pool.change_pct.at(Window::H6)), (None, Some(-12.2)));
    assert_eq!((pool.fdv_usd, pool.market_cap_usd), (None, Some(41_006.0)));
    assert_eq!(pool.created_at, Some(Timestamp::from_secs(1_790_624_360)));
    assert_eq!(pool.labels.len(), 1);
    assert!(pool.promoted);
    assert_eq!(
        rejects,
        [
            "liquidity wrong_type",
            "labels wrong_type",
            "priceUsd not_a_number",
            "priceChange out_of_range",
            "volume negative",
            "fdv out_of_range",
        ]
    );
}

#[test]
fn a_bad_row_costs_itself() {
    let rows = [
        pair(""),
        "null".into(),
        "7".into(),
        r#"["solana"]"#.into(),
        "{}".into(),
        r#"{"chainId":"no chain"}"#.into(),
        pair("").replace("\"dexId\":\"pumpswap\",", ""),
        pair("").replacen(TOKEN, "short", 1),
        pair("").replace(WRAPPED_SOL, ""),
        pair(r#""chainId":"solana""#),
        pair(""),
    ];
    let harvest = read(&format!("[{}]", rows.join(",")), read_pairs).unwrap();
    assert_eq!(harvest.pools.len(), 2);
    let refused = harvest.rejects.iter().filter(|reject| reject.field == "row").count();
    assert_eq!(refused, 9);
}

#[test]
fn the_token_may_be_the_quote() {
    let body = pair("").replace(TOKEN, "\0").replace(WRAPPED_SOL, TOKEN).replace('\0', WRAPPED_SOL);
    let harvest = read(&format!("{{\"pairs\":[{body}]}}"), read_pairs).unwrap();
    assert_eq!(harvest.pools[0].quote.token.address(), TOKEN);
    assert_eq!(harvest.pools[0].base.token.address(), WRAPPED_SOL);
}

#[test]
fn promotions_name_each_token_once() {
    let body = format!(
        r#"[{{"url":"u","chainId":"solana","tokenAddress":"{TOKEN}","icon":"https://x","cto":true,"updatedAt":"2026-09-28T20:45:50Z"}},
        {{"chainId":"solana","tokenAddress":"{TOKEN}","amount":10,"totalAmount":30}},
        {{"chainId":"solana","tokenAddress":"../../etc"}},
        {{"chainId":"base","tokenAddress":"0x518D5005ed32655F6BC88F6Cb7ccBa341D380956"}}]"#
    );
    let harvest = read(&body, read_promotions).unwrap();
    let tokens: Vec<TokenId> = harvest.tokens.iter().map(|token| token.token.clone()).collect();
    assert_eq!(tokens.len(), 2);
    assert_eq!(tokens[1].to_string(), "base:0x518d5005ed32655f6bc88f6cb7ccba341d380956");
    assert!(harvest.tokens.iter().all(|token| token.statement == Statement::Promotion && token.as_of == AS_OF));
    assert_eq!(harvest.rejects.len(), 2, "the address and its row");
}

#[test]
fn evil_numbers_invent_nothing() {
    for (evil, _) in EVIL {
        let windows = |value: &str| format!(r#"{{"m5":{value},"h1":{value},"h6":{value},"h24":{value}}}"#);
        let (numbers, trades) = (windows(evil), windows(&format!(r#"{{"buys":{evil},"sells":{evil}}}"#)));
        let body = pair(&format!(
            r#""priceUsd":{evil},"priceNative":{evil},"volume":{numbers},"priceChange":{numbers},"txns":{trades},"fdv":{evil},"marketCap":{evil},
            "liquidity":{{"usd":{evil},"base":{evil},"quote":{evil}}},"pairCreatedAt":{evil},"boosts":{{"active":{evil}}}"#
        ));
        let harvest = read(&format!("[{body}]"), read_pairs).unwrap();
        assert_eq!(harvest.pools.len(), 1, "{evil}");
        assert_nothing_invented(evil, &harvest);
    }
}

#[test]
fn a_picture_is_one_of_the_base() {
    let named = |extra: &str| read(&format!("[{}]", pair(extra)), read_pairs).unwrap();
    let token: TokenId = format!("solana:{TOKEN}").parse().unwrap();
    let harvest = named(r#""info":{"imageUrl":"https://cdn.example/a.png","websites":[]}"#);
    assert_eq!(harvest.logos, [(token, "https://cdn.example/a.png".into())]);
    for none in ["", r#""info":null"#, r#""info":{}"#, r#""info":{"imageUrl":null}"#] {
        let harvest = named(none);
        assert!(harvest.logos.is_empty() && harvest.rejects.is_empty(), "{none}");
    }
    assert!(named(r#""info":{"imageUrl":7}"#).logos.is_empty());
}
