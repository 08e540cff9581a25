//! A long list, answered a page at a time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Items on a page if the request names no limit.
pub const LIMIT_DEFAULT: u64 = 100;

/// Items that a page has at most.
pub const LIMIT_MAX: u64 = 1000;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// The items, in order. There may be fewer than were asked for before the end, where they are
    /// large.
    pub items: Vec<T>,
    /// What to ask for next as `from`; null after the last.
    pub next: Option<u64>,
    /// How many rows there are in all; of blocks and entries, how many blocks.
    pub total: u64,
}
