//! Networks with rounds and their faults, drawn from a seed.

use std::time::Duration;

use althing_engine::rounds::{Decision, Election, ElectionEvery, Rules, Tie};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Fault, Network, Role, Scenario, Simulation, Stuck};
use crate::chance::{Stream, generator, happens};
use crate::fault::Fault as AnyFault;
use crate::plan::Planned;
use crate::random::{self, FAULTS_MAX, Faults, Schedule, conditions, millis, pick};

/// Rows that must be recorded once the faults are over.
const ROWS_AFTER: usize = 3;

/// How long these rows may take.
const SOON: Duration = Duration::from_secs(60);

/// How long they may take with a dishonest member: if it leads and does nothing it is replaced
/// after a minute, and it may be elected several times.
const SOON_IF_BYZANTINE: Duration = Duration::from_secs(600);

impl random::Scenario for Scenario {
    const NAME: &'static str = "rounds";

    fn draw(seed: u64) -> Schedule<Self> {
        schedule(seed)
    }

    fn start(&self) -> Simulation {
        self.clone().start()
    }

    /// Demands that every honest peer records some more rows.
    fn settle(&self, net: &mut Simulation) -> Result<(), Stuck> {
        let is_byzantine = |(_, fault): &(_, Fault)| matches!(fault, AnyFault::Byzantine(..));
        let has_byzantine = self.plan.faults.iter().any(is_byzantine);
        let soon = if has_byzantine { SOON_IF_BYZANTINE } else { SOON };
        net.run_until_recorded(soon, net.longest() + ROWS_AFTER)?;
        net.run_until_level(soon)
    }
}

/// Returns the schedule of a seed.
fn schedule(seed: u64) -> Schedule<Scenario> {
    let mut rng = generator(seed, Stream::Drawing);
    if happens(4, &mut rng) { arrivals(seed, &mut rng) } else { members(seed, &mut rng) }
}

/// A network that counts arrivals: it promises something only while all see one order.
fn arrivals(seed: u64, rng: &mut ChaCha8Rng) -> Schedule<Scenario> {
    let scenario = Scenario::seed(seed)
        .published()
        .peers(pick(&[3, 5, 10], rng))
        .start_within(Duration::from_millis(rng.random_range(0..1000)));
    Schedule { scenario, trouble: millis(1..3000, rng) }
}

fn members(seed: u64, rng: &mut ChaCha8Rng) -> Schedule<Scenario> {
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
    let (text, change) = rules(rng);
    if let Some(change) = change {
        scenario = scenario.rules(change);
        scenario.rules = text;
    }
    // With more non-members, or if half of the votes decide, two memberships may both decide.
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
            Role::ALL.into_iter().filter(|role| can_play(*role, peers.into())).collect();
        scenario = scenario.byzantine(rng.random_range(0..peers.into()), pick(&roles, rng));
    }
    for _ in 0..rng.random_range(0..=FAULTS_MAX) {
        let at = rng.random_range(Duration::ZERO..trouble);
        let faults = Faults { peers: scenario.plan.peers, corrupts: is_signed, on_bus: true };
        let fault = faults.draw(rng);
        scenario = scenario.at(at, fault);
    }
    scenario.plan.faults.sort_by_key(|(at, _)| *at);
    if change.is_none() && scenario.plan.peers == usize::from(peers) {
        scenario = scenario.network(network(is_signed, rng));
    }
    Schedule { scenario, trouble }
}

/// Returns whether the others keep one table and go on with such a member. One that speaks plainly
/// announces no key; where keys are required it is no member, and the rest wait for one.
fn can_play(role: Role, peers: usize) -> bool {
    role.keeps_one_table(peers) && role != Role::SpeaksPlainly
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
            rules.election = Election::plurality(Tie::LargestId);
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
    let (text, change) = pick(&OTHERS, rng);
    (text, Some(change))
}
