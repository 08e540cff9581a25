//! Errors that a miner is answered with.

use serde_json::{Value, json};

/// Why a miner's request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The method does not exist in this protocol, or we do not implement it.
    #[error("no such method")]
    UnknownMethod,
    /// A parameter is missing.
    #[error("parameters are missing")]
    Incomplete,
    /// The second extranonce, the time and the nonce must be numbers of four bytes.
    #[error("extranonce2, ntime and nonce have eight hexadecimal digits")]
    NotFourBytes,
    /// The header's version must be that of the job.
    #[error("the version may not be rolled")]
    VersionRolled,
    /// The time is before that of the job, or far after it.
    #[error("ntime is out of range")]
    TimeRolled,
    /// A name must be short and have no control characters.
    #[error("a worker's name has 1 to 64 characters")]
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
            | Self::OtherWorker => 20,
            Self::JobNotFound => 21,
            Self::Duplicate => 22,
            Self::LowDifficulty => 23,
            Self::Unauthorized => 24,
            Self::NotSubscribed => 25,
        }
    }

    /// Returns it as the JSON that the protocol uses.
    pub(crate) fn to_json(self) -> Value {
        json!([self.code(), self.to_string(), null])
    }
}
