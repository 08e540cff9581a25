//! The rows of a run, as they are decided.

use std::collections::VecDeque;
use std::io;

use althing_feed::{Event, Record, RoundsEvent, Row};
use althing_text::Name;

use super::table::{self, Format, Names};

/// Rows that are kept; of a longer table only the last.
const ROWS_MAX: usize = 1000;

/// The rows that a run has decided, the last ones of many.
#[derive(Default)]
pub(crate) struct RecentRows {
    rows: VecDeque<Row>,
    names: Names,
}

impl RecentRows {
    /// Keeps a row that any peer tells of first, and the name of its winner.
    pub(crate) fn follow(&mut self, record: &Record) {
        if let Event::Rounds(RoundsEvent::RoundDecided { row, .. }) = &record.event {
            self.push(row.clone(), record.names.get(&row.winner));
        }
    }

    /// Keeps a row, if it is a later one than the last, and what its winner is called.
    pub(crate) fn push(&mut self, row: Row, name: Option<&Name>) {
        // There are no more winners than rows, or than peers whose names are kept.
        if let Some(name) = name {
            self.names.insert(row.winner, name.clone());
        }
        let last = self.rows.back().map(|last| last.transaction);
        if last.is_none_or(|last| row.transaction > last) {
            if self.rows.len() >= ROWS_MAX {
                self.rows.pop_front();
            }
            self.rows.push_back(row);
        }
    }

    /// Writes the rows as a table for people.
    pub(crate) fn write(&self, out: &mut impl io::Write) -> anyhow::Result<()> {
        let rows = self.rows.iter().cloned().map(Ok::<_, io::Error>);
        table::write(Format::Text, rows, &self.names, out)
    }

    /// Prints the rows as a table for people.
    pub(crate) fn print(&self) -> anyhow::Result<()> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        self.write(&mut out)?;
        Ok(io::Write::flush(&mut out)?)
    }
}
