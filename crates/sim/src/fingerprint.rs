//! One number for a whole run.

/// One number that stands for all that happened in a run: equal runs have equal ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) const fn value(self) -> u64 {
        self.0
    }

    /// Mixes in bytes, as FNV-1a does.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.number(bytes.len() as u64);
    }

    /// Mixes in a number: the multiplication carries its bits up, the shift brings them down.
    pub(crate) fn number(&mut self, number: u64) {
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    /// Mixes in the kind of an event, and the first of its numbers.
    pub(crate) fn kind(&mut self, kind: u64, first: u128) -> &mut Self {
        self.number(kind);
        self.wide(first);
        self
    }

    /// Mixes in a number of 128 bits.
    pub(crate) fn wide(&mut self, number: u128) {
        let [low, high] = [number, number >> 64].map(|half| half & u128::from(u64::MAX));
        for half in [low, high] {
            self.number(u64::try_from(half).expect("it was masked"));
        }
    }
}
