//! Peers that elect a leader, mine its challenges, vote, and keep one table.
//!
//! [`Rules`] say how a network of this kind works: how it elects and how often, who decides, which
//! puzzle it mines, what is signed. What they say of [`Counting`] chooses between two machines:
//!
//! - [`Counting::Members`]: every word belongs to a member of the roster and to a term, and a row
//!   of the table has a majority of *all* members behind it, whatever is lost, repeated or killed.
//!   This is Paxos with two turns of its own: the proposer is drawn by lot, and what it proposes
//!   must solve a puzzle. See `assembly` for the rules.
//! - [`Counting::Arrivals`] and [`Counting::ArrivalsOfRow`]: messages are counted as they arrive,
//!   as the published programs do. It promises what they promise, which is little, and is there so
//!   that an Althing peer can sit in one network with them. See `arrivals`.
//!
//! What this engine does not do: sign or encode messages (the dialect's), keep the table (the
//! store's), or search for solutions (the miner's).

mod arrivals;
mod assembly;
mod durable;
mod interface;
mod message;
mod rules;
mod seal;

pub use self::durable::{Acceptance, CertifiedRecord, Durable, Promise, Record, Recovered};
pub use self::interface::{Event, Input, Output, Refusal, Timer, Waiting};
pub use self::message::{Cause, Message, Naming, Place, RosterDigest, Sealed, Standing};
pub use self::rules::{
    Counting, Decision, Election, ElectionEvery, Issuing, Rules, Signatures, Tie, Timeouts,
};
pub use self::seal::{Authenticator, PublicKey, Seal, Unsigned};

use althing_types::{Moment, PeerId};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use self::arrivals::Arrivals;
use self::assembly::Assembly;

/// Whether a peer takes part or only watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// Announces itself, draws, mines and votes.
    Member,
    /// Follows the table without being counted.
    Observer,
}

/// One peer's view of a network with rounds.
///
/// Feed it [`Input::Start`] once, then whatever happens; carry out the outputs in their order. A
/// model checker clones it to try what else might happen, and knows by its hash where it has been.
#[derive(Clone, Hash)]
pub struct Rounds(Machine);

#[derive(Clone, Hash)]
enum Machine {
    Assembly(Box<Assembly>),
    Arrivals(Box<Arrivals>),
}

/// What a queue holds, how many of them, and how many it may hold.
pub type Queue = (&'static str, usize, usize);

/// What sets one peer apart from the others of its network.
pub struct Identity {
    /// Its name in the network.
    pub id: PeerId,
    /// Whether it takes part.
    pub seat: Seat,
    /// Seeds its draws and the choice of its challenges.
    pub entropy: [u8; 32],
    /// Signs its words, and checks those of others.
    pub authenticator: Box<dyn Authenticator>,
}

impl Rounds {
    /// Returns a peer that has not yet spoken, with what it remembers from before a restart.
    pub fn new(rules: Rules, identity: Identity, recovered: Recovered) -> Self {
        let rng = ChaCha8Rng::from_seed(identity.entropy);
        Self(match rules.counting {
            Counting::Members => {
                Machine::Assembly(Box::new(Assembly::new(rules, identity, rng, recovered)))
            }
            Counting::Arrivals | Counting::ArrivalsOfRow => {
                Machine::Arrivals(Box::new(Arrivals::new(rules, identity, rng, &recovered)))
            }
        })
    }

    /// Returns the queues that others can fill, so that a test can hold each to its bound.
    pub fn queues(&self) -> impl Iterator<Item = Queue> {
        let (assembly, arrivals) = match &self.0 {
            Machine::Assembly(assembly) => (Some(assembly.queues()), None),
            Machine::Arrivals(arrivals) => (None, Some(arrivals.queues())),
        };
        assembly.into_iter().flatten().chain(arrivals.into_iter().flatten())
    }

    /// Handles one input at the time `now`, and appends what must be done to `out`.
    pub fn handle(&mut self, now: Moment, input: Input, out: &mut Vec<Output>) {
        match &mut self.0 {
            Machine::Assembly(assembly) => assembly.handle(now, input, out),
            Machine::Arrivals(arrivals) => arrivals.handle(input, out),
        }
    }
}

fn refuse(claimed: PeerId, reason: Refusal, out: &mut Vec<Output>) {
    out.push(Output::Event(Event::MessageRefused { claimed, reason }));
}
