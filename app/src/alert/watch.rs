//! Judging rules: what was true before, what is now, and whether that is worth an alert.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use memescope::{Price, Timestamp, Token, TokenId, format};

use super::{Rule, Trigger};

/// How long a rule rests after it fired, and how often it fires in a day.
const REST: Duration = Duration::from_secs(900);
const DAY: Duration = Duration::from_secs(86_400);
const MOST_A_DAY: usize = 10;

/// A rule that fired is armed again below this share of its bound: a figure that trembles around it fires once.
const REARM: f64 = 0.8;

/// How many readings of a volume make up what is usual, and from how many on anything is.
const READINGS: usize = 60;
const ENOUGH: usize = 6;

/// The most tokens that a view is remembered to have shown.
const MOST_SEEN: usize = 2_000;

/// An alert.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Firing {
    /// The token that it is about.
    pub(crate) token: TokenId,
    /// What happened, and why one is told.
    pub(crate) words: String,
}

/// What is known of one rule from before.
#[derive(Clone, Debug, Default)]
struct Memory {
    /// Whether it held when it was judged last; `None` before.
    held: Option<bool>,
    /// Volumes seen, oldest first.
    volumes: Vec<f64>,
    /// Tokens that the view has shown.
    seen: HashSet<TokenId>,
    is_begun: bool,
    /// When it fired.
    fired: Vec<Timestamp>,
}

impl Memory {
    /// Whether it may fire now; notes that it does.
    fn may_fire(&mut self, now: Timestamp) -> bool {
        self.fired.retain(|at| now.since(*at) < DAY);
        let rests = self.fired.last().is_some_and(|at| now.since(*at) < REST);
        let may = !rests && self.fired.len() < MOST_A_DAY;
        if may {
            self.fired.push(now);
        }
        may
    }
}

/// All rules of a reader, and what is known of each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    rules: Vec<(Rule, Memory)>,
}

impl Watch {
    /// Takes the rules of a reader; what is known of those that stay is kept.
    pub(crate) fn set(&mut self, rules: Vec<Rule>) {
        let mut known: HashMap<String, Memory> =
            self.rules.drain(..).map(|(rule, memory)| (rule.to_string(), memory)).collect();
        self.rules = rules
            .into_iter()
            .map(|rule| {
                let memory = known.remove(&rule.to_string()).unwrap_or_default();
                (rule, memory)
            })
            .collect();
    }

    /// The tokens that rules are about.
    pub(crate) fn tokens(&self) -> Vec<TokenId> {
        let mut ids: Vec<TokenId> = Vec::new();
        for id in self.rules.iter().filter_map(|(rule, _)| rule.token()) {
            if !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        ids
    }

    /// The views that rules are about.
    pub(crate) fn views(&self) -> Vec<String> {
        let views = self.rules.iter().filter_map(|(rule, _)| match rule {
            Rule::View(search) => Some(search.clone()),
            Rule::Token(..) => None,
        });
        views.collect()
    }

    /// Judges the rules about tokens by their rows. A row that is stale or lacks the figure says nothing.
    pub(crate) fn judge_tokens(&mut self, rows: &[Token], now: Timestamp) -> Vec<Firing> {
        let mut firings = Vec::new();
        for (rule, memory) in &mut self.rules {
            let Rule::Token(id, trigger) = &*rule else { continue };
            let Some(token) = rows.iter().find(|token| token.id == *id && !token.stale) else { continue };
            let Some(holds) = holds(*trigger, token, memory) else { continue };
            let was = memory.held.replace(holds);
            if holds && was == Some(false) && memory.may_fire(now) {
                firings.push(Firing { token: id.clone(), words: happened(rule, token) });
            }
        }
        firings
    }

    /// Judges the rule about a view by what it shows.
    pub(crate) fn judge_view(&mut self, search: &str, rows: &[Token], now: Timestamp) -> Vec<Firing> {
        let found = self.rules.iter_mut().find(|(rule, _)| matches!(rule, Rule::View(view) if view == search));
        let Some((_, memory)) = found else { return Vec::new() };
        let is_begun = std::mem::replace(&mut memory.is_begun, true);
        let fresh: Vec<&Token> = rows.iter().filter(|token| !memory.seen.contains(&token.id)).collect();
        if memory.seen.len() + fresh.len() > MOST_SEEN {
            memory.seen.clear();
            memory.seen.extend(rows.iter().map(|token| token.id.clone()));
        } else {
            memory.seen.extend(fresh.iter().map(|token| token.id.clone()));
        }
        let Some(first) = fresh.first().filter(|_| is_begun) else { return Vec::new() };
        if !memory.may_fire(now) {
            return Vec::new();
        }
        let more = fresh.len() - 1;
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let words = format!("{}{more} passes the filters of your view", symbol(first));
        vec![Firing { token: first.id.clone(), words }]
    }
}

fn symbol(token: &Token) -> &str {
    token.symbol.as_deref().unwrap_or("A token")
}

/// What happened, and what is so now.
fn happened(rule: &Rule, token: &Token) -> String {
    let price = token.price_usd.map(|price| format!(", now {}", format::price(price).plain())).unwrap_or_default();
    format!("{}{price}", rule.words(symbol(token)))
}

/// Whether the condition of a rule holds; `None` where the row does not tell.
fn holds(trigger: Trigger, token: &Token, memory: &mut Memory) -> Option<bool> {
    // What held is let go of at a lower bound than it was reached by.
    let armed = memory.held != Some(true);
    match trigger {
        Trigger::Above(bound) => token.price_usd.map(|price: Price| price >= bound),
        Trigger::Below(bound) => token.price_usd.map(|price: Price| price <= bound),
        Trigger::Change(window, pct) => {
            let bound = if armed { pct } else { pct * REARM };
            token.change_pct.at(window).map(|change| change.abs() >= bound)
        }
        Trigger::Volume(window, times) => {
            let volume = token.volume_usd.at(window)?;
            let usual = median(&memory.volumes);
            if memory.volumes.len() == READINGS {
                memory.volumes.remove(0);
            }
            memory.volumes.push(volume);
            let bound = if armed { times } else { times * REARM };
            usual.map(|usual| usual > 0.0 && volume >= usual * bound)
        }
    }
}

/// The middle of some readings; `None` of too few.
fn median(readings: &[f64]) -> Option<f64> {
    if readings.len() < ENOUGH {
        return None;
    }
    // The one that has half of them below it: of a few dozen, found by counting.
    let half = readings.len() / 2;
    let count = |is: &dyn Fn(f64) -> bool| readings.iter().filter(|other| is(**other)).count();
    readings.iter().copied().find(|middle| {
        let (below, up_to) = (count(&|other| other < *middle), count(&|other| other <= *middle));
        below <= half && half < up_to
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use memescope::Window;

    use super::*;

    fn id(number: u32) -> TokenId {
        format!("base:0x{number:040x}").parse().unwrap()
    }

    fn token(number: u32, price: &str) -> Token {
        let mut token = Token::new(id(number), Timestamp::default());
        token.symbol = Some(format!("T{number}").into());
        token.price_usd = price.parse().ok();
        token
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_secs(minute * 60)
    }

    fn watch(lines: &str) -> Watch {
        let mut watch = Watch::default();
        watch.set(Rule::parse_all(lines));
        watch
    }

    #[test]
    fn a_price_fires_when_it_crosses_and_not_when_it_was_there() {
        let rule = format!("{} price above 1", id(1));
        let mut fresh = watch(&rule);
        let mut fired = |minute: i64, price: &str| fresh.judge_tokens(&[token(1, price)], at(minute)).len();
        assert_eq!([fired(0, "2"), fired(1, "3"), fired(2, "0.9"), fired(3, "1"), fired(4, "1.1")], [0, 0, 0, 1, 0]);
        // It rests for a quarter of an hour, then fires again.
        assert_eq!([fired(5, "0.5"), fired(6, "2"), fired(19, "0.5"), fired(20, "2")], [0, 0, 0, 1]);
    }

    #[test]
    fn a_day_has_its_most_alerts() {
        let mut watch = watch(&format!("{} price below 1", id(1)));
        let mut fired = 0;
        for round in 0..30 {
            for (minute, price) in [(0, "2"), (1, "0.5")] {
                fired += watch.judge_tokens(&[token(1, price)], at(round * 20 + minute)).len();
            }
        }
        assert_eq!(fired, MOST_A_DAY);
        assert_eq!(watch.judge_tokens(&[token(1, "2")], at(3_000)).len(), 0);
        assert_eq!(watch.judge_tokens(&[token(1, "0.5")], at(3_001)).len(), 1);
    }

    #[test]
    fn a_change_that_trembles_around_its_bound_fires_once() {
        let mut watch = watch(&format!("{} change h1 5", id(1)));
        let mut fired = |minute: i64, change: f64| {
            let mut token = token(1, "1");
            *token.change_pct.slot(Window::H1) = Some(change);
            watch.judge_tokens(&[token], at(minute)).len()
        };
        assert_eq!(
            [fired(0, 1.0), fired(1, -5.1), fired(20, -4.9), fired(40, -5.2), fired(60, 3.0), fired(61, 6.0)],
            [0, 1, 0, 0, 0, 1]
        );
    }

    #[test]
    fn a_volume_is_measured_by_what_is_usual_for_it() {
        let mut watch = watch(&format!("{} volume m5 3", id(1)));
        let mut fired = |minute: i64, volume: f64| {
            let mut token = token(1, "1");
            *token.volume_usd.slot(Window::M5) = Some(volume);
            watch.judge_tokens(&[token], at(minute)).len()
        };
        for minute in 0..10 {
            assert_eq!(fired(minute, 100.0), 0);
        }
        assert_eq!([fired(10, 290.0), fired(11, 310.0), fired(12, 400.0)], [0, 1, 0]);
    }

    #[test]
    fn unknown_and_stale_figures_fire_nothing() {
        let mut watch = watch(&format!("{} price above 1", id(1)));
        let mut stale = token(1, "2");
        stale.stale = true;
        for row in [token(1, "0.5"), token(1, "unknown"), stale, token(2, "9")] {
            assert_eq!(watch.judge_tokens(&[row], at(0)).len(), 0);
        }
        assert_eq!(watch.judge_tokens(&[token(1, "2")], at(1)).len(), 1);
    }

    #[test]
    fn a_view_fires_for_what_is_new_in_it() {
        let mut watch = watch("view rank=new");
        let mut fired = |minute: i64, numbers: &[u32]| {
            let rows: Vec<Token> = numbers.iter().map(|number| token(*number, "1")).collect();
            watch.judge_view("rank=new", &rows, at(minute)).into_iter().map(|firing| firing.words).collect::<Vec<_>>()
        };
        assert_eq!(fired(0, &[1, 2]), [""; 0]);
        assert_eq!(fired(1, &[2, 1]), [""; 0]);
        assert_eq!(fired(2, &[3, 4, 1]), ["T3 and 1 more passes the filters of your view"]);
        assert_eq!(fired(3, &[5]), [""; 0], "it rests");
        assert_eq!(fired(30, &[5, 1]), [""; 0], "it is not new any more");
        assert_eq!(fired(31, &[6]), ["T6 passes the filters of your view"]);
    }

    #[test]
    fn rules_that_stay_keep_what_is_known_of_them() {
        let above = format!("{} price above 1", id(1));
        let mut watch = watch(&above);
        watch.judge_tokens(&[token(1, "0.5")], at(0));
        watch.set(Rule::parse_all(&format!("view\n{above}")));
        assert_eq!(watch.judge_tokens(&[token(1, "2")], at(1)).len(), 1);
        assert_eq!((watch.tokens(), watch.views()), (vec![id(1)], vec![String::new()]));
    }
}
