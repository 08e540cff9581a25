use std::hash::{BuildHasher, Hasher, RandomState};

/// Returns a number that nobody else will have drawn: for names, not for secrets.
pub(crate) fn unique() -> u64 {
    RandomState::new().build_hasher().finish()
}
