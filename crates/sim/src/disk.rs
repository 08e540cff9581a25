use althing_engine::rounds::{Acceptance, CertifiedRecord, Durable, Promise, PublicKey, Recovered};
use althing_types::{PeerId, Transaction};

/// What a simulated peer has made durable. It survives a crash; nothing else does.
///
/// This is the contract of the store, at its weakest:
///
/// - What was reported durable is there after a crash, unchanged.
/// - A write that a crash interrupts is there afterwards as a whole, or not at all; which of the
///   two is left to chance.
/// - Writes that belong together can be torn apart: a crash may come between any two of them. (The
///   real store puts what an engine asks for in one go into one transaction; no engine may rely on
///   it.)
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

    fn next(&self) -> Transaction {
        Transaction::new(self.rows.len() as u64)
    }
}
