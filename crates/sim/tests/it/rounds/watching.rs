//! One that watches a network: what it sees of honest members, and what of each dishonest one.

use std::collections::BTreeSet;
use std::time::Duration;

use althing_sim::rounds::{Fault, Network, Role, Scenario, Simulation};
use althing_sim::{Conditions, Latency, Planned, Who};
use althing_types::{PeerId, Transaction};

use super::SOON;

const PEERS: u16 = 4;

const NETWORKS: [Network; 3] = [Network::ElectChain, Network::Sd, Network::Ppd];

/// A network of members who sign, and one that watches it.
fn watched(seed: u64, network: Network) -> Scenario {
    let latency = Latency::Uniform(Duration::from_micros(200)..=Duration::from_millis(5));
    let conditions = Conditions { latency, ..Conditions::good() };
    let pause = Duration::from_millis(100);
    let scenario = Scenario::seed(seed).peers(PEERS).network(network).signed();
    scenario.pause(pause).conditions(conditions).watched()
}

/// Has them count messages as they arrive, over a broker that has one order for all.
fn as_programs(scenario: Scenario) -> Scenario {
    scenario.published().conditions(Conditions::good())
}

/// Returns which kinds of rules were broken, and in whose name.
fn broken(net: &Simulation) -> BTreeSet<(&'static str, PeerId)> {
    let watcher = net.kind().watcher().expect("it is watched");
    assert_eq!(watcher.said(), 0, "one that watches says nothing");
    let breaches = watcher.refusals().iter().filter(|(_, reason)| reason.ground().is_breach);
    breaches.map(|(claimed, reason)| (reason.ground().kind, *claimed)).collect()
}

/// Returns how many rows were seen, which must be those of the members.
fn seen(net: &Simulation) -> usize {
    let rows = net.kind().watcher().expect("it is watched").rows();
    let numbers: Vec<Transaction> = rows.iter().map(|row| row.record.transaction).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    for row in rows {
        for peer in net.honest() {
            let own = net.disk(peer).read(row.record.transaction.number(), 1);
            assert!(own.iter().all(|own| own.record == row.record), "{row:?} and {own:?}");
        }
    }
    rows.len()
}

#[test]
fn honest_members_break_no_rule_and_their_rows_are_seen() {
    for network in NETWORKS {
        for published in [false, true] {
            for seed in 0..4 {
                let scenario = watched(seed, network);
                let scenario = if published { as_programs(scenario) } else { scenario };
                let mut net = scenario.start();
                let outcome = net.run_until_recorded(SOON, 10);
                outcome.unwrap_or_else(|stuck| panic!("{network:?}: {stuck}"));
                assert_eq!(broken(&net), BTreeSet::new(), "{network:?} {published} {seed}");
                assert!(seen(&net) >= 9, "{network:?} {published} {seed}: {}", seen(&net));
            }
        }
    }
}

#[test]
fn members_that_crash_and_start_again_break_no_rule() {
    for network in NETWORKS {
        for seed in 0..8 {
            let mut scenario = watched(seed, network);
            for time in 0..5 {
                scenario = scenario
                    .at(Duration::from_secs(2 + 4 * time), Fault::Crash(Who::Leader))
                    .at(Duration::from_secs(4 + 4 * time), Fault::Heal);
            }
            let mut net = scenario.start();
            let outcome = net.run_for(Duration::from_secs(22));
            outcome.unwrap_or_else(|stuck| panic!("{network:?}: {stuck}"));
            assert_eq!(broken(&net), BTreeSet::new(), "{network:?} {seed}");
            assert!(seen(&net) > 0, "{network:?} {seed}");
        }
    }
}

#[test]
fn one_that_comes_in_the_middle_sees_the_rows_from_then_on_and_who_leads() {
    for network in NETWORKS {
        for published in [false, true] {
            let scenario = watched(1, network);
            let scenario = if published { as_programs(scenario) } else { scenario };
            let mut net = scenario.start();
            net.run_until_recorded(SOON, 5).unwrap_or_else(|stuck| panic!("{stuck}"));
            net.kind_mut().watch_again();
            net.run_until_recorded(SOON, 15).unwrap_or_else(|stuck| panic!("{stuck}"));
            assert_eq!(broken(&net), BTreeSet::new(), "{network:?} {published}");
            let watcher = net.kind().watcher().expect("it is watched");
            assert_eq!(watcher.status().rows, watcher.rows().len() as u64);
            assert!(watcher.rows().len() >= 8, "{network:?} {published}: {:?}", watcher.rows());
        }
    }
}

/// What is seen of a member with each role but one, which mostly leads by the rules, and is seen if
/// it takes a promise back. Of some nothing is seen: it breaks no rule to be silent, to ask for
/// much, or to lie about what only it can know.
#[test]
fn of_each_dishonest_member_is_seen_what_can_be_seen() {
    let expected: [(Role, &[&str]); 16] = [
        (Role::VotesTwice, &["second_vote"]),
        (Role::VotesForOthers, &["signature_wrong"]),
        (Role::IssuesChallenges, &["not_leader"]),
        // It believes that it has asked for less, and says a solution of that.
        (Role::AsksTooMuch, &["not_a_solution"]),
        (Role::InvalidSolutions, &["not_a_solution"]),
        (Role::WithholdsVotes, &[]),
        (Role::Silent, &[]),
        (Role::SpeaksPlainly, &["plain"]),
        (Role::Replays, &[]),
        (Role::Floods, &["plain"]),
        (Role::LiesAboutHeight, &["ahead"]),
        (Role::ForgesRows, &["certificate_too_thin"]),
        (Role::Equivocates, &["second_vote"]),
        (Role::HidesAcceptance, &[]),
        (Role::AcceptsNonsense, &["vote_for_no_solution"]),
        (Role::InventsAcceptance, &[]),
    ];
    for (role, kinds) in expected {
        let mut found = BTreeSet::new();
        for dishonest in 0..usize::from(PEERS) {
            let mut net = watched(7, Network::ElectChain)
                .byzantine(dishonest, role)
                .at(Duration::from_secs(2), Fault::Crash(Who::Leader))
                .at(Duration::from_secs(6), Fault::Heal)
                .start();
            // Some leads come to nothing for a while, and that is a matter of other tests.
            drop(net.run_for(Duration::from_secs(20)));
            let liar = net.id(dishonest);
            for (kind, claimed) in broken(&net) {
                // What is not signed, or wrongly, may be said in the name of any.
                let is_proven = !matches!(kind, "plain" | "signature_wrong");
                assert!(
                    claimed == liar || !is_proven,
                    "{role}: {kind} of {claimed}, who is honest"
                );
                found.insert(kind);
            }
        }
        for kind in kinds {
            assert!(found.contains(kind), "{role}: {kind} is not in {found:?}");
        }
        assert!(!kinds.is_empty() || found.is_empty(), "{role}: {found:?}");
    }
}
