use althing_engine::rounds::{Acceptance, CertifiedRecord, Durable, Promise, PublicKey, Recovered};
use althing_types::{PeerId, Transaction};

/// What a simulated peer has made durable. It survives a crash; nothing else does.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    roster: Option<Vec<(PeerId, Option<PublicKey>)>>,
    promise: Option<Promise>,
    accepted: Option<Acceptance>,
    rows: Vec<CertifiedRecord>,
}

impl Disk {
    /// Returns the table.
    pub fn rows(&self) -> &[CertifiedRecord] {
        &self.rows
    }

    pub(crate) fn write(&mut self, durable: Durable) {
        match durable {
            Durable::Roster(roster) => {
                self.roster = Some(roster);
                // As in the engine: a promise under another roster binds nobody.
                self.promise = None;
            }
            Durable::Promise(promise) => self.promise = Some(promise),
            Durable::Acceptance(accepted) => self.accepted = Some(accepted),
            Durable::Record(record) => {
                self.rows.push(record);
                self.accepted = None;
            }
        }
    }

    pub(crate) fn recovered(&self) -> Recovered {
        Recovered {
            roster: self.roster.clone(),
            promise: self.promise,
            accepted: self.accepted.clone(),
            next: self.next(),
        }
    }

    pub(crate) fn recall(&self, from: Transaction, count: usize) -> Vec<CertifiedRecord> {
        let from = usize::try_from(from.number()).unwrap_or(usize::MAX);
        self.rows.iter().skip(from).take(count).cloned().collect()
    }

    pub(crate) fn next(&self) -> Transaction {
        Transaction::new(self.rows.len() as u64)
    }
}
