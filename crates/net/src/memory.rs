//! A bus inside one process, for tests, demonstrations and networks on one machine.
//!
//! There is one total order: all links see the messages of all topics in the same sequence,
//! including their own. Delivery is a function call; there are no tasks, threads or clocks. A link
//! whose reader is slow loses its oldest messages and counts them ([`Link::lost`]); it does not
//! delay the others.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use althing_types::Channel;

use crate::Arrival;
use crate::link::{Link, Message, Outgoing};
use crate::queue::Queue;

/// A bus to which links can be joined. Clones are the same bus.
#[derive(Clone, Debug, Default)]
pub struct Bus {
    seats: Arc<Mutex<Vec<Seat>>>,
}

#[derive(Debug)]
struct Seat {
    topics: Vec<Arc<str>>,
    inbox: Arc<Queue<Arrival>>,
}

/// The sending side of one link: straight into all inboxes.
struct Direct {
    bus: Bus,
    own: Arc<Queue<Arrival>>,
    lost: AtomicU64,
}

impl Bus {
    /// Returns a bus without links.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a new link that listens to `topics`.
    pub fn join<T: Into<Arc<str>>>(&self, topics: impl IntoIterator<Item = T>) -> Link {
        let inbox = Arc::new(Queue::new());
        inbox.push(Arrival::Up);
        let topics = topics.into_iter().map(Into::into).collect();
        self.seats().push(Seat { topics, inbox: Arc::clone(&inbox) });
        let own = Arc::clone(&inbox);
        let outgoing = Direct { bus: self.clone(), own, lost: AtomicU64::new(0) };
        Link::new(Arc::new(outgoing), inbox)
    }

    /// The lock makes the order total.
    fn seats(&self) -> MutexGuard<'_, Vec<Seat>> {
        self.seats.lock().expect("nothing panics while it holds this lock")
    }
}

impl Outgoing for Direct {
    fn publish(&self, Message { topic, payload }: Message) {
        if self.own.is_closed() {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut seats = self.bus.seats();
        seats.retain(|seat| !seat.inbox.is_closed());
        for seat in seats.iter().filter(|seat| seat.topics.contains(&topic)) {
            let from = Channel::Topic(Arc::clone(&topic));
            seat.inbox.push(Arrival::Received { from, payload: payload.clone() });
        }
    }

    fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}
