//! Random stories on all cores: `soak FIRST [COUNT [MINUTES]]`, which `cargo xtask soak` calls.
//!
//! Goes from the seed FIRST on until COUNT of them are done or the time is over, whichever comes
//! first; zero is no limit. The first failure is shown with its shortest story, and ends the run.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the driver of a soak asks the machine for its cores and the time; the stories do not"
)]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use althing_sim::random;

/// How often the progress is shown.
const REPORT: Duration = Duration::from_secs(10);

/// What all threads share.
struct Soak {
    first: u64,
    count: u64,
    deadline: Option<Instant>,
    /// How many seeds were begun, and how many ended well.
    begun: AtomicU64,
    passed: AtomicU64,
    /// Rows that honest peers have recorded in all stories together.
    rounds: AtomicU64,
    failed: AtomicBool,
    failure: Mutex<Option<String>>,
}

fn main() -> ExitCode {
    let numbers: Result<Vec<u64>, _> = std::env::args().skip(1).map(|text| text.parse()).collect();
    let (first, count, minutes) = match numbers.as_deref() {
        Ok([first]) => (*first, 1, 0),
        Ok([first, count]) => (*first, *count, 0),
        Ok([first, count, minutes]) => (*first, *count, *minutes),
        _ => {
            eprintln!("usage: soak FIRST [COUNT [MINUTES]]");
            return ExitCode::FAILURE;
        }
    };
    let start = Instant::now();
    let time = Duration::from_secs(minutes.saturating_mul(60));
    let soak = Soak {
        first,
        count,
        deadline: start.checked_add(time).filter(|_| minutes > 0),
        begun: AtomicU64::new(0),
        passed: AtomicU64::new(0),
        rounds: AtomicU64::new(0),
        failed: AtomicBool::new(false),
        failure: Mutex::new(None),
    };
    soak.run(start);
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
            match random::run(self.first.wrapping_add(index)) {
                Ok(summary) => {
                    self.passed.fetch_add(1, Ordering::Relaxed);
                    self.rounds.fetch_add(summary.rounds, Ordering::Relaxed);
                    if self.count == 1 {
                        println!("{summary}");
                    }
                }
                Err(failure) => self.fail(failure.to_string()),
            }
        }
    }

    fn fail(&self, failure: String) {
        self.failed.store(true, Ordering::Relaxed);
        let mut kept = self.failure.lock().expect("nothing panics while it holds this");
        kept.get_or_insert(failure);
    }

    fn report(&self, start: Instant) {
        let passed = self.passed.load(Ordering::Relaxed);
        let rounds = self.rounds.load(Ordering::Relaxed);
        let seconds = start.elapsed().as_secs();
        eprintln!("{seconds} s: {passed} networks from seed {} on, {rounds} rounds", self.first);
    }
}
