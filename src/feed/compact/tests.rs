//! What was encoded is read again, and nothing that is read does harm.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use proptest::prelude::*;

use super::*;
use crate::feed::{DeltaFrame, PART_BYTES, SnapshotFrame};
use crate::testing::{any_token, token_id};
use crate::{Epoch, PerWindow, Price, Timestamp, Token, TokenId, TokenPatch, Traders, Txns, Window};

fn head(kind: Kind) -> Head<&'static str> {
    Head { sub: "l1", seq: 918_275, as_of: Timestamp::from_millis(1_795_000_000_123), kind }
}

fn snapshot() -> Head<&'static str> {
    head(Kind::Snapshot { epoch: Epoch::from_bits(u64::MAX - 5), reason: Some("lagged".to_owned()) })
}

fn read_all(frames: &[Vec<u8>]) -> Vec<CompactFrame> {
    frames.iter().map(|frame| read(frame).unwrap()).collect()
}

/// Rows with every kind of value that there is.
fn any_row() -> impl Strategy<Value = Token> {
    let figure = prop_oneof![
        Just(None),
        (0u64..1_000_000, -8i32..12).prop_map(|(digits, power)| Some(format!("{digits}e{power}").parse().unwrap())),
        any::<f64>().prop_filter_map("JSON has no other numbers", |figure| figure.is_finite().then_some(Some(figure))),
    ];
    let figures = (figure.clone(), figure.clone(), figure.clone(), figure.clone(), figure.clone());
    let windows = figures.prop_map(|(m5, h1, h6, h24, d7)| PerWindow { m5, h1, h6, h24, d7 });
    let price = proptest::option::of((1u64..=u64::MAX, -120i32..100).prop_map(|(m, e)| Price::new(m, e).unwrap()));
    let counts = proptest::option::of((0u64..u64::MAX, any::<u64>()));
    let text = proptest::option::of(any::<String>());
    let times = (any::<i64>(), proptest::option::of(any::<i64>()));
    ((any_token(), any::<[u8; 32]>(), any::<bool>()), (windows.clone(), windows, figure, price), counts, text, times)
        .prop_map(|((mut row, address, is_solana), (change, volume, cap, price), counts, text, times)| {
            row.id = if is_solana { TokenId::of_solana_bytes(address) } else { "bsc:0xab".parse().unwrap() };
            row.chain = row.id.chain().clone();
            row.address = row.id.shared_address();
            (row.change_pct, row.volume_usd, row.fdv_usd, row.price_sol) = (change, volume, cap, price);
            row.txns.d7 = counts.map(|(buys, sells)| Txns { buys, sells });
            row.traders.m5 = counts.map(|(buyers, sellers)| Traders { buyers, sellers });
            row.pool = text.map(Into::into);
            row.partial_windows = Window::ALL[row.flags.len() % 5..].to_vec();
            row.updated_at = Timestamp::from_millis(times.0);
            row.created_at = times.1.map(Timestamp::from_millis);
            row
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn rows_and_their_changes_come_back(old in any_row(), new in any_row(), as_of: i64, handle: u64) {
        let new = Token { id: old.id.clone(), chain: old.chain.clone(), address: old.address.clone(), ..new };
        let (mut names, row) = (Names::default(), encode_row(&old));
        let frames = rows_snapshot(&snapshot(), [(handle, &*row)].into_iter());
        let [CompactFrame::Rows(frame)] = &*read_all(&frames) else { panic!("rows") };
        let read = frame.clone().snapshot(&mut names).unwrap();
        prop_assert_eq!(read.rows.unwrap(), vec![old.clone()]);
        prop_assert_eq!((read.epoch, read.reason.as_deref()), (Epoch::from_bits(u64::MAX - 5), Some("lagged")));

        if let Some(patch) = TokenPatch::between(&old, &new) {
            let head = Head { as_of: Timestamp::from_millis(as_of), ..head(Kind::Delta { prev: 918_200 }) };
            let bytes = encode_patch(&patch, head.as_of);
            let parts = RowsParts { patches: vec![(handle, &*bytes)], gone: vec![&old.id], ..RowsParts::default() };
            let [CompactFrame::Rows(frame)] = &*read_all(&rows_delta(&head, parts)) else { panic!("rows") };
            prop_assert!(frame.clone().delta(&mut Names::default()).is_none(), "whose number?");
            let read = frame.clone().delta(&mut names).unwrap();
            prop_assert_eq!((read.prev, read.seq, &read.patches), (918_200, 918_275, &vec![patch.clone()]));
            prop_assert_eq!(read.gone, vec![old.id.clone()]);
            let mut row = old;
            row.apply(patch);
            prop_assert_eq!(row, new);
        }
    }

    #[test]
    fn lists_come_back(
        numbers in proptest::collection::vec(any::<[u8; 32]>(), 0..9), total: u32, at: u32, delete: u32,
    ) {
        let ids: Vec<TokenId> = numbers.into_iter().map(TokenId::of_solana_bytes).collect();
        let frames = list_snapshot(&snapshot(), total.into(), ids.iter());
        let [CompactFrame::Snapshot(SnapshotFrame { ids: read, total: all, part: None, rows: None, .. })] =
            &*read_all(&frames) else { panic!("a list") };
        prop_assert_eq!((read.as_ref(), *all), (Some(&ids), Some(total.into())));

        let splices = vec![(at, delete, ids), (0, 1, vec![])];
        let frames = list_delta(&head(Kind::Delta { prev: 0 }), total.into(), &splices);
        let [CompactFrame::Delta(DeltaFrame { splices: read, total: all, prev: 0, .. })] =
            &*read_all(&frames) else { panic!("a list") };
        prop_assert_eq!((read.as_ref(), *all), (Some(&splices), Some(total.into())));
    }

    #[test]
    fn heartbeats_come_back(seq: u64, as_of: i64) {
        let as_of = Timestamp::from_millis(as_of);
        prop_assert_eq!(read(&heartbeat(seq, as_of)), Some(CompactFrame::Heartbeat { seq, as_of }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Bytes of any kind, and those of a good frame of which some were changed or cut off.
    #[test]
    fn reading_never_does_harm(
        bytes in proptest::collection::vec(any::<u8>(), 0..200), row in any_token(),
        hits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..6), cut: proptest::sample::Index,
    ) {
        let (patch, row) = (TokenPatch::between(&Token::new(row.id.clone(), row.updated_at), &row), encode_row(&row));
        let patch = encode_patch(&patch.unwrap_or_else(|| TokenPatch::of(token_id(1))), Timestamp::default());
        let id = token_id(2);
        let parts = RowsParts {
            names: vec![(7, &id)], rows: vec![(8, &*row)], patches: vec![(7, &*patch), (8, &*patch)], gone: vec![&id],
        };
        let good = [
            rows_delta(&head(Kind::Delta { prev: 4 }), parts),
            rows_snapshot(&snapshot(), [(1, &*row)].into_iter()),
            list_snapshot(&snapshot(), 2, [&id].into_iter()),
            list_delta(&head(Kind::Delta { prev: 4 }), 2, &[(1, 2, vec![id.clone()])]),
            vec![bytes],
        ];
        for mut frame in good.into_iter().flatten() {
            for (place, byte) in hits.iter().filter(|_| !frame.is_empty()).collect::<Vec<_>>() {
                let place = place.index(frame.len());
                frame[place] = *byte;
            }
            if !hits.is_empty() {
                frame.truncate(cut.index(frame.len() + 1));
            }
            if let Some(CompactFrame::Rows(rows)) = read(&frame) {
                let size = |count: usize| assert!(count <= frame.len(), "no more things than bytes");
                size(rows.clone().snapshot(&mut Names::default()).map_or(0, |read| read.rows.unwrap().len()));
                size(rows.delta(&mut Names::default()).map_or(0, |read| read.rows.len() + read.patches.len()));
            }
        }
    }
}

#[test]
fn a_count_without_things_takes_no_memory() {
    for kind in 1..=4 {
        let mut frame = vec![kind, 0, 0, 0, 0, 0, 0];
        frame.extend([0xff, 0xff, 0xff, 0xff, 0x7f]);
        if let Some(CompactFrame::Rows(rows)) = read(&frame) {
            assert_eq!(rows.clone().snapshot(&mut Names::default()), None);
            assert_eq!(rows.delta(&mut Names::default()), None);
        }
    }
}

#[test]
fn a_large_frame_is_cut_and_every_part_is_whole() {
    let ids: Vec<TokenId> = (0..3_000u16)
        .map(|number| {
            let mut bytes = [1; 32];
            bytes[..2].copy_from_slice(&number.to_be_bytes());
            TokenId::of_solana_bytes(bytes)
        })
        .collect();
    let frames = list_snapshot(&snapshot(), 5_000, ids.iter());
    assert!(frames.len() == 2 && frames.iter().all(|frame| frame.len() <= PART_BYTES));
    let mut all = Vec::new();
    for (number, frame) in (1..).zip(read_all(&frames)) {
        let CompactFrame::Snapshot(frame) = frame else { panic!("a list") };
        assert_eq!((frame.part, frame.total), (Some((number, 2)), Some(5_000)));
        all.extend(frame.ids.unwrap());
    }
    assert_eq!(all, ids);

    let rows: Vec<Token> = ids.iter().map(|id| Token::new(id.clone(), Timestamp::from_secs(1))).collect();
    let patch = |row: &Token| {
        encode_patch(&TokenPatch { pool_count: Some(3), ..TokenPatch::of(row.id.clone()) }, row.updated_at)
    };
    let (bytes, patches): (Vec<_>, Vec<_>) = rows.iter().map(|row| (encode_row(row), patch(row))).unzip();
    let parts = RowsParts {
        rows: (0..).zip(bytes.iter().map(Vec::as_slice)).collect(),
        patches: (0..).zip(patches.iter().map(Vec::as_slice)).collect(),
        ..RowsParts::default()
    };
    let frames = rows_delta(&head(Kind::Delta { prev: 1 }), parts);
    assert!(frames.len() > 1 && frames.iter().all(|frame| frame.len() <= PART_BYTES));
    let (mut names, mut read, mut changed) = (Names::default(), Vec::new(), Vec::new());
    for frame in read_all(&frames) {
        let CompactFrame::Rows(frame) = frame else { panic!("rows") };
        let frame = frame.delta(&mut names).unwrap();
        read.extend(frame.rows);
        changed.extend(frame.patches.into_iter().map(|patch| patch.id));
    }
    assert_eq!((read, changed), (rows, ids));
}

/// The most frequent change there is: a price and what follows from it. A board of 200 rows, all of which change.
#[test]
fn a_change_of_price_takes_a_few_bytes() {
    let rows: Vec<Token> = (0..200u32)
        .map(|number| {
            let mut row = Token::new(token_id(u8::try_from(number).unwrap()), Timestamp::from_secs(1_795_000_000));
            row.price_usd = Price::new(u64::from(number) * 37 + 1_001, -8);
            row.change_pct.h24 = Some(f64::from(number + 307) / 100.0);
            row
        })
        .collect();
    let as_of = Timestamp::from_secs(1_795_000_002);
    let size = |change: fn(&mut Token)| {
        let patches: Vec<Vec<u8>> = rows
            .iter()
            .map(|old| {
                let mut new = old.clone();
                change(&mut new);
                encode_patch(&TokenPatch::between(old, &new).unwrap(), as_of)
            })
            .collect();
        let patches = (0..).zip(patches.iter().map(Vec::as_slice)).collect();
        let head = Head { as_of, ..head(Kind::Delta { prev: 918_274 }) };
        let frames = rows_delta(&head, RowsParts { patches, ..RowsParts::default() });
        frames.iter().map(Vec::len).sum::<usize>() as f64 / 200.0
    };
    let four_digits = |row: &mut Token| {
        row.price_usd = Price::new(row.price_usd.unwrap().mantissa() + 1, -8);
        row.change_pct.h24 = row.change_pct.h24.map(|change| ((change - 9.0) * 100.0).round() / 100.0);
    };
    let twelve_digits = |row: &mut Token| {
        row.price_usd = Price::new(row.price_usd.unwrap().mantissa() * 100_000_000 + 1, -16);
        row.change_pct.h24 = row.change_pct.h24.map(|change| ((change - 9.0) * 100.0).round() / 100.0);
    };
    let timed = |row: &mut Token| {
        row.price_usd = Price::new(row.price_usd.unwrap().mantissa() + 1, -8);
        row.change_pct.h24 = row.change_pct.h24.map(|change| ((change - 9.0) * 100.0).round() / 100.0);
        row.updated_at = Timestamp::from_secs(1_795_000_001);
    };
    let sizes = [size(four_digits), size(timed), size(twelve_digits)];
    println!("bytes a change: {sizes:?}");
    assert!(sizes[0] < 7.1 && sizes[1] < 9.1 && sizes[2] < 11.1, "{sizes:?}");
}
