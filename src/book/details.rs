//! What is known of a token beside its row.

use std::sync::Arc;

use crate::PoolView;

/// What is known of a token beside its row: what a reader who looks closer wants to see.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TokenDetails {
    /// Its pools, best first.
    pub pools: Vec<PoolView>,
    /// Other symbols and names that sources give it, sorted.
    pub aliases: Vec<Arc<str>>,
}
