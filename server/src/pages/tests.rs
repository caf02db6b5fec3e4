#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use proptest::prelude::*;

use super::testing::{Market, Step, any_step, id, selection};
use super::*;

const QUERIES: [&str; 7] = [
    "",
    "rank=losers&min_liquidity_usd=10000",
    "rank=new&window=h1",
    "sort=-volume_usd",
    "sort=symbol&q=t1",
    "sort=price_usd&max_age=10000days",
    "min_change_pct=-50&sort=-change_pct",
];

fn ids(rows: &[Arc<Row>]) -> Vec<memescope::TokenId> {
    rows.iter().map(|row| row.token.id.clone()).collect()
}

/// What a list must be: the passing rows, each where the order wants it.
fn expected(market: &Market, query: &str) -> Vec<memescope::TokenId> {
    ids(&List::build(market.store.snapshot(), selection(query)).rows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_walk_shows_the_list_in_which_it_began(
        steps in proptest::collection::vec(any_step(), 1..8), limit in 1usize..9, query in 0..QUERIES.len(),
    ) {
        let query = QUERIES[query];
        let market = Market::with_tokens(40);
        let selection = selection(query);
        let whole = expected(&market, query);
        let mut steps = steps.iter().cycle();
        let mut cursor = None;
        let mut seen = Vec::new();
        loop {
            let page = market.pages.page(&selection, limit, cursor.as_deref()).unwrap();
            prop_assert!(!page.rebased);
            prop_assert_eq!(page.places.start, seen.len());
            prop_assert_eq!(page.list.rows.len(), whole.len());
            prop_assert_eq!(page.prev_cursor.is_some(), page.places.start > 0);
            seen.extend(ids(page.rows()));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
            market.commit(1, steps.next().unwrap());
        }
        prop_assert_eq!(seen, whole);
    }

    #[test]
    fn moving_what_changed_is_the_same_as_sorting_anew(steps in proptest::collection::vec(any_step(), 1..10)) {
        let market = Market::with_tokens(40);
        for step in &steps {
            market.commit(1, step);
            for query in QUERIES {
                let list = market.pages.current(&selection(query));
                prop_assert_eq!(ids(&list.rows), expected(&market, query), "{}", query);
                for (place, row) in list.rows.iter().enumerate() {
                    prop_assert_eq!(list.place_of(&row.token.id), Some(place));
                }
            }
        }
    }

    #[test]
    fn the_index_finds_what_looking_at_every_row_finds(
        steps in proptest::collection::vec(any_step(), 1..8), limit in 1usize..40,
    ) {
        let market = Market::with_tokens(40);
        for step in &steps {
            market.commit(1, step);
            let mut renamed = super::testing::token(3, 7, super::testing::OPENING);
            renamed.name = Some(format!("ÉTÉ {}", market.store.snapshot().board.seq).into());
            market.put(renamed);
            let snapshot = market.store.snapshot();
            let list = market.pages.current(&selection(""));
            let address = id(7).address().to_owned();
            let texts = ["t1", "token 2", "été", "\0", "n", "zz", "$t3", "$", &address[..3], &address, &format!("sol:{address}")];
            for text in texts.map(str::to_owned) {
                let query = TokenQuery { q: Some(text.clone()), ..TokenQuery::default() };
                let filter = Filter::new(&query, snapshot.board.as_of);
                let needle = memescope::query::needle(&text);
                let fit = |names: [&str; 2]| !names[0].starts_with(&*needle);
                let lower = |text: &Option<Arc<str>>| text.as_deref().unwrap_or_default().to_lowercase();
                let of_row = |row: &Token| fit([&lower(&row.symbol), &lower(&row.name)]);
                let found = market.pages.search(&snapshot, (&needle, &filter), limit, (|names: [&str; 2], _| fit(names), of_row));
                let mut expected: Vec<_> = (1..).zip(&list.rows).filter(|(_, row)| filter.passes(&row.token))
                    .map(|(place, row)| (of_row(&row.token), place, row.token.id.clone())).collect();
                expected.sort();
                expected.truncate(limit);
                let found: Vec<_> =
                    found.unwrap().into_iter().map(|found| (found.fit, found.place, found.row.token.id.clone())).collect();
                prop_assert_eq!(found, expected, "{}", text);
            }
        }
    }

    #[test]
    fn a_walk_whose_snapshot_is_gone_goes_on_after_its_last_row(
        step in any_step(), limit in 1usize..30, query in 0..QUERIES.len(),
    ) {
        let query = QUERIES[query];
        let market = Market::with_tokens(40);
        let selection = selection(query);
        let first = market.pages.page(&selection, limit, None).unwrap();
        let Some(cursor) = first.next_cursor.clone() else { return Ok(()) };
        market.commit(1_000, &step);
        let page = market.pages.page(&selection, 200, Some(&cursor)).unwrap();
        prop_assert!(page.rebased);
        // Whoever has not moved and stood on the first page does not come again; whoever stood below it does come.
        let unmoved = |id: &memescope::TokenId| !step.keys().any(|number| super::testing::id(*number) == *id);
        let (shown, more) = (ids(first.rows()), ids(page.rows()));
        prop_assert!(!shown.iter().any(|id| unmoved(id) && more.contains(id)));
        let below = ids(&first.list.rows[first.places.end..]);
        prop_assert!(below.iter().filter(|id| unmoved(id)).all(|id| more.contains(id)));
    }
}

#[test]
fn a_walk_can_turn_back() {
    let market = Market::with_tokens(30);
    let selection = selection("sort=-price_usd");
    let first = market.pages.page(&selection, 10, None).unwrap();
    let second = market.pages.page(&selection, 10, first.next_cursor.as_deref()).unwrap();
    market.commit(1, &Step::from([(30, Some(1))]));
    let back = market.pages.page(&selection, 10, second.prev_cursor.as_deref()).unwrap();
    assert_eq!(ids(back.rows()), ids(first.rows()));
    assert_eq!(back.prev_cursor, None);
}

#[test]
fn named_tokens_come_as_they_are_named() {
    let market = Market::with_tokens(30);
    let named: Vec<_> = [9, 3, 77, 21, 1].map(id).to_vec();
    let texts: Vec<String> = named.iter().map(ToString::to_string).collect();
    let selection = selection(&format!("ids={}", texts.join(",")));
    let first = market.pages.page(&selection, 2, None).unwrap();
    assert_eq!(ids(first.rows()), [id(9), id(3)]);
    market.commit(1_000, &Step::from([(9, Some(1))]));
    let rest = market.pages.page(&selection, 9, first.next_cursor.as_deref()).unwrap();
    assert_eq!((ids(rest.rows()), rest.rebased), (vec![id(21), id(1)], true));
}

#[test]
fn a_cursor_is_good_for_its_own_query_only() {
    let market = Market::with_tokens(30);
    let cursor = market.pages.page(&selection("rank=top"), 5, None).unwrap().next_cursor.unwrap();
    for other in ["", "rank=top&window=h1", "rank=top&q=t", "rank=top&sort=age"] {
        assert_eq!(market.pages.page(&selection(other), 5, Some(&cursor)).unwrap_err(), InvalidCursor, "{other}");
    }
    // How many rows a page has is no part of the query.
    assert_eq!(market.pages.page(&selection("rank=top"), 9, Some(&cursor)).unwrap().rows().len(), 9);
}

#[test]
fn a_cursor_of_another_epoch_goes_on_in_this_one() {
    let [before, after] = [1, 2].map(|epoch| {
        let market = Market::new();
        let board = market.store.snapshot().board.clone();
        market.publish(&memescope::Board { epoch: Epoch::from_bits(epoch), seq: 1, ..board }, &[]);
        market.commit(1, &(1..=20).map(|number| (number, Some(u16::from(number)))).collect());
        market
    });
    let selection = selection("sort=price_usd");
    let cursor = before.pages.page(&selection, 5, None).unwrap().next_cursor;
    let page = after.pages.page(&selection, 5, cursor.as_deref()).unwrap();
    assert_eq!((page.rebased, ids(page.rows())), (true, (6..=10).map(id).collect()));
}

#[test]
fn a_list_is_made_once_and_goes_with_its_snapshot() {
    let market = Market::with_tokens(30);
    let one = selection("rank=top");
    let first = market.pages.current(&one);
    assert!(Arc::ptr_eq(&first, &market.pages.current(&selection("rank=top"))));
    market.commit(1, &Step::from([(1, Some(3))]));
    assert!(!Arc::ptr_eq(&first, &market.pages.current(&one)));
    let watched = Arc::downgrade(&first);
    drop(first);
    assert!(watched.upgrade().is_some(), "a walk may still need it");
    market.commit(1_000, &Step::new());
    market.pages.current(&one);
    assert!(watched.upgrade().is_none());
}

#[test]
fn the_former_place_is_that_of_five_minutes_ago() {
    let market = Market::with_tokens(20);
    let selection = selection("rank=gainers");
    let newest = |market: &Market| {
        let page = market.pages.page(&selection, 1, None).unwrap();
        (page.rows()[0].token.id.clone(), page.rank_prev(&page.rows()[0]))
    };
    assert_eq!(newest(&market), (id(20), None), "nobody knows yet");
    for _ in 0..29 {
        market.commit(10, &Step::new());
    }
    market.commit(10, &Step::from([(15, Some(399))]));
    assert_eq!(newest(&market), (id(15), Some(6)));
    // In a narrower list the places would mean something else.
    let narrow = super::testing::selection("rank=gainers&q=t1");
    let page = market.pages.page(&narrow, 1, None).unwrap();
    assert_eq!(page.rank_prev(&page.rows()[0]), None);
}

#[test]
fn lists_keep_no_more_old_rows_than_they_may() {
    let market = Market::with_tokens(59);
    let (walk, poll) = (selection("rank=top"), selection("rank=new"));
    let first = market.pages.page(&walk, 10, None).unwrap();
    let mut cursor = first.next_cursor.clone();
    let mut polled = Vec::new();
    for round in 0..120 {
        market.commit(1, &(1..=59).map(|number| (number, Some(round))).collect());
        polled.push(Arc::downgrade(&market.pages.current(&poll)));
        // The walk goes on now and then: its list is not the one used least lately.
        if round.is_multiple_of(40) {
            let page = market.pages.page(&walk, 10, cursor.as_deref()).unwrap();
            assert!(!page.rebased && Arc::ptr_eq(&page.list, &first.list), "round {round}");
            cursor = page.next_cursor.or(cursor);
        }
    }
    let kept = polled.iter().filter(|list| list.upgrade().is_some()).count() as u64;
    let most = (OLD_ROWS + 59) / 59 + 1;
    assert!((most - 5..=most).contains(&kept), "{kept} lists of at most {most}");
    assert!(polled.last().unwrap().upgrade().is_some());
}
