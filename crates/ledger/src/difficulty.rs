//! How hard a block must be to find, in each network (rules D1 to D3).

use althing_types::{Height, UnixTime};
use bitcoin::CompactTarget;

use crate::asert::Asert;
use crate::block::Block;
use crate::target::{HexDigits, Target};

/// How hard the block at a height must be to find (rules D1 to D3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DifficultyRule {
    /// Rule D1: always the same.
    Fixed(Target),
    /// Rule D2: so many leading hexadecimal zeros, and as many more as the cube root of the height.
    CubeRoot {
        /// The zeros that a block at height zero would need.
        least: u8,
    },
    /// Rule D3: so that blocks stay on schedule.
    Asert(Asert),
}

impl DifficultyRule {
    /// Returns the target that `block` itself states, or `None` if no hash can meet it.
    pub fn stated(&self, block: &Block) -> Option<Target> {
        match (self, block) {
            (Self::Asert(_), Block::Native(block)) => {
                let target = bitcoin::Target::from_compact(block.header.bits);
                (target > bitcoin::Target::ZERO).then_some(Target::AtMost(block.header.bits))
            }
            (Self::Asert(_), _) => None,
            (Self::Fixed(_) | Self::CubeRoot { .. }, block) => self.at(block.height()),
        }
    }

    /// Returns what a block must meet after a parent with this time and height, in the chain whose
    /// genesis has the time and target `anchor`; or `None` if no hash can.
    pub(crate) fn demanded(
        &self,
        anchor: Option<(UnixTime, CompactTarget)>,
        parent: Option<(UnixTime, Height)>,
    ) -> Option<Target> {
        match (self, anchor, parent) {
            (Self::Asert(rule), Some(anchor), Some(parent)) => {
                Some(Target::AtMost(rule.next(anchor, parent)))
            }
            (Self::Asert(_), ..) => None,
            (Self::Fixed(_) | Self::CubeRoot { .. }, _, parent) => {
                self.at(parent.map_or(Height::GENESIS, |(_, height)| height.next()))
            }
        }
    }

    /// Returns what a block at `height` must meet, where that depends on nothing else.
    fn at(&self, height: Height) -> Option<Target> {
        match *self {
            Self::Fixed(target) => Some(target),
            Self::CubeRoot { least } => {
                let more = u8::try_from(published_cube_root(height.number())).ok()?;
                Some(Target::LeadingZeros(HexDigits::new(least.checked_add(more)?)?))
            }
            Self::Asert(_) => None,
        }
    }
}

/// Returns `floor(number ** (1.0/3))` as Python computes it, in doubles.
///
/// The double nearest to a third is a little smaller, so the power of a cube is a little smaller
/// than its root. For 1, 8 and 27 the error is too small to be seen in a double; from 64 on the
/// result is the double below the root, or one further down, and the floor falls by one. Numbers
/// between two cubes are too far from either to be moved. So no floating point is needed, which
/// would differ from machine to machine.
fn published_cube_root(number: u64) -> u64 {
    const LAST_EXACT: u64 = 3;
    // The root of the largest cube below 2^64.
    let (mut low, mut high) = (0_u64, 2_642_245);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if middle.pow(3) <= number { low = middle } else { high = middle - 1 }
    }
    if low > LAST_EXACT && low.pow(3) == number { low - 1 } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cube_root_is_the_one_of_doubles() {
        // >>> math.floor(n ** (1.0/3)) for n = k**3, k = 1 ..= 12
        let of_cubes = [1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11];
        for (root, found) in (1_u64..).zip(of_cubes) {
            assert_eq!(published_cube_root(root.pow(3)), found, "{root}^3");
            assert_eq!(published_cube_root(root.pow(3) + 1), root);
            assert_eq!(published_cube_root(root.pow(3) - 1), root - 1);
        }
        assert_eq!(published_cube_root(0), 0);
        assert_eq!(published_cube_root(u64::MAX), 2_642_245);
        // Here the machine's own power is as good as Python's.
        for number in 0..300_000_u32 {
            let root = f64::from(number).powf(1.0 / 3.0);
            assert_eq!(published_cube_root(number.into()).to_string(), root.floor().to_string());
        }
    }

    #[test]
    fn no_hash_has_more_than_64_zeros() {
        let rule = DifficultyRule::CubeRoot { least: 3 };
        let last = Height::new(62_u64.pow(3));
        let target = Target::LeadingZeros(HexDigits::MAX);
        assert_eq!(rule.at(last), Some(target));
        assert_eq!(rule.at(last.next()), None);
        assert_eq!(rule.at(Height::new(u64::MAX)), None);
    }
}
