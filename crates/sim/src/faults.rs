use std::ops::RangeInclusive;
use std::time::Duration;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// What a network does to messages on their way to one peer.
#[derive(Clone, Debug)]
pub struct Faults {
    /// How long a message takes. Where the bounds differ, messages overtake each other.
    pub delay: RangeInclusive<Duration>,
    /// How many of a hundred messages are lost.
    pub loss_percent: u8,
    /// How many of a hundred messages come twice.
    pub duplication_percent: u8,
}

impl Faults {
    /// A broker on the same machine: everything arrives, everywhere in the same order.
    pub const fn none() -> Self {
        let delay = Duration::from_micros(200);
        Self { delay: delay..=delay, loss_percent: 0, duplication_percent: 0 }
    }

    /// Returns when the copies of one message arrive, counted from now: none if it is lost.
    pub(crate) fn deliveries(&self, rng: &mut ChaCha8Rng) -> Vec<Duration> {
        if rng.random_range(0..100) < self.loss_percent {
            return Vec::new();
        }
        let copies = if rng.random_range(0..100) < self.duplication_percent { 2 } else { 1 };
        (0..copies).map(|_| rng.random_range(self.delay.clone())).collect()
    }
}
