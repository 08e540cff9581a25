//! Failures that must not matter: dead peers, dead leaders, hopeless challenges, and messages of
//! non-members.

use std::time::Duration;

use althing_engine::rounds::{Event, Refusal};
use althing_sim::Planned;
use althing_sim::rounds::{Scenario, Simulation};

use super::SOON;

type Phase = (&'static str, fn(&Simulation) -> bool);

/// The phases of a network's life, and how to see that one has begun.
fn phases() -> [Phase; 5] {
    [
        ("election", |net| saw(net, |event| matches!(event, Event::MembershipSettled { .. }))),
        ("challenge", |net| saw(net, |event| matches!(event, Event::LeaderElected { .. }))),
        ("mining", |net| saw(net, |event| matches!(event, Event::ChallengeIssued { .. }))),
        ("voting", |net| saw(net, |event| matches!(event, Event::SolutionFound { .. }))),
        ("record", |net| saw(net, |event| matches!(event, Event::RoundDecided(_)))),
    ]
}

fn saw(net: &Simulation, is_it: impl Fn(&Event) -> bool) -> bool {
    net.events().any(|(_, _, event)| is_it(event))
}

fn refusals(net: &Simulation) -> Vec<Refusal> {
    let events = net.events().filter_map(|(_, _, event)| match event {
        Event::MessageRefused { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    events.collect()
}

#[test]
fn the_rest_go_on_when_a_peer_dies_in_any_phase() {
    for (seed, (phase, has_begun)) in (10..).zip(phases()) {
        let mut net = Scenario::seed(seed).start();
        net.run_until(SOON, phase, has_begun).expect("every phase comes");
        let victim = (0..10).find(|peer| Some(*peer) != net.leader()).expect("ten are more");
        net.crash(victim);
        net.run_until_recorded(SOON, 5).unwrap_or_else(|stuck| panic!("{phase}: {stuck}"));
    }
}

#[test]
fn the_rest_elect_another_leader_when_it_dies_in_any_phase() {
    for (seed, (phase, has_begun)) in (20..).zip(phases().into_iter().skip(1)) {
        let mut net = Scenario::seed(seed).start();
        net.run_until(SOON, phase, has_begun).expect("every phase comes");
        let leader = net.leader().expect("there is one in these phases");
        net.crash(leader);
        // Silence, its notice, and an election.
        let limit = Duration::from_secs(5);
        // Its last challenge may still be decided; the row after that needs another.
        let rows = (0..10).map(|peer| net.rows(peer).len()).max().expect("ten peers");
        net.run_until_recorded(limit, rows + 2).unwrap_or_else(|stuck| panic!("{phase}: {stuck}"));
        assert_ne!(net.leader(), Some(leader), "{phase}");
        net.restart(leader);
        net.run_until_recorded(SOON, rows + 20).unwrap_or_else(|stuck| panic!("{phase}: {stuck}"));
    }
}

#[test]
fn without_a_majority_the_network_waits_and_goes_on_when_one_comes_back() {
    let mut net = Scenario::seed(30).start();
    net.run_until_recorded(SOON, 3).expect("nothing is in the way");
    for peer in 0..5 {
        net.crash(peer);
    }
    let before = (5..10).map(|peer| net.rows(peer).len()).max().expect("five peers");
    net.run_for(Duration::from_secs(60)).expect("nothing wrong is recorded");
    let after = (5..10).map(|peer| net.rows(peer).len()).max().expect("five peers");
    assert!(after <= before + 1, "five of ten decided {} rows", after - before);
    assert!(saw(&net, |event| matches!(event, Event::Waiting(_))));
    net.restart(0);
    net.run_until_recorded(SOON, after + 5).expect("six of ten are a majority");
}

#[test]
fn a_challenge_nobody_can_solve_gives_way_to_an_easier_one() {
    let mut net = Scenario::seed(31).challenges(60, 60).hashes_per_second(1e5).start();
    net.run_until(SOON, "challenge", phases()[2].1).expect("the leader asks");
    let limit = 3 * Duration::from_secs(30);
    net.run_until_recorded(limit, 1).expect("sixty bits, thirty, fifteen");
    assert_eq!(net.rows(0)[0].record.difficulty.bits(), 15);
}

#[test]
fn a_leader_that_does_not_ease_its_challenge_is_replaced() {
    let mut net = Scenario::seed(32).challenges(60, 60).hashes_per_second(1e5).start();
    net.run_until(SOON, "challenge", phases()[2].1).expect("the leader asks");
    let leader = net.leader().expect("it asks");
    net.crash(leader);
    net.run_until_recorded(Duration::from_secs(200), 1).expect("another leader eases it");
}

#[test]
fn a_lone_peer_that_was_cut_off_does_not_depose_the_leader() {
    let mut net = Scenario::seed(33).start();
    net.run_until_recorded(SOON, 3).expect("nothing is in the way");
    let leader = net.leader();
    let lone = (0..10).find(|peer| Some(*peer) != leader).expect("ten are more");
    net.partition([lone]);
    net.run_for(Duration::from_secs(30)).expect("nothing wrong is recorded");
    net.mend();
    let rows = net.rows((lone + 1) % 10).len();
    net.run_until_recorded(SOON, rows + 10).expect("the lone one catches up");
    assert_eq!(net.leader(), leader);
}

/// Returns the topic of the default variant with this name.
fn ours(name: &str) -> String {
    format!("althing/{name}")
}

/// Publishes garbage of every kind on every topic, as a non-member could.
fn garbage(net: &mut Simulation) {
    let member = net.id(1).number();
    let row = net.rows(1).len();
    let long = format!("{{\"id\": {member}, \"pad\": \"{}\"}}", "x".repeat(1 << 20));
    for topic in ["init", "election", "challenge", "solution", "voting", "sync", "lost"] {
        let topic = &ours(topic);
        for payload in ["", "hello", "[]", "{}", "null", "{\"id\": \"x\"}", &long] {
            net.inject(topic, payload.as_bytes());
        }
    }
    for id in [member, 99] {
        for transaction in ["-1", "0", "99999", &row.to_string()] {
            let row = format!("\"id\": {id}, \"transaction\": {transaction}");
            let cause = format!("\"term\": 0, \"challenge\": 1, \"winner\": {id}");
            let words = [
                ("solution", format!("{{{row}, \"seed\": 6}}")),
                ("solution", format!("{{{row}, \"seed\": -6}}")),
                ("voting", format!("{{{row}, \"seed\": 6, \"vote\": true}}")),
                ("voting", format!("{{{row}, \"seed\": 6, \"vote\": true, {cause}}}")),
            ];
            for (topic, payload) in words {
                net.inject(&ours(topic), payload.as_bytes());
            }
        }
        net.inject(&ours("election"), format!("{{\"election\": 255, \"id\": {id}}}").as_bytes());
        net.inject(&ours("challenge"), format!("{{\"id\": {id}, \"challenge\": 60}}").as_bytes());
        net.inject(&ours("init"), format!("{{\"id\": {id}}}").as_bytes());
        net.inject(&ours("lost"), format!("{{\"id\": {id}}}").as_bytes());
    }
}

#[test]
fn what_strangers_say_changes_nothing() {
    let mut net = Scenario::seed(34).signed().start();
    net.run_until_recorded(SOON, 3).expect("nothing is in the way");
    let leader = net.leader();
    for _ in 0..40 {
        garbage(&mut net);
        net.run_for(Duration::from_millis(60)).expect("nothing wrong is recorded");
    }
    assert!(net.summary().refused > 0);
    let rows = net.rows(0).len();
    net.run_until_recorded(SOON, rows + 10).expect("garbage does not stop any peer");
    assert_eq!(net.leader(), leader);
}

#[test]
fn a_vote_in_the_name_of_another_is_refused_by_all() {
    let mut net = Scenario::seed(35).signed().challenges(20, 20).start();
    net.run_until(SOON, "challenge", phases()[2].1).expect("the leader asks");
    let (voter, winner) = (net.id(1).number(), net.id(2).number());
    let forged = format!(
        "{{\"id\": {voter}, \"transaction\": 0, \"seed\": 230540, \"vote\": true, \"term\": 0, \
         \"challenge\": 20, \"winner\": {winner}, \"sign\": \"{}\"}}",
        "00".repeat(64)
    );
    net.inject(&ours("voting"), forged.as_bytes());
    net.run_for(Duration::from_millis(1)).expect("nothing wrong is recorded");
    let reasons = refusals(&net);
    let wrong = reasons.iter().filter(|reason| **reason == Refusal::SignatureWrong).count();
    assert_eq!(wrong, 9, "all but the one who is meant: {reasons:?}");
    assert!(reasons.contains(&Refusal::Impersonation), "and that one says so: {reasons:?}");
    assert!(!saw(&net, |event| matches!(event, Event::VoteCast { .. })));
}

/// Publishes the last wills of all peers, as a stranger can, and lets a tenth of a second pass.
fn forge_wills(net: &mut Simulation) {
    for peer in 0..10 {
        let id = net.id(peer).number();
        net.inject(&ours("lost"), format!("{{\"id\": {id}}}").as_bytes());
    }
    net.run_for(Duration::from_millis(100)).expect("nothing wrong is recorded");
}

/// Returns a network whose rounds take half a minute, in which each leader is silent but for what
/// it repeats.
fn slow_rounds(seed: u64) -> Simulation {
    let scenario = Scenario::seed(seed).signed().challenges(20, 20).hashes_per_second(3_500.0);
    let mut net = scenario.last_wills(Duration::from_millis(1)).start();
    net.run_until(SOON, "challenge", phases()[2].1).expect("the leader asks");
    net
}

#[test]
fn forged_last_wills_depose_no_leader_and_nobody_is_taken_for_lost() {
    for seed in 36..41 {
        let mut net = slow_rounds(seed);
        let (leader, delivered) = (net.leader(), net.delivered());
        for _ in 0..200 {
            forge_wills(&mut net);
        }
        assert_eq!(net.leader(), leader, "seed {seed}");
        assert!(!saw(&net, |event| matches!(event, Event::PeerLost { .. })), "seed {seed}");
        // Each will reaches ten peers, each question and its answer too; two of both a second.
        let (wills, each_peer) = (200 * 10 * 10, 20 * 10 * 10 * (4 + 2 * 4));
        let delivered = net.delivered() - delivered;
        assert!(delivered < wills + each_peer, "seed {seed}: {delivered} deliveries");
    }
}

/// Kills the leader, and returns how long it takes until another one leads.
fn time_to_replace(net: &mut Simulation, mut meanwhile: impl FnMut(&mut Simulation)) -> Duration {
    let (leader, killed) = (net.leader().expect("there is one"), net.now());
    net.crash(leader);
    while net.leader() == Some(leader) {
        meanwhile(net);
        assert!(net.now() - killed < SOON, "nobody leads");
    }
    net.now() - killed
}

#[test]
fn a_leader_that_is_killed_is_replaced_within_a_second_and_a_half() {
    for seed in 41..51 {
        let mut net = slow_rounds(seed);
        let took = time_to_replace(&mut net, |net| {
            net.run_for(Duration::from_millis(1)).expect("nothing wrong is recorded");
        });
        assert!(took < Duration::from_millis(1_500), "seed {seed}: {took:?}");
    }
}

#[test]
fn a_leader_that_is_killed_among_forged_last_wills_is_replaced_half_a_second_later() {
    for seed in 51..61 {
        let mut net = slow_rounds(seed);
        (0..20).for_each(|_| forge_wills(&mut net));
        let took = time_to_replace(&mut net, forge_wills);
        assert!(took < Duration::from_millis(2_100), "seed {seed}: {took:?}");
    }
}
