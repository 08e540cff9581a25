//! Fuzzing: builds the targets of `fuzz/`, and runs each to find bytes that break a guarantee.
//!
//! The tests of `althing-fuzz` build the same code and try some thousand inputs; this tries
//! millions.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::steps::Steps;
use crate::{needs, shell, workspace};

/// What to do with the targets.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only build the targets.
    #[arg(long)]
    build: bool,

    /// How long each target runs, in seconds.
    #[arg(long, value_name = "N", default_value_t = SECONDS)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
}

/// How long a target runs by default, in seconds.
const SECONDS: u64 = 60;

/// A module of `althing-fuzz` that has a target.
struct Target {
    name: &'static str,
    /// The sanitizer that limits its memory: `address` checks each allocation, and takes ten times
    /// as long where there are many; `none` limits only the total.
    sanitizer: &'static str,
}

/// One target for each kind of bytes from strangers.
const TARGETS: [Target; 8] = [
    Target { name: "assembly", sanitizer: "none" },
    Target { name: "chain", sanitizer: "address" },
    Target { name: "dialect", sanitizer: "address" },
    Target { name: "engine", sanitizer: "none" },
    Target { name: "rows", sanitizer: "address" },
    Target { name: "seed", sanitizer: "address" },
    Target { name: "stratum", sanitizer: "address" },
    Target { name: "tracker", sanitizer: "address" },
];

/// The maximum length of an input in bytes, as in `althing-fuzz`; the largest allocation of an
/// input in MiB; the total memory in MiB, including the fuzzer's own; and the time for one input in
/// seconds.
const LIMITS: [&str; 4] =
    ["-max_len=1024", "-malloc_limit_mb=16", "-rss_limit_mb=1024", "-timeout=10"];

impl Options {
    /// The options that a soak uses.
    pub(crate) const SOAK: Self = Self { build: false, seconds: SECONDS };
}

/// Builds the targets, and runs each unless only the build was requested.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut steps = Steps::of("fuzz");
    add_steps(&mut steps, options);
    steps.finish()
}

/// Adds the steps of fuzzing, or the reason why it is impossible here.
pub(crate) fn add_steps(steps: &mut Steps, options: &Options) {
    let mut is_built = false;
    steps.run("build the fuzz targets", || {
        needs::CARGO_FUZZ.ensure()?;
        shell::run(&mut cargo_fuzz("build", "address"))?;
        is_built = true;
        Ok(())
    });
    if !is_built || options.build {
        return;
    }
    for target in TARGETS {
        steps.run(target.name, || look(&target, options.seconds));
    }
}

/// Runs one target. Interesting inputs are kept in `fuzz/corpus`, from which the next run
/// continues; inputs that break a guarantee go to `fuzz/artifacts`.
fn look(target: &Target, seconds: u64) -> Result<()> {
    let Target { name, sanitizer } = target;
    let (found, seeds) = (format!("fuzz/corpus/{name}"), format!("fuzz/seeds/{name}"));
    let directory = workspace::root().join(&found);
    fs::create_dir_all(directory).with_context(|| format!("cannot create {found}"))?;
    let mut command = cargo_fuzz("run", sanitizer);
    command.args([&format!("fuzz-{name}"), &found, &seeds, "--"]);
    command.arg(format!("-max_total_time={seconds}"));
    command.args(LIMITS).args(["-verbosity=0", "-print_funcs=0", "-print_final_stats=1"]);
    shell::run(&mut command).with_context(|| {
        format!(
            "an input broke a promise; try it again with `cargo run --package althing-fuzz --bin \
             fuzz-{name} -- FILE`, where FILE is the newest in fuzz/artifacts/fuzz-{name}"
        )
    })
}

/// Returns a `cargo fuzz` command. A build with one sanitizer cannot be used with another, so each
/// has its own directory. Sanitizers are not stable yet, but the stable compiler contains them, and
/// these builds are never released.
fn cargo_fuzz(job: &str, sanitizer: &str) -> Command {
    let mut command = shell::command("cargo");
    command.env("RUSTC_BOOTSTRAP", "1").args(["fuzz", job, "--fuzz-dir=fuzz"]);
    command.arg(format!("--sanitizer={sanitizer}"));
    command.arg(format!("--target-dir=fuzz/target/{sanitizer}"));
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str) -> String {
        let file = workspace::root().join(path);
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    #[test]
    fn each_target_is_built_and_has_seeds() {
        let manifest = text("fuzz/Cargo.toml");
        for Target { name, .. } in TARGETS {
            assert!(manifest.contains(&format!("\"fuzz-{name}\"")), "{name}");
            assert!(workspace::root().join("fuzz/seeds").join(name).is_dir(), "{name}");
        }
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    }

    #[test]
    fn inputs_are_as_long_as_the_targets_say() {
        let [max_len, ..] = LIMITS;
        let bytes = max_len.trim_start_matches("-max_len=");
        assert!(text("fuzz/src/lib.rs").contains(&format!("INPUT_MAX: usize = {bytes};")));
    }
}
