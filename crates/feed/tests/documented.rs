//! Events, their JSON, the schema and `docs/events.md` say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use althing_engine::Ground;
use althing_feed::documentation::{groups, record_schema, with_tables};
use althing_feed::{
    AssemblyEvent, BrokenRule, ChainEvent, CharterMember, DemoEvent, Draw, Event, Feed, Id,
    MinersEvent, Observer, PeerEvent, PeerName, Record, RoundsEvent, Row, SearchEvent, Shares,
    TrackerEvent, Waiting, Word,
};
use althing_types::{
    Address, BlockHash, Channel, Difficulty, Height, Moment, PeerId, Seed, Term, Transaction, View,
};
use serde_json::Value;

fn address() -> Address {
    Address::new("127.0.0.1", 8999).expect("a host")
}

/// Returns a ground for a refusal.
fn ground(rule: Option<&'static str>) -> Ground {
    Ground { kind: "signature_wrong", rule, is_breach: true }
}

/// One event of each shape that there is.
fn examples() -> Vec<Event> {
    let transaction = Transaction::new(3);
    let (id, wide) = (Id(7), Id(1 << 100));
    let name = || "ann".parse().expect("it is a name");
    let seed = || Seed::new("6").expect("a short text");
    let hash = BlockHash::from_bytes([0xab; 32]);
    let (height, worker) = (Height::new(9), "ann".to_owned());
    let from = "10.0.0.1:4000".parse().expect("an address");
    let shares = Shares { accepted: 5, stale: 1, invalid: 2, blocks: 1 };
    let missing = || vec![id, wide];
    let (worker, reason) = (|| worker.clone(), || "it does not read".to_owned());
    let (view, digits) = (View::new(12), || "ab".repeat(64));
    let word = |statement: &str| Word { statement: statement.to_owned(), signature: digits() };
    let assembly = [
        AssemblyEvent::CharterFollowed {
            chain: "ab".repeat(32),
            members: vec![CharterMember { id: wide, name: name() }],
            quorum: 1,
            member: true,
        },
        AssemblyEvent::ViewEntered { view, leader: wide },
        AssemblyEvent::BlockNotarized { view, hash },
        AssemblyEvent::LeaderPassedOver { view, leader: wide },
        AssemblyEvent::BlockCommitted { height, hash, view, maker: wide, entries: 2 },
        AssemblyEvent::ProposalRefused { view, leader: wide, reason: reason() },
        AssemblyEvent::Standstill { here: 2, needed: 3, missing: missing() },
        AssemblyEvent::Resumed {},
        AssemblyEvent::MemberContradicted {
            member: wide,
            first: word("notarize 12"),
            second: word("nullify 12"),
        },
        AssemblyEvent::CatchingUp { height, target: Height::new(90) },
        AssemblyEvent::Observing { why: Observer::DiskLost },
        AssemblyEvent::Diverged { hash, reason: reason() },
    ];
    let peers = [
        PeerEvent::Started { rows: Some(4), blocks: None, left_out: None, watching: false },
        PeerEvent::Started { rows: None, blocks: Some(4), left_out: Some(1), watching: false },
        PeerEvent::Started { rows: Some(0), blocks: None, left_out: None, watching: true },
        PeerEvent::Connected {},
        PeerEvent::Reachable { address: address() },
        PeerEvent::Serving { url: "http://127.0.0.1:8080".to_owned() },
        PeerEvent::ClockSet { by_ms: -3_600_000 },
        PeerEvent::Slept { seconds: 600 },
        PeerEvent::Disconnected { reason: reason() },
        PeerEvent::PeerLost { lost: PeerName::Id(wide) },
        PeerEvent::PeerLost { lost: address().into() },
        PeerEvent::PeerHeard { heard: PeerName::Id(wide) },
        PeerEvent::refused(PeerId::new(7), ground(Some("A2")), reason()),
        PeerEvent::not_understood(&Channel::topic("sd/init"), ground(None), reason(), b"{\n"),
        PeerEvent::refused_from(&address().into(), ground(Some("B7")), reason()),
        PeerEvent::further_refused(12),
        PeerEvent::NetworkOverheard {
            peers: 9,
            speech: "as the published program".to_owned(),
            advice: "use --variant published".to_owned(),
        },
        PeerEvent::MessageSent { kind: "vote".to_owned(), to: None },
        PeerEvent::MessageSent { kind: "tip".to_owned(), to: Some(address().into()) },
        PeerEvent::MessageHeard { kind: "vote".to_owned(), from: PeerName::Id(wide) },
        PeerEvent::PeerWatched {
            watched: Some(address().into()),
            said: [("vote".to_owned(), 3)].into(),
            led: 1,
            broken: vec![BrokenRule {
                kind: "second_vote".to_owned(),
                rule: Some("V3".to_owned()),
                count: 2,
                example: reason(),
            }],
        },
        PeerEvent::PeerWatched { watched: None, said: [].into(), led: 0, broken: Vec::new() },
        PeerEvent::MessageLost {
            kind: "vote".to_owned(),
            from: PeerName::Id(wide),
            to: PeerName::Id(Id(7)),
            reason: "partition".to_owned(),
        },
        PeerEvent::MessagesUntold { count: 12 },
        PeerEvent::Lagged { missed: 100 },
        PeerEvent::Summary {
            rows: Some(1),
            blocks: None,
            tip: None,
            received: 2,
            refused: 3,
            hashes: Some(4),
        },
        PeerEvent::Summary {
            rows: None,
            blocks: Some(1),
            tip: Some(hash),
            received: 2,
            refused: 3,
            hashes: None,
        },
    ];
    let challenge = Difficulty::MIN;
    let rounds = [
        RoundsEvent::PeerJoined { joined: id, known: 2 },
        RoundsEvent::PeerNamed { named: id, name: name(), like: None },
        RoundsEvent::PeerNamed { named: wide, name: name(), like: Some(id) },
        RoundsEvent::MembershipSettled { members: vec![id, wide], member: true },
        RoundsEvent::LeaderElected {
            leader: id,
            term: Term::new(2),
            draw: None,
            draws: vec![Draw { peer: id, draw: wide }],
        },
        RoundsEvent::LeaderElected {
            leader: wide,
            term: Term::new(2),
            draw: Some(wide),
            draws: Vec::new(),
        },
        RoundsEvent::ChallengeIssued { transaction, challenge, leader: id },
        RoundsEvent::SolutionFound { transaction, finder: id, seed: seed() },
        RoundsEvent::VoteCast { transaction, voter: id, seed: seed(), vote: false },
        RoundsEvent::RoundDecided {
            row: Row { transaction, challenge, seed: seed(), winner: wide, yes: 2, no: 1 },
            voters: vec![id, wide],
        },
        RoundsEvent::RoundFailed { transaction, yes: 1, no: 2 },
        RoundsEvent::Waiting(Waiting::Peers { here: 1, needed: 3 }),
        RoundsEvent::Waiting(Waiting::Majority { here: 1, needed: 2 }),
        RoundsEvent::Waiting(Waiting::Secret { transaction }),
        RoundsEvent::Waiting(Waiting::Missed { transaction }),
        RoundsEvent::Waiting(Waiting::Messages { transaction }),
        RoundsEvent::Waiting(Waiting::Confirmation { here: 1, needed: 2, missing: missing() }),
        RoundsEvent::Waiting(Waiting::Adoption { here: 1, needed: 2, missing: missing() }),
        RoundsEvent::Waiting(Waiting::Leader { here: 1, needed: 2, missing: missing() }),
        RoundsEvent::Waiting(Waiting::Challenge { leader: Id(7), transaction }),
        RoundsEvent::Waiting(Waiting::Votes {
            transaction,
            here: 1,
            needed: 2,
            missing: missing(),
        }),
        RoundsEvent::Waiting(Waiting::Copied {}),
        RoundsEvent::PeerCopied {},
        RoundsEvent::MemberEquivocated {
            member: wide,
            reason: reason(),
            first: "ab".to_owned(),
            second: "cd".to_owned(),
        },
        RoundsEvent::AllRecorded {},
    ];
    let chains = [
        ChainEvent::PeerFound { found: address(), known: 2 },
        ChainEvent::TipChanged { height, hash, disconnected: 1, connected: 2 },
        ChainEvent::BlockMined { height, hash },
        ChainEvent::BlockHeld { holder: address(), height, hash },
        ChainEvent::BlockOnlyHere { height, hash },
        ChainEvent::DownloadStarted { length: 10, hash, backers: 2 },
        ChainEvent::DownloadFailed { length: 10, hash, reason: reason() },
        ChainEvent::HeadersFetched { from: address(), ahead: 3 },
        ChainEvent::PeerShunned { shunned: address(), seconds: 30.0 },
        ChainEvent::PeerBanned { key: "ab".to_owned(), seconds: 30.5, reason: reason() },
        ChainEvent::ClockWrong { ahead_s: -7200 },
        ChainEvent::EntryPooled { entry: "a note".to_owned(), author: None },
        ChainEvent::EntryPooled { entry: "a note".to_owned(), author: Some("ab".to_owned()) },
        ChainEvent::EntryRefused {
            entry: "a note".to_owned(),
            author: Some("ab".to_owned()),
            reason: reason(),
        },
    ];
    let workers = 3;
    let miners = [
        MinersEvent::ListeningForMiners { address: from },
        MinersEvent::WorkerJoined { worker: worker(), from, workers },
        MinersEvent::WorkerLeft { worker: worker(), from, workers, shares },
        MinersEvent::WorkerDropped { worker: worker(), from, workers, reason: reason(), shares },
        MinersEvent::WorkersMoved { count: 40 },
        MinersEvent::BlockFound { worker: worker(), from, height, hash },
        MinersEvent::SharesAccepted {
            worker: worker(),
            from,
            hash_rate: 1_000_000,
            share_bits: 24,
            shares,
        },
    ];
    let trackers = [
        TrackerEvent::Listening { address: from },
        TrackerEvent::PeerJoined { address: address(), peers: 1 },
        TrackerEvent::PeerLeft { address: address(), peers: 0 },
        TrackerEvent::PeerGone { address: address(), peers: 0 },
        TrackerEvent::ConnectionRefused { from, reason: reason() },
    ];
    let (crashed, kind) = (PeerName::Id(wide), "lose".to_owned());
    let demos = [
        DemoEvent::FaultSet { fault: 1, kind: kind.clone(), sentence: reason(), seed: Some(7) },
        DemoEvent::FaultSet { fault: 2, kind, sentence: reason(), seed: None },
        DemoEvent::FaultCleared { fault: 1 },
        DemoEvent::PeerCrashed { crashed: crashed.clone() },
        DemoEvent::PeerRestarted { restarted: crashed.clone(), byzantine: None },
        DemoEvent::PeerRestarted {
            restarted: address().into(),
            byzantine: Some("votes-twice".to_owned()),
        },
        DemoEvent::PeerFrozen { frozen: crashed.clone() },
        DemoEvent::PeerThawed { thawed: crashed },
        DemoEvent::PaceChanged { paused: false, speed: 0.5 },
    ];
    let searches = [
        SearchEvent::Progress { hashes: 9, seconds: 1.5, megahashes_per_second: 0.5 },
        SearchEvent::SolutionFound {
            nonce: "6".to_owned(),
            number: 6,
            digest: "00ab".to_owned(),
            kernel: "portable".to_owned(),
            hashes: 7,
            seconds: 1.5,
            megahashes_per_second: 0.5,
        },
    ];
    let peers = peers.into_iter().map(Event::from);
    let rounds = rounds.into_iter().map(Event::from);
    let chains = chains.into_iter().map(Event::from);
    let assembly = assembly.into_iter().map(Event::from);
    let miners = miners.into_iter().map(Event::from);
    let trackers = trackers.into_iter().map(Event::from);
    let demos = demos.into_iter().map(Event::from);
    let searches = searches.into_iter().map(Event::from);
    let of_peers = peers.chain(rounds).chain(chains).chain(assembly);
    of_peers.chain(miners).chain(trackers).chain(demos).chain(searches).collect()
}

/// Returns a record of each example.
fn records() -> Vec<Record> {
    let feed = Feed::default();
    let mut all = feed.subscribe();
    let sources = [
        feed.source(Some("sd".into()), Some(PeerId::new(1 << 100).into())),
        feed.source(Some("open".into()), Some(address().into())),
        feed.source(None, None),
    ];
    for (event, source) in examples().into_iter().zip(sources.iter().cycle()) {
        source.publish(Moment::from_start(std::time::Duration::from_micros(12_345)), event);
    }
    let next = || Some((*all.try_next()?.expect("the feed is long enough")).clone());
    std::iter::from_fn(next).collect()
}

#[test]
fn every_event_comes_back_from_its_line_of_json() {
    for record in records() {
        let line = record.to_json();
        let back: Record =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(back, record, "{line}");
        assert_eq!(back.to_json(), line);
    }
}

#[test]
fn a_line_begins_with_its_number_and_time() {
    let line = records()[0].to_json();
    assert!(line.starts_with(r#"{"sequence":0,"time":"20"#), "{line}");
    let value: Value = serde_json::from_str(&line).expect("a line is JSON");
    assert_eq!(value["at_ms"], 12.345);
    assert_eq!(value["peer"], "00000010-0000-0000-0000-000000000000");
    assert_eq!(value["network"], "sd");
    assert_eq!(value["event"], "started");
    assert_eq!(value["rows"], 4);
    let time = value["time"].as_str().expect("a text");
    assert!(time.len() == "2026-01-31T12:00:00.000Z".len() && time.ends_with('Z'), "{time}");
}

#[test]
fn every_event_has_the_documented_fields_and_there_is_an_example_of_each() {
    let mut documented = BTreeMap::new();
    for (group, events) in groups() {
        for event in events {
            assert!(!event.when.is_empty(), "{} is not described", event.name);
            let is_new = documented.insert((group, event.name.clone()), event.fields).is_none();
            assert!(is_new, "{} is documented twice", event.name);
        }
    }
    let mut seen = BTreeSet::new();
    for record in records() {
        let group = match &record.event {
            Event::Peer(_) => "peer",
            Event::Rounds(_) => "rounds",
            Event::Chain(_) => "chain",
            Event::Assembly(_) => "assembly",
            Event::Miners(_) => "miners",
            Event::Tracker(_) => "tracker",
            Event::Demo(_) => "demo",
            Event::Search(_) => "search",
        };
        let value = serde_json::to_value(&record.event).expect("an event can be written");
        let object = value.as_object().expect("an event is an object");
        let key = (group, object["event"].as_str().expect("a name").to_owned());
        let fields = documented.get(&key).unwrap_or_else(|| panic!("{key:?} is not documented"));
        for field in fields {
            assert!(!field.what.is_empty(), "{key:?}: {} is not described", field.name);
            let is_there = object.contains_key(&field.name);
            assert!(is_there || field.is_optional, "{key:?} lacks {}: {value}", field.name);
        }
        for name in object.keys().filter(|name| *name != "event") {
            let is_known = fields.iter().any(|field| field.name == *name);
            assert!(is_known, "{key:?}: {name} is not documented");
        }
        seen.insert(key);
    }
    let all: BTreeSet<_> = documented.into_keys().collect();
    assert_eq!(seen, all, "each event needs an example");
}

#[test]
fn the_page_and_the_schema_are_as_the_code_has_them() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = fs::read_to_string(docs.join("events.md")).expect("the page is there");
    check(&docs.join("events.md"), &with_tables(&page));
    let schema = serde_json::to_string_pretty(&record_schema()).expect("a schema is JSON");
    check(&docs.join("events.schema.json"), &format!("{schema}\n"));
}

fn check(path: &Path, text: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, text).expect("docs can be written");
        return;
    }
    let is = fs::read_to_string(path).unwrap_or_default();
    assert!(
        is == text,
        "{} is not as the code has it; UPDATE=1 cargo test -p althing-feed writes it anew",
        path.display()
    );
}
