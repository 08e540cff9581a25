//! A peer of a small network with rounds, and what it answers.

use std::num::NonZeroU16;
use std::time::Duration;

use althing_engine::rounds::{
    Counting, Customs, Decision, Durable, Election, ElectionEvery, Event, Identity, Input, Issuing,
    Message, Output, Past, Recovered, Rounds, Rules, Seat, Signatures, Signed, State, Tie,
    Timeouts, Unsigned,
};
use althing_engine::{Engine, Origin};
use althing_pow::{Puzzle, SolutionCache};
use althing_types::{Difficulty, Moment, PeerId, Transaction};

/// The rules of `elect-chain`, for `peers` peers.
pub(crate) fn rules(peers: u16) -> Rules {
    Rules {
        peers: NonZeroU16::new(peers).expect("a network has peers"),
        election: Election::highest(255, Tie::SmallestId),
        election_every: ElectionEvery::Once,
        decision: Decision::Majority,
        counting: Counting::Members,
        puzzle: Puzzle::SHA1_INTEGER,
        challenges: bits(1)..=bits(6),
        issuing: Issuing::AtOnce,
        signatures: Signatures::None,
        timeouts: Timeouts::default(),
        pause: Duration::ZERO,
        turn: Duration::ZERO,
        rounds: Some(Transaction::new(5)),
        customs: Customs::default(),
    }
}

pub(crate) fn bits(bits: u64) -> Difficulty {
    Difficulty::from_bits(bits).expect("between 1 and 160")
}

/// Returns the id of the peer with this index.
pub(crate) fn id(peer: usize) -> PeerId {
    PeerId::new(100 + peer as u128)
}

/// Returns a member that has not yet spoken.
pub(crate) fn member(rules: Rules, id: PeerId, recovered: Recovered) -> Rounds {
    with_cache(rules, id, recovered, None)
}

/// Returns a member that knows what has solved earlier challenges.
pub(crate) fn with_cache(
    rules: Rules,
    id: PeerId,
    recovered: Recovered,
    solution_cache: Option<SolutionCache>,
) -> Rounds {
    let (seat, entropy, authenticator) = (Seat::Member, [7; 32], Box::new(Unsigned));
    let past = Past::New;
    let identity = Identity { id, seat, past, entropy, authenticator, solution_cache };
    Rounds::new(rules, identity, recovered)
}

/// Returns what a peer finds that has counted with the first `peers` peers before.
pub(crate) fn recovered(peers: usize, state: State) -> Recovered {
    let members = Some((0..peers).map(|peer| (id(peer), None)).collect());
    Recovered { state: State { members, ..state }, log: 0..0 }
}

pub(crate) fn handle(engine: &mut Rounds, input: Input) -> Vec<Output> {
    let mut outputs = Vec::new();
    engine.handle(Moment::START, input, &mut outputs);
    outputs
}

pub(crate) fn hear(engine: &mut Rounds, message: Message) -> Vec<Output> {
    let message = Signed { message, signature: None };
    handle(engine, Input::Message { from: Origin::default(), message })
}

/// Returns what is said in these outputs.
pub(crate) fn said(outputs: &[Output]) -> impl Iterator<Item = &Message> {
    outputs.iter().filter_map(|output| match output {
        Output::Send { message, .. } => Some(&message.message),
        _ => None,
    })
}

pub(crate) fn events(outputs: &[Output]) -> impl Iterator<Item = &Event> {
    outputs.iter().filter_map(|output| match output {
        Output::Event(event) => Some(event),
        _ => None,
    })
}

pub(crate) fn durables(outputs: &[Output]) -> Vec<&Durable> {
    let durables = outputs.iter().filter_map(|output| match output {
        Output::Persist(durable) => Some(durable),
        _ => None,
    });
    durables.collect()
}
