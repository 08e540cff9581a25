//! The project's chores, as a program instead of scripts: `cargo xtask --help`.
//!
//! There are two that everybody needs, `test` and `check`; those two and `emulate` are all that CI
//! runs (`.ci/run`). `soak` looks for as long as it is let for what those do not find. The others
//! are parts of `check` that are worth running alone. Each job has its own file, and announces what
//! it does with the time that it took.
//!
//! What needs a decision (is this dependency allowed, is this line too long) is a plain function
//! over text or a parsed value with its tests beside it; what touches the machine is kept around
//! it, in [`shell`] and [`workspace`].

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore talks to the person who runs it"
)]

mod advisories;
mod check;
mod deps;
mod emulate;
mod fuzz;
mod needs;
mod purity;
mod shell;
mod soak;
mod steps;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The project's chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
#[command(after_help = "Before a commit: cargo xtask check && cargo xtask test")]
struct Arguments {
    #[command(subcommand)]
    job: Job,
}

#[derive(Subcommand)]
enum Job {
    /// Install what the tests need and is missing, then run all tests.
    #[command(after_help = "Examples:
  cargo xtask test
  cargo xtask test --filter leader     only tests with 'leader' in their name")]
    Test(test::Options),

    /// Run all that CI checks besides the tests: format, lints, docs, licences and own rules.
    #[command(after_help = "Example:
  cargo xtask check")]
    Check,

    /// Run the tests of the hash kernels on an older processor, on one with AVX2, and on ARM.
    #[command(after_help = "Example:
  cargo xtask emulate                  after `cargo xtask test`, which builds most of it")]
    Emulate,

    /// Check that dependencies between the project's crates only point down the list.
    #[command(after_help = "Example:
  cargo xtask deps")]
    Deps,

    /// Check that the pure crates know no runtime, socket, disk, clock, thread or entropy.
    #[command(after_help = "Examples:
  cargo xtask purity
  cargo xtask purity --write           write the clippy.toml files that hold the rules")]
    Purity(purity::Options),

    /// Check lines, crate docs, dead files, leftovers, the changelog and the numbered rules.
    #[command(after_help = "Example:
  cargo xtask tidy")]
    Tidy,

    /// Build the fuzz targets and let each look for a minute for bytes that break a promise.
    #[command(after_help = "Examples:
  cargo xtask fuzz
  cargo xtask fuzz --build             only build them
  cargo xtask fuzz --seconds 600       ten minutes each")]
    Fuzz(fuzz::Options),

    /// Run random networks with fresh seeds on all cores, then the fuzz targets.
    #[command(after_help = "Examples:
  cargo xtask soak                     for ten minutes
  cargo xtask soak --seeds 5000 --minutes 60
  cargo xtask soak --seed 7            run one network again, and show what it came to")]
    Soak(soak::Options),
}

fn main() -> ExitCode {
    match run(&Arguments::parse().job) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}.");
            ExitCode::FAILURE
        }
    }
}

fn run(job: &Job) -> Result<()> {
    match job {
        Job::Test(options) => test::run(options),
        Job::Check => check::run(),
        Job::Emulate => emulate::run(),
        Job::Deps => deps::run(),
        Job::Purity(options) => purity::run(options),
        Job::Tidy => tidy::run(),
        Job::Fuzz(options) => fuzz::run(options),
        Job::Soak(options) => soak::run(options),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_job_shows_an_example() {
        let command = Arguments::command();
        command.clone().debug_assert();
        for job in command.get_subcommands() {
            let help = job.get_after_help().map(ToString::to_string).unwrap_or_default();
            let example = format!("  cargo xtask {}", job.get_name());
            assert!(help.contains(&example), "{} has no example", job.get_name());
        }
    }
}
