//! The order in which tokens are shown: a live head, below it the pages as they were loaded.

use std::collections::HashSet;

use memescope::TokenId;

/// The ids to show. `head` is the live order of the first page, `pinned` the order in which pages were loaded, the first
/// one included; what stands in the head is not shown again below it. With only the first page loaded the head is all.
/// Ids that are not `known` have no row yet and wait.
pub(crate) fn shown(
    head: &[TokenId],
    pinned: &[TokenId],
    first_page: usize,
    known: impl Fn(&TokenId) -> bool,
) -> Vec<TokenId> {
    let mut ids: Vec<TokenId> = head.iter().filter(|id| known(id)).cloned().collect();
    if pinned.len() > first_page {
        let above: HashSet<&TokenId> = head.iter().collect();
        ids.extend(pinned.iter().filter(|id| !above.contains(id) && known(id)).cloned());
    }
    ids
}

/// How many tokens would stand elsewhere, come or go if the order `latest` took the place of `held`: those outside of the
/// longest run that keeps its order.
pub(crate) fn moves(held: &[TokenId], latest: &[TokenId]) -> usize {
    if held == latest {
        return 0;
    }
    let mut inserted = 0;
    let mut deleted = 0;
    for (_, delete, insert) in memescope::feed::splices(held, latest) {
        inserted += insert.len();
        deleted += usize::try_from(delete).unwrap_or(0);
    }
    inserted.max(deleted)
}

/// The ids whose rows the feed is asked for: the mounted ones, and those of the head that have no row yet.
#[cfg(any(feature = "hydrate", test))]
pub(crate) fn wanted(mounted: &[TokenId], head: &[TokenId], known: impl Fn(&TokenId) -> bool) -> Vec<TokenId> {
    let mut ids = mounted.to_vec();
    ids.extend(head.iter().filter(|id| !known(id)).cloned());
    ids.truncate(memescope::query::MAX_IDS);
    ids
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use memescope::Chain;

    use super::*;

    fn ids(numbers: &[u8]) -> Vec<TokenId> {
        let chain = Chain::parse("base").unwrap();
        numbers.iter().map(|number| TokenId::new(&chain, &format!("0x{number:040x}")).unwrap()).collect()
    }

    #[test]
    fn below_the_head_stand_the_pages_without_what_the_head_shows() {
        let head = ids(&[4, 1, 2]);
        let all = |_: &TokenId| true;
        assert_eq!(shown(&head, &ids(&[1, 2, 3]), 3, all), head, "only the first page is loaded");
        // 4 climbed into the head, 3 fell out of it.
        assert_eq!(shown(&head, &ids(&[1, 2, 3, 4, 5]), 3, all), ids(&[4, 1, 2, 3, 5]));
    }

    #[test]
    fn a_token_without_a_row_waits_and_is_asked_for() {
        let unknown = ids(&[9]);
        let known = |id: &TokenId| !unknown.contains(id);
        let head = ids(&[1, 9, 2]);
        assert_eq!(shown(&head, &ids(&[1, 2]), 2, known), ids(&[1, 2]));
        assert_eq!(wanted(&ids(&[1, 2]), &head, known), ids(&[1, 2, 9]));
    }

    #[test]
    fn moves_are_counted_once() {
        assert_eq!(moves(&ids(&[1, 2, 3, 4]), &ids(&[1, 2, 3, 4])), 0);
        assert_eq!(moves(&ids(&[1, 2, 3, 4]), &ids(&[1, 2, 4, 3])), 1);
        assert_eq!(moves(&ids(&[1, 2, 3, 4]), &ids(&[4, 1, 2, 3])), 1);
        assert_eq!(moves(&ids(&[1, 2]), &ids(&[1, 2, 3])), 1);
        assert_eq!(moves(&ids(&[1, 2, 3]), &ids(&[3, 2, 1])), 2);
    }
}
