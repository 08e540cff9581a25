//! What the tests of networks with a chain have in common.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use althing_engine::nakamoto::Event;
use althing_ledger::Entry;
use althing_sim::Planned;
use althing_sim::chain::{Network, Scenario, Simulation};
use althing_types::{Height, PeerKey};

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn minutes(minutes: u64) -> Duration {
    seconds(60 * minutes)
}

/// Returns a network that keeps all of its events.
pub(crate) fn scenario(network: Network, seed: u64, peers: usize) -> Scenario {
    Scenario::seed(seed).network(network).peers(peers).history(1 << 17)
}

/// Returns the key of a peer of an open network.
pub(crate) fn key(peer: usize) -> PeerKey {
    Network::open(peer).public_key()
}

/// Returns the bans: which peer has banned which key.
pub(crate) fn bans(net: &Simulation) -> BTreeSet<(usize, PeerKey)> {
    let banned = net.events().filter_map(|(_, peer, event)| match event {
        Event::PeerBanned { key, .. } => Some((peer, *key)),
        _ => None,
    });
    banned.collect()
}

/// Lets all chains become one, and checks that it holds what it should.
pub(crate) fn assert_one_chain(net: &mut Simulation, limit: Duration) {
    let tip = net.run_until_one_chain(limit).unwrap_or_else(|stuck| panic!("{stuck}"));
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
