//! The subcommands, a file each.
//!
//! | file | question |
//! | --- | --- |
//! | `bench` | how fast is it on this machine? |
//! | `broker` | how is the embedded broker run alone? |
//! | `chain` | what is in the chain that a peer has stored? |
//! | `charter` | how is an assembly founded? |
//! | `cs60_vote` | how does a person vote in a `cs60` network? |
//! | `demo` | how is a whole network shown in one process? |
//! | `init` | how is an assembly made on one machine? |
//! | `key` | how does a member of an assembly get its key? |
//! | `lead` | how does a command run on one member of an assembly at a time? |
//! | `log` | what is committed in an assembly? |
//! | `mine` | how is one puzzle solved? |
//! | `peer` | how does a peer take part? |
//! | `profile` | which networks can be joined, and is a description of one right? |
//! | `prove` | what proves to others that an entry is committed? |
//! | `sim` | how is a network simulated? |
//! | `status` | how are things with a running peer? |
//! | `stratum` | how do stock miners mine for a peer? |
//! | `submit` | how does something get into a chain? |
//! | `table` | what is in the table that a peer has stored? |
//! | `token` | who may ask the API from other machines? |
//! | `top` | what do running peers do, on one screen? |
//! | `tracker` | how is a tracker run alone? |
//! | `verify` | what does a file prove to one who trusts no peer? |
//! | `watch` | what do the peers of a network say, and which rules do they break? |

pub(crate) mod bench;
pub(crate) mod broker;
pub(crate) mod chain;
pub(crate) mod charter;
pub(crate) mod cs60_vote;
pub(crate) mod demo;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod lead;
pub(crate) mod log;
pub(crate) mod mine;
pub(crate) mod peer;
pub(crate) mod profile;
pub(crate) mod prove;
pub(crate) mod sim;
pub(crate) mod status;
pub(crate) mod stratum;
pub(crate) mod submit;
pub(crate) mod table;
pub(crate) mod token;
pub(crate) mod top;
pub(crate) mod tracker;
pub(crate) mod verify;
pub(crate) mod watch;

use std::future::Future;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use anyhow::Context;

/// The fewest threads for the tasks of a command. A peer waits for its disk in its task: with one
/// thread for each of two processors, two peers that do would hold up all others of the process.
const THREADS_MIN: usize = 4;

/// Runs a command that waits for things.
fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let threads = available_parallelism().map_or(1, NonZeroUsize::get).max(THREADS_MIN);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(threads).enable_all().build();
    runtime.context("starting the runtime")?.block_on(future)
}
