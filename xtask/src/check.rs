//! All that CI checks besides the tests; quick things first.

use anyhow::Result;

use crate::steps::Steps;
use crate::{advisories, deps, needs, purity, shell, tidy};

/// Takes all checks, also after one has failed.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::of("check");
    steps.run("tidy", tidy::run);
    steps.run("deps", deps::run);
    steps.run("format", || shell::run(&mut shell::cargo(["fmt", "--all", "--check"])));
    // Warnings are refused by an argument to clippy and not by RUSTFLAGS, which would build all
    // dependencies anew.
    steps.run("clippy", || {
        let arguments = ["clippy", "--workspace", "--all-targets", "--all-features", "--"];
        shell::run(shell::cargo(arguments).args(["-D", "warnings"]))
    });
    steps.run("docs", || {
        let arguments = ["doc", "--workspace", "--all-features", "--no-deps"];
        shell::run(shell::cargo(arguments).env("RUSTDOCFLAGS", "-D warnings"))
    });
    steps.run("purity", || purity::run(&purity::Options::CHECK));
    steps.run("licences and origins", || {
        needs::CARGO_DENY.ensure()?;
        // This reads the lock file and the sources of the crates, and needs no network for it.
        let arguments = ["deny", "--all-features", "check", "--hide-inclusion-graph"];
        shell::run(shell::cargo(arguments).args(["bans", "licenses", "sources"]))
    });
    steps.run_or_skip("advisories", advisories::check);
    steps.finish()
}
