//! Whatever is reported, the board stays within its bounds, and the screen can be drawn.

use std::time::Duration;

use althing_board::Board;
use althing_engine::rounds::{CertifiedRecord, Event, Record, Refusal, StartsDigest, Waiting};
use althing_engine::{Ground, OtherNetwork};
use althing_feed::{self as feed, DemoEvent, PeerEvent};
use althing_types::{Channel, Difficulty, Moment, PeerId, Seed, Term, Transaction};
use proptest::collection::vec;
use proptest::prelude::*;

use super::made_up::{bits, picture, record, votes_decide};

/// Mostly a few peers, so that their words meet; sometimes anybody.
fn peers() -> impl Strategy<Value = PeerId> {
    prop_oneof![9 => 0..12_u128, 1 => any::<u128>()].prop_map(PeerId::new)
}

fn rows() -> impl Strategy<Value = Transaction> {
    prop_oneof![9 => 0..6_u64, 1 => any::<u64>()].prop_map(Transaction::new)
}

fn difficulties() -> impl Strategy<Value = Difficulty> {
    (1..=160_u64).prop_map(bits)
}

/// Texts of strangers, with all kinds of characters.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![vec(any::<char>(), 0..300).prop_map(String::from_iter), "[\\x00-\\x7f]{0,12}"]
}

fn seeds() -> impl Strategy<Value = Seed> {
    vec(any::<char>(), 0..16).prop_map(|text| Seed::new(String::from_iter(text)).expect("short"))
}

fn rosters() -> impl Strategy<Value = Vec<PeerId>> {
    prop_oneof![
        9 => vec(peers(), 0..12),
        1 => (0..600_u128).prop_map(|peers| (0..peers).map(PeerId::new).collect()),
    ]
}

fn certificates() -> impl Strategy<Value = CertifiedRecord> {
    let votes = rosters().prop_map(|peers| peers.into_iter().map(|peer| (peer, None)).collect());
    (rows(), difficulties(), seeds(), peers(), any::<u64>(), votes, any::<u16>()).prop_map(
        |(transaction, difficulty, seed, winner, term, votes, noes)| CertifiedRecord {
            record: Record { transaction, difficulty, seed, winner },
            term: Term::new(term),
            votes,
            noes,
            starts: StartsDigest(0),
        },
    )
}

fn waitings() -> impl Strategy<Value = Waiting> {
    prop_oneof![
        (any::<usize>(), any::<usize>())
            .prop_map(|(known, needed)| Waiting::Peers { known, needed }),
        (any::<usize>(), any::<usize>())
            .prop_map(|(heard, needed)| Waiting::Majority { heard, needed }),
        rows().prop_map(|transaction| Waiting::Secret { transaction }),
        rows().prop_map(|transaction| Waiting::Missed { transaction }),
        (any::<usize>(), any::<usize>(), vec(peers(), 0..20))
            .prop_map(|(here, needed, missing)| Waiting::Leader { here, needed, missing }),
        (peers(), rows())
            .prop_map(|(leader, transaction)| Waiting::Challenge { leader, transaction }),
        Just(Waiting::Copied),
        rows().prop_map(|transaction| Waiting::Arrivals { transaction }),
    ]
}

fn refusals() -> impl Strategy<Value = Refusal> {
    prop_oneof![
        Just(Refusal::Stranger),
        (texts(), texts()).prop_map(|(theirs, ours)| Refusal::OtherMembership { theirs, ours }),
    ]
}

fn events() -> impl Strategy<Value = Event> {
    let told = (rows(), peers(), seeds(), any::<bool>());
    let votes = told.prop_map(|(transaction, voter, seed, approve)| Event::VoteCast {
        transaction,
        voter,
        seed,
        approve,
    });
    prop_oneof![
        (peers(), any::<usize>()).prop_map(|(peer, known)| Event::PeerJoined { peer, known }),
        (rosters(), any::<bool>())
            .prop_map(|(members, member)| Event::MembershipSettled { members, member }),
        (peers(), any::<u64>(), any::<Option<u128>>(), vec((peers(), any::<u128>()), 0..12))
            .prop_map(|(leader, term, draw, draws)| {
                let term = Term::new(term % 4);
                Event::LeaderElected { leader, term, draw, draws }
            }),
        (rows(), difficulties(), peers()).prop_map(|(transaction, difficulty, leader)| {
            Event::ChallengeIssued { transaction, difficulty, leader }
        }),
        (rows(), peers(), seeds()).prop_map(|(transaction, finder, seed)| {
            Event::SolutionFound { transaction, finder, seed }
        }),
        votes,
        certificates().prop_map(Event::RoundDecided),
        (rows(), any::<usize>(), any::<usize>())
            .prop_map(|(transaction, yes, no)| Event::RoundFailed { transaction, yes, no }),
        (peers(), refusals())
            .prop_map(|(claimed, reason)| Event::MessageRefused { claimed, reason }),
        peers().prop_map(|peer| Event::PeerLost { peer }),
        peers().prop_map(|peer| Event::PeerHeard { peer }),
        waitings().prop_map(Event::Waiting),
        (texts(), any::<usize>()).prop_map(|(text, peers)| {
            let network = OtherNetwork { speech: text.as_str().into(), advice: text.into() };
            Event::NetworkOverheard { network, peers }
        }),
        Just(Event::AllRecorded),
    ]
}

/// Something that the user of a demo has broken.
fn broken(fault: u64, sentence: String) -> DemoEvent {
    DemoEvent::FaultSet { fault, kind: "cut".to_owned(), sentence, seed: None }
}

fn all_events() -> impl Strategy<Value = feed::Event> {
    let ground = Ground { kind: "not_a_message", rule: None, is_breach: true };
    let malformed = (texts(), texts()).prop_map(move |(topic, reason)| {
        PeerEvent::refused_from(&Channel::topic(topic), ground, reason)
    });
    prop_oneof![
        1 => Just(PeerEvent::Connected {}).prop_map(feed::Event::from),
        1 => texts().prop_map(|reason| PeerEvent::Disconnected { reason }.into()),
        8 => events().prop_map(feed::Event::from),
        1 => malformed.prop_map(feed::Event::from),
        1 => any::<u64>().prop_map(|count| PeerEvent::further_refused(count).into()),
        1 => (any::<u64>(), texts()).prop_map(|(fault, sentence)| broken(fault, sentence).into()),
    ]
}

fn moments() -> impl Strategy<Value = Moment> {
    prop_oneof![9 => 0..100_000_u64, 1 => any::<u64>()]
        .prop_map(|millis| Moment::from_start(Duration::from_millis(millis)))
}

fn records() -> impl Strategy<Value = feed::Record> {
    (moments(), peers(), all_events()).prop_map(|(at, peer, event)| record(at, peer, event))
}

fn boards() -> impl Strategy<Value = Board> {
    let peers = prop_oneof![9 => 0..20_usize, 1 => any::<usize>()];
    (texts(), peers, any::<Option<u64>>(), texts()).prop_map(|(dialect, peers, rounds, broker)| {
        Board::new(&dialect, peers, votes_decide(peers % 20), rounds, broker)
    })
}

proptest! {
    #[test]
    fn any_reports_stay_within_the_bounds_and_can_be_drawn_at_any_size(
        mut board in boards(),
        records in vec(records(), 0..60),
        hashes in vec((moments(), peers(), any::<u64>()), 0..10),
        now in moments(),
        width in 1..=200_u16,
        height in 1..=60_u16,
    ) {
        for record in &records {
            board.apply(record);
            assert!(board.is_bounded());
        }
        for (at, peer, total) in hashes {
            board.set_hashes(at, &[(peer, total)]);
        }
        assert!(board.is_bounded());
        // The usual size as well, since most others are too small.
        for (width, height) in [(width, height), (80, 24)] {
            let picture = picture(&board, now, width, height);
            for cell in &picture.buffer().content {
                prop_assert!(!cell.symbol().chars().any(char::is_control));
            }
        }
    }
}

/// Enough of everything to reach the bounds.
#[test]
fn a_flood_stays_within_the_bounds() {
    let mut board = Board::new("flood", 4, votes_decide(4), None, String::new());
    for number in 0..1500_u64 {
        let at = Moment::from_start(Duration::from_millis(number));
        let peer = PeerId::new(number.into());
        let (transaction, seed) = (Transaction::new(number / 700), Seed::from(number));
        let events = [
            PeerEvent::Connected {}.into(),
            Event::PeerJoined { peer, known: 0 }.into(),
            Event::ChallengeIssued { transaction, difficulty: Difficulty::MIN, leader: peer }
                .into(),
            Event::SolutionFound { transaction, finder: peer, seed: seed.clone() }.into(),
            Event::VoteCast { transaction, voter: peer, seed, approve: true }.into(),
            PeerEvent::further_refused(u64::MAX).into(),
            broken(number, "\u{10ffff}".repeat(1000)).into(),
        ];
        for event in events {
            board.apply(&record(at, peer, event));
        }
        board.set_hashes(at, &[(peer, number), (PeerId::new(0), number)]);
        assert!(board.is_bounded());
    }
    picture(&board, Moment::START, 200, 60);
}
