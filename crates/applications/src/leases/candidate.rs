//! A member that wants a lease, holds it, and knows until when it may rely on that.

use std::collections::BTreeMap;
use std::time::Duration;

use althing_types::{Height, Moment, PeerKey};

use super::{FencingToken, Lease, LeaseName, Leases, Statement};

/// Parts of a time to live, in hundredths, after which something is due: counted from the moment
/// before the last renewal that is committed was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Margins {
    /// The next renewal is sent.
    pub renew: u32,
    /// What the holder does under the lease is asked to end.
    pub end: u32,
    /// It is ended.
    pub kill: u32,
}

/// The margins. Others wait for the whole time to live, counted from the block with the renewal,
/// which is later; so what is left after `kill` is for clocks that do not run alike, and for the
/// system to end a process.
pub const MARGINS: Margins = Margins { renew: 25, end: 75, kill: 85 };

/// Blocks in which a claim may get into the chain.
const CLAIM_BLOCKS: u64 = 16;

/// How long a claim is waited for before another one is sent; doubled for each.
const CLAIM_PATIENCE: Duration = Duration::from_millis(60);

/// Claims and renewals that are remembered while they are not in the chain.
const SENT_MAX: usize = 64;

/// What a candidate has to do, or may do from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Submit this statement, in an entry with this nonce.
    Submit {
        /// The statement.
        statement: Statement,
        /// The nonce.
        nonce: u64,
    },
    /// It holds the lease.
    Begin {
        /// Its token.
        token: FencingToken,
        /// When to ask to end what it does under the lease.
        end: Moment,
        /// When to end it.
        kill: Moment,
    },
    /// It holds the lease for longer.
    Extend {
        /// When to ask to end what it does under the lease.
        end: Moment,
        /// When to end it.
        kill: Moment,
    },
    /// It does not hold the lease any more, although it wanted to. What it did under it must have
    /// ended by now.
    Lost,
}

/// A member that wants a lease.
#[derive(Debug)]
pub struct Candidate {
    me: PeerKey,
    name: LeaseName,
    ttl: Duration,
    /// What it has sent to get the lease, by the nonce of the entry, and when.
    claims: BTreeMap<u64, Moment>,
    /// When to send another claim, and how long to wait after that.
    claim_at: Moment,
    patience: Duration,
    held: Option<Held>,
    /// It wants the lease no more.
    is_leaving: bool,
}

/// A lease that it holds by the chain.
#[derive(Debug)]
struct Held {
    token: FencingToken,
    /// The last renewal that is in the chain, and a moment before it was sent.
    renewal: u64,
    since: Moment,
    /// Those that are not, or were not when it last looked.
    sent: BTreeMap<u64, Moment>,
    /// When to send the next one.
    renew_at: Moment,
    has_begun: bool,
}

impl Candidate {
    /// Returns one that has not done anything yet.
    pub fn new(me: PeerKey, name: LeaseName, ttl: Duration) -> Self {
        Self {
            me,
            name,
            ttl,
            claims: BTreeMap::new(),
            claim_at: Moment::START,
            patience: CLAIM_PATIENCE,
            held: None,
            is_leaving: false,
        }
    }

    /// Takes note of the leases after the block at `height`, the last committed one, at the time
    /// before they were read or earlier; returns what to do. `nonce` returns a number that no
    /// entry of this member had.
    pub fn look(
        &mut self,
        now: Moment,
        height: Height,
        leases: &Leases,
        nonce: &mut dyn FnMut() -> u64,
    ) -> Vec<Action> {
        let mut actions = Vec::new();
        let lease = leases.get(&self.name);
        let ours = lease.filter(|lease| self.is_ours(lease));
        match ours {
            Some(lease) => self.hold(now, lease, nonce, &mut actions),
            None => {
                if self.held.take().is_some_and(|held| held.has_begun) {
                    actions.push(Action::Lost);
                }
                if lease.is_none() && !self.is_leaving {
                    self.claim(now, height, nonce, &mut actions);
                } else {
                    // The next time it is free is another matter.
                    (self.claim_at, self.patience) = (now, CLAIM_PATIENCE);
                }
            }
        }
        actions
    }

    /// Gives the lease back, and wants it no more. What was done under it must have ended.
    pub fn leave(&mut self, nonce: &mut dyn FnMut() -> u64) -> Vec<Action> {
        self.is_leaving = true;
        let Some(held) = self.held.take() else { return Vec::new() };
        self.claims.clear();
        let statement = Statement::Release { name: self.name.clone(), token: held.token };
        vec![Action::Submit { statement, nonce: nonce() }]
    }

    /// Returns when to look again though no block was committed; `None` while another holds the
    /// lease.
    pub fn due(&self, leases: &Leases) -> Option<Moment> {
        match (&self.held, leases.get(&self.name)) {
            (Some(held), _) => Some(match held.has_begun {
                true => held.renew_at.min(self.after(held.since, MARGINS.kill)),
                false => held.renew_at,
            }),
            (None, None) if !self.is_leaving => Some(self.claim_at),
            (None, _) => None,
        }
    }

    /// Returns whether a renewal is due in the chain, and is not there yet.
    pub fn is_late(&self, now: Moment) -> bool {
        let half = (MARGINS.renew + MARGINS.end) / 2;
        self.held.as_ref().is_some_and(|held| now >= self.after(held.since, half))
    }

    fn is_ours(&self, lease: &Lease) -> bool {
        let is_held = self.held.as_ref().is_some_and(|held| held.token == lease.token);
        lease.holder == self.me && (is_held || self.claims.contains_key(&lease.claim))
    }

    fn after(&self, since: Moment, hundredths: u32) -> Moment {
        since + self.ttl * hundredths / 100
    }

    fn claim(
        &mut self,
        now: Moment,
        height: Height,
        nonce: &mut dyn FnMut() -> u64,
        actions: &mut Vec<Action>,
    ) {
        if now < self.claim_at {
            return;
        }
        // Others may not have seen yet that it is free, and refuse; then the next one counts.
        (self.claim_at, self.patience) = (now + self.patience, (self.patience * 2).min(self.ttl));
        let nonce = nonce();
        if self.claims.len() >= SENT_MAX
            && let Some(oldest) = self.claims.iter().min_by_key(|(_, sent)| **sent)
        {
            let oldest = *oldest.0;
            self.claims.remove(&oldest);
        }
        self.claims.insert(nonce, now);
        let until = Height::new(height.number() + CLAIM_BLOCKS);
        let statement = Statement::Acquire { name: self.name.clone(), ttl: self.ttl, until };
        actions.push(Action::Submit { statement, nonce });
    }

    fn hold(
        &mut self,
        now: Moment,
        lease: &Lease,
        nonce: &mut dyn FnMut() -> u64,
        actions: &mut Vec<Action>,
    ) {
        let token = lease.token;
        if self.held.as_ref().is_none_or(|held| held.token != token) {
            let since = self.claims.get(&lease.claim).copied().unwrap_or(Moment::START);
            self.claims.clear();
            let renew_at = self.after(since, MARGINS.renew);
            let (renewal, sent, has_begun) = (0, BTreeMap::new(), false);
            self.held = Some(Held { token, renewal, since, sent, renew_at, has_begun });
        }
        let (ttl, name) = (self.ttl, &self.name);
        let Some(held) = &mut self.held else { return };
        let extended = held.note_renewal(lease.renewal);
        let after = |hundredths: u32| held.since + ttl * hundredths / 100;
        let (end, kill) = (after(MARGINS.end), after(MARGINS.kill));
        if held.has_begun && now >= kill {
            // It is not another's yet, but may be at any time. It is not released either, since
            // what was done under it may take a moment to end.
            self.held = None;
            actions.push(Action::Lost);
            return;
        }
        if !held.has_begun && now < end {
            held.has_begun = true;
            actions.push(Action::Begin { token, end, kill });
        } else if extended && held.has_begun {
            actions.push(Action::Extend { end, kill });
        }
        if now >= held.renew_at {
            held.renew_at = now + ttl * MARGINS.renew / 100;
            let renewal = held.next_renewal();
            held.sent.insert(renewal, now);
            let statement = Statement::Renew { name: name.clone(), token, renewal };
            actions.push(Action::Submit { statement, nonce: nonce() });
        }
    }
}

impl Held {
    /// Takes note of the last renewal in the chain; returns whether it is news.
    fn note_renewal(&mut self, renewal: u64) -> bool {
        if renewal <= self.renewal {
            return false;
        }
        let sent = self.sent.get(&renewal).copied();
        self.sent = self.sent.split_off(&(renewal + 1));
        self.renewal = renewal;
        let is_later = sent.is_some_and(|sent| sent > self.since);
        if let Some(sent) = sent {
            self.since = self.since.max(sent);
        }
        is_later
    }

    fn next_renewal(&mut self) -> u64 {
        while self.sent.len() >= SENT_MAX {
            self.sent.pop_first();
        }
        self.sent.last_key_value().map_or(self.renewal, |(last, _)| *last) + 1
    }
}
