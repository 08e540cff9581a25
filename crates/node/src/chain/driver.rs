use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use althing_dialect::{ChainDialect, Heard};
use althing_engine::nakamoto::{
    Durable, Event, Identity, Input, Label, Message, Mining as MiningRule, Nakamoto, Output, Timer,
};
use althing_ledger::{Block, Genesis, Template, Tip};
use althing_net::{Arrival, Endpoint};
use althing_pow::Effort;
use althing_store::{Branch, Store};
use althing_types::{Address, Height, UnixTime};
use tokio::sync::{mpsc, watch};
use tracing::{debug, trace};

use super::commands::{Command, Commands, Due, Overview};
use super::identity::identify;
use super::mining::{Answer, Mining};
use super::report::{Happening, Report, Reporter};
use super::submissions::Submissions;
use crate::clock::Clock;
use crate::driver::NodeError;
use crate::refusals::Refusals;
use crate::report::Gauges;
use crate::timers::Timers;

/// What a peer with a chain is made of.
pub struct Setup {
    /// The network it takes part in.
    pub dialect: Arc<dyn ChainDialect>,
    /// What it calls itself, also as a miner.
    pub name: Label,
    /// Whom it turns to when it knows nobody.
    pub contacts: Vec<Address>,
    /// Whether it mines.
    pub mining: MiningRule,
    /// How much of the machine that may take, or nothing: then only others search.
    pub effort: Option<Effort>,
    /// Where others are told what to search for, if any do.
    pub work: Option<watch::Sender<Option<Template>>>,
    /// What it remembers.
    pub store: Store,
    /// The clock of its process.
    pub clock: Clock,
    /// Who is told what happens.
    pub reporter: Reporter,
}

/// One peer with a chain.
pub struct Node {
    dialect: Arc<dyn ChainDialect>,
    engine: Nakamoto,
    endpoint: Endpoint,
    mining_rule: MiningRule,
    mining: Mining,
    answers: mpsc::UnboundedReceiver<Answer>,
    submissions: Submissions,
    /// Keeps the way in open, and is handed out.
    commands: Commands,
    said: mpsc::Receiver<Command>,
    store: Store,
    clock: Clock,
    timers: Timers<Timer>,
    refusals: Refusals,
    reporter: Reporter,
    gauges: Arc<Gauges>,
    started: bool,
    /// Blocks of the store that are not valid any more.
    left_out: u64,
}

/// What a peer has come to when it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Blocks in its chain.
    pub blocks: u64,
    /// The last of them.
    pub tip: Option<Tip>,
}

/// Arrivals that are handled before what they lead to is done: together they are one write.
const ARRIVALS_AT_ONCE: usize = 64;

/// How long a peer takes to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

impl Node {
    /// Returns a peer at `endpoint` that goes on from the chain in its store. All its blocks are
    /// checked again, which takes a while for a long chain.
    pub fn new(setup: Setup, endpoint: Endpoint) -> Result<Self, NodeError> {
        let Setup { dialect, name, contacts, mining, effort, work, mut store, clock, reporter } =
            setup;
        identify(&mut store, &dialect.network())?;
        let identity = Identity {
            address: endpoint.address().clone(),
            name,
            contacts,
            mining,
            entropy: rand::random(),
            started: wall_time_at_start(clock),
        };
        let blocks = recover(&store, &*dialect)?;
        let end = store.heights().end;
        let engine =
            Nakamoto::new(dialect.rules().clone(), identity, dialect.application(), blocks);
        let left_out = end.saturating_sub(engine.ledger().length());
        let (search, answers) = Mining::new(effort, work);
        let (commands, said) = Commands::new();
        Ok(Self {
            dialect,
            engine,
            endpoint,
            mining_rule: mining,
            mining: search,
            answers,
            submissions: Submissions::default(),
            commands,
            said,
            store,
            clock,
            timers: Timers::new(),
            refusals: Refusals::default(),
            reporter,
            gauges: Arc::default(),
            started: false,
            left_out,
        })
    }

    /// Returns its numbers, which go on changing while it runs.
    pub fn gauges(&self) -> Arc<Gauges> {
        Arc::clone(&self.gauges)
    }

    /// Returns a way to tell it what to do while it runs, and to ask it how things stand.
    pub fn commands(&self) -> Commands {
        self.commands.clone()
    }

    /// Takes part in the network until `stop` comes, and says goodbye.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<Summary, NodeError> {
        tokio::pin!(stop);
        let (blocks, left_out) = (self.engine.ledger().length(), self.left_out);
        self.report(Happening::Started { blocks, left_out });
        loop {
            let wake = self.timers.next().unwrap_or(self.clock.now() + Duration::from_secs(1));
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(answer) = self.answers.recv() => self.on_answer(answer)?,
                Some(command) = self.said.recv() => self.on_command(command)?,
                () = tokio::time::sleep_until(self.clock.instant(wake)) => self.on_time()?,
                arrival = self.endpoint.next() => match arrival {
                    Some(arrival) => self.on_arrivals(arrival)?,
                    None => return Err(NodeError::LinkEnded),
                },
            }
        }
        self.mining.cancel();
        self.gauges.set_hashes(self.mining.hashes());
        self.endpoint.close(GOODBYE).await;
        let ledger = self.engine.ledger();
        Ok(Summary { blocks: ledger.length(), tip: ledger.tip() })
    }

    fn on_answer(&mut self, answer: Answer) -> Result<(), NodeError> {
        match self.mining.take(answer) {
            Some((search, nonce)) => self.handle([Input::Solved { search, nonce }]),
            None => Ok(()),
        }
    }

    fn on_command(&mut self, command: Command) -> Result<(), NodeError> {
        // In all cases: whoever asked may have lost patience.
        match command {
            Command::Submit(entries) => {
                let mut inputs = Vec::new();
                for (entry, done) in entries {
                    self.submissions.add(entry.clone(), done);
                    inputs.push(Input::Submit(entry));
                }
                return self.handle(inputs);
            }
            Command::Mined { block } => return self.handle([Input::Mined(Box::new(block))]),
            Command::Entries { done } => {
                let first = match self.dialect.rules().chain.genesis {
                    Genesis::Given(_) => Height::GENESIS.next(),
                    Genesis::Mined(_) => Height::GENESIS,
                };
                let blocks = self.engine.ledger().blocks_from(first);
                let entries = |block: &Block| {
                    let height = block.height();
                    block.entries().iter().map(|entry| (height, entry.clone())).collect::<Vec<_>>()
                };
                let _ = done.send(blocks.flat_map(entries).collect());
            }
            Command::Overview { done } => {
                let _ = done.send(self.overview());
            }
        }
        Ok(())
    }

    fn overview(&self) -> Overview {
        let ledger = self.engine.ledger();
        Overview {
            now: self.clock.now(),
            address: self.endpoint.address().clone(),
            tip: ledger.tip(),
            blocks: ledger.length(),
            peers: self.engine.peers().cloned().collect(),
            mining: self.mining_rule,
            searching: self.mining.height(),
            due: self.timers.running().map(|(at, timer)| Due { at, timer: *timer }).collect(),
        }
    }

    fn on_time(&mut self) -> Result<(), NodeError> {
        let now = self.clock.now();
        self.gauges.set_hashes(self.mining.hashes());
        if let Some(count) = self.refusals.take_unreported(now) {
            self.report(Happening::FurtherRefused { count });
        }
        while let Some(timer) = self.timers.take_over(now) {
            self.handle([Input::Timer(timer)])?;
        }
        Ok(())
    }

    /// Handles what has arrived, and what else is there already.
    fn on_arrivals(&mut self, first: Arrival) -> Result<(), NodeError> {
        let mut inputs = Vec::new();
        let mut arrival = Some(first);
        while let Some(arrived) = arrival {
            inputs.extend(self.input(arrived));
            arrival = (inputs.len() < ARRIVALS_AT_ONCE).then(|| self.endpoint.try_next()).flatten();
        }
        self.handle(inputs)
    }

    /// Returns what an arrival is to the engine, if it is anything.
    fn input(&mut self, arrival: Arrival) -> Option<Input> {
        match arrival {
            Arrival::Up => {
                self.report(Happening::Connected);
                let is_first = !std::mem::replace(&mut self.started, true);
                return is_first.then_some(Input::Start);
            }
            Arrival::Down { reason } => self.report(Happening::Disconnected { reason }),
            Arrival::Peers(peers) => return Some(Input::Peers(peers)),
            Arrival::Datagram { from, payload } => {
                self.gauges.count_received();
                let Heard { signer, said } = self.dialect.decode(&payload);
                match said {
                    Ok(message) => return Some(Input::Message { from, signer, message }),
                    Err(malformed) => {
                        self.refuse(from, malformed.to_string());
                        return signer.map(|signer| Input::Malformed { signer });
                    }
                }
            }
            Arrival::Oversized { from, bytes } => {
                self.refuse(from, format!("{bytes} bytes are more than a message may have"));
            }
        }
        None
    }

    fn refuse(&mut self, from: Address, reason: String) {
        self.gauges.count_refused();
        if self.refusals.count() {
            self.report(Happening::Malformed { from, reason });
        }
    }

    /// Hands `inputs` to the engine, and carries out what it answers: first everything that must
    /// be durable, in one write, and then the rest.
    fn handle(&mut self, inputs: impl IntoIterator<Item = Input>) -> Result<(), NodeError> {
        let mut out = Vec::new();
        for input in inputs {
            trace!(?input);
            self.engine.handle(self.clock.now(), input, &mut out);
        }
        let durables = out.iter().filter_map(|output| match output {
            Output::Persist(durable) => Some(self.branch(durable)),
            _ => None,
        });
        let branches: Vec<Branch> = durables.collect();
        if !branches.is_empty() {
            self.store.commit_chain(&branches)?;
        }
        for output in out {
            trace!(?output);
            self.carry_out(output);
        }
        Ok(())
    }

    fn branch(&self, durable: &Durable) -> Branch {
        let encoded = |block| self.dialect.encode_block(block);
        Branch { from: durable.from, blocks: durable.blocks.iter().map(encoded).collect() }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            // It is on disk; now those are told who wait for it.
            Output::Persist(Durable { blocks, .. }) => {
                self.submissions.joined(&blocks, self.mining.entries());
            }
            Output::Send { to, message } => self.send(&to, &message),
            Output::SetTimer { after, timer } => self.timers.set(self.clock.now(), after, timer),
            Output::Mine { search, template } => self.mining.start(search, *template),
            Output::CancelMining => self.mining.stop(),
            Output::Event(event) => self.on_event(event),
        }
    }

    fn send(&self, to: &Address, message: &Message) {
        match self.dialect.encode(message) {
            Some(payload) => self.endpoint.sender().send(to, payload),
            None => debug!(?message, "the network has no such message"),
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
            Event::EntryRefused { entry, reason } => self.submissions.refused(entry, reason),
            _ => {}
        }
        self.report(Happening::Engine(event));
    }

    fn report(&mut self, happening: Happening) {
        let peer = self.endpoint.address().clone();
        (self.reporter)(Report { at: self.clock.now(), peer, happening });
    }
}

/// Returns the blocks in `store`, up to the first that does not decode.
fn recover(store: &Store, dialect: &dyn ChainDialect) -> Result<Vec<Block>, NodeError> {
    let mut blocks = Vec::new();
    for kept in store.blocks() {
        let (height, bytes) = kept?;
        match dialect.decode_block(&bytes) {
            Ok(block) => blocks.push(block),
            Err(malformed) => {
                debug!(%height, %malformed, "the rest of the chain is fetched anew");
                break;
            }
        }
    }
    Ok(blocks)
}

/// Returns what the clock on the wall showed when `clock` started.
fn wall_time_at_start(clock: Clock) -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_seconds(since_1970.saturating_sub(clock.now().since_start()).as_secs())
}
