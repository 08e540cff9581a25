//! What can go wrong with a store, and what to do about it.

use std::io;
use std::path::PathBuf;

use althing_engine::Gap;
use althing_types::PeerId;

/// Why a store could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process, or another [`Store`](crate::Store) of this one, has the file open.
    #[error(
        "{} is in use by another althing process; stop it, or use another --data directory",
        dir.display()
    )]
    InUse {
        /// The directory asked for.
        dir: PathBuf,
    },
    /// There is nothing to read.
    #[error(
        "{} holds nothing of a peer; one that is started with it as --data directory keeps its \
         own there",
        dir.display()
    )]
    Missing {
        /// The directory asked for.
        dir: PathBuf,
    },
    /// The file was made by something else.
    #[error(
        "{} was not made by althing; move it away, or use another --data directory",
        file.display()
    )]
    NotOurs {
        /// The file.
        file: PathBuf,
    },
    /// The file was made by a newer version of this crate.
    #[error(
        "{} has format {found}, and this version of althing reads format {known}; use the version \
         that wrote it",
        file.display()
    )]
    TooNew {
        /// The file.
        file: PathBuf,
        /// Its format.
        found: u32,
        /// The format read here.
        known: u32,
    },
    /// The file was made by an older version of this crate.
    #[error(
        "{} has format {found}, and this version of althing reads format {known}; use the version \
         that wrote it, or start a new peer with another --data directory, which fetches all there \
         is from the others",
        file.display()
    )]
    TooOld {
        /// The file.
        file: PathBuf,
        /// Its format.
        found: u32,
        /// The format read here.
        known: u32,
    },
    /// The file was made with another version of the database below.
    #[error(
        "{} is in a database format that this version of althing does not read ({reason}); \
         use the version that wrote it",
        file.display()
    )]
    OtherDatabaseFormat {
        /// The file.
        file: PathBuf,
        /// The error of the database, in its own words.
        reason: String,
    },
    /// The file differs from what was written.
    #[error(
        "{} is damaged: {what}; move it away, and let this peer start anew (a member of an \
         assembly then follows and does not vote, since what it has said is lost)",
        file.display()
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The defect that was found, in words.
        what: String,
    },
    /// The system refused to read or write.
    #[error(
        "{doing} {} failed ({reason}); see whether this user may do so, and whether there is room",
        path.display()
    )]
    Io {
        /// The operation that failed, as a participle: `creating`, say.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The error of the operating system.
        reason: io::Error,
    },
    /// The store was opened to be read, and cannot be written.
    #[error("{} was opened to be read only", file.display())]
    ReadOnly {
        /// The file.
        file: PathBuf,
    },
    /// An earlier write failed, so nothing is accepted until the file is opened again.
    #[error(
        "an earlier write to {} failed; see to the disk, and start this peer again",
        file.display()
    )]
    WriteFailedBefore {
        /// The file.
        file: PathBuf,
    },
    /// The database below gave an answer that it should not give.
    #[error(
        "the database in {} answered unexpectedly: {reason}; please report this",
        file.display()
    )]
    Unexpected {
        /// The file.
        file: PathBuf,
        /// The error of the database, in its own words.
        reason: String,
    },
    /// A change was handed in that would leave a hole in the log. Nothing of its batch was kept.
    #[error(transparent)]
    Gap(#[from] Gap),
    /// The store belongs to another peer, or to the same one in another network.
    #[error("{place} belongs to peer {peer} of network {network}; use another --data directory")]
    OtherIdentity {
        /// The directory, or "this memory".
        place: String,
        /// Its network, as [`Identity::network`](crate::Identity::network) has it.
        network: String,
        /// Its peer.
        peer: PeerId,
    },
}
