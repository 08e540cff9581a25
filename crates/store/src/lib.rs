//! The durable state of a peer, in one crash-safe file.
//!
//! A peer that comes back after a crash must keep to what it has promised and voted for, and it
//! should not have to fetch the whole table, or the whole chain, again. A [`Store`] keeps what an
//! engine persists in `DIR/althing.redb`: when [`Store::commit`] returns, its changes are on disk,
//! unless the engine can get them back from others and so lets them wait for the next that are
//! ([`Durable::needs_sync`](althing_engine::Durable::needs_sync)). After a crash in the middle of
//! it, either all of them are there or none.
//!
//! There are three tables. `meta` has the number of the file's format. `cells` has the peer's
//! [`Identity`] and the [`State`](althing_engine::State) of its engine, one cell each. `log` has
//! the numbered entries: rows, or blocks. How a [`Durable`](althing_engine::Durable) changes cells
//! and log is not decided here, but by [`Recovered::apply`](althing_engine::Recovered::apply).
//!
//! A file is read with suspicion. Opening it checks every page against its checksum, the log for
//! gaps, and all cells; reading an entry checks that it decodes and carries its own number. If a
//! check fails, the result is [`StoreError::Damaged`], never a wrong entry. One thing cannot be
//! detected: if the disk loses the last commit before a crash after reporting it as written, this
//! looks like a commit that the crash cut off, and the file is found as it was before it.
//!
//! [`Store::in_memory`] is the same without a file, for networks that are not meant to last.
//!
//! What this crate does not do: check votes, signatures, solutions or blocks (the engine does), or
//! decide what must be kept (the engine does that too).
//!
//! | file | question |
//! | --- | --- |
//! | `store` | how does a peer's driver use it? |
//! | `reader` | how can other threads read it at the same time? |
//! | `archive` | how does a ledger read its blocks? |
//! | `entries` | how is a log of any length read? |
//! | `file`, `memory` | where is it kept? |
//! | `key_file` | how is the key of a member kept? |
//! | `identity` | which peer does it belong to? |
//! | `encoding` | how do values become bytes? |
//! | `error` | what can go wrong, in words for users? |

mod archive;
mod encoding;
mod entries;
mod error;
mod file;
mod identity;
mod key_file;
mod memory;
mod reader;
mod store;

pub use self::entries::Entries;
pub use self::error::StoreError;
pub use self::identity::{Identity, Secret};
pub use self::key_file::{ForeignKey, KeyFile, KeyFileError};
pub use self::reader::Reader;
pub use self::store::Store;
