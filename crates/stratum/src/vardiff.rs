//! Variable difficulty: leads each connection to one share every few seconds.

use std::time::Duration;

use althing_types::Moment;

use crate::difficulty::ShareDifficulty;

/// The time between two shares towards which a connection's difficulty is adjusted.
pub const SHARE_TIME: Duration = Duration::from_secs(5);

/// The number of shares after which a connection's difficulty is reviewed,
const SHARES_ENOUGH: u32 = 16;

/// and the time after which it is reviewed in any case.
const TIME_ENOUGH: Duration = Duration::from_secs(30);

/// Finds the difficulty at which a connection has one share per [`SHARE_TIME`], from the work that
/// its shares have shown (*variable difficulty*, as in mining pools).
#[derive(Clone, Debug)]
pub(crate) struct Vardiff {
    difficulty: ShareDifficulty,
    since: Moment,
    shares: u32,
    hashes: u128,
}

impl Vardiff {
    pub(crate) fn new(now: Moment, difficulty: ShareDifficulty) -> Self {
        Self { difficulty, since: now, shares: 0, hashes: 0 }
    }

    /// Returns the difficulty of future shares.
    pub(crate) fn difficulty(&self) -> ShareDifficulty {
        self.difficulty
    }

    /// Records a share that takes this many hashes on average.
    pub(crate) fn count(&mut self, hashes: u128) {
        self.shares += 1;
        self.hashes = self.hashes.saturating_add(hashes);
    }

    /// Adjusts the difficulty if necessary, once there is enough to go by.
    pub(crate) fn adjust(&mut self, now: Moment) {
        let time = now - self.since;
        if self.shares < SHARES_ENOUGH && time < TIME_ENOUGH {
            return;
        }
        // The first shares may come all at once; and where there was none, one may have been close.
        let time = time.max(Duration::from_secs(1));
        let hashes = self.hashes.max(self.difficulty.hashes() / 2);
        let wanted = hashes.saturating_mul(SHARE_TIME.as_millis()) / time.as_millis();
        let current = self.difficulty.hashes();
        if wanted < current / 2 || wanted >= current * 2 {
            self.difficulty = ShareDifficulty::of_hashes(wanted);
        }
        *self = Self::new(now, self.difficulty);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bits(bits: u8) -> ShareDifficulty {
        ShareDifficulty::from_bits(bits).expect("in range")
    }

    proptest! {
        #[test]
        fn a_steady_miner_is_led_to_one_share_in_five_seconds(
            start in 8..=60_u8,
            log in 10..=50_u8,
        ) {
            let rate = 1_u128 << log;
            let mut pace = Vardiff::new(Moment::START, bits(start));
            let mut now = Moment::START;
            // One share after the other, or half a minute without one.
            for _ in 0..2_000 {
                let milliseconds = pace.difficulty().hashes() * 1000 / rate;
                let time = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX));
                if time < TIME_ENOUGH {
                    now = now + time;
                    pace.count(pace.difficulty().hashes());
                } else {
                    now = now + TIME_ENOUGH;
                }
                pace.adjust(now);
            }
            let wanted = rate * 5;
            let found = pace.difficulty().hashes();
            prop_assert!(found <= wanted * 2 && wanted <= found * 4, "{found} for {wanted}");
        }
    }

    #[test]
    fn who_finds_nothing_is_asked_for_less_down_to_the_least() {
        let mut pace = Vardiff::new(Moment::START, bits(24));
        let mut now = Moment::START;
        pace.adjust(now + TIME_ENOUGH / 2);
        assert_eq!(pace.difficulty(), bits(24), "there is not enough to go by");
        for _ in 0..20 {
            now = now + TIME_ENOUGH;
            pace.adjust(now);
        }
        assert_eq!(pace.difficulty(), ShareDifficulty::MIN);
    }
}
