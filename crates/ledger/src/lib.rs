//! Blocks in order: what makes one valid, which chain of them counts, and what to mine next.
//!
//! A [`Ledger`] holds all the blocks that a peer knows, as a tree, and decides which of its
//! branches is the best chain: the one with the most work, and of equals the one that [`Ties`]
//! selects; or the one that the peers agree on ([`Choice`]). Blocks are added with [`Ledger::add`],
//! in any order in which parents come before their children; it returns what has changed. Networks
//! differ in the format of a block ([`Format`]), its difficulty ([`DifficultyRule`]) and its limits
//! ([`Limits`]); [`Rules`] contain all of it, as data. An [`Application`] decides what the entries
//! of a block *mean*.
//!
//! # Levels of validity
//! A block is checked at three levels, the cheapest first. Each has its own module, with one error
//! for each rule of `docs/protocol.md`:
//!
//! | level | looks at | module, errors | rules |
//! | --- | --- | --- | --- |
//! | structural | the block alone, without hashing | `structural`, [`Structural`] | B1 to B5 |
//! | semantic | the block and its parent's hash | `semantic`, [`Semantic`] | B6 to B9 |
//! | contextual | the block in its chain | `ledger/contextual`, [`Contextual`] | B10 to B15 |
//!
//! In our own networks the header alone proves the work: [`Headers`] holds those whose blocks have
//! not arrived, checked as far as possible.
//!
//! Only a block that passes the first two levels takes up memory, so each costs its sender the work
//! that it shows. The application judges the entries when the block's branch is about to become the
//! best chain.
//!
//! # Where blocks are
//! Of each block of the best chain only about a hundred bytes stay in memory. The block itself
//! stays if it is one of the last [`CACHED_BLOCKS`], or is not on disk yet; otherwise it is read
//! back through an [`Archive`]. Snapshots of the application's state let a reorganisation start
//! near the fork instead of at the genesis.
//!
//! # What it does not do
//! It does not fetch blocks (the engine does), write them to disk (the store does), or read a clock
//! (the node does).
//!
//! # Files
//!
//! | file | question |
//! | --- | --- |
//! | `ledger` | which chain counts, and what changes when another one does? |
//! | `tip` | which block is the last one? |
//! | `tree` | which blocks are known, and how are they connected? |
//! | `block_cache`, `archive` | where is a block of the best chain? |
//! | `snapshots` | from which state does a reorganisation begin? |
//! | `application`, `once`, `growing` | what do entries mean, and which are refused? |
//! | `structural`, `semantic`, `ledger/contextual` | is a block valid? |
//! | `rules`, `difficulty`, `asert`, `target`, `recent` | what does a network require? |
//! | `headers` | which headers are known without their blocks? |
//! | `template` | what is there to mine? |
//! | `block`, `entry`, `signed`, `ed25519`, `merkle` | what do blocks and entries look like? |
//! | `signature` | who has signed these bytes, one or many at a time? |
//! | `charter` | what have the members of an assembly agreed on? |
//! | `assembly` | which blocks are valid there, and what proves that they are committed? |

mod application;
mod archive;
mod asert;
pub mod assembly;
mod block;
mod block_cache;
pub mod charter;
mod difficulty;
mod ed25519;
mod entry;
mod growing;
mod headers;
mod ledger;
pub mod merkle;
mod once;
mod recent;
mod rules;
mod semantic;
mod signature;
mod signed;
mod snapshots;
mod structural;
mod target;
mod template;
mod tip;
mod tree;

pub use application::{Anything, Application, BlockContext, EntriesRefused};
pub use archive::{Archive, NoArchive};
pub use asert::{Asert, target_of_bits};
pub use bitcoin::CompactTarget;
pub use bitcoin::block::Header;
pub use block::{
    AviaryBlock, Block, BlockId, Coinbase, Cs60Block, Format, HashedBlock, NativeBlock, Odd, Parent,
};
pub use block_cache::CACHED_BLOCKS;
pub use difficulty::DifficultyRule;
pub use entry::Entry;
pub use growing::GrowingMap;
pub use headers::{HEADERS_MAX, HeaderOutcome, Headers};
pub use ledger::{Adoption, BAD_BLOCKS_MAX, Contextual, EntryRefused, Invalid, Ledger, Outcome};
pub use once::Once;
pub use rules::{Agreement, Choice, Genesis, Limits, Own, Rules, Ties, Times};
pub use semantic::Semantic;
pub use signed::{NotSigned, SignedEntry};
pub use structural::Structural;
pub use target::{HexDigits, Target};
pub use template::{Preimage, Proposal, Template};
pub use tip::Tip;
pub use tree::SIDE_BLOCKS_MAX;
