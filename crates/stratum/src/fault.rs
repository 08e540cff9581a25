use serde_json::{Value, json};

/// Why a miner does not get what it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// This protocol has no such method, or we do not.
    #[error("no such method")]
    UnknownMethod,
    /// Something is missing.
    #[error("parameters are missing")]
    Incomplete,
    /// The second extranonce, the time and the nonce are numbers of four bytes.
    #[error("extranonce2, ntime and nonce have eight hexadecimal digits")]
    NotFourBytes,
    /// The header's version is the one of the job.
    #[error("the version may not be rolled")]
    VersionRolled,
    /// The time is before that of the job, or far after it.
    #[error("ntime is out of range")]
    TimeRolled,
    /// Names are short, and have no control characters.
    #[error("a worker's name has 1 to 64 characters")]
    BadName,
    /// Each connection has one worker.
    #[error("one worker a connection")]
    OtherWorker,
    /// The job is of an old tip, or there never was one with this name.
    #[error("job not found")]
    JobNotFound,
    /// The share is counted already.
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

    /// Returns it as the protocol writes it.
    pub(crate) fn to_json(self) -> Value {
        json!([self.code(), self.to_string(), null])
    }
}
