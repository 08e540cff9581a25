//! The content of the file: three tables. Each value except the format has its version in front.

use std::ops::Range;

use althing_engine::{Change, Durable, Recovered, State};
use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
    WriteTransaction,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::failure::Failure;
use crate::{Identity, encoding};

/// The format of the file, which must be known before anything else is read.
pub(super) const META: TableDefinition<'_, &str, u32> = TableDefinition::new("meta");
pub(super) const META_FORMAT: &str = "format";

/// The identity of the peer, and the state of its engine.
const CELLS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("cells");
const IDENTITY: &str = "identity";
/// The number of the log's first entry, so that the loss of that one is noticed.
const FIRST: &str = "first";

/// The entries by their numbers. Each has its number in its value as well, so that one in the
/// place of another is noticed.
const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");

/// Creates the tables, and says which format they are in.
pub(super) fn create(database: &Database, format: u32) -> Result<(), Failure> {
    write(database, Durability::Immediate, |transaction| {
        transaction.open_table(META)?.insert(META_FORMAT, format)?;
        transaction.open_table(CELLS)?;
        transaction.open_table(LOG)?;
        Ok(())
    })
}

/// Makes the changes of one commit: to the log, and to the cells that differ between `before` and
/// `after`.
pub(super) fn put<D: Durable>(
    database: &Database,
    before: &Recovered<D>,
    after: &Recovered<D>,
    changes: &[Change<'_, impl Serialize>],
    syncs: bool,
) -> Result<(), Failure> {
    let is_begun = before.log.is_empty() && !after.log.is_empty();
    let first = is_begun || before.log.start != after.log.start;
    let states = (&before.state, &after.state);
    let durability = if syncs { Durability::Immediate } else { Durability::None };
    write(database, durability, |transaction| {
        // A table that is opened is written to, even if nothing in it changes.
        if !changes.is_empty() {
            put_entries(transaction, before.next(), changes)?;
        }
        let changed: Vec<_> = D::State::CELLS
            .iter()
            .filter(|name| states.0.differs(states.1, name))
            .map(|name| (name, states.1.cell(name)))
            .collect();
        if first || !changed.is_empty() {
            let mut cells = transaction.open_table(CELLS)?;
            if first {
                cells.insert(FIRST, encoding::encode(&after.log.start).as_slice())?;
            }
            for (name, content) in changed {
                match content {
                    Some(content) => {
                        drop(cells.insert(*name, encoding::versioned(&content).as_slice())?);
                    }
                    None => drop(cells.remove(*name)?),
                }
            }
        }
        Ok(())
    })
}

/// Makes changes to a log whose next number is `end`.
fn put_entries(
    transaction: &WriteTransaction,
    mut end: u64,
    changes: &[Change<'_, impl Serialize>],
) -> Result<(), Failure> {
    let mut log = transaction.open_table(LOG)?;
    for Change { from, entries } in changes {
        if *from < end {
            log.retain_in(*from.., |_, _| false)?;
        }
        for (number, entry) in (*from..).zip(*entries) {
            log.insert(number, encoding::encode(&(number, entry)).as_slice())?;
        }
        end = from + entries.len() as u64;
    }
    Ok(())
}

/// Has all changes on disk when this returns: a commit without changes takes those before it along.
pub(super) fn sync(database: &Database) -> Result<(), Failure> {
    write(database, Durability::Immediate, |_| Ok(()))
}

pub(super) fn put_identity(database: &Database, identity: &Identity) -> Result<(), Failure> {
    write(database, Durability::Immediate, |transaction| {
        let mut cells = transaction.open_table(CELLS)?;
        cells.insert(IDENTITY, identity.encode().as_slice())?;
        Ok(())
    })
}

pub(super) fn identity(database: &Database) -> Result<Option<Identity>, Failure> {
    let cells = database.begin_read()?.open_table(CELLS)?;
    let Some(value) = cells.get(IDENTITY)? else { return Ok(None) };
    Identity::decode(value.value()).map(Some).map_err(|error| damaged_cell(IDENTITY, error))
}

/// Reads all cells, and which entries there are, after checking that none is missing.
pub(super) fn recovered<D: Durable>(database: &Database) -> Result<Recovered<D>, Failure> {
    let cells = database.begin_read()?.open_table(CELLS)?;
    let mut state = D::State::default();
    for name in D::State::CELLS {
        if let Some(value) = cells.get(name)? {
            let content = encoding::unversioned(value.value());
            let content = content.map_err(|error| damaged_cell(name, error))?;
            state.restore(name, content).map_err(|error| damaged_cell(name, error))?;
        }
    }
    let log = range(database)?;
    if let Some(first) = cells.get(FIRST)?.filter(|_| !log.is_empty()) {
        let first: u64 =
            encoding::decode(first.value()).map_err(|error| damaged_cell(FIRST, error))?;
        if first != log.start {
            let what = format!("its log begins with entry {} instead of {first}", log.start);
            return Err(Failure::Damaged(what));
        }
    }
    Ok(Recovered { state, log })
}

fn damaged_cell(name: &str, error: impl std::fmt::Display) -> Failure {
    Failure::Damaged(format!("its {name} {error}"))
}

/// Returns the numbers of the entries, after checking that they leave no gap.
pub(super) fn range(database: &Database) -> Result<Range<u64>, Failure> {
    let log = database.begin_read()?.open_table(LOG)?;
    let count = log.len()?;
    let first = log.first()?.map(|(number, _)| number.value());
    let last = log.last()?.map(|(number, _)| number.value());
    match (first, last) {
        (None, None) if count == 0 => Ok(0..0),
        (Some(first), Some(last)) if last.checked_sub(first) == count.checked_sub(1) => {
            Ok(first..last + 1)
        }
        _ => {
            let what = format!("its {count} entries begin with {first:?} and end with {last:?}");
            Err(Failure::Damaged(what))
        }
    }
}

/// Returns up to `count` entries from `from` on, in one line.
pub(super) fn entries<T: DeserializeOwned>(
    database: &Database,
    from: u64,
    count: usize,
) -> Result<Vec<T>, Failure> {
    let log = database.begin_read()?.open_table(LOG)?;
    if log.first()?.is_none_or(|(first, _)| from < first.value()) {
        return Ok(Vec::new());
    }
    (from..=u64::MAX)
        .zip(log.range(from..)?)
        .take(count)
        .map(|(number, found)| {
            let (key, value) = found?;
            entry(number, key.value(), value.value())
        })
        .collect()
}

/// Returns the entry that is kept under `key`, which must be the number `wanted`, as must its own.
fn entry<T: DeserializeOwned>(wanted: u64, key: u64, value: &[u8]) -> Result<T, Failure> {
    if key != wanted {
        let what = format!("entry {wanted} is missing, and {key} comes instead");
        return Err(Failure::Damaged(what));
    }
    let (own, entry): (u64, T) = encoding::decode(value)
        .map_err(|undecodable| Failure::Damaged(format!("entry {wanted} {undecodable}")))?;
    if own != wanted {
        return Err(Failure::Damaged(format!("entry {wanted} says that it is entry {own}")));
    }
    Ok(entry)
}

/// Makes a change that is whole or not made at all; with [`Durability::Immediate`] it is on disk
/// when this returns.
///
/// Pages, header and switch are written together and synced once; their checksums tell a change
/// that a crash cut off. To sync before the switch as well would also tell apart what decayed
/// after the sync, at the price of half as much time again for each commit.
fn write(
    database: &Database,
    durability: Durability,
    change: impl FnOnce(&WriteTransaction) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(durability)?;
    change(&transaction)?;
    transaction.commit()?;
    Ok(())
}
