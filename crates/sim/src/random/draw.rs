//! How stories are drawn.

use std::time::Duration;

use althing_engine::rounds::{Decision, Election, ElectionEvery, Rules, Tie};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::story::Story;
use crate::byzantine::Role;
use crate::chance::{Stream, generator, happens};
use crate::clock::Skew;
use crate::conditions::{Conditions, Latency};
use crate::fault::{Fault, Who, Wills};
use crate::scenario::{Network, Scenario};

/// Most faults in a story.
const FAULTS_MAX: usize = 16;

/// Returns the story of a seed.
pub(super) fn story(seed: u64) -> Story {
    let mut rng = generator(seed, Stream::Drawing);
    if happens(4, &mut rng) { arrivals(seed, &mut rng) } else { members(seed, &mut rng) }
}

/// A network that counts arrivals: it promises something only while all see one order.
fn arrivals(seed: u64, rng: &mut ChaCha8Rng) -> Story {
    let scenario = Scenario::seed(seed)
        .published()
        .peers(pick(&[3, 5, 10], rng))
        .start_within(Duration::from_millis(rng.random_range(0..1000)));
    Story { scenario, trouble: millis(1..3000, rng), rules: "" }
}

fn members(seed: u64, rng: &mut ChaCha8Rng) -> Story {
    let peers: u16 = pick(&[1, 3, 3, 4, 5, 5, 6, 7, 8, 10, 10, 13], rng);
    let mut scenario = Scenario::seed(seed).peers(peers);
    let is_signed = happens(60, rng);
    scenario = match is_signed {
        false => scenario.pause(Duration::from_millis(pick(&[0, 0, 10, 200], rng))),
        true => {
            let scenario = if rng.random() { scenario.signed() } else { scenario.signed_by_all() };
            scenario.pause(Duration::from_millis(pick(&[50, 200, 1000], rng)))
        }
    };
    let (rules, change) = rules(rng);
    if let Some(change) = change {
        scenario = scenario.rules(change);
    }
    // With more strangers than that, or rules of half the votes, two rosters may both decide.
    if happens(15, rng) && peers.is_multiple_of(2) && change.is_none() {
        scenario = scenario.extra(1);
    }
    if rng.random() {
        scenario = scenario.last_wills(millis(1..3000, rng));
    }
    scenario = scenario
        .conditions(conditions(is_signed, rng))
        .start_within(Duration::from_millis(1 << rng.random_range(0..12)));
    let trouble = millis(1000..12_000, rng);
    if is_signed && peers >= 4 && rng.random() {
        let roles: Vec<Role> =
            Role::ALL.into_iter().filter(|role| role.keeps_one_table(peers.into())).collect();
        scenario = scenario.with(rng.random_range(0..peers.into()), pick(&roles, rng));
    }
    for _ in 0..rng.random_range(0..=FAULTS_MAX) {
        let at = rng.random_range(Duration::ZERO..trouble);
        let fault = fault(scenario.plan.peers, is_signed, rng);
        scenario = scenario.at(at, fault);
    }
    scenario.plan.faults.sort_by_key(|(at, _)| *at);
    if change.is_none() && scenario.plan.peers == usize::from(peers) {
        scenario = scenario.network(network(is_signed, rng));
    }
    Story { scenario, trouble, rules }
}

fn network(is_signed: bool, rng: &mut ChaCha8Rng) -> Network {
    match rng.random_range(0..4) {
        0 => Network::Sd,
        1 if is_signed => Network::Ppd,
        _ => Network::ElectChain,
    }
}

type Change = fn(&mut Rules);

fn rules(rng: &mut ChaCha8Rng) -> (&'static str, Option<Change>) {
    const OTHERS: [(&str, Change); 4] = [
        (", who elect by plurality", |rules| {
            rules.election = Election::Plurality { tie: Tie::LargestId };
        }),
        (", who elect after each row", |rules| {
            rules.election_every = ElectionEvery::Transaction;
        }),
        (", half of whom decide", |rules| rules.decision = Decision::AtLeastHalf),
        (", whose leader decides", |rules| rules.decision = Decision::Leader),
    ];
    if happens(60, rng) {
        return ("", None);
    }
    let (words, change) = pick(&OTHERS, rng);
    (words, Some(change))
}

fn conditions(is_signed: bool, rng: &mut ChaCha8Rng) -> Conditions {
    Conditions {
        latency: latency(rng),
        loss_percent: pick(&[0, 0, 5, 20, 40], rng),
        duplication_percent: pick(&[0, 0, 10, 50], rng),
        // Without signatures a damaged message can be a good one that nobody said.
        corruption_percent: if is_signed { pick(&[0, 0, 1, 5, 20], rng) } else { 0 },
    }
}

fn latency(rng: &mut ChaCha8Rng) -> Latency {
    let short = Duration::from_micros(rng.random_range(50..2000));
    let long = short + Duration::from_millis(1 << rng.random_range(0..9));
    match rng.random_range(0..3) {
        0 => Latency::Fixed(short),
        1 => Latency::Uniform(short..=long),
        _ => Latency::LongTailed { median: short, longest: 4 * long },
    }
}

fn fault(peers: usize, is_signed: bool, rng: &mut ChaCha8Rng) -> Fault {
    let who = match rng.random_range(0..3) {
        0 => Who::Leader,
        _ => Who::Peer(rng.random_range(0..peers)),
    };
    match rng.random_range(0..24) {
        0..=2 => Fault::Crash(who),
        3..=5 => Fault::CrashAfter(who, rng.random_range(0..8)),
        6..=9 => Fault::Restart(Who::Peer(rng.random_range(0..peers))),
        10 => Fault::Pause(who),
        11 => Fault::Resume(who),
        12 => Fault::Slow(who, Duration::from_micros(rng.random_range(1..20_000))),
        13 => Fault::Skew(
            who,
            Skew { percent: rng.random_range(10..1000), jump: millis(0..20_000, rng) },
        ),
        14 | 15 => Fault::Partition(side(peers, rng)),
        16 => {
            let mut peer = || Who::Peer(rng.random_range(0..peers));
            Fault::Cut { from: peer(), to: peer() }
        }
        17 => Fault::Flap { side: side(peers, rng), every: millis(10..2000, rng) },
        18 => Fault::Mend,
        19 => Fault::Lose(pick(&[0, 10, 40, 100], rng)),
        20 => Fault::Duplicate(pick(&[0, 20, 100], rng)),
        21 if is_signed => Fault::Corrupt(pick(&[0, 5, 50], rng)),
        21 | 22 => Fault::Delay(latency(rng)),
        _ => Fault::RestartBroker {
            down: millis(0..3000, rng),
            wills: if rng.random() { Wills::Said } else { Wills::Forgotten },
        },
    }
}

fn side(peers: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    (0..peers).filter(|_| rng.random()).collect()
}

fn millis(range: std::ops::Range<u64>, rng: &mut ChaCha8Rng) -> Duration {
    Duration::from_millis(rng.random_range(range))
}

fn pick<T: Copy>(from: &[T], rng: &mut ChaCha8Rng) -> T {
    from[rng.random_range(0..from.len())]
}
