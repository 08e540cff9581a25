//! What a peer of a network with rounds persists.

use std::collections::BTreeMap;
use std::ops::Range;

use althing_text::Name;
use althing_types::{PeerId, Term, Transaction};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::equivocation::{Equivocation, SignedStart};
use super::record::{Accepted, CertifiedRecord};
use super::signature::PublicKey;
use crate::{Change, Gap, Undecodable};

/// The members of a network and their keys, in the order of their ids.
pub type MemberKeys = Vec<(PeerId, Option<PublicKey>)>;

/// What a peer puts on disk before its next output is carried out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Durable {
    /// The membership: its members and their keys.
    Membership(MemberKeys),
    /// The leader it follows (phase 1b).
    Promised(Promised),
    /// The solution it has voted yes to (phase 2b).
    Accepted(Accepted),
    /// A row of the table.
    Record(CertifiedRecord),
    /// It has started so often (rule I1).
    Started(u64),
    /// Another member has started again (rule I4).
    Start(SignedStart),
    /// Another copy of this peer has spoken, so this one is silent for good (rule I5).
    Copied,
    /// A member has contradicted itself (rule I6).
    Equivocation(Equivocation),
    /// A peer has a name (rule G8).
    Named(PeerId, Name),
    /// The name of a peer is forgotten, since another one needs its place.
    Unnamed(PeerId),
    /// A session begins, where messages are counted as they arrive: its rows are numbered from 0
    /// on, whatever the table has from before, and it may miss some (rule P12).
    Session,
}

/// A peer's promise that it follows a leader and votes in no earlier term (rule E3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Promised {
    /// The term.
    pub term: Term,
    /// The number it drew in that term.
    pub draw: u128,
    /// The leader it follows.
    pub leader: PeerId,
}

/// What a peer stores besides its table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// The membership: its members and their keys.
    pub members: Option<MemberKeys>,
    /// Its latest promise.
    pub promised: Option<Promised>,
    /// Its latest yes, until that row is decided.
    pub accepted: Option<Accepted>,
    /// How often it has started, and whether it has heard a copy of itself.
    pub start: OwnStart,
    /// The latest starts of other members, except their first ones: one for each, or two with one
    /// number.
    pub starts: Vec<SignedStart>,
    /// What proves that a member has contradicted itself; one for each.
    pub equivocations: Vec<Equivocation>,
    /// Its sessions, where messages are counted as they arrive.
    pub sessions: Sessions,
    /// What peers are called, this one included.
    pub names: BTreeMap<PeerId, Name>,
}

/// What a peer stores of its own starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OwnStart {
    /// The number of its latest start; 0 until its second.
    pub number: u64,
    /// Whether it has heard a copy of itself (rule I5).
    pub copied: bool,
}

/// The sessions of a table whose rows are numbered from 0 on in each of them (rule P12).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sessions {
    /// Where in the log each session with rows begins, and where the current one does.
    pub starts: Vec<u64>,
    /// The first row that the current session may still record.
    pub next: Transaction,
}

/// What a restarted peer finds: its state, and which rows its table has.
pub type Recovered = crate::Recovered<Durable>;

impl crate::Durable for Durable {
    type Entry = CertifiedRecord;
    type State = State;

    fn change<'a>(
        &'a self,
        state: &mut State,
        log: &Range<u64>,
    ) -> Result<Option<Change<'a, CertifiedRecord>>, Gap> {
        match self {
            Self::Membership(members) => {
                if state.members.as_ref() != Some(members) {
                    state.members = Some(members.clone());
                    // It was made under another membership, and does not bind under this one (rule
                    // G4).
                    state.promised = None;
                    // Votes of non-members are not counted.
                    state
                        .starts
                        .retain(|start| members.iter().any(|(peer, _)| *peer == start.peer));
                }
            }
            Self::Promised(promised) => state.promised = Some(*promised),
            Self::Accepted(accepted) => state.accepted = Some(accepted.clone()),
            Self::Record(row) => {
                let transaction = row.record.transaction;
                let number = transaction.number();
                let sessions = &mut state.sessions;
                // A row is final: it is never replaced.
                let is_next = match sessions.starts.is_empty() {
                    true => number == log.end,
                    false => transaction >= sessions.next && transaction.next() > transaction,
                };
                if !is_next {
                    return Err(Gap { found: number, log: (log.start, log.end) });
                }
                if !sessions.starts.is_empty() {
                    sessions.next = transaction.next();
                }
                state.accepted.take_if(|accepted| accepted.record.transaction.number() <= number);
                return Ok(Some(Change { from: log.end, entries: std::slice::from_ref(row) }));
            }
            Self::Session => {
                // One without rows leaves no trace.
                if state.sessions.starts.last() != Some(&log.end) {
                    state.sessions.starts.push(log.end);
                }
                state.sessions.next = Transaction::FIRST;
            }
            Self::Named(peer, name) => {
                state.names.insert(*peer, name.clone());
            }
            Self::Unnamed(peer) => {
                state.names.remove(peer);
            }
            Self::Started(number) => state.start.number = *number,
            Self::Copied => state.start.copied = true,
            Self::Start(start) => {
                // Two with one number are kept, since neither of them counts.
                let number = start.start.number;
                state
                    .starts
                    .retain(|known| known.peer != start.peer || known.start.number == number);
                state.starts.push(start.clone());
            }
            Self::Equivocation(equivocation) => {
                state.equivocations.retain(|known| known.peer() != equivocation.peer());
                state.equivocations.push(equivocation.clone());
            }
        }
        Ok(None)
    }

    /// Votes with their signatures are most of a row, and only a peer that is behind asks for them.
    fn shed(row: &mut CertifiedRecord) -> bool {
        row.votes = Vec::new();
        true
    }
}

impl crate::State for State {
    const CELLS: &'static [&'static str] = &[
        "membership",
        "promised",
        "accepted",
        "start",
        "starts",
        "equivocations",
        "sessions",
        "next",
        "names",
    ];

    fn cell(&self, name: &str) -> Option<Vec<u8>> {
        match name {
            "membership" => self.members.as_ref().map(bytes),
            "promised" => self.promised.as_ref().map(bytes),
            "accepted" => self.accepted.as_ref().map(bytes),
            "start" => (self.start != OwnStart::default()).then(|| bytes(&self.start)),
            "starts" => (!self.starts.is_empty()).then(|| bytes(&self.starts)),
            "equivocations" => (!self.equivocations.is_empty()).then(|| bytes(&self.equivocations)),
            "sessions" => some_unless_first(&self.sessions.starts),
            "next" => some_unless_first(&self.sessions.next),
            "names" => some_unless_first(&self.names),
            _ => None,
        }
    }

    fn restore(&mut self, name: &str, bytes: &[u8]) -> Result<(), Undecodable> {
        match name {
            "membership" => self.members = Some(value(bytes)?),
            "promised" => self.promised = Some(value(bytes)?),
            "accepted" => self.accepted = Some(value(bytes)?),
            "start" => self.start = value(bytes)?,
            "starts" => self.starts = value(bytes)?,
            "equivocations" => self.equivocations = value(bytes)?,
            "sessions" => self.sessions.starts = value(bytes)?,
            "next" => self.sessions.next = value(bytes)?,
            "names" => self.names = value(bytes)?,
            _ => return Err(Undecodable(format!("there is no cell {name:?}"))),
        }
        Ok(())
    }
}

impl Recovered {
    /// Returns the first row that the table lacks.
    pub fn next_row(&self) -> Transaction {
        Transaction::new(self.next())
    }
}

fn bytes<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("memory takes any number of bytes")
}

/// Returns the bytes of a value, or `None` for the one that a store begins with.
fn some_unless_first<T: Serialize + Default + PartialEq>(cell: &T) -> Option<Vec<u8>> {
    (*cell != T::default()).then(|| bytes(cell))
}

fn value<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Undecodable> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(Undecodable(format!("is followed by {} stray bytes", rest.len()))),
        Err(_) => Err(Undecodable("does not decode".to_owned())),
    }
}
