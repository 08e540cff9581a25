//! Errors that a miner is answered with.

use serde_json::{Value, json};

/// The maximum length of a worker's name, in characters: an address of 62 and the name of a machine
/// after it are common.
pub const WORKER_CHARS_MAX: usize = 128;

/// Why a miner's request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The method does not exist in this protocol, or we do not implement it.
    #[error("no such method")]
    UnknownMethod,
    /// A parameter is missing.
    #[error("parameters are missing")]
    Incomplete,
    /// The second extranonce, the time and the nonce must be numbers of four bytes, and so must the
    /// bits of the version.
    #[error("extranonce2, ntime, nonce and version bits have eight hexadecimal digits")]
    NotFourBytes,
    /// Only the bits of the header's version that the connection has asked for may differ from
    /// those of the job.
    #[error("only the agreed bits of the version may be rolled")]
    VersionRolled,
    /// The time is before that of the job, or far after it.
    #[error("ntime is out of range")]
    TimeRolled,
    /// A name must be short and have no control characters.
    #[error("a worker's name has 1 to {} characters, and no control characters", WORKER_CHARS_MAX)]
    BadName,
    /// A connection may have only one worker.
    #[error("a connection has only one worker")]
    OtherWorker,
    /// The job is of an old tip, or there never was one with this id.
    #[error("job not found")]
    JobNotFound,
    /// The share was already counted.
    #[error("duplicate share")]
    Duplicate,
    /// The hash does not meet the share's target.
    #[error("low difficulty share")]
    LowDifficulty,
    /// The worker has not been authorized.
    #[error("unauthorized worker")]
    Unauthorized,
    /// There were wrong passwords from its address.
    #[error("wrong passwords came from this address; it may try another in {seconds} s")]
    TooManyGuesses {
        /// Seconds until the next one is looked at.
        seconds: u64,
    },
    /// All places for workers are taken.
    #[error("there are as many workers as may be")]
    NoRoom,
    /// The connection has not subscribed.
    #[error("not subscribed")]
    NotSubscribed,
}

impl Fault {
    /// Returns its number in the protocol.
    pub const fn code(self) -> u8 {
        match self {
            Self::UnknownMethod
            | Self::Incomplete
            | Self::NotFourBytes
            | Self::VersionRolled
            | Self::TimeRolled
            | Self::BadName
            | Self::NoRoom
            | Self::OtherWorker => 20,
            Self::JobNotFound => 21,
            Self::Duplicate => 22,
            Self::LowDifficulty => 23,
            Self::Unauthorized | Self::TooManyGuesses { .. } => 24,
            Self::NotSubscribed => 25,
        }
    }

    /// Returns it as the JSON that the protocol uses.
    pub(crate) fn to_json(self) -> Value {
        json!([self.code(), self.to_string(), null])
    }
}
