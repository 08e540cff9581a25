//! Names that no other peer has.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Returns a number that no other process will have drawn. Use it for names, not for secrets.
pub(crate) fn unique() -> u64 {
    RandomState::new().build_hasher().finish()
}
