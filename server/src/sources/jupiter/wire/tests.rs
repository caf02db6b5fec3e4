use super::super::super::sieve::evil::{EVIL, assert_nothing_invented};
use super::*;

const AS_OF: Timestamp = Timestamp::from_secs(1_790_628_375);
const SOL: &str = "So11111111111111111111111111111111111111112";
const TOKEN: &str = "DKxXdaMC1so182urvrrnhs6V6fGTrttPS8br6JuEpump";

fn read(
    body: &str,
    read: fn(&str, Timestamp, &mut Sieve, &mut Harvest) -> Result<(), SourceError>,
) -> Result<Harvest, SourceError> {
    let (mut sieve, mut harvest) = (Sieve::new(AS_OF), Harvest::default());
    read(body, AS_OF, &mut sieve, &mut harvest)?;
    harvest.rejects = sieve.into_rejects();
    Ok(harvest)
}

#[test]
fn nothing_known_is_an_answer_and_an_error_is_not() {
    assert_eq!(read("{}", read_prices), Ok(Harvest::default()));
    assert_eq!(read("[]", read_prices), Ok(Harvest::default()));
    assert_eq!(read("[]", read_tokens), Ok(Harvest::default()));
    for body in [r#"{"code":429,"message":"[API Gateway] Too many requests"}"#, "null", "[1]", r#"{"a":"#] {
        assert_eq!(read(body, read_prices), Err(SourceError::Malformed), "{body}");
    }
    assert_eq!(read(r#"{"error":"x"}"#, read_tokens), Err(SourceError::Malformed));
}

#[test]
fn prices_keep_their_digits_and_age_by_their_block() {
    let body = format!(
        r#"{{"{SOL}":{{"usdPrice":118.75666994538565,"blockId":1000,"decimals":9,"liquidity":954801236.64,"priceChange24h":null}},
        "{TOKEN}":{{"usdPrice":4.492159735952627e-06,"blockId":700,"liquidity":7.36875632902277e-7,"priceChange24h":3048.66,"launchpad":"pump.fun"}},
        "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v":null,
        "7ehsmTN3JRgZ54A4T6WN2PSKgM2FhxJ4bbgGV8Y1pump":{{"usdPrice":"NaN"}},
        "not a mint":{{"usdPrice":1}}}}"#
    );
    let harvest = read(&body, read_prices).unwrap();
    assert_eq!(harvest.tokens.len(), 2);
    let (sol, token) = (&harvest.tokens[0], &harvest.tokens[1]);
    assert_eq!((sol.as_of, sol.change_pct.h24), (AS_OF, None));
    assert_eq!(sol.price_usd.unwrap().to_string(), "118.75666994538565");
    assert_eq!(token.price_usd.unwrap().to_string(), "0.000004492159735952627");
    assert_eq!(token.as_of, AS_OF.minus(Duration::from_secs(120)));
    assert_eq!((token.liquidity_usd, token.change_pct.h24), (Some(7.368_756_329_022_77e-7), Some(3_048.66)));
    assert_eq!(token.statement, Statement::Price);
    let rejects: Vec<_> = harvest.rejects.iter().map(|reject| (reject.field, reject.reason)).collect();
    assert_eq!(rejects, [("usdPrice", "not_a_number"), ("row", "bad_address")]);
}

#[test]
fn blocks_far_apart_do_not_overflow() {
    let body = format!(r#"{{"{SOL}":{{"usdPrice":1,"blockId":0}},"{TOKEN}":{{"usdPrice":1,"blockId":999999999999}}}}"#);
    let harvest = read(&body, read_prices).unwrap();
    assert_eq!(harvest.tokens[0].as_of, AS_OF.minus(Duration::from_secs(604_800)));
}

#[test]
fn what_jupiter_leaves_out_is_read_as_it_is_meant() {
    let bare = read(&format!(r#"[{{"id":"{TOKEN}"}}]"#), read_tokens).unwrap();
    let token = &bare.tokens[0];
    assert_eq!((token.verified, token.suspicious, token.graduated), (Some(false), None, None));
    assert_eq!((token.mint_authority, token.holders, token.price_usd), (None, None, None));
    assert!(token.volume_usd.is_empty() && bare.rejects.is_empty());

    let full = format!(
        r#"[{{"id":"{TOKEN}","name":"N\u0000","symbol":"","usdPrice":"0.1415","holderCount":12,"isVerified":true,"circSupply":"NaN",
        "graduatedPool":"x","mintAuthority":"someone","firstPool":{{"id":"p","createdAt":"2026-09-28T20:46:07Z"}},
        "audit":{{"isSus":true,"freezeAuthorityDisabled":false,"topHoldersPercentage":15.45}},"tags":["lst","verified"],
        "stats5m":{{"priceChange":-8.9,"buyVolume":10.5,"numBuys":3}},
        "stats24h":{{"buyVolume":"NaN","sellVolume":5,"numBuys":-1,"numSells":2}}}}]"#
    );
    let harvest = read(&full, read_tokens).unwrap();
    let token = &harvest.tokens[0];
    assert_eq!((token.name.as_deref(), token.symbol.as_deref()), (Some("N"), None));
    assert_eq!((token.verified, token.suspicious, token.graduated), (Some(true), Some(true), Some(true)));
    assert_eq!((token.mint_authority, token.freeze_authority), (Some(true), Some(true)));
    assert_eq!((token.holders, token.top_holders_pct), (Some(12), Some(15.45)));
    assert_eq!(token.created_at, Some(Timestamp::from_secs(1_790_628_367)));
    assert_eq!(token.volume_usd.at(Window::M5), Some(10.5), "the side left out was zero");
    assert_eq!(token.txns.at(Window::M5), Some(Txns { buys: 3, sells: 0 }));
    assert_eq!(
        (token.volume_usd.at(Window::H24), token.txns.at(Window::H24)),
        (None, None),
        "a refused side is unknown"
    );
    assert_eq!((token.tags.len(), harvest.rejects.len()), (2, 3));
}

#[test]
fn a_bad_row_costs_itself() {
    let body = format!(r#"[{{"id":"{TOKEN}"}},5,{{"id":"short"}},{{}},{{"id":"{SOL}","id":"{SOL}"}}]"#);
    let harvest = read(&body, read_tokens).unwrap();
    assert_eq!(harvest.tokens.len(), 1);
    assert_eq!(harvest.rejects.iter().filter(|reject| reject.field == "row").count(), 4);
}

#[test]
fn evil_numbers_invent_nothing() {
    for (evil, _) in EVIL {
        let stats = format!(
            r#"{{"priceChange":{evil},"buyVolume":{evil},"sellVolume":{evil},"numBuys":{evil},"numSells":{evil}}}"#
        );
        let facts = format!(
            r#"[{{"id":"{TOKEN}","circSupply":{evil},"totalSupply":{evil},"holderCount":{evil},"fdv":{evil},"mcap":{evil},"usdPrice":{evil},
            "liquidity":{evil},"firstPool":{{"createdAt":{evil}}},"audit":{{"topHoldersPercentage":{evil}}},
            "stats5m":{stats},"stats1h":{stats},"stats6h":{stats},"stats24h":{stats}}}]"#
        );
        let harvest = read(&facts, read_tokens).unwrap();
        assert_eq!(harvest.tokens.len(), 1, "{evil}");
        assert_nothing_invented(evil, &harvest);
        let price = format!(
            r#"{{"{TOKEN}":{{"usdPrice":{evil},"blockId":{evil},"liquidity":{evil},"priceChange24h":{evil}}}}}"#
        );
        let harvest = read(&price, read_prices).unwrap();
        assert!(harvest.tokens.is_empty(), "{evil}");
        assert_nothing_invented(evil, &harvest);
    }
}

#[test]
fn an_icon_is_a_picture() {
    let named = |icon: &str| read(&format!(r#"[{{"id":"{TOKEN}"{icon}}}]"#), read_tokens).unwrap().logos;
    let token = TokenId::new(&Chain::solana(), TOKEN).unwrap();
    assert_eq!(named(r#","icon":"https://ipfs.example/a""#), [(token, "https://ipfs.example/a".into())]);
    for none in ["", r#","icon":null"#, r#","icon":7"#] {
        assert_eq!(named(none), [], "{none}");
    }
}

#[test]
fn facts_are_of_now_and_a_price_of_long_ago_is_not_among_them() {
    for (behind, is_told) in [(0, true), (300, true), (301, false)] {
        let block = 451_430_404 - behind;
        let body = format!(
            r#"[{{"id":"{SOL}","usdPrice":90,"priceBlockId":451430404}},
            {{"id":"{TOKEN}","usdPrice":0.5,"holderCount":12,"priceBlockId":{block}}}]"#
        );
        let harvest = read(&body, read_tokens).unwrap();
        let token = &harvest.tokens[1];
        assert_eq!((token.price_usd.is_some(), token.holders, token.as_of), (is_told, Some(12), AS_OF), "{behind}");
    }
}
