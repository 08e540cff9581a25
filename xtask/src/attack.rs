//! Attacks on running processes, on simulated networks, and on what stands against each of them
//! alone (the broker's memory, the descriptors, miners, the API), in one bounded run.
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

/// The packages with attacks among their tests.
const ATTACKED: [&str; 6] =
    ["althing", "althing-sim", "althing-engine", "althing-net", "althing-stratum", "althing-http"];

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
    let packages = ATTACKED.map(|package| format!("--package={package}"));
    let mut all = shell::cargo(["nextest", "run", "--all-features"]);
    shell::run(all.args(packages).args(arguments))
}
