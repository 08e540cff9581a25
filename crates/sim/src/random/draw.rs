//! How faults and conditions are drawn, in any kind of network.

use std::time::Duration;

use althing_faults::{Conditions, Latency};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::clock::Skew;
use crate::fault::{Fault, LastWills, Who};

/// Most faults in a schedule.
pub(crate) const FAULTS_MAX: usize = 16;

/// Which faults can come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Faults {
    /// How many peers there are.
    pub(crate) peers: usize,
    /// Whether messages may come damaged, or again after a long time.
    pub(crate) corrupts: bool,
    /// Whether the peers are on a bus with a broker, and not on a mesh.
    pub(crate) on_bus: bool,
}

/// Draws the conditions of the network. Where messages are not signed, a damaged message can be a
/// valid one that no peer has sent; the kind of network decides whether it may come.
pub(crate) fn conditions(corrupts: bool, rng: &mut ChaCha8Rng) -> Conditions {
    Conditions {
        latency: latency(rng),
        loss_percent: pick(&[0, 0, 5, 20, 40], rng),
        duplication_percent: pick(&[0, 0, 10, 50], rng),
        corruption_percent: if corrupts { pick(&[0, 0, 1, 5, 20], rng) } else { 0 },
    }
}

fn latency(rng: &mut ChaCha8Rng) -> Latency {
    let short = Duration::from_micros(rng.random_range(50..2000));
    let long = short + Duration::from_millis(1 << rng.random_range(0..9));
    match rng.random_range(0..3) {
        0 => Latency::Fixed(short),
        1 => Latency::Uniform(short..=long),
        _ => Latency::LongTailed { median: short, longest: 4 * long },
    }
}

impl Faults {
    /// Draws one.
    pub(crate) fn draw<R>(self, rng: &mut ChaCha8Rng) -> Fault<R> {
        let peers = self.peers;
        let who = match rng.random_range(0..3) {
            0 => Who::Leader,
            _ => Who::Peer(rng.random_range(0..peers)),
        };
        match rng.random_range(0..24) {
            0..=2 => Fault::Crash(who),
            3..=5 => Fault::CrashAfter(who, rng.random_range(0..8)),
            6..=9 => Fault::Restart(Who::Peer(rng.random_range(0..peers))),
            10 => Fault::Pause(who),
            11 => Fault::Resume(who),
            12 => Fault::Slow(who, Duration::from_micros(rng.random_range(1..20_000))),
            13 => Fault::Skew(who, self.skew(rng)),
            14 | 15 => Fault::Partition(side(peers, rng)),
            16 => {
                let mut peer = || Who::Peer(rng.random_range(0..peers));
                Fault::Cut { from: peer(), to: peer() }
            }
            17 => Fault::Flap { side: side(peers, rng), every: millis(10..2000, rng) },
            18 => Fault::Mend,
            19 => Fault::Lose(pick(&[0, 10, 40, 100], rng)),
            20 => Fault::Duplicate(pick(&[0, 20, 100], rng)),
            21 if self.corrupts => Fault::Corrupt(pick(&[0, 5, 50], rng)),
            21 | 22 => Fault::Delay(latency(rng)),
            _ if self.on_bus => Fault::RestartBroker {
                down: millis(0..3000, rng),
                last_wills: if rng.random() { LastWills::Published } else { LastWills::Forgotten },
            },
            _ => match rng.random_range(0..3) {
                0 => Fault::Mute(who),
                1 => Fault::Unmute(Who::Peer(rng.random_range(0..peers))),
                _ if self.corrupts => Fault::Replay(pick(&[0, 10, 50], rng)),
                _ => Fault::Mend,
            },
        }
    }

    /// Blocks state their times, and a block that is dated hours ahead is not followed; so clocks
    /// on a mesh are wrong only within bounds.
    fn skew(self, rng: &mut ChaCha8Rng) -> Skew {
        let percent = if self.on_bus { 10..1000 } else { 90..110 };
        Skew { percent: rng.random_range(percent), jump: millis(0..20_000, rng) }
    }
}

fn side(peers: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    (0..peers).filter(|_| rng.random()).collect()
}

/// Draws a number of milliseconds.
pub(crate) fn millis(range: std::ops::Range<u64>, rng: &mut ChaCha8Rng) -> Duration {
    Duration::from_millis(rng.random_range(range))
}

/// Draws one of these.
pub(crate) fn pick<T: Copy>(from: &[T], rng: &mut ChaCha8Rng) -> T {
    from[rng.random_range(0..from.len())]
}
