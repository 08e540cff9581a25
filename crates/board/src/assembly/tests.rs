//! The board of an assembly, from made-up events.

use std::time::{Duration, SystemTime};

use althing_feed::{
    AssemblyEvent, ChainEvent, CharterMember, DemoEvent, Event, Id, PeerEvent, PeerName, Record,
    Word,
};
use althing_types::{BlockHash, Height, Moment, PeerId, View};

use super::{AssemblyBoard, BLOCKS_MAX, HistoryRow};
use crate::peers::PEERS_MAX;

fn id(number: u128) -> Id {
    PeerId::new(number).into()
}

fn name(number: u128) -> PeerName {
    PeerId::new(number).into()
}

fn tell(board: &mut AssemblyBoard, millis: u64, peer: Option<u128>, event: impl Into<Event>) {
    let at = Moment::from_start(Duration::from_millis(millis));
    let (time, peer) = (SystemTime::UNIX_EPOCH, peer.map(name));
    let (names, event) = (std::collections::BTreeMap::new(), event.into());
    board.apply(&Record { sequence: 0, time, at, network: None, peer, names, event });
}

fn charter(members: u128) -> AssemblyEvent {
    let member = |number| CharterMember {
        id: id(number),
        name: format!("member-{number}").parse().expect("it is a name"),
    };
    AssemblyEvent::CharterFollowed {
        chain: String::new(),
        members: (1..=members).map(member).collect(),
        quorum: 3,
        member: true,
    }
}

/// Four members that are connected.
fn board() -> AssemblyBoard {
    let mut board = AssemblyBoard::new("assembly", Some(2), String::new());
    for member in 1..=4 {
        tell(&mut board, 0, Some(member), PeerEvent::Connected {});
        tell(&mut board, 0, Some(member), charter(4));
    }
    board
}

fn entered(view: u64, leader: u128) -> AssemblyEvent {
    AssemblyEvent::ViewEntered { view: View::new(view), leader: id(leader) }
}

fn passed_over(view: u64, leader: u128) -> AssemblyEvent {
    AssemblyEvent::LeaderPassedOver { view: View::new(view), leader: id(leader) }
}

fn committed(height: u64, view: u64, byte: u8) -> AssemblyEvent {
    AssemblyEvent::BlockCommitted {
        height: Height::new(height),
        hash: BlockHash::from_bytes([byte; 32]),
        view: View::new(view),
        maker: id(2),
        entries: 2,
    }
}

fn lost(number: u128) -> PeerEvent {
    PeerEvent::PeerLost { lost: name(number) }
}

#[test]
fn a_block_counts_once_and_reaches_one_member_after_the_other() {
    let mut board = board();
    for member in 1..=4 {
        tell(&mut board, 1000 + u64::try_from(member).expect("small"), Some(member), entered(1, 2));
    }
    tell(&mut board, 1100, Some(3), committed(1, 1, 7));
    let block = board.history.last().expect("it is committed");
    assert_eq!((block.took, block.entries), (Some(Duration::from_millis(99)), 2));
    assert_eq!(board.members.reached(Height::new(1)), 1);
    tell(&mut board, 1200, Some(1), committed(1, 1, 7));
    assert_eq!(board.members.reached(Height::new(1)), 2);
    assert_eq!(board.history.blocks().len(), 1);
    assert_eq!(board.members.get(PeerId::new(2)).map(|it| it.made), Some(1));
    assert!(!board.history.differs() && !board.is_finished());
    for member in 1..=3 {
        assert!(!board.is_finished());
        tell(&mut board, 1300, Some(member), committed(2, 2, 8));
    }
    assert!(board.is_finished());
}

#[test]
fn two_blocks_of_one_height_show() {
    let mut board = board();
    tell(&mut board, 1, Some(1), committed(1, 1, 7));
    tell(&mut board, 2, Some(2), committed(1, 1, 8));
    assert!(board.history.differs());
}

#[test]
fn a_member_is_silent_when_most_of_the_others_have_not_heard_it() {
    let mut board = board();
    let is_silent = |board: &AssemblyBoard, number| {
        let member = board.members.get(PeerId::new(number)).expect("it is a member");
        board.members.is_silent(member)
    };
    // One that is cut off has heard none of the others.
    for other in 1..=3 {
        tell(&mut board, 1, Some(4), lost(other));
    }
    assert!((1..=4).all(|number| !is_silent(&board, number)));
    for other in 1..=2 {
        tell(&mut board, 2, Some(other), lost(4));
    }
    assert!(is_silent(&board, 4) && !is_silent(&board, 1));
    assert_eq!(board.members.here(), (3, 4));
    tell(&mut board, 3, Some(1), PeerEvent::PeerHeard { heard: name(4) });
    assert!(!is_silent(&board, 4));
}

#[test]
fn a_view_that_fails_has_a_reason() {
    let mut board = board();
    let refused = AssemblyEvent::ProposalRefused {
        view: View::new(1),
        leader: id(1),
        reason: "the block\u{1b}[2J is not sealed".to_owned(),
    };
    tell(&mut board, 1, Some(2), refused);
    tell(&mut board, 2, None, DemoEvent::PeerCrashed { crashed: name(2) });
    for (view, leader) in [(1, 1), (2, 2), (3, 3)] {
        for member in [1, 3, 4] {
            tell(&mut board, 3, Some(member), passed_over(view, leader));
        }
    }
    tell(&mut board, 4, Some(1), committed(1, 2, 7));
    let rows: Vec<String> = board
        .history
        .rows(10)
        .into_iter()
        .map(|row| match row {
            HistoryRow::Committed(block) => format!("{} block", block.view),
            HistoryRow::PassedOver(passed) => format!("{} {}", passed.view, passed.why),
        })
        .collect();
    let refused = "1 the block\\u{1b}[2J is not sealed";
    assert_eq!(rows, [refused, "2 it was killed", "2 block", "3 no block came in time"]);
    assert_eq!(board.history.passed_over().0, 3);
    assert_eq!(board.history.rows(1).len(), 1);
}

#[test]
fn entries_wait_until_they_are_in_a_block_or_refused() {
    let mut board = board();
    let (entry, author) = (|number: u8| format!("note {number}"), || Some("ab".to_owned()));
    for (number, member) in (1..=4).flat_map(|number| [(number, 1), (number, 2)]) {
        let pooled = ChainEvent::EntryPooled { entry: entry(number), author: author() };
        tell(&mut board, 1, Some(member), pooled);
    }
    assert_eq!(board.entries(), (4, 0));
    for member in [1, 2] {
        let reason = "too long".to_owned();
        let refused = ChainEvent::EntryRefused { entry: entry(4), author: author(), reason };
        tell(&mut board, 2, Some(member), refused);
        tell(&mut board, 3, Some(member), committed(1, 1, 7));
    }
    assert_eq!(board.entries(), (1, 2));
}

#[test]
fn a_standstill_lasts_until_enough_are_heard_or_a_block_is_committed() {
    let mut board = board();
    let standstill =
        || AssemblyEvent::Standstill { here: 2, needed: 3, missing: vec![id(3), id(4)] };
    tell(&mut board, 5, Some(1), standstill());
    tell(&mut board, 6, Some(2), standstill());
    let shown = board.standstill.clone().expect("too few are heard");
    assert_eq!(shown.since, Moment::from_start(Duration::from_millis(5)));
    tell(&mut board, 7, Some(1), AssemblyEvent::Resumed {});
    assert_eq!(board.standstill, None);
    tell(&mut board, 8, Some(1), standstill());
    tell(&mut board, 9, Some(2), committed(1, 1, 7));
    assert_eq!(board.standstill, None);
}

#[test]
fn whatever_is_told_the_board_stays_within_its_bounds() {
    let mut board = board();
    let many = u64::try_from(BLOCKS_MAX + PEERS_MAX).expect("small");
    for number in 0..many {
        let stranger = u128::from(number) + 100;
        let (view, leader) = (number, stranger);
        tell(&mut board, number, Some(stranger), PeerEvent::Connected {});
        tell(&mut board, number, Some(stranger), entered(view, leader));
        tell(&mut board, number, Some(stranger), lost(1));
        tell(&mut board, number, Some(1), passed_over(view, leader));
        tell(&mut board, number, Some(1), committed(number, view, 7));
        let word = || Word { statement: "a".repeat(1000), signature: String::new() };
        let (first, second) = (word(), word());
        let contradicted =
            AssemblyEvent::MemberContradicted { member: id(stranger), first, second };
        tell(&mut board, number, Some(1), contradicted);
        let pooled = ChainEvent::EntryPooled { entry: number.to_string(), author: None };
        tell(&mut board, number, Some(1), pooled);
    }
    assert!(board.is_bounded());
    assert!(board.contradictions.len() <= PEERS_MAX);
    assert_eq!(board.history.blocks().len(), BLOCKS_MAX);
}
