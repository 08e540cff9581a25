//! What each value of a profile changes on the wire, and in the rules.

use althing_engine::rounds::{
    Cause, Place, PublicKey, Ruling, Signature, Signatures, StartsDigest,
};
use althing_types::{Difficulty, Seed, Term};
use proptest::prelude::*;

use super::*;
use crate::testing::{encode, rsa_secret};

const ROW: u64 = 3;

fn bits(bits: u64) -> Difficulty {
    Difficulty::from_bits(bits).expect("in range")
}

/// Returns one message of each kind, of a peer with the id 7.
fn messages() -> Vec<Message> {
    let (peer, transaction) = (PeerId::new(7), Transaction::new(ROW));
    let seed = || Seed::from(42);
    let place = Some(Place { transaction, term: Term::FIRST });
    let winner = PeerId::new(9);
    let starts = StartsDigest::default();
    let cause = Some(Cause { term: Term::FIRST, difficulty: Difficulty::MIN, winner, starts });
    vec![
        Message::Announcement { peer, key: None, members: None, start: None },
        Message::Election { peer, draw: 5, state: None },
        Message::Challenge { peer, difficulty: bits(4), place },
        Message::Solution { peer, transaction, seed: seed() },
        Message::Verdict { peer, transaction, seed: seed(), winner, ruling: Ruling::Accepted },
        Message::Vote { peer, transaction, seed: seed(), approve: true, cause },
        Message::Coordinator { peer, draw: 5 },
    ]
}

/// Returns what a peer says, as lines of a topic and a payload.
fn said(text: &str) -> String {
    let dialect = program(text);
    let wires = messages().into_iter().flat_map(|it| encode(&dialect, &unsigned(it)));
    let line = |wire: Wire| {
        let payload = String::from_utf8(wire.payload.clone()).expect("it is a text");
        format!("{} {payload}\n", wire.topic())
    };
    wires.map(line).collect()
}

#[test]
fn each_value_is_written_where_it_belongs() {
    let ballots = "judge.by = \"all\"\ntopics.ballot = \"ballot\"\n\
                   fields.ballot = [[\"id\", \"I\"], \
                   [\"solver\", \"W\"], [\"tx\", \"T\"], [\"yes\", \"Y\"]]";
    for (text, expected) in [
        ("", "sd/init {\"ClientID\": 7}\n"),
        ("topics.prefix = \"a/\"", "a/init {\"ClientID\": 7}\n"),
        ("topics.init = \"hello\"", "sd/hello {\"ClientID\": 7}\n"),
        ("names.id = \"cid\"", "sd/init {\"cid\": 7}\n"),
        ("id.kind = \"int-text\"", "sd/init {\"ClientID\": \"7\"}\n"),
        ("id.kind = \"hex-text\"", "sd/init {\"ClientID\": \"0x7\"}\n"),
        ("vote.type = \"hex-text\"", "\"VoteID\": \"0x5\"}\n"),
        ("id.kind = \"hex-text\"\nvote.kind = \"member\"", "\"VoteID\": \"0x5\"}\n"),
        ("topics.vote = \"election\"", "sd/election {\"ClientID\": 7, \"VoteID\": 5}\n"),
        ("wire.payload = \"slash-text\"", "sd/solution 7/3/42\n"),
        ("puzzle.type = \"int\"", "\"Solution\": 42}\n"),
        ("topics.result = \"{solver}/result\"", "sd/9/result {\"ClientID\": 9,"),
        ("judge.result.ok = 5", "\"Result\": 5}\n"),
        (
            "fields.challenge = [[\"d\", \"c\"], [\"null\", \"s\"], [\"const\", \"w\", -1]]",
            "sd/challenge {\"c\": 4, \"s\": null, \"w\": -1}\n",
        ),
        (ballots, "sd/ballot {\"I\": 7, \"W\": 9, \"T\": 3, \"Y\": true}\n"),
        (&format!("{ballots}\njudge.yes = \"int\""), "\"Y\": 1}\n"),
        (
            "election.announced = true\ntopics.coordinator = \"leader\"\nfields.coordinator = \
             [[\"id\", \"who\"], [\"vote\", \"with\"]]",
            "sd/leader {\"who\": 7, \"with\": 5}\n",
        ),
        (
            "topics.finish = \"end\"\nfields.finish = [[\"id\", \"who\"]]\nleader.rounds = 4",
            "\"Result\": 1}\nsd/end {\"who\": 7}\n",
        ),
    ] {
        let said = said(&format!("name = \"x\"\n{text}"));
        assert!(said.contains(expected), "{text}: {said}");
    }
}

#[test]
fn what_is_said_is_understood_and_so_is_what_programs_do_not_notice() {
    let dialect = program("name = \"x\"");
    let (peer, transaction) = (PeerId::new(7), Transaction::new(ROW));
    let announcement = Message::Announcement { peer, key: None, members: None, start: None };
    for other in [
        r#"{"ClientID": 7.0}"#,
        r#"{"ClientID": "7"}"#,
        r#"{"ClientID": 1, "ClientID": 7}"#,
        r#"{"ClientID": 7, "name": NaN}"#,
        r#"{"cid": 7}"#,
    ] {
        let received = message_of(&dialect, "sd/init", other.as_bytes());
        assert_eq!(received.message, announcement, "{other}");
    }
    let null = br#"{"ClientID": null}"#;
    assert_eq!(decode(&dialect, "sd/init", null), Ok(Content::Nothing));
    let strict = program("name = \"x\"\njoin.ignore_null = false\nfields.strict_keys = true");
    assert!(decode(&strict, "sd/init", null).is_err());
    assert!(decode(&strict, "sd/init", br#"{"ClientID": 7, "name": 1}"#).is_err());
    let results = [(1, Ruling::Accepted), (0, Ruling::Wrong), (2, Ruling::Late)];
    let dialect = program("name = \"x\"\njudge.result.late = 2");
    for (code, expected) in results {
        let text =
            format!(r#"{{"ClientID": 7, "TransactionID": 3, "Solution": 42, "Result": {code}}}"#);
        let received = message_of(&dialect, "sd/result", text.as_bytes());
        let Message::Verdict { ruling, seed, .. } = received.message else { panic!("{text}") };
        assert_eq!((ruling, seed.as_str()), (expected, "42"));
    }
    let other = br#"{"ClientID": 7, "TransactionID": 3, "Solution": "42", "Result": 9}"#;
    assert!(decode(&dialect, "sd/result", other).is_err());
    let vote = program(
        "name = \"x\"\njudge.by = \"all\"\ntopics.ballot = \"b\"\n\
         fields.ballot = [[\"id\", \"i\"], \
         [\"tx\", \"t\"], [\"yes\", \"y\"]]",
    );
    for (yes, expected) in [("true", true), ("1", true), ("0", false), ("0.0", false)] {
        let text = format!(r#"{{"i": 7, "t": 3, "y": {yes}}}"#);
        let received = message_of(&vote, "sd/b", text.as_bytes());
        let seed = Seed::new("").expect("it is short");
        let (approve, cause) = (expected, None);
        assert_eq!(received.message, Message::Vote { peer, transaction, seed, approve, cause });
    }
}

#[test]
fn a_message_without_a_row_names_none() {
    let dialect = program(
        "name = \"x\"\nfields.challenge = [[\"d\", \"d\"]]\nfields.solution = [[\"id\", \"i\"], \
         [\"solution\", \"s\"]]",
    );
    let challenge = message_of(&dialect, "sd/challenge", br#"{"d": 3}"#);
    assert!(matches!(challenge.message, Message::Challenge { place: None, .. }));
    let solution = message_of(&dialect, "sd/solution", br#"{"i": 7, "s": "x"}"#);
    let Message::Solution { transaction, .. } = solution.message else { panic!("{solution:?}") };
    assert_eq!(transaction, Transaction::UNNAMED);
}

#[test]
fn signatures_are_over_what_the_profile_says() {
    let solution = &messages()[3];
    let vote = &messages()[1];
    let bytes = |over: &str, message: &Message| {
        let text = format!("base = \"sequel\"\nname = \"x\"\nsign.over = \"{over}\"");
        encode::signed_bytes(&program(&text).profile, message)
    };
    assert_eq!(bytes("field-n-zero-bytes", vote), Some(vec![0; 5]));
    assert_eq!(bytes("field-utf8", vote), Some(b"5".to_vec()));
    assert_eq!(bytes("field-n-zero-bytes", solution), Some(b"42".to_vec()));
    let dump = br#"{"NodeId": 7, "ElectionNumber": 5}"#.to_vec();
    assert_eq!(bytes("dump-minus-sign", vote), Some(dump));
    assert_eq!(bytes("dump-minus-sign", &messages()[0]), None, "it is not signed");
    // A stranger's number does not take our memory.
    let huge = Message::Election { peer: PeerId::new(7), draw: 1 << 100, state: None };
    assert_eq!(bytes("field-n-zero-bytes", &huge), Some((1_u128 << 100).to_string().into_bytes()));
}

#[test]
fn keys_and_signatures_go_over_the_wire() {
    let secret = rsa_secret();
    for form in ["pem", "pem-hex", "pem-body", "openssh"] {
        let text = format!("base = \"ppd\"\nname = \"x\"\nsign.key = \"{form}\"");
        let dialect = program(&text);
        let signer = dialect.authenticator(&secret).expect("it is a secret");
        let (peer, key) = (PeerId::new(7), signer.public_key());
        let announced = unsigned(Message::Announcement { peer, key, members: None, start: None });
        let [wire] = encode(&dialect, &announced).try_into().expect("one message");
        assert_eq!(wire.topic(), "ppd/pubkey");
        assert_eq!(message_of(&dialect, wire.topic(), &wire.payload), announced, "{form}");
    }
    let other = unsigned(Message::Announcement {
        peer: PeerId::new(7),
        key: Some(PublicKey([7; 20].into())),
        members: None,
        start: None,
    });
    let dialect = program("base = \"ppd\"\nname = \"x\"\nsign.key = \"openssh\"");
    assert_eq!(encode(&dialect, &other), [], "it has no such form");
    let signed =
        Signed { message: messages()[1].clone(), signature: Some(Signature::new([1; 3].into())) };
    let [wire] = encode(&dialect, &signed).try_into().expect("one message");
    assert!(wire.payload.ends_with(b"\"Sign\": \"010101\"}"));
    assert_eq!(message_of(&dialect, wire.topic(), &wire.payload), signed);
}

#[test]
fn rules_follow_from_the_profile() {
    let rules = |text: &str| program(&format!("name = \"x\"\n{text}")).rules().clone();
    let usual = rules("");
    for (text, is_so) in [
        ("join.n = 5", (|rules: &Rules| rules.peers.get() == 5) as fn(&Rules) -> bool),
        ("leader.d = [2, 3]", |rules| rules.challenges == (bits(2)..=bits(3))),
        ("leader.next = 2", |rules| rules.pause == Duration::from_secs(2)),
        ("leader.next = \"operator\"", |rules| rules.issuing == Issuing::OnCommand),
        ("leader.rounds = 3", |rules| rules.rounds == Some(Transaction::new(3))),
        ("leader.first_tx = 1", |rules| rules.customs.leading.first_row.number() == 1),
        ("join.delay = 1", |rules| rules.customs.joining.delay == Duration::from_secs(1)),
        ("join.burst = [3, 0.2]", |rules| rules.customs.joining.burst.get() == 3),
        ("join.announce = 2", |rules| rules.customs.joining.every.is_some()),
        ("election.vote = 2", |rules| rules.customs.drawing.every.is_some()),
        ("join.learn_id_from_vote = true", |rules| rules.customs.joining.learns_from_draws),
        ("puzzle.exact = true", |rules| rules.puzzle.surplus == althing_pow::Surplus::Refused),
        ("puzzle.zeros = \"hex\"", |rules| rules.puzzle.zeros == althing_pow::Zeros::HexDigits),
        ("puzzle.need = \"max(1,d/4)\"", |rules| rules.puzzle.need == althing_pow::Need::Quarter),
        ("puzzle.input = \"{tx}:{solution}\"", |rules| {
            rules.puzzle.input == althing_pow::PuzzleInput::RowAndSolution
        }),
        ("puzzle.secret = true", |rules| rules.puzzle.validity == althing_pow::Validity::Secret),
    ] {
        assert!(is_so(&rules(text)) && !is_so(&usual), "{text}");
    }
    for profile in built_in::all().iter().filter(|it| it.network == profile::NetworkKind::Rounds) {
        let rules = Program::built_in(&profile.name).rules().clone();
        let signs = profile.sign.alg != SignatureName::None;
        assert_eq!(rules.signatures == Signatures::Required, signs, "{}", profile.name);
    }
}

#[test]
fn ids_are_drawn_from_their_range_and_networks_told_apart() {
    let narrow = program("name = \"x\"\nid = { lo = 5, hi = 8 }");
    let ids: std::collections::BTreeSet<u128> =
        (0..100).map(|entropy| narrow.peer_id(0, entropy).number()).collect();
    assert_eq!(ids.into_iter().collect::<Vec<_>>(), [5, 6, 7, 8]);
    assert_eq!(narrow.few_ids(), Some(5..=8));
    assert_eq!(narrow.chosen_id(6), Ok(PeerId::new(6)));
    assert_eq!(narrow.chosen_id(9), Err("ids of this network are from 5 to 8".into()));
    assert!(narrow.watching_id(0, 6).number() > u128::from(u64::MAX), "no member has it");
    let sd = Program::built_in("sd");
    assert_eq!((sd.few_ids(), sd.chosen_id(6).is_err()), (None, true));
    assert_eq!(program("name = \"x\"").few_ids(), None, "there are thousands");
    let uuid = Program::built_in("sd").peer_id(7, 9).number();
    assert_eq!(Uuid::random(uuid).number(), uuid);
    assert_eq!(Program::built_in("elect-chain").peer_id(0x1234_5678, 0xfff).number(), 0x1234_57ff);
    let room = |room: &str| {
        let profile = Profile::default();
        Program::new(Config { room: room.into(), ..Config::new(profile) }).network()
    };
    assert_ne!(room("class7"), room(""));
    assert_eq!(narrow.network().dialect(), "x");
}

proptest! {
    #[test]
    fn any_bytes_are_a_message_or_an_error(payload in prop::collection::vec(any::<u8>(), 0..200)) {
        for profile in built_in::all() {
            if profile.network == profile::NetworkKind::Rounds {
                let dialect = Program::built_in(&profile.name);
                for topic in dialect.topics().iter().chain(dialect.overheard().iter().flatten()) {
                    let _ = decode(&dialect, &topic.replace('+', "7"), &payload);
                }
            }
        }
    }
}
