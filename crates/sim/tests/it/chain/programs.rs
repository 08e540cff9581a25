//! Networks of `aviary` whose programs differ from the assignment, value by value.

use althing_dialect::profile::{
    AviaryRules, Choose, EmptyStats, GossipName, NetworkKind, NullReply, NumberForm, ReplyName,
    ReplyTo, StatsHeight, built_in,
};
use althing_engine::nakamoto::Event;
use althing_sim::Planned;
use althing_sim::chain::{Network, Simulation};

use super::common::{assert_one_chain, minutes, scenario};

fn usual() -> AviaryRules {
    AviaryRules::default()
}

/// Starts a network of such programs, of whom three mine.
fn start(programs: AviaryRules, seed: u64, peers: usize) -> Simulation {
    let scenario = scenario(Network::Aviary, seed, peers).programs(programs);
    scenario.miners(3).hashes_per_second(5.0).start()
}

fn run(net: &mut Simulation, time: std::time::Duration) {
    net.run_for(time).unwrap_or_else(|stuck| panic!("{stuck}"));
}

/// Has a network found its chain, be cut in two, lose peers, and be whole again.
fn assert_survives(programs: &AviaryRules, seed: u64) {
    let mut net = start(programs.clone(), seed, 8);
    run(&mut net, minutes(3));
    net.partition([0, 3, 4, 5]);
    net.crash(6);
    run(&mut net, minutes(3));
    net.restart(6);
    net.mend();
    run(&mut net, minutes(2));
    // Slowly, so that a fork is settled before the next one.
    net.set_hash_rate(0.5);
    assert_one_chain(&mut net, minutes(30));
    assert!(net.ledger(0).expect("it is up").length() > 3, "{programs:?}");
}

#[test]
fn a_network_of_each_value_has_one_chain_after_a_partition_and_a_crash() {
    let values = [
        AviaryRules { names: GossipName::Flood, reply: ReplyName::FloodReply, ..usual() },
        AviaryRules { reply: ReplyName::GossipDashReply, ..usual() },
        AviaryRules { numbers: NumberForm::Text, ..usual() },
        AviaryRules { timestamp: false, ..usual() },
        AviaryRules { stats_height: StatsHeight::Tip, ..usual() },
        AviaryRules { empty: EmptyStats::Null, ..usual() },
        AviaryRules { empty: EmptyStats::Zero, ..usual() },
        AviaryRules { empty: EmptyStats::MinusOne, stats_height: StatsHeight::Tip, ..usual() },
        AviaryRules { null_reply: NullReply::TextNone, ..usual() },
        AviaryRules { null_reply: NullReply::Short, ..usual() },
        AviaryRules { null_reply: NullReply::Array, ..usual() },
        AviaryRules { serve_genesis: false, ..usual() },
        AviaryRules { reply_to: ReplyTo::Source, ..usual() },
        AviaryRules { choose: Choose::MostAgreed, ..usual() },
        AviaryRules { choose: Choose::Highest, ..usual() },
        AviaryRules { choose: Choose::MoreThanHalf, ..usual() },
        AviaryRules { min_peers: 3, ..usual() },
    ];
    for (seed, programs) in (0..).zip(&values) {
        assert_survives(programs, seed);
    }
    for profile in built_in::all().iter().filter(|it| it.network == NetworkKind::Aviary) {
        assert_survives(&profile.aviary, 7);
    }
}

#[test]
fn where_most_peers_decide_a_longer_chain_of_a_few_is_given_up() {
    for choose in [Choose::MostAgreed, Choose::HighestThenHash] {
        let mut net = start(AviaryRules { choose, ..usual() }, 3, 9);
        run(&mut net, minutes(3));
        // Peer 2 alone mines for most of them; peers 0 and 1 for the few.
        net.partition([0, 1, 3]);
        let common = net.ledger(2).expect("it is up").length();
        let is_apart = |net: &Simulation| {
            let [few, most] = [0, 2].map(|peer| net.ledger(peer).expect("it is up").length());
            few > most + 2 && most > common + 1 && net.tip(4) == net.tip(2)
        };
        net.run_until(minutes(120), "a longer chain of the few", is_apart)
            .unwrap_or_else(|stuck| panic!("{stuck}"));
        net.set_hash_rate(0.0001);
        let of_most = net.tip(2).expect("there is a chain").hash;
        net.mend();
        assert_one_chain(&mut net, minutes(30));
        let is_of_most = net.ledger(0).expect("it is up").is_on_best(&of_most);
        assert_eq!(is_of_most, choose == Choose::MostAgreed, "{choose:?}");
    }
}

#[test]
fn a_peer_that_waits_for_three_others_fetches_no_chain_before_it_knows_them() {
    for (peers, fetches) in [(3, false), (4, true)] {
        let mut net = start(AviaryRules { min_peers: 3, ..usual() }, 5, peers);
        run(&mut net, minutes(1));
        net.crash(2);
        run(&mut net, minutes(5));
        net.restart(2);
        run(&mut net, minutes(2));
        let started = |event: &Event| matches!(event, Event::DownloadStarted { .. });
        let fetched = net.events().any(|(_, peer, event)| peer == 2 && started(event));
        assert_eq!(fetched, fetches, "{peers} peers");
    }
}
