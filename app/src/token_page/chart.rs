//! What the price did: candles as a picture that the server draws, and the same as a table.
//!
//! A rising candle is hollow and a falling one filled, so that the picture reads without colour. A gap in what was seen
//! is a gap in the picture.

mod scale;

use leptos::prelude::*;
use memescope::format::{self, UNKNOWN};
use memescope::{Candle, Interval, Timestamp};

use self::scale::{Scale, ticks};
use super::READOUT;
use crate::location::token_href;
use crate::part::{Part, part};
use crate::reader::TokenSheet;

/// The picture: its size, and how much of it is left to the labels and to the bars of volume.
const WIDTH: f64 = 1280.0;
const HEIGHT: f64 = 440.0;
const RIGHT: f64 = 84.0;
const BOTTOM: f64 = 22.0;
const VOLUME_SHARE: f64 = 0.18;

/// A candle's width as a share of its slot, and the widest one.
const BODY_SHARE: f64 = 0.64;
const WIDEST: f64 = 14.0;

/// A length in the picture, to a tenth.
fn at(length: f64) -> String {
    let tenths = (length * 10.0).round() / 10.0;
    tenths.to_string()
}

/// When a candle began: the time of a day for short ones, the day for long ones. UTC.
fn moment(begin: Timestamp, interval: Interval) -> String {
    let text = begin.to_string();
    // 2026-11-22T21:55:03.412Z
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    let time = time.get(..5).unwrap_or_default();
    match interval {
        Interval::D1 => day.to_owned(),
        Interval::H1 | Interval::H4 => format!("{} {time}", day.get(5..).unwrap_or(day)),
        _ => time.to_owned(),
    }
}

pub(super) fn view(sheet: &TokenSheet) -> Part {
    let content = if sheet.candles.is_empty() {
        part(view! {
            <p class="hint">"No price was seen yet over this interval. The chart begins with the first one."</p>
        })
    } else {
        let (interval, candles) = (sheet.interval, sheet.candles.as_slice());
        part(view! {
            <p class="readout" id="chart-readout" aria-live="off">{readout(candles, interval)}</p>
            {picture(candles, interval)}
            {table(candles, interval)}
        })
    };
    part(view! {
        <section class="chart" aria-labelledby="chart-title">
            <h2 id="chart-title" class="vh">"Chart"</h2>
            {intervals(sheet)}
            {content}
        </section>
    })
}

/// The switch of intervals.
fn intervals(sheet: &TokenSheet) -> Part {
    let here = sheet.token().map(|token| token_href(&token.id)).unwrap_or_default();
    let links: Vec<_> = Interval::ALL
        .into_iter()
        .map(|interval| {
            let current = interval == sheet.interval;
            let href = format!("{here}?interval={interval}");
            view! {
                <a href=href rel="external" data-interval=interval.name() aria-current=current.then_some("true")>
                    {interval.name()}
                </a>
            }
        })
        .collect();
    part(view! { <nav class="segment" aria-label="Interval">{links}</nav> })
}

/// The newest candle in words: what stands above the picture until another one is pointed at.
fn readout(candles: &[Candle], interval: Interval) -> String {
    let Some(candle) = candles.last() else { return String::new() };
    let words = cells(candle, interval).into_iter().zip(READOUT).map(|(text, word)| format!("{word}{text}"));
    words.collect::<Vec<_>>().join("  ")
}

/// A candle as the texts of its table's row.
fn cells(candle: &Candle, interval: Interval) -> [String; 6] {
    let [open, high, low, close] =
        [candle.open, candle.high, candle.low, candle.close].map(|price| format::price(price).plain());
    let volume = candle.volume_usd.and_then(format::usd).unwrap_or_else(|| UNKNOWN.to_owned());
    [moment(candle.at, interval), open, high, low, close, volume]
}

fn picture(candles: &[Candle], interval: Interval) -> Part {
    let scale = Scale::of(candles, interval, WIDTH - RIGHT, HEIGHT - BOTTOM);
    let body = (scale.slot() * BODY_SHARE).min(WIDEST);
    let shapes: Vec<_> = candles.iter().map(|candle| shape(candle, &scale, body)).collect();
    let most = candles.iter().filter_map(|candle| candle.volume_usd).fold(0.0, f64::max);
    let bars: Vec<_> = candles.iter().filter_map(|candle| bar(candle, &scale, body, most)).collect();
    let prices = ticks(scale.low(), scale.high());
    let lines: Vec<_> = prices
        .iter()
        .map(|price| {
            let y = at(scale.y(*price));
            view! { <line class="grid" x1="0" x2=at(WIDTH - RIGHT) y1=y.clone() y2=y /> }
        })
        .collect();
    let labels: Vec<_> = prices
        .iter()
        .map(|price| {
            let label = memescope::Price::from_f64(*price, 4).map(|price| format::price(price).plain());
            let y = at(scale.y(*price));
            view! { <text class="label" x=at(WIDTH - 2.0) y=y dominant-baseline="middle" text-anchor="end">{label}</text> }
        })
        .collect();
    let count = candles.len();
    // Where there are few they would stand on each other.
    let is_told = |place: usize| place == 0 || count >= 12;
    let times: Vec<_> = [0, count / 3, count * 2 / 3, count - 1]
        .into_iter()
        .enumerate()
        .filter(|(place, _)| is_told(*place))
        .map(|(place, index)| {
            let anchor = match place {
                0 => "start",
                3 => "end",
                _ => "middle",
            };
            let x = at(scale.x(candles[index].at).clamp(0.0, WIDTH - RIGHT));
            view! { <text class="label" x=x y=at(HEIGHT - 6.0) text-anchor=anchor>{moment(candles[index].at, interval)}</text> }
        })
        .collect();
    let last = candles.last().map(|candle| {
        let class = if candle.close >= candle.open { "last up" } else { "last down" };
        let y = at(scale.y(candle.close.to_f64()));
        view! { <line class=class x1="0" x2=at(WIDTH - RIGHT) y1=y.clone() y2=y /> }
    });
    let label = summary(candles, interval);
    part(view! {
        <svg
            id="chart"
            class="candles"
            viewBox=format!("0 0 {WIDTH} {HEIGHT}")
            role="img"
            tabindex="0"
            aria-label=label
            data-width=at(WIDTH)
        >
            {lines}
            {bars}
            {last}
            {shapes}
            {labels}
            {times}
            <line id="crosshair" class="crosshair" x1="-1" x2="-1" y1="0" y2=at(HEIGHT - BOTTOM) />
        </svg>
    })
}

/// The picture for the ear.
fn summary(candles: &[Candle], interval: Interval) -> String {
    let low = candles.iter().map(|candle| candle.low).min();
    let high = candles.iter().map(|candle| candle.high).max();
    let (Some(low), Some(high), Some(last)) = (low, high, candles.last()) else { return String::new() };
    let price = |price| format::price(price).plain();
    format!(
        "{} candles of {interval}: from {} to {}, last {}. Left and right move along it; the table below says the same.",
        candles.len(),
        price(low),
        price(high),
        price(last.close)
    )
}

fn shape(candle: &Candle, scale: &Scale, body: f64) -> Part {
    let x = scale.x(candle.at);
    let [open, high, low, close] =
        [candle.open, candle.high, candle.low, candle.close].map(|price| scale.y(price.to_f64()));
    let (class, top, bottom) = if candle.close >= candle.open { ("up", close, open) } else { ("down", open, close) };
    // The wick stands above and below the body, which may be hollow.
    let wick = format!("M{x} {}V{}M{x} {}V{}", at(high), at(top), at(bottom), at(low), x = at(x));
    part(view! {
        <g class=class data-x=at(x)>
            <path d=wick />
            <rect x=at(x - body / 2.0) y=at(top) width=at(body) height=at((bottom - top).max(1.0)) />
        </g>
    })
}

fn bar(candle: &Candle, scale: &Scale, body: f64, most: f64) -> Option<Part> {
    let volume = candle.volume_usd.filter(|volume| *volume > 0.0 && most > 0.0)?;
    let height = volume / most * (HEIGHT - BOTTOM) * VOLUME_SHARE;
    let (x, y) = (scale.x(candle.at) - body / 2.0, HEIGHT - BOTTOM - height);
    Some(part(view! { <rect class="volume" x=at(x) y=at(y) width=at(body) height=at(height) /> }))
}

/// The same as a table, in the order of the picture.
fn table(candles: &[Candle], interval: Interval) -> Part {
    let rows: Vec<_> = candles
        .iter()
        .map(|candle| {
            let [begin, figures @ ..] = cells(candle, interval);
            let figures: Vec<_> = figures.into_iter().map(|text| view! { <td class="number">{text}</td> }).collect();
            view! {
                <tr>
                    <th scope="row">{begin}</th>
                    {figures}
                </tr>
            }
        })
        .collect();
    part(view! {
        <details class="as-table">
            <summary class="pill">"Show as table"</summary>
            <div class="wide tall" tabindex="0" role="region" aria-label="Candles">
                <table class="matrix" id="candles">
                    <caption class="vh">{format!("Candles of {interval}, UTC")}</caption>
                    <thead>
                        <tr>
                            <th scope="col">"UTC"</th>
                            <th scope="col" class="number">"Open"</th>
                            <th scope="col" class="number">"High"</th>
                            <th scope="col" class="number">"Low"</th>
                            <th scope="col" class="number">"Close"</th>
                            <th scope="col" class="number">"Volume"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use memescope::CandleSource;

    use super::*;

    fn candle(minute: i64, [open, high, low, close]: [&str; 4]) -> Candle {
        let [open, high, low, close] = [open, high, low, close].map(|price| price.parse().unwrap());
        let at = Timestamp::from_secs(1_800_000_000 + minute * 60);
        Candle { at, open, high, low, close, volume_usd: Some(10.0), source: CandleSource::Own }
    }

    #[test]
    fn a_moment_is_as_exact_as_its_candle_is_long() {
        let begin = Timestamp::from_secs(1_800_000_000);
        assert_eq!(begin.to_string(), "2027-01-15T08:00:00.000Z");
        assert_eq!(moment(begin, Interval::M5), "08:00");
        assert_eq!(moment(begin, Interval::H4), "01-15 08:00");
        assert_eq!(moment(begin, Interval::D1), "2027-01-15");
    }

    #[test]
    fn the_picture_and_the_table_tell_the_same_candles() {
        let candles = [candle(0, ["1", "2", "0.5", "1.5"]), candle(3, ["1.5", "1.5", "1", "1.25"])];
        let html = picture(&candles, Interval::M1).to_html() + &table(&candles, Interval::M1).to_html();
        assert_eq!(html.matches("data-x=").count(), 2);
        assert_eq!(html.matches("<tr>").count(), 3);
        assert_eq!((html.matches("class=\"up\"").count(), html.matches("class=\"down\"").count()), (1, 1));
        assert!(!html.contains("NaN") && !html.contains("inf"), "{html}");
    }

    #[test]
    fn one_candle_that_never_moved_is_a_picture_too() {
        let html = picture(&[candle(0, ["1", "1", "1", "1"])], Interval::M1).to_html();
        assert!(html.contains("data-x=") && !html.contains("NaN"), "{html}");
        assert!(summary(&[candle(0, ["1", "1", "1", "1"])], Interval::M1).contains("1 candles of 1m"));
    }
}
