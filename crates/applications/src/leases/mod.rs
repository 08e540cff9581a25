//! Leases: named locks of the members of an assembly, each with a time to live.
//!
//! A lease has one holder at most, who renews it. A lease that is free can be acquired; the member
//! that does gets a [fencing token](FencingToken), which is greater than all before it.
//!
//! The fold knows no time: leaders choose the times of blocks, and could have a lease expire early.
//! A lease that is not renewed lapses when enough members say, each by its own clock, that they
//! have seen no renewal for the whole time to live: one member where none lies, and one more than
//! may lie elsewhere, so that one of them is honest. ADR 19 says what follows from that, and for
//! whom.
//!
//! | file | question |
//! | --- | --- |
//! | `statement` | what does an author say about a lease? |
//! | `witness` | when does a member say that a lease has lapsed? |
//! | `candidate` | what does a member do to get a lease, and until when may it rely on it? |
//! | this one | who holds which lease, and which statements count? |

mod candidate;
mod statement;
mod witness;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use althing_ledger::charter::{Charter, FaultModel, Setting};
use althing_ledger::{Application, BlockContext, EntriesRefused, Entry, SignedEntry};
use althing_types::{Height, PeerKey};

pub use self::candidate::{Action, Candidate, MARGINS, Margins};
pub use self::statement::{FencingToken, LeaseName, NAME_BYTES_MAX, NotALeaseName, Statement};
pub use self::witness::Witness;

/// The name of this application in its entries.
pub const APPLICATION: &str = "lease";

/// The setting of a charter for the longest time to live, in milliseconds.
pub const LONGEST_TTL: &str = "longest-ttl-ms";

/// The longest time to live, unless the charter says.
const USUAL_LONGEST_TTL: Duration = Duration::from_hours(1);

/// The shortest time to live: a renewal has to get into a block before it is over.
pub const SHORTEST_TTL: Duration = Duration::from_millis(100);

/// Leases that one member may hold at a time.
pub const HELD_MAX: usize = 64;

/// A setting of a charter that this application does not have, or that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseSettings {
    /// There is no such setting.
    #[error("no setting {0:?}; it has {LONGEST_TTL}")]
    Unknown(Box<str>),
    /// The longest time to live is none.
    #[error(
        "{LONGEST_TTL} is a number of milliseconds from {least} on",
        least = SHORTEST_TTL.as_millis()
    )]
    LongestTtl,
}

/// Who holds which lease.
#[derive(Clone, Debug)]
pub struct Leases {
    terms: Arc<Terms>,
    held: Arc<BTreeMap<LeaseName, Lease>>,
    /// The last token that was given.
    last: FencingToken,
}

/// What does not change.
#[derive(Debug, PartialEq, Eq)]
struct Terms {
    /// The keys whose entries count.
    members: BTreeSet<PeerKey>,
    /// How many members have to say that a lease has lapsed.
    witnesses: usize,
    longest_ttl: Duration,
}

/// A lease that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The member that holds it.
    pub holder: PeerKey,
    /// The nonce of the entry with which it did so: two programs may share a member's key.
    pub claim: u64,
    /// Its token.
    pub token: FencingToken,
    /// How long it holds.
    pub ttl: Duration,
    /// The last renewal; zero for none.
    pub renewal: u64,
    /// The members that say that they have seen no further one.
    lapsing: BTreeSet<PeerKey>,
}

impl Leases {
    /// Returns no leases, of the members of this charter; or why it cannot have such settings.
    pub fn new(
        charter: &Charter,
        settings: &BTreeMap<Box<str>, Setting>,
    ) -> Result<Self, LeaseSettings> {
        let mut longest_ttl = USUAL_LONGEST_TTL;
        for (key, value) in settings {
            match (&**key, value) {
                (LONGEST_TTL, Setting::Number(millis)) => {
                    let millis = u64::try_from(*millis).map_err(|_| LeaseSettings::LongestTtl)?;
                    longest_ttl = Duration::from_millis(millis);
                }
                (LONGEST_TTL, _) => return Err(LeaseSettings::LongestTtl),
                _ => return Err(LeaseSettings::Unknown(key.clone())),
            }
        }
        if longest_ttl < SHORTEST_TTL {
            return Err(LeaseSettings::LongestTtl);
        }
        let terms = Terms {
            members: charter.members.iter().map(|member| member.key).collect(),
            witnesses: match charter.faults {
                FaultModel::Byzantine => charter.faulty_max() + 1,
                FaultModel::Crash => 1,
            },
            longest_ttl,
        };
        Ok(Self { terms: Arc::new(terms), held: Arc::default(), last: FencingToken::default() })
    }

    /// Returns a lease, if a member holds it.
    pub fn get(&self, name: &LeaseName) -> Option<&Lease> {
        self.held.get(name)
    }

    /// Returns all leases that are held, by their names.
    pub fn iter(&self) -> impl Iterator<Item = (&LeaseName, &Lease)> {
        self.held.iter()
    }

    /// Returns the last token that was given, of any lease; zero if none was.
    pub fn last_token(&self) -> FencingToken {
        self.last
    }

    /// Returns whether a member holds a lease by this key.
    pub fn is_member(&self, key: &PeerKey) -> bool {
        self.terms.members.contains(key)
    }

    /// Returns the longest time to live that a lease may have.
    pub fn longest_ttl(&self) -> Duration {
        self.terms.longest_ttl
    }

    /// Takes in the entries of a committed block that are for this application; for those who
    /// follow a chain themselves.
    pub fn follow(&mut self, height: Height, entries: &[Entry]) {
        let is_ours = |entry: &&Entry| SignedEntry::application_of(entry) == Ok(APPLICATION);
        for entry in entries.iter().filter(is_ours) {
            // What is committed counts, or the block would not be.
            let _ = self.take(height, entry);
        }
    }

    fn take(&mut self, height: Height, entry: &Entry) -> Result<(), EntriesRefused> {
        let signed = SignedEntry::decode(entry)
            .map_err(|_| EntriesRefused::because("an entry about a lease must be signed"))?;
        let author = PeerKey::from_bytes(signed.author);
        if !self.is_member(&author) {
            return refuse("only members of the charter hold leases");
        }
        let Some(statement) = Statement::read(&signed.payload) else {
            return refuse(
                "not about a lease: acquire NAME MILLISECONDS HEIGHT, renew NAME TOKEN NUMBER, \
                 release NAME TOKEN, or lapse NAME TOKEN NUMBER",
            );
        };
        self.say(height, author, signed.nonce, statement)
    }

    fn say(
        &mut self,
        height: Height,
        author: PeerKey,
        nonce: u64,
        statement: Statement,
    ) -> Result<(), EntriesRefused> {
        match statement {
            Statement::Acquire { name, ttl, until } => {
                self.check_acquire(&author, &name, ttl)?;
                if height > until {
                    return refuse("it was to be in an earlier block");
                }
                self.last = FencingToken(self.last.0 + 1);
                let lease = Lease {
                    holder: author,
                    claim: nonce,
                    token: self.last,
                    ttl,
                    renewal: 0,
                    lapsing: BTreeSet::new(),
                };
                Arc::make_mut(&mut self.held).insert(name, lease);
            }
            Statement::Renew { name, token, renewal } => {
                let lease = self.held_by(&author, &name, token)?;
                if renewal <= lease.renewal {
                    return refuse("it was renewed since");
                }
                (lease.renewal, lease.lapsing) = (renewal, BTreeSet::new());
            }
            Statement::Release { name, token } => {
                self.held_by(&author, &name, token)?;
                Arc::make_mut(&mut self.held).remove(&name);
            }
            Statement::Lapse { name, token, renewal } => {
                self.lapse(author, &name, token, renewal)?;
            }
        }
        Ok(())
    }

    fn check_acquire(
        &self,
        author: &PeerKey,
        name: &LeaseName,
        ttl: Duration,
    ) -> Result<(), EntriesRefused> {
        if let Some(lease) = self.held.get(name) {
            let reason = format!("{name} is held, with token {}", lease.token);
            return Err(EntriesRefused::because(reason));
        }
        if !(SHORTEST_TTL..=self.terms.longest_ttl).contains(&ttl) {
            let (least, most) = (SHORTEST_TTL.as_millis(), self.terms.longest_ttl.as_millis());
            let reason = format!("the time to live is {least} to {most} ms");
            return Err(EntriesRefused::because(reason));
        }
        if self.held.values().filter(|lease| lease.holder == *author).count() >= HELD_MAX {
            return Err(EntriesRefused::because(format!(
                "a member holds {HELD_MAX} leases at most"
            )));
        }
        Ok(())
    }

    /// Returns the lease of this name, if `author` holds it with this token.
    fn held_by(
        &mut self,
        author: &PeerKey,
        name: &LeaseName,
        token: FencingToken,
    ) -> Result<&mut Lease, EntriesRefused> {
        let is_theirs = |lease: &Lease| lease.holder == *author && lease.token == token;
        if !self.held.get(name).is_some_and(is_theirs) {
            let reason = format!("{name} is not held by its author with token {token}");
            return Err(EntriesRefused::because(reason));
        }
        Ok(Arc::make_mut(&mut self.held).get_mut(name).expect("it is there"))
    }

    fn lapse(
        &mut self,
        author: PeerKey,
        name: &LeaseName,
        token: FencingToken,
        renewal: u64,
    ) -> Result<(), EntriesRefused> {
        let is_as_said = |lease: &&Lease| lease.token == token && lease.renewal == renewal;
        let Some(lease) = self.held.get(name).filter(is_as_said) else {
            return refuse("the lease has been renewed since, or is another's or free");
        };
        if lease.lapsing.contains(&author) {
            return refuse("its author has said so before");
        }
        let is_enough = lease.lapsing.len() + 1 >= self.terms.witnesses;
        let held = Arc::make_mut(&mut self.held);
        if is_enough {
            held.remove(name);
        } else if let Some(lease) = held.get_mut(name) {
            lease.lapsing.insert(author);
        }
        Ok(())
    }
}

fn refuse(reason: &str) -> Result<(), EntriesRefused> {
    Err(EntriesRefused::because(reason))
}

impl Lease {
    /// Returns whether this member has said that it has lapsed.
    pub fn is_lapsing_for(&self, member: &PeerKey) -> bool {
        self.lapsing.contains(member)
    }
}

impl Application for Leases {
    fn check(&self, context: &BlockContext, entries: &[Entry]) -> Result<(), EntriesRefused> {
        let mut after = self.clone();
        entries.iter().try_for_each(|entry| after.take(context.height, entry))
    }

    fn apply(&mut self, context: &BlockContext, entries: &[Entry]) {
        for entry in entries {
            // They have been checked.
            let _ = self.take(context.height, entry);
        }
    }

    fn snapshot(&self) -> Box<dyn Application> {
        Box::new(self.clone())
    }
}
