//! The domain of Memescope: pure values and rules that the server and the browser share.
//!
//! ```text
//!  Harvest ──▶ Book ──▶ Board @ seq ──▶ Delta ──▶ feed frames
//!  (what a     (merge)  (all tokens)    (diff,    (what a subscriber
//!   source                               apply)    of a view is sent)
//!   answered)
//! ```
//!
//! A [`Token`] is a row; its identity is its [`TokenId`], chain and address, never the symbol. A [`Source`] makes
//! observations; the merge turns them into one row with its [`Provenance`]. A [`Board`] holds all rows at one `seq`
//! of an [`Epoch`]. Unknown is `None`, which is neither zero nor stale.
//!
//! Nothing here does input or output, asks a clock or rolls dice; everything builds for `wasm32`.

mod base58;
mod board;
mod book;
mod event;
pub mod feed;
pub mod fnv;
pub mod format;
mod history;
mod id;
mod merge;
pub mod number;
mod observation;
mod price;
pub mod query;
mod report;
#[cfg(feature = "schema")]
mod schema;
mod sorted_map;
mod source;
#[cfg(test)]
mod testing;
mod text;
mod time;
mod token;
mod window;

pub use board::{Board, Changes, Delta, Epoch, EpochError, GapError, Seq};
pub use book::{Book, BookSettings, Published, Tick, TokenAge, TokenDetails};
pub use event::{Event, EventKind, EventNames, EventPlace};
pub use history::{
    CANDLE_DIGITS, Candle, CandleSource, DayVolume, Forming, Interval, IntervalError, Mark, SPARK_POINTS, SPARK_STEP,
    Sight, Spark, SparkView, Week, roll_up, volume_share,
};
pub use id::{Chain, IdError, PoolId, TokenId};
pub use merge::anchor::{is_anchor, wrapped_sol};
pub use merge::venue::dex_label;
pub use merge::{PoolReason, PoolView};
pub use observation::{Harvest, PoolObservation, PoolSide, Reject, Statement, TokenObservation};
pub use price::{Price, PriceError};
pub use query::{ParameterError, Rank, TokenQuery};
pub use report::{BudgetReport, Latency, RejectCount, Requests, RowsReport, SourceReport, SourceState};
pub use sorted_map::SortedMap;
pub use source::{Freshness, Source, SourceNameError};
pub use text::{NAME_CHARS, SYMBOL_CHARS, clean_text};
pub use time::{Timestamp, TimestampError};
pub use token::{
    Field, FieldProvenance, FieldSource, Flag, FlagDetail, Patchable, Provenance, Stage, Token, TokenPatch, Traders,
    Txns, VolumeScope, WindowsPatch,
};
pub use window::{PerWindow, RarePerWindow, Window, WindowError};
