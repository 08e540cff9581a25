//! Attacks on running processes, and on simulated networks, in one bounded run.
//!
//! The attacks are tests, so `cargo xtask test` runs them as well; here they run alone, for the
//! engineer who changes what stands against them. [docs/threats.md](../../docs/threats.md) says
//! which attack is on which promise.

use anyhow::Result;

use crate::needs;
use crate::shell;
use crate::steps::Steps;

/// The profile of `.config/nextest.toml` that selects the attacks, and ends them after five
/// minutes.
const PROFILE: &str = "--profile=attack";

/// Builds the tests first, so that the limit is on the attacks alone; then runs the attacks.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::of("attack");
    steps.run("needs", needs::install_needed);
    if steps.all_well() {
        steps.run("nextest", || needs::NEXTEST.ensure());
    }
    if steps.all_well() {
        steps.run("build", || nextest(&["--no-run"]));
    }
    if steps.all_well() {
        steps.run("attacks", || nextest(&[PROFILE]));
    }
    steps.finish()
}

fn nextest(arguments: &[&str]) -> Result<()> {
    let packages = ["--package=althing", "--package=althing-sim", "--all-features"];
    shell::run(shell::cargo(["nextest", "run"]).args(packages).args(arguments))
}
