//! Every run of four members, one of whom does what it likes, up to some views: one chain.
//!
//! The simulator tries some runs of assemblies; this tries all runs of a small one. The model
//! checker [`stateright`] drives the engine of the three honest members through its pure interface,
//! and goes through each state that they can reach.
//!
//! # What is checked
//! In every state: no two honest members have committed different blocks at a height (rule L10),
//! and none has contradicted itself, over all its lives (rules L7 to L9, L11). To show that the
//! checker would notice, a test has members that forget what they have said.
//!
//! # What may happen
//! - The *dishonest member* has said everything that it could say: for each view that it leads
//!   there are two proposals on each block that there is, and each quorum may have its vote to
//!   notarize, to nullify and to finalize.
//! - *Messages* are heard at any time, in any order, by some and not by others, or never.
//! - *Time* is abstract: what may be due in a view may be due at any moment.
//! - The *power fails* at any time, also between two things that a member writes or says in answer
//!   to one input. It then starts again with what is on its disk.
//!
//! # What is not
//! Votes come as certificates: as soon as a quorum has said something, anyone may hear so. Fewer
//! votes change nothing at who hears them, so this leaves out no state that matters; that so many
//! are counted right is tested elsewhere. The table of suspects, the mempool and mining are left
//! out: all that they decide is when a member proposes or nullifies, which here is at any time.
//! Signatures are digests that only their owners are taken to be able to make.
//!
//! # How far
//! One view that the dishonest member leads is explored to its end, in half a minute. Of wider
//! bounds only the first states are, and not by default:
//! `cargo test --release -p althing-sim --test assembly_model -- --ignored --nocapture`.

#![allow(clippy::print_stdout, reason = "how much was explored is a part of the result")]

mod member;
mod network;

use stateright::{Checker, HasDiscoveries, Model};

use self::member::Memory;
use self::network::{Bounds, Network, ONE_WORD};

/// Explores all runs, or as many states as are named.
fn explore(bounds: &Bounds, states_max: Option<usize>) {
    let network = Network::new(bounds.clone(), Memory::Whole);
    // Two threads, since that is what the smallest machines have.
    let search = network.checker().threads(2).finish_when(HasDiscoveries::AnyFailures);
    let search = match states_max {
        None => search,
        Some(most) => search.target_state_count(most),
    };
    let found = search.spawn_dfs().join();
    let seen: Vec<&str> = found.discoveries().into_keys().collect();
    println!("{bounds:?}: {} states; {seen:?}", found.unique_state_count());
    for (name, path) in found.discoveries() {
        let is_failure = found.model().property(name).expectation.discovery_is_failure();
        let actions = path.into_actions();
        assert!(!is_failure, "not true: {name}\n{}", found.model().tell(&actions));
    }
}

/// All of its 360,982 states.
#[test]
fn one_chain_when_a_liar_leads_one_view() {
    explore(&Bounds { leaders: vec![3], failures: 0 }, None);
}

/// Each of these has more states than memory holds, so only the first ones are seen.
#[test]
#[ignore = "takes ten minutes"]
fn one_chain_in_the_first_two_million_states_of_wider_bounds() {
    for (leaders, failures) in
        [(vec![3], 2), (vec![3, 3], 0), (vec![3, 0], 0), (vec![0, 3, 1], 0), (vec![3, 3], 1)]
    {
        explore(&Bounds { leaders, failures }, Some(2_000_000));
    }
}

/// Returns how members that forget come to break a rule, in as few steps as possible.
fn counterexample(memory: Memory, rule: &'static str) -> String {
    let network = Network::new(Bounds { leaders: vec![3], failures: 2 }, memory);
    let search = network.checker().finish_when(HasDiscoveries::AnyOf([rule].into()));
    let found = search.spawn_bfs().join();
    let path = found.discovery(rule).expect("members that forget break the rule");
    let story = found.model().tell(&path.into_actions());
    println!("{rule}: {} states, then\n{story}", found.unique_state_count());
    story
}

#[test]
fn members_that_forget_their_words_contradict_themselves() {
    assert!(counterexample(Memory::Wordless, ONE_WORD).contains("the power fails"));
}
