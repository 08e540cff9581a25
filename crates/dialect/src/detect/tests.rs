//! What is detected of the traffic of programs whose profile is known.

use althing_engine::rounds::{
    Cause, Message as Said, Place, Ruling, Signature, Signed, StartsDigest,
};
use althing_pow::{Puzzle, Task};
use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};

use super::*;
use crate::RoundsDialect;
use crate::profile::{self, ExchangeKind, JudgedBy};
use crate::program::Program;
use crate::testing::encode;

/// Returns a session of three peers of this profile, as a broker sees it.
fn traffic(profile: &Profile) -> Detector {
    let dialect = Program::built_in(&profile.name);
    let ids: Vec<PeerId> = (1..4)
        .map(|peer: u64| {
            dialect.peer_id(
                1_658_115_562_918_731_603 + (peer << 20),
                peer.wrapping_mul(0x9e37_79b9_97f4_a7c1),
            )
        })
        .collect();
    let mut detector = Detector::default();
    let mut say = |message: Said| {
        let signature = Some(Signature::new([1; 3].into()));
        for wire in encode(&dialect, &Signed { message, signature }) {
            detector.hear(wire.topic(), &wire.payload);
        }
    };
    for peer in &ids {
        say(Said::Announcement { peer: *peer, key: None, members: None, start: None });
    }
    let vote = &profile.vote;
    for (peer, number) in ids.iter().zip([vote.hi, vote.hi / 2, vote.lo + 3]) {
        let draw = match (vote.kind, vote.form) {
            (profile::VoteKind::Member, _) | (_, profile::IdKind::Uuid) => {
                ids[0].number() ^ u128::from(vote.kind == profile::VoteKind::Draw)
            }
            _ => number.into(),
        };
        say(Said::Election { peer: *peer, draw, state: None });
    }
    let leader = ids[0];
    let (lo, hi) = profile.leader.d;
    for (row, bits) in (profile.leader.first_tx..).zip([lo, hi.min(lo + 1), lo, lo, lo, lo, lo, lo])
    {
        let difficulty = Difficulty::from_bits(bits.min(12).into()).expect("in range");
        let transaction = Transaction::new(row);
        let place = Some(Place { transaction, term: Term::FIRST });
        say(Said::Challenge { peer: leader, difficulty, place });
        let finder = ids[1 + usize::from(row % 2 == 1)];
        let seed = solution(&dialect, transaction, difficulty, finder);
        say(Said::Solution { peer: finder, transaction, seed: seed.clone() });
        if profile.judge.by == JudgedBy::Leader {
            let (peer, winner, ruling) = (leader, finder, Ruling::Accepted);
            say(Said::Verdict { peer, transaction, seed, winner, ruling });
        } else {
            for peer in &ids {
                let starts = StartsDigest::default();
                let cause = Cause { term: Term::FIRST, difficulty, winner: finder, starts };
                let (seed, cause) = (seed.clone(), Some(cause));
                say(Said::Vote { peer: *peer, transaction, seed, approve: true, cause });
            }
        }
    }
    detector
}

fn solution(
    dialect: &Program,
    transaction: Transaction,
    difficulty: Difficulty,
    finder: PeerId,
) -> Seed {
    let puzzle = &dialect.rules().puzzle;
    let task = Task { transaction, difficulty, finder, salt: 7 };
    let candidates = (0..).map(|index| puzzle.candidate(&task, index));
    let mut solutions = candidates.filter(|it| puzzle.check(it, transaction, difficulty).is_ok());
    solutions.next().expect("there are many")
}

#[test]
fn the_traffic_of_each_built_in_profile_gives_it_back_as_far_as_it_shows() {
    for profile in built_in::all().iter().filter(|it| it.network == NetworkKind::Rounds) {
        let detected = traffic(profile).detect(profile.wire.transport).expect("there was traffic");
        let of = profile.name.as_str();
        let shown: Vec<_> = detected.differences.iter().map(|it| it.key.as_str()).collect();
        // Members and candidates are the session's; keys were not sent here.
        let is_ours = |key: &&str| {
            let of_session = ["join.n", "leader.d", "id.hi", "id.lo", "vote.hi", "vote.lo"];
            of_session.contains(key) || *key == "puzzle.candidate"
        };
        let other: Vec<_> = shown.iter().filter(|key| !is_ours(key)).collect();
        let same = Profile { about: String::new(), name: String::new(), ..profile.clone() };
        let nearest = built_in::find(&detected.nearest).expect("it is built in");
        let is_alike = ["sheet", "copy-a", "copy-d", "copy-f"].contains(&of);
        assert!(nearest.name == of || is_alike, "{of}: {detected:#?}");
        assert!(other.is_empty(), "{of}: {detected:#?}");
        assert_eq!(nearest.fields.init, same.fields.init, "{of}");
        assert_eq!(detected.seen["topics.prefix"], profile.topics.prefix.as_str(), "{of}");
        assert_eq!(detected.seen["puzzle.zeros"], json!(profile.puzzle.zeros), "{of}");
        let text = detected.to_toml();
        let read = profile::read("detected.toml", &text, &built_in::base);
        assert_eq!(read.expect(&text).name, "detected");
    }
}

#[test]
fn programs_of_no_built_in_profile_are_described_by_what_differs() {
    let mut detector = Detector::default();
    for (topic, payload) in [
        ("club/init", r#"{"node": "x", "cid": "0x1f"}"#),
        ("club/init", r#"{"node": "x", "cid": "0x2f"}"#),
        ("club/vote", r#"{"cid": "0x1f", "vote": 7}"#),
        ("club/vote", r#"{"cid": "0x2f", "vote": 9}"#),
        ("club/challenge", r#"{"t": 1, "d": 1}"#),
        ("club/solution", r#"{"cid": "0x1f", "t": 1, "s": "1:7"}"#),
        ("club/althing/init", r#"{"id": 7}"#),
        ("club/noise", "hello"),
    ] {
        detector.hear(topic, payload.as_bytes());
    }
    let detected = detector.detect(Transport::Mqtt).expect("there was traffic");
    // Noise on the same topics, and in other rooms, changes nothing.
    for (topic, payload) in [
        ("club/init", r#"{"hello": "world"}"#),
        ("club/vote", "[1, 2, 3]"),
        ("club/challenge", r#"{"t": "x", "d": null, "more": 1}"#),
        ("home/lamp", r#"{"id": 7, "t": 21.5, "v": 3}"#),
    ] {
        detector.hear(topic, payload.as_bytes());
    }
    let noisy = detector.detect(Transport::Mqtt).expect("there was traffic");
    assert_eq!(noisy.seen, detected.seen);
    assert_eq!((detected.peers, detected.messages), (2, 6));
    let text = detected.to_toml();
    let profile = profile::read("detected.toml", &text, &built_in::base).expect(&text);
    assert_eq!(profile.topics.prefix, "club/");
    assert_eq!(profile.topics.vote, "vote");
    assert_eq!(profile.id.kind, profile::IdKind::HexText);
    assert_eq!(json!(profile.fields.init), json!([["const", "node", "x"], ["id", "cid"]]));
    assert_eq!(json!(profile.fields.challenge), json!([["tx", "t"], ["challenge", "d"]]));
    assert!(detected.unknown.iter().any(|it| it.starts_with("what is hashed")));
    assert_eq!(Detector::default().detect(Transport::Mqtt), None);
}

/// A guest takes the seat that a room waits for; what follows gives the profile.
#[test]
fn a_guest_is_a_member_and_what_it_says_is_no_evidence() {
    let mut detector = Detector::default();
    assert_eq!(detector.join(7), Err(NoSeat::Silent));
    for id in [500, 700] {
        detector.hear("sd/init", format!("{{\"ClientID\": {id}}}").as_bytes());
    }
    let (topic, said) = detector.join(7).expect("the room waits");
    assert_eq!((topic.as_str(), said.as_slice()), ("sd/init", &br#"{"ClientID": 250}"#[..]));
    assert_eq!(detector.hear(&topic, &said), None, "it comes back");
    let (topic, vote) =
        detector.hear("sd/voting", br#"{"ClientID": 500, "VoteID": 65000}"#).expect("it votes");
    assert_eq!(
        (topic.as_str(), vote.as_slice()),
        ("sd/voting", &br#"{"ClientID": 250, "VoteID": 1}"#[..])
    );
    let detected = detector.detect(Transport::Mqtt).expect("there was traffic");
    assert_eq!((detected.peers, detected.messages), (3, 3));
    assert_eq!(detected.seen["join.n"], 3);
    assert_eq!(detected.seen["id.hi"], 65_000, "of those that the programs have");
    assert_eq!(detector.hand_over(), Some(250));
    assert_eq!(detector.hear("sd/voting", br#"{"ClientID": 700, "VoteID": 7}"#), None);
    assert_eq!(detector.hand_over(), None, "it is a guest no longer");
}

/// A peer of ours follows what was known when it joined, which may be wrong.
#[test]
fn a_peer_of_ours_is_a_member_and_what_it_says_is_no_evidence() {
    let ballot = |id: &str, yes: &str| {
        let said = format!(r#""NodeId": {id}, "TransactionNumber": 0, "Seed": "5", "Vote": {yes}"#);
        ("ppd/voting", format!("{{{said}}}"))
    };
    let init = |id: &str| ("ppd/init", format!(r#"{{"NodeId": {id}}}"#));
    for ours in ["250", r#""0xfa""#, r#""250""#] {
        let mut detector = Detector::default();
        let (topic, payload) = init("500");
        detector.hear(topic, payload.as_bytes());
        detector.note_seat(PeerId::new(250));
        for (topic, payload) in [init(ours), ballot(ours, "true"), ballot("500", "1")] {
            detector.hear(topic, payload.as_bytes());
        }
        let detected = detector.detect(Transport::Amqp).expect("there was traffic");
        assert_eq!(detected.peers, 2, "{ours}");
        assert_eq!(detected.messages, 2, "{ours}");
        assert_eq!(detected.seen["judge.yes"], "int", "{ours}");
        let challenge = format!(r#"{{"NodeId": {ours}, "TransactionNumber": 0, "Challenge": 3}}"#);
        detector.hear("ppd/challenge", challenge.as_bytes());
        let detected = detector.detect(Transport::Amqp).expect("there was traffic");
        assert_eq!(detected.seen["topics.challenge"], "challenge", "they follow it");
        assert!(!detected.seen.contains_key("leader.d"), "{ours}: theirs may be others");
    }
}

/// Challenges that name no row are of the rows in their order only from the first one on.
#[test]
fn in_the_middle_of_a_session_without_rows_in_challenges_no_puzzle_is_told() {
    let told = |first: u64| {
        let mut detector = Detector::default();
        for row in first..first + 3 {
            let solution = (0..).find(|number: &u64| {
                let seed = Seed::from(*number);
                Puzzle::SHA1_INTEGER.check(&seed, Transaction::new(row), Difficulty::MIN).is_ok()
            });
            let solution = solution.expect("every other number is one");
            detector.hear("sd/challenge", br#"{"Challenge": 1}"#);
            let place = format!(r#""ClientID": 7, "TransactionID": {row}"#);
            let said = format!(r#"{{{place}, "Solution": "{solution}", "Result": 1}}"#);
            detector.hear("sd/result", said.as_bytes());
        }
        let detected = detector.detect(Transport::Mqtt).expect("there was traffic");
        (detector.rows(), detected.seen.contains_key("puzzle.zeros"))
    };
    assert_eq!(told(0), (3, true));
    assert_eq!(told(7), (3, false));
}

/// What the names of fields do not tell is listed with a sample, and said to be missing.
#[test]
fn what_cannot_be_told_is_listed_and_no_profile_is_claimed() {
    let renamed = [
        ("sd/init", r#"{"ClientID": 7}"#),
        ("sd/init", r#"{"ClientID": 8}"#),
        ("sd/voting", r#"{"ClientID": 7, "VoteID": 3}"#),
        ("sd/challenge", r#"{"TransactionID": 0, "dif": 3}"#),
        ("sd/solution", r#"{"ClientID": 7, "TransactionID": 0, "Solution": "5"}"#),
        ("sd/result", r#"{"ClientID": 7, "TransactionID": 0, "Solution": "5", "Result": 1}"#),
    ];
    let own_topics = [
        ("dist/hello", r#"{"who": 7}"#),
        ("dist/answer", r#"{"T": 0, "S": "5", "who": 7}"#),
        ("dist/verdict", r#"{"T": 0, "S": "5", "who": 7, "ok": 1}"#),
    ];
    let a_bool = [
        ("sd/init", r#"{"ClientID": 7}"#),
        ("sd/voting", r#"{"ClientID": 7, "VoteID": 3}"#),
        ("sd/challenge", r#"{"TransactionID": 0, "Challenge": 3}"#),
        ("sd/solution", r#"{"ClientID": 7, "TransactionID": 0, "Solution": "5"}"#),
        ("sd/solution", r#"{"ClientID": 8, "TransactionID": 0, "Solution": "5"}"#),
        ("sd/ballot", r#"{"ClientID": 7, "TransactionID": 0, "Solution": "5", "Y": true}"#),
    ];
    for (said, topics) in [
        (&renamed[..], &["sd/challenge"][..]),
        (&own_topics, &["dist/answer", "dist/hello"]),
        (&a_bool, &["sd/ballot"]),
    ] {
        let mut detector = Detector::default();
        said.iter().for_each(|(topic, payload)| {
            detector.hear(topic, payload.as_bytes());
        });
        let detected = detector.detect(Transport::Mqtt).expect("there was traffic");
        let listed: Vec<&str> = detected.unassigned.iter().map(|it| it.topic.as_str()).collect();
        for topic in topics {
            assert!(listed.contains(topic), "{detected:#?}");
        }
        assert!(!detected.lacks.is_empty(), "{detected:#?}");
    }
    let mut waiting = Detector::default();
    for id in [7, 8] {
        waiting.hear("sd/init", format!("{{\"ClientID\": {id}}}").as_bytes());
    }
    let [lack] = &waiting.detect(Transport::Mqtt).expect("there was traffic").lacks[..] else {
        panic!("one thing is missing")
    };
    assert_eq!(lack, "no other messages than those of the kind \"init\" were heard");
    let mut slashes = Detector::default();
    slashes.hear("sd/init", b"7/\x1b");
    assert_eq!(slashes.detect(Transport::Mqtt), None);
    let [sample] = &slashes.samples()[..] else { panic!("there was one topic") };
    assert_eq!((sample.topic.as_str(), sample.payload.as_str()), ("sd/init", "7/\\u{1b}"));
    assert_eq!(sample.reason, "it is no object of JSON");
}

/// The sheet may be followed over another bus: what the programs do not sign is not taken from
/// those that sign there, and all that was seen is in the proposal.
#[test]
fn programs_of_the_sheet_over_another_bus_are_told_completely() {
    let mut detector = Detector::default();
    for (topic, payload) in [
        ("shared/init", r#"{"ClientID": 7}"#),
        ("shared/init", r#"{"ClientID": 8}"#),
        ("shared/voting", r#"{"ClientID": 7, "VoteID": 300}"#),
        ("shared/voting", r#"{"ClientID": 8, "VoteID": 400}"#),
        ("shared/coordinator", r#"{"ClientID": 8}"#),
        ("shared/challenge", r#"{"ClientID": 8, "TransactionID": 0, "Challenge": 1}"#),
        ("shared/solution", r#"{"ClientID": 7, "TransactionID": 0, "Solution": "1"}"#),
        ("shared/result", r#"{"ClientID": 7, "TransactionID": 0, "Solution": "1", "Result": 1}"#),
    ] {
        detector.hear(topic, payload.as_bytes());
    }
    assert!(!detector.says_keys());
    let exchange = Exchange { kind: ExchangeKind::Topic, durable: false, auto_delete: true };
    let objects = Amqp { exchange, routing_key: "{exchange}".into(), ..Amqp::default() };
    detector.note_objects(objects.clone());
    let detected = detector.detect(Transport::Amqp).expect("there was traffic");
    assert_eq!((detected.nearest.as_str(), &detected.lacks), ("sheet", &Vec::new()));
    let text = detected.to_toml();
    let profile = profile::read("detected.toml", &text, &built_in::base).expect(&text);
    assert_eq!(profile.wire.transport, Transport::Amqp);
    assert_eq!(profile.amqp, objects, "{text}");
    assert!(profile.election.announced && profile.has(MessageKind::Coordinator), "{text}");
    assert_eq!(profile.sign.alg, profile::SignatureName::None);
    let unsigned = detected.seen.get("sign.alg").and_then(Value::as_str);
    assert_eq!(unsigned, Some("none"), "a whole session was heard");
}
