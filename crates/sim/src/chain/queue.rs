use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use althing_engine::nakamoto::{SearchId, Timer};
use althing_types::{Address, Moment};

/// What is to happen, the earliest first, and equals in the order they were planned.
#[derive(Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<(Moment, u64)>>,
    happenings: BTreeMap<u64, Happening>,
    planned: u64,
}

/// One thing that happens.
pub(super) enum Happening {
    Start {
        peer: usize,
    },
    Deliver {
        from: usize,
        to: usize,
        payload: Arc<[u8]>,
    },
    Timer {
        peer: usize,
        life: u32,
        timer: Timer,
    },
    Solved {
        peer: usize,
        life: u32,
        search: SearchId,
    },
    /// The tracker's list reaches a peer.
    Listed {
        peer: usize,
        list: Arc<[Address]>,
    },
    /// A miner is given something to mine.
    Entry,
}

impl Queue {
    /// Plans something.
    pub(super) fn add(&mut self, at: Moment, happening: Happening) {
        self.planned += 1;
        self.heap.push(Reverse((at, self.planned)));
        self.happenings.insert(self.planned, happening);
    }

    /// Returns when the next thing happens.
    pub(super) fn next_at(&self) -> Option<Moment> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes what happens next.
    pub(super) fn pop(&mut self) -> Option<(Moment, Happening)> {
        let Reverse((at, number)) = self.heap.pop()?;
        let happening = self.happenings.remove(&number).expect("each entry stands for one");
        Some((at, happening))
    }
}
