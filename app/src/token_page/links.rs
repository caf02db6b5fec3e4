//! The token's address, and where else one can look at it.

use leptos::prelude::*;
use memescope::Token;

use crate::part::{Part, part};

/// Explorers by chain: what stands before the address.
const EXPLORERS: [(&str, &str, &str); 6] = [
    ("solana", "Solscan", "https://solscan.io/token/"),
    ("ethereum", "Etherscan", "https://etherscan.io/token/"),
    ("base", "BaseScan", "https://basescan.org/token/"),
    ("bsc", "BscScan", "https://bscscan.com/token/"),
    ("polygon", "PolygonScan", "https://polygonscan.com/token/"),
    ("arbitrum", "Arbiscan", "https://arbiscan.io/token/"),
];

/// Names and addresses of other views of a token. Chain and address are checked identities, so nothing in them has to be
/// written otherwise.
pub(super) fn of(token: &Token) -> Vec<(&'static str, String)> {
    let (chain, address) = (token.id.chain(), token.id.address());
    let mut links = vec![("DexScreener", format!("https://dexscreener.com/{chain}/{address}"))];
    let network = chain.geckoterminal_network();
    links.push(("GeckoTerminal", format!("https://www.geckoterminal.com/{network}/tokens/{address}")));
    if chain.as_str() == "solana" {
        links.push(("Jupiter", format!("https://jup.ag/tokens/{address}")));
    }
    if let Some((_, name, before)) = EXPLORERS.iter().find(|(slug, ..)| *slug == chain.as_str()) {
        links.push((name, format!("{before}{address}")));
    }
    links
}

/// The links as a list.
pub(super) fn list(token: &Token) -> Part {
    let links: Vec<_> = of(token)
        .into_iter()
        .map(|(name, href)| {
            view! { <li><a href=href target="_blank" rel="noopener noreferrer nofollow external">{name}</a></li> }
        })
        .collect();
    part(view! { <ul class="links" aria-label="Elsewhere">{links}</ul> })
}

/// A chain as its name is written: `Solana`, `BSC`.
fn chain_words(chain: &str) -> String {
    let mut letters = chain.chars();
    match chain {
        "bsc" => "BSC".to_owned(),
        _ => letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default(),
    }
}

pub(super) fn view(token: &Token) -> Part {
    let address = token.id.address().to_owned();
    part(view! {
        <div class="elsewhere">
            <p class="address">
                <span class="by">{format!("on {}", chain_words(token.id.chain().as_str()))}</span>
                <code data-testid="address">{address.clone()}</code>
                <button r#type="button" class="pill needs-script" data-act="copy" data-text=address>"Copy"</button>
                <button r#type="button" class="pill needs-script" data-act="watch" data-token=token.id.to_string()>"Watch"</button>
            </p>
            {list(token)}
        </div>
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use memescope::Timestamp;

    use super::*;

    #[test]
    fn each_chain_has_the_links_that_know_it() {
        let links = |id: &str| {
            let token = Token::new(id.parse().unwrap(), Timestamp::default());
            of(&token).into_iter().map(|(_, href)| href).collect::<Vec<_>>()
        };
        let sol = "So11111111111111111111111111111111111111112";
        assert_eq!(
            links(&format!("solana:{sol}")),
            [
                format!("https://dexscreener.com/solana/{sol}"),
                format!("https://www.geckoterminal.com/solana/tokens/{sol}"),
                format!("https://jup.ag/tokens/{sol}"),
                format!("https://solscan.io/token/{sol}"),
            ]
        );
        let pepe = "0x6982508145454ce325ddbe47a25d4ec3d2311933";
        let on_ethereum = links(&format!("ethereum:{pepe}"));
        assert_eq!(on_ethereum[1], format!("https://www.geckoterminal.com/eth/tokens/{pepe}"));
        assert_eq!(on_ethereum[2], format!("https://etherscan.io/token/{pepe}"));
        assert_eq!(links("somewhere:abc").len(), 2);
    }
}
