use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use althing_store::Store;
use clap::Args;

use crate::output::table::{self, Format};

/// Show the table that a peer has kept.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing table --data ./peer-1 --format csv > table.csv\n  \
    althing table --data ./peer-1 --format published-csv > banco-de-dados.csv")]
pub(crate) struct Arguments {
    /// The peer's directory; the peer itself must not be running.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// How to write it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let store = Store::open_existing(&arguments.data)?;
    let mut out = BufWriter::new(io::stdout().lock());
    table::write(arguments.format, store.rows(), &mut out)?;
    Ok(out.flush()?)
}
