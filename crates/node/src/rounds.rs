//! How a peer of a network with rounds is made.

use std::collections::BTreeSet;
use std::sync::Arc;

use althing_dialect::RoundsDialect;
use althing_engine::rounds::{Durable, Identity, Past, Rounds, Seat};
use althing_faults::rounds::{ByzantineMember, Role};
use althing_feed::Feed;
use althing_pow::{Parallelism, SolutionCache};
use althing_store::Store;
use althing_text::Name;
use althing_types::PeerId;
use rand::seq::IteratorRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::clock::Clock;
use crate::driver::{Node, NodeError, Setup};
use crate::identity::{draw_id, identify, new_member};
use crate::watch::Watch;

/// The parts of which a peer of a network with rounds is made.
pub struct Options {
    /// The network it takes part in.
    pub dialect: Arc<dyn RoundsDialect>,
    /// What it is called, as a hint for people; said where members are counted, and nowhere else.
    pub name: Option<Name>,
    /// Whether it takes part, or only watches.
    pub seat: Seat,
    /// The id that it has where its store knows of none; `None` draws one.
    pub id: Option<PeerId>,
    /// Its store: its identity, its promises and votes, and the table.
    pub store: Store<Durable>,
    /// How much of the machine its searches may use; `None` leaves all solutions to the others.
    pub parallelism: Option<Parallelism>,
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

/// How a dishonest member breaks the rules.
pub struct Dishonest {
    /// In what it is dishonest.
    pub role: Role,
    /// All peers that it knows of, itself included, in the order of their numbers in the
    /// [air](crate::Air).
    pub peers: Vec<PeerId>,
    /// Decides what it leaves to chance.
    pub seed: u64,
}

/// Bits of the challenges that a dishonest member solves by the way. That happens on its task,
/// which must not be held up for longer than some milliseconds.
const SOLVED_BITS_MAX: u16 = 16;

/// Returns an id that none of `taken` is, as peers of this network draw theirs; `None` if there is
/// none left.
pub fn free_id(dialect: &dyn RoundsDialect, taken: &BTreeSet<PeerId>) -> Option<PeerId> {
    let is_free = |id: &PeerId| !taken.contains(id);
    match dialect.few_ids() {
        Some(few) => {
            let ids = few.map(|number| PeerId::new(number.into()));
            ids.filter(is_free).choose(&mut rand::rng())
        }
        None => std::iter::repeat_with(|| draw_id(dialect, Seat::Member)).find(is_free),
    }
}

/// Returns a peer with the identity from its store, or with a new one, and its id in the network.
pub fn open(options: Options) -> Result<(PeerId, Node<Rounds>), NodeError> {
    make(options, None)
}

/// Returns one that only watches, whatever seat the options name, and tells `watch` what it hears.
pub fn watch(options: Options, watch: &Watch) -> Result<(PeerId, Node<Rounds>), NodeError> {
    let (peer, node) = make(Options { seat: Seat::Watcher, ..options }, None)?;
    Ok((peer, node.telling(watch)))
}

/// Returns a peer as [`open`] does, which breaks the rules.
pub fn open_dishonest(
    options: Options,
    dishonest: Dishonest,
) -> Result<(PeerId, Node<Rounds>), NodeError> {
    make(options, Some(dishonest))
}

fn make(
    options: Options,
    dishonest: Option<Dishonest>,
) -> Result<(PeerId, Node<Rounds>), NodeError> {
    let Options {
        dialect,
        name,
        seat,
        id,
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
        let (drawn, secret) = new_member(&*dialect, seat);
        (id.unwrap_or(drawn), secret)
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
    let byzantine = match dishonest {
        None => None,
        Some(Dishonest { role, peers, seed }) => {
            let authenticator = dialect.authenticator(known.secret.bytes())?;
            let (rules, rng) = (dialect.rules().clone(), ChaCha8Rng::seed_from_u64(seed));
            let (me, bits) = (known.peer, SOLVED_BITS_MAX);
            Some(ByzantineMember::new(role, me, authenticator, rules, peers, bits, rng))
        }
    };
    let node = Node::new(Setup {
        engine: Rounds::new(dialect.rules().clone(), identity, store.recovered()).called(name),
        // A row that was decided stays valid.
        left_out: 0,
        source: feed
            .source(Some(dialect.network().dialect().to_owned().into()), Some(known.peer.into())),
        codec: dialect,
        store,
        parallelism,
        searches: None,
        observer: None,
        clock,
    });
    let node = match byzantine {
        Some(byzantine) => node.dishonest(Box::new(byzantine)),
        None => node,
    };
    Ok((known.peer, node))
}

#[cfg(test)]
mod tests {
    use althing_dialect::profile::{built_in, read};
    use althing_dialect::program::{Config, Program};

    use super::*;

    #[test]
    fn a_free_id_is_one_that_none_has_until_there_is_none() {
        let text = "name = \"x\"\nid = { lo = 1, hi = 3 }";
        let profile = read("x.toml", text, &built_in::base).expect("it is a profile");
        let dialect = Program::new(Config::new(profile));
        let mut taken: BTreeSet<PeerId> = [PeerId::new(2)].into();
        while let Some(id) = free_id(&dialect, &taken) {
            assert!((1..=3).contains(&id.number()));
            assert!(taken.insert(id), "{id} was taken");
        }
        assert_eq!(taken.len(), 3);
        assert!(free_id(&Program::built_in("sheet"), &taken).is_some());
    }
}
