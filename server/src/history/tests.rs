//! The keeper and its shelf, minute by minute, over weeks, over restarts and kills.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use memescope::{Candle, CandleSource, Chain, Interval, Price, Token, VolumeScope, Window, roll_up};

use super::*;

/// Midnight.
const START: Timestamp = Timestamp::from_secs(1_795_305_600);

fn id(number: u8) -> TokenId {
    TokenId::new(&Chain::solana(), &bs58::encode([number.max(1); 32]).into_string()).unwrap()
}

fn after(secs: i64) -> Timestamp {
    Timestamp::from_millis(START.millis() + secs * 1_000)
}

fn price(thousandths: i64) -> Price {
    Price::new(u64::try_from(thousandths).unwrap(), -3).unwrap()
}

/// A course without a pattern that six digits hold.
fn course(number: u8, secs: i64) -> Price {
    price(1_000 + (secs / 7 * 7_919 + i64::from(number) * 101) % 997)
}

fn reading(number: u8, secs: i64, price: Price) -> Reading {
    let day = Some(DayVolume { usd: 1_000.0, scope: VolumeScope::Pools });
    Reading { token: id(number), at: after(secs), price, volume_at: after(secs), m5_usd: Some(500.0), day }
}

/// A folder with its keeper.
struct Desk {
    history: History,
    keeper: Keeper,
}

fn settings(folder: &Path, max_tokens: usize) -> HistorySettings {
    HistorySettings { folder: folder.to_owned(), market: "demo:7".to_owned(), max_tokens }
}

/// A board with tokens 1 to `count`.
fn board(count: u8) -> Board {
    let rows = (1..=count).map(|number| (id(number), Arc::new(Token::new(id(number), START))));
    Board { tokens: rows.collect(), ..Board::default() }
}

impl Desk {
    fn open(folder: &Path, max_tokens: usize, secs: i64) -> Self {
        let (history, keeper) = History::open(&settings(folder, max_tokens), &board(200), after(secs));
        Self { history, keeper }
    }

    fn see(&mut self, secs: i64, readings: Vec<Reading>, gone: &[u8]) {
        let gone = gone.iter().copied().map(id).collect();
        self.keeper.take(Note::Seen(Seen { as_of: after(secs), readings, gone }));
    }

    fn candles(&self, number: u8, interval: Interval) -> Vec<Candle> {
        self.range(number, Range { interval, from: Timestamp::EARLIEST, to: after(86_400 * 9_999), limit: 10_000 })
    }

    fn range(&self, number: u8, range: Range) -> Vec<Candle> {
        self.history.candles(&id(number), range).unwrap()
    }
}

fn without_volume(candles: Vec<Candle>) -> Vec<Candle> {
    candles.into_iter().map(|candle| Candle { volume_usd: None, ..candle }).collect()
}

/// Minutes straight from the course, seen every `step` seconds before `end`.
fn expected(number: u8, (begin, end, step): (i64, i64, i64), interval: Interval) -> Vec<Candle> {
    let mut minutes: Vec<Forming> = Vec::new();
    for secs in (begin..end).step_by(usize::try_from(step).unwrap()) {
        let sight = memescope::Sight { at: after(secs), price: course(number, secs), volume_usd: None };
        if !minutes.last_mut().is_some_and(|forming| forming.fold(sight)) {
            minutes.push(Forming::new(sight));
        }
    }
    roll_up(minutes.iter().map(Forming::candle), interval)
}

#[test]
fn candles_are_those_of_the_sights_whether_put_away_or_not() {
    let home = tempfile::tempdir().unwrap();
    let mut desk = Desk::open(home.path(), 100, 0);
    // A day and a bit: hours that are put away, an hour that is not, minutes that are not settled.
    let end = 86_400 + 5_430;
    let seen: Vec<i64> = (0..end).step_by(90).collect();
    for part in seen.chunks(7) {
        let readings = part.iter().flat_map(|&secs| [1, 2].map(|number| reading(number, secs, course(number, secs))));
        desk.see(part[part.len() - 1], readings.collect(), &[]);
    }
    for interval in Interval::ALL {
        let candles = without_volume(desk.candles(2, interval));
        assert_eq!(candles, expected(2, (0, end, 90), interval), "{interval}");
    }
    assert_eq!(
        desk.history.candles(&id(3), Range { interval: Interval::M1, from: START, to: after(end), limit: 10 }).unwrap(),
        []
    );
    let day = &desk.candles(1, Interval::D1)[0];
    // 500 USD in each five minutes of a day, but for the first sight.
    let volume = day.volume_usd.unwrap();
    assert!((volume - 500.0 * 288.0).abs() < 1_000.0, "{volume}");
    assert_eq!(day.source, CandleSource::Own);
}

#[test]
fn a_range_is_cut_at_whole_candles_and_keeps_the_newest() {
    let home = tempfile::tempdir().unwrap();
    let mut desk = Desk::open(home.path(), 100, 0);
    for secs in (0..20_000).step_by(60) {
        desk.see(secs, vec![reading(1, secs, course(1, secs))], &[]);
    }
    let begins = |interval, from: i64, to: i64, limit| -> Vec<i64> {
        let range = Range { interval, from: after(from), to: after(to), limit };
        desk.range(1, range).iter().map(|candle| (candle.at.millis() - START.millis()) / 1_000).collect()
    };
    assert_eq!(begins(Interval::M5, 301, 1_501, 100), [600, 900, 1_200, 1_500]);
    assert_eq!(begins(Interval::M5, 0, 1_500, 2), [900, 1_200]);
    assert_eq!(begins(Interval::H4, 0, 20_000, 5), [0, 14_400]);
    assert_eq!(begins(Interval::H1, 0, 20_000, 2), [14_400, 18_000]);
    assert_eq!(begins(Interval::M1, 19_900, 19_900, 5), [] as [i64; 0]);
    let range = Range { interval: Interval::H1, from: START, to: after(7_200), limit: 5 };
    assert!(range.is_closed(after(7_320)) && !range.is_closed(after(7_319)));
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let home = tempfile::tempdir().unwrap();
    // Each part ends in the midst of a minute and of an hour.
    for (begin, end) in [(0, 4_000), (4_000, 9_010), (9_010, 9_100), (9_100, 30_000)] {
        let mut desk = Desk::open(home.path(), 100, begin);
        for secs in (begin..end).step_by(10) {
            desk.see(secs, vec![reading(1, secs, course(1, secs))], &[]);
        }
        desk.keeper.close();
    }
    let desk = Desk::open(home.path(), 100, 30_000);
    for interval in Interval::ALL {
        assert_eq!(without_volume(desk.candles(1, interval)), expected(1, (0, 30_000, 10), interval), "{interval}");
    }
    let spark = desk.history.spark(&id(1), after(30_000)).unwrap();
    assert_eq!(spark.points.len(), 12, "{spark:?}");
    assert!(spark.points.iter().all(Option::is_some));
}

#[test]
fn what_comes_too_late_for_its_minute_is_not_taken() {
    let home = tempfile::tempdir().unwrap();
    let mut desk = Desk::open(home.path(), 100, 0);
    desk.see(10, vec![reading(1, 10, price(5))], &[]);
    desk.see(175, vec![reading(1, 30, price(7))], &[]);
    assert_eq!(desk.candles(1, Interval::M1)[0].close, price(7), "the minute is over, and not settled");
    desk.see(180, vec![], &[]);
    desk.see(181, vec![reading(1, 40, price(9))], &[]);
    assert_eq!(desk.candles(1, Interval::M1)[0].high, price(7));
    desk.see(200, vec![reading(1, 9_999, price(8))], &[]);
    assert_eq!(desk.candles(1, Interval::M1)[1].at, after(180), "nothing is seen ahead of time");
}

fn fetched(secs: i64, interval: Interval, close: i64) -> Candle {
    Candle {
        at: interval.begin(after(secs)),
        open: price(close),
        high: price(close),
        low: price(close),
        close: price(close),
        volume_usd: Some(7.0),
        source: CandleSource::Own,
    }
}

#[test]
fn a_fetched_past_fills_what_we_did_not_see() {
    let home = tempfile::tempdir().unwrap();
    let now = 86_400 * 10;
    let mut desk = Desk::open(home.path(), 100, now - 7_200);
    for secs in (now - 5_400..now).step_by(60) {
        desk.see(secs, vec![reading(1, secs, price(2_000))], &[]);
    }
    let hours: Vec<Candle> = (0..242).rev().map(|hour| fetched(hour * 3_600, Interval::H1, 1_000 + hour)).collect();
    let past = |token| Past { token: id(token), interval: Interval::H1, candles: hours.clone() };
    desk.keeper.take(Note::Past(past(1)));
    desk.keeper.take(Note::Past(past(9)));
    assert_eq!(desk.candles(9, Interval::H1), [], "a past alone makes no token");
    let candles = desk.candles(1, Interval::H1);
    assert_eq!(candles.len(), 240, "what is not over is not taken");
    let sources: Vec<CandleSource> = candles.iter().rev().take(3).map(|candle| candle.source).collect();
    assert_eq!(sources, [CandleSource::Own, CandleSource::Own, CandleSource::Geckoterminal]);
    assert_eq!(candles[0].close, price(1_000));
    assert_eq!(desk.candles(1, Interval::D1).len(), 10);
    let today = *desk.candles(1, Interval::D1).last().unwrap();
    assert_eq!((today.source, today.open), (CandleSource::Mixed, price(1_000 + 216)));

    let spark = desk.history.spark(&id(1), after(now)).unwrap();
    assert!(spark.points.len() >= 31, "{spark:?}");
    // Once the minute is settled the price of a week ago is known.
    for secs in (now..now + 300).step_by(60) {
        desk.see(secs, vec![reading(1, secs, price(2_000))], &[]);
    }
    let week = desk.history.weeks()[&id(1)];
    let base = week.base.unwrap();
    assert!(after(now).since(base.at) >= Duration::from_secs(7 * 86_400), "{base:?}");
    assert!(after(now).since(base.at) <= Duration::from_secs(7 * 86_400 + 7_200), "{base:?}");
    assert_eq!(week.first.unwrap().at, START);

    // A past that is told again replaces itself, and never what we saw.
    desk.keeper.take(Note::Past(past(1)));
    assert_eq!(desk.candles(1, Interval::H1).iter().filter(|candle| candle.source == CandleSource::Own).count(), 3);

    // After a restart the day is as whole as before: an hour is longer than a step of it.
    drop(desk);
    let desk = Desk::open(home.path(), 100, now + 300);
    let spark = desk.history.spark(&id(1), after(now + 300)).unwrap();
    assert!(spark.points.len() >= 31 && spark.points.iter().all(Option::is_some), "{spark:?}");
}

#[test]
fn seven_days_are_told_after_seven_days() {
    let home = tempfile::tempdir().unwrap();
    let mut desk = Desk::open(home.path(), 100, 0);
    let mut row = Token::new(id(1), START);
    row.price_usd = Some(price(3_000));
    row.volume_usd.h24 = Some(1_000.0);
    let told = |desk: &Desk, secs: i64| {
        let mut row = row.clone();
        desk.history.weeks()[&id(1)].tell(&mut row, after(secs));
        (row.change_pct.at(Window::D7), row.volume_usd.at(Window::D7))
    };
    let (mut since_change, mut since_volume) = (None, None);
    for secs in (0..86_400 * 9).step_by(1_800) {
        // It doubles in the second week.
        let price = price(if secs < 86_400 * 7 { 1_500 } else { 3_000 });
        desk.see(secs, vec![reading(1, secs, price)], &[]);
        if secs > 7_200 {
            let (change, volume) = told(&desk, secs);
            since_change = since_change.or(change.map(|_| secs));
            since_volume = since_volume.or(volume.map(|_| secs));
            assert!(change.is_none_or(|percent| (percent - 100.0).abs() < 1e-9), "{change:?} at {secs}");
            assert!(volume.is_none_or(|usd| (usd - 7_000.0).abs() < 1e-9), "{volume:?} at {secs}");
        }
    }
    let days = |since: Option<i64>| since.unwrap() as f64 / 86_400.0;
    assert!((7.0..7.2).contains(&days(since_change)), "{}", days(since_change));
    assert!((6.0..6.2).contains(&days(since_volume)), "{}", days(since_volume));
    // They stay over a restart.
    drop(desk);
    let desk = Desk::open(home.path(), 100, 86_400 * 9);
    assert_eq!(told(&desk, 86_400 * 9), (Some(100.0), Some(7_000.0)));
}

#[test]
fn candles_go_when_their_time_is_over_and_the_file_stays_small() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(FILE);
    let mut desk = Desk::open(home.path(), 8, 0);
    let mut sizes = Vec::new();
    for hour in (0..24 * 120i64).step_by(8) {
        let secs = hour * 3_600;
        // Four tokens that stay, and one that is replaced every day.
        let guest = 10 + u8::try_from(hour / 24).unwrap();
        let readings = [1, 2, 3, 4, guest].map(|number| reading(number, secs, course(number, secs)));
        let gone: &[u8] = if hour % 24 == 16 { &[guest] } else { &[] };
        desk.see(secs, readings.to_vec(), gone);
        if hour % 240 == 232 {
            sizes.push(fs::metadata(&file).unwrap().len());
        }
    }
    let now = after(24 * 120 * 3_600);
    for interval in Interval::KEPT {
        let candles = desk.candles(1, interval);
        let oldest = now.since(candles[0].at);
        // A block goes as a whole.
        let block = Duration::from_secs(8 * 86_400);
        assert!(oldest <= interval.kept_for() + block, "{interval}: {oldest:?}");
        if interval != Interval::D1 {
            assert!(oldest >= interval.kept_for(), "{interval}: {oldest:?}");
        }
    }
    let tokens = desk.history.0.shelf.tokens().unwrap();
    assert!(tokens.len() <= 4 + 8 + 1, "guests are forgotten: {}", tokens.len());
    assert_eq!(desk.candles(12, Interval::H1), []);
    assert!(!desk.candles(128, Interval::H1).is_empty(), "who left lately still has a past");
    let last = *sizes.last().unwrap();
    assert!(last <= 13 * MOST_BYTES_PER_TOKEN + (1 << 21), "{sizes:?}");
    assert!(sizes[sizes.len() / 2..].iter().all(|size| *size <= last * 11 / 10), "no growth: {sizes:?}");
}

#[test]
fn who_comes_back_has_its_past() {
    let home = tempfile::tempdir().unwrap();
    let mut desk = Desk::open(home.path(), 100, 0);
    for secs in (0..7_200).step_by(60) {
        desk.see(secs, vec![reading(1, secs, course(1, secs))], &[]);
    }
    desk.see(7_200, vec![], &[1]);
    assert_eq!(desk.history.spark(&id(1), after(7_200)), None);
    desk.see(90_000, vec![reading(1, 90_000, price(5))], &[]);
    desk.keeper.close();
    drop(desk.history);
    let desk = Desk::open(home.path(), 100, 90_060);
    assert_eq!(desk.candles(1, Interval::M1).len(), 121);
    let record = desk.history.0.shelf.tokens().unwrap()[0].1;
    assert_eq!((record.number, record.left_at), (0, None));
}

#[test]
fn who_is_not_on_the_board_at_the_start_has_left() {
    let home = tempfile::tempdir().unwrap();
    let mut desk = Desk::open(home.path(), 100, 0);
    desk.see(0, vec![reading(1, 0, price(5))], &[]);
    desk.keeper.close();
    drop(desk.history);
    let (history, mut keeper) = History::open(&settings(home.path(), 100), &Board::default(), after(600));
    assert!(history.weeks().is_empty());
    // Eight days and an hour's end later it is forgotten.
    for secs in [700, 8 * 86_400] {
        keeper.take(Note::Seen(Seen { as_of: after(secs), readings: Vec::new(), gone: Vec::new() }));
    }
    assert_eq!(history.0.shelf.tokens().unwrap(), []);
}

type Damage = fn(&Path);

#[test]
fn a_bad_file_is_set_aside_and_never_stops_the_start() {
    let garbage = |path: &Path| fs::write(path, [7; 9_000]).unwrap();
    let cut = |path: &Path| fs::File::options().write(true).open(path).unwrap().set_len(5_000).unwrap();
    let scratched = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        let half = bytes.len() / 2;
        bytes[64..half].fill(0xAB);
        fs::write(path, bytes).unwrap();
    };
    let empty = |path: &Path| fs::write(path, []).unwrap();
    let damages: [(&str, Damage, bool); 4] =
        [("garbage", garbage, true), ("cut", cut, true), ("scratched", scratched, true), ("empty", empty, false)];
    for (case, damage, is_kept) in damages {
        let home = tempfile::tempdir().unwrap();
        let mut desk = Desk::open(home.path(), 100, 0);
        desk.see(0, vec![reading(1, 0, price(5))], &[]);
        desk.keeper.close();
        drop(desk.history);
        damage(&home.path().join(FILE));
        let mut desk = Desk::open(home.path(), 100, 60);
        assert_eq!(desk.candles(1, Interval::M1), [], "{case}");
        desk.see(100, vec![reading(1, 100, price(5))], &[]);
        desk.keeper.close();
        drop(desk.history);
        assert_eq!(Desk::open(home.path(), 100, 120).candles(1, Interval::M1).len(), 1, "{case}: the new one is kept");
        let names = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert_eq!(names.filter(|name| name.contains("damaged")).count() == 1, is_kept, "{case}");
    }
}

#[test]
fn another_markets_history_is_set_aside() {
    let home = tempfile::tempdir().unwrap();
    let mut desk = Desk::open(home.path(), 100, 0);
    desk.see(0, vec![reading(1, 0, price(5))], &[]);
    desk.keeper.close();
    drop(desk.history);
    let other = HistorySettings { market: "live".to_owned(), ..settings(home.path(), 100) };
    let (history, _keeper) = History::open(&other, &board(9), after(60));
    assert_eq!(history.0.shelf.tokens().unwrap(), []);
}

#[test]
fn without_a_folder_the_history_lives_in_memory() {
    let home = tempfile::tempdir().unwrap();
    let mut desk = Desk::open(&home.path().join("missing"), 100, 0);
    desk.see(0, vec![reading(1, 0, price(5))], &[]);
    assert_eq!(desk.candles(1, Interval::M1).len(), 1);
    // In use by another: left alone.
    let first = Desk::open(home.path(), 100, 0);
    drop(Desk::open(home.path(), 100, 0));
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    drop(first);
}

#[test]
#[ignore = "started by the test of a kill, which ends it"]
fn writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os("HISTORY_FOLDER") else { return };
    let mut desk = Desk::open(Path::new(&folder), 100, 0);
    for secs in (0..).step_by(30) {
        desk.see(secs, (1..=50).map(|number| reading(number, secs, course(number, secs))).collect(), &[]);
        println!("\nseen {secs}");
    }
}

#[test]
fn a_kill_costs_no_more_than_what_was_not_settled() {
    for patience in [40, 137, 300] {
        let home = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["history::tests::writes_until_it_is_killed", "--exact", "--ignored", "--nocapture"])
            .env("HISTORY_FOLDER", home.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = lines.filter_map(|line| line.unwrap().strip_prefix("seen ")?.parse::<i64>().ok());
        let seen = seen.nth(patience).unwrap();
        // SIGKILL, in the midst of its work.
        child.kill().unwrap();
        child.wait().unwrap();

        let desk = Desk::open(home.path(), 100, seen + 30);
        let names = fs::read_dir(home.path()).unwrap().count();
        assert_eq!(names, 1, "nothing was set aside");
        let settled = Interval::M1.begin(after(seen).minus(keeper::SETTLE));
        for number in [1, 25, 50] {
            let minutes = without_volume(desk.candles(number, Interval::M1));
            let end = (settled.millis() - START.millis()) / 1_000;
            let wanted = expected(number, (0, end, 30), Interval::M1);
            assert!(minutes.len() >= wanted.len(), "{} of {}", minutes.len(), wanted.len());
            assert_eq!(minutes[..wanted.len()], wanted, "after {seen} s");
        }
    }
}

#[tokio::test]
async fn a_full_inbox_drops_and_counts_and_never_waits() {
    let (inbox, receiver) = Inbox::new();
    let note = || Note::Seen(Seen { as_of: START, readings: Vec::new(), gone: Vec::new() });
    for _ in 0..INBOX + 10 {
        inbox.leave(note());
    }
    assert_eq!(inbox.dropped(), 10);
    let bus = crate::bus::MemoryBus::default();
    let following = tokio::spawn(inbox.clone().follow(crate::bus::Bus::follow(&bus)));
    for seq in 0..100 {
        let board = Board { seq, ..Board::default() };
        let next = board.advance(START, None, false, OrdMap::new());
        let entry = crate::bus::LogEntry {
            delta: Some(Arc::new(board.diff(&next))),
            events: Arc::default(),
            reports: Arc::default(),
        };
        let published = tokio::time::timeout(Duration::from_secs(10), crate::bus::Bus::publish(&bus, entry)).await;
        published.unwrap();
    }
    drop(bus);
    following.await.unwrap();
    assert_eq!(inbox.dropped(), 110);
    drop(receiver);
}
