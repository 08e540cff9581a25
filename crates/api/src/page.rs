//! A long list, answered a page at a time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Items on a page if the request names no limit.
pub const LIMIT_DEFAULT: u64 = 100;

/// Items that a page has at most.
pub const LIMIT_MAX: u64 = 1000;

/// Which page is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PageOf {
    /// The number of the first item: of a row counted from 0, of a block or entry its height.
    pub from: u64,
    /// How many items at most, from 1 to 1000.
    #[schemars(range(min = 1, max = 1000), extend("default" = LIMIT_DEFAULT))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

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
