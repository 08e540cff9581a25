//! Many peers in one process, of any kind of network: for a demo, a benchmark, a test.

use std::sync::Arc;

use althing_engine::Engine;
use althing_feed::Observed;
use althing_net::Transport;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::driver::{Node, NodeError};
use crate::gauges::Gauges;

/// Peers that run until they are told to stop, or leave by themselves. When it is dropped, they
/// vanish as in a crash.
pub struct Swarm<E: Engine> {
    running: JoinSet<Result<E::Status, NodeError>>,
    /// The peers, in the order in which they were added.
    peers: Vec<Peer>,
    stop: watch::Sender<bool>,
}

/// A peer that was added.
struct Peer {
    gauges: Arc<Gauges>,
    task: AbortHandle,
    /// Closed once the peer is gone, with all that it held.
    gone: watch::Sender<()>,
}

impl<E: Engine> Default for Swarm<E> {
    fn default() -> Self {
        Self { running: JoinSet::new(), peers: Vec::new(), stop: watch::channel(false).0 }
    }
}

impl<E> Swarm<E>
where
    E: Observed<Command: Send, Timer: Send, Status: Send> + Send + 'static,
    Node<E>: Send,
{
    /// Starts a peer over `transport`; must be called within a runtime.
    pub fn add(&mut self, node: Node<E>, transport: impl Into<Transport>) {
        let peer = self.start(node, transport.into());
        self.peers.push(peer);
    }

    /// Starts a peer again that was [killed](Self::kill), by its number in the order in which they
    /// were added. Nothing happens if there is none.
    pub fn restart(&mut self, number: usize, node: Node<E>, transport: impl Into<Transport>) {
        let peer = self.start(node, transport.into());
        if let Some(place) = self.peers.get_mut(number) {
            *place = peer;
        }
    }

    fn start(&mut self, node: Node<E>, transport: Transport) -> Peer {
        let gauges = node.gauges();
        let (gone, holds) = watch::channel(());
        let mut stop = self.stop.subscribe();
        let stopped = async move {
            // The sender is gone only when the swarm is, and then we stop as well.
            let _ = stop.wait_for(|stop| *stop).await;
        };
        let task = self.running.spawn(outlasted(node.run(transport, stopped), holds));
        Peer { gauges, task, gone }
    }

    /// Has a peer vanish as in a crash, and waits until its store is free for another. The peer is
    /// given by its number in the order in which they were added.
    pub async fn kill(&self, number: usize) {
        if let Some(peer) = self.peers.get(number) {
            peer.task.abort();
            peer.gone.closed().await;
        }
    }

    /// Returns whether a peer runs, by its number in the order in which they were added.
    pub fn runs(&self, number: usize) -> bool {
        self.peers.get(number).is_some_and(|peer| !peer.gone.is_closed())
    }

    /// Asks all peers to leave.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until the next peer has left; `None` if there are none. The first peer that cannot go
    /// on is an error. Those that were killed do not count.
    pub async fn next_left(&mut self) -> Result<Option<E::Status>, NodeError> {
        loop {
            match self.running.join_next().await {
                Some(Err(ended)) if ended.is_cancelled() => {}
                Some(ended) => return ended.expect("a peer does not panic").map(Some),
                None => return Ok(None),
            }
        }
    }

    /// Waits until all peers have left.
    pub async fn left(&mut self) -> Result<(), NodeError> {
        while self.next_left().await?.is_some() {}
        Ok(())
    }

    /// Returns the numbers of each peer, in the order in which they were added.
    pub fn gauges(&self) -> impl Iterator<Item = &Arc<Gauges>> {
        self.peers.iter().map(|peer| &peer.gauges)
    }
}

/// Runs `future` while `holds` is held, which is dropped after the future and all that it owns.
///
/// This also holds if it is dropped before it first runs, as happens to a peer that is killed right
/// after its start: what a future captures is then dropped in the order in which it was captured.
async fn outlasted<F: Future>(future: F, holds: watch::Receiver<()>) -> F::Output {
    let ended = future.await;
    drop(holds);
    ended
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Waker};

    use super::*;

    /// Something that a peer owns. When dropped, it notes whether the peer is said to be gone.
    struct Owned {
        gone: watch::Sender<()>,
        was_gone: Arc<AtomicBool>,
    }

    impl Drop for Owned {
        fn drop(&mut self) {
            self.was_gone.store(self.gone.is_closed(), Ordering::Relaxed);
        }
    }

    #[test]
    fn a_peer_is_gone_only_once_all_that_it_owned_is_free() {
        for has_begun in [false, true] {
            let (gone, holds) = watch::channel(());
            let was_gone = Arc::new(AtomicBool::new(true));
            let owned = Owned { gone: gone.clone(), was_gone: Arc::clone(&was_gone) };
            let mut peer = Box::pin(outlasted(
                async move {
                    let _owned = owned;
                    pending::<()>().await;
                },
                holds,
            ));
            if has_begun {
                let mut context = Context::from_waker(Waker::noop());
                assert!(peer.as_mut().poll(&mut context).is_pending());
            }
            drop(peer);
            assert!(gone.is_closed());
            assert!(!was_gone.load(Ordering::Relaxed), "has begun: {has_begun}");
        }
    }
}
