//! How a story that fails is made shorter.

use std::time::Duration;

use super::failure::Failure;
use super::story::Story;
use crate::conditions::{Conditions, Latency};
use crate::stuck::{Reason, Stuck};

/// Stories that are tried before the shortest so far is taken.
const PLAYS_MAX: usize = 300;

/// The same where each of them prints a panic.
const PLAYS_THAT_PANIC_MAX: usize = 60;

/// Leaves out of `story` what it does not need to fail in the same way as it does with `stuck`.
pub(super) fn shrink(story: Story, stuck: Stuck) -> Failure {
    let plays_max = match stuck.reason {
        Reason::Panic(_) => PLAYS_THAT_PANIC_MAX,
        _ => PLAYS_MAX,
    };
    let mut search = Search { best: story, stuck, plays: 0, plays_max };
    loop {
        let before = search.plays;
        let mut is_shorter = search.leave_out_faults();
        is_shorter |= search.calm_the_network();
        is_shorter |= search.end_sooner();
        if !is_shorter || search.plays >= plays_max || search.plays == before {
            let Search { best, stuck, plays, .. } = search;
            return Failure::new(best, stuck, plays);
        }
    }
}

struct Search {
    best: Story,
    stuck: Stuck,
    plays: usize,
    plays_max: usize,
}

impl Search {
    /// Takes `story` instead of the best so far, if it fails in the same way.
    fn try_instead(&mut self, story: Story) -> bool {
        if self.plays >= self.plays_max {
            return false;
        }
        self.plays += 1;
        match story.play() {
            Err(stuck) if stuck.reason.is_like(&self.stuck.reason) => {
                self.best = story;
                self.stuck = stuck;
                true
            }
            _ => false,
        }
    }

    /// Leaves out faults: half of them at a time, then a quarter, and at last one by one.
    fn leave_out_faults(&mut self) -> bool {
        let before = self.best.scenario.plan.faults.len();
        let mut size = before.div_ceil(2);
        while size > 0 {
            let mut from = 0;
            while from < self.best.scenario.plan.faults.len() {
                let mut story = self.best.clone();
                let faults = &mut story.scenario.plan.faults;
                let to = (from + size).min(faults.len());
                faults.drain(from..to);
                if !self.try_instead(story) {
                    from = to;
                }
            }
            size /= 2;
        }
        self.best.scenario.plan.faults.len() < before
    }

    /// Lets the network do less to messages, and the peers start together.
    fn calm_the_network(&mut self) -> bool {
        const CALMER: [fn(&mut Story); 6] = [
            |story| story.scenario.plan.conditions = Conditions::good(),
            |story| story.scenario.plan.conditions.corruption_percent = 0,
            |story| story.scenario.plan.conditions.duplication_percent = 0,
            |story| story.scenario.plan.conditions.loss_percent = 0,
            |story| story.scenario.plan.last_wills = None,
            |story| story.scenario.plan.start_within = Duration::ZERO,
        ];
        let mut is_calmer = false;
        for calmer in CALMER {
            let mut story = self.best.clone();
            calmer(&mut story);
            is_calmer |= is_other(&story, &self.best) && self.try_instead(story);
        }
        if !matches!(self.best.scenario.plan.conditions.latency, Latency::Fixed(_)) {
            let mut story = self.best.clone();
            story.scenario.plan.conditions.latency = Conditions::good().latency;
            is_calmer |= self.try_instead(story);
        }
        is_calmer
    }

    /// Cuts the time of trouble, first to where it went wrong, then by half and half again.
    fn end_sooner(&mut self) -> bool {
        let before = self.best.trouble;
        let mut sooner = before.min(self.stuck.time);
        while sooner < self.best.trouble {
            let mut story = self.best.clone();
            story.trouble = sooner;
            story.scenario.plan.faults.retain(|(at, _)| *at <= sooner);
            if !self.try_instead(story) {
                break;
            }
            sooner = self.best.trouble / 2;
        }
        self.best.trouble < before
    }
}

fn is_other(story: &Story, other: &Story) -> bool {
    let (ours, theirs) = (&story.scenario.plan, &other.scenario.plan);
    ours.conditions != theirs.conditions
        || ours.last_wills != theirs.last_wills
        || ours.start_within != theirs.start_within
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::byzantine::Role;
    use crate::fault::{Fault, Who};
    use crate::scenario::Scenario;
    use crate::stuck::Reason;
    use crate::violation::Violation;

    /// A leader that equivocates before five peers makes two tables, and all else is beside the
    /// point.
    fn story() -> Story {
        let mut scenario = Scenario::seed(1)
            .peers(5)
            .signed()
            .pause(Duration::from_millis(50))
            .last_wills(Duration::from_millis(100))
            .conditions(Conditions { duplication_percent: 10, ..Conditions::good() });
        for millis in 1..20 {
            let at = Duration::from_millis(30 * millis);
            scenario = scenario
                .at(at, Fault::Pause(Who::Peer(0)))
                .at(at + Duration::from_millis(5), Fault::Resume(Who::Peer(0)));
        }
        let at = Duration::from_millis(700);
        scenario = scenario.at(at, Fault::Turn(Who::Leader, Role::Equivocates));
        Story { scenario, trouble: Duration::from_secs(8), rules: "" }
    }

    #[test]
    fn a_failure_is_told_with_what_it_needs_and_how_to_run_it_again() {
        let stuck = story().play().expect_err("the leader sees to it");
        let failure = shrink(story(), stuck);
        let reason = failure.reason();
        assert!(matches!(reason, Reason::Violation(Violation::TwoTables { .. })), "{failure}");
        assert_eq!(failure.faults(), 1, "{failure}");
        let text = failure.to_string();
        for part in [
            "cargo xtask soak --seed 1\n",
            "SEED=1 cargo nextest run -p althing-sim",
            "the leader says different things to different peers",
            "messages take 200µs; rows are 50ms apart",
        ] {
            assert!(text.contains(part), "{part} is missing:\n{text}");
        }
        assert!(text.lines().count() < 100, "{text}");
        assert!(story().trouble > Duration::from_secs(4) && failure.stuck.time.as_secs() < 4);
    }
}
