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
//! One view that the dishonest member leads is explored to its end, in half a minute. Two views
//! have more states than memory holds, so random runs of them are tried, for as many states; they
//! go to the end of both views, where a search in order would see many variants of the first one
//! only.

#![allow(clippy::print_stdout, reason = "how much was explored is a part of the result")]

mod member;
mod network;

use stateright::{Checker, HasDiscoveries, Model, UniformChooser};

use self::member::Memory;
use self::network::{Bounds, LATER_VIEW, Network, ONE_WORD, SKIPPED_VIEW};

/// Explores all runs.
fn explore(bounds: &Bounds) {
    let network = Network::new(bounds.clone(), Memory::Whole);
    // Two threads, since that is what the smallest machines have.
    let search = network.checker().threads(2).finish_when(HasDiscoveries::AnyFailures);
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
    explore(&Bounds { leaders: vec![3], failures: 0 });
}

/// States that random runs of one of the wider bounds visit; each member has some 20 steps to go.
const RANDOM_STATES: usize = 60_000;

/// Tries random runs, in which these must be seen.
fn wander(leaders: &[u16], failures: u8, seen: &[&'static str]) {
    let bounds = Bounds { leaders: leaders.to_vec(), failures };
    let network = Network::new(bounds, Memory::Whole);
    let search = network.checker().threads(2).finish_when(HasDiscoveries::AnyFailures);
    let search = search.target_state_count(RANDOM_STATES).target_max_depth(60);
    let found = search.spawn_simulation(1, UniformChooser).join();
    println!("{leaders:?}, {failures} failures: {} states", found.state_count());
    let discoveries = found.discoveries();
    for (name, path) in &discoveries {
        let is_failure = found.model().property(name).expectation.discovery_is_failure();
        let actions = path.clone().into_actions();
        assert!(!is_failure, "not true: {name}\n{}", found.model().tell(&actions));
    }
    for name in seen {
        assert!(discoveries.contains_key(name), "never seen: {name}");
    }
}

#[test]
fn one_chain_in_random_runs_of_two_views_that_a_liar_leads() {
    wander(&[3, 3], 0, &[LATER_VIEW, SKIPPED_VIEW]);
}

#[test]
fn one_chain_in_random_runs_of_a_view_after_that_of_a_liar() {
    wander(&[3, 0], 1, &[]);
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
