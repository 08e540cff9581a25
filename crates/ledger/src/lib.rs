//! Blocks in order: what makes one valid, which chain of them counts, and what to mine next.
//!
//! A [`Ledger`] holds all the blocks that a peer knows, as a tree, and says which of its branches
//! counts: the one with the most work, and of equals the one that [`Ties`] says. It is handed
//! blocks with [`Ledger::add`], in any order in which parents come before their children, and
//! answers what has changed. Networks differ in what a block looks like ([`Format`]), in what its
//! finder must have tried ([`DifficultyRule`]) and in what it may hold ([`Limits`]); [`Rules`] say
//! all of it, as data. What the entries of a block *mean* is the business of an [`Application`].
//!
//! # Levels of validity
//! A block is checked at three levels, the cheapest first. Each has a module of its own, with one
//! error for each rule of `docs/protocol.md`:
//!
//! | level | looks at | module, errors | rules |
//! | --- | --- | --- | --- |
//! | structural | the block alone, without hashing | `structural`, [`Structural`] | B1 to B5 |
//! | semantic | the block and its parent's hash | `semantic`, [`Semantic`] | B6 to B9 |
//! | contextual | the block in its chain | `ledger/contextual`, [`Contextual`] | B10 to B15 |
//!
//! In networks of our own the header alone shows the work: [`Headers`] holds those whose blocks are
//! not here yet, checked as far as they can be.
//!
//! Only a block that passes the first two takes up memory, so each costs its sender the work that
//! it shows. The entries are put to the application when the block's branch is about to count.
//!
//! # What it does not do
//! Fetch blocks, keep them on disk, or know the time: those are the engine's, the store's and the
//! node's.

mod application;
mod asert;
mod block;
mod difficulty;
mod ed25519;
mod entry;
mod headers;
mod ledger;
pub mod merkle;
mod once;
pub mod python_json;
mod recent;
mod rules;
mod semantic;
mod signed;
mod structural;
mod target;
mod template;
mod tree;

pub use application::{Anything, Application, EntriesRefused};
pub use asert::{Asert, target_of_bits};
pub use bitcoin::CompactTarget;
pub use bitcoin::block::Header;
pub use block::{AviaryBlock, Block, Cs60Block, Format, Imprint, NativeBlock, Parent};
pub use difficulty::DifficultyRule;
pub use entry::Entry;
pub use headers::{HEADERS_MAX, HeaderOutcome, Headers};
pub use ledger::{
    Adoption, BAD_BLOCKS_MAX, Contextual, EntryRefused, Invalid, Ledger, Outcome, Tip,
};
pub use once::Once;
pub use rules::{Genesis, Limits, Rules, Ties, Times};
pub use semantic::Semantic;
pub use signed::{NotSigned, SignedEntry};
pub use structural::Structural;
pub use target::{HexDigits, Target};
pub use template::{Preimage, Proposal, Template};
pub use tree::SIDE_BLOCKS_MAX;
