//! The loop that runs a peer: it waits for the next input of any kind, hands it to the engine, and
//! carries out the engine's outputs.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::{BadSecret, Codec, Content};
use althing_engine::{Engine, Input, Output, Recipient};
use althing_feed::{Event, Observed, PeerEvent, Source};
use althing_net::{Arrival, Transport};
use althing_pow::Parallelism;
use althing_store::{Reader, Store, StoreError};
use althing_types::{Channel, Moment};
use tokio::sync::{mpsc, watch};
use tracing::{debug, trace};

use crate::clock::{Clock, Reading, TimeOfDay};
use crate::commands::{Commands, Request, Status};
use crate::gauges::Gauges;
use crate::mining::{Answer, Mining};
use crate::observer::Observer;
use crate::pacing::Outbox;
use crate::refusals::Refusals;
use crate::timers::Timers;

/// The parts of a peer. [`rounds::open`](crate::rounds::open) and
/// [`chain::open`](crate::chain::open) put the parts together for the networks that we speak.
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
/// reported that a crash could undo.
#[must_use]
pub struct Node<E: Engine> {
    codec: Arc<dyn Codec<Engine = E>>,
    engine: E,
    store: Store<E::Durable>,
    clock: Clock,
    time_of_day: TimeOfDay,
    timers: Timers<E::Timer>,
    /// Its messages on their way, where the clock has a pace.
    outbox: Option<Outbox>,
    mining: Mining<E::Work>,
    answers: mpsc::UnboundedReceiver<Answer>,
    /// Keeps the channel open, and is handed out.
    commands: Commands<E>,
    requests: mpsc::Receiver<Request<E>>,
    observer: Option<Box<dyn Observer<E>>>,
    refusals: Refusals,
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
    /// The secret in the store is not one that this network can use.
    #[error("the data are damaged: {0}; use another --data directory")]
    BadSecret(#[from] BadSecret),
    /// The transport has ended, and does not come back.
    #[error("the connection has ended for good")]
    TransportEnded,
}

/// Most arrivals that are handled as one batch, with one write.
const BATCH_MAX: usize = 64;

/// How often the gauges are brought up to date, and refused messages beyond the limit of events
/// reported as a count. This goes by the clock, since an engine may set no timers for a long time.
const TICK: Duration = Duration::from_millis(500);

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
            outbox: pacing.map(Outbox::new),
            mining,
            answers,
            commands,
            requests,
            observer,
            refusals: Refusals::default(),
            source,
            gauges: Arc::default(),
            left_out,
            started: false,
            leaving: false,
            tick_at: clock.now(),
        }
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
        mut self,
        transport: impl Into<Transport>,
        stop: impl Future<Output = ()>,
    ) -> Result<E::Status, NodeError> {
        let mut transport = transport.into();
        tokio::pin!(stop);
        self.tell(E::started(&self.engine.status(), self.left_out));
        while !self.leaving {
            let wake = self.wake_at();
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(answer) = self.answers.recv() => self.on_answer(answer, &transport)?,
                Some(request) = self.requests.recv() => self.on_request(request, &transport)?,
                () = self.clock.sleep_until(wake) => {
                    self.on_time(&transport)?;
                }
                arrival = transport.next() => match arrival {
                    Some(arrival) => self.on_arrivals(arrival, &mut transport)?,
                    None => return Err(NodeError::TransportEnded),
                },
            }
        }
        self.mining.stop();
        self.deliver(Moment::from_start(Duration::MAX), &transport);
        self.update_gauges(&transport);
        let unreported = self.refusals.take_rest();
        self.tell_unreported(unreported);
        if let Err(error) = transport.close(GOODBYE).await {
            debug!(%error, "left without a goodbye");
        }
        Ok(self.engine.status())
    }

    /// Returns when there is something to do even if nothing arrives.
    fn wake_at(&self) -> Moment {
        let outbox = self.outbox.as_ref().and_then(Outbox::next);
        let others = [self.timers.next(), outbox, self.mining.wake_at()];
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

    fn on_request(&mut self, request: Request<E>, transport: &Transport) -> Result<(), NodeError> {
        // The requester may have stopped waiting for the answer.
        match request {
            Request::Act { commands, done } => {
                self.handle(commands.into_iter().map(Input::Command).collect(), transport)?;
                let _ = done.send(());
            }
            Request::Status(done) => drop(done.send(self.status())),
        }
        Ok(())
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
            self.update_gauges(transport);
            let unreported = self.refusals.take_unreported(now);
            self.tell_unreported(unreported);
        }
        self.deliver(now, transport);
        if let Some(answer) = self.mining.advance(now) {
            self.on_answer(answer, transport)?;
        }
        let timers = self.timers.take_over(now).map(Input::Timer).collect();
        self.handle(timers, transport)
    }

    /// Hands over the messages that were on their way until now.
    fn deliver(&mut self, now: Moment, transport: &Transport) {
        while let Some(wire) = self.outbox.as_mut().and_then(|outbox| outbox.take(now)) {
            transport.send(&wire.to, wire.payload);
        }
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

    /// Handles an arrival, together with others that are already waiting.
    fn on_arrivals(&mut self, first: Arrival, transport: &mut Transport) -> Result<(), NodeError> {
        let mut inputs: Vec<Input<E>> = self.input(first).into_iter().collect();
        // Arrivals beyond this batch stay with the transport, for the next one.
        for _ in 1..BATCH_MAX {
            let Some(arrival) = transport.try_next() else { break };
            inputs.extend(self.input(arrival));
        }
        self.handle(inputs, transport)
    }

    /// Returns the input that an arrival is for the engine, if it is one.
    fn input(&mut self, arrival: Arrival) -> Option<Input<E>> {
        match arrival {
            Arrival::Up => {
                self.tell(PeerEvent::Connected {});
                let is_first = !std::mem::replace(&mut self.started, true);
                Some(if is_first { Input::Start } else { Input::Interrupted })
            }
            Arrival::Down { reason } => {
                self.tell(PeerEvent::Disconnected { reason });
                None
            }
            Arrival::Peers(peers) => Some(Input::Peers(peers)),
            Arrival::Received { from: channel, payload } => {
                self.gauges.count_received();
                let received = self.codec.decode(&channel, &payload);
                match received.content {
                    Ok(Content::Message(message)) => {
                        Some(Input::Message { from: received.from, message })
                    }
                    Ok(Content::PeerLost(peer)) => Some(Input::PeerLost(peer)),
                    Ok(Content::Overheard(overheard)) => Some(Input::Overheard(overheard)),
                    Ok(Content::Nothing) => None,
                    Err(malformed) => {
                        self.refuse(&channel, malformed.to_string());
                        Some(Input::Malformed(received.from))
                    }
                }
            }
            Arrival::Oversized { from, bytes } => {
                self.refuse(&from, format!("{bytes} bytes are more than a message may have"));
                None
            }
        }
    }

    fn refuse(&mut self, from: &Channel, reason: String) {
        self.gauges.count_refused();
        if self.refusals.count() {
            self.tell(PeerEvent::refused_from(from, reason));
        }
    }

    /// Hands a batch of inputs to the engine, and carries out its outputs. Entries that the engine
    /// reads from its log are the next batch.
    fn handle(&mut self, mut batch: Vec<Input<E>>, transport: &Transport) -> Result<(), NodeError> {
        self.read_wall_clock(&mut batch);
        while !batch.is_empty() {
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

    /// Puts everything durable of a batch on disk, in one transaction.
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

    /// Carries out one output of a batch whose durable part is on disk, and returns what comes back
    /// to the engine at once.
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
            Output::Send { to, message } => self.send(&to, &message, transport),
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

    /// Returns when a search begins. A peer that asks all for a solution neither knows of the
    /// challenge before the others, nor takes its own solution up before it would theirs: where
    /// messages are on their way for long, it begins as much later.
    fn search_at(&self, has_sent: bool) -> Moment {
        let now = self.clock.now();
        let outbox = self.outbox.as_ref().filter(|_| has_sent);
        outbox.and_then(|outbox| Some(outbox.last()? + outbox.mean_latency())).unwrap_or(now)
    }

    fn send(&mut self, to: &Recipient, message: &E::Message, transport: &Transport) {
        let wires = self.codec.encode(to, message);
        if wires.is_empty() {
            debug!(?message, "the network has no such message");
        }
        let now = self.clock.now();
        for wire in wires {
            let wire = match &mut self.outbox {
                Some(outbox) => outbox.send(now, wire),
                None => Some(wire),
            };
            if let Some(wire) = wire {
                transport.send(&wire.to, wire.payload);
            }
        }
    }

    fn on_event(&mut self, event: E::Event) {
        if let Some(observer) = &mut self.observer {
            observer.event(&event);
        }
        let event = E::event(event);
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
