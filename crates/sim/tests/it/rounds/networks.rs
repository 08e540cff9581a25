//! The other networks of rounds: they agree as elect-chain does, by the same engine.

use std::collections::BTreeSet;
use std::time::Duration;

use althing_engine::rounds::Event;
use althing_sim::rounds::{Fault, Network, Scenario, Simulation};
use althing_sim::{Conditions, Latency, Planned, Who};

use super::SOON;

const OTHERS: [Network; 2] = [Network::Sd, Network::Ppd];

fn scenario(network: Network, seed: u64) -> Scenario {
    Scenario::seed(seed).network(network).signed().pause(Duration::from_millis(50))
}

#[test]
fn ten_peers_agree_on_a_table() {
    for network in OTHERS {
        let mut net = scenario(network, 1).rounds(20).start();
        net.run_until_recorded(SOON, 20).unwrap_or_else(|stuck| panic!("{network:?}: {stuck}"));
        net.assert_one_table();
    }
}

#[test]
fn ten_peers_agree_as_the_published_programs_do() {
    for network in OTHERS {
        let mut net = scenario(network, 2).published().rounds(20).start();
        net.run_until_recorded(SOON, 20).unwrap_or_else(|stuck| panic!("{network:?}: {stuck}"));
        net.assert_one_table();
    }
}

#[test]
fn an_announcement_that_was_lost_is_said_again_as_the_programs_do() {
    for network in OTHERS {
        let deaf = Conditions { loss_percent: 100, ..Conditions::good() };
        let mut net = scenario(network, 5)
            .published()
            .peers(3)
            .conditions(deaf)
            .at(Duration::from_secs(2), Fault::Lose(0))
            .start();
        net.run_until_recorded(SOON, 1).unwrap_or_else(|stuck| panic!("{network:?}: {stuck}"));
    }
}

#[test]
fn the_controller_does_not_find_what_it_judges() {
    let mut net = scenario(Network::Sd, 3).peers(3).rounds(10).start();
    net.run_until_recorded(SOON, 10).expect("two of three mine");
    let leader = net.leader().expect("there is one");
    let id = net.id(leader);
    assert!(net.rows(0).iter().all(|row| row.record.winner != id));
}

/// The leader of the row before must not ask for this one as well: members would say no to answers
/// to the other challenge, and each would have counted another number of them.
#[test]
fn where_each_row_has_an_election_each_row_has_one_challenge() {
    for seed in 0..8 {
        let mut net = Scenario::seed(seed).network(Network::Ppd).peers(10).rounds(10).start();
        net.run_until_recorded(SOON, 10).expect("all are well");
        let mut seen = BTreeSet::new();
        for (_, peer, event) in net.events() {
            if let Event::ChallengeIssued { transaction, .. } = event {
                assert!(seen.insert((peer, *transaction)), "peer {peer}, seed {seed}: {event:?}");
            }
        }
        assert!(seen.len() > 10, "the last few events have challenges");
        for peer in 0..10 {
            assert!(net.rows(peer).iter().all(|row| row.noes == 0), "peer {peer}, seed {seed}");
        }
    }
}

#[test]
fn there_is_an_election_before_each_row() {
    let mut net = scenario(Network::Ppd, 4).rounds(10).start();
    net.run_until_recorded(SOON, 10).expect("nothing is in the way");
    let terms: Vec<u64> = net.rows(0).iter().map(|row| row.term.number()).collect();
    assert!(terms.windows(2).all(|terms| terms[0] < terms[1]), "{terms:?}");
}

type Phase = (&'static str, fn(&Event) -> bool);

/// The phases of a row, and how to see that one has begun.
const PHASES: [Phase; 4] = [
    ("election", |event| matches!(event, Event::MembershipSettled { .. })),
    ("challenge", |event| matches!(event, Event::LeaderElected { .. })),
    ("mining", |event| matches!(event, Event::ChallengeIssued { .. })),
    ("record", |event| matches!(event, Event::RoundDecided(_))),
];

fn dies_in_each_phase(network: Network, victim: impl Fn(&Simulation) -> Option<usize>) {
    for (seed, (phase, has_begun)) in (10..).zip(PHASES) {
        let mut net = scenario(network, seed).start();
        net.run_until(SOON, phase, |net| net.events().any(|(_, _, event)| has_begun(event)))
            .expect("every phase comes");
        let Some(victim) = victim(&net) else { continue };
        net.crash(victim);
        let rows = net.longest() + 5;
        let done = net.run_until_recorded(SOON, rows);
        done.unwrap_or_else(|stuck| panic!("{network:?}, {phase}: {stuck}"));
        net.restart(victim);
        net.run_until_level(SOON).unwrap_or_else(|stuck| panic!("{network:?}, {phase}: {stuck}"));
        net.assert_one_table();
    }
}

#[test]
fn the_rest_go_on_when_a_member_dies_in_any_phase() {
    for network in OTHERS {
        dies_in_each_phase(network, |net| (0..10).find(|peer| Some(*peer) != net.leader()));
    }
}

#[test]
fn the_rest_go_on_when_the_leader_dies_in_any_phase() {
    for network in OTHERS {
        dies_in_each_phase(network, Simulation::leader);
    }
}

#[test]
fn loss_partitions_and_a_broker_that_forgets_delay_and_do_not_divide() {
    let conditions = Conditions {
        latency: Latency::Uniform(Duration::from_micros(200)..=Duration::from_millis(20)),
        loss_percent: 10,
        duplication_percent: 10,
        corruption_percent: 2,
    };
    for network in OTHERS {
        for seed in 30..34 {
            let at = Duration::from_secs;
            let mut net = scenario(network, seed)
                .peers(7)
                .conditions(conditions.clone())
                .at(at(2), Fault::Partition(vec![0, 1, 2]))
                .at(at(6), Fault::Mend)
                .at(at(8), Fault::Crash(Who::Leader))
                .at(at(12), Fault::Heal)
                .start();
            net.run_for(at(14)).unwrap_or_else(|stuck| panic!("{network:?}: {stuck}"));
            let rows = net.longest() + 5;
            let done = net.run_until_recorded(SOON, rows).and_then(|()| net.run_until_level(SOON));
            done.unwrap_or_else(|stuck| panic!("{network:?}: {stuck}"));
            net.assert_one_table();
        }
    }
}
