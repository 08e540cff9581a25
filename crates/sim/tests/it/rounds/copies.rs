//! Disks that are copied while they are in use, and old ones that come back (rules I1 to I6).

use std::time::Duration;

use althing_engine::Engine;
use althing_engine::rounds::{Equivocation, Event, Waiting};
use althing_sim::rounds::{Fault, Network, Reason, Scenario, Simulation, Stuck, Violation};
use althing_sim::{Conditions, LastWills, Planned, Who};
use althing_types::Moment;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::SOON;

/// How long things go wrong in each run.
const TROUBLE: Duration = Duration::from_secs(8);

/// The member whose disk is copied, or rolled back; no other member's ever is.
const VICTIM: usize = 0;

/// What goes wrong, and when, in order.
type Faults = Vec<(Duration, Fault)>;

/// Returns a small network, and how one member runs twice or with an old disk while all are killed
/// again and again.
fn trouble(seed: u64) -> (Scenario, Faults) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let peers = [3, 3, 4, 5][rng.random_range(0..4)];
    let network = [Network::ElectChain, Network::ElectChain, Network::Sd, Network::Ppd]
        [rng.random_range(0..4)];
    let loss_percent = [0, 0, 5, 20][rng.random_range(0..4)];
    let scenario = Scenario::seed(seed)
        .peers(peers)
        .signed()
        .network(network)
        .pause(Duration::from_millis(10))
        .conditions(Conditions { loss_percent, ..Conditions::good() });
    let peers = usize::from(peers);
    let victim = Who::Peer(VICTIM);
    let mut faults =
        vec![Fault::CloneDisk(victim), Fault::BackUpDisk(victim), Fault::RollBackDisk(victim)];
    for _ in 0..40 {
        // The last two are the copy, and one that is not there.
        let peer = rng.random_range(0..peers + 2);
        faults.push(match rng.random_range(0..6) {
            0 | 1 => Fault::Crash(Who::Peer(peer)),
            2 | 3 => Fault::Restart(Who::Peer(peer)),
            4 => Fault::Partition(vec![peer, VICTIM]),
            _ => Fault::Mend,
        });
    }
    let mut at = || rng.random_range(Duration::from_millis(100)..TROUBLE);
    let mut faults: Faults = faults.into_iter().map(|fault| (at(), fault)).collect();
    faults.sort_by_key(|(at, _)| *at);
    (scenario, faults)
}

/// `SEED=N` runs that seed alone, and `SEED=N..M` those.
fn seeds() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("SEED") else { return 0..150 };
    let (from, to) = text.split_once("..").unwrap_or((&text, ""));
    let from = from.parse().expect("SEED is a number, or two");
    from..to.parse().unwrap_or(from + 1)
}

/// Runs it, and demands progress in the end. Every fourth network is troubled from its first
/// moment, before its members are settled.
fn run((scenario, faults): (Scenario, Faults), seed: u64) -> Result<(), Stuck> {
    let mut net = scenario.start();
    if !seed.is_multiple_of(4) {
        net.run_until_recorded(SOON, 1)?;
    }
    let begin = net.now();
    for (at, fault) in faults {
        net.run_for(begin + at - net.now())?;
        net.apply(&fault);
    }
    net.heal();
    net.run_until_recorded(SOON, net.longest() + 3)?;
    net.run_until_level(SOON)
}

#[test]
fn members_that_were_never_copied_have_one_table_whatever_a_copied_one_says() {
    let mut failed =
        seeds().filter_map(|seed| run(trouble(seed), seed).err().map(|stuck| (seed, stuck)));
    if let Some((seed, stuck)) = failed.next() {
        let more: Vec<u64> = failed.map(|(seed, _)| seed).collect();
        panic!("SEED={seed}, and {more:?}: {stuck}");
    }
}

/// The test before this one proves nothing unless it can fail.
#[test]
fn without_asking_the_others_copies_make_two_tables() {
    let mut seeds = 0..150;
    let two_tables = seeds.any(|seed| {
        let (scenario, faults) = trouble(seed);
        let outcome = run((scenario.vouched(), faults), seed);
        let is_two =
            |stuck: &Stuck| matches!(stuck.reason, Reason::Violation(Violation::TwoTables { .. }));
        outcome.as_ref().is_err_and(is_two)
    });
    assert!(two_tables);
}

/// A network in which one member's disk is copied, or put back, while most others have not started
/// yet, so that no members are settled.
fn founded_late(seed: u64) -> Result<(), Stuck> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let peers = [3, 4, 5][rng.random_range(0..3)];
    let network = [Network::ElectChain, Network::Sd, Network::Ppd][rng.random_range(0..3)];
    let scenario = Scenario::seed(seed).peers(peers).signed().network(network);
    let mut net = scenario.pause(Duration::from_millis(10)).start();
    let peers = usize::from(peers);
    (1..peers).filter(|peer| *peer > usize::from(seed % 2 == 1)).for_each(|peer| net.crash(peer));
    net.run_for(rng.random_range(Duration::ZERO..Duration::from_secs(2)))?;
    for _ in 0..rng.random_range(1..3) {
        match rng.random_range(0..3) {
            0 => net.clone_disk(VICTIM),
            1 => {
                net.crash(VICTIM);
                net.clone_disk(VICTIM);
            }
            _ => {
                net.back_up_disk(VICTIM);
                net.run_for(rng.random_range(Duration::ZERO..Duration::from_secs(1)))?;
                net.roll_back_disk(VICTIM);
            }
        }
        net.run_for(rng.random_range(Duration::ZERO..Duration::from_millis(500)))?;
        net.restart(VICTIM);
    }
    for peer in 1..peers {
        net.restart(peer);
        net.run_for(rng.random_range(Duration::ZERO..Duration::from_secs(1)))?;
    }
    // One that may have fallen silent, or its copy.
    if rng.random_range(0..2) == 0 {
        net.crash(VICTIM);
        net.run_for(rng.random_range(Duration::ZERO..Duration::from_secs(12)))?;
        net.restart(VICTIM);
    }
    net.run_until_recorded(SOON, net.longest() + 3)?;
    net.run_until_level(SOON)
}

#[test]
fn data_that_were_copied_before_there_were_members_hold_up_no_network() {
    let mut failed = seeds().filter_map(|seed| founded_late(seed).err().map(|stuck| (seed, stuck)));
    if let Some((seed, stuck)) = failed.next() {
        let more: Vec<u64> = failed.map(|(seed, _)| seed).collect();
        panic!("SEED={seed}, and {more:?}: {stuck}");
    }
}

#[test]
fn a_silenced_copy_is_forgotten_where_there_are_no_members_yet() {
    for peers in [3, 4, 5] {
        let mut net = Scenario::seed(u64::from(peers)).peers(peers).extra(1).signed().start();
        let peers = usize::from(peers);
        (1..=peers).for_each(|peer| net.crash(peer));
        net.run_for(Duration::from_secs(1)).expect("nothing is wrong");
        net.clone_disk(VICTIM);
        let copied = |net: &Simulation| net.disk(VICTIM).recovered().state.start.copied;
        net.run_until(SOON, "silence of the original", copied).expect("it hears the copy");
        // The copy is gone for good, and all others have never heard of it.
        let copy = peers + 1;
        net.crash(copy);
        (1..=peers).for_each(|peer| net.restart(peer));
        net.run_until_recorded(SOON, 3).expect("the others are enough");
        let silenced = net.id(VICTIM);
        let members = net.disk(1).recovered().state.members.clone().expect("they are settled");
        assert!(members.iter().all(|(member, _)| *member != silenced), "{members:?}");
        assert_eq!(members.len(), peers);
    }
}

#[test]
fn one_backup_may_be_restored_again_and_again() {
    for peers in [3, 4, 5] {
        let scenario = Scenario::seed(3).peers(peers).signed().pause(Duration::from_millis(20));
        let mut net = scenario.start();
        net.run_until_recorded(SOON, 3).expect("nothing is wrong");
        net.back_up_disk(VICTIM);
        let peers = usize::from(peers);
        for time in 0..4 {
            net.run_until_recorded(SOON, net.longest() + 3).expect("nothing is wrong");
            net.roll_back_disk(VICTIM);
            net.run_for(Duration::from_secs(5)).expect("nothing is wrong");
            // Its vote is needed now, perhaps in a term in which it may not vote.
            let gone = peers / 2 + 1..peers;
            gone.clone().for_each(|peer| net.crash(peer));
            let voted = net.run_until_recorded(SOON, net.longest() + 3);
            voted.unwrap_or_else(|stuck| panic!("{peers} members, time {time}: {stuck}"));
            gone.for_each(|peer| net.restart(peer));
            net.run_until_level(SOON).expect("all are here again");
        }
        assert!(!net.disk(VICTIM).recovered().state.start.copied);
    }
}

/// Returns whether a peer has voted itself since then.
fn votes_since(net: &Simulation, peer: usize, since: Moment) -> bool {
    let is_own =
        |event: &Event| matches!(event, Event::VoteCast { voter, .. } if *voter == net.id(peer));
    net.events().any(|(at, who, event)| who == peer && at > since && is_own(event))
}

fn saw(net: &Simulation, peer: usize, is_it: impl Fn(&Event) -> bool) -> bool {
    net.events().any(|(_, who, event)| who == peer && is_it(event))
}

fn five() -> Simulation {
    let mut net = Scenario::seed(3).peers(5).signed().pause(Duration::from_millis(20)).start();
    net.run_until_recorded(SOON, 3).expect("nothing is wrong");
    net
}

#[test]
fn the_earlier_of_two_copies_falls_silent_and_the_later_goes_on() {
    let mut net = five();
    net.clone_disk(1);
    let copied = |net: &Simulation, peer: usize| net.disk(peer).recovered().state.start.copied;
    net.run_until(SOON, "end of the original", |net| copied(net, 1)).expect("it hears the copy");
    net.run_until_recorded(SOON, net.longest() + 5).expect("four and the copy go on");
    assert!(!copied(&net, 5));
    let summary = net.summary();
    assert_eq!((summary.peers, summary.copies), (5, 1));
    assert!(summary.to_string().starts_with("seed 3: 5 peers and 1 copy for "), "{summary}");
    // For good: a restart finds it on the disk.
    net.crash(1);
    net.restart(1);
    net.run_for(Duration::from_secs(5)).expect("nothing is wrong");
    let status = net.engine(1).expect("it is up").status();
    assert!(status.copied);
    assert_eq!(status.waiting, Some(Waiting::Copied));
    // And does not end the other, whose vote is needed now.
    net.crash(3);
    net.crash(4);
    net.run_until_recorded(SOON, net.longest() + 3).expect("the copy votes");
    assert!(!copied(&net, 5));
}

#[test]
fn of_two_copies_that_start_with_one_number_one_goes_on_and_the_others_can_prove_it() {
    let mut net = five();
    net.crash(1);
    net.clone_disk(1);
    net.restart(1);
    let copied = |net: &Simulation, peer: usize| net.disk(peer).recovered().state.start.copied;
    let since = net.now();
    let is_settled = |net: &Simulation| {
        let voted = [1, 5].map(|peer| !copied(net, peer) && votes_since(net, peer, since));
        copied(net, 1) != copied(net, 5) && voted.contains(&true)
    };
    net.run_until(SOON, "end of one and vote of the other", is_settled).expect("one goes on");
    net.crash(3);
    net.crash(4);
    net.run_until_recorded(SOON, net.longest() + 5).expect("two others and one of them go on");
    assert_ne!(copied(&net, 1), copied(&net, 5));
    for peer in [0, 2] {
        let equivocations = &net.disk(peer).recovered().state.equivocations;
        let [Equivocation::Starts(both)] = &equivocations[..] else {
            panic!("{peer} has {equivocations:?}");
        };
        assert_eq!((both[0].peer, both[1].peer), (net.id(1), net.id(1)));
        assert_eq!(both[0].start.number, both[1].start.number);
        assert_ne!(both[0].start.nonce, both[1].start.nonce);
        assert!(saw(&net, peer, |event| matches!(event, Event::Equivocated(_))), "{peer}");
    }
}

#[test]
fn a_member_with_an_old_disk_takes_its_seat_again_and_contradicts_nothing() {
    let mut net = five();
    net.back_up_disk(1);
    net.run_until_recorded(SOON, net.longest() + 5).expect("nothing is wrong");
    net.roll_back_disk(1);
    net.run_until(SOON, "old table", |net| net.rows(1).len() > 8).expect("it catches up");
    // With two of five gone its vote is needed.
    net.crash(3);
    net.crash(4);
    net.run_until_recorded(SOON, net.longest() + 3).expect("it votes again");
    for peer in [0, 2] {
        assert_eq!(net.disk(peer).recovered().state.equivocations, []);
    }
}

#[test]
fn a_member_that_has_started_again_waits_for_enough_of_the_others_and_says_so() {
    let mut net = Scenario::seed(4).peers(3).signed().pause(Duration::from_millis(20)).start();
    net.run_until_recorded(SOON, 3).expect("nothing is wrong");
    net.crash(1);
    net.crash(2);
    net.restart(1);
    net.run_for(Duration::from_secs(5)).expect("nothing is wrong");
    let waiting = Waiting::Confirmation { confirmed: 1, needed: 2, missing: vec![net.id(2)] };
    let waiting = Event::Waiting(waiting);
    assert!(saw(&net, 1, |event| *event == waiting));
    net.restart(2);
    net.run_until_recorded(SOON, net.longest() + 3).expect("all three answer each other");
}

#[test]
fn all_members_come_back_after_a_power_cut() {
    for (seed, network) in [Network::ElectChain, Network::Sd, Network::Ppd].into_iter().enumerate()
    {
        let scenario = Scenario::seed(seed as u64).peers(4).signed().network(network);
        let mut net = scenario.pause(Duration::from_millis(20)).start();
        for _ in 0..3 {
            net.run_until_recorded(SOON, net.longest() + 2).expect("nothing is wrong");
            (0..4).for_each(|peer| net.crash(peer));
            net.restart_broker(Duration::from_millis(100), LastWills::Published);
            (0..4).for_each(|peer| net.restart(peer));
        }
        net.run_until_recorded(SOON, net.longest() + 2).expect("all answer each other");
        net.assert_one_table();
    }
}
