//! One peer as a process, and what it reports.

use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};

use super::{Althing, Line};

/// An `althing peer --json`.
pub(crate) struct Peer(pub(super) Althing);

impl Line {
    /// Returns whether this is an event of that kind.
    pub(crate) fn is(&self, event: &str) -> bool {
        is(&self.said, event)
    }

    /// Returns whether this is a text for people with `part` in it.
    pub(crate) fn said_contains(&self, part: &str) -> bool {
        self.said.as_str().is_some_and(|text| text.contains(part))
    }
}

/// Returns whether `said` is an event of that kind.
pub(crate) fn is(said: &Value, event: &str) -> bool {
    said["event"] == event
}

/// Returns what a row of the table consists of, whoever tells it.
pub(crate) fn row(said: &Value) -> Value {
    json!([said["transaction"], said["challenge"], said["seed"], said["winner"]])
}

impl Peer {
    /// Returns its id, as soon as it has told it.
    pub(crate) fn called(&self) -> Value {
        self.wait_until("its id", |lines| {
            let mut ids = lines.iter().filter_map(|line| line.said.get("peer"));
            ids.next().cloned()
        })
    }

    /// Returns its id in a network where it is a small number.
    pub(crate) fn id(&self) -> u64 {
        number(&self.called())
    }

    /// Waits for its first event of that kind.
    pub(crate) fn first(&self, event: &str) -> Value {
        self.wait_until(event, |lines| lines.iter().find(|line| line.is(event)).cloned()).said
    }

    /// Returns its last event of that kind so far.
    pub(crate) fn last(&self, event: &str) -> Option<Value> {
        self.all(event).pop()
    }

    /// Returns its events of that kind so far.
    pub(crate) fn all(&self, event: &str) -> Vec<Value> {
        let lines = self.lines().into_iter();
        lines.filter(|line| line.is(event)).map(|line| line.said).collect()
    }

    /// Waits until it has met so many peers, itself included.
    pub(crate) fn knows(&self, peers: u64) {
        self.wait_until(&format!("of {peers} peers"), |lines| {
            let mut joined = lines.iter().filter(|line| line.is("peer_joined"));
            joined.any(|line| line.said["known"] == peers).then_some(())
        });
    }

    /// Returns the rows that it has told of so far.
    pub(crate) fn rows(&self) -> Vec<Value> {
        self.all("round_decided").iter().map(row).collect()
    }

    /// Returns the number of rows it has: one more than that of the last row it told of.
    pub(crate) fn reached(&self) -> u64 {
        reached(&self.lines())
    }

    /// Waits until it has so many rows.
    pub(crate) fn reaches(&self, rows: u64) {
        let what = format!("its row {rows}");
        self.wait_until(&what, |lines| (reached(lines) >= rows).then_some(()));
    }

    /// Returns whom it follows, and in which term, as soon as it follows somebody.
    pub(crate) fn follows(&self) -> (Value, u64) {
        self.wait_until("who leads", leader)
    }

    /// Returns the same in a network where ids are small numbers.
    pub(crate) fn leader(&self) -> (u64, u64) {
        let (leader, term) = self.follows();
        (number(&leader), term)
    }
}

/// Returns an id that is a small number, which in JSON is a text as all ids are.
pub(crate) fn number(id: &Value) -> u64 {
    id.as_str().and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("{id} is no such id"))
}

fn reached(lines: &[Line]) -> u64 {
    let last = lines.iter().rev().find(|line| line.is("round_decided"));
    last.and_then(|line| line.said["transaction"].as_u64()).map_or(0, |row| row + 1)
}

fn leader(lines: &[Line]) -> Option<(Value, u64)> {
    let elected = &lines.iter().rev().find(|line| line.is("leader_elected"))?.said;
    Some((elected["leader"].clone(), elected["term"].as_u64()?))
}

impl Deref for Peer {
    type Target = Althing;

    fn deref(&self) -> &Althing {
        &self.0
    }
}

impl DerefMut for Peer {
    fn deref_mut(&mut self) -> &mut Althing {
        &mut self.0
    }
}
