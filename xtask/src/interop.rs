//! Peers among programs that others have written, recorded in `docs/interop.md`.

use anyhow::Result;

use crate::needs;
use crate::shell;
use crate::steps::Steps;

/// The tests, which renew the page when the environment asks for it.
const TESTS: &str = "binary_id(althing::e2e) and test(/^interop::/)";

/// Runs the mixtures, and writes what they came to.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::of("interop");
    steps.run("needs", needs::install_needed);
    if steps.all_well() {
        steps.run("nextest", || needs::NEXTEST.ensure());
    }
    if steps.all_well() {
        steps.run("mixtures", || {
            let arguments = ["nextest", "run", "--package=althing", "--filterset", TESTS];
            shell::run(shell::cargo(arguments).env("UPDATE", "1"))
        });
    }
    steps.finish()
}
