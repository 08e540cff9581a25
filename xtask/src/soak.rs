//! Soak: random networks of each kind with fresh seeds on all cores, then sessions among programs,
//! then our JSON beside that of Python, then each fuzz target for a minute. Apart from these, when
//! it is asked for, members of assemblies that are killed.

use std::num::NonZeroU64;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::steps::Steps;
use crate::{fuzz, needs, shell};

/// How long, and from where.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct Options {
    /// Seeds to run; without it, as many as the time allows.
    #[arg(long, value_name = "N")]
    seeds: Option<NonZeroU64>,

    /// Minutes after which no further network is begun; ten, unless a number of them is given.
    #[arg(long, value_name = "M")]
    minutes: Option<NonZeroU64>,

    /// The first seed, for running a network again; alone it means just this one. Without it, one
    /// that nobody has tried.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,

    /// Take this step alone.
    #[arg(long, value_enum, value_name = "STEP")]
    step: Option<Step>,

    /// Run networks of this kind alone.
    #[arg(long, value_enum, value_name = "KIND")]
    only: Option<Kind>,
}

/// The steps of a soak, in their order.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Random networks of ours.
    Networks,
    /// Sessions of ours among programs.
    Sessions,
    /// Our JSON beside that of Python.
    Python,
    /// The fuzz targets.
    Fuzz,
    /// Kills of the member that leads a fleet, one after the other; only if it is asked for.
    Leads,
    /// Members of assemblies that are killed, over each transport; only when it is asked for.
    Kills,
}

/// The kinds of networks, as `crates/sim/examples/soak.rs` calls them.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Those with rounds.
    Rounds,
    /// Those with a chain.
    Chain,
    /// Assemblies.
    Assembly,
}

/// What the options come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    first: u64,
    /// Zero for no limit, as in `crates/sim/examples/soak.rs`.
    seeds: u64,
    /// Likewise.
    minutes: u64,
    only: Option<Kind>,
    /// The first step, and the last.
    steps: (Step, Step),
}

/// How long a soak takes unless the options say.
const MINUTES: u64 = 10;

/// Runs networks until the seeds or the time are used up, then sessions among programs, then what
/// is compared with Python, then the fuzz targets.
pub(crate) fn run(options: &Options) -> Result<()> {
    let plan = options.plan(fresh_seed());
    let mut steps = Steps::of("soak");
    if plan.takes(Step::Networks) {
        steps.run("networks", || networks(plan));
    }
    if plan.takes(Step::Sessions) {
        steps.run("sessions", sessions);
    }
    if plan.takes(Step::Python) {
        steps.run("Python", || python(plan.first));
    }
    if plan.takes(Step::Fuzz) {
        fuzz::add_steps(&mut steps, &fuzz::Options::SOAK);
    }
    if plan.takes(Step::Leads) {
        steps.run("leads", || leads(plan));
    }
    if plan.takes(Step::Kills) {
        steps.run("needs", needs::install_needed);
        if steps.all_well() {
            steps.run("kills", || kills(plan.first));
        }
    }
    steps.finish()
}

impl Options {
    fn plan(self, fresh: u64) -> Plan {
        let is_replay = self.seed.is_some() && self.seeds.is_none() && self.minutes.is_none();
        let seeds = if is_replay { 1 } else { self.seeds.map_or(0, NonZeroU64::get) };
        let minutes = match self.minutes {
            Some(minutes) => minutes.get(),
            None if seeds == 0 => MINUTES,
            None => 0,
        };
        let (first, only) = (self.seed.unwrap_or(fresh), self.only);
        let steps = match (self.step, is_replay) {
            (Some(step), _) => (step, step),
            (None, true) => (Step::Networks, Step::Networks),
            (None, false) => (Step::Networks, Step::Fuzz),
        };
        Plan { first, seeds, minutes, only, steps }
    }
}

impl Plan {
    fn takes(self, step: Step) -> bool {
        let (first, last) = self.steps;
        (first as u8..=last as u8).contains(&(step as u8))
    }
}

/// Builds the program that runs networks, apart from us, so that the other chores start quickly;
/// and runs it.
fn networks(plan: Plan) -> Result<()> {
    let Plan { first, seeds, minutes, only, .. } = plan;
    println!("The first seed is {first}.");
    let example = ["run", "--quiet", "--release", "--package=althing-sim", "--example=soak", "--"];
    let numbers = [first, seeds, minutes].map(|number| number.to_string());
    let kind = only.and_then(|kind| Some(kind.to_possible_value()?.get_name().to_owned()));
    shell::run(shell::cargo(example).args(numbers).args(kind)).context("a network went wrong")
}

/// Sessions of our peers among programs whose rules are drawn at random.
const SESSIONS: u32 = 10_000;

/// Runs our peers among programs that end at what they do not understand.
fn sessions() -> Result<()> {
    let mut tests = shell::cargo(["test", "--release", "--package=althing-sim", "--test=lockstep"]);
    tests.args(["--", "in_any_network"]).env("SESSIONS", SESSIONS.to_string());
    shell::run(&mut tests).context("a program ended, or tables differ")
}

/// Kills ten members of an assembly a hundred times, over each transport, and checks their disks.
fn kills(seed: u64) -> Result<()> {
    println!("SEED={seed}");
    let mut tests = shell::cargo(["test", "--release", "--package=althing", "--test=e2e"]);
    tests.args(["--", "--ignored", "--nocapture", "assembly_kills"]).env("SEED", seed.to_string());
    shell::run(&mut tests).context("something that was committed is lost, or members differ")
}

/// Values that each of the tests takes that compare us with Python: more than a million in all.
const PYTHON_CASES: u32 = 200_000;

/// Compares how we read and write JSON with a real Python.
fn python(seed: u64) -> Result<()> {
    needs::PYTHON.ensure()?;
    println!("ALTHING_PYTHON_SEED={seed}");
    let mut tests = shell::cargo(["test", "--release", "--package=althing-text"]);
    tests.args(["--package=althing-dialect", "--test=cpython", "--test=cs60_python"]);
    tests.env("ALTHING_PYTHON_SEED", seed.to_string());
    tests.env("ALTHING_PYTHON_CASES", PYTHON_CASES.to_string());
    shell::run(&mut tests).context("Python reads or writes something else")
}

/// Kills of the holder of a lease, unless `--seeds` says how many.
const KILLS: u64 = 100;

/// Kills the holder of a lease again and again, and prints how long it takes until the next one
/// runs its command.
fn leads(plan: Plan) -> Result<()> {
    let kills = if plan.seeds == 0 { KILLS } else { plan.seeds };
    let mut tests = shell::cargo(["test", "--release", "--package=althing", "--test=e2e", "--"]);
    tests.args(["--ignored", "--nocapture", "leading::kills_of_the_holder"]);
    tests.env("ALTHING_LEAD_KILLS", kills.to_string());
    shell::run(&mut tests).context("two at once, or none")
}

/// Returns a seed from the clock, small enough to be read aloud.
fn fresh_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // Each second begins a thousand seeds further on, more than a core runs in that time.
    now.as_secs() * 1000
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    const ALL: (Step, Step) = (Step::Networks, Step::Fuzz);

    fn plan(line: &str) -> Plan {
        let words = ["soak"].into_iter().chain(line.split_whitespace());
        Line::try_parse_from(words).expect("a line that is understood").options.plan(99)
    }

    #[test]
    fn without_a_limit_it_runs_for_ten_minutes() {
        assert_eq!(
            plan(""),
            Plan { first: 99, seeds: 0, minutes: MINUTES, only: None, steps: ALL }
        );
    }

    #[test]
    fn either_limit_ends_it() {
        let both = Plan { first: 99, seeds: 500, minutes: 3, only: None, steps: ALL };
        assert_eq!(plan("--seeds 500 --minutes 3"), both);
        assert_eq!(plan("--seeds 500"), Plan { minutes: 0, ..both });
        assert_eq!(plan("--minutes 3"), Plan { seeds: 0, ..both });
        assert_eq!(plan("--seeds 500 --minutes 3 --seed 7"), Plan { first: 7, ..both });
    }

    #[test]
    fn a_seed_alone_is_run_again_and_nothing_else() {
        let replay = Plan {
            first: 7,
            seeds: 1,
            minutes: 0,
            only: None,
            steps: (Step::Networks, Step::Networks),
        };
        assert_eq!(plan("--seed 7"), replay);
        assert_eq!(plan("--seed 7 --only chain"), Plan { only: Some(Kind::Chain), ..replay });
    }

    #[test]
    fn one_step_can_be_taken_alone() {
        let all = [Step::Networks, Step::Sessions, Step::Python, Step::Fuzz];
        let taken = |line: &str| {
            let plan = plan(line);
            all.into_iter().filter(|step| plan.takes(*step)).collect::<Vec<_>>()
        };
        assert_eq!(taken("--step python --seed 7"), [Step::Python]);
        assert_eq!(taken("--step kills"), []);
        assert!(plan("--step kills").takes(Step::Kills));
        assert_eq!(taken("--seed 7"), [Step::Networks]);
        assert_eq!(taken(""), all);
    }

    #[test]
    fn no_limit_is_zero_and_no_seed_is_negative() {
        for line in ["--seeds 0", "--minutes 0", "--seed -1", "--seeds many"] {
            let words = ["soak"].into_iter().chain(line.split_whitespace());
            assert!(Line::try_parse_from(words).is_err(), "{line}");
        }
    }
}
