//! A leader that waits to be told.

use std::num::NonZeroUsize;
use std::sync::Arc;

use althing_dialect::Dialect;
use althing_dialect::sd::{Config, Sd};
use althing_engine::rounds::{Event, Issuing, Seat};
use althing_net::memory::Bus;
use althing_node::{Clock, Commands, Happening, HasLeft, Node, Report, Setup};
use althing_pow::Effort;
use althing_store::Store;
use althing_types::{Difficulty, PeerId, Transaction};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Returns what the next event says that `pick` wants to hear of.
async fn next<T>(
    reports: &mut mpsc::UnboundedReceiver<Report>,
    pick: impl Fn(PeerId, &Event) -> Option<T>,
) -> T {
    loop {
        let report = reports.recv().await.expect("the peers go on");
        if let Happening::Engine(event) = &report.happening
            && let Some(found) = pick(report.peer, event)
        {
            return found;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_leader_asks_and_only_when_it_is_told_to() {
    let bits = |bits| Difficulty::from_bits(bits).expect("in range");
    let dialect: Arc<dyn Dialect> = Arc::new(Sd::new(Config {
        peers: 3.try_into().expect("not zero"),
        issuing: Issuing::OnCommand,
        rounds: Some(Transaction::new(1)),
        ..Config::default()
    }));
    let (bus, clock) = (Bus::new(), Clock::start());
    let (tell, mut reports) = mpsc::unbounded_channel();
    let mut running = JoinSet::new();
    let mut peers: Vec<(PeerId, Commands)> = Vec::new();
    for _ in 0..3 {
        let tell = tell.clone();
        let node = Node::new(Setup {
            dialect: Arc::clone(&dialect),
            seat: Seat::Member,
            store: Store::in_memory(),
            effort: Effort::of(NonZeroUsize::MIN),
            answer_cache: false,
            clock,
            reporter: Box::new(move |report| drop(tell.send(report))),
        });
        let node = node.expect("an empty store is of no other network");
        peers.push((node.id(), node.commands()));
        running.spawn(node.run(bus.join(dialect.topics()), std::future::pending()));
    }
    // The leader itself must know that it leads.
    let leader = next(&mut reports, |peer, event| match event {
        Event::LeaderElected { leader, .. } => (*leader == peer).then_some(peer),
        Event::ChallengeIssued { .. } => panic!("nobody has said so"),
        _ => None,
    });
    let leader = leader.await;
    for (peer, commands) in &peers {
        if *peer != leader {
            commands.issue(Some(bits(9))).await.expect("it runs");
        }
    }
    let (_, commands) = peers.iter().find(|(peer, _)| *peer == leader).expect("one of them");
    commands.issue(Some(bits(5))).await.expect("it runs");
    let difficulty = next(&mut reports, |_, event| match event {
        Event::ChallengeIssued { difficulty, .. } => Some(*difficulty),
        _ => None,
    });
    assert_eq!(difficulty.await, bits(5));
    while let Some(ended) = running.join_next().await {
        let summary = ended.expect("no peer panics").expect("memory does not fail");
        assert_eq!(summary.rows, Transaction::new(1));
    }
    assert_eq!(commands.issue(None).await, Err(HasLeft));
}
