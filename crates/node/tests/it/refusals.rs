//! What the plug of a network refuses, in sentences, and how it tells what it does.

use std::time::Duration;

use althing_feed::{DemoEvent, Event, Feed, PeerName};
use althing_node::plug::{Action, Done, FaultKind, Peers, Plug, Refusal, State, Strategy, Worse};
use althing_node::{Air, Clock, Pacing};
use althing_types::PeerId;

/// Peers that do as they are told.
#[derive(Default)]
pub(crate) struct Puppets {
    crashes: Vec<usize>,
    starts: Vec<(usize, Option<String>)>,
    /// Those that cannot start.
    broken: Vec<usize>,
    /// Whether each of them has another name when it starts again.
    moves: bool,
}

impl Peers for Puppets {
    async fn crash(&mut self, number: usize) {
        self.crashes.push(number);
    }

    async fn start(&mut self, number: usize, strategy: Option<&str>) -> Result<PeerName, String> {
        self.starts.push((number, strategy.map(str::to_owned)));
        match (self.broken.contains(&number), self.moves) {
            (true, _) => Err("its disk is full".to_owned()),
            (false, true) => Ok(name(number + 10 * self.starts.len())),
            (false, false) => Ok(name(number)),
        }
    }
}

fn name(number: usize) -> PeerName {
    PeerId::new(100 + number as u128).into()
}

fn plug(clock: Clock) -> Plug {
    plug_on(clock, &Feed::default())
}

fn plug_on(clock: Clock, feed: &Feed) -> Plug {
    let strategies = [("votes-twice", "votes a second time"), ("silent", "says nothing")];
    let strategy = |(name, what): (&str, &str)| Strategy { name: name.into(), what: what.into() };
    let strategies = strategies.map(strategy).to_vec();
    let air = Air::new(Duration::ZERO..=Duration::ZERO);
    Plug::new(air, clock, feed.source(None, None), strategies, (0..4).map(name), 7)
}

fn lie(peer: usize, strategy: &str) -> Action {
    Action::Set(FaultKind::Byzantine { peer: name(peer), strategy: strategy.to_owned() })
}

async fn act(plug: &mut Plug, peers: &mut Puppets, action: Action) -> Result<Done, String> {
    plug.act(action, peers).await.map_err(|refusal| refusal.to_string())
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_a_sentence_and_changes_nothing() {
    let (mut plug, mut peers) = (plug(Clock::start()), Puppets::default());
    let stranger = PeerName::from(PeerId::new(7));
    let worsen = |how| Action::Set(FaultKind::Worsen { from: None, to: None, how });
    let partition = |groups| Action::Set(FaultKind::Partition(groups));
    for (action, refusal) in [
        (Action::Crash(stranger.clone()), "there is no peer 7"),
        (Action::Restart(name(0)), "peer 1 has not crashed, so it cannot be started again"),
        (Action::Thaw(name(0)), "peer 1 does not stand still"),
        (
            partition(vec![]),
            "a partition needs two groups with peers, and this one leaves all in one",
        ),
        (
            partition(vec![(0..4).map(name).collect()]),
            "a partition needs two groups with peers, and this one leaves all in one",
        ),
        (
            partition(vec![vec![name(0)], vec![name(1), name(0)]]),
            "peer 1 is in two groups, or twice in one",
        ),
        (partition(vec![vec![stranger]]), "there is no peer 7"),
        (Action::Set(FaultKind::Cut { from: name(1), to: name(1) }), "peer 2 always hears itself"),
        (worsen(Worse::Lose(0.0)), "a share is from 0.01 to 1"),
        (worsen(Worse::Corrupt(1.01)), "a share is from 0.01 to 1"),
        (worsen(Worse::Duplicate(f64::NAN)), "a share is from 0.01 to 1"),
        (worsen(Worse::Delay(Duration::from_secs(61))), "a delay is from 1 ms to 60 s"),
        (lie(1, "lies"), "there is no strategy \"lies\"; they are votes-twice, silent"),
        (Action::Pause, "this network goes as fast as it can; start it with --pace to change that"),
    ] {
        assert_eq!(act(&mut plug, &mut peers, action).await, Err(refusal.to_owned()));
    }
    assert_eq!(plug.undo(3, &mut peers).await, Err(Refusal::NoSuchFault { fault: 3 }));
    assert!(plug.faults().is_empty() && peers.crashes.is_empty() && peers.starts.is_empty());
}

#[tokio::test]
async fn each_fault_is_told_in_a_sentence_and_so_is_its_end() {
    let (mut plug, mut peers) = (plug(Clock::start()), Puppets::default());
    let from = |number| Some(name(number));
    let half_a_second = Duration::from_millis(500);
    for (number, (kind, sentence)) in [
        (FaultKind::Partition(vec![vec![name(0), name(2)]]), "peers 1, 3 cannot reach the others"),
        (
            FaultKind::Partition(vec![vec![name(0)], vec![name(1)]]),
            "only these reach each other: peer 1; peer 2; peers 3, 4",
        ),
        (FaultKind::Cut { from: name(0), to: name(1) }, "peer 2 no longer hears peer 1"),
        (
            FaultKind::Worsen { from: from(1), to: None, how: Worse::Lose(0.3) },
            "30 % of what peer 2 sends is lost",
        ),
        (
            FaultKind::Worsen { from: None, to: None, how: Worse::Delay(half_a_second) },
            "what peers send takes 500 ms longer",
        ),
        (
            FaultKind::Worsen { from: None, to: from(2), how: Worse::Duplicate(1.0) },
            "100 % of what is sent to peer 3 comes twice",
        ),
        (
            FaultKind::Worsen { from: from(0), to: from(2), how: Worse::Corrupt(0.01) },
            "1 % of what peer 1 sends to peer 3 comes damaged",
        ),
        (
            FaultKind::Byzantine { peer: name(3), strategy: "votes-twice".to_owned() },
            "peer 4 breaks the rules: votes a second time",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let number = number as u64 + 1;
        let done = act(&mut plug, &mut peers, Action::Set(kind)).await.expect("it makes sense");
        assert_eq!((done.sentence.as_str(), done.fault), (sentence, Some(number)));
        assert_eq!(plug.faults()[&number].sentence, sentence);
        let done = plug.undo(number, &mut peers).await.expect("it is set");
        assert_eq!(done.sentence, format!("fault {number} is over: {sentence}"));
    }
    assert!(plug.faults().is_empty());
    assert_eq!(peers.crashes, [3, 3]);
    assert_eq!(peers.starts, [(3, Some("votes-twice".to_owned())), (3, None)]);
}

#[tokio::test]
async fn a_peer_that_cannot_start_stays_down_and_can_be_tried_again() {
    let (mut plug, mut peers) = (plug(Clock::start()), Puppets::default());
    act(&mut plug, &mut peers, Action::Crash(name(1))).await.expect("it runs");
    let again = act(&mut plug, &mut peers, Action::Crash(name(1))).await;
    assert_eq!(again, Err("peer 2 has crashed; start it again first".to_owned()));
    peers.broken = (0..4).collect();
    let failed = act(&mut plug, &mut peers, Action::Restart(name(1))).await;
    assert_eq!(failed, Err("peer 2 cannot start: its disk is full".to_owned()));
    assert!(act(&mut plug, &mut peers, lie(1, "silent")).await.is_err());
    assert!(plug.faults().is_empty() && plug.peers()[1].byzantine.is_none());
    peers.broken.clear();
    act(&mut plug, &mut peers, Action::Restart(name(1))).await.expect("it is down");
}

#[tokio::test]
async fn a_peer_that_ran_and_cannot_start_again_is_told_to_be_down() {
    let feed = Feed::default();
    let mut told = feed.subscribe();
    let (mut plug, mut peers) = (plug_on(Clock::start(), &feed), Puppets::default());
    let fault = act(&mut plug, &mut peers, lie(1, "silent")).await.expect("it runs").fault;
    peers.broken = (0..4).collect();
    let failed = plug.undo(fault.expect("it has a number"), &mut peers).await;
    let failed = failed.map_err(|refusal| refusal.to_string());
    assert_eq!(failed, Err("peer 2 cannot start: its disk is full".to_owned()));
    let failed = act(&mut plug, &mut peers, lie(2, "silent")).await;
    assert_eq!(failed, Err("peer 3 cannot start: its disk is full".to_owned()));
    assert!(plug.faults().is_empty());
    for peer in &plug.peers()[1..3] {
        assert_eq!((peer.state, &peer.byzantine), (State::Crashed, &None));
    }
    let demo = |event: &Event| match event {
        Event::Demo(event) => event.clone(),
        other => panic!("{other:?}"),
    };
    let told = std::iter::from_fn(|| told.try_next()).flatten();
    let told: Vec<DemoEvent> = told.map(|record| demo(&record.event)).collect();
    let crashed = |number| DemoEvent::PeerCrashed { crashed: name(number) };
    assert_eq!(told[0], crashed(1));
    assert!(matches!(told[1], DemoEvent::PeerRestarted { .. }));
    assert!(matches!(told[2], DemoEvent::FaultSet { .. }));
    assert_eq!(told[3..], [DemoEvent::FaultCleared { fault: 1 }, crashed(1), crashed(2)]);
}

#[tokio::test]
async fn all_that_can_be_mended_is_although_one_peer_cannot_start() {
    let (mut plug, mut peers) = (plug(Clock::start()), Puppets::default());
    for number in [0, 1] {
        act(&mut plug, &mut peers, Action::Crash(name(number))).await.expect("it runs");
    }
    act(&mut plug, &mut peers, Action::Freeze(name(2))).await.expect("it runs");
    peers.broken = vec![0];
    let healed = plug.heal(&mut peers).await.map_err(|refusal| refusal.to_string());
    assert_eq!(healed, Err("peer 1 cannot start: its disk is full".to_owned()));
    let states: Vec<State> = plug.peers().iter().map(|peer| peer.state).collect();
    assert_eq!(states, [State::Crashed, State::Runs, State::Runs, State::Runs]);
}

#[tokio::test]
async fn a_peer_is_also_called_by_its_number_on_the_screens() {
    let feed = Feed::default();
    let mut told = feed.subscribe();
    let (mut plug, mut peers) = (plug_on(Clock::start(), &feed), Puppets::default());
    let number = |number: u128| PeerName::from(PeerId::new(number));
    let lie = FaultKind::Byzantine { peer: number(2), strategy: "silent".to_owned() };
    let done = act(&mut plug, &mut peers, Action::Set(lie)).await.expect("it is the second");
    assert_eq!(done.sentence, "peer 2 breaks the rules: says nothing");
    while told.try_next().is_some() {}
    act(&mut plug, &mut peers, Action::Freeze(number(4))).await.expect("it is the last");
    let record = told.try_next().expect("it is told").expect("the feed is long");
    // Under its name, as in all records.
    assert_eq!(record.event, DemoEvent::PeerFrozen { frozen: name(3) }.into());
    let refused = act(&mut plug, &mut peers, Action::Crash(number(5))).await;
    assert_eq!(refused, Err("there is no peer 5".to_owned()));
    assert!(plug.find(&number(0)).is_err());
}

#[tokio::test]
async fn a_fault_is_one_of_the_same_peer_when_that_has_another_name() {
    let mut peers = Puppets { moves: true, ..Puppets::default() };
    let mut plug = plug(Clock::start());
    let cut = Action::Set(FaultKind::Cut { from: name(1), to: name(0) });
    act(&mut plug, &mut peers, cut).await.expect("they are two");
    act(&mut plug, &mut peers, lie(1, "silent")).await.expect("it runs");
    let moved = plug.peers()[1].name.clone();
    assert_ne!(moved, name(1));
    assert_eq!(plug.find(&name(1)), Err(Refusal::NoSuchPeer { peer: name(1).to_string() }));
    // Another way to lie takes the place of the first, and its end makes the peer honest.
    let lie = FaultKind::Byzantine { peer: moved, strategy: "votes-twice".to_owned() };
    let fault = act(&mut plug, &mut peers, Action::Set(lie)).await.expect("it runs").fault;
    assert_eq!(plug.faults().keys().copied().collect::<Vec<_>>(), [1, 3]);
    assert_eq!(plug.faults()[&1].kind, FaultKind::Cut { from: 1, to: 0 });
    plug.undo(fault.expect("it has a number"), &mut peers).await.expect("it is set");
    assert_eq!(plug.peers()[1].byzantine, None);
    assert_eq!(peers.starts.last(), Some(&(1, None)));
}

#[tokio::test]
async fn a_network_that_begins_at_another_speed_says_so() {
    for (speed, is_told) in [(1.0, false), (4.0, true)] {
        let feed = Feed::default();
        let mut told = feed.subscribe();
        let _plug = plug_on(Clock::paced(Pacing::start(1.0, speed)), &feed);
        let told = told.try_next().map(|record| record.expect("the feed is long").event.clone());
        let pace = DemoEvent::PaceChanged { paused: false, speed };
        assert_eq!(told, is_told.then(|| pace.into()));
    }
}

#[tokio::test]
async fn the_pace_of_a_network_that_has_one_can_be_changed() {
    let pacing = Pacing::start(1.0, 1.0);
    let (mut plug, mut peers) = (plug(Clock::paced(pacing)), Puppets::default());
    act(&mut plug, &mut peers, Action::Pause).await.expect("it has a pace");
    assert!(pacing.is_paused());
    act(&mut plug, &mut peers, Action::Step).await.expect("it has a pace");
    assert!(!pacing.is_paused());
    plug.happened();
    assert!(pacing.is_paused());
    act(&mut plug, &mut peers, Action::Resume).await.expect("it has a pace");
    let done = act(&mut plug, &mut peers, Action::Speed(0.5)).await.expect("it has a pace");
    assert_eq!(done.sentence, "a second has 0.5 seconds of the clock");
    assert!((pacing.speed() - 0.5).abs() < 1e-9);
    let refused = act(&mut plug, &mut peers, Action::Speed(f64::INFINITY)).await;
    assert_eq!(refused, Err("a speed is a number above 0".to_owned()));
}
