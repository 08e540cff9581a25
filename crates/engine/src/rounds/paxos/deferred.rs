//! Messages that arrived too early, kept until this peer has caught up with their senders (rule
//! Q1).

use std::collections::{BTreeSet, VecDeque};

use althing_types::PeerId;

use crate::Queue;
use crate::rounds::Signed;

/// Messages that arrived too early: they are kept, and handled again when we have moved on (rule
/// Q1).
///
/// When it is full the oldest message is dropped; its sender repeats it.
#[derive(Clone, Debug, Hash)]
pub(super) struct Deferred {
    messages: VecDeque<Signed>,
    messages_max: usize,
}

impl Deferred {
    /// Returns an empty queue with room for a whole round of `peers` members, and some more.
    pub(super) fn new(peers: usize) -> Self {
        Self { messages: VecDeque::new(), messages_max: 8 * peers + 64 }
    }

    pub(super) fn keep(&mut self, signed: Signed) {
        if self.messages.len() >= self.messages_max {
            self.messages.pop_front();
        }
        self.messages.push_back(signed);
    }

    pub(super) fn queue(&self) -> Queue {
        Queue { name: "early messages", len: self.messages.len(), max: self.messages_max }
    }

    /// Returns the peers that have sent the messages.
    pub(super) fn senders(&self) -> BTreeSet<PeerId> {
        self.messages.iter().map(|signed| signed.message.peer()).collect()
    }

    pub(super) fn take(&mut self) -> VecDeque<Signed> {
        std::mem::take(&mut self.messages)
    }
}
