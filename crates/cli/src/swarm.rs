//! Many peers in one process.

use std::sync::Arc;

use althing_dialect::Dialect;
use althing_engine::rounds::Seat;
use althing_net::Link;
use althing_net::memory::Bus;
use althing_node::{Clock, Gauges, Node, NodeError, Reporter, Setup, Summary};
use althing_pow::Effort;
use althing_store::Store;
use althing_types::PeerId;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::connection::Broker;

/// What the peers of a process meet over.
pub(crate) enum Meeting {
    /// Channels within the process.
    Memory(Bus),
    /// A broker.
    Broker(Broker),
}

/// Peers that forget everything in the end.
pub(crate) struct Swarm {
    running: JoinSet<Result<Summary, NodeError>>,
    gauges: Vec<(PeerId, Arc<Gauges>)>,
    stop: watch::Sender<bool>,
}

impl Swarm {
    /// Connects `peers` peers, and starts them when all are connected.
    pub(crate) async fn start(
        peers: usize,
        dialect: &Arc<dyn Dialect>,
        meeting: &Meeting,
        effort: Effort,
        clock: Clock,
        mut reporter: impl FnMut() -> Reporter,
    ) -> anyhow::Result<Self> {
        let mut nodes = Vec::new();
        for _ in 0..peers {
            let node = Node::new(Setup {
                dialect: Arc::clone(dialect),
                seat: Seat::Member,
                store: Store::in_memory(),
                effort,
                // So that there is mining to be seen, and measured.
                answer_cache: false,
                clock,
                reporter: reporter(),
            })?;
            let link = meeting.join(&**dialect, node.id()).await?;
            nodes.push((node, link));
        }
        let gauges = nodes.iter().map(|(node, _)| (node.id(), node.gauges())).collect();
        let (stop, _) = watch::channel(false);
        let mut running = JoinSet::new();
        for (node, link) in nodes {
            let mut stopped = stop.subscribe();
            running.spawn(node.run(link, async move {
                // The sender is gone only when the swarm is, and then we stop as well.
                let _ = stopped.wait_for(|stop| *stop).await;
            }));
        }
        Ok(Self { running, gauges, stop })
    }

    /// Asks all peers to leave.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until all peers have left.
    pub(crate) async fn left(&mut self) -> anyhow::Result<()> {
        while let Some(ended) = self.running.join_next().await {
            ended??;
        }
        Ok(())
    }

    /// Returns how many hashes each peer has tried.
    pub(crate) fn hashes(&self) -> Vec<(PeerId, u64)> {
        self.gauges.iter().map(|(peer, gauges)| (*peer, gauges.hashes())).collect()
    }

    /// Returns how many messages all peers have received, and how many of them were refused.
    pub(crate) fn messages(&self) -> (u64, u64) {
        let gauges = self.gauges.iter().map(|(_, gauges)| gauges);
        gauges.fold((0, 0), |(received, refused), gauges| {
            (received + gauges.received(), refused + gauges.refused())
        })
    }
}

impl Meeting {
    async fn join(&self, dialect: &dyn Dialect, peer: PeerId) -> anyhow::Result<Link> {
        Ok(match self {
            Self::Memory(bus) => bus.join(dialect.topics()),
            Self::Broker(broker) => broker.join(dialect, peer).await?,
        })
    }
}
