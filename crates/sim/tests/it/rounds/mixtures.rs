//! Rooms in which not all speak alike: variants mixed by mistake, and members that speak as a
//! published program does.

use std::time::Duration;

use althing_engine::rounds::{Event, Refusal};
use althing_sim::Planned;
use althing_sim::rounds::{Network, Role, Scenario, Simulation};

use super::SOON;

/// How long a mixture has to go wrong.
const A_WHILE: Duration = Duration::from_secs(15);

/// Returns which peers have said that others here speak otherwise, with the advice they gave.
fn noticed(net: &Simulation) -> Vec<(usize, String)> {
    let told = net.events().filter_map(|(_, peer, event)| match event {
        Event::NetworkOverheard { network, .. } => Some((peer, network.advice.to_string())),
        _ => None,
    });
    told.collect()
}

/// Runs a network of `members` with so many peers, of which the first `strays` were given the
/// published variant. Each stray notices the others and names the option that joins them, and
/// any other peer that hears a stray does so as well. Rows are recorded only where one variant
/// has a peer for every seat; that two peers never record different ones, the simulator checks at
/// each step.
fn run_mixture(network: Network, seed: u64, members: u16, peers: u16, strays: u16) {
    let scenario = Scenario::seed(seed).network(network).peers(members).signed();
    let scenario = scenario.extra((peers - members).into()).start_within(Duration::from_secs(1));
    let mut net = scenario.strays(0..usize::from(strays)).start();
    let [members, peers, strays] = [members, peers, strays].map(usize::from);
    let all_strays_noticed = |net: &Simulation| {
        let said = noticed(net);
        (0..strays).all(|stray| said.iter().any(|(by, _)| *by == stray))
    };
    net.run_until(SOON, "notice", all_strays_noticed).unwrap_or_else(|stuck| panic!("{stuck}"));
    net.run_for(A_WHILE).unwrap_or_else(|stuck| panic!("{stuck}"));
    for (peer, advice) in noticed(&net) {
        let right = match peer < strays {
            true => "leave out --variant published",
            false => "use --variant published",
        };
        assert_eq!(advice, right, "peer {peer} of {peers} with {strays} strays");
    }
    let rows = |peer| net.rows(peer).len();
    assert!((0..strays).all(|peer| rows(peer) == 0), "{strays} wait for {members}");
    let are_enough = peers - strays >= members;
    let expected = |peer| (rows(peer) > 0) == are_enough;
    assert!((strays..peers).all(expected), "{} of {members}", peers - strays);
}

#[test]
fn in_no_mixture_of_variants_do_two_peers_record_different_rows() {
    for (members, seeds) in [(3, 6), (4, 6), (5, 4), (10, 2)] {
        for strays in 1..members {
            for seed in 0..seeds {
                run_mixture(Network::ElectChain, seed, members, members, strays);
            }
        }
    }
}

#[test]
fn peers_of_the_default_variant_go_on_beside_strays_if_they_are_enough() {
    for seed in 0..4 {
        run_mixture(Network::ElectChain, seed, 4, 6, 2);
        run_mixture(Network::Sd, seed, 3, 5, 2);
    }
}

#[test]
fn mixtures_of_sd_are_noticed_as_well() {
    for strays in 1..4 {
        run_mixture(Network::Sd, u64::from(strays), 4, 4, strays);
    }
}

/// Returns whether a peer has refused something as plain.
fn has_refused_plain(net: &Simulation) -> bool {
    net.events()
        .any(|(_, _, event)| matches!(event, Event::MessageRefused { reason: Refusal::Plain, .. }))
}

#[test]
fn a_member_that_speaks_plainly_never_leads_whatever_it_draws() {
    for seed in 0..60 {
        for peers in [3, 4, 5, 10] {
            for network in [Network::ElectChain, Network::Sd] {
                let scenario = Scenario::seed(seed).network(network).peers(peers);
                let scenario = if seed % 2 == 0 { scenario.signed() } else { scenario };
                let mut net = scenario.byzantine(0, Role::SpeaksPlainly).start();
                let refused = net.run_until(SOON, "refusal", has_refused_plain);
                refused.unwrap_or_else(|stuck| panic!("{stuck}"));
                let outcome = net.run_for(Duration::from_secs(4));
                outcome.unwrap_or_else(|stuck| panic!("{stuck}"));
                assert_ne!(net.leader(), Some(0), "seed {seed}, {peers} peers");
                let rows = net.rows(1).len();
                // Two of three are too few to begin without the third.
                assert_eq!(rows > 0, peers > 3, "seed {seed}: {rows} rows of {peers} peers");
            }
        }
    }
}

#[test]
fn a_leader_that_begins_to_speak_plainly_is_replaced_without_a_second_table() {
    for seed in 0..40 {
        let mut net = Scenario::seed(seed).peers(4).signed().start();
        net.run_until_recorded(SOON, 3).expect("nothing is in the way");
        let leader = net.leader().expect("there is one");
        net.make_byzantine(leader, Role::SpeaksPlainly);
        let other = (leader + 1) % 4;
        let rows = net.rows(other).len();
        let goes_on = |net: &Simulation| net.rows(other).len() > rows + 5;
        net.run_until(2 * SOON, "rows", goes_on).unwrap_or_else(|stuck| panic!("{stuck}"));
        assert_ne!(net.leader(), Some(leader), "seed {seed}");
    }
}
