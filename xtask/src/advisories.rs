//! Known weaknesses of dependencies, as far as the database of them can be had.

use anyhow::Result;

use crate::steps::Outcome;
use crate::{needs, shell};

/// Fetches the database and checks the lock file against it.
///
/// The database lives on GitHub, where a closed network does not reach. That an unchanged project
/// fails there would help nobody; that it was not checked is said.
pub(crate) fn check() -> Result<Outcome> {
    needs::CARGO_DENY.ensure()?;
    let mut fetch = shell::cargo(["deny", "fetch", "db"]);
    // Nobody is there to answer when git asks for a password.
    if let Err(error) = shell::output(fetch.env("GIT_TERMINAL_PROMPT", "0")) {
        let complaint = format!("{error:#}");
        let reason = complaint.lines().last().unwrap_or_default();
        return Ok(Outcome::Skipped(format!("no database of advisories could be had: {reason}")));
    }
    shell::run(&mut shell::cargo(["deny", "--all-features", "check", "advisories"]))?;
    Ok(Outcome::Done)
}
