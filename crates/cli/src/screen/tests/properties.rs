//! Whatever is reported, the board stays within its bounds, and the screen can be drawn.

use std::time::Duration;

use althing_engine::rounds::{CertifiedRecord, Event, Record, Refusal, Waiting};
use althing_node::{Happening, Report};
use althing_types::{Difficulty, Moment, PeerId, Seed, Term, Transaction};
use proptest::collection::vec;
use proptest::prelude::*;

use super::made_up::{bits, picture};
use crate::screen::board::Board;

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
        },
    )
}

fn waitings() -> impl Strategy<Value = Waiting> {
    prop_oneof![
        (any::<usize>(), any::<usize>())
            .prop_map(|(known, needed)| Waiting::Peers { known, needed }),
        (any::<usize>(), any::<usize>())
            .prop_map(|(heard, needed)| Waiting::Majority { heard, needed }),
        rows().prop_map(|transaction| Waiting::Arrivals { transaction }),
    ]
}

fn refusals() -> impl Strategy<Value = Refusal> {
    prop_oneof![
        Just(Refusal::Stranger),
        (texts(), texts()).prop_map(|(theirs, ours)| Refusal::OtherRoster { theirs, ours }),
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
            .prop_map(|(members, member)| Event::RosterSettled { members, member }),
        (peers(), any::<u64>(), any::<Option<u128>>()).prop_map(|(leader, term, draw)| {
            Event::LeaderElected { leader, term: Term::new(term % 4), draw }
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
        waitings().prop_map(Event::Waiting),
        Just(Event::AllRecorded),
    ]
}

fn happenings() -> impl Strategy<Value = Happening> {
    prop_oneof![
        1 => Just(Happening::Connected),
        1 => texts().prop_map(|reason| Happening::Disconnected { reason }),
        8 => events().prop_map(Happening::Engine),
        1 => (texts(), texts()).prop_map(|(topic, reason)| Happening::Malformed { topic, reason }),
        1 => any::<u64>().prop_map(|count| Happening::FurtherRefused { count }),
    ]
}

fn moments() -> impl Strategy<Value = Moment> {
    prop_oneof![9 => 0..100_000_u64, 1 => any::<u64>()]
        .prop_map(|millis| Moment::from_start(Duration::from_millis(millis)))
}

fn reports() -> impl Strategy<Value = Report> {
    (moments(), peers(), happenings()).prop_map(|(at, peer, happening)| Report {
        at,
        peer,
        happening,
    })
}

fn boards() -> impl Strategy<Value = Board> {
    let peers = prop_oneof![9 => 0..20_usize, 1 => any::<usize>()];
    (texts(), peers, any::<Option<u64>>(), texts())
        .prop_map(|(dialect, peers, rounds, broker)| Board::new(&dialect, peers, rounds, broker))
}

proptest! {
    #[test]
    fn any_reports_stay_within_the_bounds_and_can_be_drawn_at_any_size(
        mut board in boards(),
        reports in vec(reports(), 0..60),
        hashes in vec((moments(), peers(), any::<u64>()), 0..10),
        now in moments(),
        width in 1..=200_u16,
        height in 1..=60_u16,
    ) {
        for report in &reports {
            board.apply(report);
            board.assert_bounded();
        }
        for (at, peer, total) in hashes {
            board.set_hashes(at, &[(peer, total)]);
        }
        board.assert_bounded();
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
    let mut board = Board::new("flood", 4, None, String::new());
    for number in 0..1500_u64 {
        let at = Moment::from_start(Duration::from_millis(number));
        let peer = PeerId::new(number.into());
        let (transaction, seed) = (Transaction::new(number / 700), Seed::from(number));
        let happenings = [
            Happening::Connected,
            Happening::Engine(Event::PeerJoined { peer, known: 0 }),
            Happening::Engine(Event::ChallengeIssued {
                transaction,
                difficulty: Difficulty::MIN,
                leader: peer,
            }),
            Happening::Engine(Event::SolutionFound {
                transaction,
                finder: peer,
                seed: seed.clone(),
            }),
            Happening::Engine(Event::VoteCast { transaction, voter: peer, seed, approve: true }),
            Happening::FurtherRefused { count: u64::MAX },
        ];
        for happening in happenings {
            board.apply(&Report { at, peer, happening });
        }
        board.set_hashes(at, &[(peer, number), (PeerId::new(0), number)]);
        board.assert_bounded();
    }
    picture(&board, Moment::START, 200, 60);
}
