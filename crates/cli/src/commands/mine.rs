//! A search for the solution of one puzzle.

use std::io::{self, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use althing_feed::{Feed, SearchEvent, Source, Subscription};
use althing_node::Clock;
use althing_pow::{
    Goal, HEADER_WITHOUT_NONCE, Hash, Job, Kernel, Miner, Nonce, Outcome, Template, Work,
};
use althing_text::hex;
use anyhow::{bail, ensure};
use clap::{Args, Subcommand};

use crate::output;
use crate::parallelism::ParallelismOptions;

/// Search for the solution of one puzzle.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing mine decimal --bits 24\n  \
    althing mine sha256 --prefix 'hello ' --leading 7\n  \
    althing mine integer --bits 40 --start 50000000 --nice 19 --json")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    puzzle: Puzzle,

    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand)]
enum Puzzle {
    /// A number whose shortest big-endian bytes have a SHA-1 with leading zero bits: elect-chain.
    Integer(Bits),
    /// A number whose decimal digits have a SHA-1 with leading zero bits: sd.
    Decimal(Bits),
    /// A text whose SHA-1 has exactly this many leading zero bits: ppd.
    Text(Bits),
    /// A number that, between two texts, makes a SHA-256 with zeros: cs60 and aviary.
    Sha256(Sha256),
    /// The nonce of a header in Bitcoin's format.
    Header(Header),
}

#[derive(Args)]
struct Bits {
    /// The number of zero bits with which the digest must begin.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=160))]
    bits: u16,
}

#[derive(Args)]
struct Sha256 {
    /// The text before the number.
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,

    /// The text after the number.
    #[arg(long, value_name = "TEXT", default_value = "")]
    suffix: String,

    #[command(flatten)]
    zeros: Zeros,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Zeros {
    /// The number of hexadecimal zeros with which the digest must begin.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    leading: Option<u16>,

    /// The number of hexadecimal zeros with which the digest must end.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    trailing: Option<u16>,
}

#[derive(Args)]
struct Header {
    /// The first 76 bytes in hexadecimal; the last four of them are the difficulty (nBits).
    #[arg(value_name = "HEX", value_parser = parse_header)]
    header: [u8; HEADER_WITHOUT_NONCE],
}

#[derive(Args)]
#[command(next_help_heading = "Search")]
struct Options {
    /// The number of the first candidate to try.
    #[arg(long, global = true, value_name = "N", default_value = "0")]
    start: u64,

    /// The number after the last candidate to try. By default, all are tried.
    #[arg(long, global = true, value_name = "N")]
    end: Option<u64>,

    #[command(flatten)]
    parallelism: ParallelismOptions,

    /// The kernel: avx512, sha, avx2, neon, single or portable. The default is the fastest of
    /// this machine, by a race of a few milliseconds.
    #[arg(long, global = true, value_name = "KERNEL")]
    kernel: Option<Kernel>,

    /// Write events as lines of JSON.
    #[arg(long, global = true)]
    json: bool,
}

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(1);

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    crate::signals::end_on_signals()?;
    let options = &arguments.options;
    let work = arguments.puzzle.work()?;
    let kernel = options.kernel.unwrap_or_else(|| althing_node::kernels().of(work.hash));
    ensure!(kernel.is_available(), "this machine lacks what the kernel {kernel} needs");
    let range = options.start..options.end.unwrap_or(u64::MAX).min(work.candidates());
    ensure!(
        range.start < range.end,
        "there is no candidate from number {} to below {}",
        range.start,
        range.end
    );

    let (sender, outcomes) = mpsc::channel();
    let begin = Instant::now();
    let job = Job { work: work.clone(), range: range.clone(), kernel };
    let miner = Miner::start(job, options.parallelism.of_each(1), move |outcome| {
        // Nobody listens any more when progress cannot be told.
        let _ = sender.send(outcome);
    });
    let mut told = Told::begin(options.json);
    let outcome = loop {
        match outcomes.recv_timeout(TELL_EVERY) {
            Ok(outcome) => break outcome,
            Err(RecvTimeoutError::Timeout) => told.progress(&Rate::of(&miner, begin))?,
            Err(RecvTimeoutError::Disconnected) => bail!("the search ended without an outcome"),
        }
    };
    let Outcome::Found(index) = outcome else {
        bail!("no candidate from number {} to below {} is a solution", range.start, range.end);
    };
    told.solution(&work, index, kernel, &Rate::of(&miner, begin))
}

impl Puzzle {
    fn work(&self) -> anyhow::Result<Work> {
        let sha1 = |nonce, goal| Work { hash: Hash::Sha1, template: Template::bare(nonce), goal };
        Ok(match self {
            Self::Integer(Bits { bits }) => sha1(Nonce::Integer, Goal::LeadingZeroBits(*bits)),
            Self::Decimal(Bits { bits }) => sha1(Nonce::Decimal, Goal::LeadingZeroBits(*bits)),
            Self::Text(Bits { bits }) => sha1(Nonce::Text, Goal::ExactlyLeadingZeroBits(*bits)),
            Self::Sha256(Sha256 { prefix, suffix, zeros }) => {
                let template = Template::new(prefix.as_bytes(), Nonce::Decimal, suffix.as_bytes());
                Work { hash: Hash::Sha256, template, goal: zeros.goal() }
            }
            Self::Header(Header { header }) => Work::header(header, limit(header)?),
        })
    }
}

impl Zeros {
    fn goal(&self) -> Goal {
        match self.trailing {
            Some(digits) => Goal::TrailingZeroBits(4 * digits),
            None => Goal::LeadingZeroBits(4 * self.leading.unwrap_or(0)),
        }
    }
}

/// Reads 76 bytes in hexadecimal.
fn parse_header(text: &str) -> Result<[u8; HEADER_WITHOUT_NONCE], String> {
    let wanted = 2 * HEADER_WITHOUT_NONCE;
    let header = hex::decode_any_case(text.as_bytes())
        .ok_or_else(|| format!("it is not made of {wanted} hexadecimal digits"))?;
    header.try_into().map_err(|_| {
        format!("{} characters instead of {wanted} hexadecimal digits", text.chars().count())
    })
}

/// Returns the number that a header's digest may not exceed, from the last four bytes of the header
/// without its nonce: three digits of it in base 256, and how many there are.
fn limit(header: &[u8; HEADER_WITHOUT_NONCE]) -> anyhow::Result<[u8; 32]> {
    let [.., low, middle, high, length] = *header;
    ensure!(high < 0x80, "the header's limit is a negative number");
    let mut limit = [0; 32];
    for (digit, place) in [low, middle, high].into_iter().zip(0..) {
        // Digits below the lowest are dropped, as Bitcoin does.
        let Some(place) = (usize::from(length) + place).checked_sub(3) else { continue };
        match limit.get_mut(place) {
            Some(byte) => *byte = digit,
            None => ensure!(digit == 0, "the header's limit has more than 32 bytes"),
        }
    }
    ensure!(limit != [0; 32], "the header's limit is zero");
    Ok(limit)
}

/// How far a search has come.
struct Rate {
    hashes: u64,
    seconds: f64,
}

impl Rate {
    fn of(miner: &Miner, begin: Instant) -> Self {
        Self { hashes: miner.hashes(), seconds: begin.elapsed().as_secs_f64() }
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
    fn mega_hashes(&self) -> f64 {
        self.hashes as f64 / self.seconds / 1e6
    }
}

/// What is told of a search: to people as it suits a terminal, to scripts as records of a feed.
struct Told {
    json: bool,
    clock: Clock,
    source: Source,
    records: Subscription,
}

impl Told {
    fn begin(json: bool) -> Self {
        let feed = Feed::default();
        let records = feed.subscribe();
        Self { json, clock: Clock::start(), source: feed.source(None, None), records }
    }

    /// Writes an event as a line of JSON.
    fn event(&mut self, event: SearchEvent) -> anyhow::Result<()> {
        self.source.publish(self.clock.now(), event);
        while let Some(record) = self.records.try_next() {
            writeln!(io::stdout(), "{}", record?.to_json())?;
        }
        Ok(())
    }

    fn progress(&mut self, rate: &Rate) -> anyhow::Result<()> {
        if self.json {
            return self.event(SearchEvent::Progress {
                hashes: rate.hashes,
                seconds: rounded(rate.seconds),
                megahashes_per_second: rounded(rate.mega_hashes()),
            });
        }
        if output::is_live(&io::stderr()) {
            let Rate { hashes, seconds } = rate;
            let rate = rate.mega_hashes();
            write!(io::stderr(), "\r{hashes} hashes in {seconds:.0} s, {rate:.1} MH/s ")?;
            io::stderr().flush()?;
        }
        Ok(())
    }

    fn solution(
        &mut self,
        work: &Work,
        index: u64,
        kernel: Kernel,
        rate: &Rate,
    ) -> anyhow::Result<()> {
        let digest = hex::encode(work.digest(index).as_bytes());
        let nonce = match work.template.nonce {
            nonce @ (Nonce::Text | Nonce::Of { .. }) => {
                String::from_utf8_lossy(&nonce.bytes(index)).into_owned()
            }
            Nonce::Integer | Nonce::Decimal | Nonce::LittleEndian | Nonce::EightLittleEndian => {
                index.to_string()
            }
        };
        if self.json {
            return self.event(SearchEvent::SolutionFound {
                nonce,
                number: index,
                digest,
                kernel: kernel.name().to_owned(),
                hashes: rate.hashes,
                seconds: rounded(rate.seconds),
                megahashes_per_second: rounded(rate.mega_hashes()),
            });
        }
        if output::is_live(&io::stderr()) {
            // Over what was told of the progress.
            write!(io::stderr(), "\r\x1b[K")?;
        }
        let Rate { hashes, seconds } = rate;
        let rate = rate.mega_hashes();
        writeln!(io::stdout(), "nonce   {nonce}\ndigest  {digest}")?;
        writeln!(io::stdout(), "hashes  {hashes} in {seconds:.3} s, {rate:.1} MH/s ({kernel})")?;
        Ok(())
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(bits: u32) -> [u8; HEADER_WITHOUT_NONCE] {
        let mut header = [0; HEADER_WITHOUT_NONCE];
        header[HEADER_WITHOUT_NONCE - 4..].copy_from_slice(&bits.to_le_bytes());
        header
    }

    #[test]
    fn a_limit_is_three_digits_and_their_place() {
        let of = |bits| limit(&header(bits)).expect("a number");
        let mut first = [0; 32];
        (first[26], first[27]) = (0xff, 0xff);
        assert_eq!(of(0x1d00_ffff), first);
        let mut small = [0; 32];
        small[0] = 0x12;
        assert_eq!(of(0x0112_3456), small);
        for bits in [0, 0x1d00_0000, 0x1d80_0000, 0x2212_3456, 0x0000_1234] {
            assert!(limit(&header(bits)).is_err(), "{bits:x}");
        }
    }

    #[test]
    fn a_header_is_76_bytes_in_hexadecimal() {
        assert_eq!(parse_header(&"0a".repeat(76)), Ok([10; 76]));
        assert!(parse_header(&"0a".repeat(75)).is_err());
        assert!(parse_header(&"0x".repeat(76)).is_err());
        assert!(parse_header(&"é".repeat(76)).is_err());
    }
}
