//! The queue of coming events, ordered by their time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::sync::Arc;
use std::time::Duration;

use althing_engine::{Engine, SearchId};
use althing_types::{Address, Moment};

use crate::fault::{Fault, LastWills};
use crate::packet::Packet;

/// The coming events, the earliest first, and equals in the order they were planned.
///
/// A broadcast is one entry, however many peers it goes to: the heap stays small, and its entries
/// are three numbers each.
pub(crate) struct Queue<E: Engine, R> {
    heap: BinaryHeap<Reverse<Entry>>,
    planned: u64,
    /// The events of the entries, by their slot.
    slots: Vec<Option<Slot<E, R>>>,
    free: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    at: u64,
    order: u64,
    slot: u32,
}

enum Slot<E: Engine, R> {
    Once(Scheduled<E, R>),
    Delivery { packet: Arc<Packet<E::Message>>, epoch: u32, route: Route },
}

/// The peers that a packet reaches, and when.
pub(crate) enum Route {
    /// All peers at once, beginning with this one.
    Everyone { next: usize, peers: usize },
    /// Some peers, at times of their own.
    Some(std::vec::IntoIter<(Moment, usize)>),
}

/// One thing that happens.
pub(crate) enum Scheduled<E: Engine, R> {
    Start {
        peer: usize,
    },
    Deliver {
        to: usize,
        packet: Arc<Packet<E::Message>>,
        epoch: u32,
    },
    Timer {
        peer: usize,
        life: u32,
        timer: E::Timer,
    },
    Solved {
        peer: usize,
        life: u32,
        search: SearchId,
    },
    /// A slow peer has time for the next input that waits.
    Wake {
        peer: usize,
        life: u32,
    },
    /// The broker notices that a peer is gone.
    LastWill {
        peer: usize,
        life: u32,
    },
    BrokerUp {
        epoch: u32,
        last_wills: LastWills,
    },
    Flap {
        flapping: u32,
    },
    /// The tracker's list reaches a peer.
    Peers {
        peer: usize,
        list: Arc<[Address]>,
    },
    /// A user asks a peer for something.
    Command,
    Fault(Box<Fault<R>>),
}

impl<E: Engine, R> Default for Queue<E, R> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), planned: 0, slots: Vec::new(), free: Vec::new() }
    }
}

impl<E: Engine, R> Queue<E, R> {
    /// Plans something.
    pub(crate) fn add(&mut self, at: Moment, scheduled: Scheduled<E, R>) {
        self.push(at, Slot::Once(scheduled));
    }

    /// Plans the delivery of a packet; the times of `route` must be in order, the first at `at`.
    pub(crate) fn deliver(
        &mut self,
        at: Moment,
        packet: Arc<Packet<E::Message>>,
        epoch: u32,
        route: Route,
    ) {
        self.push(at, Slot::Delivery { packet, epoch, route });
    }

    /// Returns when the next thing happens.
    pub(crate) fn next_at(&self) -> Option<Moment> {
        self.heap.peek().map(|Reverse(entry)| moment(entry.at))
    }

    /// Takes what happens next.
    pub(crate) fn pop(&mut self) -> Option<(Moment, Scheduled<E, R>)> {
        let mut top = self.heap.peek_mut()?;
        let Reverse(Entry { at, slot, .. }) = *top;
        let index = usize::try_from(slot).expect("a slot is an index");
        let place = &mut self.slots[index];
        if let Some(Slot::Delivery { packet, epoch, route }) = place
            && let Some((to, then)) = route.take()
        {
            let scheduled = Scheduled::Deliver { to, packet: Arc::clone(packet), epoch: *epoch };
            match then {
                Then::AtOnce => {}
                Then::At(then) => top.0.at = nanoseconds(then),
                Then::Never => {
                    PeekMut::pop(top);
                    *place = None;
                    self.free.push(slot);
                }
            }
            return Some((moment(at), scheduled));
        }
        PeekMut::pop(top);
        self.free.push(slot);
        match place.take() {
            Some(Slot::Once(scheduled)) => Some((moment(at), scheduled)),
            Some(Slot::Delivery { .. }) | None => unreachable!("routes that are empty are gone"),
        }
    }

    fn push(&mut self, at: Moment, content: Slot<E, R>) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("no run plans four billion things at once")
        });
        self.slots[usize::try_from(slot).expect("a slot is an index")] = Some(content);
        self.planned += 1;
        self.heap.push(Reverse(Entry { at: nanoseconds(at), order: self.planned, slot }));
    }
}

/// The delivery that follows one delivery of a packet.
enum Then {
    AtOnce,
    At(Moment),
    Never,
}

impl Route {
    fn take(&mut self) -> Option<(usize, Then)> {
        match self {
            Self::Everyone { next, peers } => {
                let to = *next;
                *next += 1;
                let then = if *next < *peers { Then::AtOnce } else { Then::Never };
                (to < *peers).then_some((to, then))
            }
            Self::Some(route) => {
                let (_, to) = route.next()?;
                let then = route.as_slice().first().map_or(Then::Never, |(at, _)| Then::At(*at));
                Some((to, then))
            }
        }
    }
}

/// Virtual time ends after 584 years, and then stands still.
fn nanoseconds(at: Moment) -> u64 {
    u64::try_from(at.since_start().as_nanos()).unwrap_or(u64::MAX)
}

fn moment(nanoseconds: u64) -> Moment {
    Moment::from_start(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests {
    use althing_dialect::Wire;
    use althing_engine::rounds::Rounds;
    use althing_types::Channel;

    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_start(Duration::from_millis(millis))
    }

    fn drain(queue: &mut Queue<Rounds, ()>) -> Vec<(Moment, usize)> {
        let mut happened = Vec::new();
        while let Some((at, scheduled)) = queue.pop() {
            match scheduled {
                Scheduled::Start { peer } | Scheduled::Deliver { to: peer, .. } => {
                    happened.push((at, peer));
                }
                _ => unreachable!("nothing else was planned"),
            }
        }
        happened
    }

    #[test]
    fn things_happen_in_order_and_equals_as_they_were_planned() {
        let mut queue = Queue::default();
        let wire = Wire { to: Channel::topic("init"), payload: Vec::new() };
        let packet = Arc::new(Packet::new(None, None, wire));
        let start = |peer| Scheduled::Start { peer };
        queue.add(at(2), start(9));
        queue.deliver(at(1), Arc::clone(&packet), 0, Route::Everyone { next: 0, peers: 2 });
        queue.add(at(1), start(8));
        let route = vec![(at(0), 5), (at(0), 6), (at(3), 7)];
        queue.deliver(at(0), packet, 0, Route::Some(route.into_iter()));
        assert_eq!(queue.next_at(), Some(at(0)));
        let expected =
            [(0, 5), (0, 6), (1, 0), (1, 1), (1, 8), (2, 9), (3, 7)].map(|(t, p)| (at(t), p));
        assert_eq!(drain(&mut queue), expected);
        assert_eq!(queue.free.len(), queue.slots.len());
    }
}
