//! Which kernel is the fastest on this machine?
//!
//! No fixed order is right everywhere: on one processor vectors of eight messages outrun the SHA
//! instructions for SHA-1 and lose against them for SHA-256, and on the next it is the other way
//! around. So the kernels race for a few milliseconds, and the first of each race is used. All
//! kernels find the same solutions, so whatever comes out of it changes the speed and nothing else.

use std::time::Duration;

use super::{Kernel, Solver};
use crate::goal::Goal;
use crate::hash::Hash;
use crate::nonce::Nonce;
use crate::work::{HEADER_WITHOUT_NONCE, Template, Work};

/// The kernel to use for each hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernels {
    sha1: Kernel,
    sha256: Kernel,
    double_sha256: Kernel,
}

/// Runs of each kernel that is still in a race; the fastest run counts, since nothing makes one
/// faster than it is.
const RUNS: usize = 8;

/// Runs before any kernel is out: the first ones fetch its instructions from memory.
const RUNS_OF_ALL: usize = 2;

/// A kernel that takes this many times as long as the fastest is out.
const OUT: f64 = 1.5;

/// The part of a chunk that is hashed in a run, about thirty microseconds.
const PART_OF_A_CHUNK: u64 = 8;

/// The first candidate of a run: one of eight decimal digits, where batches begin.
const START: u64 = 20_000_000;

impl Kernels {
    /// The time that [`Self::timed`] may take, by its clock; it ends before that, except for its
    /// last run.
    pub const BUDGET: Duration = Duration::from_millis(4);

    /// Returns the kernels that are the fastest on most machines, of those that this machine has.
    pub fn expected() -> Self {
        Self::all(Kernel::expected())
    }

    /// Returns the kernels that are the fastest on this machine now, by a clock that tells how long
    /// this thread has run. Without such a clock any will do that never goes backwards, but other
    /// programs may then spoil the result.
    ///
    /// It takes at most [`Self::BUDGET`] by that clock and one run more. Kernels that it did not
    /// come to are not chosen.
    pub fn timed(mut now: impl FnMut() -> Duration) -> Self {
        let end = now() + Self::BUDGET;
        let runs = Hash::ALL.map(|hash| (hash, puzzle(hash)));
        let available: Vec<Kernel> =
            Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()).collect();
        race(&available, |kernel, hash| {
            let begin = now();
            if begin >= end {
                return None;
            }
            let (_, work) = runs.iter().find(|(of, _)| *of == hash)?;
            let hashes = run(work, kernel);
            Some(now().saturating_sub(begin).as_secs_f64() / hashes)
        })
    }

    /// Returns the kernel to use for a hash function.
    pub const fn of(&self, hash: Hash) -> Kernel {
        match hash {
            Hash::Sha1 => self.sha1,
            Hash::Sha256 => self.sha256,
            Hash::DoubleSha256 => self.double_sha256,
        }
    }

    const fn all(kernel: Kernel) -> Self {
        Self { sha1: kernel, sha256: kernel, double_sha256: kernel }
    }

    const fn of_mut(&mut self, hash: Hash) -> &mut Kernel {
        match hash {
            Hash::Sha1 => &mut self.sha1,
            Hash::Sha256 => &mut self.sha256,
            Hash::DoubleSha256 => &mut self.double_sha256,
        }
    }
}

/// Returns work that nothing solves, with messages as in real life.
fn puzzle(hash: Hash) -> Work {
    match hash {
        Hash::Sha1 => {
            let goal = Goal::LeadingZeroBits(160);
            Work { hash, template: Template::bare(Nonce::Decimal), goal }
        }
        Hash::Sha256 => {
            let template = Template::new(vec![b'-'; 100], Nonce::Decimal, []);
            Work { hash, template, goal: Goal::LeadingZeroBits(256) }
        }
        Hash::DoubleSha256 => Work::header(&[0; HEADER_WITHOUT_NONCE], [0; 32]),
    }
}

/// Hashes a part of a chunk, and returns the number of hashes.
#[expect(clippy::cast_precision_loss, reason = "hashes of a run are fewer than 2^52")]
fn run(work: &Work, kernel: Kernel) -> f64 {
    let solver = Solver::new(work, kernel);
    let longest = solver.chunk_end(START, u64::MAX) - START;
    let end = solver.chunk_end(START, longest / PART_OF_A_CHUNK);
    let found = solver.first_solution(START..end);
    assert_eq!(found, None, "nothing is a solution");
    (end - START) as f64
}

/// A kernel in the race for one hash function.
struct Racer {
    kernel: Kernel,
    /// Seconds for a hash in its fastest run, if it had one.
    best: Option<f64>,
}

/// Lets kernels race in turns, by a function that runs one and returns the seconds for a hash, or
/// nothing when the time is up.
fn race(
    kernels: &[Kernel],
    mut seconds_for_a_hash: impl FnMut(Kernel, Hash) -> Option<f64>,
) -> Kernels {
    let racers = || kernels.iter().map(|kernel| Racer { kernel: *kernel, best: None }).collect();
    let mut races: [(Hash, Vec<Racer>); 3] = Hash::ALL.map(|hash| (hash, racers()));
    'time: for run in 0..RUNS {
        for (hash, racers) in &mut races {
            if run == RUNS_OF_ALL {
                remove_slow(racers);
            }
            if racers.len() == 1 && run > 0 {
                continue;
            }
            for racer in racers {
                let Some(seconds) = seconds_for_a_hash(racer.kernel, *hash) else { break 'time };
                // A clock that stood still says nothing.
                if seconds > 0.0 {
                    racer.best = Some(racer.best.map_or(seconds, |best| best.min(seconds)));
                }
            }
        }
    }
    let mut chosen = Kernels::expected();
    for (hash, racers) in races {
        if let Some(kernel) = fastest(&racers) {
            *chosen.of_mut(hash) = kernel;
        }
    }
    chosen
}

fn remove_slow(racers: &mut Vec<Racer>) {
    let best = racers.iter().filter_map(|racer| racer.best).min_by(f64::total_cmp);
    if let Some(best) = best {
        racers.retain(|racer| racer.best.is_some_and(|own| own <= OUT * best));
    }
}

/// Returns the kernel with the fastest run, if any had one.
fn fastest(racers: &[Racer]) -> Option<Kernel> {
    let timed = racers.iter().filter_map(|racer| racer.best.map(|best| (racer.kernel, best)));
    timed.min_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(kernel, _)| kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KERNELS: [Kernel; 4] =
        [Kernel::ShaExtensions, Kernel::Avx2, Kernel::Single, Kernel::Portable];

    /// Cycles for a hash as on a Zen 3, where neither kernel is the faster one for all functions.
    fn zen_3(kernel: Kernel, hash: Hash) -> f64 {
        match (kernel, hash) {
            (Kernel::Avx2, Hash::Sha1) => 62.0,
            (Kernel::ShaExtensions, Hash::Sha1) => 70.0,
            (Kernel::Avx2, _) => 120.0,
            (Kernel::ShaExtensions, _) => 66.0,
            _ => 250.0,
        }
    }

    #[test]
    fn each_hash_function_gets_the_kernel_that_is_fastest_for_it() {
        let chosen = race(&KERNELS, |kernel, hash| Some(zen_3(kernel, hash)));
        assert_eq!(chosen.of(Hash::Sha1), Kernel::Avx2);
        assert_eq!(chosen.of(Hash::Sha256), Kernel::ShaExtensions);
        assert_eq!(chosen.of(Hash::DoubleSha256), Kernel::ShaExtensions);
    }

    #[test]
    fn runs_that_were_disturbed_do_not_decide() {
        // Every third run takes ten times as long, and so do all of the first round.
        let mut runs = 0;
        let chosen = race(&KERNELS, |kernel, hash| {
            runs += 1;
            let is_disturbed = runs % 3 == 0 || runs <= KERNELS.len() * Hash::ALL.len();
            Some(zen_3(kernel, hash) * if is_disturbed { 10.0 } else { 1.0 })
        });
        assert_eq!(chosen.of(Hash::Sha1), Kernel::Avx2);
        assert_eq!(chosen.of(Hash::Sha256), Kernel::ShaExtensions);
    }

    #[test]
    fn a_kernel_that_is_far_behind_is_not_run_again() {
        let mut runs = 0;
        race(&KERNELS, |kernel, hash| {
            runs += usize::from(kernel == Kernel::Portable);
            Some(zen_3(kernel, hash))
        });
        assert_eq!(runs, RUNS_OF_ALL * Hash::ALL.len());
    }

    #[test]
    fn without_any_time_or_clock_the_expected_kernels_are_used() {
        assert_eq!(race(&KERNELS, |_, _| None), Kernels::expected());
        assert_eq!(race(&KERNELS, |_, _| Some(0.0)), Kernels::expected());
    }

    #[test]
    fn when_the_time_is_up_the_fastest_so_far_counts() {
        let mut left = 2;
        let chosen = race(&KERNELS, |kernel, hash| {
            left -= 1;
            (left >= 0).then(|| zen_3(kernel, hash))
        });
        assert_eq!(chosen.of(Hash::Sha1), Kernel::Avx2);
        assert_eq!(chosen.of(Hash::Sha256), Kernels::expected().of(Hash::Sha256));
    }

    #[test]
    fn a_race_keeps_to_its_time_on_however_slow_a_machine() {
        for micros in [1, 100, 1_000, 3_000_000] {
            let step = Duration::from_micros(micros);
            let mut time = Duration::ZERO;
            let kernels = Kernels::timed(|| {
                time += step;
                time
            });
            assert!(time <= step + Kernels::BUDGET + 2 * step, "{time:?} in steps of {step:?}");
            assert!(Hash::ALL.iter().all(|hash| kernels.of(*hash).is_available()));
        }
    }
}
