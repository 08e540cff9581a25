//! Peers with a chain whose network is taken apart and put together again.

use std::net::{Ipv4Addr, SocketAddr};

use althing_testkit::{Relay, eventually_blocking, free_port};

use super::harness::{ChainPeer, Chains, QUICK_AVIARY, QUICK_CS60, QUICK_OPEN, add};
use crate::harness::Althing;

/// Five peers, who hear of each other only what a relay lets through.
struct Parted {
    chains: Chains,
    relay: Relay,
    public: Vec<SocketAddr>,
    peers: Vec<ChainPeer>,
}

const NAMES: [&str; 5] = ["peer-0", "peer-1", "peer-2", "peer-3", "peer-4"];

impl Parted {
    /// Starts the peers; `options` returns those of the peer with an index, where the first is at
    /// an address.
    fn start(network: &str, options: impl Fn(&Chains, usize, SocketAddr) -> String) -> Self {
        let chains = Chains::with(network);
        let mut relay = Relay::new();
        let real = NAMES.map(|_| free_address());
        let add = |real: &SocketAddr| relay.add(*real).expect("there are ports");
        let public: Vec<SocketAddr> = real.iter().map(add).collect();
        let start = |(index, name)| {
            let (listen, advertise) = (real[index], public[index]);
            let own = options(&chains, index, public[0]);
            chains.peer(name, &format!("--listen {listen} --advertise {advertise} {own}"))
        };
        let peers = NAMES.into_iter().enumerate().map(start).collect();
        Self { chains, relay, public, peers }
    }

    /// Has both sides of a partition take `entries`, each on its own, and returns when all have
    /// all of them, in one chain. `tie_breaker` returns an entry with a number, which decides
    /// between branches of equal work.
    fn part_and_heal(&self, entries: [&str; 2], tie_breaker: impl Fn(usize) -> String) {
        for peer in &self.peers {
            peer.meets(4);
        }
        self.relay.partition(self.public[..2].iter().copied());
        for (name, entry) in ["peer-1", "peer-2"].into_iter().zip(entries) {
            add(&self.chains, name, entry);
        }
        let sides = [self.chains.entries("peer-0"), self.chains.entries("peer-4")];
        for (side, other) in [(0, 1), (1, 0)] {
            let has = |entry: &str| sides[side].iter().any(|found| found == entry);
            assert!(has(entries[side]) && !has(entries[other]), "{sides:?}");
        }
        self.relay.heal();
        let mut number = 0;
        eventually_blocking("one chain with all entries", || {
            let all: Vec<_> = NAMES.iter().map(|name| self.chains.entries(name)).collect();
            let has_all = |chain: &Vec<String>| entries.iter().all(|entry| holds(chain, entry));
            if all.iter().all(|chain| *chain == all[0]) && has_all(&all[0]) {
                return Some(());
            }
            number += 1;
            add(&self.chains, NAMES[number % 5], &tie_breaker(number));
            None
        });
    }
}

fn holds(chain: &[String], entry: &str) -> bool {
    chain.iter().any(|found| found == entry)
}

/// Returns an address that is free, for a peer that is to be told it before it starts.
fn free_address() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().expect("there are ports")))
}

#[test]
fn aviary_finds_back_to_one_chain_after_a_partition() {
    let parted = Parted::start(QUICK_AVIARY, |chains, index, first| match index {
        0 => format!("--found {} --mine --name zero", chains.file("words.txt", "hello\n")),
        4 => format!("--contact {first} --mine --name four"),
        _ => format!("--contact {first}"),
    });
    parted.part_and_heal(["here", "there"], |number| format!("tie {number}"));
}

#[test]
fn the_open_network_finds_back_to_one_chain_after_a_partition() {
    // In its first hours a network is late and mines as fast as it can, so slow it down.
    let parted = Parted::start(QUICK_OPEN, |_, index, first| match index {
        0 => "--mine --name zero".to_owned(),
        4 => format!("--contact {first} --mine --name four"),
        _ => format!("--contact {first}"),
    });
    parted.part_and_heal(["here", "there"], |number| format!("tie {number}"));
}

#[test]
fn cs60_finds_back_to_one_chain_after_a_partition() {
    let tracker = Althing::start("tracker", ["tracker", "--listen", "127.0.0.1:0", "--json"]);
    let listening = tracker.wait_until("its address", |lines| {
        lines.iter().find_map(|line| line.said["address"].as_str().map(str::to_owned))
    });
    let options = format!("{QUICK_CS60} --entries texts --tracker {listening}");
    let parted = Parted::start(&options, |_, _, _| String::new());
    parted.part_and_heal(["here", "there"], |number| format!("tie {number}"));
}
