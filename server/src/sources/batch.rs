//! Lists of ids for requests that name several.

use memescope::{Chain, PoolId, TokenId};

/// The first `most` distinct tokens of `chain`, and their addresses joined by commas.
pub(super) fn tokens(chain: &Chain, tokens: &[TokenId], most: usize) -> (Vec<TokenId>, String) {
    let mut asked: Vec<TokenId> = Vec::new();
    for token in tokens {
        if asked.len() < most && token.chain() == chain && !asked.contains(token) {
            asked.push(token.clone());
        }
    }
    let list = join(asked.iter().map(TokenId::address));
    (asked, list)
}

/// The addresses of the first `most` distinct pools of `chain`, joined by commas.
pub(super) fn pools(chain: &Chain, pools: &[PoolId], most: usize) -> String {
    let mut asked: Vec<&str> = Vec::new();
    for pool in pools {
        if asked.len() < most && pool.chain() == chain && !asked.contains(&pool.address()) {
            asked.push(pool.address());
        }
    }
    join(asked.into_iter())
}

fn join<'a>(addresses: impl Iterator<Item = &'a str>) -> String {
    addresses.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_distinct_of_one_chain_and_bounded() {
        let id = |byte: u8| {
            let address = bs58::encode([byte; 32]).into_string();
            TokenId::new(&Chain::solana(), &address).unwrap()
        };
        let foreign: TokenId = "ethereum:0xdac17f958d2ee523a2206206994597c13d831ec7".parse().unwrap();
        let all = [id(1), foreign, id(2), id(1), id(3)];
        let (asked, list) = tokens(&Chain::solana(), &all, 2);
        assert_eq!(asked, [id(1), id(2)]);
        assert_eq!(list, format!("{},{}", id(1).address(), id(2).address()));
        assert_eq!(tokens(&Chain::parse("base").unwrap(), &all, 2), (Vec::new(), String::new()));
    }
}
