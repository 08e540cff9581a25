//! What is on its way to one peer.

use std::collections::BTreeMap;
use std::time::Duration;

use althing_feed::PeerName;
use althing_types::{Channel, Moment};
use bytes::Bytes;
use tokio::sync::watch;

use super::flying::Sender;
use super::{Air, Fate, Lost};
use crate::limit::Limit;

/// The place of one peer in the air, as long as it runs.
#[derive(Debug)]
pub(crate) struct Seat {
    air: Air,
    number: usize,
    frozen: watch::Receiver<bool>,
    /// Messages on their way, by when they arrive, and in which order they were taken in.
    waiting: BTreeMap<(Moment, u64), (Channel, Bytes)>,
    taken_in: u64,
    /// When the last message of a sender arrives, where none overtakes another.
    latest: BTreeMap<usize, Moment>,
}

/// Messages on their way to one peer; when there are more, the first arrives at once.
const WAITING_MAX: usize = 4096;

impl Seat {
    pub(super) fn new(air: Air, number: usize, frozen: watch::Receiver<bool>) -> Self {
        let (waiting, latest) = (BTreeMap::new(), BTreeMap::new());
        Self { air, number, frozen, waiting, taken_in: 0, latest }
    }

    /// Returns whether the peer stands still, as it changes.
    pub(crate) fn frozen(&self) -> watch::Receiver<bool> {
        self.frozen.clone()
    }

    /// Notes that the peer sends these bytes; on a bus, only to some if that is not `None`.
    pub(crate) fn send(&self, to: &Channel, payload: &[u8], only: Option<Vec<usize>>) {
        if to.as_topic().is_some() {
            let sender = Sender { peer: self.number, only };
            self.air.lock().flying.note(to, payload, sender);
        }
    }

    /// Takes in what has come over the transport: it is on its way from now on, or lost; then this
    /// returns who had sent it, and why.
    pub(crate) fn take_in(
        &mut self,
        now: Moment,
        channel: &Channel,
        payload: Bytes,
    ) -> Option<(PeerName, Lost)> {
        let mut state = self.air.lock();
        match state.fate(channel, payload, self.number) {
            Fate::NotMeant => None,
            Fate::Lost { from, why } => Some((state.peers.get(&from)?.name.clone(), why)),
            Fate::Arrives { from, copies } => {
                drop(state);
                for (delay, payload) in copies {
                    let at = self.arrival(now + delay, channel, from);
                    self.waiting.insert((at, self.taken_in), (channel.clone(), payload));
                    self.taken_in += 1;
                }
                None
            }
        }
    }

    /// On a bus no message overtakes another of the same peer, as over a connection.
    fn arrival(&mut self, at: Moment, channel: &Channel, from: Option<usize>) -> Moment {
        match from.filter(|_| channel.as_topic().is_some()) {
            None => at,
            Some(from) => {
                let latest = self.latest.entry(from).or_insert(at);
                *latest = at.max(*latest);
                *latest
            }
        }
    }

    /// Returns when the next message arrives: at once, if too many are on their way.
    pub(crate) fn next(&self) -> Option<Moment> {
        let first = self.waiting.first_key_value().map(|((at, _), _)| *at);
        if self.waiting.len() > WAITING_MAX { first.map(|_| Moment::START) } else { first }
    }

    /// Takes the next message that has arrived.
    pub(crate) fn take(&mut self, now: Moment) -> Option<(Channel, Bytes)> {
        self.next().filter(|at| *at <= now)?;
        self.waiting.pop_first().map(|(_, message)| message)
    }

    /// Returns how long a message takes on average, if nothing goes wrong.
    pub(crate) fn mean_latency(&self) -> Duration {
        let state = self.air.lock();
        (*state.latency.start() + *state.latency.end()) / 2
    }

    /// Returns whether to tell of one more message.
    pub(crate) fn may_tell(&self) -> bool {
        self.air.lock().told.as_mut().is_some_and(Limit::count)
    }

    /// Returns how many messages no peer has told of in the second that is over, if there are any.
    pub(crate) fn take_untold(&self, now: Moment) -> Option<u64> {
        self.air.lock().told.as_mut()?.take_unreported(now)
    }
}
