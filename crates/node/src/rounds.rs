//! How a peer of a network with rounds is made.

use std::sync::Arc;

use althing_dialect::RoundsDialect;
use althing_engine::rounds::{Durable, Identity, Past, Rounds, Seat};
use althing_feed::Feed;
use althing_pow::{Parallelism, SolutionCache};
use althing_store::Store;
use althing_types::PeerId;

use crate::clock::Clock;
use crate::driver::{Node, NodeError, Setup};
use crate::identity::{identify, new_member};

/// The parts of which a peer of a network with rounds is made.
pub struct Options {
    /// The network it takes part in.
    pub dialect: Arc<dyn RoundsDialect>,
    /// Whether it takes part, or only watches.
    pub seat: Seat,
    /// Its store: its identity, its promises and votes, and the table.
    pub store: Store<Durable>,
    /// How much of the machine its searches may use.
    pub parallelism: Parallelism,
    /// Whether it may answer a challenge with the solution of an earlier one: see
    /// [`SolutionCache`].
    pub solution_cache: bool,
    /// Whether its user vouches that its data were never copied and are not a backup, so that the
    /// other members need not be asked (rule I3).
    pub never_copied: bool,
    /// The clock of its process.
    pub clock: Clock,
    /// The source with which it publishes its events.
    pub feed: Feed,
}

/// Returns a peer with the identity from its store, or with a new one, and its id in the network.
pub fn open(options: Options) -> Result<(PeerId, Node<Rounds>), NodeError> {
    let Options {
        dialect,
        seat,
        mut store,
        parallelism,
        solution_cache,
        never_copied,
        clock,
        feed,
    } = options;
    let mut past = if never_copied { Past::Vouched } else { Past::Kept };
    let known = identify(&mut store, &dialect.network(), || {
        past = Past::New;
        new_member(&*dialect)
    })?;
    let mut cache = solution_cache.then(|| SolutionCache::new(dialect.rules().puzzle.clone()));
    if let Some(cache) = &mut cache {
        for row in store.all_entries() {
            let (_, row) = row?;
            cache.learn(&row.record.seed);
        }
    }
    let identity = Identity {
        id: known.peer,
        seat,
        past,
        entropy: rand::random(),
        authenticator: dialect.authenticator(known.secret.bytes())?,
        solution_cache: cache,
    };
    let node = Node::new(Setup {
        engine: Rounds::new(dialect.rules().clone(), identity, store.recovered()),
        // A row that was decided stays valid.
        left_out: 0,
        source: feed
            .source(Some(dialect.network().dialect().to_owned().into()), Some(known.peer.into())),
        codec: dialect,
        store,
        parallelism: Some(parallelism),
        searches: None,
        observer: None,
        clock,
    });
    Ok((known.peer, node))
}
