//! Peers that count messages as they arrive: what they promise where a broker gives no common
//! order, and how they go on after a cut.

use std::time::Duration;

use althing_engine::rounds::Event;
use althing_sim::rounds::{Network, Reason, Scenario, Simulation, Violation};
use althing_sim::{Conditions, LastWills, Latency, Planned};
use althing_types::Transaction;

use super::SOON;

const ROWS: usize = 100;

/// Enough for a hundred rows, of which each waits for a turn.
const LONG: Duration = Duration::from_secs(600);

/// Peers that know the solutions of earlier challenges, over a broker whose queues differ by up to
/// `longest`.
fn knowing(network: Network, seed: u64, peers: u16, longest: Duration) -> Scenario {
    let latency = Latency::PerQueue(Duration::from_micros(200)..=longest);
    Scenario::seed(seed)
        .network(network)
        .published()
        .peers(peers)
        .conditions(Conditions { latency, ..Conditions::good() })
        .solution_cache()
}

/// Returns whether two peers have recorded different rows before all had a hundred.
fn forks(scenario: Scenario) -> bool {
    let mut net = scenario.start();
    match net.run_until_recorded(LONG, ROWS) {
        Ok(()) => false,
        Err(stuck) => {
            assert!(
                matches!(stuck.reason, Reason::Violation(Violation::TwoTables { .. })),
                "{stuck}"
            );
            true
        }
    }
}

#[test]
fn answers_that_all_know_do_not_divide_peers_whose_queues_differ() {
    let millis = Duration::from_millis;
    for (network, longest) in [(Network::Ppd, millis(20)), (Network::ElectChain, millis(3))] {
        for peers in [4, 10] {
            for seed in 0..4 {
                let is_forked = forks(knowing(network, seed, peers, longest));
                assert!(!is_forked, "{network:?}, {peers} peers, seed {seed}");
            }
        }
    }
}

/// What turns are for: without them, and without a leader's vote to follow, nearly every run
/// divides the peers.
#[test]
fn without_turns_they_would_be_divided() {
    let at_once = |seed| {
        let scenario = knowing(Network::ElectChain, seed, 4, Duration::from_millis(3));
        forks(scenario.rules(|rules| rules.turn = Duration::ZERO))
    };
    let forked = (0..8).filter(|seed| at_once(*seed)).count();
    assert!(forked > 4, "{forked} of 8");
}

fn controlled(seed: u64) -> Simulation {
    let scenario = Scenario::seed(seed).network(Network::Sd).published().peers(4);
    let mut net = scenario.pause(Duration::from_millis(200)).start();
    net.run_until_recorded(SOON, 5).expect("nothing is in the way");
    net
}

/// Runs until each peer has recorded a row past `row`, whichever it may have missed.
fn run_past(net: &mut Simulation, row: u64) {
    let is_past = |net: &Simulation, peer: usize| {
        let last = net.rows(peer).last().map(|row| row.record.transaction);
        last.is_some_and(|last| last > Transaction::new(row))
    };
    net.run_until_all(SOON, "later rows", is_past).unwrap_or_else(|stuck| panic!("{stuck}"));
}

fn last_row(net: &Simulation) -> u64 {
    let rows = net.honest().filter_map(|peer| net.rows(peer).last().cloned());
    rows.map(|row| row.record.transaction.number()).max().expect("there are rows")
}

/// The checker sees that each row is the same at all peers that have it.
#[test]
fn a_member_of_sd_that_missed_a_challenge_goes_on_with_the_next() {
    for seed in 0..4 {
        let mut net = controlled(seed);
        let leader = net.leader().expect("rows were decided");
        let victim = (0..4).find(|peer| *peer != leader).expect("three are left");
        net.mute(victim);
        net.run_for(Duration::from_secs(2)).expect("the others go on");
        net.unmute(victim);
        let row = last_row(&net) + 5;
        run_past(&mut net, row);
        assert!(net.rows(victim).len() < net.rows(leader).len(), "seed {seed}: it missed some");
    }
}

#[test]
fn members_of_sd_go_on_when_the_broker_is_back_whenever_it_was_away() {
    for seed in 0..20 {
        let mut net = controlled(seed);
        // At another moment of the round each time.
        net.run_for(Duration::from_millis(13 * seed)).expect("nothing is in the way");
        net.restart_broker(Duration::from_millis(700), LastWills::Forgotten);
        let row = last_row(&net) + 10;
        run_past(&mut net, row);
    }
}

#[test]
fn a_member_of_ppd_that_is_dead_is_neither_waited_for_nor_elected() {
    for peers in [3, 10] {
        let mut net = Scenario::seed(7).network(Network::Ppd).signed().peers(peers).start();
        net.run_until_recorded(SOON, 5).expect("nothing is in the way");
        let dead = 0;
        net.crash(dead);
        // The row that was open may need its leader replaced.
        net.run_until_recorded(SOON, net.longest() + 10).expect("a majority is left");
        let (rows, begin) = (net.longest(), net.now());
        net.run_for(Duration::from_secs(5)).expect("a majority is left");
        assert!(net.longest() > rows + 50, "{peers} peers: {} rows", net.longest() - rows);
        let id = net.id(dead);
        let is_elected = |(at, _, event): (_, _, &Event)| {
            at > begin && matches!(event, Event::LeaderElected { leader, .. } if *leader == id)
        };
        assert!(!net.events().any(is_elected), "{peers} peers");
        net.restart(dead);
        net.run_until_level(SOON).expect("it is heard again");
    }
}
