//! Ids made short, and how long texts may be.

use althing_types::PeerId;

/// Characters kept of a text that others have chosen.
pub const TEXT_MAX: usize = 200;

/// Returns the end of an id, which is enough to tell peers apart.
pub fn short_id(peer: PeerId) -> String {
    const DIGITS: usize = 6;
    let id = peer.to_string();
    match id.len().checked_sub(DIGITS) {
        Some(0) | None => id,
        Some(cut) => format!("…{}", &id[cut..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_an_id_is_shown() {
        assert_eq!(short_id(PeerId::new(4_210_337_123_456)), "…123456");
        assert_eq!(short_id(PeerId::new(123_456)), "123456");
    }
}
