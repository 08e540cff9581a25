//! How fast this machine hashes.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use althing_node::{kernels as fastest, processor_time};
use althing_pow::{
    Goal, HEADER_WITHOUT_NONCE, Hash, Job, Kernel, Kernels, Miner, Nonce, Outcome, Parallelism,
    Progress, Template, Work, search,
};
use anyhow::ensure;
use clap::Args;
use comfy_table::{CellAlignment, Table};
use serde_json::json;

use super::processor;

/// Measure the speed of searches, by puzzle and kernel.
///
/// Times are the processor time of one thread. The kernels take turns, a few milliseconds each, and
/// the median of their turns counts, so that other load affects all of them alike. `single` is the
/// sha1 and sha2 crates, message by message.
///
/// Cycles are those of the clock in the same run, measured with dependent multiplications, of which
/// processors do one in three cycles.
///
/// Then all cores search at once, and their rate is divided by that of one.
///
/// At the end it names the processor, and the kernels that a peer would use on it: at its start
/// each peer lets the kernels race for a few milliseconds.
#[derive(Args)]
#[command(after_help = "Example:\n  althing bench pow --kernel avx512 --kernel single")]
pub(crate) struct Arguments {
    /// Measure this kernel; may be given several times. The default is all that this machine has.
    #[arg(long, value_name = "KERNEL")]
    kernel: Vec<Kernel>,

    /// Turns of each kernel on each puzzle.
    #[arg(long, value_name = "N", default_value = "15")]
    turns: NonZeroUsize,

    /// Threads of the search on all cores. The default is one per core.
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,

    /// Write one line of JSON for each.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let kernels = kernels(&arguments.kernel)?;
    let turns = arguments.turns.get();
    let mut rows = Vec::new();
    for (puzzle, work) in puzzles() {
        rows.extend(measure(puzzle, &work, &kernels, turns));
    }
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let threads = arguments.threads.unwrap_or(cores);
    let chosen = Chosen::at_start();
    let kernel = Some(chosen.kernels.of(Hash::Sha1)).filter(|kernel| kernels.contains(kernel));
    let speedup = speedup(threads, kernel.unwrap_or(kernels[0]), turns);
    let print = if arguments.json { print_json } else { print_table };
    print(&rows, &speedup, &chosen)
}

/// The kernels that a peer would use.
struct Chosen {
    kernels: Kernels,
    /// How long it took to find out, in processor time.
    took: Duration,
}

impl Chosen {
    fn at_start() -> Self {
        let begin = processor_time();
        let kernels = fastest();
        Self { kernels, took: processor_time().saturating_sub(begin) }
    }
}

/// Returns the kernels to measure, the fastest on most machines first.
fn kernels(wanted: &[Kernel]) -> anyhow::Result<Vec<Kernel>> {
    for kernel in wanted {
        ensure!(kernel.is_available(), "this machine lacks what the kernel {kernel} needs");
    }
    let is_wanted = |kernel: &Kernel| wanted.is_empty() || wanted.contains(kernel);
    let available = Kernel::ALL.into_iter().filter(|kernel| kernel.is_available());
    Ok(available.filter(is_wanted).collect())
}

/// Returns what is searched for: nothing solves it, and the messages are as long as in real life.
fn puzzles() -> Vec<(&'static str, Work)> {
    let sha1 = |nonce| Work {
        hash: Hash::Sha1,
        template: Template::bare(nonce),
        goal: Goal::LeadingZeroBits(160),
    };
    let sha256 = |prefix: usize, suffix: usize, goal| Work {
        hash: Hash::Sha256,
        template: Template::new(vec![b'-'; prefix], Nonce::Decimal, vec![b'-'; suffix]),
        goal,
    };
    vec![
        ("SHA-1 of an integer", sha1(Nonce::Integer)),
        ("SHA-1 of decimal text", sha1(Nonce::Decimal)),
        ("SHA-1 of text", sha1(Nonce::Text)),
        ("SHA-256, nonce last", sha256(100, 0, Goal::TrailingZeroBits(256))),
        ("SHA-256, nonce and a block", sha256(20, 90, Goal::LeadingZeroBits(256))),
        ("SHA-256, nonce and two blocks", sha256(20, 150, Goal::LeadingZeroBits(256))),
        ("double SHA-256 of a header", Work::header(&[0; HEADER_WITHOUT_NONCE], [0; 32])),
    ]
}

/// Where the candidates begin: eight decimal digits, four bytes, four characters.
const START: u64 = 20_000_000;

/// How long a turn takes at least.
const TURN: Duration = Duration::from_millis(15);

/// How long one thread takes at least where several are compared with it. Some systems leave a new
/// thread on the core of the one that started it for tens of milliseconds.
const TURN_OF_THREADS: Duration = Duration::from_millis(500);

/// How fast a kernel is on a puzzle, on one thread.
struct Row {
    puzzle: &'static str,
    kernel: Kernel,
    /// Seconds for a hash.
    seconds: f64,
    /// Cycles in a second.
    clock: f64,
}

fn measure(puzzle: &'static str, work: &Work, kernels: &[Kernel], turns: usize) -> Vec<Row> {
    let hashes: Vec<u64> =
        kernels.iter().map(|kernel| hashes_of_a_turn(work, *kernel, TURN)).collect();
    let mut times = vec![Vec::new(); kernels.len()];
    let mut clocks = Vec::new();
    for _ in 0..turns {
        clocks.push(clock());
        for ((kernel, hashes), times) in kernels.iter().zip(&hashes).zip(&mut times) {
            times.push(seconds_for_a_hash(work, *kernel, *hashes));
        }
    }
    let clock = median(clocks);
    let rows = kernels.iter().zip(times);
    rows.map(|(kernel, times)| Row { puzzle, kernel: *kernel, seconds: median(times), clock })
        .collect()
}

/// Returns how many hashes take as long as a turn should, or up to twice that.
fn hashes_of_a_turn(work: &Work, kernel: Kernel, turn: Duration) -> u64 {
    let mut hashes = 1 << 16;
    while time_of(|| hash(work, kernel, hashes)) < turn {
        hashes *= 2;
    }
    hashes
}

#[expect(clippy::cast_precision_loss, reason = "hashes are fewer than 2^52")]
fn seconds_for_a_hash(work: &Work, kernel: Kernel, hashes: u64) -> f64 {
    time_of(|| hash(work, kernel, hashes)).as_secs_f64() / hashes as f64
}

/// Tries so many candidates, on this thread.
fn hash(work: &Work, kernel: Kernel, hashes: u64) {
    let job = Job { work: work.clone(), range: START..START + hashes, kernel };
    let outcome = search(&job, &Progress::new());
    assert_eq!(outcome, Outcome::Exhausted, "nothing is a solution");
}

/// Returns the cycles in a second.
fn clock() -> f64 {
    const MULTIPLICATIONS: u32 = 3_000_000;
    const CYCLES_OF_EACH: f64 = 3.0;
    let time = time_of(|| {
        let mut product = std::hint::black_box(3_u64);
        for _ in 0..MULTIPLICATIONS {
            // Times itself: of times a constant, the compiler would make one for several.
            product = product.wrapping_mul(product);
        }
        std::hint::black_box(product);
    });
    f64::from(MULTIPLICATIONS) * CYCLES_OF_EACH / time.as_secs_f64()
}

/// Returns how long this thread had the processor while it did something.
fn time_of(work: impl FnOnce()) -> Duration {
    let before = processor_time();
    work();
    processor_time().saturating_sub(before)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What more threads are worth.
struct Speedup {
    threads: NonZeroUsize,
    kernel: Kernel,
    /// Their rate, divided by that of one.
    ratio: f64,
}

/// Lets one thread and all of them search in turns.
fn speedup(threads: NonZeroUsize, kernel: Kernel, turns: usize) -> Speedup {
    let (_, work) = puzzles().swap_remove(1);
    let hashes = hashes_of_a_turn(&work, kernel, TURN_OF_THREADS);
    let seconds = |threads| seconds_for_hashes(&work, kernel, hashes, threads);
    let ratios = (0..turns).map(|_| seconds(NonZeroUsize::MIN) / seconds(threads));
    Speedup { threads, kernel, ratio: median(ratios.collect()) }
}

/// Returns the time by the clock on the wall that some threads take for so many hashes.
fn seconds_for_hashes(work: &Work, kernel: Kernel, hashes: u64, threads: NonZeroUsize) -> f64 {
    let job = Job { work: work.clone(), range: START..START + hashes, kernel };
    let (sender, ended) = mpsc::channel();
    let begin = Instant::now();
    let _miner = Miner::start(job, Parallelism::of(threads), move |_| {
        sender.send(()).expect("whoever started the search waits for its end");
    });
    ended.recv().expect("a search ends");
    begin.elapsed().as_secs_f64()
}

impl Row {
    fn mega_hashes(&self) -> f64 {
        1e-6 / self.seconds
    }

    fn cycles(&self) -> f64 {
        self.seconds * self.clock
    }
}

fn print_json(rows: &[Row], speedup: &Speedup, chosen: &Chosen) -> anyhow::Result<()> {
    let round = |value: f64| (value * 100.0).round() / 100.0;
    for row in rows {
        let line = json!({
            "puzzle": row.puzzle,
            "kernel": row.kernel.name(),
            "megahashes_per_second": round(row.mega_hashes()),
            "cycles_per_hash": round(row.cycles()),
            "clock_ghz": round(row.clock * 1e-9),
        });
        writeln!(io::stdout(), "{line}")?;
    }
    let line = json!({
        "threads": speedup.threads,
        "kernel": speedup.kernel.name(),
        "times_one_thread": round(speedup.ratio),
        "processor": processor::name(),
        "chosen": {
            "sha1": chosen.kernels.of(Hash::Sha1).name(),
            "sha256": chosen.kernels.of(Hash::Sha256).name(),
            "double_sha256": chosen.kernels.of(Hash::DoubleSha256).name(),
            "milliseconds": round(chosen.took.as_secs_f64() * 1e3),
        },
    });
    Ok(writeln!(io::stdout(), "{line}")?)
}

fn print_table(rows: &[Row], speedup: &Speedup, chosen: &Chosen) -> anyhow::Result<()> {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["puzzle", "kernel", "MH/s", "cycles", "GHz"]);
    for row in rows {
        table.add_row([
            row.puzzle.to_owned(),
            row.kernel.to_string(),
            format!("{:.1}", row.mega_hashes()),
            format!("{:.1}", row.cycles()),
            format!("{:.2}", row.clock * 1e-9),
        ]);
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for line in table.lines() {
        writeln!(io::stdout(), "{}", line.trim_end())?;
    }
    let Speedup { threads, kernel, ratio } = speedup;
    writeln!(io::stdout(), "\n{threads} threads ({kernel}): {ratio:.2} times one thread")?;
    let Chosen { kernels, took } = chosen;
    writeln!(
        io::stdout(),
        "processor: {}\nfastest, found in {:.1} ms: {} for SHA-1, {} for SHA-256, {} for headers",
        processor::name(),
        took.as_secs_f64() * 1e3,
        kernels.of(Hash::Sha1),
        kernels.of(Hash::Sha256),
        kernels.of(Hash::DoubleSha256),
    )?;
    Ok(())
}
