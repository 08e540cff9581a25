//! What can be done to a network in one process.

use std::pin::Pin;

use althing_api::{Action, Code, Demo, Done, Problem};

/// A network in one process to which things can be done: peers crash, messages are lost.
///
/// Its methods are called from the tasks that serve requests, several at a time.
pub trait Control: Send + Sync {
    /// Returns how the network stands.
    fn demo(&self) -> Doing<'_, Demo>;

    /// Does something to it.
    fn act(&self, action: Action) -> Doing<'_, Done>;

    /// Undoes the fault with this number.
    fn undo(&self, fault: u64) -> Doing<'_, Done>;
}

/// What a network in one process is busy with, and at last its answer.
pub type Doing<'a, T> = Pin<Box<dyn Future<Output = Result<T, Refusal>> + Send + 'a>>;

/// Why something cannot be done to a network, as a sentence for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such peer, strategy or fault.
    #[error("{0}")]
    Unknown(String),
    /// It does not fit how things stand: the peer has crashed already.
    #[error("{0}")]
    Conflict(String),
    /// It never makes sense: a peer is in two groups, a share is above 1.
    #[error("{0}")]
    Senseless(String),
    /// The network has come to its end.
    #[error("the demo has ended")]
    Ended,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::Unknown(_) => Code::NotFound,
            Refusal::Conflict(_) => Code::Conflict,
            Refusal::Senseless(_) => Code::Senseless,
            Refusal::Ended => Code::Gone,
        };
        Self::new(code, refusal.to_string())
    }
}
