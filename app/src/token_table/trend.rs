//! A day of a price as the inside of a small picture, rendered by the server: 200 by 48, shown at half of that.

use std::fmt::Write as _;

use memescope::SparkView;

/// The picture's measure, and what stays free for the dot at the end and for the width of the line.
const WIDTH: usize = 200;
const HEIGHT: usize = 48;
const DOT: usize = 5;

/// How many points a whole day has.
const DAY: usize = 32;

/// The line, a dotted one at the height where it begins, and a dot where it ends. A gap in what was seen is a gap.
pub(crate) fn trend(spark: &SparkView) -> String {
    let points = &spark.points;
    let place = |index: usize, height: u8| {
        // A young token's line ends where all others end.
        let x = (index + DAY.saturating_sub(points.len())) * (WIDTH - DOT) / DAY;
        let y = DOT + (255 - usize::from(height)) * (HEIGHT - 2 * DOT) / 255;
        (x, y)
    };
    let mut path = String::new();
    let mut pen = 'M';
    for (index, point) in points.iter().enumerate() {
        let Some(height) = point else {
            pen = 'M';
            continue;
        };
        let (x, y) = place(index, *height);
        let _ = write!(path, "{pen}{x} {y}");
        pen = 'L';
    }
    let known: Vec<(usize, u8)> = points.iter().enumerate().filter_map(|(at, point)| Some((at, (*point)?))).collect();
    let (Some((first, open)), Some((last, close))) = (known.first(), known.last()) else { return String::new() };
    let class = match close.cmp(open) {
        std::cmp::Ordering::Greater => "up",
        std::cmp::Ordering::Equal => "flat",
        std::cmp::Ordering::Less => "down",
    };
    let ((from, level), (x, y)) = (place(*first, *open), place(*last, *close));
    format!(
        "<g class=\"{class}\"><path class=\"open\" d=\"M{from} {level}H{WIDTH}\"/><path d=\"{path}\"/>\
         <circle cx=\"{x}\" cy=\"{y}\" r=\"{DOT}\"/></g>"
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use memescope::Timestamp;

    use super::*;

    fn spark(points: &[Option<u8>]) -> SparkView {
        let price = memescope::Price::from_f64(1.0, 3).unwrap();
        SparkView { until: Timestamp::default(), step_s: 2_700, low: price, high: price, points: points.to_vec() }
    }

    #[test]
    fn a_rise_is_told_from_a_fall_and_a_gap_stays_one() {
        let rise = trend(&spark(&[Some(0), Some(128), None, Some(255)]));
        assert!(rise.starts_with("<g class=\"up\">"), "{rise}");
        assert!(rise.contains("d=\"M170 43L176 23M188 5\""), "{rise}");
        assert!(rise.contains("d=\"M170 43H200\""), "{rise}");
        assert!(rise.contains("cx=\"188\" cy=\"5\""), "{rise}");
        assert!(trend(&spark(&[Some(9), Some(8)])).contains("class=\"down\""));
        assert!(trend(&spark(&[Some(9), Some(9)])).contains("class=\"flat\""));
        assert_eq!(trend(&spark(&[])), "");
    }

    #[test]
    fn a_whole_day_stays_in_the_picture() {
        let day = trend(&spark(&[Some(255); 32]));
        assert!(day.contains("M0 5") && day.contains("cx=\"188\""), "{day}");
    }
}
