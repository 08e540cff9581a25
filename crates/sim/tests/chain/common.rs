use std::collections::BTreeMap;
use std::time::Duration;

use althing_dialect::aviary::{self, Aviary};
use althing_dialect::cs60::{self, Cs60};
use althing_ledger::{Entry, HexDigits};
use althing_sim::chain::{Plan, Simulation, numbered_ballot};
use althing_types::Height;

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
