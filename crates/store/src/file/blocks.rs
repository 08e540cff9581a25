//! The table of a chain's blocks. A peer without a chain has no such table.

use std::ops::Range;

use redb::{
    Database, ReadOnlyTable, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    TableDefinition, TableError,
};

use super::failure::Failure;
use super::tables::write;
use crate::chain::Branch;
use crate::encoding;

/// The blocks by their heights.
const BLOCKS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("blocks");

/// Puts `branches` in their places, in one change.
pub(super) fn put(database: &Database, branches: &[Branch]) -> Result<(), Failure> {
    write(database, |transaction| {
        let mut table = transaction.open_table(BLOCKS)?;
        for Branch { from, blocks } in branches {
            let from = from.number();
            table.retain_in(from.., |_, _| false)?;
            for (height, block) in (from..).zip(blocks) {
                table.insert(height, encoding::encode(block).as_slice())?;
            }
        }
        Ok(())
    })
}

/// Returns the heights that have blocks, after checking that they leave no gap.
pub(super) fn heights(database: &Database) -> Result<Range<u64>, Failure> {
    let Some(table) = open(database)? else { return Ok(0..0) };
    let count = table.len()?;
    let first = table.first()?.map(|(height, _)| height.value());
    let last = table.last()?.map(|(height, _)| height.value());
    match (first, last) {
        (None, None) if count == 0 => Ok(0..0),
        (Some(first), Some(last)) if last.checked_sub(first) == count.checked_sub(1) => {
            Ok(first..last + 1)
        }
        _ => {
            let what = format!("its {count} blocks begin with {first:?} and end with {last:?}");
            Err(Failure::Damaged(what))
        }
    }
}

/// Returns the blocks at `heights`; all of them must be there.
pub(super) fn blocks(database: &Database, heights: Range<u64>) -> Result<Vec<Vec<u8>>, Failure> {
    let missing = |height| Failure::Damaged(format!("block {height} is missing"));
    let Some(table) = open(database)? else {
        return if heights.is_empty() { Ok(Vec::new()) } else { Err(missing(heights.start)) };
    };
    let mut entries = table.range(heights.clone())?;
    heights
        .map(|height| match entries.next().transpose()? {
            Some((key, value)) if key.value() == height => encoding::decode(value.value())
                .map_err(|undecodable| Failure::Damaged(format!("block {height} {undecodable}"))),
            _ => Err(missing(height)),
        })
        .collect()
}

fn open(database: &Database) -> Result<Option<ReadOnlyTable<u64, &'static [u8]>>, Failure> {
    match database.begin_read()?.open_table(BLOCKS) {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
