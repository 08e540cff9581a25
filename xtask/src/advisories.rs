//! Known vulnerabilities of dependencies, if their database can be reached.

use anyhow::Result;

use crate::steps::Outcome;
use crate::{needs, shell};

/// Fetches the database and checks the lock file against it.
///
/// The database is on GitHub, which cannot be reached from a closed network. An unchanged project
/// does not fail there; the output says that it was not checked.
pub(crate) fn check() -> Result<Outcome> {
    needs::CARGO_DENY.ensure()?;
    let mut fetch = shell::cargo(["deny", "fetch", "db"]);
    // No one can answer if git asks for a password.
    if let Err(error) = shell::output(fetch.env("GIT_TERMINAL_PROMPT", "0")) {
        let complaint = format!("{error:#}");
        let reason = complaint.lines().last().unwrap_or_default();
        return Ok(Outcome::Skipped(format!("no database of advisories could be had: {reason}")));
    }
    shell::run(&mut shell::cargo(["deny", "--all-features", "check", "advisories"]))?;
    Ok(Outcome::Done)
}
