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
            (Self::CubeRoot { least }, Block::Cs60(block)) => match block.odd_index() {
                Some(json) => cube_root_target(*least, odd_cube_root(json)?),
                None => self.at(block.height),
            },
            (Self::Fixed(_) | Self::CubeRoot { .. }, block) => self.at(block.height()),
        }
    }

    /// Returns whether any block of the chain may have this target.
    pub fn is_hard_enough(&self, target: Target) -> bool {
        match (self, target) {
            (Self::Asert(rule), Target::AtMost(bits)) => {
                let easiest = bitcoin::Target::from_compact(rule.easiest);
                bitcoin::Target::from_compact(bits) <= easiest
            }
            (Self::Asert(_), _) => false,
            (Self::Fixed(fixed), target) => *fixed == target,
            (Self::CubeRoot { least }, target) => {
                matches!(target, Target::LeadingZeros(zeros) if zeros.number() >= *least)
            }
        }
    }

    /// Returns whether a block may state `stated` where its place demands `demanded`. In `cs60` a
    /// block states an index of its own choice, and the program takes its difficulty from that.
    pub(crate) fn allows(&self, stated: Target, demanded: Option<Target>) -> bool {
        matches!(self, Self::CubeRoot { .. }) || demanded == Some(stated)
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
                cube_root_target(least, published_cube_root(height.number()))
            }
            Self::Asert(_) => None,
        }
    }
}

/// Returns the target of a block whose index has this cube root.
fn cube_root_target(least: u8, root: u64) -> Option<Target> {
    let more = u8::try_from(root).ok()?;
    Some(Target::LeadingZeros(HexDigits::new(least.checked_add(more)?)?))
}

/// Returns the cube root of an index that a block states, given as JSON, as the program computes
/// it; `None` where that ends it, or where no hash has so many zeros.
fn odd_cube_root(json: &str) -> Option<u64> {
    /// From here on the root is above 64.
    const TOO_LARGE: f64 = 1e6;
    match json {
        "false" => return Some(0),
        "true" => return Some(1),
        _ => {}
    }
    if let Ok(number) = json.parse() {
        return Some(published_cube_root(number));
    }
    let number: f64 = json.parse().ok()?;
    if !(0.0..TOO_LARGE).contains(&number) {
        return None;
    }
    let whole = format!("{:.0}", number.abs().floor()).parse().ok()?;
    // Between two integers the root is that of the lower one: more than that of a cube, by enough
    // to be seen in a double, except within its last digits.
    Some(if number.fract() == 0.0 { published_cube_root(whole) } else { cube_root(whole) })
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
    let root = cube_root(number);
    if root > LAST_EXACT && root.pow(3) == number { root - 1 } else { root }
}

/// Returns the largest integer whose cube is not larger than `number`.
fn cube_root(number: u64) -> u64 {
    // The root of the largest cube below 2^64.
    let (mut low, mut high) = (0_u64, 2_642_245);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if middle.pow(3) <= number { low = middle } else { high = middle - 1 }
    }
    low
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn no_target_is_easier_than_the_chain_allows() {
        let bits = |bits| Target::AtMost(CompactTarget::from_consensus(bits));
        let zeros = |digits| Target::LeadingZeros(HexDigits::new(digits).expect("a hash has them"));
        let (block_time, half_life) = (Duration::from_secs(60), Duration::from_secs(600));
        let easiest = CompactTarget::from_consensus(0x1f10_0000);
        let schedule = DifficultyRule::Asert(Asert { block_time, half_life, easiest });
        for (rule, allowed, others) in [
            (schedule, [bits(0x1f10_0000), bits(0x1e10_0000)], [bits(0x207f_ffff), zeros(9)]),
            (DifficultyRule::Fixed(zeros(4)), [zeros(4); 2], [zeros(3), bits(0x1e10_0000)]),
            (DifficultyRule::CubeRoot { least: 4 }, [zeros(4), zeros(6)], [zeros(3), zeros(0)]),
        ] {
            assert!(allowed.iter().all(|target| rule.is_hard_enough(*target)), "{rule:?}");
            assert!(!others.iter().any(|target| rule.is_hard_enough(*target)), "{rule:?}");
        }
    }

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
    fn an_index_need_not_be_an_integer() {
        // >>> math.floor(json.loads(text) ** (1.0/3))
        for (text, root) in [
            ("0", 0),
            ("true", 1),
            ("false", 0),
            ("1.0", 1),
            ("-0.0", 0),
            ("7.999999", 1),
            ("8.0", 2),
            ("27.5", 3),
            ("64.0", 3),
            ("64.5", 4),
            ("1e-05", 0),
            ("125000", 49),
        ] {
            assert_eq!(odd_cube_root(text), Some(root), "{text}");
        }
        for text in ["-1", "-1.0", "NaN", "Infinity", "-Infinity", "1e+16", "null", "\"1\"", "[]"] {
            assert_eq!(odd_cube_root(text), None, "{text}");
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
