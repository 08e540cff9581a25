//! Peers of ours among programs, for each value of each dimension in which such networks differ.

use std::num::{NonZeroU8, NonZeroU16};
use std::time::Duration;

use althing_engine::rounds::{
    Compare, Counting, Decision, Draw, Election, ElectionEvery, ElectionRule, Event, LeaderMines,
    Message, Repeats, Reply, Rules, Tie, Wait, Waiting,
};
use althing_pow::{
    Alphabet, Candidates, Need, Puzzle, PuzzleInput, SolutionBytes, SolutionKind, Surplus,
    Validity, Zeros,
};
use althing_types::Transaction;

use crate::network::{Lockstep, bits, rules};

/// Long enough for all rows of a session, also where peers wait for each other.
const TIME: Duration = Duration::from_secs(120);

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The rules of the exercise sheet: ids and draws of 16 bits, and the leader judges.
pub(crate) fn sheet(peers: u16) -> Rules {
    let mut rules = Rules {
        election: Election::highest(65_335, Tie::LargestId),
        counting: Counting::Arrivals,
        decision: Decision::Leader,
        puzzle: Puzzle::SHA1,
        pause: seconds(1),
        rounds: Some(Transaction::new(4)),
        challenges: bits(1)..=bits(6),
        ..rules(peers)
    };
    rules.customs.leading.delay = Some(seconds(1));
    rules
}

/// The same, where all vote.
pub(crate) fn all_vote(peers: u16) -> Rules {
    Rules { decision: Decision::Majority, turn: Duration::from_millis(20), ..sheet(peers) }
}

/// Runs a session of `ours` peers of ours, the others being programs, and asserts that all have
/// the same table and no program has ended.
pub(crate) fn run(rules: &Rules, ours: usize, seed: u64) -> Lockstep {
    let all = usize::from(rules.peers.get());
    let mut net = Lockstep::among_programs(rules, ours, all - ours, seed);
    net.run(TIME);
    net.assert_all_have_one_table(&format!("{ours} of {all} are ours, seed {seed}: {rules:#?}"));
    net
}

/// Runs mixtures of one, half, and all but one of ours.
fn run_mixtures(rules: &Rules) {
    let all = usize::from(rules.peers.get());
    for ours in [1, all / 2, all - 1] {
        for seed in 0..3 {
            run(rules, ours, seed);
        }
    }
}

pub(crate) fn changed(mut rules: Rules, change: impl FnOnce(&mut Rules)) -> Rules {
    change(&mut rules);
    rules
}

fn template(text: &str) -> Candidates {
    Candidates::Template(text.parse().expect("a template"))
}

#[test]
fn however_peers_meet_they_have_one_table() {
    for (every, delay, burst) in [(None, 0, 1), (Some(1), 0, 1), (Some(2), 1, 3), (Some(10), 0, 1)]
    {
        run_mixtures(&changed(sheet(4), |rules| {
            let joining = &mut rules.customs.joining;
            (joining.every, joining.delay) = (every.map(seconds), seconds(delay));
            joining.burst = NonZeroU8::new(burst).expect("not zero");
            joining.gap = Duration::from_millis(200);
        }));
    }
    for wait in [Wait::Time(seconds(3)), Wait::AllOrTime(seconds(3))] {
        for decision in [Decision::Leader, Decision::Majority] {
            run_mixtures(&changed(sheet(4), |rules| {
                rules.decision = decision;
                rules.customs.joining.wait = wait;
            }));
        }
    }
}

#[test]
fn where_ids_are_said_exactly_once_ours_is_as_well() {
    let rules = changed(sheet(4), |rules| {
        rules.customs.joining.repeats = Repeats::Counted;
        // What would be said more than once elsewhere.
        rules.customs.joining.every = Some(seconds(1));
        rules.customs.joining.burst = NonZeroU8::new(3).expect("not zero");
        rules.customs.joining.delay = seconds(1);
    });
    for ours in [1, 2, 3] {
        let mut net = Lockstep::among_programs(&rules, ours, 0, 0);
        net.run(TIME);
        let ids = net.log.iter().filter(|it| matches!(it.message, Message::Announcement { .. }));
        assert_eq!(ids.count(), ours);
    }
    let rules = changed(rules, |rules| rules.customs.joining.every = None);
    run_mixtures(&rules);
}

#[test]
fn with_fewer_than_could_be_the_session_begins_when_its_time_is_over() {
    for decision in [Decision::Leader, Decision::Majority, Decision::HalfAndOne] {
        let rules = changed(sheet(9), |rules| {
            rules.decision = decision;
            rules.customs.joining.wait = Wait::AllOrTime(seconds(2));
            rules.customs.joining.min = NonZeroU16::new(3).expect("not zero");
        });
        let mut too_few = Lockstep::among_programs(&rules, 1, 1, 0);
        too_few.run(TIME);
        assert!(too_few.leaders().is_empty());
        let mut net = Lockstep::among_programs(&rules, 2, 2, 0);
        net.run(TIME);
        net.assert_all_have_one_table("four of nine");
    }
}

#[test]
fn however_draws_are_said_and_counted_they_have_one_leader() {
    for (every, delay, wait, learns) in [
        (None, 1, Wait::All, false),
        (Some(2), 0, Wait::All, true),
        (Some(1), 2, Wait::All, false),
        (Some(2), 0, Wait::Time(seconds(5)), false),
        (None, 0, Wait::AllOrTime(seconds(5)), false),
    ] {
        run_mixtures(&changed(sheet(5), |rules| {
            let drawing = &mut rules.customs.drawing;
            (drawing.every, drawing.delay) = (every.map(seconds), seconds(delay));
            drawing.wait = wait;
            rules.customs.joining.learns_from_draws = learns;
        }));
    }
}

/// A program whose own election begins late has lost the draws that it heard before.
#[test]
fn the_first_challenge_waits_until_draws_that_are_repeated_were_said_again() {
    let rules = changed(sheet(3), |rules| {
        rules.customs.drawing.every = Some(seconds(2));
        rules.customs.leading.delay = None;
        rules.pause = Duration::from_millis(1);
    });
    let mut net = Lockstep::among_programs(&rules, 3, 0, 0);
    net.run(Duration::from_millis(2400));
    let is_draw = |message: &Message| matches!(message, Message::Election { .. });
    assert_eq!(net.log.iter().filter(|it| is_draw(&it.message)).count(), 2 * 3);
    let is_challenge = |message: &Message| matches!(message, Message::Challenge { .. });
    assert!(!net.log.iter().any(|it| is_challenge(&it.message)));
    net.run(Duration::from_millis(200));
    assert!(net.log.iter().any(|it| is_challenge(&it.message)));
}

#[test]
fn whatever_rule_elects_they_have_one_leader() {
    for (draw, rule) in [
        (Draw::Number { min: 0, max: 3 }, ElectionRule::HighestDraw),
        (Draw::Number { min: 8, max: 11 }, ElectionRule::HighestDraw),
        (Draw::Number { min: 0, max: 1000 }, ElectionRule::SumOfDraws),
        (Draw::Member, ElectionRule::MostDrawn),
        (Draw::Member, ElectionRule::LargestDrawn),
        (Draw::Member, ElectionRule::HighestDraw),
        (Draw::NumberThenMember { min: 1, max: 2 }, ElectionRule::HighestDraw),
    ] {
        for tie in [Tie::LargestId, Tie::SmallestId, Tie::First, Tie::LargestText] {
            for compare in [Compare::Numbers, Compare::Texts] {
                let election = Election { draw, rule, tie, compare };
                run(&changed(sheet(5), |rules| rules.election = election), 2, 1);
            }
        }
    }
}

#[test]
fn elections_may_come_once_before_each_row_or_follow_the_winner() {
    for every in [ElectionEvery::Once, ElectionEvery::Transaction, ElectionEvery::Winner] {
        for rules in [sheet(4), all_vote(4)] {
            run_mixtures(&changed(rules, |rules| rules.election_every = every));
        }
    }
    let winners = changed(sheet(4), |rules| rules.election_every = ElectionEvery::Winner);
    let net = run(&winners, 3, 0);
    let rows: Vec<_> = net.rows(0).iter().map(|row| row.record.winner).collect();
    let mut leaders = net.leaders();
    leaders.remove(0);
    let mut followed = rows[..rows.len() - 1].to_vec();
    followed.dedup();
    leaders.truncate(followed.len());
    assert_eq!(leaders, followed);
}

#[test]
fn rows_are_numbered_as_the_leader_numbers_them() {
    for first in [0, 1] {
        let rules = changed(sheet(3), |rules| {
            rules.customs.leading.first_row = Transaction::new(first);
        });
        run_mixtures(&rules);
        let rows = run(&rules, 1, 0).rows(0);
        let rows: Vec<u64> = rows.iter().map(|row| row.record.transaction.number()).collect();
        assert_eq!(rows, (first..first + 4).collect::<Vec<_>>());
    }
}

#[test]
fn leaders_mine_or_not_ask_later_and_answer_or_not() {
    for mines in [LeaderMines::UnlessItJudges, LeaderMines::Always, LeaderMines::Never] {
        for rules in [sheet(4), all_vote(4)] {
            run_mixtures(&changed(rules, |rules| rules.customs.leading.mines = mines));
        }
    }
    for (wrong, late) in
        [(Reply::Said, Reply::Silent), (Reply::Silent, Reply::Said), (Reply::Silent, Reply::Silent)]
    {
        run_mixtures(&changed(sheet(4), |rules| {
            (rules.customs.judging.wrong, rules.customs.judging.late) = (wrong, late);
            rules.customs.leading.delay = Some(seconds(3));
        }));
    }
}

#[test]
fn each_bound_is_that_of_the_programs() {
    let some = NonZeroU16::new;
    for peers in [4, 5] {
        for decision in [
            Decision::Majority,
            Decision::AtLeastHalf,
            Decision::HalfAndOne,
            Decision::MoreYes,
            Decision::OfNext { yes: some(1), of: None },
            Decision::OfNext { yes: some(4), of: None },
            Decision::OfNext { yes: None, of: some(3) },
            Decision::OfNext { yes: some(2), of: some(3) },
        ] {
            run_mixtures(&changed(all_vote(peers), |rules| rules.decision = decision));
        }
    }
}

/// Votes that nothing counts in their own row count in the next: the programs count those that come
/// next, whatever they are for.
#[test]
fn a_bound_of_the_next_votes_counts_so_many_and_leaves_the_rest() {
    let some = NonZeroU16::new;
    let rules = changed(all_vote(5), |rules| {
        rules.decision = Decision::OfNext { yes: some(2), of: some(3) };
    });
    let net = run(&rules, 2, 0);
    for row in net.rows(0) {
        assert_eq!(row.votes.len() + usize::from(row.noes), 3, "{row:?}");
    }
}

#[test]
fn a_leader_that_says_it_was_elected_is_followed() {
    for every in [ElectionEvery::Once, ElectionEvery::Transaction] {
        for rules in [sheet(4), all_vote(4)] {
            let rules = changed(rules, |rules| {
                rules.customs.leading.announced = true;
                rules.election_every = every;
            });
            run_mixtures(&rules);
            let net = run(&rules, 2, 0);
            let said = net.log.iter().filter_map(|it| match it.message {
                Message::Coordinator { peer, .. } => Some(peer),
                _ => None,
            });
            let elections = if every == ElectionEvery::Once { 1 } else { 4 };
            let said: Vec<_> = said.take(elections).collect();
            assert_eq!(said, net.leaders()[..elections]);
        }
    }
}

/// One puzzle for each value of each dimension.
pub(crate) fn puzzles() -> Vec<Puzzle> {
    let mut puzzles = vec![
        Puzzle { input: PuzzleInput::RowAndSolution, ..Puzzle::SHA1 },
        Puzzle { input: PuzzleInput::RowChallengeAndSolution, ..Puzzle::SHA1 },
        Puzzle::SHA1_INTEGER,
        Puzzle {
            bytes: SolutionBytes::EightLittleEndian,
            kind: SolutionKind::Number,
            ..Puzzle::SHA1
        },
        Puzzle { zeros: Zeros::HexDigits, need: Need::Quarter, ..Puzzle::SHA1 },
        Puzzle { zeros: Zeros::AfterFirstOne, ..Puzzle::SHA1 },
        Puzzle { surplus: Surplus::Refused, ..Puzzle::SHA1 },
        Puzzle::SHA1_DECIMAL,
        Puzzle::SHA1_TEXT,
    ];
    for candidates in [
        template("{tx}:{n}"),
        template("{id}-{tx}-{n}"),
        template("{tx}_{id}_{n}_{rand}"),
        Candidates::Random { alphabet: Alphabet::Alphanumeric, length: 10 },
        Candidates::Random { alphabet: Alphabet::Alphanumeric, length: 64 },
        Candidates::Random { alphabet: Alphabet::Letters, length: 10 },
    ] {
        puzzles.push(Puzzle { candidates, ..Puzzle::SHA1 });
    }
    puzzles
}

#[test]
fn whatever_the_puzzle_ours_solve_it_and_judge_it_as_the_programs_do() {
    for puzzle in puzzles() {
        for rules in [sheet(3), all_vote(3)] {
            run_mixtures(&changed(rules, |rules| rules.puzzle = puzzle.clone()));
        }
    }
}

#[test]
fn a_row_that_only_a_secret_solves_is_won_by_others_and_we_say_so() {
    let rules = changed(sheet(3), |rules| rules.puzzle.validity = Validity::Secret);
    let net = run(&rules, 1, 0);
    if net.leaders() != [crate::network::id(0)] {
        let secret = Event::Waiting(Waiting::Secret { transaction: Transaction::FIRST });
        assert!(net.events_of(0).any(|event| *event == secret));
        let said = net.log.iter().filter(|it| match &it.message {
            Message::Solution { peer, .. } => *peer == crate::network::id(0),
            _ => false,
        });
        assert_eq!(said.count(), 0, "we do not guess");
    }
}
