//! The ways to hash, and which of them this machine has.
//!
//! | file | question |
//! | --- | --- |
//! | `choice` | Which kernel is the fastest on this machine? |
//! | `lanes` | How are several messages hashed side by side? |
//! | `lows` | What are the last digits of the nonces of a batch? |
//! | `runners` | Which instructions is a search compiled with? |
//! | `sha1` | How is SHA-1 computed for many nonces? |
//! | `sha256` | How is SHA-256 computed for many nonces? |
//! | `sha_extensions` | How is it done with the SHA instructions? |
//! | `single` | How is one message after another hashed? |

mod choice;
mod lanes;
mod lows;
mod runners;
mod sha1;
mod sha256;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod sha_extensions;
mod single;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

pub use self::choice::Kernels;
#[cfg(target_arch = "aarch64")]
use self::lanes::neon::NeonProof;
#[cfg(target_arch = "x86_64")]
use self::lanes::{avx2::Avx2Proof, avx512::Avx512Proof};
use self::lows::Lows;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use self::sha_extensions::ShaProof;
use crate::hash::Hash;
use crate::layout::Layout;
use crate::work::Work;

/// A way to hash many messages. All kernels find the same solutions.
///
/// A kernel hashes messages side by side if it supports their shape: SHA-1 of bare nonces and of
/// short texts with a decimal nonce, SHA-256 of any text with one, headers in Bitcoin's format. It
/// leaves the rest to [`Self::Single`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kernel {
    /// Sixteen messages in each vector, with AVX-512.
    Avx512,
    /// Eight messages in each vector, with AVX2.
    Avx2,
    /// A few messages in turn, with the SHA instructions.
    ShaExtensions,
    /// Four messages in each vector, with NEON.
    Neon,
    /// One message after another in plain Rust.
    Portable,
    /// One message after another with the `sha1` and `sha2` crates.
    Single,
}

impl Kernel {
    /// All kernels, the one first that is the fastest on most machines; this machine may not
    /// support all of them. [`Kernels::timed`] finds out which is the fastest here.
    pub const ALL: [Self; 6] =
        [Self::Avx512, Self::ShaExtensions, Self::Avx2, Self::Neon, Self::Single, Self::Portable];

    /// Returns whether this machine has what the kernel needs.
    pub fn is_available(self) -> bool {
        Machine::of(self).is_some()
    }

    /// Returns the first kernel of [`Self::ALL`] that this machine has.
    pub(crate) fn expected() -> Self {
        let available = Self::ALL.into_iter().find(|kernel| kernel.is_available());
        available.expect("the crates run everywhere")
    }

    /// Returns the name, as [`Self::from_str`] takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::ShaExtensions => "sha",
            Self::Neon => "neon",
            Self::Portable => "portable",
            Self::Single => "single",
        }
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that is not the name of a kernel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no kernel {name:?}; there are {}", Kernel::ALL.map(Kernel::name).join(", "))]
pub struct NoSuchKernel {
    /// The text that was given instead.
    pub name: String,
}

impl FromStr for Kernel {
    type Err = NoSuchKernel;

    fn from_str(name: &str) -> Result<Self, NoSuchKernel> {
        let mut all = Self::ALL.into_iter();
        all.find(|kernel| kernel.name() == name).ok_or_else(|| NoSuchKernel { name: name.into() })
    }
}

/// A kernel, with the proof that this machine can run it.
#[derive(Clone, Copy, Debug)]
enum Machine {
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512Proof),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2Proof),
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    ShaExtensions(ShaProof),
    #[cfg(target_arch = "aarch64")]
    Neon(NeonProof),
    Portable,
    Single,
}

impl Machine {
    /// Returns how many blocks are hashed in a quarter of a millisecond, roughly.
    const fn blocks_in_a_chunk(self, hash: Hash) -> u64 {
        let (sha1, sha256) = match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => (96_000, 32_000),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => (16_000, 5_300),
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
            Self::ShaExtensions(_) => (22_000, 16_000),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => (8_000, 2_700),
            Self::Portable | Self::Single => (5_000, 1_700),
        };
        match hash {
            Hash::Sha1 => sha1,
            Hash::Sha256 => sha256,
            Hash::DoubleSha256 => sha256 / 2,
        }
    }

    fn of(kernel: Kernel) -> Option<Self> {
        match kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => Avx512Proof::detect().map(Self::Avx512),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => Avx2Proof::detect().map(Self::Avx2),
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
            Kernel::ShaExtensions => ShaProof::detect().map(Self::ShaExtensions),
            #[cfg(target_arch = "aarch64")]
            Kernel::Neon => NeonProof::detect().map(Self::Neon),
            Kernel::Portable => Some(Self::Portable),
            Kernel::Single => Some(Self::Single),
            #[cfg(not(target_arch = "x86_64"))]
            Kernel::Avx512 | Kernel::Avx2 => None,
            #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
            Kernel::ShaExtensions => None,
            #[cfg(not(target_arch = "aarch64"))]
            Kernel::Neon => None,
        }
    }
}

/// Searches for solutions of some work with one kernel.
#[derive(Clone, Debug)]
pub(crate) struct Solver<'a> {
    work: &'a Work,
    machine: Machine,
    /// Blocks of a message that are hashed for each candidate.
    blocks: u64,
}

/// The number of candidates in the first chunk, which solves most challenges of up to ten bits.
const CHUNK_MIN: u64 = 1024;

impl<'a> Solver<'a> {
    /// Returns a searcher that uses a kernel, or plain Rust if this machine does not support it.
    pub(crate) fn new(work: &'a Work, kernel: Kernel) -> Self {
        let machine = Machine::of(kernel).unwrap_or(Machine::Portable);
        let template = &work.template;
        let tail = template.prefix.len() % 64 + template.suffix.len();
        let blocks = u64::try_from(tail / 64 + 1).unwrap_or(u64::MAX);
        Self { work, machine, blocks }
    }

    /// Returns the end of the chunk that begins at an index, after this many candidates of the
    /// search have been handed out. Chunks grow, since most searches are short, and end where a
    /// kernel can stop without wasted hashes.
    pub(crate) fn chunk_end(&self, start: u64, before: u64) -> u64 {
        let segment = self.work.template.nonce.segment(start);
        let lows = Lows::of(self.work, &Layout::new(self.work, segment));
        let run = lows.map_or(1, |lows| lows.run());
        // What no kernel supports is hashed message by message.
        let machine = lows.map_or(Machine::Single, |_| self.machine);
        let longest = machine.blocks_in_a_chunk(self.work.hash) / self.blocks;
        let wanted = before.clamp(CHUNK_MIN, longest.max(CHUNK_MIN));
        let end = start.saturating_add(wanted);
        let aligned = segment.zero + (end - segment.zero) / run * run;
        let end = if aligned > start { aligned } else { end };
        end.min(segment.end)
    }

    /// Returns the lowest index of the range whose candidate is a solution.
    pub(crate) fn first_solution(&self, range: Range<u64>) -> Option<u64> {
        let mut start = range.start;
        while start < range.end {
            let segment = self.work.template.nonce.segment(start);
            let mut layout = Layout::new(self.work, segment);
            let part = start..segment.end.min(range.end);
            start = part.end;
            let solution = self.first_in_segment(&mut layout, part);
            if solution.is_some() {
                return solution;
            }
        }
        None
    }

    fn first_in_segment(&self, layout: &mut Layout, range: Range<u64>) -> Option<u64> {
        let Some(lows) = Lows::of(self.work, layout) else {
            return single::first_solution(self.work, layout, range);
        };
        match self.machine {
            #[cfg(target_arch = "x86_64")]
            Machine::Avx512(proof) => search(proof, self.work, layout, lows, range),
            #[cfg(target_arch = "x86_64")]
            Machine::Avx2(proof) => search(proof, self.work, layout, lows, range),
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
            Machine::ShaExtensions(proof) => {
                sha_extensions::first_solution(proof, self.work, layout, lows, range)
            }
            #[cfg(target_arch = "aarch64")]
            Machine::Neon(proof) => search(proof, self.work, layout, lows, range),
            Machine::Portable => search((), self.work, layout, lows, range),
            Machine::Single => single::first_solution(self.work, layout, range),
        }
    }
}

fn search(
    runner: impl Runner,
    work: &Work,
    layout: &mut Layout,
    lows: Lows,
    range: Range<u64>,
) -> Option<u64> {
    match work.hash {
        Hash::Sha1 => sha1::first_solution(runner, work, layout, lows, range),
        Hash::Sha256 | Hash::DoubleSha256 => {
            sha256::first_solution(runner, work, layout, lows, range)
        }
    }
}

/// Runs a search in a function that enables the instructions that this proves to exist.
///
/// Each mask gets its own function: a few thousand instructions without a branch. Only the fastest
/// kernel has one for each mask of SHA-256, since they take long to compile.
trait Runner {
    fn sha1<const MASK: u32>(self, search: sha1::Search<'_>) -> Option<u64>;
    fn sha256<const MASK: u32>(self, search: sha256::Search<'_>) -> Option<u64>;
    fn header(self, search: sha256::Search<'_>) -> Option<u64>;
}

#[cfg(test)]
mod tests;
