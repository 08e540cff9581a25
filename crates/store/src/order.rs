//! Rows come in order, without gaps or repetitions.

use althing_engine::rounds::Durable;
use althing_types::Transaction;

use crate::StoreError;

/// Returns the first row that is lacking after `durables`, if it is `next` before them.
pub(crate) fn next_after(
    next: Transaction,
    durables: &[Durable],
) -> Result<Transaction, StoreError> {
    durables.iter().try_fold(next, |wanted, durable| match durable {
        Durable::Record(row) if row.record.transaction == wanted => Ok(wanted.next()),
        Durable::Record(row) => {
            Err(StoreError::OutOfOrder { found: row.record.transaction, wanted })
        }
        Durable::Roster(_) | Durable::Promise(_) | Durable::Acceptance(_) => Ok(wanted),
    })
}
