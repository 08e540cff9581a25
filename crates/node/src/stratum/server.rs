//! The socket that miners connect to, and what is done about each.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use althing_engine::nakamoto::{Command, Nakamoto};
use althing_feed::{MinersEvent, Source};
use althing_ledger::Block;
use althing_stratum::{Config, Event, Input, Output, STRANGERS_MAX, Server, SessionId, TICK};
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::{debug, trace};

use super::connection::{MESSAGES_MAX, serve};
use crate::chain::Work;
use crate::clock::Clock;
use crate::commands::{Commands, HasLeft};
use crate::limit::Limit;

/// Things heard that wait for the server; a connection with more waits as well.
const HEARD_MAX: usize = 64;

/// Connections that are about to end, beside those that are served.
const ENDING_MAX: usize = 64;

/// Workers that are told of as they come and go, in a second.
const MOVES_MAX: u32 = 20;

/// Time before connections are accepted again when there was no room for one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The parts of a server.
pub struct Setup {
    /// The address at which it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How miners are served.
    pub config: Config,
    /// The peer's current search, which the miners take over.
    pub work: watch::Receiver<Option<Work>>,
    /// The peer that is handed their blocks.
    pub commands: Commands<Nakamoto>,
    /// The clock of its process.
    pub clock: Clock,
    /// The source with which the events of miners are published.
    pub source: Source,
}

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen for miners at TCP port {address}: {reason}; choose another with --stratum")]
pub struct StartError {
    /// The address at which it was to listen.
    address: SocketAddr,
    /// The error of the operating system.
    reason: io::Error,
}

/// A running server. When it is dropped it ends, a moment later; [`Stratum::stop`] waits for that.
#[derive(Debug)]
pub struct Stratum(JoinHandle<()>);

impl Stratum {
    /// Starts a server.
    pub async fn start(setup: Setup) -> Result<Self, StartError> {
        let address = setup.listen;
        let failed = |reason| StartError { address, reason };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let reception = Reception::new(setup);
        reception.tell(MinersEvent::ListeningForMiners { address });
        Ok(Self(tokio::spawn(reception.run(listener))))
    }

    /// Ends the server and all connections.
    pub async fn stop(mut self) {
        self.0.abort();
        // It ends as it was told, or has ended because the peer has left.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Stratum {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Accepts connections, and carries out the outputs of the protocol.
struct Reception {
    server: Server,
    workers_max: usize,
    work: watch::Receiver<Option<Work>>,
    commands: Commands<Nakamoto>,
    clock: Clock,
    source: Source,
    moves: Limit,
    /// The way to each miner.
    sessions: BTreeMap<SessionId, mpsc::Sender<String>>,
    connections: JoinSet<()>,
    last_session: u64,
    /// Is handed to each connection.
    hear: mpsc::Sender<Input>,
    heard: mpsc::Receiver<Input>,
}

impl Reception {
    fn new(setup: Setup) -> Self {
        let Setup { listen: _, config, work, commands, clock, source } = setup;
        let (hear, heard) = mpsc::channel(HEARD_MAX);
        Self {
            workers_max: config.workers_max,
            server: Server::new(clock.now(), config),
            work,
            commands,
            clock,
            source,
            moves: Limit::new(MOVES_MAX),
            sessions: BTreeMap::new(),
            connections: JoinSet::new(),
            last_session: 0,
            hear,
            heard,
        }
    }

    /// Serves until the peer leaves.
    async fn run(mut self, listener: TcpListener) {
        self.work.mark_changed();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let done = select! {
                changed = self.work.changed() => match changed {
                    Ok(()) => self.on_work().await,
                    Err(_) => Err(HasLeft),
                },
                _ = ticks.tick() => self.on_tick().await,
                Some(input) = self.heard.recv() => self.on_heard(input).await,
                (stream, from) = accept(&listener) => self.on_accepted(stream, from).await,
            };
            if done.is_err() {
                return;
            }
        }
    }

    async fn on_work(&mut self) -> Result<(), HasLeft> {
        let block = {
            let template = self.work.borrow_and_update();
            template.as_ref().and_then(|template| template.native()).cloned()
        };
        self.handle(Input::Work(block.map(Box::new))).await
    }

    async fn on_tick(&mut self) -> Result<(), HasLeft> {
        while self.connections.try_join_next().is_some() {}
        if let Some(count) = self.moves.take_unreported(self.clock.now()) {
            self.tell(MinersEvent::WorkersMoved { count });
        }
        self.handle(Input::Tick).await
    }

    async fn on_heard(&mut self, input: Input) -> Result<(), HasLeft> {
        if let Input::Disconnected { session } = &input {
            self.sessions.remove(session);
        }
        self.handle(input).await
    }

    async fn on_accepted(&mut self, stream: TcpStream, from: SocketAddr) -> Result<(), HasLeft> {
        while self.connections.try_join_next().is_some() {}
        if self.connections.len() >= self.workers_max.saturating_add(STRANGERS_MAX + ENDING_MAX) {
            debug!(%from, "more connections than can be told so");
            return Ok(());
        }
        // Shares and jobs are short, and wanted at once.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%from, %error, "the connection has ended already");
            return Ok(());
        }
        self.last_session += 1;
        let session = SessionId(self.last_session);
        let (sender, messages) = mpsc::channel(MESSAGES_MAX);
        self.sessions.insert(session, sender);
        self.connections.spawn(serve(stream, session, self.hear.clone(), messages));
        self.handle(Input::Connected { session, from }).await
    }

    /// Hands `input` to the protocol, and carries out what it answers.
    async fn handle(&mut self, input: Input) -> Result<(), HasLeft> {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            trace!(?input);
            let mut out = Vec::new();
            self.server.handle(self.clock.now(), input, &mut out);
            let mut outputs = out.into_iter().peekable();
            while let Some(output) = outputs.next() {
                match output {
                    Output::Send { to, mut lines } => {
                        while let Some(Output::Send { lines: more, .. }) =
                            outputs.next_if(|next| is_to(next, to))
                        {
                            lines.push_str(&more);
                        }
                        inputs.extend(self.send(to, lines));
                    }
                    Output::Close { session } => drop(self.sessions.remove(&session)),
                    Output::Found(block) => {
                        let block = Box::new(Block::Native(*block));
                        self.commands.send(Command::Mined(block)).await?;
                    }
                    Output::Event(event) => self.on_event(event),
                }
            }
        }
        Ok(())
    }

    /// Sends lines, and returns what there is to be said if the miner does not take them.
    fn send(&self, session: SessionId, lines: String) -> Option<Input> {
        match self.sessions.get(&session)?.try_send(lines) {
            Err(mpsc::error::TrySendError::Full(_)) => Some(Input::Stuck { session }),
            // Its end is on the way.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => None,
        }
    }

    fn on_event(&mut self, event: Event) {
        let is_move = !matches!(event, Event::BlockFound { .. } | Event::Shares { .. });
        if !is_move || self.moves.count() {
            self.tell(event);
        }
    }

    fn tell(&self, event: impl Into<althing_feed::Event>) {
        self.source.publish(self.clock.now(), event);
    }
}

fn is_to(output: &Output, session: SessionId) -> bool {
    matches!(output, Output::Send { to, .. } if *to == session)
}

/// Returns the next connection.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                debug!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
