//! The peers of a network with rounds, all in this process.

use std::sync::Arc;

use althing_dialect::RoundsDialect;
use althing_engine::rounds::{Rounds, Seat};
use althing_faults::role_named;
use althing_faults::rounds::Role;
use althing_feed::{Feed, PeerName};
use althing_http::{Asked, Process};
use althing_net::Link;
use althing_net::memory::Bus;
use althing_node::plug::Peers;
use althing_node::rounds::{Dishonest, Options, free_id, open, open_dishonest};
use althing_node::{Air, Clock, Node, Swarm};
use althing_pow::Parallelism;
use althing_store::Store;
use althing_text::Name;
use althing_types::PeerId;
use tempfile::TempDir;

use crate::connection::{Broker, PATIENCE};

/// What the peers of a process meet over.
pub(crate) enum Meeting {
    /// Channels within the process.
    Memory(Bus),
    /// A broker.
    Broker(Broker),
}

/// How the peers of a process are made.
pub(crate) struct Making<'a> {
    pub(crate) dialect: &'a Arc<dyn RoundsDialect>,
    pub(crate) meeting: &'a Meeting,
    pub(crate) parallelism: Parallelism,
    pub(crate) clock: Clock,
    pub(crate) feed: &'a Feed,
    /// What the first of them are called.
    pub(crate) names: &'a [Name],
    /// Where they keep what they must not forget; without it, they forget everything in the end.
    pub(crate) disk: Option<TempDir>,
    /// What is between them, if it matters.
    pub(crate) air: Option<Air>,
    /// Where they can be asked, if they can.
    pub(crate) process: Option<&'a Process>,
}

/// Peers that run, and can be broken.
pub(crate) struct Running<'a> {
    pub(crate) making: Making<'a>,
    pub(crate) swarm: Swarm<Rounds>,
    /// Who they are, in the order of their numbers.
    pub(crate) ids: Vec<PeerId>,
}

impl<'a> Making<'a> {
    /// Connects `peers` peers, and starts them when all are connected; returns them and who they
    /// are.
    pub(crate) async fn start(self, peers: usize) -> anyhow::Result<Running<'a>> {
        let (mut nodes, mut ids) = (Vec::new(), Vec::new());
        for number in 0..peers {
            let (peer, node, link) = self.make(number, &ids, None).await?;
            nodes.push((node, link));
            ids.push(peer);
        }
        let mut swarm = Swarm::default();
        for (node, link) in nodes {
            swarm.add(node, link);
        }
        Ok(Running { making: self, swarm, ids })
    }

    /// Makes the peer with a number, from what it has on disk, and connects it; one that is new has
    /// an id that none of `others` has.
    async fn make(
        &self,
        number: usize,
        others: &[PeerId],
        dishonest: Option<Dishonest>,
    ) -> anyhow::Result<(PeerId, Node<Rounds>, Link)> {
        let store = match &self.disk {
            Some(disk) => Store::open(&disk.path().join(number.to_string()))?,
            None => Store::in_memory(),
        };
        let table = store.reader();
        let options = Options {
            dialect: Arc::clone(self.dialect),
            name: self.names.get(number).cloned(),
            seat: Seat::Member,
            id: free_id(&**self.dialect, &others.iter().copied().collect()),
            store,
            parallelism: Some(self.parallelism),
            // So that there is mining to be seen, and measured.
            solution_cache: false,
            never_copied: false,
            clock: self.clock,
            feed: self.feed.clone(),
        };
        let (peer, node) = match dishonest {
            None => open(options)?,
            Some(dishonest) => open_dishonest(options, dishonest)?,
        };
        let node = match &self.air {
            None => node,
            Some(air) => node.within(air, number),
        };
        let link = self.meeting.join(&**self.dialect, peer).await?;
        // Only now, since it keeps the store open: one that has not come about must let it go.
        if let Some(process) = self.process {
            let network = self.dialect.network();
            let commands = node.commands();
            let dialect = Arc::clone(self.dialect);
            let name = network.dialect();
            process.add(Asked::rounds(name, peer.into(), commands, table, 0, dialect));
        }
        Ok((peer, node, link))
    }
}

impl Peers for Running<'_> {
    async fn crash(&mut self, number: usize) {
        self.swarm.kill(number).await;
        if let Some((process, id)) = self.making.process.zip(self.ids.get(number)) {
            process.remove(&PeerName::from(*id)).await;
        }
    }

    async fn start(&mut self, number: usize, strategy: Option<&str>) -> Result<PeerName, String> {
        let dishonest = match strategy {
            None => None,
            Some(name) => {
                let role = role_named(&Role::ALL, name).ok_or("there is no such strategy")?;
                Some(Dishonest { role, peers: self.ids.clone(), seed: rand::random() })
            }
        };
        let mut others = self.ids.clone();
        others.remove(number);
        let made = self.making.make(number, &others, dishonest).await;
        let (id, node, link) = made.map_err(|error| format!("{error:#}"))?;
        self.swarm.restart(number, node, link);
        self.ids[number] = id;
        Ok(id.into())
    }
}

impl Meeting {
    async fn join(&self, dialect: &dyn RoundsDialect, peer: PeerId) -> anyhow::Result<Link> {
        Ok(match self {
            Self::Memory(bus) => bus.join(dialect.topics()),
            Self::Broker(broker) => broker.join(dialect, peer, Some(PATIENCE)).await?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::path::Path;

    use althing_api::Mode;
    use althing_dialect::elect_chain::{Config, ElectChain};
    use althing_engine::rounds::Durable;
    use althing_http::About;

    use super::*;

    #[tokio::test]
    async fn a_peer_that_does_not_connect_leaves_its_store_free_for_the_next_start() {
        let dialect: Arc<dyn RoundsDialect> = Arc::new(ElectChain::new(Config::default()));
        let url = "mqtts://127.0.0.1".parse().expect("it is a URL");
        let meeting = Meeting::Broker(Broker::at(url).trusting(Some(Path::new("/no/such.pem"))));
        let feed = Feed::default();
        let process = Process::new(About::without_network(Mode::Demo), feed.clone());
        let disk = TempDir::new().expect("a temporary directory");
        let store = disk.path().join("0");
        let making = Making {
            dialect: &dialect,
            meeting: &meeting,
            parallelism: Parallelism::of(NonZeroUsize::MIN),
            clock: Clock::start(),
            feed: &feed,
            names: &[],
            disk: Some(disk),
            air: None,
            process: Some(&process),
        };
        for _ in 0..2 {
            let made = making.make(0, &[], None).await;
            let error = made.err().map(|error| format!("{error:#}")).expect("no such file");
            assert!(error.contains("/no/such.pem"), "{error}");
        }
        Store::<Durable>::open(&store).expect("no peer has it");
    }
}
