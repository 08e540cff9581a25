use althing_types::Difficulty;
use tokio::sync::{mpsc, oneshot};

/// What a person says to a running peer.
#[derive(Clone, Debug)]
pub struct Commands(mpsc::Sender<Command>);

/// Something that a person wants of a peer.
#[derive(Debug)]
pub(crate) enum Command {
    /// Ask for a solution.
    Issue {
        /// How hard; without it, the peer draws.
        difficulty: Option<Difficulty>,
        /// Is told when the peer has acted on it.
        done: oneshot::Sender<()>,
    },
}

/// The peer that was spoken to has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the peer has left")]
pub struct HasLeft;

/// Commands that wait for a busy peer; who says more waits as well.
const COMMANDS_MAX: usize = 16;

impl Commands {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Command>) {
        let (sender, receiver) = mpsc::channel(COMMANDS_MAX);
        (Self(sender), receiver)
    }

    /// Has the peer ask for a solution, of this difficulty or of one that it draws; returns when
    /// it has acted on that.
    ///
    /// Heeded only by a leader that waits to be told (`Issuing::OnCommand`) and has no challenge
    /// open. What comes of it is reported before this returns, as all that happens.
    pub async fn issue(&self, difficulty: Option<Difficulty>) -> Result<(), HasLeft> {
        let (done, acted) = oneshot::channel();
        let said = self.0.send(Command::Issue { difficulty, done }).await;
        said.map_err(|_| HasLeft)?;
        acted.await.map_err(|_| HasLeft)
    }
}
