//! An assembly: its messages, its charters, and a member among two liars.
//!
//! The first byte of an input says what the rest is: the fields of a message, a charter, or a list
//! of things that happen to a member of four, of whom two lie and one says nothing. Whatever is
//! said is signed by one of the liars. So nothing gets a certificate without the member itself, and
//! what it does then is its own doing.
//!
//! | file | question |
//! | --- | --- |
//! | `peer` | Does the engine keep its promises, whatever happens to it? |
//! | `script` | What happens, as the bytes of the input say? |

mod peer;
mod script;

use althing_dialect::assembly::fields;
use althing_ledger::charter::Charter;

use self::peer::Peer;
use self::script::Script;
use crate::dialect::check_refusal;

/// The maximum number of things that happen in one input.
const HAPPENINGS_MAX: usize = 256;

/// Reads the input as what its first byte says.
///
/// # Panics
/// If a message or a charter changes when it is written and read again; if a refusal is much longer
/// than what it refuses; or if the engine breaks a guarantee, see `peer`.
pub fn try_input(input: &[u8]) {
    match input.split_first() {
        Some((0, bytes)) => try_message(bytes),
        Some((1, bytes)) => try_charter(&String::from_utf8_lossy(bytes)),
        Some((_, bytes)) => try_script(bytes),
        None => {}
    }
}

fn try_message(bytes: &[u8]) {
    match fields::decode(bytes) {
        Ok(message) => {
            let again = fields::encode(&message).expect("it was short enough to arrive");
            assert_eq!(fields::decode(&again), Ok(message));
        }
        Err(reason) => check_refusal(&reason, bytes.len()),
    }
}

fn try_charter(text: &str) {
    match Charter::read(text) {
        Ok(charter) => {
            let again = Charter::read(&charter.to_document()).expect("it has just been written");
            assert_eq!(again.chain_id(), charter.chain_id());
            assert_eq!(again, charter);
        }
        Err(reason) => {
            let bytes = reason.to_string().len();
            assert!(bytes <= 512 + 10 * text.len(), "a refusal of {bytes} bytes");
        }
    }
}

fn try_script(bytes: &[u8]) {
    let (mut script, mut peer) = (Script::new(bytes), Peer::new());
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

    /// Otherwise a search would begin far from everything that is worth finding.
    #[test]
    fn the_seeds_are_messages_and_a_charter_and_commit_blocks() {
        for (seed, kind) in [
            (&include_bytes!("../../seeds/assembly/vote.bin")[..], "vote"),
            (include_bytes!("../../seeds/assembly/status.bin"), "status"),
            (include_bytes!("../../seeds/assembly/request.bin"), "request for blocks"),
        ] {
            assert_eq!(fields::decode(&seed[1..]).map(|it| it.kind()), Ok(kind));
        }
        let charter = include_bytes!("../../seeds/assembly/charter.bin");
        let charter = Charter::read(&String::from_utf8_lossy(&charter[1..]));
        assert_eq!(charter.map(|it| it.members.len()), Ok(2));
        let bytes = &include_bytes!("../../seeds/assembly/commit.bin")[1..];
        let (mut script, mut peer) = (Script::new(bytes), Peer::new());
        while !script.is_over() {
            script.next(&mut peer);
        }
        assert!(peer.height() > 0, "no block is committed");
    }
}
