//! Members that can no longer go on say what they wait for, and who is missing (rule W4).

use std::time::Duration;

use althing_engine::Engine;
use althing_engine::rounds::{Event, Waiting};
use althing_sim::rounds::{Scenario, Simulation};

use super::SOON;

fn network(peers: u16) -> Simulation {
    let scenario = Scenario::seed(11).peers(peers).signed().pause(Duration::from_millis(20));
    let mut net = scenario.start();
    net.run_until_recorded(SOON, 3).expect("nothing is wrong");
    net
}

fn waiting(net: &Simulation, peer: usize) -> Option<Waiting> {
    net.engine(peer).and_then(|engine| engine.status().waiting)
}

#[test]
fn a_member_says_that_another_does_not_take_part_although_it_is_heard() {
    let mut net = network(3);
    net.crash(1);
    net.crash(2);
    net.restart(1);
    // Two of three are heard, and one of them may not vote before the third has answered it.
    let third = net.id(2);
    let missing = |waiting: &Waiting| match waiting {
        Waiting::Leader { missing, .. } | Waiting::Votes { missing, .. } => missing.clone(),
        _ => Vec::new(),
    };
    let unconfirmed = net.id(1);
    net.run_until(SOON, "who is missing", |net| {
        waiting(net, 0).is_some_and(|waiting| missing(&waiting) == [unconfirmed, third])
    })
    .expect("it says so");
    let confirmation = Waiting::Confirmation { confirmed: 1, needed: 2, missing: vec![third] };
    assert_eq!(waiting(&net, 1), Some(confirmation));
    net.restart(2);
    net.run_until_recorded(SOON, net.longest() + 3).expect("all three answer each other");
    net.run_until(SOON, "nothing to wait for", |net| {
        (0..3).all(|peer| waiting(net, peer).is_none())
    })
    .expect("all go on");
}

#[test]
fn a_member_says_so_when_the_others_have_stopped_or_are_silent_for_good() {
    let mut net = network(3);
    net.clone_disk(1);
    let copied = |net: &Simulation| net.disk(1).recovered().state.start.copied;
    net.run_until(SOON, "silence of the original", copied).expect("it hears the copy");
    // The wrong one of the two is stopped.
    net.crash(3);
    net.crash(2);
    net.run_until(SOON, "no majority", |net| {
        waiting(net, 0) == Some(Waiting::Majority { heard: 1, needed: 2 })
    })
    .expect("it says so");
    assert_eq!(waiting(&net, 1), Some(Waiting::Copied));
}

#[test]
fn a_healthy_network_waits_for_nothing_even_if_a_challenge_is_hard_or_rows_are_far_apart() {
    for (pause, bits) in [(Duration::from_secs(9), 1), (Duration::ZERO, 24)] {
        let scenario = Scenario::seed(5).peers(4).signed().pause(pause).challenges(bits, bits);
        let mut net = scenario.start();
        net.run_until_recorded(20 * SOON, 3).expect("nothing is wrong");
        let told: Vec<_> = net
            .events()
            .filter(|(.., event)| {
                let is_meeting = matches!(event, Event::Waiting(Waiting::Peers { .. }));
                matches!(event, Event::Waiting(_)) && !is_meeting
            })
            .collect();
        assert!(told.is_empty(), "{told:?}");
    }
}

#[test]
fn a_member_that_was_lost_is_told_to_be_heard_again() {
    let mut net = network(4);
    net.crash(1);
    let id = net.id(1);
    let told = |net: &Simulation, event: Event| {
        net.events().any(|(_, peer, told)| peer == 0 && *told == event)
    };
    net.run_until(SOON, "loss", |net| told(net, Event::PeerLost { peer: id })).expect("it is gone");
    assert!(!told(&net, Event::PeerHeard { peer: id }));
    net.restart(1);
    net.run_until(SOON, "return", |net| told(net, Event::PeerHeard { peer: id }))
        .expect("it is heard");
}
