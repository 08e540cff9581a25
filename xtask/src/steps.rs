//! Several steps in a row, each announced and timed, with a summary at the end.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The result of a step that did not fail.
pub(crate) enum Outcome {
    /// The step succeeded.
    Done,
    /// The step is impossible here, for this reason, which is not a failure.
    Skipped(String),
}

/// The steps of one task. A failure does not stop the later steps: one run shows every problem.
pub(crate) struct Steps {
    job: &'static str,
    taken: Vec<Step>,
}

struct Step {
    name: &'static str,
    time: Duration,
    result: Result<Outcome>,
}

impl Steps {
    /// Starts a task without any step.
    pub(crate) fn of(job: &'static str) -> Self {
        Self { job, taken: Vec::new() }
    }

    /// Runs a step that either succeeds or fails.
    pub(crate) fn run(&mut self, name: &'static str, work: impl FnOnce() -> Result<()>) {
        self.run_or_skip(name, || work().map(|()| Outcome::Done));
    }

    /// Runs a step that may turn out to be impossible here.
    pub(crate) fn run_or_skip(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<Outcome>,
    ) {
        println!("== {}: {name}", self.job);
        let start = Instant::now();
        let result = work();
        let step = Step { name, time: start.elapsed(), result };
        println!("== {}\n", step.report());
        self.taken.push(step);
    }

    /// Returns whether no step has failed so far.
    pub(crate) fn all_well(&self) -> bool {
        self.failed().is_empty()
    }

    /// Prints a summary, and returns an error with the names of the steps that failed.
    pub(crate) fn finish(self) -> Result<()> {
        println!("== {}, summed up:", self.job);
        for step in &self.taken {
            println!("   {}", step.report());
        }
        let failed = self.failed();
        if !failed.is_empty() {
            bail!("{} of {} steps failed: {}", failed.len(), self.taken.len(), failed.join(", "));
        }
        Ok(())
    }

    fn failed(&self) -> Vec<&'static str> {
        self.taken.iter().filter(|step| step.result.is_err()).map(|step| step.name).collect()
    }
}

impl Step {
    fn report(&self) -> String {
        let (name, seconds) = (self.name, self.time.as_secs_f64());
        match &self.result {
            Ok(Outcome::Done) => format!("{name}: done in {seconds:.1} s"),
            Ok(Outcome::Skipped(reason)) => format!("{name}: SKIPPED, {reason}"),
            Err(error) => format!("{name}: FAILED after {seconds:.1} s, {error:#}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_named_at_the_end_and_stops_no_later_step() {
        let mut steps = Steps::of("job");
        steps.run("first", || bail!("no"));
        steps.run_or_skip("second", || Ok(Outcome::Skipped("why".to_owned())));
        let mut third_ran = false;
        steps.run("third", || {
            third_ran = true;
            Ok(())
        });
        assert!(third_ran);
        assert!(!steps.all_well());
        let error = steps.finish().expect_err("the first step failed");
        assert_eq!(error.to_string(), "1 of 3 steps failed: first");
    }

    #[test]
    fn what_is_skipped_is_no_failure() {
        let mut steps = Steps::of("job");
        steps.run_or_skip("only", || Ok(Outcome::Skipped("why".to_owned())));
        assert!(steps.finish().is_ok());
    }
}
