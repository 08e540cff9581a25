//! Charters: what is read, what is hashed, what is refused, and who leads.

use std::time::Duration;

use althing_types::{PeerKey, UnixTime, View};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;

use super::*;

type Change = fn(&mut Charter);

fn key(secret: u8) -> SigningKey {
    SigningKey::from_bytes(&[secret; 32])
}

fn member(secret: u8) -> Member {
    let name = format!("member {secret}").parse().expect("a name");
    Member { name, key: PeerKey::from_bytes(key(secret).verifying_key().to_bytes()) }
}

fn charter(members: u8) -> Charter {
    Charter {
        network: "club".parse().expect("a name"),
        founded: UnixTime::from_seconds(1_700_000_000),
        faults: FaultModel::Byzantine,
        block_time: Duration::from_secs(1),
        difficulty: 0..=0,
        applications: vec![ApplicationSettings {
            name: "notes".into(),
            settings: BTreeMap::from([("length".into(), Setting::Number(100))]),
        }],
        members: (1..=members).map(member).collect(),
        signatures: BTreeMap::new(),
    }
}

fn signed(members: u8) -> Charter {
    let mut charter = charter(members);
    for secret in 1..=members {
        assert_eq!(charter.sign(&key(secret)), Some(MemberIndex(u16::from(secret) - 1)));
    }
    charter
}

#[test]
fn a_charter_survives_its_document_and_keeps_its_id() {
    let charter = signed(4);
    assert_eq!(charter.check_complete(), Ok(()));
    let text = charter.to_document();
    let read = Charter::read(&text).expect("it is its own document");
    assert_eq!((read.chain_id(), &read), (charter.chain_id(), &charter));
    // Comments and the order of the lines are for people.
    let commented =
        format!("# Ours.\n{}", text.replace("[[member]]", "\n# One of us:\n[[member]]"));
    assert_eq!(Charter::read(&commented).map(|it| it.chain_id()), Ok(charter.chain_id()));
}

#[test]
fn the_id_is_the_hash_of_these_bytes() {
    let id = charter(4).chain_id().to_string();
    assert_eq!(id, ID_OF_FOUR);
}

/// Computed from what `docs/protocol.md` says by a program in Python that shares nothing with this.
const ID_OF_FOUR: &str = "3da4b06dd90adfe643942a9826f0eed6939541535c85cee72c81f37d3b19b20f";

#[test]
fn everything_but_the_signatures_is_in_the_id() {
    let ours = charter(4);
    assert_eq!(signed(4).chain_id(), ours.chain_id());
    let changed: [Change; 9] = [
        |it| it.network = "other".parse().expect("a name"),
        |it| it.founded = UnixTime::from_seconds(1),
        |it| it.faults = FaultModel::Crash,
        |it| it.block_time = Duration::from_millis(999),
        |it| it.difficulty = 0..=1,
        |it| it.difficulty = 1..=1,
        |it| it.applications[0].name = "ballots".into(),
        |it| {
            it.applications[0].settings.insert("length".into(), Setting::Text("100".into()));
        },
        |it| it.members.swap(0, 1),
    ];
    for change in changed {
        let mut other = ours.clone();
        change(&mut other);
        assert_ne!(other.chain_id(), ours.chain_id(), "{other:?}");
    }
}

#[test]
fn a_wrong_line_is_told_with_its_number_and_the_nearest_key() {
    let text = signed(1).to_document();
    for (from, to, expected) in [
        ("founded", "fonded", "line 2: there is no key \"fonded\"; did you mean \"founded\"?"),
        ("\"byzantine\"", "\"crsh\"", "there is no value \"crsh\"; did you mean \"crash\"?"),
        ("key = \"", "key = \"x", "it must be 64 hexadecimal digits"),
        ("1700000000", "\"now\"", "line 2: invalid type"),
        ("network = \"club\"\n", "", "missing field network"),
    ] {
        let wrong = text.replacen(from, to, 1);
        assert_ne!(wrong, text, "{from}");
        let error = Charter::read(&wrong).expect_err(to).to_string();
        assert!(error.contains(expected), "{error}");
    }
    let long = " ".repeat(2 << 20);
    assert_eq!(Charter::read(&long), Err(NotACharter::TooLong { bytes: 2 << 20 }));
}

#[test]
fn what_makes_no_sense_is_refused_in_plain_words() {
    let changed: [(Change, &str); 9] = [
        (|it| it.members.clear(), "there is no [[member]]"),
        (|it| it.members[1].key = it.members[0].key, "member 1 and member 2 have the same key"),
        (|it| it.members[1].name = it.members[0].name.clone(), "two members are called member 1"),
        (|it| it.members[0].key = PeerKey::from_bytes([0; 32]), "the key of member 1 is no"),
        (|it| it.block_time = Duration::ZERO, "block-time-ms: 0ns is not between"),
        (
            |it| (it.difficulty, it.block_time) = (0..=9, Duration::from_millis(1500)),
            "block-time-ms: 1.5s; where blocks are mined it has whole seconds",
        ),
        (|it| it.difficulty = 9..=101, "least = 9 and most = 101 are no range up to 100"),
        (|it| it.applications.clear(), "there is no [[application]]"),
        (
            |it| it.applications.push(it.applications[0].clone()),
            "the application \"notes\" comes twice",
        ),
    ];
    for (change, expected) in changed {
        let mut charter = charter(4);
        change(&mut charter);
        let problem = charter.check().expect_err(expected).to_string();
        assert!(problem.contains(expected), "{problem}");
    }
    let many = Charter { members: vec![member(1); MEMBERS_MAX + 1], ..charter(1) };
    assert_eq!(many.check(), Err(CharterProblem::TooManyMembers { found: MEMBERS_MAX + 1 }));
}

#[test]
fn a_charter_that_changes_after_it_was_signed_is_not_signed() {
    let mut charter = signed(2);
    charter.block_time = Duration::from_secs(2);
    let problem = charter.check().expect_err("it has changed").to_string();
    assert!(problem.starts_with("the signature of member 1 is not under this"), "{problem}");
    let mut half = self::charter(3);
    half.sign(&key(2));
    let problem = half.check_complete().expect_err("two are missing").to_string();
    assert_eq!(problem, "not signed yet by member 1, member 3");
    assert_eq!(half.sign(&key(9)), None, "a stranger");
}

#[test]
fn quorums_are_those_of_the_fault_model() {
    let of = |members, faults| {
        let charter = Charter { faults, ..charter(members) };
        (charter.quorum(), charter.faulty_max())
    };
    let expected = [
        (1, (1, 0), (1, 0)),
        (2, (2, 0), (2, 0)),
        (3, (3, 0), (2, 1)),
        (4, (3, 1), (3, 1)),
        (7, (5, 2), (4, 3)),
        (10, (7, 3), (6, 4)),
    ];
    for (members, byzantine, crash) in expected {
        assert_eq!(of(members, FaultModel::Byzantine), byzantine);
        assert_eq!(of(members, FaultModel::Crash), crash);
    }
}

#[test]
fn each_member_leads_about_as_often_as_any_other() {
    let charter = charter(4);
    let mut led = [0; 4];
    for view in 1..=4000 {
        led[usize::from(charter.leader(View::new(view)).0)] += 1;
    }
    assert!(led.iter().all(|times| (900..1100).contains(times)), "{led:?}");
}

proptest! {
    #[test]
    fn two_quorums_share_more_members_than_may_lie(members in 1..=100_u8, byzantine: bool) {
        let faults = if byzantine { FaultModel::Byzantine } else { FaultModel::Crash };
        // Members need no keys for this.
        let charter = Charter {
            faults,
            members: vec![member(1); members.into()],
            ..self::charter(1)
        };
        let (quorum, members) = (charter.quorum(), usize::from(members));
        let liars = if byzantine { charter.faulty_max() } else { 0 };
        prop_assert!(2 * quorum - members > liars);
        prop_assert!(members - charter.faulty_max() >= quorum, "the others can go on");
    }
}
