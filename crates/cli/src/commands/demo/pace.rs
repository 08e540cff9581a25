//! How fast a demo goes: what is slowed down, and by how much.

use std::ops::RangeInclusive;
use std::time::Duration;

use althing_node::{Air, Pacing};

/// How long a round takes, about, unless the user says otherwise.
pub(super) const USUAL: Duration = Duration::from_secs(8);

/// How long a round takes by the network's own clock: a challenge, a solution and two rounds of
/// votes on their way, the search, and the pause.
const ROUND: Duration = Duration::from_secs(8);

/// How long a message is on its way, by that clock. Votes that are sent at once arrive one after
/// the other.
const LATENCY: RangeInclusive<Duration> = Duration::from_millis(150)..=Duration::from_millis(600);

/// How long a search for the hardest solution takes on average, by that clock.
const SEARCH: Duration = Duration::from_secs(8);

/// How long a leader waits between two rounds, by that clock.
pub(super) const PAUSE: Duration = Duration::from_secs(2);

/// Returns what lies between the peers of a network with this pace.
pub(super) fn air(pacing: Option<&'static Pacing>) -> Air {
    Air::new(if pacing.is_some() { LATENCY } else { Duration::ZERO..=Duration::ZERO })
}

/// Returns a pace at which a round takes about `round`, if `searchers` peers need so many hashes
/// for the hardest solution.
pub(super) fn start(round: Duration, hashes: f64, searchers: usize) -> &'static Pacing {
    Pacing::start(rate(hashes, searchers), ROUND.as_secs_f64() / round.as_secs_f64())
}

/// Returns how many candidates each of so many peers tries in a second of that clock, so that a
/// search that takes `hashes` takes about [`SEARCH`].
pub(super) fn rate(hashes: f64, searchers: usize) -> f64 {
    // Each candidate is one of theirs, so together they are as fast as one that has them all.
    #[expect(clippy::cast_precision_loss, reason = "peers are few")]
    let searchers = searchers.max(1) as f64;
    hashes / SEARCH.as_secs_f64() / searchers
}
