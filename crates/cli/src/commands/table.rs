//! The table that a peer has kept.

use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use althing_api::{Certificate, Client};
use althing_dialect::{NetworkConfig, rounds_dialect};
use althing_engine::rounds::{CertifiedRecord, Durable};
use althing_http::certificate;
use althing_store::Store;
use anyhow::{Context, ensure};
use clap::Args;

use crate::asking::{Asking, Pages, Place, if_running};
use crate::output;
use crate::output::table::{self, Format, Names};

/// Show the table that a peer has stored, whether the peer is running or not.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing table --data ./peer-1 --format csv > table.csv\n  \
    althing table --data ./peer-1 --format published-csv > banco-de-dados.csv\n  \
    althing table --api http://127.0.0.1:8080 --format json\n  \
    althing table --data ./peer-1 --certificates > rows.jsonl")]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,

    /// The output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Write JSON: short for --format json.
    #[arg(long, conflicts_with = "format")]
    json: bool,

    /// Write each row with the votes that decided it and their signatures, a line of JSON each, for
    /// althing verify.
    #[arg(long, conflicts_with_all = ["format", "json"])]
    certificates: bool,

    /// Which session of the published variant, counted from 1; the latest by default.
    ///
    /// In that variant each run of a peer is a session, whose rows are numbered from 0 on.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    session: Option<u64>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    crate::signals::end_on_signals()?;
    let Arguments { place, format, json, certificates, session } = arguments;
    let format = if *json { Format::Json } else { *format };
    let mut out = BufWriter::new(io::stdout().lock());
    let asking = place.asking()?;
    if *certificates {
        return write_certificates(place, &asking, *session, &mut out);
    }
    match Pages::first(|from| asking.wait(|peer| peer.rows(from)))? {
        Some(rows) => {
            ensure!(session.is_none(), RUNNING);
            let names = if_running(asking.wait(Client::status))?;
            let names = names.map_or_else(Names::new, |status| status.engine.into_names());
            table::write(format, rows, &names, &mut out)?;
        }
        None => {
            let (dir, store) = opened(place)?;
            let names = store.recovered().state.names;
            let names = names.into_iter().map(|(peer, name)| (peer.into(), name)).collect();
            let rows =
                stored(dir, &store, *session)?.map(|row| Ok::<_, anyhow::Error>(row?.into()));
            table::write(format, rows, &names, &mut out)?;
        }
    }
    Ok(out.flush()?)
}

/// Writes the rows with what proves them.
fn write_certificates(
    place: &Place,
    asking: &Asking,
    session: Option<u64>,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let mut write = |certificate: &Certificate| -> anyhow::Result<()> {
        serde_json::to_writer(&mut *out, certificate)?;
        Ok(writeln!(out)?)
    };
    if let Some(rows) = Pages::first(|from| asking.wait(|peer| peer.rows(from)))? {
        ensure!(session.is_none(), RUNNING);
        for row in rows {
            let number = row?.transaction.number();
            write(&asking.wait(|peer| peer.certificate(number))?)?;
        }
    } else {
        let (dir, store) = opened(place)?;
        let identity = store.identity()?.context("no peer has run there")?;
        let network = NetworkConfig::from_json(&identity.network)?;
        let dialect = rounds_dialect(&network);
        let dialect = dialect.with_context(|| format!("rows of {network} are not signed"))?;
        let members = store.recovered().state.members.unwrap_or_default();
        for certified in stored(dir, &store, session)? {
            write(&certificate(&*dialect, &members, certified?))?;
        }
    }
    Ok(out.flush()?)
}

/// Why another session than its current one cannot be asked of a peer.
const RUNNING: &str = "the peer runs, and shows the session that it is in; stop it to see others";

/// Opens the store of a peer that does not run.
fn opened(place: &Place) -> anyhow::Result<(&Path, Store<Durable>)> {
    let dir = place.dir().context("a peer that does not run is read from its directory")?;
    Ok((dir, Store::open_to_read(dir)?))
}

/// Returns the rows that a peer which does not run has left.
fn stored<'a>(
    dir: &Path,
    store: &'a Store<Durable>,
    wanted: Option<u64>,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<CertifiedRecord>> + 'a> {
    if let Some(identity) = store.identity()? {
        let network = NetworkConfig::from_json(&identity.network)?;
        ensure!(
            !network.has_chain(),
            "{} is of a peer of {network}, which has a chain instead of a table; see althing chain \
             --help",
            dir.display()
        );
    }
    let numbers = session(store, wanted)?;
    let rows = store.all_entries().filter(move |entry| match entry {
        Ok((number, _)) => numbers.contains(number),
        Err(_) => true,
    });
    Ok(rows.map(|entry| Ok(entry?.1)))
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
