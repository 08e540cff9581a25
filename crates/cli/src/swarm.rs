//! The peers of a network with rounds, all in this process.

use std::sync::Arc;

use althing_dialect::RoundsDialect;
use althing_engine::rounds::{Rounds, Seat};
use althing_feed::Feed;
use althing_net::Link;
use althing_net::memory::Bus;
use althing_node::rounds::{Options, open};
use althing_node::{Clock, Swarm};
use althing_pow::Parallelism;
use althing_store::Store;
use althing_types::PeerId;

use crate::connection::Broker;

/// What the peers of a process meet over.
pub(crate) enum Meeting {
    /// Channels within the process.
    Memory(Bus),
    /// A broker.
    Broker(Broker),
}

/// Connects `peers` peers, and starts them when all are connected; returns them and who they are.
/// They forget everything in the end.
pub(crate) async fn start(
    peers: usize,
    dialect: &Arc<dyn RoundsDialect>,
    meeting: &Meeting,
    parallelism: Parallelism,
    clock: Clock,
    feed: &Feed,
) -> anyhow::Result<(Swarm<Rounds>, Vec<PeerId>)> {
    let (mut nodes, mut ids) = (Vec::new(), Vec::new());
    for _ in 0..peers {
        let (peer, node) = open(Options {
            dialect: Arc::clone(dialect),
            seat: Seat::Member,
            store: Store::in_memory(),
            parallelism,
            // So that there is mining to be seen, and measured.
            solution_cache: false,
            clock,
            feed: feed.clone(),
        })?;
        let link = meeting.join(&**dialect, peer).await?;
        nodes.push((node, link));
        ids.push(peer);
    }
    let mut swarm = Swarm::default();
    for (node, link) in nodes {
        swarm.add(node, link);
    }
    Ok((swarm, ids))
}

impl Meeting {
    async fn join(&self, dialect: &dyn RoundsDialect, peer: PeerId) -> anyhow::Result<Link> {
        Ok(match self {
            Self::Memory(bus) => bus.join(dialect.topics()),
            Self::Broker(broker) => broker.join(dialect, peer).await?,
        })
    }
}
