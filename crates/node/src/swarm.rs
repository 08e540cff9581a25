//! Many peers in one process, of any kind of network: for a demo, a benchmark, a test.

use std::sync::Arc;

use althing_engine::Engine;
use althing_feed::Observed;
use althing_net::Transport;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::driver::{Node, NodeError};
use crate::gauges::Gauges;

/// Peers that run until they are told to stop, or leave by themselves. When it is dropped, they
/// vanish as in a crash.
pub struct Swarm<E: Engine> {
    running: JoinSet<Result<E::Status, NodeError>>,
    gauges: Vec<Arc<Gauges>>,
    stop: watch::Sender<bool>,
}

impl<E: Engine> Default for Swarm<E> {
    fn default() -> Self {
        Self { running: JoinSet::new(), gauges: Vec::new(), stop: watch::channel(false).0 }
    }
}

impl<E> Swarm<E>
where
    E: Observed<Command: Send, Timer: Send, Status: Send> + Send + 'static,
    Node<E>: Send,
{
    /// Starts a peer over `transport`; must be called within a runtime.
    pub fn add(&mut self, node: Node<E>, transport: impl Into<Transport>) {
        self.gauges.push(node.gauges());
        let (mut stop, transport) = (self.stop.subscribe(), transport.into());
        self.running.spawn(async move {
            let stopped = async move {
                // The sender is gone only when the swarm is, and then we stop as well.
                let _ = stop.wait_for(|stop| *stop).await;
            };
            node.run(transport, stopped).await
        });
    }

    /// Asks all peers to leave.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until the next peer has left; `None` if there are none. The first peer that cannot go
    /// on is an error.
    pub async fn next_left(&mut self) -> Result<Option<E::Status>, NodeError> {
        match self.running.join_next().await {
            Some(ended) => ended.expect("a peer neither panics nor is aborted").map(Some),
            None => Ok(None),
        }
    }

    /// Waits until all peers have left.
    pub async fn left(&mut self) -> Result<(), NodeError> {
        while self.next_left().await?.is_some() {}
        Ok(())
    }

    /// Returns the numbers of each peer, in the order in which they were added.
    pub fn gauges(&self) -> &[Arc<Gauges>] {
        &self.gauges
    }
}
