use std::fmt;

use crate::Entry;

/// What the entries of a chain mean: a pure fold over them, in their order.
///
/// Every peer of a network runs the same application, so all refuse the same blocks (rule B14).
pub trait Application: fmt::Debug + Send + Sync {
    /// Returns whether `entries`, in this order, may come next, and if not, why.
    fn check(&self, entries: &[Entry]) -> Result<(), EntriesRefused>;

    /// Takes in entries that have passed [`check`](Self::check).
    fn apply(&mut self, entries: &[Entry]);

    /// Returns the same application before the first entry.
    fn fresh(&self) -> Box<dyn Application>;
}

/// Why an application refuses entries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct EntriesRefused {
    /// In the application's words.
    pub reason: String,
}

impl EntriesRefused {
    /// Returns a refusal with this reason.
    pub fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

/// An application that accepts all entries, and makes nothing of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anything;

impl Application for Anything {
    fn check(&self, _: &[Entry]) -> Result<(), EntriesRefused> {
        Ok(())
    }

    fn apply(&mut self, _: &[Entry]) {}

    fn fresh(&self) -> Box<dyn Application> {
        Box::new(Self)
    }
}
