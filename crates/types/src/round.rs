//! Transactions and terms: the numbers that order a network with rounds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of one row of the table, that is, of one challenge and the solution the peers agreed
/// on. Counted from zero.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Transaction(u64);

/// The time between two elections of a leader. Counted from zero; a later term overrules an
/// earlier one, and each has at most one leader.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Term(u64);

macro_rules! counter {
    ($name:ident) => {
        impl $name {
            /// The first one.
            pub const FIRST: Self = Self(0);

            /// Returns the one with this number.
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// Returns its number.
            pub const fn number(self) -> u64 {
                self.0
            }

            /// Returns the next one. It saturates at the maximum, which at a million a second is
            /// half a million years away.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

impl Transaction {
    /// Stands for the row of a message that does not say which row it is about. No row has this
    /// number.
    pub const UNNAMED: Self = Self(u64::MAX);
}

counter!(Transaction);
counter!(Term);
