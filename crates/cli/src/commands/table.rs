//! The table that a peer has kept.

use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use althing_control::{self as control, Request};
use althing_dialect::NetworkConfig;
use althing_engine::rounds::Durable;
use althing_feed::Row;
use althing_store::Store;
use anyhow::{Context, ensure};
use clap::Args;

use crate::output;
use crate::output::table::{self, Format};

/// Show the table that a peer has stored, whether the peer is running or not.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing table --data ./peer-1 --format csv > table.csv\n  \
    althing table --data ./peer-1 --format published-csv > banco-de-dados.csv")]
pub(crate) struct Arguments {
    /// The peer's directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// The output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Which session of the published variant, counted from 1; the latest by default.
    ///
    /// In that variant each run of a peer is a session, whose rows are numbered from 0 on.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    session: Option<u64>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    super::end_on_signals()?;
    let Arguments { data, format, session } = arguments;
    let mut out = BufWriter::new(io::stdout().lock());
    match page(data, 0)? {
        Some(first) => {
            ensure!(
                session.is_none(),
                "a peer runs in {}, and shows the session that it is in; stop it to see others",
                data.display()
            );
            table::write(*format, RunningTable::new(data, first), &mut out)?;
        }
        None => table::write(*format, stored(data, *session)?, &mut out)?,
    }
    Ok(out.flush()?)
}

/// Returns the rows that a peer which does not run has left.
fn stored(
    dir: &Path,
    wanted: Option<u64>,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Row>>> {
    let store = Store::<Durable>::open_to_read(dir)?;
    if let Some(identity) = store.identity()? {
        let network = NetworkConfig::from_json(&identity.network)?;
        ensure!(
            !network.has_chain(),
            "{} is of a peer of {network}, which has a chain instead of a table; see althing chain \
             --help",
            dir.display()
        );
    }
    let numbers = session(&store, wanted)?;
    let rows = store.all_entries().filter(move |entry| match entry {
        Ok((number, _)) => numbers.contains(number),
        Err(_) => true,
    });
    Ok(rows.map(|entry| Ok(entry?.1.into())))
}

/// Asks the peer that runs in `dir` for rows; `None` if none runs there.
fn page(dir: &Path, from: u64) -> anyhow::Result<Option<Vec<Row>>> {
    let Some(mut answer) = control::ask(dir, &Request::Table { from })? else { return Ok(None) };
    let rows: Vec<Row> = serde_json::from_value(answer["table"].take())
        .context("the peer's answer is no table; it may be of another version of althing")?;
    Ok(Some(rows))
}

/// The rows of a running peer, a page at a time.
struct RunningTable<'a> {
    dir: &'a Path,
    page: std::vec::IntoIter<Row>,
    /// How many rows it has shown.
    next: u64,
}

impl<'a> RunningTable<'a> {
    fn new(dir: &'a Path, first: Vec<Row>) -> Self {
        Self { dir, page: first.into_iter(), next: 0 }
    }
}

impl Iterator for RunningTable<'_> {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0 && self.next > 0 {
            match page(self.dir, self.next) {
                // A peer that leaves meanwhile has shown what it had.
                Ok(page) => self.page = page.unwrap_or_default().into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
        let row = self.page.next()?;
        self.next += 1;
        Some(Ok(row))
    }
}

/// Returns the numbers in the log of the rows of a session, the latest with rows by default; of all
/// rows where there are no sessions. Says so if there are others.
fn session(store: &Store<Durable>, wanted: Option<u64>) -> anyhow::Result<Range<u64>> {
    let recovered = store.recovered();
    let starts: Vec<u64> =
        recovered.state.sessions.starts.into_iter().filter(|start| *start < store.next()).collect();
    let count = starts.len() as u64;
    let number = wanted.unwrap_or(count.max(1));
    ensure!(number == 1 || number <= count, "there are {} sessions, and no {number}", count.max(1));
    let index = usize::try_from(number - 1)?;
    let from = starts.get(index).copied().unwrap_or(recovered.log.start);
    let to = starts.get(index + 1).copied().unwrap_or(store.next());
    if wanted.is_none() && count > 1 {
        output::warn(&format!(
            "these are the rows of session {number} of {count}; see --session for the others"
        ));
    }
    Ok(from..to)
}
