use super::super::super::sieve::evil::{EVIL, assert_nothing_invented};
use super::*;

const AS_OF: Timestamp = Timestamp::from_secs(1_790_628_375);
const POOL: &str = "99C6TUp7WgTvnwQVVhAbD8HbxPdo5LJCXr7VFCvTmJf1";
const TOKEN: &str = "nDZknLvfFRp5rgUHdzTrQsmSY5NKzoavqdLjSHVpump";
const SOL: &str = "So11111111111111111111111111111111111111112";

type Reader = fn(&Network, &str, Timestamp, &mut Sieve, &mut Harvest) -> Result<(), SourceError>;

fn read(chain: &str, body: &str, read: Reader) -> Result<Harvest, SourceError> {
    let (mut sieve, mut harvest) = (Sieve::new(AS_OF), Harvest::default());
    let network = Network::of(&Chain::parse(chain).unwrap());
    read(&network, body, AS_OF, &mut sieve, &mut harvest)?;
    harvest.rejects = sieve.into_rejects();
    Ok(harvest)
}

fn pool_row(attributes: &str) -> String {
    format!(
        r#"{{"id":"solana_{POOL}","type":"pool","attributes":{{"address":"{POOL}","name":"GREG / SOL"{attributes}}},
        "relationships":{{"base_token":{{"data":{{"id":"solana_{TOKEN}","type":"token"}}}},
        "quote_token":{{"data":{{"id":"solana_{SOL}","type":"token"}}}},"dex":{{"data":{{"id":"pump-fun","type":"dex"}}}}}}}}"#
    )
}

fn token_row(attributes: &str) -> String {
    format!(
        r#"{{"id":"solana_{TOKEN}","type":"token","attributes":{{"address":"{TOKEN}","name":"Greg","symbol":"GREG"{attributes}}}}}"#
    )
}

#[test]
fn nothing_known_is_an_answer_and_an_error_is_not() {
    for body in ["[]", "{}", r#"{"data":[]}"#, r#"{"data":null}"#] {
        assert_eq!(read("solana", body, read_pools), Ok(Harvest::default()), "{body}");
        assert_eq!(read("solana", body, read_tokens), Ok(Harvest::default()), "{body}");
    }
    for body in [
        r#"{"errors":[{"status":"400"}]}"#,
        r#"{"status":{"error_code":429}}"#,
        r#"{"data":5}"#,
        "null",
        r#"{"data":["#,
    ] {
        assert_eq!(read("solana", body, read_pools), Err(SourceError::Malformed), "{body}");
    }
}

#[test]
fn a_pool_just_made_has_odd_numbers() {
    let body = format!(
        r#"{{"data":[{}],"included":[{},{{"id":"pump-fun","type":"dex","attributes":{{"name":"Pump.fun"}}}},7]}}"#,
        pool_row(
            r#","base_token_price_usd":"0.0000033205645154346354634080961874083152279539688326922533569108776",
            "base_token_price_native_currency":"NaN","quote_token_price_native_currency":"NaN","quote_token_price_usd":118.73,
            "base_token_price_quote_token":"2.796640829e-8","pool_created_at":"2026-09-28T20:45:05Z","fdv_usd":null,"market_cap_usd":null,
            "price_change_percentage":{"m5":"-11.539","h24":"Infinity"},
            "transactions":{"m5":{"buys":13,"sells":14,"buyers":13,"sellers":null},"h24":{"buys":"1.5","sells":2,"buyers":1,"sellers":1}},
            "volume_usd":{"m5":"1205.1753392847"},"reserve_in_usd":"-97.3671492356286",
            "launchpad_details":{"graduation_percentage":0,"completed":false}"#
        ),
        token_row(r#","image_url":"missing.png","coingecko_coin_id":null"#)
    );
    let harvest = read("solana", &body, read_pools).unwrap();
    let pool = &harvest.pools[0];
    assert_eq!((pool.base.symbol.as_deref(), pool.base.name.as_deref()), (Some("GREG"), Some("Greg")));
    assert_eq!((pool.quote.token.address(), pool.quote.symbol.as_deref()), (SOL, None));
    assert_eq!((pool.base.listed, pool.quote.listed), (Some(false), None));
    assert_eq!(&*pool.dex, "pump-fun");
    assert_eq!(pool.price_usd.unwrap().to_string(), "0.00000332056451543463546");
    assert_eq!(pool.price_quote.unwrap().to_string(), "0.00000002796640829");
    assert_eq!((pool.price_sol, pool.fdv_usd, pool.liquidity_usd), (None, None, None));
    assert_eq!((pool.change_pct.at(Window::M5), pool.change_pct.at(Window::H24)), (Some(-11.539), None));
    assert_eq!((pool.txns.at(Window::M5), pool.traders.at(Window::M5)), (Some(Txns { buys: 13, sells: 14 }), None));
    assert_eq!(
        (pool.txns.at(Window::H24), pool.traders.at(Window::H24)),
        (None, Some(Traders { buyers: 1, sellers: 1 }))
    );
    assert_eq!(pool.graduated, Some(false));
    assert!(harvest.tokens.is_empty(), "names alone are no statement about a token");
    let mut rejects: Vec<_> = harvest.rejects.iter().map(|reject| (reject.field, reject.reason)).collect();
    rejects.sort_unstable();
    assert_eq!(
        rejects,
        [
            ("base_token_price_native_currency", "not_a_number"),
            ("included", "wrong_type"),
            ("price_change_percentage", "not_a_number"),
            ("reserve_in_usd", "negative"),
            ("transactions", "not_whole"),
        ]
    );
}

#[test]
fn a_bad_row_costs_itself() {
    let good = pool_row("");
    let rows = [
        good.clone(),
        "[]".into(),
        good.replace("solana_n", "base_n"),
        good.replace("\"dex\":", "\"x\":"),
        good.replace("\"relationships\"", "\"x\""),
        good.replacen(&format!("\"address\":\"{POOL}\""), "\"address\":5", 1),
    ];
    let harvest = read("solana", &format!("{{\"data\":[{}]}}", rows.join(",")), read_pools).unwrap();
    assert_eq!(harvest.pools.len(), 1);
    assert_eq!(harvest.rejects.iter().filter(|reject| reject.field == "row").count(), 5);
}

#[test]
fn networks_with_an_underscore_keep_their_addresses() {
    let (pool, token) = ("0x96c12209C1130FC16c432978C45F7f6B424eF18d", "0xF34ca6B7Fe3D6B1c8635A6Bf2bD7bDD252f16426");
    let body = pool_row("")
        .replace(&format!("solana_{TOKEN}"), &format!("polygon_pos_{token}"))
        .replace(&format!("solana_{SOL}"), &format!("polygon_pos_{token}"))
        .replace(POOL, pool);
    let harvest = read("polygon", &format!("{{\"data\":[{body}]}}"), read_pools).unwrap();
    assert_eq!(harvest.pools[0].base.token.to_string(), format!("polygon:{}", token.to_lowercase()));
}

#[test]
fn tokens_bring_facts_and_their_pools() {
    let body = format!(
        r#"{{"data":[{},{{"type":"token","attributes":{{}}}}],"included":[{}]}}"#,
        token_row(
            r#","decimals":6,"coingecko_coin_id":"greg","total_supply":"1000000000000000.0","normalized_total_supply":"1000000000.0",
            "price_usd":null,"fdv_usd":"NaN","market_cap_usd":"478960276.37","total_reserve_in_usd":"5.0","volume_usd":{"h24":"0.0"},
            "launchpad_details":{"completed":true}"#
        ),
        pool_row(r#","base_token_balance":"-5","quote_token_balance":"54447706.143913""#)
    );
    let harvest = read("solana", &body, read_tokens).unwrap();
    let reserves = (harvest.pools[0].base_reserve, harvest.pools[0].quote_reserve);
    assert_eq!(reserves, (None, Some(54_447_706.143_913)));
    let token = &harvest.tokens[0];
    assert_eq!((token.statement, token.as_of), (Statement::Facts, AS_OF));
    assert_eq!((token.price_usd, token.fdv_usd, token.liquidity_usd), (None, None, None));
    assert_eq!((token.market_cap_usd, token.total_supply), (Some(478_960_276.37), Some(1e9)));
    assert_eq!((token.volume_usd.at(Window::H24), token.graduated), (Some(0.0), Some(true)));
    assert_eq!((token.verified, token.tags.len()), (Some(true), 0));
    assert_eq!(harvest.pools[0].base.symbol.as_deref(), Some("GREG"));
    assert_eq!((harvest.pools[0].base.listed, harvest.pools[0].quote.listed), (Some(true), None));
    let rows = harvest.rejects.iter().filter(|reject| reject.field == "row").count();
    assert_eq!((harvest.tokens.len(), rows), (1, 1));
}

#[test]
fn evil_numbers_invent_nothing() {
    for (evil, _) in EVIL {
        let windows = |value: &str| format!(r#"{{"m5":{value},"h1":{value},"h6":{value},"h24":{value}}}"#);
        let trades = windows(&format!(r#"{{"buys":{evil},"sells":{evil},"buyers":{evil},"sellers":{evil}}}"#));
        let numbers = windows(evil);
        let pool = pool_row(&format!(
            r#","base_token_price_usd":{evil},"base_token_price_native_currency":{evil},"quote_token_price_usd":{evil},
            "base_token_price_quote_token":{evil},"fdv_usd":{evil},"market_cap_usd":{evil},"reserve_in_usd":{evil},"pool_created_at":{evil},
            "price_change_percentage":{numbers},"volume_usd":{numbers},"transactions":{trades}"#
        ));
        let token = token_row(&format!(
            r#","price_usd":{evil},"fdv_usd":{evil},"market_cap_usd":{evil},"normalized_total_supply":{evil},"volume_usd":{numbers}"#
        ));
        let harvest = read("solana", &format!(r#"{{"data":[{token}],"included":[{pool}]}}"#), read_tokens).unwrap();
        assert_eq!((harvest.tokens.len(), harvest.pools.len()), (1, 1), "{evil}");
        assert_nothing_invented(evil, &harvest);
    }
}

#[test]
fn pictures_are_named_beside_tokens_and_with_them() {
    let token = TokenId::new(&Chain::solana(), TOKEN).unwrap();
    let picture = r#","image_url":"https://img.example/a.png""#;
    let beside = format!(r#"{{"data":[{}],"included":[{}]}}"#, pool_row(""), token_row(picture));
    let own = format!(r#"{{"data":[{}]}}"#, token_row(picture));
    for (body, reader) in [(&beside, read_pools as Reader), (&own, read_tokens)] {
        assert_eq!(read("solana", body, reader).unwrap().logos, [(token.clone(), "https://img.example/a.png".into())]);
    }
    for none in [r#","image_url":"missing.png""#, r#","image_url":null"#, ""] {
        let body = format!(r#"{{"data":[{}]}}"#, token_row(none));
        assert_eq!(read("solana", &body, read_tokens).unwrap().logos, [], "{none}");
    }
}
