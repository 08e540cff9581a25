use althing_engine::nakamoto::{Mining, Timer};
use althing_ledger::{Block, Entry, Tip};
use althing_types::{Address, Height, Moment};
use tokio::sync::{mpsc, oneshot};

use super::Submitted;
use crate::HasLeft;

/// What a person says to a running peer, and asks it.
#[derive(Clone, Debug)]
pub struct Commands(mpsc::Sender<Command>);

/// An entry on its way into the chain.
#[derive(Debug)]
pub struct Submission(oneshot::Receiver<Submitted>);

impl Submission {
    /// Waits until the entry is in a block of the best chain, or cannot get into one. That takes as
    /// long as a block takes to mine, and longer if others are quicker.
    pub async fn outcome(self) -> Result<Submitted, HasLeft> {
        self.0.await.map_err(|_| HasLeft)
    }
}

/// Something that a person wants of a peer.
#[derive(Debug)]
pub(super) enum Command {
    Submit(Vec<(Entry, oneshot::Sender<Submitted>)>),
    Mined { block: Block },
    Entries { done: oneshot::Sender<Vec<(Height, Entry)>> },
    Overview { done: oneshot::Sender<Overview> },
}

/// How things stand with a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// The time on the clock of its process.
    pub now: Moment,
    /// Where it can be reached.
    pub address: Address,
    /// The last block of its chain.
    pub tip: Option<Tip>,
    /// Blocks in its chain.
    pub blocks: u64,
    /// The peers that it knows.
    pub peers: Vec<Address>,
    /// Whether it mines.
    pub mining: Mining,
    /// The height of the block that it searches for now.
    pub searching: Option<Height>,
    /// What it will do, the earliest first.
    pub due: Vec<Due>,
}

/// Something that a peer will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// When.
    pub at: Moment,
    /// What.
    pub timer: Timer,
}

/// Commands that wait for a busy peer; who says more waits as well.
const COMMANDS_MAX: usize = 16;

impl Commands {
    pub(super) fn new() -> (Self, mpsc::Receiver<Command>) {
        let (sender, receiver) = mpsc::channel(COMMANDS_MAX);
        (Self(sender), receiver)
    }

    /// Has the peer get an entry into the chain; entries are tried in the order in which they come.
    ///
    /// Who does not wait for the outcome does not take the entry back.
    pub async fn submit(&self, entry: Entry) -> Result<Submission, HasLeft> {
        let (done, answer) = oneshot::channel();
        self.say(Command::Submit(vec![(entry, done)])).await?;
        Ok(Submission(answer))
    }

    /// Has the peer get several entries into the chain, and into one block if there is room: no
    /// block is found between the first of them and the last.
    pub async fn submit_all(&self, entries: Vec<Entry>) -> Result<Vec<Submission>, HasLeft> {
        let (entries, answers) = entries
            .into_iter()
            .map(|entry| {
                let (done, answer) = oneshot::channel();
                ((entry, done), Submission(answer))
            })
            .unzip();
        self.say(Command::Submit(entries)).await?;
        Ok(answers)
    }

    /// Hands in a block that a miner of another process has found.
    pub async fn mined(&self, block: Block) -> Result<(), HasLeft> {
        self.say(Command::Mined { block }).await
    }

    /// Returns the entries of the best chain, each with the height of its block, in order; without
    /// those of a genesis that everybody has, which nobody has said.
    pub async fn entries(&self) -> Result<Vec<(Height, Entry)>, HasLeft> {
        self.ask(|done| Command::Entries { done }).await
    }

    /// Returns how things stand.
    pub async fn overview(&self) -> Result<Overview, HasLeft> {
        self.ask(|done| Command::Overview { done }).await
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, HasLeft> {
        let (done, answer) = oneshot::channel();
        self.say(command(done)).await?;
        answer.await.map_err(|_| HasLeft)
    }

    async fn say(&self, command: Command) -> Result<(), HasLeft> {
        self.0.send(command).await.map_err(|_| HasLeft)
    }
}
