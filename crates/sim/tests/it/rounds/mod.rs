//! Networks with rounds: scenarios of our own, and random ones.

mod agreement;
mod byzantine;
mod copies;
mod determinism;
mod failures;
mod faults;
mod fixed_seeds;
mod mixtures;
mod networks;
mod published;
mod waiting;
mod watching;

use std::time::Duration;

/// Long enough for anything that comes at all.
const SOON: Duration = Duration::from_secs(60);
