//! Everything that CI checks besides the tests; quick checks first.

use anyhow::Result;

use crate::steps::Steps;
use crate::{advisories, deps, needs, purity, python, shell, structure, tidy, web};

/// Runs all checks, even after one has failed.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::of("check");
    steps.run("tidy", tidy::run);
    steps.run("deps", || deps::run(&deps::Options::CHECK));
    steps.run("structure", || structure::run(&structure::Options::CHECK));
    steps.run("format", || shell::run(&mut shell::cargo(["fmt", "--all", "--check"])));
    // An argument to clippy denies warnings, and not RUSTFLAGS, which would rebuild all
    // dependencies.
    steps.run("clippy", || {
        let arguments = ["clippy", "--workspace", "--all-targets", "--all-features", "--"];
        shell::run(shell::cargo(arguments).args(["-D", "warnings"]))
    });
    steps.run("docs", || {
        let arguments = ["doc", "--workspace", "--all-features", "--no-deps"];
        shell::run(shell::cargo(arguments).env("RUSTDOCFLAGS", "-D warnings"))
    });
    steps.run("client for Python", || python::run(&python::Options::CHECK));
    steps.run_or_skip("web", web::check);
    steps.run("purity", || purity::run(&purity::Options::CHECK));
    steps.run("licences and origins", || {
        needs::CARGO_DENY.ensure()?;
        // This reads the lock file and the sources of the crates, and needs no network.
        let arguments = ["deny", "--all-features", "check", "--hide-inclusion-graph"];
        shell::run(shell::cargo(arguments).args(["bans", "licenses", "sources"]))
    });
    steps.run_or_skip("advisories", advisories::check);
    steps.finish()
}
