//! Waiting messages of one kind.

use std::collections::{BTreeMap, VecDeque};

use althing_types::Transaction;

use crate::rounds::Refusal;

/// Messages of one topic in the order of their arrival. When it is full the newest is refused,
/// which keeps the order that all peers share; no network was observed to come near this limit.
#[derive(Clone, Debug, Hash)]
pub(super) struct Queue<T>(VecDeque<T>);

/// The maximum number of messages that wait on one topic. The published program of `elect-chain`
/// adds nine solutions per row and takes one, so this lasts for seven thousand rows; a message that
/// is refused then would have been taken sixty thousand rows later.
pub(super) const QUEUE_MAX: usize = 65_536;

/// A message about one row.
pub(super) trait OfRow {
    /// Returns the row.
    fn row(&self) -> Transaction;
}

impl<T> Queue<T> {
    pub(super) const fn new() -> Self {
        Self(VecDeque::new())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn push(&mut self, item: T) -> Result<(), Refusal> {
        if self.0.len() >= QUEUE_MAX {
            return Err(Refusal::QueueFull);
        }
        self.0.push_back(item);
        Ok(())
    }

    pub(super) fn take(&mut self) -> Option<T> {
        self.0.pop_front()
    }

    /// Takes `count` items at once, if there are that many.
    pub(super) fn take_many(&mut self, count: usize) -> Option<Vec<T>> {
        (self.0.len() >= count).then(|| self.0.drain(..count).collect())
    }

    /// Drops the item at this place.
    pub(super) fn remove(&mut self, place: usize) {
        self.0.remove(place);
    }

    /// Returns the waiting items, in the order of their arrival.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    /// Drops those of the items `among` which come before the first that is `last`, and that one.
    pub(super) fn drop_until(&mut self, among: impl Fn(&T) -> bool, last: impl Fn(&T) -> bool) {
        let mut done = false;
        self.0.retain(|item| {
            let drops = !done && among(item);
            done |= drops && last(item);
            !drops
        });
    }

    /// Takes all waiting items.
    pub(super) fn take_all(&mut self) -> VecDeque<T> {
        std::mem::take(&mut self.0)
    }
}

impl<T: OfRow> Queue<T> {
    /// Drops items about rows before this one.
    pub(super) fn forget_before(&mut self, row: Transaction) {
        self.0.retain(|item| item.row() >= row);
    }

    /// Returns the items about `row`, in the order of their arrival.
    pub(super) fn of(&self, row: Transaction) -> impl Iterator<Item = &T> {
        self.0.iter().filter(move |item| item.row() == row)
    }

    /// Takes the first item about one of `rows`.
    pub(super) fn take_of_any<V>(&mut self, rows: &BTreeMap<Transaction, V>) -> Option<T> {
        let place = self.0.iter().position(|item| rows.contains_key(&item.row()))?;
        self.0.remove(place)
    }

    /// Takes the first item about `row`; items about later rows stay.
    pub(super) fn take_of(&mut self, row: Transaction) -> Option<T> {
        let place = self.0.iter().position(|item| item.row() == row)?;
        self.0.remove(place)
    }

    /// Takes the first `count` items about `row` at once, if there are that many.
    pub(super) fn take_many_of(&mut self, row: Transaction, count: usize) -> Option<Vec<T>> {
        let waiting = self.0.iter().filter(|item| item.row() == row).count();
        (waiting >= count).then(|| (0..count).filter_map(|_| self.take_of(row)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl OfRow for (u64, char) {
        fn row(&self) -> Transaction {
            Transaction::new(self.0)
        }
    }

    #[test]
    fn what_is_about_a_later_row_waits_and_about_an_earlier_one_is_forgotten() {
        let mut queue = Queue::new();
        for item in [(1, 'a'), (3, 'b'), (2, 'c'), (2, 'd'), (2, 'e')] {
            queue.push(item).expect("there is room");
        }
        let two = Transaction::new(2);
        queue.forget_before(two);
        assert_eq!(queue.take_of(two), Some((2, 'c')));
        assert_eq!(queue.take_many_of(two, 3), None);
        assert_eq!(queue.take_many_of(two, 2), Some(vec![(2, 'd'), (2, 'e')]));
        assert_eq!(queue.take_of(two), None);
        assert_eq!(queue.take(), Some((3, 'b')));
    }

    #[test]
    fn a_full_queue_keeps_what_it_has() {
        let mut queue = Queue::new();
        for item in 0..QUEUE_MAX {
            queue.push(item).expect("there is room");
        }
        assert_eq!(queue.push(QUEUE_MAX), Err(Refusal::QueueFull));
        assert_eq!((queue.len(), queue.take()), (QUEUE_MAX, Some(0)));
    }
}
