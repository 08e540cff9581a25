//! What is measured, and how it is shown.

use std::io::{self, Write};
use std::time::Duration;

use comfy_table::{CellAlignment, Table};

pub(super) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// Returns the time that `percent` of `times`, which are in order, do not exceed, in milliseconds.
pub(super) fn percentile(times: &[Duration], percent: usize) -> f64 {
    let index = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times.get(index).map_or(0.0, |time| milliseconds(*time))
}

/// Returns a table of what was measured: its first column says of what.
pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(header.to_vec());
    table
}

pub(super) fn print(mut table: Table) -> io::Result<()> {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for line in table.lines() {
        writeln!(io::stdout(), "{}", line.trim_end())?;
    }
    Ok(())
}
