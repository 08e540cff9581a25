//! Each word for a fault does what it says, and the network gets over it.

use std::time::Duration;

use althing_engine::rounds::Event;
use althing_sim::rounds::{Fault, Scenario, Simulation};
use althing_sim::{LastWills, Latency, Planned, Skew, What, Who};

use super::SOON;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A network that has been at it for a few rows.
fn running(seed: u64) -> Simulation {
    let pause = Duration::from_millis(100);
    let mut net = Scenario::seed(seed).peers(5).pause(pause).history(4096).start();
    net.run_until_recorded(SOON, 3).expect("nothing is in the way");
    net
}

fn follower(net: &Simulation) -> usize {
    net.up().find(|peer| Some(*peer) != net.leader()).expect("there are followers")
}

fn goes_on(net: &mut Simulation) {
    let rows = net.longest();
    net.run_until_recorded(SOON, rows + 5).unwrap_or_else(|stuck| panic!("{stuck}"));
    net.run_until_level(SOON).unwrap_or_else(|stuck| panic!("{stuck}"));
    net.assert_one_table();
}

#[test]
fn a_paused_peer_does_nothing_and_then_catches_up_at_once() {
    let mut net = running(1);
    let peer = follower(&net);
    net.pause(peer);
    let rows = net.rows(peer).len();
    net.run_for(seconds(3)).expect("nothing wrong is recorded");
    assert_eq!(net.rows(peer).len(), rows);
    assert!(net.longest() > rows + 10);
    net.resume(peer);
    net.run_for(Duration::from_millis(1)).expect("nothing wrong is recorded");
    assert!(net.longest() - net.rows(peer).len() <= 1, "all that waited came at once");
    goes_on(&mut net);
}

#[test]
fn a_paused_leader_is_replaced_and_follows_when_it_goes_on() {
    let mut net = running(2);
    let leader = net.leader().expect("there is one");
    net.pause(leader);
    let rows = net.longest();
    net.run_until(seconds(6), "new leader", |net| net.leader() != Some(leader)).expect("silence");
    net.run_until(SOON, "row", |net| net.longest() > rows + 1).expect("four are a majority");
    net.resume(leader);
    goes_on(&mut net);
}

#[test]
fn a_slow_peer_is_late_and_nobody_waits_for_it() {
    let mut net = running(3);
    let peer = follower(&net);
    net.slow(peer, Duration::from_millis(20));
    let rows = net.longest();
    net.run_for(seconds(3)).expect("nothing wrong is recorded");
    assert!(net.longest() > rows + 10, "four others are quick");
    net.slow(peer, Duration::ZERO);
    goes_on(&mut net);
}

#[test]
fn clocks_that_run_fast_or_slow_or_jump_make_no_difference_to_the_table() {
    let mut net = running(4);
    for (peer, percent) in [20, 50, 300, 1000].into_iter().enumerate() {
        net.skew(peer, Skew { percent, jump: seconds(100 * peer as u64) });
    }
    net.run_for(seconds(30)).expect("nothing wrong is recorded");
    goes_on(&mut net);
    net.heal();
    goes_on(&mut net);
}

#[test]
fn what_is_cut_one_way_still_goes_the_other() {
    let mut net = running(5);
    let leader = net.leader().expect("there is one");
    let deaf = follower(&net);
    for peer in 0..5 {
        net.cut(peer, deaf);
    }
    let rows = net.rows(deaf).len();
    net.run_for(seconds(5)).expect("nothing wrong is recorded");
    assert!(net.rows(deaf).len() <= rows + 1, "it hears nothing");
    assert_eq!(net.leader(), Some(leader), "and its wishes for another leader are one of five");
    net.mend();
    goes_on(&mut net);
}

#[test]
fn a_leader_that_is_heard_and_hears_nobody_is_replaced() {
    let mut net = running(6);
    let leader = net.leader().expect("there is one");
    for peer in 0..5 {
        net.cut(peer, leader);
    }
    let replaced = net.run_until(seconds(150), "new leader", |net| net.leader() != Some(leader));
    replaced.unwrap_or_else(|stuck| panic!("{stuck}"));
    net.mend();
    goes_on(&mut net);
}

#[test]
fn a_partition_that_comes_and_goes_ends_in_one_table() {
    let mut net = running(7);
    net.flap([0, 1], Duration::from_millis(700));
    net.run_for(seconds(20)).expect("nothing wrong is recorded");
    net.mend();
    goes_on(&mut net);
}

#[test]
fn a_broker_that_restarts_forgets_what_was_under_way_and_the_rows_go_on() {
    let mut net = running(8);
    net.delay(Latency::Fixed(Duration::from_millis(50)));
    net.run_for(seconds(2)).expect("nothing wrong is recorded");
    let before = net.summary();
    net.restart_broker(seconds(2), LastWills::Published);
    net.run_for(seconds(2)).expect("nothing wrong is recorded");
    assert_eq!(net.summary().decided, before.decided, "no peer hears another");
    assert!(net.summary().published > before.published, "though they speak");
    goes_on(&mut net);
}

#[test]
fn the_last_will_of_a_dead_leader_speeds_up_the_election() {
    let time_to_replace = |with_last_wills: bool| {
        let scenario = Scenario::seed(9).peers(5);
        let last_wills = Duration::from_millis(10);
        let scenario = if with_last_wills { scenario.last_wills(last_wills) } else { scenario };
        let mut net = scenario.start();
        net.run_until_recorded(SOON, 3).expect("nothing is in the way");
        let (leader, before) = (net.leader().expect("there is one"), net.now());
        net.crash(leader);
        let replaced = net.run_until(SOON, "new leader", |net| net.leader() != Some(leader));
        replaced.expect("four elect another");
        net.now() - before
    };
    assert!(time_to_replace(true) < time_to_replace(false));
}

#[test]
fn damaged_messages_are_refused_and_the_rows_go_on() {
    let mut net = Scenario::seed(10).peers(5).signed().pause(Duration::from_millis(100)).start();
    net.corrupt(30);
    net.run_for(seconds(10)).expect("nothing wrong is recorded");
    assert!(net.summary().refused > 0);
    net.heal();
    goes_on(&mut net);
}

#[test]
fn a_peer_that_dies_at_each_of_its_outputs_in_turn_keeps_its_word() {
    for outputs in 0..40 {
        for seed in 0..4 {
            let mut net = Scenario::seed(seed).peers(4).start();
            let peer = usize::try_from(seed).expect("a small number");
            net.run_for(Duration::from_millis(5)).expect("nothing wrong is recorded");
            net.crash_after(peer, outputs);
            net.run_for(seconds(1)).unwrap_or_else(|stuck| panic!("{outputs}: {stuck}"));
            net.restart(peer);
            let rows = net.longest();
            net.run_until_recorded(SOON, rows + 2)
                .unwrap_or_else(|stuck| panic!("{outputs}: {stuck}"));
        }
    }
}

#[test]
fn all_peers_die_at_once_and_the_table_goes_on_where_it_was() {
    let mut net = running(11);
    for round in 0..5 {
        let rows = net.longest();
        (0..5).for_each(|peer| net.crash(peer));
        net.run_for(seconds(1)).expect("nothing wrong is recorded");
        (0..5).for_each(|peer| net.restart(peer));
        goes_on(&mut net);
        assert!(net.longest() >= rows + 5, "round {round}");
    }
}

#[test]
fn strangers_with_ever_smaller_ids_do_not_fill_the_memory_of_those_who_gather() {
    let mut net = Scenario::seed(12).peers(3).extra(0).start();
    net.partition([0]);
    for id in (1..2000_u64).rev() {
        net.inject("althing/init", format!("{{\"id\": {id}}}").as_bytes());
        net.run_for(Duration::from_millis(100)).unwrap_or_else(|stuck| panic!("{stuck}"));
    }
    net.mend();
    // The strangers are forgotten, and the three find each other.
    goes_on(&mut net);
}

#[test]
fn a_stranger_who_announces_a_peer_without_its_key_does_not_keep_it_out() {
    let mut net = Scenario::seed(13).peers(4).signed().start_within(seconds(1)).start();
    for peer in 0..4 {
        let id = net.id(peer).number();
        net.inject("althing/init", format!("{{\"id\": {id}}}").as_bytes());
    }
    goes_on(&mut net);
}

#[test]
fn the_summary_tells_how_long_it_took_to_recover() {
    let mut net = Scenario::seed(14)
        .peers(5)
        .pause(Duration::from_millis(100))
        .at(seconds(5), Fault::Crash(Who::Leader))
        .at(seconds(15), Fault::Restart(Who::Peer(0)))
        .start();
    net.run_for(seconds(30)).expect("nothing wrong is recorded");
    let summary = net.summary();
    assert_eq!(summary.faults, 2);
    assert!(summary.changes >= 2, "{summary}");
    assert!(summary.decided > 100, "{summary}");
    let recovery = summary.recovery.expect("there were faults");
    assert_eq!(recovery.count, 2);
    // Silence for two seconds, its notice, and an election.
    assert!((seconds(2)..seconds(4)).contains(&recovery.max), "{summary}");
    let per_round = summary.published_per_decision_and_peer().expect("there were rounds");
    assert!((1.0..4.0).contains(&per_round), "{summary}");
}

#[test]
fn a_diagram_shows_who_crashes_what_does_not_reach_it_and_where_votes_arrive() {
    let mut net = Scenario::seed(16).peers(3).rounds(20).start();
    net.run_until_recorded(SOON, 1).expect("nothing is in the way");
    let leader = net.leader().expect("a row was decided");
    net.crash(leader);
    net.run_until_recorded(SOON, 3).expect("two of three are left");
    net.restart(leader);
    net.run_until_recorded(SOON, 5).expect("all are back");
    let trace = net.trace(Duration::ZERO..Duration::MAX);
    let text = trace.to_string();
    for part in [
        format!("peer {leader} is down\n"),
        format!("(does not reach peer {leader})\n"),
        format!("peer {leader} is up again\n"),
    ] {
        assert!(text.contains(&part), "{part} is missing:\n{text}");
    }
    // The leader votes first, while all are there, and each of the two others hears it.
    let first_vote = trace.steps.iter().find_map(|step| match &step.what {
        What::Sent { is_counted: true, by, arrivals, .. } => Some((*by, arrivals.clone())),
        _ => None,
    });
    let (by, arrivals) = first_vote.expect("a row was decided by votes");
    let heard = arrivals.iter().filter(|arrival| !arrival.is_lost).count();
    assert_eq!((by, heard), (Some(leader), 2), "{text}");
    // What is under way to a peer that crashes is lost as well.
    let lost_at_it = trace.steps.iter().any(|step| match &step.what {
        What::Sent { arrivals, .. } => {
            arrivals.iter().any(|arrival| arrival.is_lost && arrival.peer == leader)
        }
        _ => false,
    });
    assert!(lost_at_it, "{text}");
}

#[test]
fn the_trace_of_a_round_shows_who_said_what() {
    let mut net = Scenario::seed(15).peers(3).rounds(1).start();
    net.run_until_recorded(SOON, 1).expect("nothing is in the way");
    net.run_until(SOON, "end", |net| {
        net.events().any(|(_, _, event)| matches!(event, Event::AllRecorded))
    })
    .expect("three know of each other");
    let trace = net.trace(Duration::ZERO..Duration::MAX);
    assert!(!trace.forgotten);
    let text = trace.to_string();
    for part in ["says: I am here", "find ", " solves row 0", "yes to ", "records row 0"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    let diagram = althing_sim::mermaid(&trace);
    assert!(diagram.contains("participant P2 as peer 2"), "{diagram}");
    assert!(althing_sim::svg(&trace).ends_with("</svg>\n"));
}
