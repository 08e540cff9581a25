//! The network of the model: messages that were sent, and have not been heard by all peers.

use std::collections::VecDeque;

use crate::peer::{MessageId, PEERS};

/// The guarantees of the network between two peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Nothing: any message may come at any time, after any other, or never.
    Wild,
    /// Each message comes at once, in the order in which they were said; but so many of the
    /// deliveries, over all peers, come at any later time, or never.
    Prompt {
        /// How many deliveries may come later or never, at most.
        late_max: u8,
    },
}

/// The messages on their way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Air {
    /// Without guarantees: each message may be heard at any time, until it was heard.
    Wild {
        /// All that was ever said, in the order of the ids.
        said: Vec<MessageId>,
        /// What each peer has heard in its present life.
        heard: [Vec<MessageId>; PEERS],
    },
    /// With prompt deliveries, except for some that are late.
    Prompt {
        /// The deliveries that come in turn: the peer, and the message it hears.
        queue: VecDeque<Delivery>,
        /// The late deliveries, which come at any later time, in the order of the ids.
        late: Vec<Delivery>,
        /// How many deliveries may still be late.
        late_left: u8,
    },
}

/// A message on its way to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Delivery {
    pub(crate) to: usize,
    pub(crate) id: MessageId,
}

impl Air {
    pub(crate) fn new(way: Way) -> Self {
        match way {
            Way::Wild => Self::Wild { said: Vec::new(), heard: [const { Vec::new() }; PEERS] },
            Way::Prompt { late_max } => {
                Self::Prompt { queue: VecDeque::new(), late: Vec::new(), late_left: late_max }
            }
        }
    }

    /// Takes in a message of the peer `from`.
    pub(crate) fn take(&mut self, from: usize, words: &[MessageId]) {
        match self {
            Self::Wild { said, heard } => {
                for id in words {
                    insert(said, *id);
                    // What a peer has said itself is no news to it.
                    insert(&mut heard[from], *id);
                }
            }
            Self::Prompt { queue, .. } => {
                for id in words {
                    let others = (0..PEERS).filter(|to| *to != from);
                    queue.extend(others.map(|to| Delivery { to, id: *id }));
                }
            }
        }
    }

    /// Forgets what a peer has heard, since it starts again.
    pub(crate) fn restart(&mut self, index: usize) {
        if let Self::Wild { heard, .. } = self {
            heard[index].clear();
        }
    }

    /// Returns whether no delivery is due, so that timers and searches may go on.
    pub(crate) fn is_still(&self) -> bool {
        match self {
            Self::Wild { .. } => true,
            Self::Prompt { queue, .. } => queue.is_empty(),
        }
    }

    /// Drops the next deliveries as long as they would change nothing.
    pub(crate) fn drop_idle(&mut self, changes: impl Fn(Delivery) -> bool) {
        if let Self::Prompt { queue, .. } = self {
            while queue.front().is_some_and(|delivery| !changes(*delivery)) {
                queue.pop_front();
            }
        }
    }

    /// Returns the possible next deliveries, each with the messages that are then still in the air.
    pub(crate) fn deliveries(&self) -> Vec<(Delivery, Self)> {
        match self {
            Self::Wild { said, heard } => {
                let mut all = Vec::new();
                for (to, known) in heard.iter().enumerate() {
                    for id in said.iter().filter(|id| known.binary_search(id).is_err()) {
                        let (mut after, id) = (self.clone(), *id);
                        if let Self::Wild { heard, .. } = &mut after {
                            insert(&mut heard[to], id);
                        }
                        all.push((Delivery { to, id }, after));
                    }
                }
                all
            }
            Self::Prompt { queue, late, late_left } => {
                let mut queue = queue.clone();
                if let Some(next) = queue.pop_front() {
                    let (late, late_left) = (late.clone(), *late_left);
                    return vec![(next, Self::Prompt { queue, late, late_left })];
                }
                let after = |place: usize| {
                    let (queue, mut late) = (queue.clone(), late.clone());
                    let delivery = late.remove(place);
                    (delivery, Self::Prompt { queue, late, late_left: *late_left })
                };
                (0..late.len()).map(after).collect()
            }
        }
    }

    /// Returns the air in which the next delivery is late.
    pub(crate) fn delay(&self) -> Option<Self> {
        match self {
            Self::Prompt { queue, late, late_left: 1.. } => {
                let (mut queue, mut late) = (queue.clone(), late.clone());
                let Self::Prompt { late_left, .. } = self else { return None };
                insert(&mut late, queue.pop_front()?);
                Some(Self::Prompt { queue, late, late_left: late_left - 1 })
            }
            _ => None,
        }
    }
}

/// Inserts into a sorted list without doubles.
fn insert<T: Ord>(list: &mut Vec<T>, item: T) {
    if let Err(place) = list.binary_search(&item) {
        list.insert(place, item);
    }
}
