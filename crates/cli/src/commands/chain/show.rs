//! The blocks of a chain, for people and scripts.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use althing_feed::{entry_author, entry_text};
use althing_ledger::Block;
use althing_text::terminal::escaped_json;
use althing_types::{BlockHash, UnixTime};
use clap::Args;
use serde_json::json;

use super::assembly;
use super::verification::Kept;

/// Show the blocks.
#[derive(Args)]
#[command(after_help = "Example:\n  althing chain show --data ./peer-1 --from 10 --to 20")]
pub(super) struct Arguments {
    /// The peer's directory, whether the peer is running or not.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// The height of the first block to show.
    #[arg(long, value_name = "HEIGHT", default_value = "0")]
    from: u64,

    /// The height of the last block to show; without it, all are shown.
    #[arg(long, value_name = "HEIGHT")]
    to: Option<u64>,

    /// Write each as a line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(mut kept) = assembly::Kept::open(&arguments.data)? {
        let shown = arguments.from..=arguments.to.unwrap_or(u64::MAX);
        return assembly::show(&mut kept, &shown, arguments.json);
    }
    let kept = Kept::open(&arguments.data)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut parent = kept.given().map(|genesis| genesis.hash_after(None));
    let shown = arguments.from..=arguments.to.unwrap_or(u64::MAX);
    for block in kept.blocks() {
        let block = block?;
        let hash = block.hash_after(parent.as_ref());
        if shown.contains(&block.height().number()) {
            write(&block, hash, arguments.json, &mut out)?;
        }
        parent = Some(hash);
    }
    Ok(out.flush()?)
}

fn write(
    block: &Block,
    hash: BlockHash,
    as_json: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let entries: Vec<String> = block.entries().iter().map(entry_text).collect();
    let authors: Vec<Option<String>> = block.entries().iter().map(entry_author).collect();
    if as_json {
        let line = json!({
            "height": block.height().number(),
            "hash": hash.to_string(),
            "miner": block.miner(),
            "time": block.time().map(UnixTime::seconds),
            "entries": entries,
            "authors": authors,
        });
        return Ok(writeln!(out, "{}", escaped_json(&line.to_string()))?);
    }
    write!(out, "{:>8}  {hash}", block.height())?;
    if let Some(miner) = block.miner() {
        write!(out, "  {miner:?}")?;
    }
    // What strangers have written must not reach the terminal as it is.
    for (entry, author) in entries.iter().zip(authors) {
        write!(out, "  {entry:?}")?;
        if let Some(author) = author {
            write!(out, " by {author}")?;
        }
    }
    Ok(writeln!(out)?)
}
