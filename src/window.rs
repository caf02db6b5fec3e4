//! The five windows over which the market is summed up.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A span of time that ends now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// Five minutes.
    M5,
    /// One hour.
    H1,
    /// Six hours.
    H6,
    /// Twenty-four hours.
    #[default]
    H24,
    /// Seven days.
    D7,
}

impl Window {
    /// Every window, shortest first.
    pub const ALL: [Self; 5] = [Self::M5, Self::H1, Self::H6, Self::H24, Self::D7];

    /// The name in JSON and in addresses: `m5`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::M5 => "m5",
            Self::H1 => "h1",
            Self::H6 => "h6",
            Self::H24 => "h24",
            Self::D7 => "d7",
        }
    }

    /// The label that a person reads: `5m`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::M5 => "5m",
            Self::H1 => "1h",
            Self::H6 => "6h",
            Self::H24 => "24h",
            Self::D7 => "7d",
        }
    }

    /// How long the window is.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(match self {
            Self::M5 => 300,
            Self::H1 => 3_600,
            Self::H6 => 21_600,
            Self::H24 => 86_400,
            Self::D7 => 604_800,
        })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a window")]
pub struct WindowError;

impl FromStr for Window {
    type Err = WindowError;

    /// Reads `m5` as well as `5m`.
    fn from_str(text: &str) -> Result<Self, WindowError> {
        Self::ALL.into_iter().find(|window| window.name() == text || window.label() == text).ok_or(WindowError)
    }
}

/// One optional figure per window. Unknown is `None`, never zero.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "{T}ByWindow"))]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct PerWindow<T> {
    /// Five minutes.
    pub m5: Option<T>,
    /// One hour.
    pub h1: Option<T>,
    /// Six hours.
    pub h6: Option<T>,
    /// Twenty-four hours.
    pub h24: Option<T>,
    /// Seven days.
    pub d7: Option<T>,
}

impl<T> Default for PerWindow<T> {
    fn default() -> Self {
        Self { m5: None, h1: None, h6: None, h24: None, d7: None }
    }
}

impl<T> PerWindow<T> {
    /// Asks `figure` for each window.
    pub fn from_fn(mut figure: impl FnMut(Window) -> Option<T>) -> Self {
        Self {
            m5: figure(Window::M5),
            h1: figure(Window::H1),
            h6: figure(Window::H6),
            h24: figure(Window::H24),
            d7: figure(Window::D7),
        }
    }

    /// The figure of one window.
    pub fn get(&self, window: Window) -> Option<&T> {
        match window {
            Window::M5 => self.m5.as_ref(),
            Window::H1 => self.h1.as_ref(),
            Window::H6 => self.h6.as_ref(),
            Window::H24 => self.h24.as_ref(),
            Window::D7 => self.d7.as_ref(),
        }
    }

    /// The place of one window's figure.
    pub fn slot(&mut self, window: Window) -> &mut Option<T> {
        match window {
            Window::M5 => &mut self.m5,
            Window::H1 => &mut self.h1,
            Window::H6 => &mut self.h6,
            Window::H24 => &mut self.h24,
            Window::D7 => &mut self.d7,
        }
    }

    /// Whether no window is known.
    pub fn is_empty(&self) -> bool {
        Window::ALL.into_iter().all(|window| self.get(window).is_none())
    }
}

/// Figures by window that hardly anybody tells: without one they take next to no room. Written like those that they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RarePerWindow<T>(Option<Box<PerWindow<T>>>);

impl<T: 'static> RarePerWindow<T> {
    const NONE: &'static PerWindow<T> = &PerWindow { m5: None, h1: None, h6: None, h24: None, d7: None };
}

impl<T> From<PerWindow<T>> for RarePerWindow<T> {
    fn from(figures: PerWindow<T>) -> Self {
        Self((!figures.is_empty()).then(|| Box::new(figures)))
    }
}

impl<T: 'static> Deref for RarePerWindow<T> {
    type Target = PerWindow<T>;

    fn deref(&self) -> &PerWindow<T> {
        self.0.as_deref().unwrap_or(Self::NONE)
    }
}

impl<T: Serialize + 'static> Serialize for RarePerWindow<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        PerWindow::serialize(self, serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for RarePerWindow<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        PerWindow::deserialize(deserializer).map(Self::from)
    }
}

impl<T: Copy> PerWindow<T> {
    /// The figure of one window, copied.
    pub fn at(&self, window: Window) -> Option<T> {
        self.get(window).copied()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn rare_figures_are_written_and_read_like_others() {
        for m5 in [None, Some(7)] {
            let plain = PerWindow { m5, ..PerWindow::default() };
            let rare = RarePerWindow::from(plain);
            assert_eq!((*rare, rare.0.is_some()), (plain, m5.is_some()));
            let bytes = postcard::to_allocvec(&plain).unwrap();
            assert_eq!(postcard::to_allocvec(&rare).unwrap(), bytes);
            assert_eq!(postcard::from_bytes::<RarePerWindow<i32>>(&bytes).unwrap(), rare);
        }
    }
}
