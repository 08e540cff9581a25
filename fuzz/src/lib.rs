//! What strangers can send, tried with bytes that nobody would.
//!
//! Each module has one function, `try_input`, which takes any bytes at all, hands them to the part
//! of Althing that has to bear them, and panics if that breaks a promise of it. `cargo fuzz` looks
//! for such bytes for as long as it is let (`cargo xtask soak`); a test tries the seeds and some
//! thousand mutations of them on every machine. What is found becomes a test of the part itself.
//!
//! | module | bytes from | promise |
//! | --- | --- | --- |
//! | [`chain`] | an address, or a file of blocks | what can be said again; or a reason |
//! | [`dialect`] | a topic of a broker | a message that can be said again; or a reason |
//! | [`engine`] | all topics, with timers and crashes | bounds, and its word, kept |
//! | [`rows`] | a disk | a row that can be kept again; or a refusal |
//! | [`seed`] | a solution | one verdict, whoever judges it |
//! | [`stratum`] | a miner | the same requests however they are cut, and bounds |
//! | [`tracker`] | a peer, or a tracker | the same words however they are cut |
//! | [`url`] | a user | an address, which reads as it was written; or a reason |

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

/// Bytes that an input may have; longer ones find nothing that shorter ones do not, and are slow.
pub const INPUT_MAX: usize = 1024;

/// Tries the files that the command line names: what `cargo fuzz` has found, say, without it.
pub fn replay(try_input: fn(&[u8])) -> io::Result<()> {
    for file in env::args_os().skip(1) {
        try_input(&fs::read(file)?);
    }
    Ok(())
}
