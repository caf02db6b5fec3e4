//! Chance, handed in from outside.

use std::fmt;
use std::sync::Arc;

/// Rolls a number in `0..1`, for jitter.
#[derive(Clone)]
pub struct Dice(Arc<dyn Fn() -> f64 + Send + Sync>);

impl Dice {
    /// Dice that show what `roll` says.
    pub fn new(roll: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(roll))
    }

    /// Fair dice.
    #[expect(clippy::disallowed_methods, reason = "this is where chance comes in")]
    pub fn fair() -> Self {
        Self::new(rand::random::<f64>)
    }

    /// The next roll.
    pub fn roll(&self) -> f64 {
        (self.0)()
    }
}

impl fmt::Debug for Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dice")
    }
}
