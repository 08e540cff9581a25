//! One connection: its worker, the jobs that it was sent, and the shares that it has submitted.

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use althing_types::{BlockHash, Moment};
use serde_json::{Map, Value, json};

use crate::allowance::Allowance;
use crate::difficulty::ShareDifficulty;
use crate::fault::{Fault, WORKER_CHARS_MAX};
use crate::gate::Gate;
use crate::interface::{DropReason, Event, Output, SessionId, Tally, Worker};
use crate::job::Job;
use crate::lines::LineReader;
use crate::request::{Call, Request, Submission, VERSION_ROLLING, VERSION_ROLLING_MASK};
use crate::vardiff::Vardiff;

/// The bits of the version that miners may change: those that BIP 320 leaves to them. A job has
/// none of them set, so it does not matter whether a miner sends them or what it has changed.
pub const VERSION_MASK: u32 = 0x1fff_e000;

/// A connection is closed when it has this many more faults than accepted shares.
pub const FAULTS_MAX: u32 = 32;

/// How many jobs of one tip are kept; shares of older ones are not counted.
pub const JOBS_MAX: usize = 32;

/// How many shares of one tip are remembered, so that each counts only once.
pub const SHARES_MAX: usize = 4096;

/// Time after which a miner is sent a job with other entries at the same height.
pub const ENTRIES_TIME: Duration = Duration::from_secs(5);

/// Time after which a miner is sent the same job again, with a later time: some miners take a
/// server for dead when it is silent for two minutes.
pub const REPEAT_TIME: Duration = Duration::from_secs(30);

/// How many seconds the time in a header may be after that of its job.
pub const TIME_ROLL_MAX: u32 = 600;

pub(crate) struct Session {
    id: SessionId,
    worker: Worker,
    extranonce1: u32,
    reader: LineReader,
    allowance: Allowance,
    faults: u32,
    is_subscribed: bool,
    /// The bits of the version that it may change.
    version_mask: u32,
    pub(crate) joined: Moment,
    /// When its last share arrived, or when it was first able to send one.
    pub(crate) active: Moment,
    vardiff: Vardiff,
    jobs: VecDeque<Sent>,
    /// The jobs that it has been sent.
    names: u64,
    sent_at: Moment,
    /// The share difficulty that it was last sent.
    told: Option<ShareDifficulty>,
    shares: RecentShares,
    pub(crate) tally: Tally,
    /// The number of hashes at the last summary.
    pub(crate) hashes_told: u128,
}

/// A job as it was sent to one miner.
struct Sent {
    name: String,
    job: Arc<Job>,
    time: u32,
    difficulty: ShareDifficulty,
}

/// The way from a connection to a worker.
pub(crate) struct Door<'a> {
    pub(crate) gate: &'a mut Gate,
    /// Whether there is room for one more worker.
    pub(crate) has_room: bool,
}

/// The hashes of recent shares.
#[derive(Default)]
struct RecentShares {
    order: VecDeque<BlockHash>,
    all: BTreeSet<BlockHash>,
}

impl RecentShares {
    /// Adds a share, and returns whether it is new.
    fn add(&mut self, hash: BlockHash) -> bool {
        if !self.all.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > SHARES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
        true
    }
}

impl Session {
    pub(crate) fn new(
        now: Moment,
        id: SessionId,
        from: SocketAddr,
        extranonce1: u32,
        difficulty: ShareDifficulty,
    ) -> Self {
        Self {
            id,
            worker: Worker { name: String::new(), from },
            extranonce1,
            reader: LineReader::default(),
            allowance: Allowance::new(now),
            faults: 0,
            is_subscribed: false,
            version_mask: 0,
            joined: now,
            active: now,
            vardiff: Vardiff::new(now, difficulty),
            jobs: VecDeque::new(),
            names: 0,
            sent_at: now,
            told: None,
            shares: RecentShares::default(),
            tally: Tally::default(),
            hashes_told: 0,
        }
    }

    pub(crate) fn worker(&self) -> &Worker {
        &self.worker
    }

    pub(crate) fn extranonce1(&self) -> u32 {
        self.extranonce1
    }

    pub(crate) fn is_authorized(&self) -> bool {
        !self.worker.name.is_empty()
    }

    /// Returns whether this connection can be sent work.
    pub(crate) fn is_ready(&self) -> bool {
        self.is_subscribed && self.is_authorized()
    }

    /// Returns the difficulty of its shares.
    pub(crate) fn difficulty(&self) -> ShareDifficulty {
        self.told.unwrap_or(self.vardiff.difficulty())
    }

    /// Handles what the miner has sent, and answers it.
    pub(crate) fn hear(
        &mut self,
        now: Moment,
        bytes: &[u8],
        door: &mut Door<'_>,
        out: &mut Vec<Output>,
    ) -> Result<(), DropReason> {
        let lines = self.reader.read(bytes).map_err(|_| DropReason::LineTooLong)?;
        for line in lines {
            if !self.allowance.take(now) {
                return Err(DropReason::TooManyLines);
            }
            let request = Request::parse(&line).map_err(|_| DropReason::NoRequest)?;
            // We send no requests, so an answer refers to nothing.
            let Some(Request { id, call }) = request else { continue };
            let mut found = Vec::new();
            let outcome = call.and_then(|call| self.on_call(now, call, door, &mut found));
            // It is not the miner's fault that a job is gone.
            if let Err(fault) = &outcome
                && *fault != Fault::JobNotFound
            {
                self.faults += 1;
            }
            let (result, error) = match outcome {
                Ok(result) => (result, Value::Null),
                Err(fault) => (Value::Null, fault.to_json()),
            };
            self.say(&json!({ "id": id, "result": result, "error": error }), out);
            out.append(&mut found);
            if self.faults >= FAULTS_MAX {
                return Err(DropReason::TooManyFaults);
            }
        }
        Ok(())
    }

    fn on_call(
        &mut self,
        now: Moment,
        call: Call,
        door: &mut Door<'_>,
        found: &mut Vec<Output>,
    ) -> Result<Value, Fault> {
        match call {
            Call::Subscribe => {
                self.is_subscribed = true;
                let name = format!("{:08x}", self.extranonce1);
                let told = [["mining.set_difficulty", &name], ["mining.notify", &name]];
                Ok(json!([told, name, size_of::<u32>()]))
            }
            Call::Authorize { worker, password } => {
                door.gate.check(now, self.worker.from.ip(), &password)?;
                if !self.is_authorized() && !door.has_room {
                    return Err(Fault::NoRoom);
                }
                self.authorize(now, worker).map(|()| Value::Bool(true))
            }
            Call::Submit(submission) => {
                let outcome = self.on_share(now, &submission, found);
                match outcome {
                    Ok(()) => {}
                    Err(Fault::JobNotFound) => self.tally.stale += 1,
                    Err(_) => self.tally.invalid += 1,
                }
                outcome.map(|()| Value::Bool(true))
            }
            Call::SuggestDifficulty(difficulty) => {
                self.vardiff = Vardiff::new(now, difficulty);
                Ok(Value::Bool(true))
            }
            Call::ExtranonceSubscribe => Ok(Value::Bool(true)),
            Call::Configure { extensions, mask } => Ok(self.configure(&extensions, mask)),
        }
    }

    /// Agrees on the extensions that a miner asks for, as far as they are known here.
    fn configure(&mut self, extensions: &[String], mask: Option<u32>) -> Value {
        let mut agreed = Map::new();
        for extension in extensions {
            let answer = match (extension.as_str(), mask) {
                (VERSION_ROLLING, Some(mask)) => {
                    self.version_mask = mask & VERSION_MASK;
                    let mask = format!("{:08x}", self.version_mask);
                    agreed.insert(VERSION_ROLLING_MASK.to_owned(), mask.into());
                    Value::Bool(true)
                }
                (VERSION_ROLLING, None) => {
                    json!(format!("{VERSION_ROLLING_MASK} has eight hexadecimal digits"))
                }
                ("subscribe-extranonce" | "info", _) => Value::Bool(true),
                _ => Value::Bool(false),
            };
            agreed.insert(extension.clone(), answer);
        }
        Value::Object(agreed)
    }

    fn authorize(&mut self, now: Moment, name: String) -> Result<(), Fault> {
        if self.is_authorized() && self.worker.name != name {
            return Err(Fault::OtherWorker);
        }
        let is_well = (1..=WORKER_CHARS_MAX).contains(&name.chars().count());
        if !is_well || name.chars().any(char::is_control) {
            return Err(Fault::BadName);
        }
        self.worker.name = name;
        self.active = now;
        Ok(())
    }

    fn on_share(
        &mut self,
        now: Moment,
        submission: &Submission,
        found: &mut Vec<Output>,
    ) -> Result<(), Fault> {
        if !self.is_subscribed {
            return Err(Fault::NotSubscribed);
        }
        if !self.is_authorized() || submission.worker != self.worker.name {
            return Err(Fault::Unauthorized);
        }
        let mut jobs = self.jobs.iter();
        let sent = jobs.find(|sent| sent.name == submission.job).ok_or(Fault::JobNotFound)?;
        if !(sent.time..=sent.time.saturating_add(TIME_ROLL_MAX)).contains(&submission.time) {
            return Err(Fault::TimeRolled);
        }
        if submission.version_bits.is_some_and(|bits| bits & !self.version_mask != 0) {
            return Err(Fault::VersionRolled);
        }
        let candidate = sent.job.candidate(self.extranonce1, submission, self.version_mask);
        if !sent.difficulty.target().is_met_by(&candidate.hash) {
            return Err(Fault::LowDifficulty);
        }
        if !self.shares.add(candidate.hash) {
            return Err(Fault::Duplicate);
        }
        let hashes = sent.difficulty.hashes();
        self.vardiff.count(hashes);
        self.tally.accepted += 1;
        self.tally.hashes = self.tally.hashes.saturating_add(hashes);
        (self.faults, self.active) = (self.faults.saturating_sub(1), now);
        if sent.job.target().is_met_by(&candidate.hash) {
            let block = sent.job.solved(&candidate);
            let (worker, hash) = (self.worker.clone(), candidate.hash);
            let height = block.coinbase.height;
            self.tally.blocks += 1;
            found.push(Output::Event(Event::BlockFound { worker, hash, height }));
            found.push(Output::Found(Box::new(block)));
        }
        Ok(())
    }

    /// Forgets all jobs, because their tip is no longer the best.
    pub(crate) fn forget_jobs(&mut self) {
        self.jobs.clear();
        self.shares = RecentShares::default();
    }

    /// Sends a job if one is due: the job is new, the last one is old, or the difficulty has
    /// changed.
    pub(crate) fn keep_busy(
        &mut self,
        now: Moment,
        job: &Arc<Job>,
        time: u32,
        out: &mut Vec<Output>,
    ) {
        self.vardiff.adjust(now);
        let difficulty = self.vardiff.difficulty().within(job.target());
        let age = now - self.sent_at;
        let is_due = match self.jobs.back() {
            None => true,
            Some(last) if !Arc::ptr_eq(&last.job, job) => age >= ENTRIES_TIME,
            Some(_) => age >= REPEAT_TIME,
        };
        if is_due || self.told != Some(difficulty) {
            self.send_job(now, job, time, difficulty, out);
        }
    }

    fn send_job(
        &mut self,
        now: Moment,
        job: &Arc<Job>,
        time: u32,
        difficulty: ShareDifficulty,
        out: &mut Vec<Output>,
    ) {
        let is_other_difficulty = self.told != Some(difficulty);
        if is_other_difficulty {
            self.told = Some(difficulty);
            // A miner may apply it at once, and to the jobs that it already has.
            for sent in &mut self.jobs {
                sent.difficulty = sent.difficulty.min(difficulty);
            }
            self.notify("mining.set_difficulty", &json!([difficulty.stratum()]), out);
        }
        // Miners start again on a job with a new id: with the same time they would find the same
        // shares.
        let time = match self.jobs.back() {
            Some(last) if Arc::ptr_eq(&last.job, job) => time.max(last.time.saturating_add(1)),
            _ => time,
        };
        let is_urgent = self.jobs.is_empty() || is_other_difficulty;
        self.names += 1;
        let name = format!("{:x}", self.names);
        self.notify("mining.notify", &job.parameters(&name, time, is_urgent), out);
        self.jobs.push_back(Sent { name, job: Arc::clone(job), time, difficulty });
        if self.jobs.len() > JOBS_MAX {
            self.jobs.pop_front();
        }
        self.sent_at = now;
    }

    fn notify(&self, method: &str, params: &Value, out: &mut Vec<Output>) {
        self.say(&json!({ "id": null, "method": method, "params": params }), out);
    }

    fn say(&self, message: &Value, out: &mut Vec<Output>) {
        out.push(Output::Send { to: self.id, lines: format!("{message}\n") });
    }
}
