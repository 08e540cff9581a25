//! The network of the model, as the checker sees it: states, and the actions between them.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use althing_engine::rounds::{CertifiedRecord, Signed};
use althing_types::Term;
use stateright::{Model, Property};

use crate::air::{Air, Delivery, Way};
use crate::history::Contradiction;
use crate::memo::Memo;
use crate::peer::{Behaviour, Happening, MessageId, PEERS, Peer, Said};

/// How far the model goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The guarantees of the network between peers.
    pub(crate) way: Way,
    /// How often the power fails, over all peers.
    pub(crate) failures: u8,
    /// How often a peer finds that every wait is over, over all peers.
    pub(crate) looks: u8,
}

/// The model that the checker explores.
pub(crate) struct Network {
    behaviour: Behaviour,
    bounds: Bounds,
    /// All messages that peers have sent.
    messages: Memo<MessageId, Arc<Signed>>,
    /// The next states of a peer, which are the same in all states of the network that have it.
    steps: Memo<(u64, Happening, Power), Option<Arc<Step>>>,
    /// Each state of a peer is kept once.
    peers: Memo<u64, Arc<Tagged>>,
}

/// Whether the power fails while a peer handles what happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Power {
    /// It does not.
    Stays,
    /// After so many effects on others or on the disk; then the peer starts again.
    FailsAfter(usize),
}

/// One state of the network.
#[derive(Clone)]
pub(crate) struct State {
    peers: [Arc<Tagged>; PEERS],
    air: Air,
}

/// A peer that knows its own fingerprint.
struct Tagged {
    peer: Peer,
    fingerprint: u64,
}

/// What may come next.
#[derive(Clone)]
pub(crate) enum Action {
    /// Something happens to a peer.
    Happen {
        index: usize,
        happening: Happening,
        power: Power,
        step: Arc<Step>,
        /// The air, before the peer sends anything.
        air: Air,
    },
    /// The next delivery is late.
    Delay(Air),
}

/// The next state of the peer.
pub(crate) struct Step {
    peer: Arc<Tagged>,
    said: Vec<MessageId>,
    effects: usize,
}

impl Network {
    pub(crate) fn new(behaviour: Behaviour, bounds: Bounds) -> Self {
        let (messages, steps, peers) = (Memo::default(), Memo::default(), Memo::default());
        Self { behaviour, bounds, messages, steps, peers }
    }

    /// Returns the next state of `peer`, or `None` if nothing changes.
    fn step(&self, peer: &Tagged, happening: Happening, power: Power) -> Option<Arc<Step>> {
        let key = (peer.fingerprint, happening, power);
        self.steps.get_or(peer.fingerprint, key, || {
            let mut after = peer.peer.clone();
            let message = match happening {
                Happening::Hear(id) => Some(self.message(id)),
                _ => None,
            };
            let effects_max = match power {
                Power::Stays => usize::MAX,
                Power::FailsAfter(effects) => effects,
            };
            let effects = after.live(happening, message.as_deref(), effects_max);
            let mut said = effects.said;
            if power != Power::Stays {
                said.extend(after.restart());
            }
            let is_new = after.fingerprint() != peer.fingerprint || !said.is_empty();
            let said = self.publish(said);
            is_new.then(|| Arc::new(Step { peer: self.keep(after), said, effects: effects.count }))
        })
    }

    fn keep(&self, peer: Peer) -> Arc<Tagged> {
        let fingerprint = peer.fingerprint();
        let tagged = || Arc::new(Tagged { peer, fingerprint });
        self.peers.get_or(fingerprint, fingerprint, tagged)
    }

    fn publish(&self, said: Said) -> Vec<MessageId> {
        let publish = |(id, message): (MessageId, Arc<Signed>)| {
            self.messages.get_or(id.number(), id, || message);
            id
        };
        said.into_iter().map(publish).collect()
    }

    fn message(&self, id: MessageId) -> Arc<Signed> {
        self.messages.get_or(id.number(), id, || unreachable!("what is heard was said"))
    }

    fn hears(&self, state: &State, delivery: Delivery) -> bool {
        let peer = &state.peers[delivery.to];
        self.step(peer, Happening::Hear(delivery.id), Power::Stays).is_some()
    }

    /// Describes a run step by step, so that a developer can understand a failure.
    pub(crate) fn tell(&self, actions: &[Action]) -> String {
        actions.iter().map(|action| self.tell_one(action)).collect()
    }

    fn tell_one(&self, action: &Action) -> String {
        let Action::Happen { index, happening, power, .. } = action else {
            return "  the next delivery is late\n".to_owned();
        };
        let happening = match happening {
            Happening::Hear(id) => format!("hears {:?}", self.message(*id).message),
            other => format!("{other:?}"),
        };
        match power {
            Power::Stays => format!("  peer {index}: {happening}\n"),
            Power::FailsAfter(effects) => {
                format!("  peer {index}: {happening}; the power fails after {effects} effects\n")
            }
        }
    }

    /// Adds that something happens to a peer, and all ways in which the power fails meanwhile.
    fn add(
        &self,
        state: &State,
        (index, happening, air): (usize, Happening, &Air),
        actions: &mut Vec<Action>,
    ) {
        let peer = &state.peers[index];
        let mut push = |power| {
            let step = self.step(peer, happening, power)?;
            let (effects, air) = (step.effects, air.clone());
            actions.push(Action::Happen { index, happening, power, step, air });
            Some(effects)
        };
        let effects = push(Power::Stays).unwrap_or_default();
        if state.count(|peer| peer.failures) < self.bounds.failures {
            // Before the first effect, or after the last, it might as well have failed before or
            // after all of this.
            for effects in 1..effects {
                push(Power::FailsAfter(effects));
            }
            if happening == Happening::Nothing {
                push(Power::FailsAfter(0));
            }
        }
    }
}

impl Model for Network {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut air = Air::new(self.bounds.way);
        let peers = std::array::from_fn(|index| {
            let (peer, said) = Peer::start(index, self.behaviour);
            air.take(index, &self.publish(said));
            self.keep(peer)
        });
        vec![State { peers, air }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (Delivery { to, id }, air) in state.air.deliveries() {
            self.add(state, (to, Happening::Hear(id), &air), actions);
        }
        actions.extend(state.air.delay().map(Action::Delay));
        let may_look = state.count(|peer| peer.looks) < self.bounds.looks;
        for (index, peer) in state.peers().enumerate() {
            for happening in peer.happenings() {
                let is_possible = match happening {
                    // Where all messages may still be heard, none is sent again.
                    Happening::Repeat => self.bounds.way != Way::Wild && state.air.is_still(),
                    Happening::Look => may_look && state.air.is_still(),
                    Happening::Nothing => true,
                    _ => state.air.is_still(),
                };
                if is_possible {
                    self.add(state, (index, happening, &state.air), actions);
                }
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Delay(air) => next.air = air,
            Action::Happen { index, power, step, air, .. } => {
                next.peers[index] = Arc::clone(&step.peer);
                next.air = air;
                if power != Power::Stays {
                    next.air.restart(index);
                }
                next.air.take(index, &step.said);
            }
        }
        let mut air = next.air.clone();
        air.drop_idle(|delivery| self.hears(&next, delivery));
        next.air = air;
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONE_TABLE, |_, state: &State| state.has_one_table()),
            Property::always(ONE_LEADER, |_, state: &State| state.has_one_leader_a_term()),
            Property::always(ONE_PROMISE, |_, state: &State| {
                state.is_free_of(Contradiction::TwoPromises)
            }),
            Property::always(ONE_VOTE, |_, state: &State| {
                state.is_free_of(Contradiction::TwoVotes)
            }),
            Property::sometimes(LATER_TERM, |_, state: &State| {
                state.any_row(|row| row.term > Term::FIRST)
            }),
            Property::sometimes(PROPOSED_AGAIN, |_, state: &State| {
                let has_vote = |row: &CertifiedRecord| {
                    state.peers().any(|peer| peer.history.has_voted_for(Term::FIRST, &row.record))
                };
                state.any_row(|row| row.term > Term::FIRST && has_vote(row))
            }),
        ]
    }
}

pub(crate) const ONE_TABLE: &str = "no two peers record different rows";
pub(crate) const ONE_LEADER: &str = "no term has two leaders";
pub(crate) const ONE_PROMISE: &str = "no peer follows two leaders in a term";
pub(crate) const ONE_VOTE: &str = "no peer says yes twice in a row and term";
pub(crate) const LATER_TERM: &str = "a row can be decided in a later term";
/// The situation for which rule C3 exists.
pub(crate) const PROPOSED_AGAIN: &str = "a later leader can propose what was voted for before";

impl State {
    fn peers(&self) -> impl Iterator<Item = &Peer> {
        self.peers.iter().map(|tagged| &tagged.peer)
    }

    fn any_row(&self, is: impl Fn(&CertifiedRecord) -> bool) -> bool {
        self.peers().any(|peer| peer.rows().iter().any(&is))
    }

    fn count(&self, of: impl Fn(&Peer) -> u8) -> u8 {
        self.peers().map(of).sum()
    }

    fn is_free_of(&self, contradiction: Contradiction) -> bool {
        self.peers().all(|peer| peer.history.contradiction != Some(contradiction))
    }

    fn has_one_table(&self) -> bool {
        let tables = self.peers.each_ref().map(|tagged| tagged.peer.rows());
        tables.iter().all(|one| {
            tables.iter().all(|other| {
                one.iter().zip(other.iter()).all(|(row, same)| row.record == same.record)
            })
        })
    }

    fn has_one_leader_a_term(&self) -> bool {
        self.peers().all(|one| {
            self.peers().all(|other| {
                let mut seen = one.leaders.iter();
                seen.all(|(term, leader)| other.leaders.get(term).is_none_or(|it| it == leader))
            })
        })
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        let fingerprints = |state: &Self| state.peers.each_ref().map(|peer| peer.fingerprint);
        fingerprints(self) == fingerprints(other) && self.air == other.air
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for peer in &self.peers {
            peer.fingerprint.hash(state);
        }
        self.air.hash(state);
    }
}

impl PartialEq for Action {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Delay(one), Self::Delay(other)) => one == other,
            (
                Self::Happen { index, happening, power, air, .. },
                Self::Happen { index: i, happening: h, power: p, air: a, .. },
            ) => (index, happening, power, air) == (i, h, p, a),
            _ => false,
        }
    }
}
