//! A whole engine: any messages in any order, timers, solutions, and crashes.
//!
//! The first bytes of an input say which network and whether the peer only watches; the rest is a
//! list of things that happen. `script` reads it, `peer` is the driver that carries out what
//! the engine answers, and holds it to its word.

mod peer;
mod script;

use self::peer::Peer;
use self::script::Script;

/// Things that happen in one input.
const HAPPENINGS_MAX: usize = 512;

/// Lets all that the input says happen to one engine.
///
/// # Panics
/// If the engine breaks a promise; see `peer`.
pub fn try_input(input: &[u8]) {
    let mut script = Script::new(input);
    let mut peer = Peer::new(script.network());
    for _ in 0..HAPPENINGS_MAX {
        if script.is_over() {
            return;
        }
        script.next(&mut peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(input: &[u8]) -> usize {
        let mut script = Script::new(input);
        let mut peer = Peer::new(script.network());
        while !script.is_over() {
            script.next(&mut peer);
        }
        peer.rows()
    }

    /// Otherwise a search would begin far from everything that is worth finding.
    #[test]
    fn the_seeds_fill_rows() {
        assert_eq!(rows(include_bytes!("../../seeds/engine/follow.bin")), 2);
        assert_eq!(rows(include_bytes!("../../seeds/engine/lead.bin")), 2);
        assert_eq!(rows(include_bytes!("../../seeds/engine/next-term.bin")), 1);
    }
}
