//! Rule D3: blocks keep to their timetable while the hash rate rises and falls tenfold.

use std::time::Duration;

use althing_ledger::{Asert, CompactTarget, Target};
use althing_types::{Height, UnixTime};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const BLOCK_TIME: f64 = 60.0;

/// Two hours: long enough that chance does not shake the difficulty, and short enough to follow.
const HALF_LIFE: Duration = Duration::from_secs(7200);

/// A chain of which only times and difficulties matter.
struct Chain {
    rule: Asert,
    genesis: (UnixTime, CompactTarget),
    height: Height,
    /// Seconds since the genesis.
    time: f64,
    rng: ChaCha8Rng,
}

impl Chain {
    fn new(seed: u64) -> Self {
        let easiest = CompactTarget::from_consensus(0x207f_ffff);
        let block_time = Duration::from_secs_f64(BLOCK_TIME);
        Self {
            rule: Asert { block_time, half_life: HALF_LIFE, easiest },
            // About four billion hashes.
            genesis: (
                UnixTime::from_seconds(1_000_000_000),
                CompactTarget::from_consensus(0x1d00_ffff),
            ),
            height: Height::GENESIS,
            time: 0.0,
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Mines so many blocks at so many hashes a second, and returns the mean time of a block.
    fn mine(&mut self, blocks: u32, hashes_per_second: f64) -> f64 {
        let start = self.time;
        for _ in 0..blocks {
            // Whole seconds, as a block states them.
            let stated = Duration::from_secs_f64(self.time);
            let parent = (self.genesis.0.after(stated), self.height);
            let target = Target::AtMost(self.rule.next(self.genesis, parent));
            let mean = target.work().hashes() as f64 / hashes_per_second;
            self.time += -(1.0 - self.rng.random::<f64>()).ln() * mean;
            self.height = self.height.next();
        }
        (self.time - start) / f64::from(blocks)
    }
}

#[test]
fn block_times_stay_within_a_tenth_of_the_target_through_a_tenfold_rise_and_fall() {
    let usual = 4_295_032_833.0 / BLOCK_TIME;
    for seed in 0..20 {
        let mut chain = Chain::new(seed);
        for (phase, rate) in [1.0, 10.0, 1.0, 0.1, 1.0].into_iter().enumerate() {
            // A month of blocks would be 43,200. The way to the new difficulty is part of each.
            let mean = chain.mine(8_000, rate * usual);
            let off = mean / BLOCK_TIME - 1.0;
            assert!(off.abs() < 0.1, "seed {seed}, phase {phase}: a mean of {mean:.1} s");
        }
    }
}

#[test]
fn after_a_tenfold_rise_it_takes_a_few_half_lives_to_be_back() {
    let usual = 4_295_032_833.0 / BLOCK_TIME;
    for seed in 0..20 {
        let mut chain = Chain::new(seed);
        chain.mine(2_000, usual);
        let first = chain.mine(100, 10.0 * usual);
        assert!(first < 0.3 * BLOCK_TIME, "at first they come fast: {first:.1} s");
        // Four half-lives are 480 blocks by the timetable.
        chain.mine(1_000, 10.0 * usual);
        let later = chain.mine(2_000, 10.0 * usual);
        assert!((later / BLOCK_TIME - 1.0).abs() < 0.1, "seed {seed}: a mean of {later:.1} s");
    }
}
