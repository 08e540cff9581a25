//! The rows of a run, as they are decided.

use std::collections::VecDeque;
use std::io;

use althing_feed::{Event, Record, RoundsEvent, Row};

use super::table::{self, Format};

/// Rows that are kept; of a longer table only the last.
const ROWS_MAX: usize = 1000;

/// The rows that a run has decided, the last ones of many.
#[derive(Default)]
pub(crate) struct RecentRows(VecDeque<Row>);

impl RecentRows {
    /// Keeps a row that any peer tells of first.
    pub(crate) fn follow(&mut self, record: &Record) {
        if let Event::Rounds(RoundsEvent::RoundDecided { row, .. }) = &record.event {
            self.push(row.clone());
        }
    }

    /// Keeps a row, if it is a later one than the last.
    pub(crate) fn push(&mut self, row: Row) {
        let last = self.0.back().map(|last| last.transaction);
        if last.is_none_or(|last| row.transaction > last) {
            if self.0.len() >= ROWS_MAX {
                self.0.pop_front();
            }
            self.0.push_back(row);
        }
    }

    /// Writes the rows as a table for people.
    pub(crate) fn write(&self, out: &mut impl io::Write) -> anyhow::Result<()> {
        let rows = self.0.iter().cloned().map(Ok::<_, io::Error>);
        table::write(Format::Text, rows, out)
    }

    /// Prints the rows as a table for people.
    pub(crate) fn print(&self) -> anyhow::Result<()> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        self.write(&mut out)?;
        Ok(io::Write::flush(&mut out)?)
    }
}
