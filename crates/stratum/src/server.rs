//! All connections, the work they are given, and the shares they send.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use althing_ledger::NativeBlock;
use althing_types::Moment;

use crate::gate::{self, Gate};
use crate::interface::{Config, DropReason, Event, Input, Output, SessionId, Worker};
use crate::job::Job;
use crate::session::{Door, Session};

/// How often the caller must send [`Input::Tick`].
pub const TICK: Duration = Duration::from_secs(1);

/// Time within which a connection must have a worker that can be sent work.
pub const NAMELESS_TIME: Duration = Duration::from_secs(5);

/// The maximum number of connections that have no worker yet. They have places of their own, so
/// that they cannot keep those of workers; for one more, another is closed: the oldest of the
/// address that has most.
pub const STRANGERS_MAX: usize = 64;

/// Time within which a share must arrive, if there is work.
pub const IDLE_TIME: Duration = Duration::from_secs(600);

/// All connections and their jobs.
///
/// Feed it what happens, and carry out the outputs in their order.
pub struct Server {
    config: Config,
    gate: Gate,
    sessions: BTreeMap<SessionId, Session>,
    work: Option<Work>,
    last_extranonce: u32,
    summary: Moment,
}

struct Work {
    job: Arc<Job>,
    /// When its time was right.
    since: Moment,
}

impl Work {
    fn time(&self, now: Moment) -> u32 {
        let seconds = u32::try_from((now - self.since).as_secs()).unwrap_or(u32::MAX);
        self.job.block().header.time.saturating_add(seconds)
    }
}

impl Server {
    /// Returns a server without work or connections.
    pub fn new(now: Moment, config: Config) -> Self {
        let gate = Gate::new(config.password.clone());
        let sessions = BTreeMap::new();
        Self { config, gate, sessions, work: None, last_extranonce: 0, summary: now }
    }

    /// Handles one input at the time `now`, and appends what must be done to `out`.
    pub fn handle(&mut self, now: Moment, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Work(block) => self.on_work(now, block, out),
            Input::Connected { session, from } => self.on_connected(now, session, from, out),
            Input::Received { session, bytes } => self.on_received(now, session, &bytes, out),
            Input::Disconnected { session } => {
                if let Some(session) = self.sessions.remove(&session)
                    && session.is_authorized()
                {
                    let (worker, tally) = (session.worker().clone(), session.tally);
                    let workers = self.workers();
                    out.push(Output::Event(Event::WorkerLeft { worker, tally, workers }));
                }
            }
            Input::Stuck { session } => self.end(session, DropReason::NotReading, out),
            Input::Tick => self.on_tick(now, out),
        }
    }

    fn on_work(&mut self, now: Moment, block: Option<Box<NativeBlock>>, out: &mut Vec<Output>) {
        let parent = |work: &Work| work.job.block().header.prev_blockhash;
        let before = self.work.as_ref().map(parent);
        self.work = block.map(|block| Work { job: Arc::new(Job::new(*block)), since: now });
        let is_other_tip = self.work.as_ref().map(parent) != before;
        for session in self.sessions.values_mut() {
            if is_other_tip {
                session.forget_jobs();
            }
            if before.is_none() {
                session.active = now;
            }
        }
        self.keep_busy(now, out);
    }

    fn on_connected(
        &mut self,
        now: Moment,
        id: SessionId,
        from: SocketAddr,
        out: &mut Vec<Output>,
    ) {
        if !self.has_room() {
            let (worker, reason) =
                (Worker { name: String::new(), from }, DropReason::TooManyConnections);
            let (tally, workers) = (crate::Tally::default(), self.workers());
            out.push(Output::Close { session: id });
            out.push(Output::Event(Event::WorkerDropped { worker, tally, workers, reason }));
            return;
        }
        if let Some(other) = self.stranger_to_close() {
            self.end(other, DropReason::TooManyStrangers, out);
        }
        let extranonce = self.free_extranonce();
        let session = Session::new(now, id, from, extranonce, self.config.share_difficulty);
        self.sessions.insert(id, session);
    }

    /// Returns the connection without a worker that has to make room for one more, if there are as
    /// many as may be. Who comes from an address of its own is not shut out by one that has many.
    fn stranger_to_close(&self) -> Option<SessionId> {
        let strangers = || self.sessions.iter().filter(|(_, session)| !session.is_authorized());
        if strangers().count() < STRANGERS_MAX {
            return None;
        }
        let mut of_each = BTreeMap::<IpAddr, (usize, SessionId)>::new();
        for (id, session) in strangers() {
            let address = gate::group(session.worker().from.ip());
            // Ids are given in the order in which they come, so the first is the oldest.
            of_each.entry(address).or_insert((0, *id)).0 += 1;
        }
        let most = of_each.into_values().max_by_key(|(count, oldest)| (*count, Reverse(*oldest)));
        most.map(|(_, oldest)| oldest)
    }

    fn has_room(&self) -> bool {
        self.workers() < self.config.workers_max
    }

    /// Returns the next extranonce that no connection has. Zero is where the peer's own search
    /// begins.
    fn free_extranonce(&mut self) -> u32 {
        loop {
            self.last_extranonce = self.last_extranonce.wrapping_add(1).max(1);
            let mut sessions = self.sessions.values();
            if sessions.all(|session| session.extranonce1() != self.last_extranonce) {
                return self.last_extranonce;
            }
        }
    }

    fn on_received(&mut self, now: Moment, id: SessionId, bytes: &[u8], out: &mut Vec<Output>) {
        let mut door = Door { has_room: self.has_room(), gate: &mut self.gate };
        // The connection may have been closed while bytes were in flight.
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let was_authorized = session.is_authorized();
        let heard = session.hear(now, bytes, &mut door, out);
        if session.is_ready()
            && let Some(work) = &self.work
        {
            session.keep_busy(now, &work.job, work.time(now), out);
        }
        if session.is_authorized() && !was_authorized {
            let worker = session.worker().clone();
            let workers = self.workers();
            out.push(Output::Event(Event::WorkerJoined { worker, workers }));
        }
        if let Err(reason) = heard {
            self.end(id, reason, out);
        }
    }

    fn on_tick(&mut self, now: Moment, out: &mut Vec<Output>) {
        let overdue = |session: &Session| match session.is_ready() {
            false => (now - session.joined >= NAMELESS_TIME).then_some(DropReason::Nameless),
            true if self.work.is_none() => None,
            true => (now - session.active >= IDLE_TIME).then_some(DropReason::Idle),
        };
        let ended: Vec<(SessionId, DropReason)> = self
            .sessions
            .iter()
            .filter_map(|(id, session)| Some((*id, overdue(session)?)))
            .collect();
        for (id, reason) in ended {
            self.end(id, reason, out);
        }
        self.keep_busy(now, out);
        let time = now - self.summary;
        if time >= self.config.summary_time {
            self.summary = now;
            self.sum_up(time, out);
        }
    }

    fn keep_busy(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Some(work) = &self.work else { return };
        for session in self.sessions.values_mut().filter(|session| session.is_ready()) {
            session.keep_busy(now, &work.job, work.time(now), out);
        }
    }

    fn sum_up(&mut self, time: Duration, out: &mut Vec<Output>) {
        for session in self.sessions.values_mut().filter(|session| session.is_authorized()) {
            let hashes = session.tally.hashes - session.hashes_told;
            session.hashes_told = session.tally.hashes;
            let per_second = hashes.saturating_mul(1000) / time.as_millis().max(1);
            out.push(Output::Event(Event::Shares {
                worker: session.worker().clone(),
                tally: session.tally,
                hash_rate: u64::try_from(per_second).unwrap_or(u64::MAX),
                difficulty: session.difficulty(),
            }));
        }
    }

    fn end(&mut self, id: SessionId, reason: DropReason, out: &mut Vec<Output>) {
        let Some(session) = self.sessions.remove(&id) else { return };
        let (worker, tally) = (session.worker().clone(), session.tally);
        let workers = self.workers();
        out.push(Output::Close { session: id });
        out.push(Output::Event(Event::WorkerDropped { worker, tally, workers, reason }));
    }

    fn workers(&self) -> usize {
        self.sessions.values().filter(|session| session.is_authorized()).count()
    }
}
