use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::sync::Arc;
use std::time::Duration;

use althing_engine::rounds::Timer;
use althing_types::Moment;

use crate::fault::{Fault, Wills};
use crate::word::Word;

/// What is to happen, the earliest first, and equals in the order they were planned.
///
/// A broadcast is one entry, however many peers it goes to: the heap stays small, and its entries
/// are three numbers each.
#[derive(Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    planned: u64,
    /// What the entries stand for, by their slot.
    slots: Vec<Option<Plan>>,
    free: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    at: u64,
    order: u64,
    slot: u32,
}

enum Plan {
    Once(Happening),
    Delivery { word: Arc<Word>, epoch: u32, route: Route },
}

/// Whom a word reaches, and when.
pub(crate) enum Route {
    /// All peers at once, beginning with this one.
    Everyone { next: usize, peers: usize },
    /// Some peers, at times of their own.
    Some(std::vec::IntoIter<(Moment, usize)>),
}

/// One thing that happens.
pub(crate) enum Happening {
    Start {
        peer: usize,
    },
    Deliver {
        to: usize,
        word: Arc<Word>,
        epoch: u32,
    },
    Timer {
        peer: usize,
        life: u32,
        timer: Timer,
    },
    Solved {
        peer: usize,
        search: u32,
    },
    /// A slow peer has time for the next thing that waits.
    Wake {
        peer: usize,
        life: u32,
    },
    /// The broker notices that a peer is gone.
    Will {
        peer: usize,
        life: u32,
    },
    BrokerUp {
        epoch: u32,
        wills: Wills,
    },
    Flap {
        flapping: u32,
    },
    Fault(Box<Fault>),
}

impl Queue {
    /// Plans something.
    pub(crate) fn add(&mut self, at: Moment, happening: Happening) {
        self.push(at, Plan::Once(happening));
    }

    /// Plans the delivery of a word; the times of `route` must be in order, the first at `at`.
    pub(crate) fn deliver(&mut self, at: Moment, word: Arc<Word>, epoch: u32, route: Route) {
        self.push(at, Plan::Delivery { word, epoch, route });
    }

    /// Returns when the next thing happens.
    pub(crate) fn next_at(&self) -> Option<Moment> {
        self.heap.peek().map(|Reverse(entry)| moment(entry.at))
    }

    /// Takes what happens next.
    pub(crate) fn pop(&mut self) -> Option<(Moment, Happening)> {
        let mut top = self.heap.peek_mut()?;
        let Reverse(Entry { at, slot, .. }) = *top;
        let index = usize::try_from(slot).expect("a slot is an index");
        let place = &mut self.slots[index];
        if let Some(Plan::Delivery { word, epoch, route }) = place
            && let Some((to, then)) = route.take()
        {
            let happening = Happening::Deliver { to, word: Arc::clone(word), epoch: *epoch };
            match then {
                Then::AtOnce => {}
                Then::At(then) => top.0.at = nanoseconds(then),
                Then::Never => {
                    PeekMut::pop(top);
                    *place = None;
                    self.free.push(slot);
                }
            }
            return Some((moment(at), happening));
        }
        PeekMut::pop(top);
        self.free.push(slot);
        match place.take() {
            Some(Plan::Once(happening)) => Some((moment(at), happening)),
            Some(Plan::Delivery { .. }) | None => unreachable!("routes that are empty are gone"),
        }
    }

    fn push(&mut self, at: Moment, plan: Plan) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("no run plans four billion things at once")
        });
        self.slots[usize::try_from(slot).expect("a slot is an index")] = Some(plan);
        self.planned += 1;
        self.heap.push(Reverse(Entry { at: nanoseconds(at), order: self.planned, slot }));
    }
}

/// What comes after one delivery of a word.
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
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_start(Duration::from_millis(millis))
    }

    fn drain(queue: &mut Queue) -> Vec<(Moment, usize)> {
        let mut happened = Vec::new();
        while let Some((at, happening)) = queue.pop() {
            match happening {
                Happening::Start { peer } | Happening::Deliver { to: peer, .. } => {
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
        let word = Arc::new(Word::empty());
        let start = |peer| Happening::Start { peer };
        queue.add(at(2), start(9));
        queue.deliver(at(1), Arc::clone(&word), 0, Route::Everyone { next: 0, peers: 2 });
        queue.add(at(1), start(8));
        let route = vec![(at(0), 5), (at(0), 6), (at(3), 7)];
        queue.deliver(at(0), word, 0, Route::Some(route.into_iter()));
        assert_eq!(queue.next_at(), Some(at(0)));
        let expected =
            [(0, 5), (0, 6), (1, 0), (1, 1), (1, 8), (2, 9), (3, 7)].map(|(t, p)| (at(t), p));
        assert_eq!(drain(&mut queue), expected);
        assert_eq!(queue.free.len(), queue.slots.len());
    }
}
