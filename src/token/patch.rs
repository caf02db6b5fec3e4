//! The difference between two states of one row, as a JSON merge patch.
//!
//! A patch names the row and holds only what changed: objects merge, `null` sets a field to unknown. The server prints
//! it once for all subscribers, the browser applies it and touches only the cells that it names.

use serde::{Deserialize, Deserializer, Serialize};

use super::{Flag, Stage, Token, Traders, Txns, VolumeScope};
use crate::{PerWindow, Price, Timestamp, TokenId, Window};
use std::sync::Arc;

/// A field that can be patched.
pub trait Patchable {
    /// What a change of it looks like.
    type Patch;
    /// What turns `old` into `new`; `None` when nothing changed.
    fn patch_between(old: &Self, new: &Self) -> Option<Self::Patch>;
    /// Applies a change.
    fn apply_patch(&mut self, patch: Self::Patch);
}

macro_rules! replaced_whole {
    ($($ty:ty),* $(,)?) => {$(
        impl Patchable for $ty {
            type Patch = $ty;
            fn patch_between(old: &Self, new: &Self) -> Option<Self> {
                (old != new).then(|| new.clone())
            }
            fn apply_patch(&mut self, patch: Self) {
                *self = patch;
            }
        }
    )*};
}

replaced_whole!(
    bool,
    u32,
    Timestamp,
    Stage,
    VolumeScope,
    Vec<Window>,
    Vec<Flag>,
    Option<Arc<str>>,
    Option<Price>,
    Option<f64>,
    Option<u64>,
    Option<bool>,
    Option<Timestamp>,
);

/// Reads a field that is there: `null` is a value (unknown), absence is none.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Changes of a figure by window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "{T}ByWindowPatch"))]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct WindowsPatch<T> {
    /// Five minutes.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub m5: Option<Option<T>>,
    /// One hour.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub h1: Option<Option<T>>,
    /// Six hours.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub h6: Option<Option<T>>,
    /// Twenty-four hours.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub h24: Option<Option<T>>,
    /// Seven days.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub d7: Option<Option<T>>,
}

impl<T> Default for WindowsPatch<T> {
    fn default() -> Self {
        Self { m5: None, h1: None, h6: None, h24: None, d7: None }
    }
}

impl<T: Clone + PartialEq> Patchable for PerWindow<T> {
    type Patch = WindowsPatch<T>;

    fn patch_between(old: &Self, new: &Self) -> Option<WindowsPatch<T>> {
        if old == new {
            return None;
        }
        let changed = |window| (old.get(window) != new.get(window)).then(|| new.get(window).cloned());
        Some(WindowsPatch {
            m5: changed(Window::M5),
            h1: changed(Window::H1),
            h6: changed(Window::H6),
            h24: changed(Window::H24),
            d7: changed(Window::D7),
        })
    }

    fn apply_patch(&mut self, patch: WindowsPatch<T>) {
        let WindowsPatch { m5, h1, h6, h24, d7 } = patch;
        for (window, figure) in Window::ALL.into_iter().zip([m5, h1, h6, h24, d7]) {
            if let Some(figure) = figure {
                *self.slot(window) = figure;
            }
        }
    }
}

macro_rules! token_patch {
    ($($field:ident: $ty:ty),* $(,)?) => {
        /// What changed in one row.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct TokenPatch {
            /// The row.
            pub id: TokenId,
            $(
                #[doc = concat!("A change of `", stringify!($field), "`.")]
                #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
                pub $field: Option<<$ty as Patchable>::Patch>,
            )*
        }

        impl TokenPatch {
            /// A patch that changes nothing.
            pub fn of(id: TokenId) -> Self {
                Self { id, $($field: None,)* }
            }

            /// What turns the row `old` into `new`; `None` when no published field differs.
            ///
            /// Both must be rows of one token.
            pub fn between(old: &Token, new: &Token) -> Option<Self> {
                debug_assert_eq!(old.id, new.id, "a patch is about one token");
                let patch = Self { id: new.id.clone(), $($field: Patchable::patch_between(&old.$field, &new.$field),)* };
                (false $(|| patch.$field.is_some())*).then_some(patch)
            }
        }

        impl Token {
            /// Whether no published field differs from those of another row of this token.
            pub fn reads_like(&self, other: &Self) -> bool {
                true $(&& self.$field == other.$field)*
            }

            /// Applies a patch to the row.
            pub fn apply(&mut self, patch: TokenPatch) {
                $(if let Some(change) = patch.$field {
                    self.$field.apply_patch(change);
                })*
            }
        }
    };
}

token_patch! {
    symbol: Option<Arc<str>>,
    name: Option<Arc<str>>,
    logo: Option<Arc<str>>,
    price_usd: Option<Price>,
    price_sol: Option<Price>,
    change_pct: PerWindow<f64>,
    volume_usd: PerWindow<f64>,
    txns: PerWindow<Txns>,
    traders: PerWindow<Traders>,
    liquidity_usd: Option<f64>,
    market_cap_usd: Option<f64>,
    fdv_usd: Option<f64>,
    holders: Option<u64>,
    created_at: Option<Timestamp>,
    dex: Option<Arc<str>>,
    pool: Option<Arc<str>>,
    pool_count: u32,
    stage: Stage,
    volume_scope: VolumeScope,
    partial_windows: Vec<Window>,
    verified: Option<bool>,
    flags: Vec<Flag>,
    updated_at: Timestamp,
    stale: bool,
}
