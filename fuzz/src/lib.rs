//! Fuzz targets for everything that strangers can send.
//!
//! Each module has one function, `try_input`, which takes any bytes, hands them to the part of
//! Althing that has to handle them, and panics if this breaks one of its guarantees. `cargo fuzz`
//! searches for such bytes (`cargo xtask soak`); a test tries the seeds and some thousand mutations
//! of them on every machine. What is found becomes a test of the part itself.
//!
//! | module | bytes from | guarantee |
//! | --- | --- | --- |
//! | [`assembly`] | members that lie, or a file | the same messages, or a reason; its promises |
//! | [`chain`] | an address, or a file | a value that encodes to the same bytes, or a reason |
//! | [`dialect`] | a topic of a broker | a message that encodes to the same bytes; or a reason |
//! | [`engine`] | all topics, timers and crashes | bounds, and the rules of votes and promises |
//! | [`rows`] | a disk | a row that can be stored again; or a refusal |
//! | [`seed`] | a solution | one verdict, the same on every peer |
//! | [`stratum`] | a miner | the same requests however they are split, and bounds |
//! | [`tracker`] | a peer, or a tracker | the same messages however they are split |
//! | [`url`] | a user | an address that displays as it was written; or a reason |

pub mod assembly;
pub mod chain;
pub mod dialect;
pub mod engine;
pub mod rows;
pub mod seed;
pub mod stratum;
pub mod tracker;
#[cfg(not(fuzzing))]
pub mod url;

use std::{env, fs, io};

/// The maximum length of an input in bytes; longer ones find nothing more, and are slow.
pub const INPUT_MAX: usize = 1024;

/// Tries the files named on the command line, such as inputs that `cargo fuzz` has found.
pub fn replay(try_input: fn(&[u8])) -> io::Result<()> {
    for file in env::args_os().skip(1) {
        try_input(&fs::read(file)?);
    }
    Ok(())
}
