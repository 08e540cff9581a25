//! A peer as a program has it: blocking calls, and a driver on threads of its own.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::ChainDialect;
use althing_engine::nakamoto::{self, Mining, Nakamoto};
use althing_feed::{Feed, entry_text};
use althing_net::udp::BindError;
use althing_node::chain::{self, Entries};
use althing_node::{Clock, Commands, HasLeft, NodeError, Submitted};
use althing_store::{Store, StoreError};
use althing_types::{Address, Height};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::identity;
use crate::meeting::Problem;
use crate::options::{Network, Options};

/// A peer that takes part in a network, from [`connect`](Self::connect) until
/// [`disconnect`](Self::disconnect) or until it is dropped. All functions may be called from
/// several threads at once; they wait, so from async code they need a thread of their own.
pub struct Peer {
    runtime: Runtime,
    running: Running,
}

/// What a peer has on the runtime.
struct Running {
    dialect: Arc<dyn ChainDialect>,
    entries: Entries,
    address: Address,
    problems: Vec<Problem>,
    /// Dropping it ends the peer.
    leave: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<Result<(), NodeError>>>,
}

/// What has come of a try to add a datum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddData {
    /// It is in the chain: 1.
    Added {
        /// The height of its block.
        height: Height,
        /// Whether another peer has shown that it has the block. If none has, the datum may be lost
        /// together with this peer.
        is_held: bool,
    },
    /// Another peer found a block first, and the datum is not in the chain: 0. It can be tried
    /// again; should a block with it that lost come back meanwhile, that try finds it added.
    Retry,
    /// The datum is invalid: -1.
    Invalid {
        /// The reason.
        reason: String,
    },
}

impl AddData {
    /// Returns the number that the page has for it.
    pub fn code(&self) -> i8 {
        match self {
            Self::Added { .. } => 1,
            Self::Retry => 0,
            Self::Invalid { .. } => -1,
        }
    }
}

/// Why a peer cannot take part.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Its data cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its data are of another network, or it could not run.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// It cannot listen where it should.
    #[error(transparent)]
    Listen(#[from] BindError),
    /// This process can start no threads.
    #[error("no threads can be started: {0}")]
    Threads(io::Error),
    /// It has not met its network in time.
    #[error("the network was not met within {patience:?}: {whom}")]
    Unmet {
        /// How long it has tried.
        patience: Duration,
        /// Who should have answered.
        whom: String,
    },
}

/// The peer does not run any more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Left {
    /// It has left.
    #[error(transparent)]
    Gone(#[from] HasLeft),
    /// Its data cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It has ended with an error.
    #[error(transparent)]
    Failed(#[from] NodeError),
}

/// How often it is looked whether a peer has met its network.
const LOOK_EVERY: Duration = Duration::from_millis(20);

impl Peer {
    /// Takes part in a network, and returns when the peer has met it: then it knows what the others
    /// have.
    pub fn connect(options: &Options) -> Result<Self, ConnectError> {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(ConnectError::Threads)?;
        let running = runtime.block_on(start(options))?;
        Ok(Self { runtime, running })
    }

    /// Leaves the network: says so to the tracker, and stops all threads.
    pub fn disconnect(mut self) -> Result<(), Left> {
        self.end()
    }

    /// Returns the data in the chain, in their order.
    pub fn get_data(&self) -> Result<Vec<String>, Left> {
        let in_chain = self.running.entries.in_chain()?;
        Ok(in_chain.iter().map(|(_, entry)| entry_text(entry)).collect())
    }

    /// Tries to add a datum, and returns when it is in the chain and another peer has it, or none
    /// has after a while; when another peer's block came first; or when it is known to be invalid.
    ///
    /// In `open` other peers mine it as well, so there is no race to lose.
    pub fn add_data(&self, datum: &str) -> Result<AddData, Left> {
        let entry = match self.running.dialect.entry(datum, rand::random()) {
            Ok(entry) => entry,
            Err(refused) => return Ok(AddData::Invalid { reason: refused.to_string() }),
        };
        let has_races = self.running.dialect.rules().entries == nakamoto::Entries::Kept;
        let outcome = self.runtime.block_on(async {
            match has_races {
                true => self.running.entries.try_once(entry).await,
                false => self.running.entries.submit(entry).await?.outcome().await.map(Some),
            }
        });
        Ok(match outcome? {
            Some(Submitted::Added { height, is_held, .. }) => AddData::Added { height, is_held },
            Some(Submitted::Refused(reason)) => AddData::Invalid { reason: reason.to_string() },
            Some(Submitted::Returned) | None => AddData::Retry,
        })
    }

    /// Returns the address at which the others reach it.
    pub fn address(&self) -> &Address {
        &self.running.address
    }

    /// Returns what hindered it in meeting the others, which ends nothing.
    pub fn problems(&self) -> &[Problem] {
        &self.running.problems
    }

    fn end(&mut self) -> Result<(), Left> {
        Ok(self.runtime.block_on(self.running.end())?)
    }
}

impl Running {
    /// Has the peer leave, unless it has left, and waits for that.
    async fn end(&mut self) -> Result<(), NodeError> {
        drop(self.leave.take());
        match self.task.take() {
            // A task that has panicked has said so.
            Some(task) => task.await.unwrap_or(Ok(())),
            None => Ok(()),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // A caller who wants to know of an error calls `disconnect`.
        let _ = self.end();
    }
}

/// Starts a peer, and waits until it has met its network.
async fn start(options: &Options) -> Result<Running, ConnectError> {
    let mut store = match &options.data {
        Some(dir) => Store::open(dir)?,
        None => Store::in_memory(),
    };
    let dialect = |secret| Ok::<_, NodeError>(options.dialect(secret));
    let dialect = identity::dialect(&mut store, dialect)?;
    let met = options.meeting.meet(options.discovery()).await?;
    let address = met.endpoint.address().clone();
    let mining = match (&options.network, options.mines) {
        (Network::Cs60(_), _) | (_, true) => Mining::OnChain,
        (Network::Open(_), false) => Mining::Off,
    };
    let (node, entries) = chain::open(chain::Options {
        dialect: Arc::clone(&dialect),
        address: address.clone(),
        name: options.name.clone(),
        contacts: met.contacts,
        mining,
        parallelism: Some(options.parallelism),
        searches: None,
        store,
        clock: Clock::start(),
        feed: Feed::default(),
    })?;
    let commands = node.commands();
    let (leave, left) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        let stop = async {
            // Nothing is ever sent.
            let _ = left.await;
        };
        node.run(met.endpoint, stop).await.map(drop)
    });
    let mut running = Running {
        dialect,
        entries,
        address,
        problems: met.problems,
        leave: Some(leave),
        task: Some(task),
    };
    let patience = options.patience;
    if timeout(patience, joined(&commands)).await.is_ok_and(|joined| joined.is_ok()) {
        return Ok(running);
    }
    running.end().await?;
    Err(ConnectError::Unmet { patience, whom: options.meeting.whom(options.discovery()) })
}

/// Waits until a peer has met its network, as far as it can know.
async fn joined(commands: &Commands<Nakamoto>) -> Result<(), HasLeft> {
    while !commands.status().await?.engine.joined {
        sleep(LOOK_EVERY).await;
    }
    Ok(())
}
