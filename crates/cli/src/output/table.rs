//! The table as text, JSON or CSV.

use std::io::{self, Write};

use althing_feed::Row;
use clap::ValueEnum;
use comfy_table::{CellAlignment, Table};

/// How to write a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people.
    Text,
    /// One list of objects.
    Json,
    /// Comma-separated, with a line of names.
    Csv,
    /// Comma-separated as the published programs write it: no votes, and names of their own.
    PublishedCsv,
}

const COLUMNS: [&str; 6] = ["transaction", "challenge", "seed", "winner", "yes", "no"];

/// The first of our columns, as the published programs call them.
const PUBLISHED_COLUMNS: [&str; 4] = ["TransactionID", "Challenge", "Seed", "Winner"];

/// Rows of a text table that are laid out together; more would need the whole table in memory.
const ROWS_PER_LAYOUT: usize = 10_000;

/// Writes `rows` as they come; the first error ends it.
pub(crate) fn write<E>(
    format: Format,
    rows: impl Iterator<Item = Result<Row, E>>,
    out: &mut impl Write,
) -> anyhow::Result<()>
where
    E: std::error::Error + Send + Sync + 'static,
{
    match format {
        Format::Text => write_text(rows, out),
        Format::Json => write_json(rows, out),
        Format::Csv => write_csv(&COLUMNS, rows, out),
        Format::PublishedCsv => write_csv(&PUBLISHED_COLUMNS, rows, out),
    }
}

fn write_text<E>(
    rows: impl Iterator<Item = Result<Row, E>>,
    out: &mut impl Write,
) -> anyhow::Result<()>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let mut rows = rows.peekable();
    loop {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(COLUMNS);
        for row in rows.by_ref().take(ROWS_PER_LAYOUT) {
            table.add_row(cells(&row?));
        }
        for column in table.column_iter_mut() {
            column.set_cell_alignment(CellAlignment::Right);
        }
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        if rows.peek().is_none() {
            return Ok(());
        }
    }
}

fn write_json<E>(
    rows: impl Iterator<Item = Result<Row, E>>,
    out: &mut impl Write,
) -> anyhow::Result<()>
where
    E: std::error::Error + Send + Sync + 'static,
{
    write!(out, "[")?;
    for (index, row) in rows.enumerate() {
        let comma = if index == 0 { "\n" } else { ",\n" };
        write!(out, "{comma}{}", serde_json::to_string(&row?)?)?;
    }
    Ok(writeln!(out, "\n]")?)
}

/// Writes as many cells of each row as there are names.
fn write_csv<E>(
    names: &[&str],
    rows: impl Iterator<Item = Result<Row, E>>,
    out: &mut impl Write,
) -> anyhow::Result<()>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(names).map_err(csv_error)?;
    for row in rows {
        writer.write_record(cells(&row?).iter().take(names.len())).map_err(csv_error)?;
    }
    Ok(writer.flush()?)
}

/// Brings out the cause, so that a closed pipe is known as such.
fn csv_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => cause,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn cells(row: &Row) -> [String; COLUMNS.len()] {
    [
        row.transaction.to_string(),
        row.challenge.to_string(),
        row.seed.to_string(),
        row.winner.to_string(),
        row.yes.to_string(),
        row.no.to_string(),
    ]
}
