//! The lists of tokens that somebody pays for: profiles and boosts.

use serde::Serialize;

use super::MOST;
use super::pair::PageUrl;
use crate::market::lists::Lists;
use crate::market::names;
use crate::market::noise::mix;
use crate::market::sim::Market;
use crate::market::token::Token;
use crate::market::wire::{bytes, time};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Promotion<'a> {
    url: PageUrl<'a>,
    chain_id: &'static str,
    token_address: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<Vec<Link>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_amount: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cto: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
}

#[derive(Serialize)]
struct Link {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'static str>,
    url: String,
}

/// Tokens of other chains among the promoted ones.
const FOREIGN: [(&str, &str); 3] = [
    ("robinhood", "0x518d5005ed32655F6BC88F6Cb7ccBa341D380956"),
    ("base", "0x311935Cd80B76769bF2ecC9D8Ab7635b2139cf82"),
    ("bsc", "0x7B0E400F92EEd5106782E92B05A852C3543F6c2a"),
];

fn promotion<'a>(chain: &'static str, address: &'a str, seed: u64) -> Promotion<'a> {
    let links = (!seed.is_multiple_of(5)).then(|| {
        let mut links =
            vec![Link { kind: None, label: Some("Website"), url: format!("https://{:x}.example", seed & 0xffff) }];
        if seed.is_multiple_of(3) {
            links.push(Link { kind: Some("twitter"), label: None, url: format!("https://x.com/{:x}", seed & 0xffff) });
        }
        links
    });
    Promotion {
        url: PageUrl { chain, address },
        chain_id: chain,
        token_address: address,
        description: (!seed.is_multiple_of(4)).then_some("The community that never sleeps 🚀\nNo team, no roadmap."),
        icon: None,
        links,
        total_amount: None,
        amount: None,
        cto: None,
        updated_at: None,
    }
}

/// Adds foreign items at fixed places and cuts to the length of the real lists.
fn mixed<'a>(own: impl Iterator<Item = &'a Token>, make: impl Fn(Promotion<'a>, u64, u32) -> Promotion<'a>) -> Vec<u8> {
    let mut items: Vec<Promotion<'a>> = own
        .take(MOST - FOREIGN.len())
        .map(|token| {
            let item = promotion("solana", &token.mint, token.seed);
            make(item, token.seed, token.boosts.unwrap_or(10))
        })
        .collect();
    for (place, (chain, address)) in FOREIGN.into_iter().enumerate() {
        let seed = mix(77, place as u64);
        let item = make(promotion(chain, address, seed), seed, 10);
        items.insert((place * 7 + 1).min(items.len()), item);
    }
    bytes(&items)
}

/// `/token-boosts/latest/v1` and `/token-boosts/top/v1`.
pub(in crate::market) fn boosts(market: &Market, lists: &Lists, top: bool) -> Vec<u8> {
    let mut tokens: Vec<&Token> = lists.boosted().iter().map(|slot| &market.tokens()[*slot]).collect();
    if top {
        tokens.sort_by_key(|token| std::cmp::Reverse(token.boosts));
    } else if tokens.len() > 4 {
        // Who boosts twice stands there twice.
        tokens.insert(4, tokens[0]);
    }
    mixed(tokens.into_iter(), |item, seed, amount| Promotion {
        icon: (!seed.is_multiple_of(6)).then(|| names::image_id(seed)),
        total_amount: Some(amount),
        amount: (!top).then_some(amount.min(30)),
        ..item
    })
}

/// `/token-profiles/latest/v1`.
pub(in crate::market) fn profiles(market: &Market, lists: &Lists) -> Vec<u8> {
    let now = time(market.now());
    mixed(lists.profiles().iter().map(|slot| &market.tokens()[*slot]), |item, seed, _| Promotion {
        cto: Some(seed.is_multiple_of(9)),
        updated_at: Some(now.to_string()),
        ..item
    })
}
