//! Chance, from a seed: the same numbers on every machine.
//!
//! Mathematical libraries differ in their last digits from one machine to the next, and a failure
//! found on one must replay on all. So nothing here uses more than the operations that IEEE 754
//! defines to the bit.

use std::time::Duration;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Returns whether something happens that does so in `percent` of a hundred cases.
pub fn happens(percent: u8, rng: &mut ChaCha8Rng) -> bool {
    percent > 0 && rng.random_range(0..100) < percent
}

/// Draws how long to wait for something that happens once in `mean` on average, and at any time
/// with the same chance.
pub fn exponential(mean: Duration, rng: &mut ChaCha8Rng) -> Duration {
    scaled(mean, -ln(above_zero(rng)))
}

/// Draws from a Pareto distribution of index two: half of the draws are below `median`, one in a
/// hundred is above seven times as much, one in ten thousand above seventy times.
pub fn long_tailed(median: Duration, rng: &mut ChaCha8Rng) -> Duration {
    scaled(median, (0.5 / above_zero(rng)).sqrt())
}

/// Returns `duration` times `factor`; a day where that is longer.
fn scaled(duration: Duration, factor: f64) -> Duration {
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
    Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(LONGEST).min(LONGEST)
}

/// Draws evenly from (0, 1].
fn above_zero(rng: &mut ChaCha8Rng) -> f64 {
    1.0 - rng.random::<f64>()
}

/// The natural logarithm of a normal positive number, to twelve digits or more.
fn ln(x: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    let bits = x.to_bits();
    let mut exponent = i32::try_from(bits >> 52).expect("the sign is zero") - 1023;
    let mut mantissa = f64::from_bits(bits & MANTISSA | 1.0_f64.to_bits());
    if mantissa > std::f64::consts::SQRT_2 {
        // So that nothing cancels out just below one.
        mantissa /= 2.0;
        exponent += 1;
    }
    // ln m = 2 artanh s, whose series converges fast since s is below a fifth.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let mut power = s;
    let mut sum = 0.0;
    for odd in (1..30).step_by(2) {
        sum += power / f64::from(odd);
        power *= s * s;
    }
    2.0 * sum + f64::from(exponent) * std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn the_logarithm_is_the_one_of_the_library() {
        for x in [1e-300, 1e-9, 0.3, 0.5, 0.999_999, 1.0, 1.5, 2.0, 77.7, 1e12] {
            let (ours, library) = (ln(x), f64::ln(x));
            assert!((ours - library).abs() <= 1e-12 * library.abs(), "ln {x}: {ours}, {library}");
        }
    }

    #[test]
    fn draws_have_the_mean_and_the_median_they_should() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let second = Duration::from_secs(1);
        let mean = (0..10_000).map(|_| exponential(second, &mut rng)).sum::<Duration>() / 10_000;
        assert!((900..1100).contains(&mean.as_millis()), "{mean:?}");
        let long = |_| long_tailed(second, &mut rng) > second;
        let above = (0..10_000).map(long).filter(|above| *above).count();
        assert!((4800..5200).contains(&above), "{above} of 10000 above the median");
    }
}
