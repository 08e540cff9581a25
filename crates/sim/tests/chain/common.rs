use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::ChainDialect;
use althing_dialect::aviary::{self, Aviary};
use althing_dialect::cs60::{self, Cs60};
use althing_dialect::open::{self, Open};
use althing_engine::nakamoto::{Discovery, Event, Label};
use althing_ledger::{Entry, HexDigits, target_of_bits};
use althing_sim::chain::{Plan, Simulation, numbered_ballot};
use althing_types::{Height, PeerKey, UnixTime};

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn minutes(minutes: u64) -> Duration {
    seconds(60 * minutes)
}

/// Returns a network of `aviary` whose blocks take 256 hashes.
pub(crate) fn aviary(plan: Plan) -> Simulation {
    let difficulty = HexDigits::new(2).expect("at most 64");
    let config = aviary::Config { difficulty, ..aviary::Config::default() };
    Simulation::new(plan, Box::new(Aviary::new(config)))
}

/// Returns a network of `cs60` whose first blocks take 16 hashes, and later ones more.
pub(crate) fn cs60(plan: Plan) -> Simulation {
    let config = cs60::Config { zeros: 0, ..cs60::Config::default() };
    let plan = Plan { entry: numbered_ballot, ..plan };
    Simulation::new(plan, Box::new(Cs60::new(config)))
}

/// What a peer of an open network chooses: a block every ten seconds, of 256 hashes at least.
fn open_config(peer: usize) -> open::Config {
    let mut secret = [0; 32];
    secret[..8].copy_from_slice(&peer.to_be_bytes());
    let name = Label::new("simulated").expect("it is short");
    let timetable = open::Config::new(name, UnixTime::from_seconds(1_700_000_000), secret);
    open::Config {
        block_time: seconds(10),
        half_life_blocks: 18,
        easiest: target_of_bits(8),
        ..timetable
    }
}

/// Returns the dialect of one peer of an open network.
pub(crate) fn open_dialect(peer: usize) -> Open {
    Open::new(open_config(peer))
}

/// Returns an open network in which each peer has its key.
pub(crate) fn open(plan: Plan) -> Simulation {
    let plan = Plan { entry: numbered_note, ..plan };
    Simulation::of_each(plan, |peer| Arc::new(open_dialect(peer)))
}

/// Returns an open network whose peers meet by a tracker.
pub(crate) fn open_with_tracker(plan: Plan) -> Simulation {
    let plan = Plan { entry: numbered_note, ..plan };
    let config = |peer| open::Config { discovery: Discovery::Tracker, ..open_config(peer) };
    Simulation::of_each(plan, |peer| Arc::new(Open::new(config(peer))))
}

fn numbered_note(number: u64) -> Entry {
    open_dialect(0).entry(&format!("note {number}"), number).expect("it is short")
}

/// Returns which peers have banned whom.
pub(crate) fn bans(net: &Simulation) -> BTreeSet<(usize, PeerKey)> {
    let banned = net.events().filter_map(|(_, peer, event)| match event {
        Event::PeerBanned { key, .. } => Some((peer, *key)),
        _ => None,
    });
    banned.collect()
}

/// Lets all chains become one, and checks that it holds what it should.
pub(crate) fn assert_one_chain(net: &mut Simulation, limit: Duration) {
    let tip = net.run_until_one_chain(limit).unwrap_or_else(|failure| panic!("{failure}"));
    let most = net.honest().filter_map(|peer| net.tip(peer)).map(|tip| tip.work).max();
    assert_eq!(Some(tip.work), most);
}

/// Returns how often each entry is in the chain of a peer.
pub(crate) fn entries(net: &Simulation, peer: usize) -> BTreeMap<Entry, usize> {
    let mut counted = BTreeMap::new();
    let ledger = net.ledger(peer).expect("it is up");
    for entry in ledger.blocks_from(Height::GENESIS).flat_map(|block| block.entries().to_vec()) {
        *counted.entry(entry).or_default() += 1;
    }
    counted
}
