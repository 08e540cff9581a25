//! How a schedule that fails is made shorter.

use std::time::Duration;

use althing_faults::{Conditions, Latency};

use super::{Failure, Scenario, Schedule};
use crate::plan::{Plan, RoleIn};
use crate::stuck::Reason;
use crate::stuck::StuckIn;

/// Schedules that are tried before the shortest so far is taken.
const TRIES_MAX: usize = 300;

/// The same where each of them prints a panic.
const TRIES_THAT_PANIC_MAX: usize = 60;

/// Leaves out the faults that `schedule` does not need to fail in the same way as with `stuck`.
pub(super) fn shrink<S: Scenario>(schedule: Schedule<S>, stuck: StuckIn<S::Network>) -> Failure<S> {
    let tries_max = match stuck.reason {
        Reason::Panic(_) => TRIES_THAT_PANIC_MAX,
        _ => TRIES_MAX,
    };
    let mut search = Search { best: schedule, stuck, tries: 0, tries_max };
    loop {
        let before = search.tries;
        let mut is_shorter = search.leave_out_faults();
        is_shorter |= search.calm_the_network();
        is_shorter |= search.end_sooner();
        if !is_shorter || search.tries >= tries_max || search.tries == before {
            let Search { best, stuck, tries, .. } = search;
            return Failure::new(best, stuck, tries);
        }
    }
}

struct Search<S: Scenario> {
    best: Schedule<S>,
    stuck: StuckIn<S::Network>,
    tries: usize,
    tries_max: usize,
}

impl<S: Scenario> Search<S> {
    /// Takes `schedule` instead of the best so far, if it fails in the same way.
    fn try_instead(&mut self, schedule: Schedule<S>) -> bool {
        if self.tries >= self.tries_max {
            return false;
        }
        self.tries += 1;
        match schedule.run() {
            Err(stuck) if stuck.reason.is_like(&self.stuck.reason) => {
                self.best = schedule;
                self.stuck = stuck;
                true
            }
            _ => false,
        }
    }

    /// Leaves out faults: half of them at a time, then a quarter, and at last one by one.
    fn leave_out_faults(&mut self) -> bool {
        let before = self.best.scenario.plan().faults.len();
        let mut size = before.div_ceil(2);
        while size > 0 {
            let mut from = 0;
            while from < self.best.scenario.plan().faults.len() {
                let mut schedule = self.best.clone();
                let faults = &mut schedule.scenario.plan_mut().faults;
                let to = (from + size).min(faults.len());
                faults.drain(from..to);
                if !self.try_instead(schedule) {
                    from = to;
                }
            }
            size /= 2;
        }
        self.best.scenario.plan().faults.len() < before
    }

    /// Lets the network do less to messages, and the peers start together.
    fn calm_the_network(&mut self) -> bool {
        let calmers: [fn(&mut Plan<RoleIn<S>>); 6] = [
            |plan| plan.conditions = Conditions::good(),
            |plan| plan.conditions.corruption_percent = 0,
            |plan| plan.conditions.duplication_percent = 0,
            |plan| plan.conditions.loss_percent = 0,
            |plan| plan.last_wills = None,
            |plan| plan.start_within = Duration::ZERO,
        ];
        let mut is_calmer = false;
        for calmer in calmers {
            let mut schedule = self.best.clone();
            calmer(schedule.scenario.plan_mut());
            is_calmer |= is_other(&schedule, &self.best) && self.try_instead(schedule);
        }
        if !matches!(self.best.scenario.plan().conditions.latency, Latency::Fixed(_)) {
            let mut schedule = self.best.clone();
            schedule.scenario.plan_mut().conditions.latency = Conditions::good().latency;
            is_calmer |= self.try_instead(schedule);
        }
        is_calmer
    }

    /// Cuts the time of trouble, first to where it went wrong, then by half and half again.
    fn end_sooner(&mut self) -> bool {
        let before = self.best.trouble;
        let mut sooner = before.min(self.stuck.time);
        while sooner < self.best.trouble {
            let mut schedule = self.best.clone();
            schedule.trouble = sooner;
            schedule.scenario.plan_mut().faults.retain(|(at, _)| *at <= sooner);
            if !self.try_instead(schedule) {
                break;
            }
            sooner = self.best.trouble / 2;
        }
        self.best.trouble < before
    }
}

fn is_other<S: Scenario>(schedule: &Schedule<S>, other: &Schedule<S>) -> bool {
    let (ours, theirs) = (schedule.scenario.plan(), other.scenario.plan());
    ours.conditions != theirs.conditions
        || ours.last_wills != theirs.last_wills
        || ours.start_within != theirs.start_within
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Who;
    use crate::plan::Planned;
    use crate::rounds::{Fault, Reason, Role, Scenario, Violation};

    /// A leader that equivocates before five peers makes two tables, and all else is beside the
    /// point.
    fn schedule() -> Schedule<Scenario> {
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
        scenario = scenario.at(at, Fault::Byzantine(Who::Leader, Role::Equivocates));
        Schedule { scenario, trouble: Duration::from_secs(8) }
    }

    #[test]
    fn a_failure_is_shown_with_what_it_needs_and_how_to_run_it_again() {
        let stuck = schedule().run().expect_err("the leader sees to it");
        let failure = shrink(schedule(), stuck);
        let reason = failure.reason();
        assert!(matches!(reason, Reason::Violation(Violation::TwoTables { .. })), "{failure}");
        assert_eq!(failure.faults(), 1, "{failure}");
        let text = failure.to_string();
        for part in [
            "cargo xtask soak --only rounds --seed 1\n",
            "SEED=1 cargo nextest run -p althing-sim",
            "the leader says different things to different peers",
            "messages take 200µs; rows are 50ms apart",
        ] {
            assert!(text.contains(part), "{part} is missing:\n{text}");
        }
        assert!(text.lines().count() < 100, "{text}");
        assert!(schedule().trouble > Duration::from_secs(4) && failure.stuck.time.as_secs() < 4);
    }
}
