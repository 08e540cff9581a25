//! Which digests are wanted, and how most of the others are ruled out by one word.

use crate::hash::{Digest, Hash};

/// Which digests are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Goal {
    /// Those that begin with at least this many zero bits. A hexadecimal digit is four.
    LeadingZeroBits(u16),
    /// Those that begin with exactly this many zero bits.
    ExactlyLeadingZeroBits(u16),
    /// Those whose hexadecimal text begins with exactly this many zeros.
    ExactlyLeadingZeroDigits(u16),
    /// Those in which at least this many zero bits follow the first one.
    ZeroBitsAfterFirstOne(u16),
    /// Those in which exactly this many zero bits follow the first one.
    ExactlyZeroBitsAfterFirstOne(u16),
    /// Those that end with at least this many zero bits. A hexadecimal digit is four.
    TrailingZeroBits(u16),
    /// Those that are no more than this 32-byte number, if both are read with the last byte as the
    /// highest, as Bitcoin does.
    AtMost([u8; 32]),
}

/// A quick check of one word of the state: if any of the masked bits is set, the digest does not
/// meet the goal. If none is, it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) place: Place,
    pub(crate) mask: u32,
}

/// Which word of the state a [`Filter`] examines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    First,
    Last,
}

impl Goal {
    /// Returns whether a digest is wanted.
    pub fn is_met_by(&self, digest: &Digest) -> bool {
        let bytes = digest.as_bytes();
        match self {
            Self::LeadingZeroBits(bits) => leading_zero_bits(bytes) >= *bits,
            Self::ExactlyLeadingZeroBits(bits) => leading_zero_bits(bytes) == *bits,
            Self::ExactlyLeadingZeroDigits(digits) => leading_zero_bits(bytes) / 4 == *digits,
            Self::ZeroBitsAfterFirstOne(bits) => zero_bits_after_first_one(bytes) >= *bits,
            Self::ExactlyZeroBitsAfterFirstOne(bits) => zero_bits_after_first_one(bytes) == *bits,
            Self::TrailingZeroBits(bits) => trailing_zero_bits(bytes) >= *bits,
            Self::AtMost(number) => bytes.iter().rev().le(number[..bytes.len()].iter().rev()),
        }
    }

    /// Returns the filter to apply first.
    pub(crate) fn filter(&self) -> Filter {
        match self {
            Self::LeadingZeroBits(bits) | Self::ExactlyLeadingZeroBits(bits) => {
                Filter { place: Place::First, mask: highest_bits((*bits).into()) }
            }
            Self::ExactlyLeadingZeroDigits(digits) => {
                let bits = u32::from(*digits).saturating_mul(4);
                Filter { place: Place::First, mask: highest_bits(bits) }
            }
            // The first one may be anywhere: no word rules a digest out.
            Self::ZeroBitsAfterFirstOne(_) | Self::ExactlyZeroBitsAfterFirstOne(_) => {
                Filter { place: Place::First, mask: 0 }
            }
            Self::TrailingZeroBits(bits) => {
                let mask = highest_bits((*bits).into()).reverse_bits();
                Filter { place: Place::Last, mask }
            }
            Self::AtMost([.., a, b, c, d]) => {
                let zeros = u32::from_le_bytes([*a, *b, *c, *d]).leading_zeros();
                Filter { place: Place::Last, mask: highest_bits(zeros).swap_bytes() }
            }
        }
    }
}

impl Filter {
    /// Returns the number of the word in the state.
    pub(crate) const fn word(self, hash: Hash) -> usize {
        match (self.place, hash) {
            (Place::First, _) => 0,
            (Place::Last, Hash::Sha1) => 4,
            (Place::Last, Hash::Sha256 | Hash::DoubleSha256) => 7,
        }
    }
}

/// Returns a word with so many ones before zeros.
fn highest_bits(count: u32) -> u32 {
    !u32::MAX.checked_shr(count).unwrap_or(0)
}

/// Returns how many zero bits come before the first one.
pub(crate) fn leading_zero_bits(bytes: &[u8]) -> u16 {
    zero_bits(bytes.iter(), u8::leading_zeros)
}

/// Returns how many zero bits come between the first one and the second, or the end; none if there
/// is no one.
pub(crate) fn zero_bits_after_first_one(bytes: &[u8]) -> u16 {
    let bit = |at: u16| bytes[usize::from(at / 8)] >> (7 - at % 8) & 1;
    let bits = u16::try_from(8 * bytes.len()).expect("a digest has at most 256 bits");
    let after = leading_zero_bits(bytes).saturating_add(1);
    let zeros = (after..bits).take_while(|at| bit(*at) == 0).count();
    u16::try_from(zeros).expect("no more than there are bits")
}

fn trailing_zero_bits(bytes: &[u8]) -> u16 {
    zero_bits(bytes.iter().rev(), u8::trailing_zeros)
}

fn zero_bits<'a>(bytes: impl Iterator<Item = &'a u8> + Clone, of_byte: fn(u8) -> u32) -> u16 {
    let zero_bytes = bytes.clone().take_while(|byte| **byte == 0).count();
    let bits: u32 = bytes.take(zero_bytes + 1).map(|byte| of_byte(*byte)).sum();
    u16::try_from(bits).expect("a digest has at most 256 bits")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hash::words;

    /// Returns whether a filter lets a digest of 32 bytes pass.
    fn passes(goal: Goal, digest: &Digest) -> bool {
        let filter = goal.filter();
        let mut block = [0; 64];
        block[..32].copy_from_slice(digest.as_bytes());
        words(&block)[filter.word(Hash::Sha256)] & filter.mask == 0
    }

    #[test]
    fn zero_bits_are_counted_from_both_ends() {
        for bits in 0..=256_u16 {
            let mut bytes = [0; 32];
            if let Some(byte) = bytes.get_mut(usize::from(bits / 8)) {
                *byte = 0x80 >> (bits % 8);
            }
            assert_eq!(leading_zero_bits(&bytes), bits);
            bytes.reverse();
            assert_eq!(trailing_zero_bits(&bytes.map(u8::reverse_bits)), bits);
        }
    }

    #[test]
    fn zeros_after_the_first_one_are_those_of_the_binary_number() {
        for (bytes, zeros) in [
            (&[0x00, 0x00][..], 0),
            (&[0xff], 0),
            (&[0x80], 7),
            (&[0x01], 0),
            (&[0x01, 0x00], 8),
            (&[0x00, 0x2f], 1),
            (&[0x04, 0x10], 5),
        ] {
            assert_eq!(zero_bits_after_first_one(bytes), zeros, "{bytes:?}");
        }
    }

    #[test]
    fn a_number_is_compared_from_its_last_byte_on() {
        let mut limit = [0; 32];
        limit[31] = 2;
        let goal = Goal::AtMost(limit);
        let mut bytes = [0xff; 32];
        bytes[31] = 1;
        assert!(goal.is_met_by(&Digest::of_bytes(bytes)) && passes(goal, &Digest::of_bytes(bytes)));
        bytes[31] = 2;
        assert!(!goal.is_met_by(&Digest::of_bytes(bytes)));
        assert!(goal.is_met_by(&Digest::of_bytes(limit)) && passes(goal, &Digest::of_bytes(limit)));
    }

    proptest! {
        #[test]
        fn a_filter_lets_all_pass_that_are_wanted(
            mut bytes: [u8; 32],
            zeros in 0..=32_usize,
            bits in 0..=256_u16,
            limit: [u8; 32],
        ) {
            bytes[..zeros].fill(0);
            let mut back = bytes;
            back.reverse();
            for bytes in [bytes, back, limit] {
                let digest = Digest::of_bytes(bytes);
                for goal in [
                    Goal::LeadingZeroBits(bits),
                    Goal::ExactlyLeadingZeroBits(bits),
                    Goal::ExactlyLeadingZeroDigits(bits / 4),
                    Goal::ZeroBitsAfterFirstOne(bits % 8),
                    Goal::ExactlyZeroBitsAfterFirstOne(bits % 8),
                    Goal::TrailingZeroBits(bits),
                    Goal::AtMost(limit),
                ] {
                    prop_assert!(!goal.is_met_by(&digest) || passes(goal, &digest), "{:?}", goal);
                }
            }
        }

        #[test]
        fn a_filter_of_up_to_32_bits_lets_no_other_pass(bytes: [u8; 32], bits in 0..=32_u16) {
            let digest = Digest::of_bytes(bytes);
            for goal in [Goal::LeadingZeroBits(bits), Goal::TrailingZeroBits(bits)] {
                prop_assert_eq!(goal.is_met_by(&digest), passes(goal, &digest));
            }
        }
    }
}
