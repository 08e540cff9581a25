//! What is in the file of every peer: three tables, each value with its version in front.

use althing_engine::rounds::{Acceptance, CertifiedRecord, Durable, Recovered};
use althing_types::Transaction;
use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, Table, TableDefinition, WriteTransaction,
};
use serde::Serialize;

use super::failure::Failure;
use crate::Identity;
use crate::encoding::{self, Undecodable};

/// What must be known before anything else is read.
pub(super) const META: TableDefinition<'_, &str, u32> = TableDefinition::new("meta");
pub(super) const META_FORMAT: &str = "format";

/// Who the peer is, and its last words.
pub(super) const WORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("words");
const IDENTITY: &str = "identity";
const ROSTER: &str = "roster";
const PROMISE: &str = "promise";
const ACCEPTANCE: &str = "acceptance";

/// The rows by their numbers.
pub(super) const ROWS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("rows");

/// Creates the tables, and says which format they are in.
pub(super) fn create(database: &Database, format: u32) -> Result<(), Failure> {
    write(database, |transaction| {
        transaction.open_table(META)?.insert(META_FORMAT, format)?;
        transaction.open_table(WORDS)?;
        transaction.open_table(ROWS)?;
        Ok(())
    })
}

/// Puts all of `durables` in their places.
pub(super) fn put(database: &Database, durables: &[Durable]) -> Result<(), Failure> {
    write(database, |transaction| {
        let mut words = transaction.open_table(WORDS)?;
        let mut rows = transaction.open_table(ROWS)?;
        for durable in durables {
            match durable {
                Durable::Roster(roster) => put_word(&mut words, ROSTER, roster)?,
                Durable::Promise(promise) => put_word(&mut words, PROMISE, promise)?,
                Durable::Acceptance(acceptance) => put_word(&mut words, ACCEPTANCE, acceptance)?,
                Durable::Record(row) => {
                    let transaction = row.record.transaction;
                    rows.insert(transaction.number(), encoding::encode(row).as_slice())?;
                    clear_acceptance(&mut words, transaction)?;
                }
            }
        }
        Ok(())
    })
}

pub(super) fn put_identity(database: &Database, identity: &Identity) -> Result<(), Failure> {
    write(database, |transaction| {
        let mut words = transaction.open_table(WORDS)?;
        words.insert(IDENTITY, identity.encode().as_slice())?;
        Ok(())
    })
}

pub(super) fn identity(database: &Database) -> Result<Option<Identity>, Failure> {
    let words = database.begin_read()?.open_table(WORDS)?;
    word(&words, IDENTITY, Identity::decode)
}

pub(super) fn recovered(database: &Database, next: Transaction) -> Result<Recovered, Failure> {
    let words = database.begin_read()?.open_table(WORDS)?;
    Ok(Recovered {
        roster: word(&words, ROSTER, encoding::decode)?,
        promise: word(&words, PROMISE, encoding::decode)?,
        accepted: word(&words, ACCEPTANCE, encoding::decode)?,
        next,
    })
}

/// Returns the rows from `from` on, without `end`; all of them must be there.
pub(super) fn rows(
    database: &Database,
    from: u64,
    end: u64,
) -> Result<Vec<CertifiedRecord>, Failure> {
    let mut found = Vec::new();
    if from >= end {
        return Ok(found);
    }
    let rows = database.begin_read()?.open_table(ROWS)?;
    let mut entries = rows.range(from..end)?;
    for number in from..end {
        let Some((key, value)) = entries.next().transpose()? else {
            return Err(Failure::Damaged(format!("row {number} is missing")));
        };
        found.push(row(number, key.value(), value.value())?);
    }
    Ok(found)
}

/// Returns the row that is kept under `key`, which must be the number `wanted`, as must its own.
fn row(wanted: u64, key: u64, value: &[u8]) -> Result<CertifiedRecord, Failure> {
    if key != wanted {
        return Err(Failure::Damaged(format!("row {wanted} is missing, and {key} comes instead")));
    }
    let row: CertifiedRecord = encoding::decode(value)
        .map_err(|undecodable| Failure::Damaged(format!("row {wanted} {undecodable}")))?;
    let own = row.record.transaction;
    if own.number() != wanted {
        return Err(Failure::Damaged(format!("row {wanted} says that it is row {own}")));
    }
    Ok(row)
}

/// Makes a change that is on disk when this returns, or not made at all.
///
/// Pages, header and switch are written together and synced once; their checksums tell a change
/// that a crash cut off. To sync before the switch as well would also tell apart what decayed
/// after the sync, at the price of half as much time again for each commit.
pub(super) fn write(
    database: &Database,
    change: impl FnOnce(&WriteTransaction) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    change(&transaction)?;
    transaction.commit()?;
    Ok(())
}

fn put_word(
    words: &mut Table<'_, &str, &[u8]>,
    name: &str,
    value: &impl Serialize,
) -> Result<(), Failure> {
    words.insert(name, encoding::encode(value).as_slice())?;
    Ok(())
}

/// Forgets what the peer said yes to, if it was for a row that is decided now.
fn clear_acceptance(
    words: &mut Table<'_, &str, &[u8]>,
    decided: Transaction,
) -> Result<(), Failure> {
    let accepted: Option<Acceptance> = word(words, ACCEPTANCE, encoding::decode)?;
    if accepted.is_some_and(|accepted| accepted.record.transaction == decided) {
        words.remove(ACCEPTANCE)?;
    }
    Ok(())
}

fn word<T>(
    words: &impl ReadableTable<&'static str, &'static [u8]>,
    name: &str,
    decode: impl FnOnce(&[u8]) -> Result<T, Undecodable>,
) -> Result<Option<T>, Failure> {
    let Some(value) = words.get(name)? else {
        return Ok(None);
    };
    let decoded = decode(value.value());
    decoded.map(Some).map_err(|undecodable| Failure::Damaged(format!("its {name} {undecodable}")))
}
