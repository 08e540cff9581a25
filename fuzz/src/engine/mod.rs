//! A whole engine: any messages in any order, timers, solutions, and crashes.
//!
//! The first bytes of an input choose the network and whether the peer only observes; the rest is a
//! list of things that happen. `script` reads it, and `peer` hands it to an engine on a host of the
//! simulator and checks the engine's guarantees.
//!
//! | file | question |
//! | --- | --- |
//! | `peer` | Does the engine keep its promises, whatever happens to it? |
//! | `script` | What happens, as the bytes of the input say? |

mod peer;
mod script;

use althing_engine::rounds::{Rules, Seat};

use self::peer::Peer;
use self::script::Script;

/// The maximum number of things that happen in one input.
const HAPPENINGS_MAX: usize = 512;

/// The network an engine is put into.
struct Network {
    rules: Rules,
    seat: Seat,
}

/// Lets everything in the input happen to one engine.
///
/// # Panics
/// If the engine breaks a guarantee; see `peer`.
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

    fn rows(input: &[u8]) -> u64 {
        let mut script = Script::new(input);
        let mut peer = Peer::new(script.network());
        while !script.is_over() {
            script.next(&mut peer);
        }
        peer.next_row().number()
    }

    /// Otherwise a search would begin far from everything that is worth finding.
    #[test]
    fn the_seeds_fill_rows() {
        assert_eq!(rows(include_bytes!("../../seeds/engine/follow.bin")), 2);
        assert_eq!(rows(include_bytes!("../../seeds/engine/lead.bin")), 2);
        assert_eq!(rows(include_bytes!("../../seeds/engine/next-term.bin")), 1);
    }
}
