//! What the simulator must know about a kind of network besides its engine.

use std::error::Error;
use std::fmt::{Debug, Display};
use std::time::Duration;

use althing_dialect::{Codec, Wire};
use althing_engine::Engine;
use althing_faults::Byzantine;
use althing_types::{Address, Moment, PeerId};
use rand_chacha::ChaCha8Rng;

use crate::fingerprint::Fingerprint;
use crate::host::Disk;
use crate::summary::{Counters, Names};

/// A kind of network that can be simulated: it ties an engine to its codec, its checker and its
/// dishonest peers.
///
/// Peers are named by an index, counted from zero.
pub trait Simulated: Sized {
    /// The engine of the peers.
    type Engine: Engine;
    /// The checker of the network's invariants.
    type Checker: Checker<Self::Engine>;
    /// The ways in which a peer can be dishonest.
    type Role: Clone + Debug + Display + PartialEq;
    /// A dishonest peer.
    type Byzantine: Byzantine<Self::Engine>;

    /// The words that the summary uses.
    const NAMES: Names;

    /// Whether a copy of a peer's disk, or an old one, makes the peer contradict itself.
    const CAN_BE_COPIED: bool = false;

    /// Takes in one more peer, with the name and the secret of this one; returns whether there is
    /// such a thing.
    fn add_copy(&mut self, _: usize) -> bool {
        false
    }

    /// Takes in the next peer, before the run begins.
    fn add_peer(&mut self, rng: &mut ChaCha8Rng);

    /// Returns a new checker, once all peers are added.
    fn checker(&self) -> Self::Checker;

    /// Returns the engine of a peer that starts, `time` after the beginning of the run.
    fn engine(
        &mut self,
        peer: usize,
        time: Duration,
        entropy: [u8; 32],
        disk: &Disk<<Self::Engine as Engine>::Durable>,
    ) -> Self::Engine;

    /// Returns a dishonest peer.
    fn byzantine(&self, peer: usize, role: Self::Role, rng: ChaCha8Rng) -> Self::Byzantine;

    /// Returns the codec of a peer's messages.
    fn codec(&self, peer: usize) -> &dyn Codec<Engine = Self::Engine>;

    /// Returns which of the codecs in this run that is: 0, or 1 if some peers have another one.
    fn codec_index(&self, _: usize) -> usize {
        0
    }

    /// Returns the address of a peer; `None` on a bus.
    fn address(&self, _: usize) -> Option<&Address> {
        None
    }

    /// Returns which peer has an address.
    fn peer_at(&self, _: &Address) -> Option<usize> {
        None
    }

    /// Returns the last will that a broker publishes for a peer that is gone.
    fn last_will(&self, _: usize) -> Option<Wire> {
        None
    }

    /// Hears what a peer sends, for one that watches the network.
    fn overhear(&mut self, _now: Moment, _wire: &Wire) {}

    /// Returns whether peers learn of each other from a tracker.
    fn has_tracker(&self) -> bool {
        false
    }

    /// Returns how often a user gives a peer a command; `None` for never.
    fn command_every(&self) -> Option<Duration> {
        None
    }

    /// Returns the next command of a user, and which of these honest peers, all up, gets it.
    fn command(
        &mut self,
        _: &[usize],
        _: &mut ChaCha8Rng,
    ) -> Option<(usize, <Self::Engine as Engine>::Command)> {
        None
    }

    /// Returns how many hashes it takes to solve `work`, on average; `None` if it is too hard to be
    /// simulated, and so never solved.
    fn expected_hashes(&self, work: &<Self::Engine as Engine>::Work) -> Option<f64>;

    /// Returns the peer that [`Who::Leader`](crate::Who::Leader) means now.
    fn leader(&self) -> Option<usize>;

    /// Takes note of an event of an honest peer.
    fn note(
        &mut self,
        now: Moment,
        peer: usize,
        event: &<Self::Engine as Engine>::Event,
        counters: &mut Counters,
    );

    /// Mixes an event into the fingerprint of the run.
    fn mix(event: &<Self::Engine as Engine>::Event, fingerprint: &mut Fingerprint);

    /// Returns a message in a few words.
    fn describe_message(&self, message: &<Self::Engine as Engine>::Message) -> String;

    /// Returns whether it matters whom a message reaches when, so that a diagram shows it for each
    /// peer, although the message is for all.
    fn is_counted(_message: &<Self::Engine as Engine>::Message) -> bool {
        false
    }

    /// Returns the broker's notice that a peer is lost, in a few words.
    fn describe_loss(&self, peer: PeerId) -> String {
        format!("{peer} is gone")
    }

    /// Returns an event in a few words.
    fn describe_event(&self, event: &<Self::Engine as Engine>::Event) -> String;

    /// Returns whether an event says more than the messages around it do, and so is worth a line
    /// in a diagram.
    fn is_telling(event: &<Self::Engine as Engine>::Event) -> bool;
}

/// Checks every write of honest peers against the invariants of the network.
pub trait Checker<E: Engine> {
    /// A broken invariant of an honest peer.
    type Violation: Error + Clone + PartialEq + 'static;

    /// Stops checking `peer`, since it has become dishonest.
    fn excuse(&mut self, peer: usize);

    /// Takes in a further peer, which is a copy of this one. Both may contradict themselves.
    fn split(&mut self, peer: usize) {
        self.excuse(peer);
    }

    /// Allows this peer to contradict itself, since its disk is an old one.
    fn forgive(&mut self, peer: usize) {
        self.excuse(peer);
    }

    /// Checks a write that `peer` has just made. `engine` is `None` if it has crashed since.
    fn check_write(
        &mut self,
        peer: usize,
        durable: &E::Durable,
        engine: Option<&E>,
    ) -> Result<(), Self::Violation>;

    /// Checks the state that `peer` has found when it started.
    fn check_start(
        &mut self,
        peer: usize,
        disk: &Disk<E::Durable>,
        engine: &E,
    ) -> Result<(), Self::Violation>;

    /// Checks an event of `peer`.
    fn observe(&mut self, _peer: usize, _event: &E::Event) -> Result<(), Self::Violation> {
        Ok(())
    }

    /// Returns how much honest peers have decided: rows of the table, or blocks of the longest
    /// chain.
    fn decided(&self) -> u64;

    /// Returns what holds at every step of a run in which no check has failed, for people.
    fn checked(&self) -> &'static [&'static str];
}

/// The writes of an engine of this kind.
pub(crate) type DurableOf<N> = <<N as Simulated>::Engine as Engine>::Durable;
/// The messages between its peers.
pub(crate) type MessageOf<N> = <<N as Simulated>::Engine as Engine>::Message;
/// The events of its peers.
pub(crate) type EventOf<N> = <<N as Simulated>::Engine as Engine>::Event;
/// The broken invariants that its checker finds.
pub(crate) type ViolationOf<N> =
    <<N as Simulated>::Checker as Checker<<N as Simulated>::Engine>>::Violation;
