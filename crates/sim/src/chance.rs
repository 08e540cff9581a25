//! Chance, from a seed: each part of a run has a generator of its own.

pub(crate) use althing_faults::chance::{exponential, happens};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The generators from which the parts of a run draw. Each has a stream of its own, so that one
/// part drawing more does not change what happens to another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Peers,
    Network,
    Mining,
    Faults,
    Script,
    Drawing,
    Commands,
}

/// Returns the generator of one part of the run with this seed.
pub(crate) fn generator(seed: u64, stream: Stream) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream as u64);
    rng
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    #[test]
    fn the_streams_of_a_seed_differ() {
        let draw = |stream| generator(7, stream).random::<u64>();
        assert_ne!(draw(Stream::Peers), draw(Stream::Network));
        assert_eq!(draw(Stream::Peers), draw(Stream::Peers));
    }
}
