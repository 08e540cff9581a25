use std::collections::VecDeque;

use crate::rounds::{Queue, Sealed};

/// Messages that came before their time: kept, and handled again when we have moved on (rule Q1).
///
/// When it is full the oldest goes; whoever said it repeats it.
#[derive(Clone, Debug, Hash)]
pub(super) struct Early {
    messages: VecDeque<Sealed>,
    messages_max: usize,
}

impl Early {
    /// Returns an empty keep with room for a whole round of `peers` members, and some more.
    pub(super) fn new(peers: usize) -> Self {
        Self { messages: VecDeque::new(), messages_max: 8 * peers + 64 }
    }

    pub(super) fn keep(&mut self, sealed: Sealed) {
        if self.messages.len() >= self.messages_max {
            self.messages.pop_front();
        }
        self.messages.push_back(sealed);
    }

    pub(super) fn queue(&self) -> Queue {
        ("early messages", self.messages.len(), self.messages_max)
    }

    pub(super) fn take(&mut self) -> VecDeque<Sealed> {
        std::mem::take(&mut self.messages)
    }
}
