//! Runs all tests, and installs what they need.

use anyhow::Result;

use crate::steps::{Outcome, Steps};
use crate::workspace::EVERYTHING;
use crate::{api, needs, shell, web};

/// Which tests to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run only the tests whose name contains this text.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
}

/// Installs missing programs, and runs the tests.
pub(crate) fn run(options: &Options) -> Result<()> {
    let filter = options.filter.as_deref();
    let mut steps = Steps::of("test");
    steps.run("needs", needs::install_needed);
    if !steps.all_well() {
        // Without them tests would fail one by one, and hide the message that matters.
        return steps.finish();
    }
    let mut has_nextest = false;
    steps.run_or_skip("nextest", || {
        Ok(match needs::NEXTEST.ensure() {
            Ok(()) => {
                has_nextest = true;
                Outcome::Done
            }
            Err(error) => Outcome::Skipped(format!("plain cargo test stands in: {error:#}")),
        })
    });
    if filter.is_none() {
        steps.run("examples in the docs", || {
            shell::run(shell::cargo(["test", "--doc"]).args(EVERYTHING))
        });
        // The features of all tests, so that nothing is built twice.
        steps.run("build", || shell::run(shell::cargo(["test", "--no-run"]).args(EVERYTHING)));
        steps.run_or_skip("dashboard", web::test);
        steps.run_or_skip("the API, asked at random", api::run);
    }
    // Last, so that the output ends with the summary of the tests.
    steps.run("tests", || if has_nextest { nextest(filter) } else { plain(filter) });
    steps.finish()
}

fn nextest(filter: Option<&str>) -> Result<()> {
    shell::run(shell::cargo(["nextest", "run"]).args(EVERYTHING).args(filter))
}

fn plain(filter: Option<&str>) -> Result<()> {
    // One test at a time: this is slower, but only nextest has a configuration that says which
    // tests start many processes and must not run in parallel.
    let mut command = shell::cargo(["test", "--tests", "--no-fail-fast"]);
    command.args(EVERYTHING).args(filter).args(["--", "--test-threads=1"]);
    shell::run(&mut command)
}
