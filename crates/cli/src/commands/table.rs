//! The table that a peer has kept.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use althing_dialect::NetworkConfig;
use althing_engine::rounds::Durable;
use althing_store::Store;
use anyhow::ensure;
use clap::Args;

use crate::output::table::{self, Format};

/// Show the table that a peer has stored.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing table --data ./peer-1 --format csv > table.csv\n  \
    althing table --data ./peer-1 --format published-csv > banco-de-dados.csv")]
pub(crate) struct Arguments {
    /// The peer's directory; the peer itself must not be running.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// The output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let store = Store::<Durable>::open_existing(&arguments.data)?;
    if let Some(identity) = store.identity()? {
        let network = NetworkConfig::from_json(&identity.network)?;
        ensure!(
            !network.has_chain(),
            "{} is of a peer of {network}, which has a chain instead of a table; see althing chain \
             --help",
            arguments.data.display()
        );
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let rows = store.all_entries().map(|entry| entry.map(|(_, row)| row.into()));
    table::write(arguments.format, rows, &mut out)?;
    Ok(out.flush()?)
}
