//! Peers of ours among programs whose rules are drawn at random.

use std::num::NonZeroU16;
use std::time::Duration;

use althing_engine::rounds::{
    Compare, Decision, Draw, Election, ElectionEvery, ElectionRule, LeaderMines, Repeats, Reply,
    Rules, Tie, Wait,
};
use althing_types::Transaction;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::customs::{all_vote, puzzles, run, seconds, sheet};

/// Sessions of a test run; `cargo xtask soak` tries 10,000.
const SESSIONS: u64 = 200;

/// Returns the rules of a network that a class could have.
fn any_rules(rng: &mut ChaCha8Rng) -> Rules {
    let peers = rng.random_range(2..=6);
    let mut rules = if rng.random() { sheet(peers) } else { all_vote(peers) };
    let judged = rules.decision == Decision::Leader;
    fn pick<T: Clone>(rng: &mut ChaCha8Rng, values: &[T]) -> T {
        values.choose(rng).expect("there are some").clone()
    }
    let joining = &mut rules.customs.joining;
    joining.every = pick(rng, &[None, None, Some(seconds(1)), Some(seconds(2)), Some(seconds(10))]);
    joining.delay = pick(rng, &[Duration::ZERO, seconds(1)]);
    joining.wait = pick(rng, &[Wait::All, Wait::All, Wait::AllOrTime(seconds(5))]);
    joining.learns_from_draws = rng.random();
    if joining.every.is_none() && rng.random() {
        joining.repeats = Repeats::Counted;
    }
    let drawing = &mut rules.customs.drawing;
    drawing.delay = pick(rng, &[Duration::ZERO, seconds(1)]);
    rules.election_every = pick(
        rng,
        &[
            ElectionEvery::Once,
            ElectionEvery::Once,
            ElectionEvery::Transaction,
            ElectionEvery::Winner,
        ],
    );
    // A draw that is said again could be taken for one of the next election.
    if rules.election_every != ElectionEvery::Transaction {
        drawing.every = pick(rng, &[None, Some(seconds(1)), Some(seconds(2))]);
    }
    let (min, max) = pick(rng, &[(0, 255), (0, 65_335), (1, 3)]);
    let number = Draw::Number { min, max };
    let (draw, rule) = pick(
        rng,
        &[
            (number, ElectionRule::HighestDraw),
            (number, ElectionRule::HighestDraw),
            (number, ElectionRule::SumOfDraws),
            (Draw::Member, ElectionRule::MostDrawn),
            (Draw::Member, ElectionRule::LargestDrawn),
            (Draw::NumberThenMember { min, max }, ElectionRule::HighestDraw),
        ],
    );
    let tie = pick(rng, &[Tie::LargestId, Tie::SmallestId, Tie::First, Tie::LargestText]);
    let compare = pick(rng, &[Compare::Numbers, Compare::Texts]);
    rules.election = Election { draw, rule, tie, compare };
    let leading = &mut rules.customs.leading;
    leading.first_row = Transaction::new(rng.random_range(0..=1));
    leading.announced = rng.random_range(0..4) == 0;
    leading.delay = pick(rng, &[None, Some(seconds(2)), Some(seconds(20))]);
    leading.mines =
        pick(rng, &[LeaderMines::UnlessItJudges, LeaderMines::Always, LeaderMines::Never]);
    rules.customs.judging.wrong = pick(rng, &[Reply::Said, Reply::Silent]);
    rules.customs.judging.late = pick(rng, &[Reply::Said, Reply::Silent]);
    if !judged {
        rules.decision = pick(
            rng,
            &[
                Decision::Majority,
                Decision::AtLeastHalf,
                Decision::HalfAndOne,
                Decision::MoreYes,
                Decision::OfNext { yes: NonZeroU16::new(1), of: NonZeroU16::new(2) },
            ],
        );
    }
    rules.pause = pick(rng, &[Duration::from_millis(150), seconds(2), seconds(3)]);
    rules.puzzle = pick(rng, &puzzles());
    rules.rounds = Some(Transaction::new(rng.random_range(1..=4)));
    rules
}

/// No program ends because of us, whatever its kind, and all have the same table.
#[test]
fn in_any_network_of_programs_none_ends_of_us_and_all_have_one_table() {
    let sessions = std::env::var("SESSIONS").ok().and_then(|it| it.parse().ok());
    for seed in 0..sessions.unwrap_or(SESSIONS) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let rules = any_rules(&mut rng);
        let ours = rng.random_range(1..usize::from(rules.peers.get()));
        run(&rules, ours, seed);
    }
}
