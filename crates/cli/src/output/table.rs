//! The table as text, JSON or CSV.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use althing_feed::{Id, Row};
use althing_text::{Name, spreadsheet, terminal};
use clap::ValueEnum;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

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

/// The last one is there if a peer has a name.
const COLUMNS: [&str; 7] = ["transaction", "challenge", "seed", "winner", "yes", "no", "name"];

/// The first of our columns, as the published programs call them.
const PUBLISHED_COLUMNS: [&str; 4] = ["TransactionID", "Challenge", "Seed", "Winner"];

/// Rows of a text table that are laid out together; more would need the whole table in memory.
const ROWS_PER_LAYOUT: usize = 10_000;

/// What peers are called, by their ids.
pub(crate) type Names = BTreeMap<Id, Name>;

/// Writes `rows` as they come; the first error ends it. Winners with a name are shown with it.
pub(crate) fn write<E>(
    format: Format,
    rows: impl Iterator<Item = Result<Row, E>>,
    names: &Names,
    out: &mut impl Write,
) -> anyhow::Result<()>
where
    E: Into<anyhow::Error>,
{
    match format {
        Format::Text => write_text(rows, names, out),
        Format::Json => write_json(rows, names, out),
        Format::Csv => write_csv(columns(names), rows, names, out),
        Format::PublishedCsv => write_csv(&PUBLISHED_COLUMNS, rows, names, out),
    }
}

/// Returns the names of the columns of a table with these names of peers.
fn columns(names: &Names) -> &'static [&'static str] {
    &COLUMNS[..COLUMNS.len() - usize::from(names.is_empty())]
}

fn write_text<E>(
    rows: impl Iterator<Item = Result<Row, E>>,
    names: &Names,
    out: &mut impl Write,
) -> anyhow::Result<()>
where
    E: Into<anyhow::Error>,
{
    let mut rows = rows.peekable();
    loop {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(columns(names));
        for row in rows.by_ref().take(ROWS_PER_LAYOUT) {
            let cells = cells(&row.map_err(Into::into)?, names, terminal::escaped);
            table.add_row(&cells[..columns(names).len()]);
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
    names: &Names,
    out: &mut impl Write,
) -> anyhow::Result<()>
where
    E: Into<anyhow::Error>,
{
    write!(out, "[")?;
    for (index, row) in rows.enumerate() {
        let comma = if index == 0 { "\n" } else { ",\n" };
        let row = row.map_err(Into::into)?;
        let name = names.get(&row.winner);
        let row = serde_json::to_string(&NamedRow { row: &row, name })?;
        write!(out, "{comma}{}", terminal::escaped_json(&row))?;
    }
    Ok(writeln!(out, "\n]")?)
}

/// A row with the name of its winner, if it has one.
#[derive(Serialize)]
struct NamedRow<'a> {
    #[serde(flatten)]
    row: &'a Row,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a Name>,
}

/// Writes as many cells of each row as there are columns.
fn write_csv<E>(
    columns: &[&str],
    rows: impl Iterator<Item = Result<Row, E>>,
    names: &Names,
    out: &mut impl Write,
) -> anyhow::Result<()>
where
    E: Into<anyhow::Error>,
{
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(columns).map_err(csv_error)?;
    for row in rows {
        let cells = cells(&row.map_err(Into::into)?, names, spreadsheet::cell);
        writer.write_record(cells.iter().take(columns.len())).map_err(csv_error)?;
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

/// Returns what is in a row. Of all that, the seed and the name are texts of a stranger's choice,
/// which `safe` makes safe for where they go.
fn cells(row: &Row, names: &Names, safe: impl Fn(&str) -> Cow<'_, str>) -> [String; COLUMNS.len()] {
    [
        row.transaction.to_string(),
        row.challenge.to_string(),
        safe(row.seed.as_str()).into_owned(),
        row.winner.to_string(),
        row.yes.to_string(),
        row.no.to_string(),
        names.get(&row.winner).map_or_else(String::new, |name| safe(name.as_str()).into_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use althing_types::{Difficulty, Seed, Transaction};

    use super::*;

    fn written(format: Format, seeds: &[&str]) -> String {
        written_with(format, seeds, &[])
    }

    fn written_with(format: Format, seeds: &[&str], names: &[(u128, &str)]) -> String {
        let name = |text: &str| text.parse::<Name>().expect("it is a name");
        let names = names.iter().map(|(id, text)| (Id(*id), name(text))).collect();
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
        write(format, rows, &names, &mut out).expect("there is room in memory");
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
    fn a_winner_with_a_name_is_shown_with_it_and_a_name_is_a_stranger_s_text_too() {
        let names = [(8, "=ann, \"a\"")];
        let csv = written_with(Format::Csv, &["x"], &names);
        let expected = "transaction,challenge,seed,winner,yes,no,name\n\
                        0,1,x,8,2,1,\"'=ann, \"\"a\"\"\"\n";
        assert_eq!(csv, expected);
        let json = written_with(Format::Json, &["x"], &names);
        let rows: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(rows[0]["name"], names[0].1);
        let text = written_with(Format::Text, &["x"], &names);
        assert!(text.lines().nth(1).is_some_and(|row| row.ends_with(names[0].1)), "{text}");
        // Programs know no names.
        let published = written_with(Format::PublishedCsv, &["x"], &names);
        assert_eq!(published, "TransactionID,Challenge,Seed,Winner\n0,1,x,8\n");
        // And a table without names looks as it did.
        let other = written_with(Format::Csv, &["x"], &[]);
        assert_eq!(other, "transaction,challenge,seed,winner,yes,no\n0,1,x,8,2,1\n");
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
