//! A short name of a subscription's state, by which both ends can tell whether they hold the same.

use crate::fnv::Fnv;
use crate::{Token, TokenId};

/// Of an order: its ids, one a line.
pub fn digest_list(ids: &[TokenId]) -> u64 {
    let mut hash = Fnv::default();
    for (place, id) in ids.iter().enumerate() {
        if place > 0 {
            hash.write(b"\n");
        }
        hash.write(id.to_string().as_bytes());
    }
    hash.finish()
}

/// Of rows, in the order of their ids as text: id, price and time of the last change, a line each.
pub fn digest_rows<'a>(rows: impl Iterator<Item = &'a Token>) -> u64 {
    let mut lines: Vec<String> = rows
        .map(|row| {
            let price = row.price_usd.map(|price| price.to_string()).unwrap_or_default();
            format!("{}\t{price}\t{}\n", row.id, row.updated_at)
        })
        .collect();
    lines.sort_unstable();
    let mut hash = Fnv::default();
    for line in &lines {
        hash.write(line.as_bytes());
    }
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::token_id;
    use crate::{Price, Timestamp};

    #[test]
    fn the_order_of_rows_does_not_matter_and_that_of_a_list_does() {
        let [a, b] = [1, 2].map(|number| Token {
            price_usd: Price::new(u64::from(number), -3),
            ..Token::new(token_id(number), Timestamp::from_secs(1))
        });
        assert_eq!(digest_rows([&a, &b].into_iter()), digest_rows([&b, &a].into_iter()));
        let ids = [a.id.clone(), b.id.clone()];
        assert_ne!(digest_list(&ids), digest_list(&[ids[1].clone(), ids[0].clone()]));
        let mut hash = Fnv::default();
        hash.write(format!("{}\n{}", ids[0], ids[1]).as_bytes());
        assert_eq!(digest_list(&ids), hash.finish());
        let mut hash = Fnv::default();
        hash.write(format!("{}\t0.002\t1970-01-01T00:00:01.000Z\n", ids[1]).as_bytes());
        assert_eq!(digest_rows([&b].into_iter()), hash.finish());
    }
}
