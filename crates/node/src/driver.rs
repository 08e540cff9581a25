use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::{BadSecret, Dialect, Received};
use althing_engine::rounds::{
    Durable, Event, Identity, Input, Output, Rounds, Sealed, Seat, Timer,
};
use althing_net::{Incident, Link};
use althing_pow::{Answers, Effort};
use althing_store::{Store, StoreError};
use althing_types::{Moment, PeerId, Transaction};
use tokio::sync::mpsc;
use tracing::{debug, trace};

use crate::clock::Clock;
use crate::commands::{Command, Commands};
use crate::identity::identify;
use crate::mining::{Answer, Mining};
use crate::refusals::Refusals;
use crate::report::{Gauges, Happening, Report, Reporter};
use crate::timers::Timers;

/// What a peer is made of.
pub struct Setup {
    /// The network it takes part in.
    pub dialect: Arc<dyn Dialect>,
    /// Whether it takes part or watches.
    pub seat: Seat,
    /// What it remembers.
    pub store: Store,
    /// What its search may take.
    pub effort: Effort,
    /// Whether it answers a challenge with what solved an earlier one, where that is possible: see
    /// [`Answers`].
    pub answer_cache: bool,
    /// The clock of its process.
    pub clock: Clock,
    /// Who is told what happens.
    pub reporter: Reporter,
}

/// One peer.
pub struct Node {
    me: PeerId,
    dialect: Arc<dyn Dialect>,
    engine: Rounds,
    store: Store,
    clock: Clock,
    timers: Timers<Timer>,
    mining: Mining,
    answers: mpsc::UnboundedReceiver<Answer>,
    /// Keeps the way in open, and is handed out.
    commands: Commands,
    said: mpsc::Receiver<Command>,
    refusals: Refusals,
    reporter: Reporter,
    gauges: Arc<Gauges>,
    started: bool,
    /// When to leave, once the rows asked for are recorded.
    leave_at: Option<Moment>,
}

/// What a peer has come to when it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Rows in its table.
    pub rows: Transaction,
}

/// Why a peer cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// What must be durable cannot be made so.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the store remembers is of another network.
    #[error(
        "the data are of a peer of another network ({theirs}), and this one is {ours}; use \
         another --data directory, or the options of that network"
    )]
    OtherNetwork {
        /// The store's.
        theirs: String,
        /// The one to take part in.
        ours: String,
    },
    /// What the store remembers to sign with is no secret of this network.
    #[error("the data are damaged: {0}; use another --data directory")]
    BadSecret(#[from] BadSecret),
    /// The link has ended for good.
    #[error("the connection has ended for good")]
    LinkEnded,
}

/// How long a peer that has all rows stays for those who lack some. It leaves sooner when it
/// knows that all others have them too.
const LINGER: Duration = Duration::from_secs(5);

/// How long a peer takes to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

impl Node {
    /// Returns a peer that is who its store says, or somebody new.
    pub fn new(setup: Setup) -> Result<Self, NodeError> {
        let Setup { dialect, seat, mut store, effort, answer_cache, clock, reporter } = setup;
        let known = identify(&mut store, &*dialect)?;
        if known.network != dialect.network() {
            return Err(NodeError::OtherNetwork {
                theirs: known.network.clone(),
                ours: dialect.network(),
            });
        }
        let identity = Identity {
            id: known.peer,
            seat,
            entropy: rand::random(),
            authenticator: dialect.authenticator(known.secret.bytes())?,
        };
        let engine = Rounds::new(dialect.rules().clone(), identity, store.recovered()?);
        let answers_known = answer_cache.then(|| Answers::new(dialect.rules().puzzle));
        let (mut mining, answers) = Mining::new(effort, answers_known);
        for row in store.rows() {
            mining.learn(&row?.record.seed);
        }
        let (commands, said) = Commands::new();
        Ok(Self {
            me: known.peer,
            dialect,
            engine,
            store,
            clock,
            timers: Timers::new(),
            mining,
            answers,
            commands,
            said,
            refusals: Refusals::default(),
            reporter,
            gauges: Arc::default(),
            started: false,
            leave_at: None,
        })
    }

    /// Returns its name in the network.
    pub fn id(&self) -> PeerId {
        self.me
    }

    /// Returns its numbers, which go on changing while it runs.
    pub fn gauges(&self) -> Arc<Gauges> {
        Arc::clone(&self.gauges)
    }

    /// Returns a way to tell it what to do while it runs.
    pub fn commands(&self) -> Commands {
        self.commands.clone()
    }

    /// Takes part in the network over `link`, until the rows asked for are recorded or `stop`
    /// comes, and says goodbye.
    pub async fn run(
        mut self,
        mut link: Link,
        stop: impl Future<Output = ()>,
    ) -> Result<Summary, NodeError> {
        tokio::pin!(stop);
        self.report(Happening::Started { rows: self.store.next() });
        loop {
            let now = self.clock.now();
            if self.leave_at.is_some_and(|moment| moment <= now) {
                break;
            }
            let wake = [self.timers.next(), self.leave_at].into_iter().flatten().min();
            let wake = wake.unwrap_or(now + Duration::from_secs(1));
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(answer) = self.answers.recv() => self.on_answer(answer, &link)?,
                Some(command) = self.said.recv() => self.on_command(command, &link)?,
                () = tokio::time::sleep_until(self.clock.instant(wake)) => self.on_time(&link)?,
                incident = link.next() => match incident {
                    Some(incident) => self.on_incident(incident, &link)?,
                    None => return Err(NodeError::LinkEnded),
                },
            }
        }
        self.mining.cancel();
        self.gauges.set_hashes(self.mining.hashes());
        if let Err(error) = link.close(GOODBYE).await {
            debug!(%error, "left without a goodbye");
        }
        Ok(Summary { rows: self.store.next() })
    }

    fn on_answer(&mut self, answer: Answer, link: &Link) -> Result<(), NodeError> {
        match self.mining.take(answer) {
            Some((transaction, seed)) => self.handle(Input::Solved { transaction, seed }, link),
            None => Ok(()),
        }
    }

    fn on_command(&mut self, command: Command, link: &Link) -> Result<(), NodeError> {
        match command {
            Command::Issue { difficulty, done } => {
                self.handle(Input::Issue(difficulty), link)?;
                // Whoever said it may have lost patience.
                let _ = done.send(());
            }
        }
        Ok(())
    }

    fn on_time(&mut self, link: &Link) -> Result<(), NodeError> {
        let now = self.clock.now();
        self.gauges.set_hashes(self.mining.hashes());
        if let Some(count) = self.refusals.take_unreported(now) {
            self.report(Happening::FurtherRefused { count });
        }
        while let Some(timer) = self.timers.take_over(now) {
            self.handle(Input::Timer(timer), link)?;
        }
        Ok(())
    }

    fn on_incident(&mut self, incident: Incident, link: &Link) -> Result<(), NodeError> {
        match incident {
            Incident::Up => {
                self.report(Happening::Connected);
                if !std::mem::replace(&mut self.started, true) {
                    self.handle(Input::Start, link)?;
                    self.leave_if_complete(self.store.next());
                }
            }
            Incident::Down { reason } => self.report(Happening::Disconnected { reason }),
            Incident::Message { topic, payload } => {
                self.gauges.count_received();
                match self.dialect.decode(&topic, &payload) {
                    Ok(Received::Message(sealed)) => self.handle(Input::Message(sealed), link)?,
                    Ok(Received::Lost(peer)) => self.handle(Input::Lost(peer), link)?,
                    Ok(Received::Nothing) => {}
                    Err(malformed) => self.refuse(&topic, malformed.to_string()),
                }
            }
            Incident::Oversized { topic, bytes } => {
                self.refuse(&topic, format!("{bytes} bytes are more than a message may have"));
            }
        }
        Ok(())
    }

    fn refuse(&mut self, topic: &str, reason: String) {
        self.gauges.count_refused();
        if self.refusals.count() {
            self.report(Happening::Malformed { topic: topic.to_owned(), reason });
        }
    }

    /// Hands `input` to the engine and carries out what it answers.
    fn handle(&mut self, input: Input, link: &Link) -> Result<(), NodeError> {
        trace!(?input);
        let mut out = Vec::new();
        self.engine.handle(self.clock.now(), input, &mut out);
        // What becomes durable in one go is one write.
        let mut durables = Vec::new();
        for output in out {
            trace!(?output);
            match output {
                Output::Persist(durable) => durables.push(durable),
                other => {
                    self.commit(&mut durables)?;
                    self.carry_out(other, link)?;
                }
            }
        }
        self.commit(&mut durables)
    }

    fn commit(&mut self, durables: &mut Vec<Durable>) -> Result<(), NodeError> {
        if !durables.is_empty() {
            self.store.commit(durables)?;
            durables.clear();
        }
        Ok(())
    }

    fn carry_out(&mut self, output: Output, link: &Link) -> Result<(), NodeError> {
        match output {
            Output::Persist(_) => unreachable!("what is durable is committed before"),
            Output::Broadcast(sealed) => self.broadcast(&sealed, link),
            Output::SetTimer { after, timer } => self.timers.set(self.clock.now(), after, timer),
            Output::Mine { transaction, puzzle, difficulty } => {
                self.mining.start(transaction, puzzle, difficulty);
            }
            Output::CancelMining => self.mining.cancel(),
            Output::Recall { from, count } => {
                let records = self.store.records(from, count)?;
                self.handle(Input::Recalled(records), link)?;
            }
            Output::Event(event) => self.on_event(event),
        }
        Ok(())
    }

    fn broadcast(&self, sealed: &Sealed, link: &Link) {
        let wires = self.dialect.encode(sealed);
        if wires.is_empty() {
            debug!(?sealed, "the network has no such message");
        }
        for wire in wires {
            link.publisher().publish(wire.topic, wire.payload);
        }
    }

    fn on_event(&mut self, event: Event) {
        match &event {
            Event::MessageRefused { .. } => {
                self.gauges.count_refused();
                if !self.refusals.count() {
                    return;
                }
            }
            Event::SolutionFound { seed, .. } => self.mining.learn(seed),
            Event::RoundDecided(certified) => {
                self.mining.learn(&certified.record.seed);
                self.leave_if_complete(certified.record.transaction.next());
            }
            Event::AllRecorded => self.leave_at = Some(self.clock.now()),
            _ => {}
        }
        self.report(Happening::Engine(event));
    }

    /// Sets the time to leave once the table has the `rows` it was asked for.
    fn leave_if_complete(&mut self, rows: Transaction) {
        if self.dialect.rules().rounds.is_some_and(|rounds| rows >= rounds) {
            self.leave_at = Some(self.clock.now() + LINGER);
        }
    }

    fn report(&mut self, happening: Happening) {
        (self.reporter)(Report { at: self.clock.now(), peer: self.me, happening });
    }
}
