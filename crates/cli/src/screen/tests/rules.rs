//! What counts once, what replaces what, and what is not believed.

use althing_board::{Board, Phase, ROWS_MAX};
use althing_engine::rounds::{Event, Refusal, Waiting};
use althing_feed::PeerEvent;
use althing_types::{Moment, PeerId, Transaction};

use super::made_up::{Story, challenge, decided, elected, peer, solution, vote};

fn led() -> Story {
    let mut story = Story::new(10, None);
    story.led(3);
    story
}

#[test]
fn what_ten_peers_tell_counts_once() {
    let mut story = led();
    story.row(0, 20, 7, 84);
    let board = &story.board;
    assert_eq!(board.rows.len(), 1);
    let row = &board.rows[0];
    assert_eq!((row.yes, row.no), (10, 0));
    assert_eq!(row.took.expect("its challenge is known").as_millis(), 84);
    assert_eq!(board.peers.get(peer(7)).map(|peer| peer.won), Some(1));
    assert_eq!(board.peers.iter().len(), 10);
}

#[test]
fn a_message_that_all_peers_refuse_is_one_message() {
    let mut story = led();
    for _ in 0..3 {
        story.all(&Event::MessageRefused { claimed: peer(77), reason: Refusal::Stranger });
    }
    story.report(1, PeerEvent::further_refused(5));
    assert_eq!(story.board.refused(), 8);
    assert!(story.board.refusal.ends_with(": the sender is not a member"));
}

#[test]
fn a_yes_replaces_a_no_and_is_never_taken_back() {
    let mut story = led();
    story.all(&challenge(0, 20, 3)).all(&vote(0, 1, "5", false)).all(&vote(0, 1, "6", true));
    story.all(&vote(0, 1, "5", false));
    let round = story.board.shown_round(story.now).expect("it has begun");
    assert_eq!((round.yes(), round.no()), (1, 0));
}

#[test]
fn an_easier_challenge_replaces_a_harder_one_and_its_late_echo_does_not() {
    let mut story = led();
    story.all(&challenge(0, 60, 3)).after(30_000).all(&challenge(0, 30, 3));
    story.report(9, challenge(0, 60, 3));
    let round = story.board.shown_round(story.now).expect("it has begun");
    let challenge = round.challenge.expect("it was issued");
    assert_eq!(challenge.difficulty.bits(), 30);
    assert_eq!(challenge.issued, story.now);
}

#[test]
fn a_new_leader_asks_again_and_the_old_one_is_no_longer_heard() {
    let mut story = led();
    story.all(&challenge(0, 20, 3)).all(&solution(0, 7, "5")).all(&vote(0, 3, "5", true));
    story.all(&elected(4, 1)).all(&challenge(0, 21, 4)).all(&challenge(0, 20, 3));
    story.report(9, elected(3, 0));
    let round = story.board.shown_round(story.now).expect("it has begun");
    assert_eq!(round.challenge.map(|challenge| challenge.leader), Some(peer(4)));
    assert_eq!(round.phase(), Phase::Mining);
    assert_eq!(story.board.leader.map(|leader| leader.peer), Some(peer(4)));
}

#[test]
fn a_lost_vote_begins_the_row_again_once() {
    let mut story = led();
    let failed = Event::RoundFailed { transaction: Transaction::FIRST, yes: 4, no: 6 };
    story.all(&challenge(0, 20, 3)).all(&solution(0, 7, "5")).all(&vote(0, 3, "5", false));
    story.report(1, failed.clone()).all(&solution(0, 2, "6"));
    for late in 2..=10 {
        story.report(late, failed.clone());
    }
    let round = story.board.shown_round(story.now).expect("it has begun");
    assert_eq!(round.failures, 1);
    assert_eq!(round.solutions.len(), 1);
}

#[test]
fn rows_far_ahead_are_not_believed_from_a_vote() {
    let mut story = led();
    story.all(&vote(u64::MAX, 1, "5", true)).all(&vote(0, 1, "6", true));
    let round = story.board.shown_round(story.now).expect("the next row may begin with a vote");
    assert_eq!(round.transaction, Transaction::FIRST);
    assert_eq!(round.yes(), 1);
}

#[test]
fn waiting_ends_when_a_row_is_decided() {
    let mut story = led();
    let waiting = Waiting::Majority { heard: 5, needed: 6 };
    story.all(&challenge(0, 20, 3)).all(&Event::Waiting(waiting)).after(5000);
    story.all(&Event::Waiting(Waiting::Majority { heard: 4, needed: 6 }));
    let (shown, since) = story.board.waiting.expect("too few are heard");
    assert_eq!(shown, Waiting::Majority { heard: 4, needed: 6 }.into());
    assert_eq!((story.now - since).as_secs(), 5);
    story.all(&decided(0, 20, 7, "5", 6));
    assert_eq!(story.board.waiting, None);
}

#[test]
fn who_is_lost_is_here_again_when_it_is_heard() {
    let is_lost = |story: &Story| story.board.peers.get(peer(5)).map(|peer| peer.is_lost);
    let mut story = led();
    story.all(&challenge(0, 20, 3)).all(&Event::PeerLost { peer: peer(5) });
    assert_eq!(is_lost(&story), Some(true));
    story.all(&vote(0, 5, "5", true));
    assert_eq!(is_lost(&story), Some(false));
}

#[test]
fn a_peer_that_is_cut_off_does_not_make_the_others_lost() {
    let mut story = led();
    story.report(9, PeerEvent::Disconnected { reason: String::new() });
    for other in 1..=8 {
        story.report(9, Event::PeerLost { peer: peer(other) });
    }
    assert_eq!(story.board.peers.here(), 10);
}

#[test]
fn the_outcome_of_a_quick_round_stays_while_the_next_one_is_quick_too() {
    let mut story = led();
    let shown = |story: &Story| {
        story.board.shown_round(story.now).map(|round| (round.transaction.number(), round.phase()))
    };
    story.row(0, 12, 1, 20).all(&challenge(1, 12, 3)).after(15);
    assert_eq!(shown(&story), Some((0, Phase::Decided)));
    story.all(&solution(1, 2, "5")).all(&decided(1, 12, 2, "5", 6));
    assert_eq!(shown(&story), Some((1, Phase::Decided)));
    story.all(&challenge(2, 30, 3)).after(1000);
    assert_eq!(shown(&story), Some((2, Phase::Mining)));
}

#[test]
fn the_table_keeps_its_last_rows_and_counts_all() {
    let mut story = Story::new(1, None);
    let rows = u64::try_from(ROWS_MAX).expect("a small number") + 50;
    for row in 0..rows {
        story.after(20).all(&decided(row, 1, 1, "5", 1));
    }
    assert_eq!(story.board.rows.len(), ROWS_MAX);
    assert_eq!(story.board.next, Transaction::new(rows));
    let pace = story.board.pace(story.now).expect("there are rows");
    assert!((pace - 50.0).abs() < 0.5, "{pace}");
}

#[test]
fn a_board_of_nothing_can_be_drawn() {
    let board = Board::new("", 0, Some(0), String::new());
    super::made_up::picture(&board, Moment::START, 80, 24);
    assert_eq!(board.name(PeerId::new(5)), "5");
}
