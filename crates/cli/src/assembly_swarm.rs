//! The members of an assembly, all in this process.

use std::sync::Arc;

use althing_dialect::Codec;
use althing_dialect::assembly::Assembly;
use althing_engine::simplex::{Durable, Simplex};
use althing_faults::assembly::Role;
use althing_faults::role_named;
use althing_feed::{Feed, PeerName};
use althing_http::{Asked, Process};
use althing_ledger::charter::Member;
use althing_net::Link;
use althing_node::assembly::{Entries, Options, admit, open, open_dishonest};
use althing_node::plug::Peers;
use althing_node::{Air, Clock, Node, Swarm};
use althing_pow::Parallelism;
use althing_store::Store;
use althing_types::PeerId;
use anyhow::Context;
use ed25519_dalek::SigningKey;
use tempfile::TempDir;

use crate::connection::{Broker, PATIENCE};

/// How the members are made.
pub(crate) struct Making {
    pub(crate) dialect: Arc<Assembly>,
    /// Their keys, in the order of the charter.
    pub(crate) keys: Vec<SigningKey>,
    pub(crate) broker: Broker,
    pub(crate) parallelism: Parallelism,
    pub(crate) clock: Clock,
    pub(crate) feed: Feed,
    /// What is between them.
    pub(crate) air: Air,
    /// Where they can be asked, if they can.
    pub(crate) process: Option<Process>,
    /// Where they keep what they have said.
    pub(crate) disk: TempDir,
}

/// Members that run, and can be broken.
pub(crate) struct Running {
    making: Making,
    pub(crate) swarm: Swarm<Simplex>,
    /// The way to get entries into the chain, of each that runs.
    pub(crate) entries: Vec<Option<Entries>>,
}

impl Making {
    /// Starts all members.
    pub(crate) async fn start(self) -> anyhow::Result<Running> {
        let (mut swarm, mut entries) = (Swarm::default(), Vec::new());
        for number in 0..self.keys.len() {
            let mut store = self.store(number)?;
            admit(&mut store, &self.dialect, &self.keys[number])?;
            let (node, of_it, link) = self.make(number, store, None).await?;
            swarm.add(node, link);
            entries.push(Some(of_it));
        }
        Ok(Running { making: self, swarm, entries })
    }

    /// Returns who the members are, in order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.dialect.charter().members.iter().map(Member::id)
    }

    fn store(&self, number: usize) -> anyhow::Result<Store<Durable>> {
        Ok(Store::open(&self.disk.path().join(number.to_string()))?)
    }

    async fn make(
        &self,
        number: usize,
        store: Store<Durable>,
        role: Option<Role>,
    ) -> anyhow::Result<(Node<Simplex>, Entries, Link)> {
        let options = Options {
            dialect: Arc::clone(&self.dialect),
            key: self.keys[number].clone(),
            store,
            parallelism: self.parallelism,
            clock: self.clock,
            feed: self.feed.clone(),
        };
        let (node, entries) = match role {
            None => open(options)?,
            Some(role) => open_dishonest(options, role)?,
        };
        let node = node.within(&self.air, number);
        let peer = self.ids().nth(number).context("there is such a member")?;
        let link = self.broker.join_assembly(&self.dialect, peer, Some(PATIENCE)).await?;
        // Only now, since it keeps the store open: one that has not come about must let it go.
        if let Some(process) = &self.process {
            let network = self.dialect.network();
            let (commands, entries) = (node.commands(), entries.clone());
            let dialect = Arc::clone(&self.dialect);
            let name = network.dialect();
            process.add(Asked::assembly(name, peer.into(), commands, entries, dialect));
        }
        Ok((node, entries, link))
    }
}

impl Running {
    fn name(&self, number: usize) -> Option<PeerName> {
        self.making.ids().nth(number).map(PeerName::from)
    }

    async fn restart(&mut self, number: usize, role: Option<Role>) -> anyhow::Result<()> {
        let store = self.making.store(number)?;
        let (node, entries, link) = self.making.make(number, store, role).await?;
        self.swarm.restart(number, node, link);
        self.entries[number] = Some(entries);
        Ok(())
    }
}

impl Peers for Running {
    async fn crash(&mut self, number: usize) {
        if let Some(entries) = self.entries.get_mut(number) {
            *entries = None;
        }
        self.swarm.kill(number).await;
        if let Some((process, name)) = self.making.process.as_ref().zip(self.name(number)) {
            process.remove(&name).await;
        }
    }

    async fn start(&mut self, number: usize, strategy: Option<&str>) -> Result<PeerName, String> {
        let role = match strategy {
            None => None,
            Some(name) => Some(role_named(&Role::ALL, name).ok_or("there is no such strategy")?),
        };
        self.restart(number, role).await.map_err(|error| format!("{error:#}"))?;
        self.name(number).ok_or_else(|| "there is no such member".to_owned())
    }
}
