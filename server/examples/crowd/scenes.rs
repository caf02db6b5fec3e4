//! The scenes, each a row or some of `docs/BENCHMARKS.md`.

use std::rc::Rc;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, sleep, timeout};

use super::Failure;
use super::board::{Board, Change, now};
use super::member::{Counts, Wish, follow};

/// No scene waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two bursts: longer than the feed's own shortest step.
const PAUSE: Duration = Duration::from_millis(500);

/// Sockets that are there together.
struct Crowd {
    counts: Rc<Counts>,
    members: Vec<JoinHandle<()>>,
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for member in &self.members {
            member.abort();
        }
    }
}

impl Crowd {
    /// Opens so many sockets at once and waits until each has its first state.
    async fn gather(board: &Board, count: usize, wish: &Wish, stalled: usize) -> Result<Self, Failure> {
        let crowd = Self::open(board, count, wish, stalled);
        crowd.until(|counts| counts.ready.get() >= count).await?;
        Ok(crowd)
    }

    fn open(board: &Board, count: usize, wish: &Wish, stalled: usize) -> Self {
        let counts = Counts::new();
        let member = |number| {
            let (counts, wish, address) = (counts.clone(), wish.clone(), board.address);
            spawn_local(async move {
                if let Err(error) = follow(address, wish, number < stalled, counts.clone()).await {
                    if counts.failed.get() == 0 {
                        eprintln!("the first failure: {error}");
                    }
                    counts.failed.set(counts.failed.get() + 1);
                    counts.news.notify_one();
                }
            })
        };
        let members = (0..count).map(member).collect();
        Self { counts, members }
    }

    async fn until(&self, is_so: impl Fn(&Counts) -> bool) -> Result<(), Failure> {
        let waiting = async {
            while !is_so(&self.counts) {
                if self.counts.failed.get() > 0 {
                    return Err("a socket failed".into());
                }
                self.counts.news.notified().await;
            }
            Ok(())
        };
        timeout(PATIENCE, waiting).await?
    }

    /// Changes rows and waits until `readers` have heard; when each of them did, ms after the commit began.
    async fn burst(&self, board: &mut Board, rows: u32, readers: usize) -> Result<(Change, Vec<f64>), Failure> {
        self.counts.receipts.borrow_mut().clear();
        // Nobody runs between the commit and this: there is one thread, and it does not wait here.
        let change = board.commit(rows)?;
        self.counts.target.set(change.seq);
        self.until(|counts| counts.receipts.borrow().len() >= readers).await?;
        let mut after: Vec<f64> = self.counts.receipts.borrow().iter().map(|at| millis(at - change.at)).collect();
        after.sort_by(f64::total_cmp);
        Ok((change, after))
    }
}

fn millis(nanos: i64) -> f64 {
    nanos as f64 / 1e6
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    at(&values, 0.5)
}

/// Of values in their order.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among some thousand")]
fn at(values: &[f64], share: f64) -> f64 {
    let place = (values.len() as f64 * share) as usize;
    values.get(place.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

/// The medians of some bursts: last receipt, p99 of all receipts, the store's part, the processor's from the commit on; ms
/// all of them; and bytes of a reader.
async fn bursts(board: &mut Board, crowd: &Crowd, rows: u32, readers: usize, times: u32) -> Result<[f64; 5], Failure> {
    let mut figures: [Vec<f64>; 5] = Default::default();
    for _ in 0..times {
        sleep(PAUSE).await;
        let before = crowd.counts.bytes.get();
        let (change, after) = crowd.burst(board, rows, readers).await?;
        sleep(Duration::from_millis(50)).await;
        let spent = millis(board.cpu()? - change.cpu);
        let bytes = (crowd.counts.bytes.get() - before) as f64 / readers as f64;
        let one = [at(&after, 1.0), at(&after, 0.99), millis(change.took), spent, bytes];
        figures.iter_mut().zip(one).for_each(|(all, one)| all.push(one));
    }
    Ok(figures.map(median))
}

fn tell(what: &str, [last, p99, store, cpu, bytes]: [f64; 5]) {
    println!(
        "{what}: last receipt {last:.1} ms, p99 {p99:.1} ms after the commit began (the store {store:.1} ms of it), \
         processor {cpu:.1} ms, {bytes:.0} bytes a reader"
    );
}

/// 500 of 1,000 rows change in one commit; 1,000 sockets follow all rows.
pub(crate) async fn burst() -> Result<(), Failure> {
    for is_compact in [true, false] {
        let mut board = Board::start(0, 1_000)?;
        let crowd = Crowd::gather(&board, 1_000, &Wish::All { is_compact, from: None }, 0).await?;
        let figures = bursts(&mut board, &crowd, 500, 1_000, 15).await?;
        tell(if is_compact { "500 of 1,000, 1,000 sockets, compact" } else { "the same, JSON" }, figures);
        println!("  {:.1} bytes for each changed row", figures[4] / 500.0);
    }
    Ok(())
}

/// Small frames, as often as the feed sends them.
pub(crate) async fn steady() -> Result<(), Failure> {
    let mut board = Board::start(0, 1_000)?;
    let crowd = Crowd::gather(&board, 1_000, &Wish::All { is_compact: true, from: None }, 0).await?;
    sleep(PAUSE).await;
    let (cpu, frames, bytes) = (board.cpu()?, crowd.counts.frames.get(), crowd.counts.bytes.get());
    let mut beat = tokio::time::interval(Duration::from_millis(260));
    for _ in 0..40 {
        beat.tick().await;
        board.commit(5)?;
    }
    sleep(PAUSE).await;
    let (spent, frames) = (board.cpu()? - cpu, crowd.counts.frames.get() - frames);
    let bytes = crowd.counts.bytes.get() - bytes;
    println!(
        "steady: {frames} frames of {} bytes to 1,000 sockets, {:.1} µs of the processor each",
        bytes / frames.max(1),
        spent as f64 / 1e3 / frames.max(1) as f64
    );
    Ok(())
}

/// Ten thousand sockets.
pub(crate) async fn many() -> Result<(), Failure> {
    const MANY: usize = 10_000;
    for (what, rows, wish) in [
        ("greeted, status", 1_000, Wish::Status),
        ("head of 200, 40 rows, of 10,000", 10_000, Wish::Screen { is_compact: true, rows: 40 }),
        ("all of 1,000 rows", 1_000, Wish::All { is_compact: true, from: None }),
    ] {
        let mut board = Board::start(0, rows)?;
        // The first socket pays for what all of them share.
        let first = Crowd::gather(&board, 1, &wish, 0).await?;
        sleep(PAUSE).await;
        let (empty, cpu, began) = (board.rss()?, board.cpu()?, now());
        let crowd = Crowd::gather(&board, MANY, &wish, 0).await?;
        let (spent, took) = (board.cpu()? - cpu, millis(now() - began));
        // A server's board moves on: the allocator gives memory back when it is asked for some.
        for _ in 0..3 {
            sleep(Duration::from_secs(1)).await;
            board.commit(5)?;
        }
        sleep(PAUSE).await;
        let full = board.rss()?;
        println!(
            "{MANY} sockets, {what}: {empty} kB before, {full} kB then: {:.2} kB each; {:.0} µs of the processor to accept \
             one with its first state; all within {took:.0} ms",
            (full - empty) as f64 / MANY as f64,
            spent as f64 / 1e3 / MANY as f64
        );
        drop(first);
        if let Wish::All { .. } = wish {
            tell("500 of 1,000, 10,000 sockets, compact", bursts(&mut board, &crowd, 500, MANY, 7).await?);
        }
    }
    Ok(())
}

/// Five of a thousand read nothing.
pub(crate) async fn stalled() -> Result<(), Failure> {
    const ALL: usize = 1_000;
    let wish = Wish::All { is_compact: false, from: None };
    for stalled in [0, 5] {
        let mut board = Board::start(0, 1_000)?;
        let crowd = Crowd::gather(&board, ALL, &wish, stalled).await?;
        bursts(&mut board, &crowd, 500, ALL - stalled, 3).await?;
        let before = board.rss()?;
        let figures = bursts(&mut board, &crowd, 500, ALL - stalled, 12).await?;
        let grown = board.rss()? - before;
        tell(&format!("{stalled} of {ALL} stalled, JSON"), figures);
        println!("  memory grew by {grown} kB in 12 bursts");
        if stalled > 0 {
            // The last change is the one that the wakened lack.
            crowd.counts.receipts.borrow_mut().clear();
            let (frames, woken) = (crowd.counts.frames.get(), Instant::now());
            crowd.counts.wake.notify_waiters();
            crowd.until(|counts| counts.receipts.borrow().len() >= stalled).await?;
            let frames = crowd.counts.frames.get() - frames;
            println!("  all {stalled} had the newest state {:?} after waking, in {frames} frames", woken.elapsed());
        }
    }
    Ok(())
}

/// A thousand leave and come back at once.
pub(crate) async fn storm() -> Result<(), Failure> {
    const ALL: usize = 1_000;
    let mut board = Board::start(0, 1_000)?;
    for round in 0..5 {
        let wish = Wish::All { is_compact: true, from: None };
        let crowd = Crowd::gather(&board, ALL, &wish, 0).await?;
        let (change, _) = crowd.burst(&mut board, 50, ALL).await?;
        drop(crowd);
        sleep(PAUSE).await;
        let missed = board.commit(50)?;
        sleep(PAUSE).await;
        let (cpu, began) = (board.cpu()?, now());
        let back = Crowd::open(&board, ALL, &Wish::All { is_compact: true, from: Some(change.seq) }, 0);
        back.counts.target.set(missed.seq);
        back.until(|counts| counts.receipts.borrow().len() >= ALL).await?;
        let (took, spent) = (millis(now() - began), millis(board.cpu()? - cpu));
        let bytes = back.counts.bytes.get() / ALL as u64;
        println!("storm {round}: all back after {took:.0} ms, processor {spent:.0} ms, {bytes} bytes each");
    }
    Ok(())
}

/// Thirty rows in sight of 100,000, of which 5,000 change a second, against all of them.
pub(crate) async fn sight() -> Result<(), Failure> {
    let mut board = Board::start(0, 100_000)?;
    let screen = Crowd::gather(&board, 1, &Wish::Screen { is_compact: true, rows: 30 }, 0).await?;
    let all = Crowd::gather(&board, 1, &Wish::All { is_compact: true, from: None }, 0).await?;
    sleep(PAUSE).await;
    let before = [screen.counts.bytes.get(), all.counts.bytes.get()];
    let mut beat = tokio::time::interval(Duration::from_millis(260));
    for _ in 0..60 {
        beat.tick().await;
        board.commit(1_300)?;
    }
    sleep(Duration::from_secs(2)).await;
    let [screen, all] = [screen.counts.bytes.get() - before[0], all.counts.bytes.get() - before[1]];
    println!("30 of 100,000 rows in sight: {screen} bytes, all rows: {all} bytes, 1/{}", all / screen.max(1));
    Ok(())
}

/// Keeps a crowd and changes rows every two seconds, while pages are measured by somebody else.
pub(crate) async fn hold(port: u16, sockets: usize, rows: u32, changes: u32, seconds: u64) -> Result<(), Failure> {
    if sockets > 10_000 || seconds > 600 {
        return Err("at most 10000 sockets and 600 s".into());
    }
    let mut board = Board::start(port, rows)?;
    let _crowd = Crowd::gather(&board, sockets, &Wish::Screen { is_compact: true, rows: 40 }, 0).await?;
    println!("ready");
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        sleep(Duration::from_secs(2)).await;
        if changes > 0 {
            board.commit(changes)?;
        }
    }
    Ok(())
}
