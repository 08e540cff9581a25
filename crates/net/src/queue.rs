//! The bounded queue between a transport and its user.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use tokio::sync::Notify;

use crate::{QUEUE_BYTES_MAX, QUEUE_MESSAGES_MAX};

/// What a [`Queue`] needs to know about its entries.
pub(crate) trait Entry {
    /// Returns the number of bytes in this entry.
    fn bytes(&self) -> usize;

    /// Returns the subject whose state this entry reports, if any. A full queue never drops such an
    /// entry; only a later one about the same subject replaces it.
    fn state(&self) -> Option<State> {
        None
    }
}

/// A subject with a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// Whether the connection is up.
    Connection,
    /// Which peers there are.
    Peers,
}

/// A queue for one reader that never makes a writer wait and never grows beyond its bounds: when it
/// is full, the oldest entry is dropped, since the newest is the most useful.
pub(crate) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    changed: Notify,
    /// Told of each entry that is taken.
    taken: Notify,
    messages_max: usize,
    bytes_max: usize,
}

struct Inner<T> {
    entries: VecDeque<T>,
    bytes: usize,
    /// The last states among the entries that were dropped; they come before all waiting entries.
    states: BTreeMap<State, T>,
    lost: u64,
    closed: bool,
}

impl<T: Entry> Queue<T> {
    pub(crate) fn new() -> Self {
        Self::bounded(QUEUE_MESSAGES_MAX, QUEUE_BYTES_MAX)
    }

    /// Returns a queue with bounds of its own.
    pub(crate) fn bounded(messages_max: usize, bytes_max: usize) -> Self {
        let (entries, states) = (VecDeque::new(), BTreeMap::new());
        let inner = Mutex::new(Inner { entries, bytes: 0, states, lost: 0, closed: false });
        Self { inner, changed: Notify::new(), taken: Notify::new(), messages_max, bytes_max }
    }

    /// Appends `entry`; a closed queue drops it.
    pub(crate) fn push(&self, entry: T) {
        let mut inner = self.lock();
        if inner.closed {
            inner.lost += 1;
            return;
        }
        while inner.entries.len() >= self.messages_max
            || (inner.bytes + entry.bytes() > self.bytes_max && !inner.entries.is_empty())
        {
            inner.make_room();
        }
        inner.bytes += entry.bytes();
        inner.entries.push_back(entry);
        drop(inner);
        self.changed.notify_one();
    }

    /// Takes the oldest entry, if there is one.
    pub(crate) fn try_pop(&self) -> Option<T> {
        let mut inner = self.lock();
        if let Some((_, entry)) = inner.states.pop_first() {
            return Some(entry);
        }
        let entry = inner.entries.pop_front()?;
        inner.bytes -= entry.bytes();
        drop(inner);
        self.taken.notify_one();
        Some(entry)
    }

    /// Waits until fewer than so many entries are in the queue, or it is closed. Writers that wait
    /// are woken in the order in which they came. Cancel-safe.
    pub(crate) async fn has_less_than(&self, messages: usize) {
        while self.len() >= messages && !self.is_closed() {
            self.taken.notified().await;
        }
        // Room for one may be room for more.
        if self.len() + 1 < messages || self.is_closed() {
            self.taken.notify_one();
        }
    }

    /// Removes all entries that are like this.
    pub(crate) fn take_back(&self, is_like: impl Fn(&T) -> bool) {
        let mut inner = self.lock();
        inner.entries.retain(|entry| !is_like(entry));
        inner.states.retain(|_, entry| !is_like(entry));
        inner.bytes = inner.entries.iter().map(Entry::bytes).sum();
    }

    /// Takes the oldest entry, waiting for one if necessary; `None` once the queue is closed and
    /// empty. Cancel-safe.
    pub(crate) async fn pop(&self) -> Option<T> {
        loop {
            if let Some(entry) = self.try_pop() {
                return Some(entry);
            }
            if self.is_closed() {
                return None;
            }
            self.changed.notified().await;
        }
    }

    /// Waits until there is something to take, or the queue is closed.
    pub(crate) async fn ready(&self) {
        while self.is_empty() && !self.is_closed() {
            self.changed.notified().await;
        }
    }

    /// Accepts no more entries. Waiting ones can still be taken.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
        self.taken.notify_one();
    }

    /// Counts `messages` as lost: they left the queue, but were not sent.
    pub(crate) fn count_lost(&self, messages: u64) {
        self.lock().lost += messages;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub(crate) fn is_empty(&self) -> bool {
        let inner = self.lock();
        inner.entries.is_empty() && inner.states.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().entries.len()
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lock().lost
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().expect("nothing panics while it holds this lock")
    }
}

impl<T: Entry> Inner<T> {
    fn make_room(&mut self) {
        let Some(oldest) = self.entries.pop_front() else { return };
        self.bytes -= oldest.bytes();
        match oldest.state() {
            Some(state) => drop(self.states.insert(state, oldest)),
            None => self.lost += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    enum Word {
        Said(usize),
        Large,
        Standing(&'static str),
        Others(&'static str),
    }

    impl Entry for Word {
        fn bytes(&self) -> usize {
            if *self == Self::Large { QUEUE_BYTES_MAX / 2 } else { 1 }
        }

        fn state(&self) -> Option<State> {
            match self {
                Self::Said(_) | Self::Large => None,
                Self::Standing(_) => Some(State::Connection),
                Self::Others(_) => Some(State::Peers),
            }
        }
    }

    #[test]
    fn a_full_queue_loses_the_oldest_and_counts_it() {
        let queue = Queue::new();
        for number in 0..QUEUE_MESSAGES_MAX + 3 {
            queue.push(Word::Said(number));
        }
        assert_eq!(queue.len(), QUEUE_MESSAGES_MAX);
        assert_eq!(queue.lost(), 3);
        assert_eq!(queue.try_pop(), Some(Word::Said(3)));
    }

    #[test]
    fn large_entries_fill_a_queue_sooner() {
        let queue = Queue::new();
        queue.push(Word::Large);
        queue.push(Word::Large);
        queue.push(Word::Large);
        assert_eq!((queue.len(), queue.lost()), (2, 1));
    }

    #[tokio::test]
    async fn writers_that_wait_for_room_come_in_turn() {
        let queue = std::sync::Arc::new(Queue::new());
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let queue = std::sync::Arc::clone(&queue);
                tokio::spawn(async move {
                    for _ in 0..4 {
                        queue.has_less_than(1).await;
                        queue.push(Word::Said(writer));
                    }
                })
            })
            .collect();
        let mut said = Vec::new();
        for _ in 0..12 {
            said.push(queue.pop().await);
            tokio::task::yield_now().await;
        }
        for writer in writers {
            writer.await.expect("it has said all");
        }
        // The first has found the queue empty, and asks again before the others do.
        for turn in said[1..10].chunks(3) {
            let different = (0..3).all(|writer| turn.contains(&Some(Word::Said(writer))));
            assert!(different, "{said:?}");
        }
    }

    #[test]
    fn the_last_states_survive_a_full_queue() {
        let queue = Queue::new();
        queue.push(Word::Others("ann"));
        queue.push(Word::Standing("up"));
        queue.push(Word::Others("ann and bob"));
        queue.push(Word::Standing("down"));
        for number in 0..QUEUE_MESSAGES_MAX + 5 {
            queue.push(Word::Said(number));
        }
        assert_eq!(queue.try_pop(), Some(Word::Standing("down")));
        assert_eq!(queue.try_pop(), Some(Word::Others("ann and bob")));
        assert_eq!(queue.try_pop(), Some(Word::Said(5)));
        assert_eq!(queue.lost(), 5);
    }

    #[tokio::test]
    async fn a_closed_queue_is_emptied_before_it_ends() {
        let queue = Queue::new();
        queue.push(Word::Said(1));
        queue.close();
        queue.push(Word::Said(2));
        assert_eq!(queue.pop().await, Some(Word::Said(1)));
        assert_eq!(queue.pop().await, None);
        assert_eq!(queue.lost(), 1);
    }
}
