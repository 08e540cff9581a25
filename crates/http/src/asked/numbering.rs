//! Where in its log a peer has the row of a transaction.
//!
//! A member has each row in its place from the first on. One that came later has no first rows, one
//! that was cut off may lack some in between, and programs may count from another number than 0.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use althing_engine::rounds::Durable;
use althing_store::{Reader, StoreError};
use althing_types::Transaction;

/// Rows that are looked at in one step.
const PAGE: usize = 1024;

/// How the rows of a table are found. Clones share what they know.
#[derive(Clone, Debug)]
pub(super) enum Numbering {
    /// Row n is at place n.
    Whole,
    /// As the rows themselves say.
    Told(Arc<Mutex<Runs>>),
}

/// The rows of the latest session as runs without a gap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Runs {
    /// The first transaction of each run, and the place of its row, in order.
    runs: Vec<(u64, u64)>,
    /// The place after the last row that was looked at.
    end: u64,
}

impl Numbering {
    /// Returns how rows are found of which each says itself which one it is; the first is at the
    /// place `begin` of the log.
    pub(super) fn told(begin: u64) -> Self {
        Self::Told(Arc::new(Mutex::new(Runs { runs: Vec::new(), end: begin })))
    }

    /// Returns where the rows are by now. Blocks the thread.
    pub(super) fn runs(&self, table: &Reader<Durable>) -> Result<Runs, StoreError> {
        let range = table.range()?;
        match self {
            Self::Whole => {
                let runs = if range.is_empty() { Vec::new() } else { vec![(0, 0)] };
                Ok(Runs { runs, end: range.end })
            }
            Self::Told(runs) => {
                let mut runs = runs.lock().unwrap_or_else(PoisonError::into_inner);
                while runs.end < range.end {
                    let left = usize::try_from(range.end - runs.end).unwrap_or(PAGE);
                    let rows = table.page(runs.end, left.min(PAGE))?;
                    if rows.is_empty() {
                        break;
                    }
                    rows.iter().for_each(|row| runs.add(row.record.transaction));
                }
                Ok(runs.clone())
            }
        }
    }
}

impl Runs {
    /// Adds the row after the last one.
    fn add(&mut self, transaction: Transaction) {
        let number = transaction.number();
        let next = self.next();
        if next.is_some_and(|next| number < next) {
            // Another session begins, and its rows are counted anew.
            self.runs.clear();
        }
        if self.runs.is_empty() || next != Some(number) {
            self.runs.push((number, self.end));
        }
        self.end += 1;
    }

    /// Returns the transaction after that of the last row.
    fn next(&self) -> Option<u64> {
        let (first, place) = self.runs.last()?;
        Some(first + (self.end - place))
    }

    /// Returns the places of all rows.
    pub(super) fn places(&self) -> Range<u64> {
        self.runs.first().map_or(self.end, |(_, place)| *place)..self.end
    }

    /// Returns the place of the first row that is of this transaction or of a later one.
    pub(super) fn from(&self, transaction: u64) -> u64 {
        let after = self.runs.partition_point(|(first, _)| *first <= transaction);
        let next = self.runs.get(after).map_or(self.end, |(_, place)| *place);
        match after.checked_sub(1).map(|run| self.runs[run]) {
            Some((first, place)) => place.saturating_add(transaction - first).min(next),
            None => next,
        }
    }

    /// Returns the place of the row of this transaction, if it is there.
    pub(super) fn of(&self, transaction: u64) -> Option<u64> {
        let place = self.from(transaction);
        let is_there = place < self.end && self.transaction(place) == Some(transaction);
        is_there.then_some(place)
    }

    /// Returns the transaction of the row at a place.
    pub(super) fn transaction(&self, place: u64) -> Option<u64> {
        let after = self.runs.partition_point(|(_, begin)| *begin <= place);
        let (first, begin) = self.runs[after.checked_sub(1)?];
        (place < self.end).then_some(first + (place - begin))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(begin: u64, transactions: &[u64]) -> Runs {
        let mut runs = Runs { runs: Vec::new(), end: begin };
        transactions.iter().for_each(|number| runs.add(Transaction::new(*number)));
        runs
    }

    #[test]
    fn a_row_is_found_by_its_transaction_whichever_rows_are_missing() {
        let runs = of(10, &[606, 607, 700]);
        assert_eq!(runs.places(), 10..13);
        let found = [0, 606, 607, 608, 700, 701].map(|transaction| runs.of(transaction));
        assert_eq!(found, [None, Some(10), Some(11), None, Some(12), None]);
        assert_eq!((runs.from(0), runs.from(650), runs.from(701)), (10, 12, 13));
    }

    #[test]
    fn of_several_sessions_the_latest_counts() {
        let runs = of(0, &[0, 1, 2, 1, 2]);
        assert_eq!((runs.places(), runs.of(2), runs.of(0)), (3..5, Some(4), None));
    }

    proptest! {
        #[test]
        fn each_row_is_where_its_transaction_says(
            rows in prop::collection::btree_set(0_u64..200, 0..60),
            begin in 0_u64..5,
        ) {
            let rows: Vec<u64> = rows.into_iter().collect();
            let runs = of(begin, &rows);
            for transaction in 0..210 {
                let place = rows.iter().position(|row| *row == transaction);
                let from = rows.iter().filter(|row| **row < transaction).count() as u64;
                prop_assert_eq!(runs.of(transaction), place.map(|place| begin + place as u64));
                prop_assert_eq!(runs.from(transaction), begin + from);
            }
        }
    }
}
