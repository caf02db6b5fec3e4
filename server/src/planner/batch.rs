//! Ids put together into requests, each of one chain.

use memescope::{Chain, TokenId};

use super::request::DEXSCREENER_BATCH;

/// At most `most` batches of ids, each with its chain, in the order in which they come; the last of each chain may be
/// short.
pub(super) fn batches<'a, T: Clone + 'a>(
    ids: impl Iterator<Item = (&'a Chain, &'a T)>,
    most: usize,
) -> Vec<(Chain, Vec<T>)> {
    let mut made: Vec<(Chain, Vec<T>)> = Vec::new();
    for (chain, id) in ids {
        let open = made.iter_mut().rev().find(|(of, batch)| of == chain && batch.len() < DEXSCREENER_BATCH);
        if let Some((_, batch)) = open {
            batch.push(id.clone());
        } else if made.len() < most {
            let mut batch = Vec::with_capacity(DEXSCREENER_BATCH);
            batch.push(id.clone());
            made.push((chain.clone(), batch));
        }
    }
    made
}

/// Takes the first id and up to `most` in all that share its chain; `None` when there are none.
pub(super) fn of_one_chain(ids: &mut Vec<&TokenId>, most: usize) -> Option<(Chain, Vec<TokenId>)> {
    let chain = ids.first()?.chain().clone();
    let mut batch = Vec::new();
    ids.retain(|id| {
        let takes = batch.len() < most && *id.chain() == chain;
        if takes {
            batch.push((*id).clone());
        }
        !takes
    });
    Some((chain, batch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::tests::id;

    fn foreign(number: u16) -> TokenId {
        format!("base:0x{number:040x}").parse().unwrap_or_else(|error| unreachable!("{error}"))
    }

    #[test]
    fn a_batch_holds_one_chain_and_the_number_of_batches_is_bounded() {
        let ids: Vec<TokenId> = (0..40).map(id).chain((0..40).map(foreign)).chain((40..60).map(id)).collect();
        let made = |most| -> Vec<(String, usize)> {
            let pairs = ids.iter().map(|id| (id.chain(), id));
            batches(pairs, most).into_iter().map(|(chain, batch)| (chain.to_string(), batch.len())).collect()
        };
        let solana = |count| ("solana".to_owned(), count);
        let base = |count| ("base".to_owned(), count);
        assert_eq!(made(0), []);
        assert_eq!(made(2), [solana(30), solana(30)]);
        assert_eq!(made(3), [solana(30), solana(30), base(30)]);
        assert_eq!(made(9), [solana(30), solana(30), base(30), base(10)]);
    }

    #[test]
    fn one_chain_at_a_time() {
        let ids = [id(1), foreign(1), id(2), id(3)];
        let mut left: Vec<&TokenId> = ids.iter().collect();
        let mut take = || of_one_chain(&mut left, 2).map(|(_, batch)| batch);
        assert_eq!(take(), Some(vec![id(1), id(2)]));
        assert_eq!(take(), Some(vec![foreign(1)]));
        assert_eq!((take(), take()), (Some(vec![id(3)]), None));
    }
}
