//! A leader that waits to be told.

use std::num::NonZeroUsize;
use std::sync::Arc;

use althing_dialect::RoundsDialect;
use althing_dialect::sd::{Config, Sd};
use althing_engine::rounds::{Command, Issuing, Seat};
use althing_feed::{Event, Feed, RoundsEvent, Subscription};
use althing_net::memory::Bus;
use althing_node::{Clock, HasLeft, rounds};
use althing_pow::Parallelism;
use althing_store::Store;
use althing_types::{Difficulty, PeerId, Transaction};
use tokio::task::JoinSet;

/// Returns what the next event says that `pick` wants to hear of.
async fn next<T>(events: &mut Subscription, pick: impl Fn(PeerId, &RoundsEvent) -> Option<T>) -> T {
    loop {
        let record = events.next().await.expect("the peers go on").expect("the feed is long");
        let peer = record.peer.as_ref().and_then(althing_feed::PeerName::id);
        if let (Some(peer), Event::Rounds(event)) = (peer, &record.event)
            && let Some(found) = pick(peer, event)
        {
            return found;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_leader_asks_and_only_when_it_is_told_to() {
    let bits = |bits| Difficulty::from_bits(bits).expect("in range");
    let dialect: Arc<dyn RoundsDialect> = Arc::new(Sd::new(Config {
        peers: 3.try_into().expect("not zero"),
        issuing: Issuing::OnCommand,
        rounds: Some(Transaction::new(1)),
        ..Config::default()
    }));
    let (bus, clock, feed) = (Bus::new(), Clock::start(), Feed::default());
    let mut events = feed.subscribe();
    let mut running = JoinSet::new();
    let mut peers = Vec::new();
    for _ in 0..3 {
        let (id, node) = rounds::open(rounds::Options {
            dialect: Arc::clone(&dialect),
            name: None,
            seat: Seat::Member,
            id: None,
            store: Store::in_memory(),
            parallelism: Some(Parallelism::of(NonZeroUsize::MIN)),
            solution_cache: false,
            never_copied: false,
            clock,
            feed: feed.clone(),
        })
        .expect("an empty store is of no other network");
        peers.push((id, node.commands()));
        running.spawn(node.run(bus.join(dialect.topics()), std::future::pending()));
    }
    // The leader itself must know that it leads.
    let leader = next(&mut events, |peer, event| match event {
        RoundsEvent::LeaderElected { leader, .. } => (leader.peer() == peer).then_some(peer),
        RoundsEvent::ChallengeIssued { .. } => panic!("no challenge was asked for"),
        _ => None,
    });
    let leader = leader.await;
    for (peer, commands) in &peers {
        if *peer != leader {
            commands.send(Command::Issue(Some(bits(9)))).await.expect("it runs");
        }
    }
    let (_, commands) = peers.iter().find(|(peer, _)| *peer == leader).expect("one of them");
    let status = commands.status().await.expect("it runs").engine;
    assert_eq!((status.leader, status.members.len()), (Some(leader), 3));
    commands.send(Command::Issue(Some(bits(5)))).await.expect("it runs");
    let difficulty = next(&mut events, |_, event| match event {
        RoundsEvent::ChallengeIssued { challenge, .. } => Some(*challenge),
        _ => None,
    });
    assert_eq!(difficulty.await, bits(5));
    while let Some(ended) = running.join_next().await {
        let status = ended.expect("no peer panics").expect("memory does not fail");
        assert_eq!(status.rows, 1);
    }
    assert_eq!(commands.send(Command::Issue(None)).await, Err(HasLeft));
}
