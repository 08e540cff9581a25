//! One that watches a network: it hears all that is said, says nothing, and judges it.
//!
//! A member refuses what breaks a rule as far as its own work depends on it. One that watches has
//! no part in the work, may have come late, and is asked something else: what has been decided, and
//! which peer breaks which rule? It decides by what it has heard alone. Where it lacks what a rule
//! needs, such as the key of a peer that announced itself before, it does not judge.
//!
//! | file | question |
//! | --- | --- |
//! | `members` | what happens where each member counts once, and who breaks rules there? |
//! | `presence` | who is there? |
//! | `elections` | who leads there? |
//! | `rows` | what is said of a row there? |
//! | `arrivals` | and where messages are counted as they arrive? |
//! | `judging` | which rules does a vote or a solution break there? |

mod arrivals;
mod elections;
mod judging;
mod members;
mod presence;
mod rows;

use std::hash::{Hash, Hasher};

use althing_types::Moment;
use rand_chacha::ChaCha8Rng;

use self::arrivals::Arrivals;
use self::members::Members;
use super::{Counting, Identity, Input, Output, Rules, Status};
use crate::Queue;

/// Peers that are told apart: any sender may invent more.
pub(super) const SPEAKERS_MAX: usize = 1024;

/// One that watches a network with rounds.
#[derive(Clone)]
pub(super) enum Watch {
    Members(Box<Members>),
    Arrivals(Box<Arrivals>),
}

impl Watch {
    pub(super) fn new(rules: Rules, identity: Identity, rng: ChaCha8Rng) -> Self {
        match rules.counting {
            Counting::Members => {
                Self::Members(Box::new(Members::new(rules, identity.authenticator.into())))
            }
            Counting::Arrivals | Counting::ArrivalsOfRow => {
                Self::Arrivals(Box::new(Arrivals::new(rules, identity, rng)))
            }
        }
    }

    pub(super) fn handle(&mut self, now: Moment, input: Input, out: &mut Vec<Output>) {
        match self {
            Self::Members(members) => members.handle(now, input, out),
            Self::Arrivals(arrivals) => arrivals.handle(now, input, out),
        }
        debug_assert!(
            !out.iter().any(|output| matches!(output, Output::Send { .. })),
            "one that watches says nothing"
        );
    }

    pub(super) fn status(&self) -> Status {
        match self {
            Self::Members(members) => members.status(),
            Self::Arrivals(arrivals) => arrivals.status(),
        }
    }

    pub(super) fn queues(&self) -> Vec<Queue> {
        match self {
            Self::Members(members) => members.queues().into(),
            Self::Arrivals(arrivals) => arrivals.queues(),
        }
    }
}

/// A model checker watches nothing, so what tells states apart is enough.
impl Hash for Watch {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Members(members) => members.hash(state),
            Self::Arrivals(arrivals) => arrivals.hash(state),
        }
    }
}
