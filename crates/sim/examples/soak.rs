//! Random networks on all cores: `soak FIRST [COUNT [MINUTES [KIND]]]`, which `cargo xtask soak`
//! calls.
//!
//! Goes from the seed FIRST on until COUNT of them are done or the time is over, whichever comes
//! first; zero is no limit. Each seed is run in each kind of network, or in KIND alone. The first
//! failure is shown with its shortest schedule, and ends the run.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the driver of a soak asks the machine for its cores and the time; the runs do not"
)]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use althing_sim::random::{self, Scenario};
use althing_sim::{Summary, assembly, chain, rounds};

/// How often the progress is shown.
const REPORT: Duration = Duration::from_secs(10);

/// Runs one seed.
type Run = fn(u64) -> Result<Summary, String>;

/// The kinds of networks, by their names.
const KINDS: [(&str, Run); 3] =
    [kind::<rounds::Scenario>(), kind::<chain::Scenario>(), kind::<assembly::Scenario>()];

const fn kind<S: Scenario>() -> (&'static str, Run) {
    (S::NAME, |seed| random::run::<S>(seed).map_err(|failure| failure.to_string()))
}

/// What all threads share.
struct Soak {
    kinds: Vec<(&'static str, Run)>,
    first: u64,
    count: u64,
    deadline: Option<Instant>,
    /// How many seeds were begun, and how many networks ended well.
    begun: AtomicU64,
    passed: AtomicU64,
    /// Rows and blocks of all networks together.
    decided: AtomicU64,
    failed: AtomicBool,
    failure: Mutex<Option<String>>,
}

fn main() -> ExitCode {
    let Some(soak) = Soak::from_arguments(std::env::args().skip(1)) else {
        eprintln!("usage: soak FIRST [COUNT [MINUTES [KIND]]]");
        return ExitCode::FAILURE;
    };
    soak.run(Instant::now());
    let failure = soak.failure.lock().expect("nothing panics while it holds this").take();
    match failure {
        None => ExitCode::SUCCESS,
        Some(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}

impl Soak {
    /// Reads the arguments; `None` if they make no sense.
    fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let first = arguments.next()?.parse().ok()?;
        let mut number = |usual| arguments.next().map_or(Some(usual), |text| text.parse().ok());
        let (count, minutes) = (number(1)?, number(0)?);
        let only = arguments.next();
        let is_wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
        let kinds: Vec<_> = KINDS.into_iter().filter(|(name, _)| is_wanted(name)).collect();
        let time = Duration::from_secs(60_u64.saturating_mul(minutes));
        (!kinds.is_empty()).then(|| Self {
            kinds,
            first,
            count,
            deadline: Instant::now().checked_add(time).filter(|_| minutes > 0),
            begun: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            decided: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            failure: Mutex::new(None),
        })
    }

    fn run(&self, start: Instant) {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            let workers: Vec<_> = (0..cores).map(|_| scope.spawn(|| self.work())).collect();
            let mut next_report = start + REPORT;
            while workers.iter().any(|worker| !worker.is_finished()) {
                thread::sleep(Duration::from_millis(20));
                if Instant::now() >= next_report {
                    self.report(start);
                    next_report += REPORT;
                }
            }
        });
        self.report(start);
    }

    fn work(&self) {
        loop {
            let is_over = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
            let index = self.begun.fetch_add(1, Ordering::Relaxed);
            let is_done = self.count > 0 && index >= self.count;
            if is_over || is_done || self.failed.load(Ordering::Relaxed) {
                return;
            }
            self.kinds.iter().for_each(|kind| self.run_one(kind, self.first.wrapping_add(index)));
        }
    }

    fn run_one(&self, (name, run): &(&str, Run), seed: u64) {
        match run(seed) {
            Ok(summary) => {
                self.passed.fetch_add(1, Ordering::Relaxed);
                self.decided.fetch_add(summary.decided, Ordering::Relaxed);
                if self.count == 1 {
                    println!("{name}, {summary}");
                }
            }
            Err(failure) => {
                self.failed.store(true, Ordering::Relaxed);
                let mut kept = self.failure.lock().expect("nothing panics while it holds this");
                kept.get_or_insert(failure);
            }
        }
    }

    fn report(&self, start: Instant) {
        let passed = self.passed.load(Ordering::Relaxed);
        let decided = self.decided.load(Ordering::Relaxed);
        let seconds = start.elapsed().as_secs();
        eprintln!(
            "{seconds} s: {passed} networks from seed {} on, {decided} rounds and blocks",
            self.first
        );
    }
}
