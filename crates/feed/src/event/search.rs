//! What can happen in a search that belongs to no network: `althing mine`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What can happen in the search for the solution of one puzzle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SearchEvent {
    /// The search goes on; told each second.
    Progress {
        /// Hashes tried so far.
        hashes: u64,
        /// How long it has taken so far.
        seconds: f64,
        /// Hashes tried in a second, in millions.
        megahashes_per_second: f64,
    },
    /// The search has ended with a solution.
    SolutionFound {
        /// The solution, as the puzzle writes it.
        nonce: String,
        /// Its number among the candidates.
        number: u64,
        /// Its hash, in hexadecimal digits.
        digest: String,
        /// The kernel that found it.
        kernel: String,
        /// Hashes tried.
        hashes: u64,
        /// How long it took.
        seconds: f64,
        /// Hashes tried in a second, in millions.
        megahashes_per_second: f64,
    },
}
