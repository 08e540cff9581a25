//! How records get from publishers to subscribers.
//!
//! The last records are kept in a ring. Each subscription has a place of its own in it; one that
//! falls behind by more than the ring holds loses the oldest, and is told how many. So a slow
//! subscriber cannot hold up a publisher.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use althing_types::Moment;
use tokio::sync::Notify;

use crate::names::Names;
use crate::record::{self, Lagged, Record};
use crate::{Event, Id, PeerName};

/// Records that a feed keeps unless it is told otherwise: some seconds of the fastest demo.
pub const RECORDS_MAX: NonZeroUsize = NonZeroUsize::new(1 << 16).expect("it is not zero");

/// The channel on which events are published. The feed ends when it, its clones and its sources are
/// gone.
#[derive(Clone, Debug)]
pub struct Feed(Arc<Open>);

/// The end with which one peer publishes its events.
#[derive(Clone, Debug)]
pub struct Source {
    feed: Feed,
    network: Option<Arc<str>>,
    peer: Option<PeerName>,
}

/// Follows a feed, from one record on.
#[derive(Clone, Debug)]
pub struct Subscription {
    shared: Arc<Shared>,
    /// The number of the next record.
    next: u64,
    /// The record after those that are missed, while it was only told how many these are.
    after_gap: Option<Arc<Record>>,
}

/// Marks the feed as open; ends it when dropped.
#[derive(Debug)]
struct Open(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ring: Mutex<Ring>,
    /// Wakes the subscribers that wait in a task.
    news: Notify,
    /// Wakes the subscribers that wait on a thread.
    thread_news: Condvar,
}

#[derive(Debug)]
struct Ring {
    records: VecDeque<Arc<Record>>,
    records_max: usize,
    /// The number of the next record to be published.
    next: u64,
    has_ended: bool,
    names: Names,
}

/// The next item of a subscription in the ring.
type Found = Option<Result<Arc<Record>, Lagged>>;

impl Default for Feed {
    fn default() -> Self {
        Self::new(RECORDS_MAX)
    }
}

impl Feed {
    /// Returns a feed that keeps the last `records_max` records.
    pub fn new(records_max: NonZeroUsize) -> Self {
        let ring = Ring {
            records: VecDeque::new(),
            records_max: records_max.get(),
            next: 0,
            has_ended: false,
            names: Names::default(),
        };
        let (news, thread_news) = (Notify::new(), Condvar::new());
        Self(Arc::new(Open(Arc::new(Shared { ring: Mutex::new(ring), news, thread_news }))))
    }

    /// Returns the source with which a peer of `network` publishes its events; without a peer, the
    /// source for another part of this process, such as a tracker.
    pub fn source(&self, network: Option<Arc<str>>, peer: Option<PeerName>) -> Source {
        Source { feed: self.clone(), network, peer }
    }

    /// Follows the feed from the next record on.
    pub fn subscribe(&self) -> Subscription {
        let next = self.0.0.lock().next;
        self.subscribe_from(next)
    }

    /// Follows the feed from record number `sequence` on. If it is no longer kept, the first
    /// answer says how many are missed.
    pub fn subscribe_from(&self, sequence: u64) -> Subscription {
        Subscription { shared: Arc::clone(&self.0.0), next: sequence, after_gap: None }
    }

    /// Returns the numbers of the records that it keeps.
    pub fn range(&self) -> Range<u64> {
        self.0.0.lock().range()
    }

    /// Ends the feed: subscriptions get the records published before, and then their end. Records
    /// published later are dropped.
    pub fn close(&self) {
        self.0.0.end();
    }

    /// Returns whether the feed has ended.
    pub fn is_closed(&self) -> bool {
        self.0.0.lock().has_ended
    }

    fn publish(&self, at: Moment, source: &Source, mut event: Event) -> u64 {
        let shared = &*self.0.0;
        let mut ring = shared.lock();
        let sequence = ring.next;
        if ring.has_ended {
            return sequence;
        }
        ring.next += 1;
        if ring.records.len() >= ring.records_max {
            ring.records.pop_front();
        }
        let (network, peer) = (source.network.clone(), source.peer.clone());
        ring.names.note(&mut event);
        let reporter = peer.as_ref().and_then(PeerName::id).map(Id::from);
        let names = ring.names.in_record(reporter, &event);
        // The time is read with the number, so that both have one order.
        let time = record::now();
        ring.records.push_back(Arc::new(Record {
            sequence,
            time,
            at,
            network,
            peer,
            names,
            event,
        }));
        drop(ring);
        shared.wake();
        sequence
    }
}

impl Source {
    /// Publishes what has happened at the time `at`, and returns the number of its record. Never
    /// waits for subscribers.
    pub fn publish(&self, at: Moment, event: impl Into<Event>) -> u64 {
        self.feed.publish(at, self, event.into())
    }

    /// Returns the name of the network, where there is one.
    pub fn network(&self) -> Option<&str> {
        self.network.as_deref()
    }

    /// Returns the peer whose events these are, if they are a peer's.
    pub fn peer(&self) -> Option<&PeerName> {
        self.peer.as_ref()
    }
}

impl Subscription {
    /// Returns the next record, as soon as there is one; `None` when the feed has ended. If some
    /// are missed it says how many, and then returns at once the record that follows these.
    pub async fn next(&mut self) -> Option<Result<Arc<Record>, Lagged>> {
        loop {
            let shared = Arc::clone(&self.shared);
            let news = shared.news.notified();
            tokio::pin!(news);
            // Before looking, so that what is published in between wakes us.
            news.as_mut().enable();
            {
                let ring = shared.lock();
                match self.find(&ring) {
                    None if ring.has_ended => return None,
                    None => {}
                    found => return found,
                }
            }
            news.await;
        }
    }

    /// Waits on this thread for the next record; `None` when the feed has ended.
    pub fn next_blocking(&mut self) -> Option<Result<Arc<Record>, Lagged>> {
        let shared = Arc::clone(&self.shared);
        let mut ring = shared.lock();
        loop {
            match self.find(&ring) {
                None if ring.has_ended => return None,
                None => {
                    ring = shared.thread_news.wait(ring).expect("nothing panics with the ring");
                }
                found => return found,
            }
        }
    }

    /// Returns the next record if it is there already.
    pub fn try_next(&mut self) -> Option<Result<Arc<Record>, Lagged>> {
        let shared = Arc::clone(&self.shared);
        self.find(&shared.lock())
    }

    fn find(&mut self, ring: &Ring) -> Found {
        if let Some(record) = self.after_gap.take() {
            return Some(Ok(record));
        }
        let first = ring.range().start;
        let number = self.next.max(first);
        let record = ring.records.get(usize::try_from(number - first).ok()?)?;
        let missed = number - self.next;
        self.next = number + 1;
        if missed > 0 {
            // Kept, since it may be missed as well before it is asked for.
            self.after_gap = Some(Arc::clone(record));
            return Some(Err(Lagged { missed }));
        }
        Some(Ok(Arc::clone(record)))
    }
}

impl Ring {
    fn range(&self) -> Range<u64> {
        let kept = u64::try_from(self.records.len()).expect("a length fits into 64 bits");
        self.next - kept..self.next
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().expect("nothing panics with the ring")
    }

    fn end(&self) {
        self.lock().has_ended = true;
        self.wake();
    }

    fn wake(&self) {
        self.news.notify_waiters();
        self.thread_news.notify_all();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::PeerEvent;

    fn feed(records_max: usize) -> (Feed, Source) {
        let feed = Feed::new(records_max.try_into().expect("it is not zero"));
        let source = feed.source(Some("sd".into()), None);
        (feed, source)
    }

    fn tell(source: &Source, times: u64) {
        for _ in 0..times {
            source.publish(Moment::START, PeerEvent::Connected {});
        }
    }

    fn numbers(subscription: &mut Subscription) -> Vec<Result<u64, Lagged>> {
        let next = || Some(subscription.try_next()?.map(|record| record.sequence));
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn all_subscribers_get_all_records_in_order_without_holes() {
        let (feed, source) = feed(8);
        let (mut early, mut other) = (feed.subscribe(), feed.subscribe());
        tell(&source, 3);
        let mut late = feed.subscribe();
        tell(&source, 2);
        let upto = |numbers: std::ops::Range<u64>| numbers.map(Ok).collect::<Vec<_>>();
        assert_eq!(numbers(&mut early), upto(0..5));
        assert_eq!(numbers(&mut other), upto(0..5));
        assert_eq!(numbers(&mut late), upto(3..5));
        assert_eq!(numbers(&mut feed.subscribe_from(1)), upto(1..5));
    }

    #[test]
    fn who_is_too_slow_is_told_how_many_it_missed() {
        let (feed, source) = feed(4);
        let mut slow = feed.subscribe();
        tell(&source, 10);
        assert_eq!(feed.range(), 6..10);
        let missed = Err(Lagged { missed: 6 });
        assert_eq!(numbers(&mut slow), [missed, Ok(6), Ok(7), Ok(8), Ok(9)]);
        tell(&source, 1);
        assert_eq!(numbers(&mut slow), [Ok(10)]);
    }

    #[test]
    fn all_that_is_missed_is_counted_also_by_who_is_too_slow_all_the_time() {
        let (feed, source) = feed(4);
        let mut slow = feed.subscribe();
        let (mut missed, mut read) = (0, 0);
        for _ in 0..100 {
            tell(&source, 7);
            match slow.try_next() {
                Some(Ok(record)) => {
                    read += 1;
                    assert_eq!(record.sequence + 1, missed + read);
                }
                Some(Err(lagged)) => missed += lagged.missed,
                None => panic!("there are some"),
            }
        }
        assert_eq!((missed, read), (640, 50));
    }

    #[test]
    fn a_subscription_from_a_later_record_waits_for_it() {
        let (feed, source) = feed(4);
        let mut later = feed.subscribe_from(2);
        tell(&source, 2);
        assert_eq!(numbers(&mut later), []);
        tell(&source, 1);
        assert_eq!(numbers(&mut later), [Ok(2)]);
    }

    #[test]
    fn records_of_many_threads_are_numbered_once_each() {
        let (feed, source) = feed(10_000);
        let mut all = feed.subscribe();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| tell(&source, 1000));
            }
        });
        assert_eq!(numbers(&mut all), (0..4000).map(Ok).collect::<Vec<_>>());
    }

    #[test]
    fn a_reader_that_never_reads_holds_up_nobody_and_costs_only_the_ring() {
        let (feed, source) = feed(16);
        let _never_read = feed.subscribe();
        tell(&source, 100_000);
        assert_eq!(feed.0.0.lock().records.len(), 16);
    }

    #[test]
    fn a_thread_gets_what_is_left_and_then_the_end() {
        let (feed, source) = feed(8);
        let mut subscription = feed.subscribe();
        let reader = thread::spawn(move || {
            std::iter::from_fn(|| subscription.next_blocking()).flatten().count()
        });
        tell(&source, 5);
        thread::sleep(Duration::from_millis(10));
        drop(feed);
        tell(&source, 1);
        drop(source);
        assert_eq!(reader.join().expect("the reader does not panic"), 6);
    }

    #[tokio::test]
    async fn a_task_gets_what_is_left_and_then_the_end() {
        let (feed, source) = feed(8);
        let mut subscription = feed.subscribe();
        drop(feed);
        let reader = tokio::spawn(async move {
            let mut numbers = Vec::new();
            while let Some(record) = subscription.next().await {
                numbers.push(record.expect("the ring is long enough").sequence);
            }
            numbers
        });
        for _ in 0..5 {
            tell(&source, 1);
            tokio::task::yield_now().await;
        }
        drop(source);
        assert_eq!(reader.await.expect("the reader does not panic"), [0, 1, 2, 3, 4]);
    }
}
