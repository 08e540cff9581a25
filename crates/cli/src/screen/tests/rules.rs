//! What counts once, what replaces what, and what is not believed.

use althing_board::{Board, HowDecided, Phase, ROWS_MAX};
use althing_engine::rounds::{Election, Event, Refusal, Tie, Waiting};
use althing_feed::PeerEvent;
use althing_types::{Moment, PeerId, Transaction};

use super::made_up::{Story, challenge, decided, elected, peer, solution, vote, votes_decide};

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
    let (shown, since) = story.board.waiting.clone().expect("too few are heard");
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
    story.all(&Event::PeerLost { peer: peer(5) });
    assert_eq!(is_lost(&story), Some(true));
    story.all(&Event::PeerHeard { peer: peer(5) });
    assert_eq!(is_lost(&story), Some(false));
}

/// One that waits to be confirmed says so alone, and the network goes on.
#[test]
fn what_one_peer_waits_for_alone_is_not_shown_as_what_the_network_waits_for() {
    let mut story = led();
    let waiting = Waiting::Confirmation { confirmed: 1, needed: 5, missing: vec![peer(2)] };
    story.report(9, Event::Waiting(waiting));
    story.report(8, Event::Waiting(Waiting::Copied));
    story.report(7, Event::Waiting(Waiting::Missed { transaction: Transaction::FIRST }));
    assert_eq!(story.board.waiting, None);
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
    let board = Board::new("", 0, votes_decide(0), Some(0), String::new());
    super::made_up::picture(&board, Moment::START, 80, 24);
    assert_eq!(board.name(PeerId::new(5)), "5");
}

#[test]
fn a_leader_leads_for_a_reason() {
    let mut story = Story::new(10, None);
    story.led(8);
    let [long, ..] = story.board.why_leader().expect("all draws are known");
    assert_eq!(long, "#8 leads: drew 251, the highest; ties go to the smallest id");
    assert_eq!(story.board.draw_of(peer(8)).as_deref(), Some("251"));
    // The next election begins with other draws.
    let (leader, term) = (peer(2), althing_types::Term::new(1));
    let draws = vec![(peer(2), 200)];
    story.all(&Event::LeaderElected { leader, term, draw: Some(200), draws });
    assert_eq!(story.board.draw_of(peer(8)), None);
    let why = story.board.why_leader().map(|[.., short]| short);
    assert_eq!(why.as_deref(), Some("#2 leads: drew 200"));
}

#[test]
fn where_a_draw_is_a_peer_the_votes_for_it_are_the_reason() {
    let election = Election::plurality(Tie::LargestId);
    let mut story = Story::with_rules(4, None, HowDecided { election, ..votes_decide(4) });
    story.led(3);
    let draws = [(1, 2), (2, 4), (3, 4), (4, 1)];
    let draws = draws.map(|(from, to)| (peer(from), peer(to).number())).to_vec();
    let (leader, term) = (peer(4), althing_types::Term::new(1));
    story.all(&Event::LeaderElected { leader, term, draw: Some(peer(1).number()), draws });
    let [long, ..] = story.board.why_leader().expect("all draws are known");
    assert_eq!(long, "#4 leads: 2 of 4 drew it, the most; ties go to the largest id");
    assert_eq!(story.board.draw_of(peer(2)).as_deref(), Some("#4"));
}

#[test]
fn the_rule_that_is_shown_is_the_network_s() {
    use althing_dialect::RoundsDialect;
    use althing_dialect::elect_chain::{self, ElectChain};
    use althing_dialect::program::Program;
    use althing_dialect::sd::{self, Sd};
    let text = |dialect: &dyn RoundsDialect| {
        let [text, _] = HowDecided::from(dialect.rules()).texts(10);
        text
    };
    assert_eq!(text(&ElectChain::new(elect_chain::Config::default())), "6 of 10 decide");
    assert_eq!(text(&Program::built_in("sd")), "the leader alone decides");
    assert_eq!(text(&Sd::new(sd::Config::default())), "the leader decides, with 6 of 10");
}

#[test]
fn only_what_can_be_seen_is_progress() {
    let mut story = led();
    let seen = story.board.progress();
    story.all(&elected(3, 0));
    assert!(story.board.progress() == seen, "it was known");
    for event in
        [challenge(0, 20, 3), solution(0, 7, "5"), solution(0, 2, "6"), vote(0, 3, "5", true)]
    {
        let before = story.board.progress();
        story.report(1, event.clone());
        assert!(story.board.progress() != before, "{event:?}");
        let before = story.board.progress();
        story.report(2, event);
        assert!(story.board.progress() == before);
    }
}

#[test]
fn solutions_that_have_not_won_are_kept_with_their_finders() {
    let mut story = led();
    story.all(&challenge(0, 20, 3)).all(&solution(0, 7, "5")).all(&solution(0, 2, "6"));
    story.all(&decided(0, 20, 2, "6", 6)).all(&solution(0, 9, "8"));
    let round = story.board.shown_round(story.now).expect("it was decided");
    let losing: Vec<_> = round.losing().map(|(finder, seed)| (finder, seed.to_string())).collect();
    assert_eq!(losing, [(peer(7), "5".to_owned()), (peer(9), "8".to_owned())]);
}

#[test]
fn a_killed_peer_is_not_here_until_it_runs_again() {
    let mut story = led();
    story.board.set_down(peer(3), true);
    assert_eq!((story.board.peers.here(), story.board.is_connected(peer(3))), (9, Some(false)));
    story.board.set_down(peer(3), false);
    assert_eq!(story.board.peers.here(), 10);
}
