//! What a member searches for, and what it need not search for because a solution is known.

use std::time::Duration;

use althing_engine::SearchId;
use althing_engine::rounds::{Challenge, Event, Input, Output, Recovered, Rounds, Rules, Timer};
use althing_pow::{Puzzle, SolutionCache, Task};
use althing_types::{Seed, Transaction};

use crate::common::{bits, events, handle, id, rules, with_cache};

/// Rules for one peer, which leads itself and always asks for the same.
fn alone() -> Rules {
    Rules { challenges: bits(3)..=bits(3), ..rules(1) }
}

fn challenge() -> Challenge {
    let (transaction, difficulty, finder) = (Transaction::FIRST, bits(3), id(0));
    Challenge { puzzle: alone().puzzle, task: Task { transaction, difficulty, finder, salt: 0 } }
}

fn solution() -> Seed {
    let Challenge { puzzle, task } = challenge();
    let mut candidates = (0..).map(|index| puzzle.candidate(&task, index));
    let solves = |seed: &Seed| puzzle.check(seed, task.transaction, task.difficulty).is_ok();
    candidates.find(solves).expect("three bits are few")
}

fn empty() -> SolutionCache {
    SolutionCache::new(Puzzle::SHA1_INTEGER)
}

fn knowing() -> SolutionCache {
    let mut cache = empty();
    assert!(cache.learn(&solution()));
    cache
}

fn start(cache: Option<SolutionCache>) -> (Rounds, Vec<Output>) {
    let mut engine = with_cache(alone(), id(0), Recovered::default(), cache);
    let outputs = handle(&mut engine, Input::Start);
    (engine, outputs)
}

fn searched(outputs: &[Output]) -> Option<SearchId> {
    outputs.iter().find_map(|output| match output {
        Output::Search { id, work } => {
            let Challenge { puzzle, task } = challenge();
            assert_eq!((&work.puzzle, work.task.difficulty), (&puzzle, task.difficulty));
            Some(*id)
        }
        _ => None,
    })
}

fn known(outputs: &[Output]) -> Option<SearchId> {
    outputs.iter().find_map(|output| match output {
        Output::SetTimer { after, timer: Timer::Known(id) } => {
            assert_eq!(*after, Duration::ZERO);
            Some(*id)
        }
        _ => None,
    })
}

fn is_found(outputs: &[Output]) -> bool {
    events(outputs).any(|event| match event {
        Event::SolutionFound { finder, seed, .. } => (*finder, seed) == (id(0), &solution()),
        _ => false,
    })
}

fn is_decided(outputs: &[Output]) -> bool {
    events(outputs).any(|event| matches!(event, Event::RoundDecided(_)))
}

#[test]
fn what_is_not_known_is_searched_for() {
    for cache in [None, Some(empty())] {
        let (mut engine, outputs) = start(cache);
        let search = searched(&outputs).expect("a challenge is open");
        assert_eq!(known(&outputs), None);
        let outputs = handle(&mut engine, Input::Solved { search, solution: solution() });
        assert!(is_found(&outputs) && is_decided(&outputs));
    }
}

#[test]
fn a_known_solution_comes_by_a_timer_instead_of_a_search() {
    let (mut engine, outputs) = start(Some(knowing()));
    let search = known(&outputs).expect("a challenge is open");
    assert_eq!(searched(&outputs), None);
    assert!(!is_found(&outputs), "not before the timer");
    let outputs = handle(&mut engine, Input::Timer(Timer::Known(search)));
    assert!(is_found(&outputs) && is_decided(&outputs));
}

#[test]
fn what_has_solved_one_row_is_known_for_the_next() {
    for (cache, is_known) in [(None, false), (Some(empty()), true)] {
        let (mut engine, outputs) = start(cache);
        let search = searched(&outputs).expect("a challenge is open");
        let outputs = handle(&mut engine, Input::Solved { search, solution: solution() });
        assert_eq!(known(&outputs).is_some(), is_known);
        assert_eq!(searched(&outputs).is_some(), !is_known);
    }
}

#[test]
fn the_end_of_an_earlier_search_is_ignored() {
    let (mut engine, outputs) = start(Some(knowing()));
    let first = known(&outputs).expect("a challenge is open");
    let outputs = handle(&mut engine, Input::Timer(Timer::Known(first)));
    let second = known(&outputs).expect("the next challenge is open");
    assert_ne!(first, second);
    assert_eq!(handle(&mut engine, Input::Timer(Timer::Known(first))), []);
    let late = Input::Solved { search: first, solution: solution() };
    assert_eq!(handle(&mut engine, late), []);
    let outputs = handle(&mut engine, Input::Timer(Timer::Known(second)));
    assert!(is_decided(&outputs));
}

#[test]
fn a_timer_means_nothing_where_nothing_is_known() {
    for cache in [None, Some(empty())] {
        let (mut engine, outputs) = start(cache);
        let search = searched(&outputs).expect("a challenge is open");
        assert_eq!(handle(&mut engine, Input::Timer(Timer::Known(search))), []);
        // The search goes on.
        let outputs = handle(&mut engine, Input::Solved { search, solution: solution() });
        assert!(is_decided(&outputs));
    }
}
