//! Every run of three peers, up to a bound: no two tables, no second promise.
//!
//! The simulator tries some runs of large networks; this tries all runs of a small one. The model
//! checker [`stateright`] drives the engine itself through its pure interface, and goes through
//! each state that it can reach: engines, disks, and messages on their way.
//!
//! # What is checked
//! In every state: no two peers have recorded different rows (rule R1); no term has two leaders,
//! and no peer has promised to follow two in one (rule E3); no peer has said yes to two solutions
//! of a row in one term (rule V2), over all its lives. The assertions of the engine hold as well,
//! since the tests are built with them. To show that the checker would notice a violation, some
//! tests have peers that forget part of their disk: for those it finds two promises or two votes.
//!
//! # What may happen
//! - *Time* is abstract. A peer's timers run out in any order, however soon. When it repeats
//!   itself, it may find that no wait is over, or (a *look*) that every one is; so leaders are
//!   given up at any moment. Only wishes for a later term never expire.
//! - *Messages* come in one of two ways. On the *wild* way nothing is promised: a message may
//!   be heard at any time, after anything else, again after a restart, or never. On the *prompt*
//!   way each delivery comes in turn, except so many that come at any later time, or never;
//!   timers run out and searches end when nothing else is about to be heard.
//! - *Searches* find a different solution at each peer.
//! - A peer that has all rows *leaves* as soon as it knows that the others have them too, and
//!   otherwise at any later time. Nothing happens to it any more.
//! - The *power fails* at any time, also between two things that a peer writes or says in answer
//!   to one input. It then starts again with what is on its disk, and with other draws.
//!
//! # What is not
//! The members are settled, and announcements are not heard; all challenges have one bit; draws
//! are those of one generator for each life of each peer. Peers are honest, and the table has one
//! row, or no message but those of the election is heard. The simulator has all of this.
//!
//! # How far
//! Each test says how many failures, looks and late deliveries there are at most, over all peers,
//! and explores all that is within; together four million states, told apart by hashes of 64 bits.
//! Wider bounds take minutes, and are left out by default:
//! `cargo test --release -p althing-sim --test model -- --ignored --nocapture`.

#![allow(clippy::print_stdout, reason = "how much was explored is a part of the result")]

mod air;
mod history;
mod memo;
mod network;
mod peer;

use stateright::{Checker, HasDiscoveries, Model};

use self::air::Way;
use self::history::Fault;
use self::network::{
    Bounds, LATER_TERM, Network, ONE_PROMISE, ONE_TABLE, ONE_VOTE, PROPOSED_AGAIN,
};
use self::peer::{Behaviour, Speech};

const PROMPT: Way = Way::Prompt { late_max: 0 };
const ONE_LATE: Way = Way::Prompt { late_max: 1 };

/// Explores all runs of honest peers, and returns the names of the notable states it has seen.
fn explore(speech: Speech, bounds: Bounds) -> Vec<&'static str> {
    let network = Network::new(Behaviour { speech, fault: Fault::None }, bounds);
    // Two threads, since that is what the smallest machines have.
    let search = network.checker().threads(2).finish_when(HasDiscoveries::AnyFailures);
    let found = search.spawn_dfs().join();
    println!("{bounds:?}: {} states", found.unique_state_count());
    for (name, path) in found.discoveries() {
        let is_failure = found.model().property(name).expectation.discovery_is_failure();
        let actions = path.into_actions();
        assert!(!is_failure, "not true: {name}\n{}", found.model().tell(&actions));
    }
    found.discoveries().into_keys().collect()
}

/// Returns how peers with a fault come to break a rule, in as few steps as possible.
fn counterexample(fault: Fault, bounds: Bounds, rule: &'static str) -> String {
    let network = Network::new(Behaviour { speech: Speech::All, fault }, bounds);
    let search = network.checker().finish_when(HasDiscoveries::AnyOf([rule].into()));
    let found = search.spawn_bfs().join();
    let path = found.discovery(rule).expect("peers with this fault break the rule");
    let story = found.model().tell(&path.into_actions());
    println!("{rule}: {} states, then\n{story}", found.unique_state_count());
    story
}

#[test]
fn no_term_has_two_leaders_when_a_peer_starts_again() {
    explore(Speech::Election, Bounds { way: Way::Wild, failures: 1, looks: 0 });
}

#[test]
fn no_term_has_two_leaders_when_a_leader_is_given_up() {
    explore(Speech::Election, Bounds { way: Way::Wild, failures: 0, looks: 1 });
}

#[test]
fn one_table_when_a_peer_starts_again_and_a_message_is_late() {
    explore(Speech::All, Bounds { way: ONE_LATE, failures: 1, looks: 0 });
}

#[test]
fn one_table_when_a_leader_is_replaced_and_a_message_is_late() {
    let seen = explore(Speech::All, Bounds { way: ONE_LATE, failures: 0, looks: 2 });
    assert!(seen.contains(&LATER_TERM) && seen.contains(&PROPOSED_AGAIN), "{seen:?}");
}

#[test]
fn one_table_when_a_leader_is_replaced_and_a_peer_starts_again() {
    let seen = explore(Speech::All, Bounds { way: PROMPT, failures: 1, looks: 3 });
    assert!(seen.contains(&LATER_TERM) && seen.contains(&PROPOSED_AGAIN), "{seen:?}");
}

#[test]
#[ignore = "takes minutes, and gigabytes of memory"]
fn one_table_in_all_that_a_patient_machine_can_see() {
    explore(Speech::All, Bounds { way: ONE_LATE, failures: 1, looks: 1 });
    explore(Speech::All, Bounds { way: PROMPT, failures: 2, looks: 2 });
    explore(Speech::All, Bounds { way: Way::Prompt { late_max: 3 }, failures: 0, looks: 0 });
}

#[test]
fn a_peer_that_forgets_its_promise_names_two_leaders() {
    let bounds = Bounds { way: ONE_LATE, failures: 1, looks: 0 };
    let story = counterexample(Fault::ForgetsPromise, bounds, ONE_PROMISE);
    assert!(story.contains("the power fails"));
}

#[test]
fn a_peer_that_forgets_its_vote_votes_twice() {
    let bounds = Bounds { way: ONE_LATE, failures: 1, looks: 0 };
    let story = counterexample(Fault::ForgetsVote, bounds, ONE_VOTE);
    assert!(story.contains("the power fails"));
}

#[test]
#[ignore = "takes half a minute, and gigabytes of memory"]
fn a_vote_that_is_forgotten_puts_two_solutions_into_one_row() {
    let bounds = Bounds { way: Way::Prompt { late_max: 2 }, failures: 1, looks: 0 };
    let story = counterexample(Fault::ForgetsVote, bounds, ONE_TABLE);
    assert!(story.contains("the power fails"));
}
