use althing_engine::nakamoto::Event;
use althing_types::{Address, Moment};

/// Something that happened to a peer.
#[derive(Clone, Debug)]
pub struct Report {
    /// When, on the clock of its process.
    pub at: Moment,
    /// To whom: the address at which the others reach it.
    pub peer: Address,
    /// What.
    pub happening: Happening,
}

/// What can happen to a peer, besides what its engine tells.
#[derive(Clone, Debug)]
pub enum Happening {
    /// It begins.
    Started {
        /// Blocks in its chain, the genesis included.
        blocks: u64,
        /// Blocks in its store that are not valid any more, and were left out.
        left_out: u64,
    },
    /// It can be reached, or its tracker can again.
    Connected,
    /// Its connection is gone; it tries again by itself.
    Disconnected {
        /// A sentence for a person.
        reason: String,
    },
    /// The engine tells.
    Engine(Event),
    /// Bytes that are no message were dropped.
    Malformed {
        /// Where they came from.
        from: Address,
        /// What is wrong with them.
        reason: String,
    },
    /// So many messages were refused within a second that these were only counted.
    FurtherRefused {
        /// How many.
        count: u64,
    },
}

/// Is told whatever happens. Called by the peer itself, so it must not wait.
pub type Reporter = Box<dyn FnMut(Report) + Send>;
