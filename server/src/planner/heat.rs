//! How hot a token is: who looks at it, how fast it moves, whether its price is in doubt.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use memescope::{Timestamp, TokenAge, TokenId};

use super::heads::Heads;

/// What readers look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Rows in sight, and on how many screens.
    pub rows: HashMap<TokenId, u32>,
    /// Tokens at the head of a followed list, in sight or not.
    pub listed: HashSet<TokenId>,
}

impl Watched {
    /// Everything that somebody looks at, wherever.
    pub fn ids(&self) -> HashSet<TokenId> {
        self.rows.keys().chain(&self.listed).cloned().collect()
    }
}

/// Where a token is looked at; the hottest last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Nowhere that we know of.
    #[default]
    Nowhere,
    /// On the first page of a common list, which somebody may open at any moment.
    Head,
    /// At the head of a list that somebody follows.
    Listed,
    /// On this many screens.
    Screen(u32),
}

impl Place {
    /// Where this token is looked at.
    pub fn of(token: &TokenId, watched: &Watched, heads: &Heads) -> Self {
        match watched.rows.get(token) {
            Some(screens) => Self::Screen(*screens),
            None if watched.listed.contains(token) => Self::Listed,
            None if heads.contains(token) => Self::Head,
            None => Self::Nowhere,
        }
    }

    /// Whether it is in somebody's sight.
    pub fn is_screen(self) -> bool {
        matches!(self, Self::Screen(_))
    }

    /// Whether somebody sees it, or would with one click.
    pub fn is_hot(self) -> bool {
        self != Self::Nowhere
    }

    /// How many times as urgent a second of waiting is here.
    fn weight(self) -> f64 {
        match self {
            Self::Nowhere => 1.0,
            Self::Head => 3.0,
            Self::Listed => 4.0,
            // Each doubling of the audience adds one.
            Self::Screen(screens) => 8.0 + f64::from(screens.max(1)).log2(),
        }
    }
}

/// From this movement in five minutes on, percent, a token counts as moving at full speed.
const FULL_SPEED_PCT: f64 = 5.0;

/// What the planner knows of a tracked token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate<'a> {
    /// What is known of it, and since when.
    pub age: TokenAge<'a>,
    /// Where it is looked at.
    pub place: Place,
}

/// Past this age of its price a token is taken for silent: each source has been asked about it several times.
const SILENT: Duration = Duration::from_secs(300);

impl Candidate<'_> {
    /// Whether nobody has long said what it costs, though it has a row. A source must be asked about it by name for the
    /// row to leave.
    pub fn is_silent(&self, now: Timestamp) -> bool {
        self.age.interest.is_some() && self.age.priced_at.is_none_or(|at| now.since(at) >= SILENT)
    }

    /// How many times as urgent a second of waiting is as for a token at rest that nobody looks at: 1 to a few dozen.
    pub fn weight(&self) -> f64 {
        let speed = (self.age.moved_pct / FULL_SPEED_PCT).clamp(0.0, 1.0);
        let doubt = if self.age.disputed { 1.5 } else { 1.0 };
        self.place.weight() * (1.0 + speed) * doubt
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::tests::id;

    #[test]
    fn a_weight_rises_with_audience_movement_and_doubt() {
        let token = id(1);
        let weight = |place, moved_pct, disputed| {
            let age = TokenAge {
                token: &token,
                interest: None,
                moved_pct,
                disputed,
                priced_at: None,
                first_seen: Timestamp::default(),
                main_pool: None,
                dexscreener_at: None,
                geckoterminal_at: None,
                unverified: &[],
            };
            Candidate { age, place }.weight()
        };
        let rising = [
            weight(Place::Nowhere, 0.0, false),
            weight(Place::Nowhere, 0.0, true),
            weight(Place::Nowhere, 4.0, false),
            weight(Place::Nowhere, 900.0, false),
            weight(Place::Nowhere, 900.0, true) - 1e-9,
            weight(Place::Head, 0.0, false) + 1e-9,
            weight(Place::Listed, 0.0, false),
            weight(Place::Screen(0), 0.0, false),
            weight(Place::Screen(2), 0.0, false),
            weight(Place::Screen(1_000), 0.0, false),
        ];
        assert!(rising.is_sorted_by(|a, b| a < b), "{rising:?}");
        assert!((rising[0] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_token_is_where_it_is_seen_best() {
        let watched = Watched { rows: HashMap::from([(id(1), 2)]), listed: HashSet::from([id(1), id(2)]) };
        let place = |number| Place::of(&id(number), &watched, &Heads::default());
        assert_eq!([place(1), place(2), place(3)], [Place::Screen(2), Place::Listed, Place::Nowhere]);
        assert_eq!(watched.ids(), HashSet::from([id(1), id(2)]));
    }
}
