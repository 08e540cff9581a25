//! Chains that are carried from one place to another: how they are written into a file, read back,
//! and verified block by block.
//!
//! | file | question |
//! | --- | --- |
//! | `format` | how is a chain written into a file, and read back? |
//! | `assembly` | how is that of an assembly, with what commits it? |
//! | `verification` | are its blocks valid? |

mod assembly;
mod format;
mod verification;

use std::io;

use althing_dialect::{Malformed, NetworkConfig, UnknownNetwork};
use althing_ledger::Invalid;
use althing_types::Height;

pub use self::assembly::{AssemblyReader, CertifiedBlock, write_assembly};
pub use self::format::{Reader, write};
pub use self::verification::Verification;

/// Why a chain cannot be read, or is not valid.
#[derive(Debug, thiserror::Error)]
pub enum ChainFileError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file does not begin as ours do.
    #[error("this is no chain that althing chain export wrote: its first line says so")]
    Foreign,
    /// The file is of another version of the format.
    #[error(
        "the chain is written in version {theirs} of its format, and only {ours} is known here; \
         use the version of althing that wrote it, or export the chain anew"
    )]
    OtherVersion {
        /// The version that it is written in.
        theirs: u32,
        /// The version that is read here.
        ours: u32,
    },
    /// The file is of a network that is not known.
    #[error(transparent)]
    UnknownNetwork(#[from] UnknownNetwork),
    /// The file is of a network that has no chain.
    #[error("the file is of {network}, which has no chain")]
    NoChain {
        /// The network.
        network: NetworkConfig,
    },
    /// The file is of an assembly, whose blocks are checked by its charter.
    #[error("the file is of an assembly, whose peers fetch its blocks from its members")]
    Assembly,
    /// A line is longer than any block.
    #[error("a line has more than {bytes_max} bytes")]
    LineTooLong {
        /// The longest that a line may be.
        bytes_max: u64,
    },
    /// A line should be hexadecimal digits.
    #[error("line {line}: not hexadecimal digits")]
    NotHexadecimal {
        /// The line, from 1 on.
        line: u64,
    },
    /// A line should be a block.
    #[error("line {line}")]
    NoBlock {
        /// The line, from 1 on.
        line: u64,
        /// The error of the dialect's decoder.
        #[source]
        reason: Malformed,
    },
    /// The file of an assembly has no charter, or that of another one.
    #[error("the charter in it: {reason}")]
    NoCharter {
        /// What is wrong with it.
        reason: String,
    },
    /// There are fewer blocks than the first line says.
    #[error("it ends after {read} of {blocks} blocks; it may have been copied in part")]
    Incomplete {
        /// Blocks that are there.
        read: u64,
        /// Blocks that there should be.
        blocks: u64,
    },
    /// There are more lines than the first line says.
    #[error("more follows after the {blocks} blocks that its first line tells of")]
    Surplus {
        /// Blocks that there should be.
        blocks: u64,
    },
    /// A block is not the next of its chain.
    #[error("block {height} does not follow on the one before it (rule B6)")]
    OutOfOrder {
        /// Its height.
        height: Height,
    },
    /// A block breaks a rule.
    #[error("block {height} is invalid (rule {}): {reason}", reason.rule())]
    Invalid {
        /// Its height.
        height: Height,
        /// The rule.
        reason: Invalid,
    },
}
