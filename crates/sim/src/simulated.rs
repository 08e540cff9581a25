//! What the simulator must know of a kind of network besides its engine.

use std::error::Error;
use std::fmt::{Debug, Display};
use std::time::Duration;

use althing_dialect::{Codec, Wire};
use althing_engine::{Engine, Recipient};
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
    /// What the peers run.
    type Engine: Engine;
    /// Which promises of the network are checked, and how.
    type Checker: Checker<Self::Engine>;
    /// In what a peer can be dishonest.
    type Role: Clone + Debug + Display + PartialEq;
    /// What a dishonest peer does.
    type Byzantine: Byzantine<Self::Engine>;

    /// What the summary calls things.
    const NAMES: Names;

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

    /// Returns what translates a peer's messages.
    fn codec(&self, peer: usize) -> &dyn Codec<Engine = Self::Engine>;

    /// Returns the address of a peer; `None` on a bus.
    fn address(&self, _: usize) -> Option<&Address> {
        None
    }

    /// Returns which peer has an address.
    fn peer_at(&self, _: &Address) -> Option<usize> {
        None
    }

    /// Returns what a broker publishes for a peer that is gone.
    fn last_will(&self, _: usize) -> Option<Wire> {
        None
    }

    /// Returns whether a tracker tells the peers of each other.
    fn has_tracker(&self) -> bool {
        false
    }

    /// Returns how often a user asks a peer for something.
    fn command_every(&self) -> Option<Duration> {
        None
    }

    /// Returns which of the honest peers that are up a user asks for something, and for what.
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

    /// Returns whom [`Who::Leader`](crate::Who::Leader) means now.
    fn leader(&self) -> Option<usize>;

    /// Takes note of what an honest peer reports.
    fn note(
        &mut self,
        now: Moment,
        peer: usize,
        event: &<Self::Engine as Engine>::Event,
        counters: &mut Counters,
    );

    /// Mixes an event into the fingerprint of the run.
    fn mix(event: &<Self::Engine as Engine>::Event, fingerprint: &mut Fingerprint);

    /// Returns what a message says, in a few words.
    fn describe_message(&self, message: &<Self::Engine as Engine>::Message) -> String;

    /// Returns that the broker takes a peer for lost, in a few words.
    fn describe_loss(&self, peer: PeerId) -> String {
        format!("{peer} is gone")
    }

    /// Returns what a peer reports, in a few words.
    fn describe_event(&self, event: &<Self::Engine as Engine>::Event) -> String;

    /// Returns whether an event says more than the messages around it do, and so is worth a line
    /// in a diagram.
    fn is_telling(event: &<Self::Engine as Engine>::Event) -> bool;
}

/// Watches what honest peers make durable, and says when it should never have come to that.
pub trait Checker<E: Engine> {
    /// Something that no run may ever show of an honest peer.
    type Violation: Error + Clone + PartialEq + 'static;

    /// Judges `peer` no longer, since it is dishonest.
    fn excuse(&mut self, peer: usize);

    /// Looks at what `peer` has just made durable. `engine` is `None` if it has crashed since.
    fn check_write(
        &mut self,
        peer: usize,
        durable: &E::Durable,
        engine: Option<&E>,
    ) -> Result<(), Self::Violation>;

    /// Looks at what `peer` has found when it started.
    fn check_start(
        &mut self,
        peer: usize,
        disk: &Disk<E::Durable>,
        engine: &E,
    ) -> Result<(), Self::Violation>;

    /// Looks at what `peer` reports.
    fn observe(&mut self, _peer: usize, _event: &E::Event) -> Result<(), Self::Violation> {
        Ok(())
    }

    /// Returns how much honest peers have decided: rows of the table, or blocks of the longest
    /// chain.
    fn decided(&self) -> u64;
}

/// A peer that is honest but for one thing: it has the engine of an honest one, and this stands
/// between that engine and the network.
pub trait Byzantine<E: Engine> {
    /// Returns what it sends where an honest peer would send `message`.
    fn send(&mut self, to: Recipient, message: E::Message) -> Vec<Sending<E::Message>>;

    /// Returns what it sends when it receives something, besides what its engine will send.
    fn receive(&mut self, _message: &E::Message) -> Vec<Sending<E::Message>> {
        Vec::new()
    }

    /// Takes note of what its engine reports.
    fn observe(&mut self, _event: &E::Event) {}
}

/// One message that a dishonest peer sends, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending<M> {
    /// What it says.
    pub message: M,
    /// The recipient that it is encoded for.
    pub to: Recipient,
    /// On a bus, the peers that it reaches; `None` for all. A broker cannot do that, but the peer
    /// and a friend of its could.
    pub only: Option<Vec<usize>>,
}

/// What an engine of this kind makes durable.
pub(crate) type DurableOf<N> = <<N as Simulated>::Engine as Engine>::Durable;
/// What its peers say to each other.
pub(crate) type MessageOf<N> = <<N as Simulated>::Engine as Engine>::Message;
/// What its peers report.
pub(crate) type EventOf<N> = <<N as Simulated>::Engine as Engine>::Event;
/// What its checker finds.
pub(crate) type ViolationOf<N> =
    <<N as Simulated>::Checker as Checker<<N as Simulated>::Engine>>::Violation;
