//! A leader asks the members what they have said yes to, and one of them lies.

use althing_engine::rounds::{
    Acceptance, Identity, Input, Message, Naming, Output, Promise, Record, Recovered, Rounds,
    Sealed, Seat, Standing, Unsigned,
};
use althing_types::{Moment, Seed, Term, Transaction};

use crate::lockstep::{bits, id, rules};

fn record(seed: u64) -> Record {
    let (transaction, difficulty) = (Transaction::FIRST, bits(1));
    Record { transaction, difficulty, seed: Seed::from(seed), winner: id(1) }
}

/// Returns the seeds that a leader says yes to, which has said yes to `accepted` in this term and
/// was killed, and then is told of `told`.
fn votes(accepted: Option<Acceptance>, told: Acceptance) -> Vec<Seed> {
    let (seat, entropy, term) = (Seat::Member, [7; 32], Term::FIRST);
    let identity = Identity { id: id(0), seat, entropy, authenticator: Box::new(Unsigned) };
    let recovered = Recovered {
        roster: Some((0..3).map(|peer| (id(peer), None)).collect()),
        promise: Some(Promise { term, draw: 9, leader: id(0) }),
        accepted,
        next: Transaction::FIRST,
    };
    let mut engine = Rounds::new(rules(3), identity, recovered);
    let mut outputs = Vec::new();
    engine.handle(Moment::START, Input::Start, &mut outputs);
    let roster = outputs.iter().find_map(|output| match output {
        Output::Broadcast(Sealed { message: Message::Election { standing, .. }, .. }) => {
            standing.as_ref().map(|standing| standing.roster)
        }
        _ => None,
    });
    let roster = roster.expect("after a restart it says whom it follows");
    let naming = Naming { leader: id(0), transaction: Transaction::FIRST, accepted: Some(told) };
    let standing = Some(Standing { term, roster, naming: Some(naming) });
    let message = Message::Election { peer: id(1), draw: 5, standing };
    engine.handle(Moment::START, Input::Message(Sealed { message, seal: None }), &mut outputs);
    let votes = outputs.into_iter().filter_map(|output| match output {
        Output::Broadcast(Sealed { message: Message::Vote { seed, .. }, .. }) => Some(seed),
        _ => None,
    });
    votes.collect()
}

/// Found by fuzzing: a yes in a later term than there was made a leader propose a second solution
/// in its own (rules C2 and V2).
#[test]
fn a_leader_keeps_to_what_it_has_proposed_whatever_it_is_told() {
    let accepted = Acceptance { term: Term::FIRST, record: record(6) };
    let told = Acceptance { term: Term::new(1), record: record(7) };
    let votes = votes(Some(accepted), told);
    assert!(!votes.is_empty() && votes.iter().all(|seed| *seed == Seed::from(6)), "{votes:?}");
}

#[test]
fn a_leader_does_not_propose_what_is_no_solution_because_it_is_told_so() {
    let told = Acceptance { term: Term::FIRST, record: record(0) };
    assert_eq!(votes(None, told), []);
}
