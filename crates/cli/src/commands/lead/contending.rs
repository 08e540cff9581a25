//! What a member does to get the lease, and while it holds it.

use std::ffi::OsString;
use std::time::Duration;

use althing_applications::leases::{Action, Candidate, FencingToken, LeaseName, Leases, Statement};
use althing_node::HasLeft;
use althing_node::assembly::Entries;
use althing_node::leases::Seen;
use althing_types::{Moment, PeerKey};
use tokio::sync::watch;

use super::boot_clock;
use super::guarded::Guarded;
use super::order::Order;
use super::telling::{News, Telling, number};
use crate::signals::signal_asked;

/// What is to be run, and how.
pub(super) struct Keeping {
    pub(super) ttl: Duration,
    pub(super) grace: Duration,
    pub(super) again: bool,
    pub(super) command: Vec<OsString>,
}

/// A member that competes.
pub(super) struct Contending {
    name: LeaseName,
    keeping: Keeping,
    entries: Entries,
    seen: watch::Receiver<Seen>,
    telling: Telling,
    me: PeerKey,
    candidate: Candidate,
    guard: Guarded,
    /// The token with which the command runs, if it does.
    running: Option<FencingToken>,
    /// Whether the lease was lost since.
    is_lost: bool,
    /// When the guard asks the command to end.
    end: Moment,
    /// Whether that it is late was told.
    is_late: bool,
    /// The last holder that was told.
    told: Option<FencingToken>,
    /// When the command is killed, which was asked to end.
    patience: Option<Moment>,
}

/// The first thing that happens while a member waits.
enum Next {
    Seen(Result<(), watch::error::RecvError>),
    Due,
    Ended(anyhow::Result<u8>),
    Signal(u8),
}

/// How long the end of this process waits until its release is in the chain.
const RELEASE: Duration = Duration::from_secs(2);

impl Contending {
    pub(super) fn new(
        name: LeaseName,
        keeping: Keeping,
        entries: Entries,
        seen: watch::Receiver<Seen>,
        telling: Telling,
    ) -> anyhow::Result<Self> {
        let me = PeerKey::from_bytes(entries.key().verifying_key().to_bytes());
        Ok(Self {
            candidate: Candidate::new(me, name.clone(), keeping.ttl),
            guard: Guarded::stand_by(name.as_str(), &keeping.command)?,
            name,
            keeping,
            entries,
            seen,
            telling,
            me,
            running: None,
            is_lost: false,
            end: Moment::START,
            is_late: false,
            told: None,
            patience: None,
        })
    }

    /// Competes until the command has ended, or until we are to stop; returns the exit code.
    pub(super) async fn run(mut self) -> anyhow::Result<u8> {
        let outcome = self.compete().await;
        if outcome.is_err() && self.running.is_some() {
            // Without the peer no renewal is sent any more.
            self.guard.tell(Order::Kill);
            self.guard.ended().await?;
        }
        outcome
    }

    async fn compete(&mut self) -> anyhow::Result<u8> {
        let mut asked = None;
        loop {
            self.look().await?;
            match self.next(asked).await {
                Next::Seen(still) => still.map_err(|_| HasLeft)?,
                Next::Due => {
                    let is_over = |patience: Moment| boot_clock::now() >= patience;
                    if self.patience.take_if(|patience| is_over(*patience)).is_some() {
                        self.guard.tell(Order::Kill);
                    }
                }
                Next::Signal(signal) => {
                    if self.running.is_none() {
                        return Ok(0);
                    }
                    asked = Some(signal);
                    self.guard.tell(Order::Signal { number: i32::from(signal) });
                    self.patience = Some(boot_clock::now() + self.keeping.grace);
                }
                Next::Ended(code) => {
                    let code = code?;
                    let is_lost = self.end(code).await?;
                    if asked.is_some() || !(is_lost || self.keeping.again) {
                        return Ok(code);
                    }
                    self.begin_again()?;
                }
            }
        }
    }

    /// Waits for what comes next. The first signal is all that counts.
    async fn next(&mut self, asked: Option<u8>) -> Next {
        let leases = self.seen.borrow().leases.clone();
        let due = [self.candidate.due(&leases), self.patience].into_iter().flatten().min();
        tokio::select! {
            biased;
            ended = self.guard.ended() => Next::Ended(ended),
            signal = signal_asked(), if asked.is_none() => Next::Signal(signal),
            changed = self.seen.changed() => Next::Seen(changed),
            () = boot_clock::sleep_until(due.unwrap_or_default()), if due.is_some() => Next::Due,
        }
    }

    /// Does what is to be done about the lease now.
    async fn look(&mut self) -> anyhow::Result<()> {
        // Before what is sent, and what was sent counts from then on.
        let now = boot_clock::now();
        let Seen { height, leases } = self.seen.borrow_and_update().clone();
        self.tell_holder(&leases);
        for action in self.candidate.look(now, height, &leases, &mut rand::random) {
            match action {
                Action::Submit { statement, nonce } => self.submit(&statement, nonce).await?,
                Action::Begin { token, end, kill } => {
                    (self.running, self.end) = (Some(token), end);
                    self.guard.tell(Order::Start { token: token.0, end, kill });
                    self.telling.tell(&News::LeaseAcquired { token: number(token) });
                }
                Action::Extend { end, kill } => {
                    (self.is_late, self.end) = (false, end);
                    self.guard.tell(Order::Until { end, kill });
                }
                Action::Lost => self.lose(),
            }
        }
        let is_late = self.candidate.is_late(now) && !self.is_late;
        if let Some(token) = self.running.filter(|_| is_late) {
            self.is_late = true;
            self.telling.tell(&News::LeaseRenewedLate { token: number(token) });
        }
        Ok(())
    }

    fn tell_holder(&mut self, leases: &Leases) {
        let Some(lease) = leases.get(&self.name).filter(|_| self.running.is_none()) else { return };
        // One of ours may be from before this process, or just about to be known as such.
        if self.told == Some(lease.token) || lease.holder == self.me {
            return;
        }
        self.told = Some(lease.token);
        let charter = self.entries.dialect().charter();
        let member = charter.index_of(&lease.holder).and_then(|index| charter.member(index));
        let holder = member.map_or_else(|| "a stranger".to_owned(), |it| it.name.to_string());
        self.telling.tell(&News::LeaseHeldByOther { holder, token: number(lease.token) });
    }

    /// The lease is not ours any more. Its guard ends the command by itself; this is for the case
    /// that it is late.
    fn lose(&mut self) {
        self.is_lost = true;
        self.guard.tell(Order::Kill);
        if let Some(token) = self.running {
            self.telling.tell(&News::LeaseLost { token: number(token) });
        }
    }

    /// All of the command has ended: gives the lease back. Returns whether that was lost before.
    async fn end(&mut self, code: u8) -> anyhow::Result<bool> {
        let token = self.running.take();
        let is_late = token.is_some() && boot_clock::now() >= self.end;
        let is_lost = std::mem::take(&mut self.is_lost);
        if let Some(token) = token {
            if is_late && !is_lost {
                self.telling.tell(&News::LeaseLost { token: number(token) });
            }
            self.telling.tell(&News::CommandEnded { token: number(token), code });
        }
        let actions = self.candidate.leave(&mut rand::random);
        let Some(token) = token.filter(|_| !actions.is_empty()) else {
            return Ok(is_lost || is_late);
        };
        for action in actions {
            if let Action::Submit { statement, nonce } = action {
                self.submit(&statement, nonce).await?;
            }
        }
        let is_free = |seen: &Seen| seen.leases.get(&self.name).is_none_or(|it| it.token != token);
        let released = tokio::time::timeout(RELEASE, self.seen.wait_for(is_free)).await;
        let is_lost = is_lost || is_late;
        // One that was lost may be free because others said so.
        if matches!(released, Ok(Ok(_))) && !is_lost {
            self.telling.tell(&News::LeaseReleased { token: number(token) });
        }
        Ok(is_lost)
    }

    fn begin_again(&mut self) -> anyhow::Result<()> {
        self.candidate = Candidate::new(self.me, self.name.clone(), self.keeping.ttl);
        self.guard = Guarded::stand_by(self.name.as_str(), &self.keeping.command)?;
        (self.is_late, self.patience) = (false, None);
        Ok(())
    }

    async fn submit(&self, statement: &Statement, nonce: u64) -> Result<(), HasLeft> {
        let dialect = self.entries.dialect();
        let entry = dialect.lease_entry(self.entries.key(), statement, nonce);
        // What becomes of it is seen in the chain.
        self.entries.submit(entry).await.map(drop)
    }
}
