//! What a peer must not forget, in one crash-safe file.
//!
//! A peer that comes back after a crash must keep to what it has said: whom it follows, what it
//! said yes to, whom it counts with, and who it is. And it should not have to fetch the whole
//! table, or the whole chain, again. A [`Store`] keeps all of that in `DIR/althing.redb`: what
//! [`Store::commit`] was given is on disk when it returns, all of it or, after a crash in the
//! middle, none of it.
//!
//! A file is read with suspicion. Opening it checks every page against its checksum, and the rows
//! and blocks for gaps; reading a row checks that it decodes and carries its own number. What does
//! not hold is a [`StoreError::Damaged`], never a wrong row. One thing cannot be told: if the disk
//! loses what it had promised to keep, and that was the last commit before a crash, this looks like
//! a commit that the crash cut off, and the file is found as it was before it.
//!
//! [`Store::in_memory`] is the same without a file, for networks that are not meant to last.
//!
//! What this crate does not do: check votes, seals, solutions or blocks (the engine's), or decide
//! what must be kept (the engine says so with each [`Durable`](althing_engine::rounds::Durable)).

mod chain;
mod encoding;
mod error;
mod file;
mod identity;
mod memory;
mod order;
mod rows;
mod store;

pub use self::chain::{Blocks, Branch};
pub use self::error::StoreError;
pub use self::identity::{Identity, Secret};
pub use self::rows::Rows;
pub use self::store::Store;
