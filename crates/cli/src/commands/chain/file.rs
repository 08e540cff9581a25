//! A chain into a file, and from one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use althing_engine::nakamoto::Durable;
use althing_ledger::{Block, Ledger};
use althing_node::chain::secret;
use althing_store::Store;
use althing_text::counted;
use althing_types::{Height, Work};
use anyhow::{Context, bail};
use clap::Args;

use super::assembly;
use super::verification::{Kept, Progress, verify_file};

/// Write the chain to a file, which anyone can verify and import.
#[derive(Args)]
#[command(after_help = "Example:\n  althing chain export --data ./peer-1 chain.jsonl")]
pub(super) struct Export {
    /// The peer's directory, whether the peer is running or not.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// The file to write; - is standard output.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Import a chain from a file, if it is valid and has more work than the stored one.
#[derive(Args)]
#[command(after_help = "Example:\n  althing chain import --data ./peer-2 chain.jsonl")]
pub(super) struct Import {
    /// The peer's directory, which is created if it does not exist; the peer itself must not be
    /// running.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// A file written by chain export.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Writes the chain, whatever it is of.
type Writing = dyn FnMut(&mut dyn Write) -> anyhow::Result<()>;

pub(super) fn export(arguments: &Export) -> anyhow::Result<()> {
    let assembly = assembly::Kept::open(&arguments.data)?;
    let mut to_write: Box<Writing> = match assembly {
        Some(mut kept) => Box::new(move |out| assembly::export(&mut kept, out)),
        None => {
            let kept = Kept::open(&arguments.data)?;
            Box::new(move |out| write(&kept, out))
        }
    };
    if arguments.file == Path::new("-") {
        return to_write(&mut io::stdout().lock());
    }
    let given = &arguments.file;
    let writing = || format!("writing {}", given.display());
    // A link is followed, so that what it points to is written.
    let file = fs::canonicalize(given).unwrap_or_else(|_| given.clone());
    if file.exists() && file.starts_with(fs::canonicalize(&arguments.data)?) {
        bail!("{} is a file of the peer itself; name another file", given.display());
    }
    // A pipe or a device is written to, and not replaced.
    if fs::metadata(&file).is_ok_and(|there| !there.is_file()) {
        let mut out = OpenOptions::new().write(true).open(&file).with_context(writing)?;
        return to_write(&mut out).with_context(writing);
    }
    // Under another name until it is complete, so that no half of it is ever taken for all.
    let draft = file.with_added_extension("new");
    let mut write_all = || -> anyhow::Result<()> {
        let mut out = File::create(&draft)?;
        to_write(&mut out)?;
        out.sync_all()?;
        Ok(fs::rename(&draft, &file)?)
    };
    write_all().with_context(writing).inspect_err(|_| {
        // It is of no use, and may not even be there.
        let _ = fs::remove_file(&draft);
    })
}

fn write(kept: &Kept, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut out = BufWriter::new(out);
    let blocks = kept.blocks().map(|block| block.map(|block| kept.dialect.encode_block(&block)));
    althing_chain_file::write(&*kept.dialect, kept.length(), blocks, &mut out)?;
    Ok(out.flush()?)
}

pub(super) fn import(arguments: &Import) -> anyhow::Result<()> {
    let Import { data, file } = arguments;
    let (dialect, imported) = verify_file(file)?;
    let mut store = Store::open(data)?;
    secret(&mut store, &dialect.network())?;
    let work = |ledger: &Ledger| ledger.tip().map_or(Work::ZERO, |tip| tip.work);
    let kept = store.recovered().log;
    let mut ours = Progress::begin(&*dialect, kept.end - kept.start);
    // What is no longer valid in the store ends our chain there, as when the peer starts.
    for entry in store.all_entries() {
        if entry.map_err(Into::into).and_then(|(_, block)| ours.check(block)).is_err() {
            break;
        }
    }
    let ours = ours.finish()?;
    if work(&imported) <= work(&ours) {
        bail!(
            "the chain in {} has no more work than the one of {} in {}; nothing was changed",
            file.display(),
            counted(ours.length(), "block"),
            data.display()
        );
    }
    let from = first_different(&ours, &imported);
    let blocks: Vec<Block> = imported.blocks_from(from).map(|block| (*block).clone()).collect();
    let count = blocks.len();
    store.commit(&[Durable { from, blocks, own: None }])?;
    let blocks = counted(count as u64, "block");
    writeln!(io::stdout(), "{blocks} imported, from height {from} on")?;
    Ok(())
}

/// Returns the first height at which two chains differ.
fn first_different(ours: &Ledger, theirs: &Ledger) -> Height {
    let mut height = Height::GENESIS;
    while let Some(hash) = ours.hash_at(height)
        && theirs.hash_at(height) == Some(hash)
    {
        height = height.next();
    }
    height
}
