//! The table as text, JSON or CSV.

use std::borrow::Cow;
use std::io::{self, Write};

use althing_feed::Row;
use althing_text::{spreadsheet, terminal};
use clap::ValueEnum;
use comfy_table::{CellAlignment, Table};

/// How to write a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people.
    Text,
    /// One list of objects.
    Json,
    /// Comma-separated, with a line of names; no cell is a formula.
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
    E: Into<anyhow::Error>,
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
    E: Into<anyhow::Error>,
{
    let mut rows = rows.peekable();
    loop {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(COLUMNS);
        for row in rows.by_ref().take(ROWS_PER_LAYOUT) {
            table.add_row(cells(&row.map_err(Into::into)?, terminal::escaped));
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
    E: Into<anyhow::Error>,
{
    write!(out, "[")?;
    for (index, row) in rows.enumerate() {
        let comma = if index == 0 { "\n" } else { ",\n" };
        let row = serde_json::to_string(&row.map_err(Into::into)?)?;
        write!(out, "{comma}{}", terminal::escaped_json(&row))?;
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
    E: Into<anyhow::Error>,
{
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(names).map_err(csv_error)?;
    for row in rows {
        let cells = cells(&row.map_err(Into::into)?, spreadsheet::cell);
        writer.write_record(cells.iter().take(names.len())).map_err(csv_error)?;
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

/// Returns what is in a row. Of all that, only the seed is a text of a stranger's choice, which
/// `safe` makes safe for where it goes.
fn cells(row: &Row, safe: impl Fn(&str) -> Cow<'_, str>) -> [String; COLUMNS.len()] {
    [
        row.transaction.to_string(),
        row.challenge.to_string(),
        safe(row.seed.as_str()).into_owned(),
        row.winner.to_string(),
        row.yes.to_string(),
        row.no.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use althing_feed::Id;
    use althing_types::{Difficulty, Seed, Transaction};

    use super::*;

    fn written(format: Format, seeds: &[&str]) -> String {
        let rows = seeds.iter().zip(0..).map(|(seed, number)| {
            Ok::<_, io::Error>(Row {
                transaction: Transaction::new(number),
                challenge: Difficulty::MIN,
                seed: Seed::new(*seed).expect("a short text"),
                winner: Id(8),
                yes: 2,
                no: 1,
            })
        });
        let mut out = Vec::new();
        write(format, rows, &mut out).expect("there is room in memory");
        String::from_utf8(out).expect("a text")
    }

    /// What members of ppd may choose as the texts that solve their challenges.
    const SEEDS: [&str; 4] =
        ["=1+1x5815", "\u{1b}[31mRED\u{1b}[0mx22473", "a\nbx33969", "=HYPERLINK(\"x\",\"y\")"];

    #[test]
    fn a_table_of_strangers_texts_controls_no_terminal_and_runs_no_formula() {
        assert_eq!(
            written(Format::PublishedCsv, &SEEDS),
            "TransactionID,Challenge,Seed,Winner\n\
             0,1,'=1+1x5815,8\n\
             1,1,\\u{1b}[31mRED\\u{1b}[0mx22473,8\n\
             2,1,a\\nbx33969,8\n\
             3,1,\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\",8\n"
        );
        let csv = written(Format::Csv, &SEEDS);
        assert!(csv.contains("0,1,'=1+1x5815,8,2,1\n"), "{csv}");
        let text = written(Format::Text, &SEEDS);
        assert_eq!(text.lines().count(), 1 + SEEDS.len(), "{text}");
        assert!(text.contains("\\u{1b}[31mRED\\u{1b}[0mx22473"), "{text}");
        assert!(!text.replace('\n', "").contains(char::is_control), "{text:?}");
    }

    #[test]
    fn json_has_the_texts_themselves() {
        let json = written(Format::Json, &[SEEDS[1], "\u{9b}31m"]);
        assert!(!json.contains('\u{9b}') && !json.contains('\u{1b}'), "{json:?}");
        let rows: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(rows[0]["seed"], SEEDS[1]);
        assert_eq!(rows[1]["seed"], "\u{9b}31m");
        assert_eq!(rows[0]["winner"], "8");
    }
}
