//! A tracker, for programs that are not async.

use std::io;
use std::net::SocketAddr;

use althing_net::tracker;
use tokio::runtime::{Builder, Runtime};

/// A running tracker of a network: it keeps the list of the peers. Dropping it stops it.
pub struct Tracker {
    address: SocketAddr,
    _tracker: tracker::Tracker,
    /// The last to be dropped.
    _runtime: Runtime,
}

/// Why a tracker could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrackerError {
    /// It cannot listen there.
    #[error(transparent)]
    Listen(#[from] tracker::StartError),
    /// This process can start no threads.
    #[error("no threads can be started: {0}")]
    Threads(io::Error),
}

impl Tracker {
    /// Starts a tracker that listens at an address; port 0 takes a free one.
    pub fn start(listen: SocketAddr) -> Result<Self, TrackerError> {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(TrackerError::Threads)?;
        let tracker = {
            let _entered = runtime.enter();
            tracker::Tracker::start(&tracker::Options { listen })?
        };
        Ok(Self { address: tracker.address(), _tracker: tracker, _runtime: runtime })
    }

    /// Returns the address it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
