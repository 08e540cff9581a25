//! The loop that runs a peer: it waits for the next input of any kind, hands it to the engine, and
//! carries out the engine's outputs.
//!
//! | file | question |
//! | --- | --- |
//! | `messages` | how do messages leave, and how do they come in? |
//! | this one | which input is next, and what becomes of the outputs? |

mod messages;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::{BadSecret, Codec};
use althing_engine::{Engine, Input, Output};
use althing_faults::Byzantine;
use althing_feed::{Event, Observed, PeerEvent, Source};
use althing_net::Transport;
use althing_pow::Parallelism;
use althing_store::{Reader, Store, StoreError};
use althing_types::{Moment, PeerId};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{Instrument, debug, info_span, trace};

use crate::air::{Air, Seat};
use crate::clock::{Clock, Reading, TimeOfDay};
use crate::commands::{Act, Commands, Requests, Status};
use crate::gauges::Gauges;
use crate::limit::Limit;
use crate::mining::{Answer, Mining};
use crate::observer::Observer;
use crate::timers::Timers;
use crate::watch::{Ears, Watch};

/// The parts of a peer. They are put together for the networks that we speak by
/// [`rounds::open`](crate::rounds::open), [`chain::open`](crate::chain::open) and
/// [`assembly::open`](crate::assembly::open).
pub struct Setup<E: Engine> {
    /// The wire format of its network.
    pub codec: Arc<dyn Codec<Engine = E>>,
    /// Its protocol, which goes on from what the store has recovered.
    pub engine: E,
    /// Entries of the log that the engine has not gone on from, since they are no longer valid.
    pub left_out: u64,
    /// Its disk.
    pub store: Store<E::Durable>,
    /// How much of the machine its searches may use; `None` if only other processes search.
    pub parallelism: Option<Parallelism>,
    /// The channel through which miners of other processes learn of its search, if there are any.
    pub searches: Option<watch::Sender<Option<E::Work>>>,
    /// Follows it step by step.
    pub observer: Option<Box<dyn Observer<E>>>,
    /// The clock of its process.
    pub clock: Clock,
    /// The source with which it publishes its events.
    pub source: Source,
}

/// One peer of any kind of network: the engine `E`, and all that it needs of a machine.
///
/// The outputs of an engine are carried out in their order, with one exception: writes come first.
/// Inputs that are waiting at the same time are handled as a batch, all writes of the batch go to
/// disk in one transaction, and only then are its other outputs carried out. So nothing is sent or
/// reported that a crash could undo, but for what [the engine
/// says](althing_engine::Durable::needs_sync) that others have on their disks.
#[must_use]
pub struct Node<E: Engine> {
    codec: Arc<dyn Codec<Engine = E>>,
    engine: E,
    store: Store<E::Durable>,
    clock: Clock,
    time_of_day: TimeOfDay,
    timers: Timers<E::Timer>,
    /// Its place among the peers of its process, if something may go wrong between them.
    seat: Option<Seat>,
    /// Whether it stands still.
    frozen: watch::Receiver<bool>,
    /// What stands between its engine and the network, if it is dishonest.
    byzantine: Option<Box<dyn Byzantine<E> + Send>>,
    mining: Mining<E::Work>,
    answers: mpsc::UnboundedReceiver<Answer>,
    /// Keeps the channel open, and is handed out.
    commands: Commands<E>,
    requests: Requests<E>,
    observer: Option<Box<dyn Observer<E>>>,
    /// What it hears, if it only watches.
    ears: Option<Ears>,
    refusals: Limit,
    source: Source,
    gauges: Arc<Gauges>,
    left_out: u64,
    /// Whether it has ever reached its network.
    started: bool,
    leaving: bool,
    /// When the gauges are brought up to date again.
    tick_at: Moment,
}

/// Why a peer cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The store cannot be written, or cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store is of a peer of another network.
    #[error(
        "the data are of a peer of another network ({theirs}), and this one is {ours}; use \
         another --data directory, or the options of that network"
    )]
    OtherNetwork {
        /// The network of the store.
        theirs: String,
        /// The network to take part in.
        ours: String,
    },
    /// The store is of the owner of another key.
    #[error(
        "the data are of peer {theirs}, and the key is that of {ours}; use another --data \
         directory, or its own key"
    )]
    OtherKey {
        /// Whose store it is.
        theirs: PeerId,
        /// Whose key it is.
        ours: PeerId,
    },
    /// The secret in the store is not one that this network can use.
    #[error("the data are damaged: {0}; use another --data directory")]
    BadSecret(#[from] BadSecret),
    /// The transport has ended, and does not come back.
    #[error("the connection has ended for good")]
    TransportEnded,
}

/// Most arrivals that are handled as one batch, with one write.
const BATCH_MAX: usize = 64;

/// How often the gauges are brought up to date, refused messages beyond the limit of events
/// reported as a count, and changes put on disk that did not have to be at once. This goes by the
/// clock, since an engine may set no timers for a long time.
const TICK: Duration = Duration::from_millis(500);

/// Refusals that are reported one by one in a second.
const REFUSALS_MAX: u32 = 20;

/// How long a peer takes to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

impl<E: Observed> Node<E> {
    /// Returns a peer that has not yet spoken.
    pub fn new(setup: Setup<E>) -> Self {
        let Setup {
            codec,
            engine,
            left_out,
            store,
            parallelism,
            searches,
            observer,
            clock,
            source,
        } = setup;
        let pacing = clock.pacing();
        let (mining, answers) = Mining::new(parallelism, pacing, searches);
        let (commands, requests) = Commands::new();
        Self {
            codec,
            engine,
            store,
            clock,
            time_of_day: TimeOfDay::begin(Reading::of(clock)),
            timers: Timers::new(),
            seat: None,
            frozen: watch::channel(false).1,
            byzantine: None,
            mining,
            answers,
            commands,
            requests,
            observer,
            ears: None,
            refusals: Limit::new(REFUSALS_MAX),
            source,
            gauges: Arc::default(),
            left_out,
            started: false,
            leaving: false,
            tick_at: clock.now(),
        }
    }

    /// Has its messages go through `air`, in which something may go wrong, as those of the peer
    /// with a number among the peers of its process.
    pub fn within(mut self, air: &Air, number: usize) -> Self {
        let name = self.source.peer().cloned();
        self.seat = name.map(|name| air.seat(number, name));
        if let Some(seat) = &self.seat {
            self.frozen = seat.frozen();
        }
        self
    }

    /// Has it tell `watch` what it hears: for one whose engine only watches.
    pub fn telling(mut self, watch: &Watch) -> Self {
        self.ears = Some(Ears::new(watch.clone()));
        self
    }

    /// Makes it dishonest.
    pub fn dishonest(mut self, byzantine: Box<dyn Byzantine<E> + Send>) -> Self {
        byzantine.prepare(&mut self.engine);
        self.byzantine = Some(byzantine);
        self
    }

    /// Returns its numbers, which go on changing while it runs.
    pub fn gauges(&self) -> Arc<Gauges> {
        Arc::clone(&self.gauges)
    }

    /// Returns a handle that sends it commands and asks for its status while it runs.
    pub fn commands(&self) -> Commands<E> {
        self.commands.clone()
    }

    /// Returns a view of its log, which can be read while the peer runs, without making it wait.
    pub fn log(&self) -> Reader<E::Durable> {
        self.store.reader()
    }

    /// Returns its engine, which has not handled anything yet.
    pub fn engine(&self) -> &E {
        &self.engine
    }

    /// Takes part in the network over `transport`, until the engine wants to leave or `stop` comes;
    /// then says goodbye. Returns the status of the engine at the end.
    ///
    /// If the future is dropped, the peer vanishes as in a crash: its disk is consistent, and it
    /// sends no goodbye.
    pub async fn run(
        self,
        transport: impl Into<Transport>,
        stop: impl Future<Output = ()>,
    ) -> Result<E::Status, NodeError> {
        // What is logged on the way says of whom it is, since a process may have many peers.
        let span = match self.source.peer() {
            Some(peer) => info_span!("peer", id = %peer),
            None => info_span!("peer"),
        };
        self.go(transport.into(), stop).instrument(span).await
    }

    async fn go(
        mut self,
        mut transport: Transport,
        stop: impl Future<Output = ()>,
    ) -> Result<E::Status, NodeError> {
        tokio::pin!(stop);
        let watching = self.ears.is_some();
        self.tell(E::started(&self.engine.status(), self.left_out, watching));
        while !self.leaving {
            if *self.frozen.borrow() && !self.thaw(&mut stop).await {
                break;
            }
            let wake = self.wake_at();
            let mut frozen = self.frozen.clone();
            tokio::select! {
                biased;
                () = &mut stop => break,
                // An error means that it never will.
                Ok(_) = frozen.wait_for(|is_frozen| *is_frozen) => {}
                Some(answer) = self.answers.recv() => self.on_answer(answer, &transport)?,
                Some(asker) = self.requests.statuses.recv() => self.on_look(asker),
                Some(act) = self.requests.acts.recv() => self.on_act(act, &transport)?,
                () = self.clock.sleep_until(wake) => {
                    self.on_time(&transport)?;
                }
                arrival = transport.next() => match arrival {
                    Some(arrival) => self.on_arrivals(arrival, &mut transport)?,
                    None => return Err(NodeError::TransportEnded),
                },
            }
        }
        self.store.sync()?;
        self.mining.stop();
        self.update_gauges(&transport);
        let unreported = self.refusals.take_rest();
        self.tell_unreported(unreported);
        if let Err(error) = transport.close(GOODBYE).await {
            debug!(%error, "left without a goodbye");
        }
        Ok(self.engine.status())
    }

    /// Stands still until it is to go on, and returns true; or false if it is asked to stop. It can
    /// be looked at meanwhile; a caller that asks it to do something waits.
    async fn thaw(&mut self, stop: &mut (impl Future<Output = ()> + Unpin)) -> bool {
        self.mining.rest();
        let mut frozen = self.frozen.clone();
        let goes_on = loop {
            tokio::select! {
                biased;
                () = &mut *stop => break false,
                // An error means that it will not be frozen again either.
                _ = frozen.wait_for(|is_frozen| !*is_frozen) => break true,
                Some(asker) = self.requests.statuses.recv() => self.on_look(asker),
            }
        };
        self.mining.go_on(self.clock.now());
        goes_on
    }

    /// Returns when there is something to do even if nothing arrives.
    fn wake_at(&self) -> Moment {
        let message = self.seat.as_ref().and_then(Seat::next);
        let others = [self.timers.next(), message, self.mining.wake_at()];
        others.into_iter().flatten().fold(self.tick_at, Moment::min)
    }

    fn on_answer(&mut self, answer: Answer, transport: &Transport) -> Result<(), NodeError> {
        match self.mining.take(answer) {
            Some((search, solution)) => {
                self.handle(vec![Input::Solved { search, solution }], transport)
            }
            None => Ok(()),
        }
    }

    fn on_act(&mut self, act: Act<E>, transport: &Transport) -> Result<(), NodeError> {
        let Act { commands, done } = act;
        self.handle(commands.into_iter().map(Input::Command).collect(), transport)?;
        // The caller may have stopped waiting for the answer.
        let _ = done.send(());
        Ok(())
    }

    fn on_look(&self, asker: oneshot::Sender<Status<E>>) {
        // It may have stopped waiting for the answer.
        let _ = asker.send(self.status());
    }

    fn status(&self) -> Status<E> {
        Status {
            now: self.clock.now(),
            engine: self.engine.status(),
            due: self.timers.running().collect(),
            hashes: self.mining.hashes(),
            received: self.gauges.received(),
            refused: self.gauges.refused(),
        }
    }

    fn on_time(&mut self, transport: &Transport) -> Result<(), NodeError> {
        let now = self.clock.now();
        if now >= self.tick_at {
            self.tick_at = now + TICK;
            self.store.sync()?;
            self.update_gauges(transport);
            let unreported = self.refusals.take_unreported(now);
            self.tell_unreported(unreported);
            self.tell_untold(now);
            if let Some(untold) = self.ears.as_mut().and_then(|ears| ears.take_untold(now)) {
                self.tell(untold);
            }
        }
        self.on_due(transport)?;
        if let Some(answer) = self.mining.advance(now) {
            self.on_answer(answer, transport)?;
        }
        let timers = self.timers.take_over(now).map(Input::Timer).collect();
        self.handle(timers, transport)
    }

    fn update_gauges(&self, transport: &Transport) {
        self.gauges.set_hashes(self.mining.hashes());
        self.gauges.set_lost(transport.lost());
    }

    fn tell_unreported(&self, unreported: Option<u64>) {
        if let Some(count) = unreported {
            self.tell(PeerEvent::further_refused(count));
        }
    }

    /// Hands a batch of inputs to the engine, and carries out its outputs. Entries that the engine
    /// reads from its log are the next batch.
    fn handle(&mut self, mut batch: Vec<Input<E>>, transport: &Transport) -> Result<(), NodeError> {
        self.read_wall_clock(&mut batch);
        while !batch.is_empty() {
            // The row or the block that comes next, which is what a round is about.
            let _round = info_span!("round", number = self.store.next()).entered();
            let mut out = Vec::new();
            for input in batch.drain(..) {
                trace!(?input);
                self.engine.handle(self.clock.now(), input, &mut out);
            }
            self.commit(&out)?;
            let mut has_sent = false;
            for output in out {
                trace!(?output);
                match output {
                    Output::Send { .. } => has_sent = true,
                    Output::Search { .. } => self.mining.begin_at(self.search_at(has_sent)),
                    _ => {}
                }
                batch.extend(self.carry_out(output, transport)?);
            }
        }
        Ok(())
    }

    /// Reads the time of day, and has the engine handle first that it is another than expected.
    fn read_wall_clock(&mut self, batch: &mut Vec<Input<E>>) {
        let reading = Reading::of(self.clock);
        let Some(jump) = self.time_of_day.read(reading) else { return };
        if !jump.slept.is_zero() {
            self.tell(PeerEvent::Slept { seconds: jump.slept.as_secs() });
        }
        if jump.by != 0 {
            self.tell(PeerEvent::ClockSet { by_ms: jump.by });
        }
        batch.insert(0, Input::WallClock(jump.time));
    }

    /// Keeps everything durable of a batch in one transaction, which is on disk when this returns
    /// if any of it must be.
    fn commit(&mut self, out: &[Output<E>]) -> Result<(), NodeError> {
        let durables = out.iter().filter_map(|output| match output {
            Output::Persist(durable) => Some(durable.clone()),
            _ => None,
        });
        let durables: Vec<_> = durables.collect();
        if !durables.is_empty() {
            self.store.commit(&durables)?;
        }
        Ok(())
    }

    /// Carries out one output of a batch whose durable part is kept, and returns what comes back to
    /// the engine at once.
    fn carry_out(
        &mut self,
        output: Output<E>,
        transport: &Transport,
    ) -> Result<Option<Input<E>>, NodeError> {
        match output {
            Output::Persist(durable) => {
                if let Some(observer) = &mut self.observer {
                    observer.committed(&durable, self.mining.work());
                }
            }
            Output::Send { to, message } => self.send(to, message, transport),
            Output::SetTimer { after, timer } => self.timers.set(self.clock.now(), after, timer),
            Output::Search { id, work } => self.mining.start(id, work),
            Output::CancelSearch => self.mining.cancel(),
            Output::Read { from, count } => {
                return Ok(Some(Input::Read(self.store.entries(from, count)?)));
            }
            Output::Event(event) => self.on_event(event),
            Output::Leave => self.leaving = true,
        }
        Ok(None)
    }

    fn on_event(&mut self, event: E::Event) {
        if let Some(byzantine) = &mut self.byzantine {
            byzantine.observe(&event);
        }
        if let Some(observer) = &mut self.observer {
            observer.event(&event);
        }
        if let (Some(ears), Some((peer, ground, reason))) =
            (&self.ears, self.engine.refusal(&event))
        {
            ears.refuse(peer.as_ref(), ground, &reason);
        }
        let event = self.engine.event(event);
        if let Some(ears) = &self.ears {
            ears.note(&event);
        }
        if matches!(event, Event::Peer(PeerEvent::MessageRefused { .. })) {
            self.gauges.count_refused();
            if !self.refusals.count() {
                return;
            }
        }
        self.tell(event);
    }

    fn tell(&self, event: impl Into<Event>) {
        self.source.publish(self.clock.now(), event);
    }
}
