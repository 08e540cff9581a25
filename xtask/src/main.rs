//! The project's tasks, as a program instead of scripts: `cargo xtask --help`.
//!
//! Every contributor needs two of them, `test` and `check`; those two and `emulate` are what CI
//! runs (`.ci/run`). `soak` searches for what those do not find, for as long as you like. The
//! others are parts of `check` that are worth running alone. Each task has its own file, and prints
//! what it does and how long that took.
//!
//! Each decision (is this dependency allowed, is this line too long) is a plain function over text
//! or a parsed value, with its tests beside it. Access to the machine is in [`shell`] and
//! [`workspace`].
//!
//! | file | question |
//! | --- | --- |
//! | `advisories` | Is a security advisory out for a dependency? |
//! | `api` | Is any request answered with an error of the server? |
//! | `attack` | What do attackers achieve? |
//! | `check` | What does CI check besides the tests? |
//! | `deps` | Do dependencies between the crates point down? |
//! | `emulate` | Do the hash kernels work on other processors? |
//! | `files` | Which files do people write? |
//! | `fuzz` | Which bytes break a promise? |
//! | `interop` | Do our peers agree with programs that others have written? |
//! | `needs` | Which programs do the tests need, and how are they installed? |
//! | `purity` | Do the pure crates ask the machine for nothing? |
//! | `python` | Is the client for Python the one of the API? |
//! | `root` | Where is the workspace? |
//! | `shell` | How is another program run? |
//! | `soak` | Which random networks go wrong? |
//! | `steps` | How is a job of several steps reported? |
//! | `structure` | Is there one driver, and no circle of imports? |
//! | `test` | Do all tests pass? |
//! | `tidy` | Are the project's own small rules kept? |
//! | `web` | Is the dashboard the one that its source gives, and does it work? |
//! | `workspace` | Which crates are there? |

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore talks to the person who runs it"
)]

mod advisories;
mod api;
mod attack;
mod check;
mod deps;
mod emulate;
mod files;
mod fuzz;
mod interop;
mod needs;
mod purity;
mod python;
mod root;
mod shell;
mod soak;
mod steps;
mod structure;
mod test;
mod tidy;
mod web;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The project's tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
#[command(after_help = "Before a commit: cargo xtask check && cargo xtask test")]
struct Arguments {
    #[command(subcommand)]
    job: Job,
}

#[derive(Subcommand)]
enum Job {
    /// Install what the tests need, then run all tests.
    #[command(after_help = "Examples:
  cargo xtask test
  cargo xtask test --filter leader     only tests with 'leader' in their name")]
    Test(test::Options),

    /// Run the attacks among the tests, on processes and in simulated networks, in five minutes at
    /// most.
    #[command(after_help = "Example:
  cargo xtask attack")]
    Attack,

    /// Run peers among programs that others have written, and record it in docs/interop.md.
    #[command(after_help = "Example:
  cargo xtask interop")]
    Interop,

    /// Run everything that CI checks besides the tests: format, lints, docs, licences, our own
    /// rules.
    #[command(after_help = "Example:
  cargo xtask check")]
    Check,

    /// Run the tests of the hash kernels on an older processor, on one with AVX2, and on ARM.
    #[command(after_help = "Example:
  cargo xtask emulate                  after `cargo xtask test`, which builds most of it")]
    Emulate,

    /// Check that dependencies between the project's crates only point down the list, as the
    /// diagram in ARCHITECTURE.md shows them.
    #[command(after_help = "Examples:
  cargo xtask deps
  cargo xtask deps --write             write the diagram anew")]
    Deps(deps::Options),

    /// Check that the pure crates use no runtime, socket, disk, clock, thread or entropy.
    #[command(after_help = "Examples:
  cargo xtask purity
  cargo xtask purity --write           write the clippy.toml files that hold the rules")]
    Purity(purity::Options),

    /// Check that few files carry out an engine's outputs, and that no imports go in circles.
    #[command(after_help = "Examples:
  cargo xtask structure
  cargo xtask structure --small        list very small files as well")]
    Structure(structure::Options),

    /// Check lines, crate docs, dead files, leftovers, the changelog and the numbered rules.
    #[command(after_help = "Example:
  cargo xtask tidy")]
    Tidy,

    /// Build the fuzz targets and run each for a minute to find bytes that break a guarantee.
    #[command(after_help = "Examples:
  cargo xtask fuzz
  cargo xtask fuzz --build             only build them
  cargo xtask fuzz --seconds 600       ten minutes each")]
    Fuzz(fuzz::Options),

    /// Build the page of the dashboard from its source, or check that the committed one is it.
    #[command(after_help = "Examples:
  cargo xtask web
  cargo xtask web --check              compare, and change nothing")]
    Web(web::Options),

    /// Write the client for Python from the description of the API, or check that it is the one.
    #[command(after_help = "Examples:
  cargo xtask python
  cargo xtask python --check           compare, and change nothing")]
    Python(python::Options),

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
        Job::Attack => attack::run(),
        Job::Interop => interop::run(),
        Job::Check => check::run(),
        Job::Emulate => emulate::run(),
        Job::Deps(options) => deps::run(options),
        Job::Purity(options) => purity::run(options),
        Job::Structure(options) => structure::run(options),
        Job::Tidy => tidy::run(),
        Job::Fuzz(options) => fuzz::run(options),
        Job::Web(options) => web::run(options),
        Job::Python(options) => python::run(options),
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
