//! What a person and a script are told of a verification.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use althing_dialect::NetworkConfig;
use serde_json::{Value, json};

use crate::output;

/// Tells a person how far something has come.
pub(super) struct Telling {
    total: u64,
    told: Instant,
}

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(200);

impl Telling {
    /// Begins with nothing of so many blocks.
    pub(super) fn of(total: u64) -> Self {
        Self { total, told: Instant::now() }
    }

    /// Says that so many blocks are checked, if a person watches and has waited for a while.
    pub(super) fn tell(&mut self, checked: u64) -> anyhow::Result<()> {
        if self.told.elapsed() >= TELL_EVERY && output::is_live(&io::stderr()) {
            self.told = Instant::now();
            let total = self.total;
            let percent = checked * 100 / total.max(1);
            write!(io::stderr(), "\r{checked} of {total} blocks, {percent} % ")?;
        }
        Ok(())
    }

    /// Removes what was told.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        if output::is_live(&io::stderr()) {
            write!(io::stderr(), "\r\x1b[K")?;
        }
        Ok(())
    }
}

/// Returns what is written of a chain that is not valid.
pub(super) fn invalid(network: &NetworkConfig, error: &anyhow::Error, seconds: f64) -> Value {
    json!({
        "network": network.to_string(),
        "valid": false,
        "reason": format!("{error:#}"),
        "seconds": rounded(seconds),
    })
}

/// Returns a time in seconds to the millisecond.
pub(super) fn rounded(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}
