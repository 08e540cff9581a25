//! Whether every block of a chain is valid.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use althing_chain_file::{Reader, Verification};
use althing_dialect::{ChainDialect, NetworkConfig, chain_dialect};
use althing_engine::nakamoto::Durable;
use althing_ledger::{Block, Genesis, Ledger, Tip};
use althing_store::Store;
use althing_text::counted;
use althing_text::terminal::escaped_json;
use anyhow::{Context, ensure};
use clap::Args;
use serde_json::json;

use super::assembly;
use super::spool::{Spool, spooled};
use super::telling::{Telling, invalid, rounded};
use crate::asking::{Asking, Place};

/// Verify every block, from the first one on.
#[derive(Args)]
#[command(after_help = "Example:\n  althing chain verify chain.jsonl")]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,

    /// The charter that the chain of an assembly must have: its file, or its hash, as althing
    /// charter check has it. Without it, the one in the directory or in the file is taken.
    #[arg(long, value_name = "HASH|FILE")]
    charter: Option<String>,

    /// Write the result as a line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The peer's directory, whether the peer is running or not.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// A file written by chain export.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// The chain that a peer has kept, or has now.
pub(super) struct Kept {
    pub(super) dialect: Box<dyn ChainDialect>,
    chain: Chain,
}

enum Chain {
    Stored(Store<Durable>),
    /// That of a running peer, at one moment.
    Running(Spool),
}

impl Kept {
    /// Returns the chain of the peer in `dir`: if it runs, it is asked, and otherwise its store is
    /// read.
    pub(super) fn open(dir: &Path) -> anyhow::Result<Self> {
        Self::running(&Asking::in_dir(dir)?)?.map_or_else(|| Self::stored(dir), Ok)
    }

    /// As [`Kept::open`], of a peer that may also be asked at an address.
    pub(super) fn at(place: &Place) -> anyhow::Result<Self> {
        match Self::running(&place.asking()?)? {
            Some(kept) => Ok(kept),
            None => Self::stored(
                place.dir().context("a peer that does not run is read from its directory")?,
            ),
        }
    }

    /// Returns the chain that a running peer has at one moment; `None` if no peer runs there.
    fn running(asking: &Asking) -> anyhow::Result<Option<Self>> {
        let found = spooled(asking)?;
        Ok(found.map(|(dialect, spool)| Self { dialect, chain: Chain::Running(spool) }))
    }

    fn stored(dir: &Path) -> anyhow::Result<Self> {
        let store = Store::open_to_read(dir)?;
        let identity = store.identity()?.with_context(|| {
            format!("{} is of a peer that has never run, and has no chain", dir.display())
        })?;
        let network = NetworkConfig::from_json(&identity.network)?;
        let dialect = chain_dialect(&network).with_context(|| {
            format!(
                "{} is of a peer of {network}, which has no chain but a table; see althing table \
                 --help",
                dir.display()
            )
        })?;
        Ok(Self { dialect, chain: Chain::Stored(store) })
    }

    /// Returns the blocks.
    pub(super) fn blocks(&self) -> Box<dyn Iterator<Item = anyhow::Result<Block>> + '_> {
        match &self.chain {
            Chain::Stored(store) => Box::new(store.all_entries().map(|entry| Ok(entry?.1))),
            Chain::Running(spool) => match spool.blocks(&*self.dialect) {
                Ok(blocks) => Box::new(blocks),
                Err(error) => Box::new(std::iter::once(Err(error))),
            },
        }
    }

    /// Returns how many there are.
    pub(super) fn length(&self) -> u64 {
        match &self.chain {
            Chain::Stored(store) => {
                let range = store.recovered().log;
                range.end - range.start
            }
            Chain::Running(spool) => spool.length(),
        }
    }

    /// Returns the genesis that all peers have, which is not kept.
    pub(super) fn given(&self) -> Option<&Block> {
        given(&*self.dialect)
    }
}

/// A verification that tells a person how far it has come.
pub(super) struct Progress {
    verification: Verification,
    telling: Telling,
}

impl Progress {
    /// Begins with an empty ledger, in which `total` blocks are to come.
    pub(super) fn begin(dialect: &dyn ChainDialect, total: u64) -> Self {
        Self { verification: Verification::begin(dialect), telling: Telling::of(total) }
    }

    /// Checks the next block.
    pub(super) fn check(&mut self, block: Block) -> anyhow::Result<()> {
        self.verification.check(block)?;
        self.telling.tell(self.verification.checked())
    }

    /// Checks all blocks, and returns the ledger that has them.
    fn check_all(
        mut self,
        mut blocks: impl Iterator<Item = anyhow::Result<Block>>,
    ) -> anyhow::Result<Ledger> {
        blocks.try_for_each(|block| self.check(block?))?;
        self.finish()
    }

    /// Ends it, and returns the ledger with all its blocks.
    pub(super) fn finish(self) -> anyhow::Result<Ledger> {
        self.telling.finish()?;
        Ok(self.verification.into_ledger())
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let begin = Instant::now();
    let wanted = arguments.charter.as_deref().map(crate::charter_file::named).transpose()?;
    let assembly = match (&arguments.which.data, &arguments.which.file) {
        (Some(dir), _) => assembly::Kept::open(dir)?,
        (None, Some(file)) => assembly::Kept::of_file(file)?,
        (None, None) => None,
    };
    if let Some(mut kept) = assembly {
        return assembly::verify(&mut kept, wanted, arguments.json);
    }
    ensure!(wanted.is_none(), "it is of a network without a charter");
    let (dialect, verified) = match (&arguments.which.data, &arguments.which.file) {
        (Some(dir), _) => {
            let kept = Kept::open(dir)?;
            let progress = Progress::begin(&*kept.dialect, kept.length());
            let verified = progress.check_all(kept.blocks());
            (kept.dialect, verified)
        }
        (None, Some(file)) => read_file(file)?,
        (None, None) => unreachable!("one of the two is required"),
    };
    let seconds = begin.elapsed().as_secs_f64();
    let ledger = match verified {
        Ok(ledger) => ledger,
        Err(error) => {
            if arguments.json {
                let line = invalid(&dialect.network(), &error, seconds);
                writeln!(io::stdout(), "{}", escaped_json(&line.to_string()))?;
            }
            return Err(error);
        }
    };
    let is_given = given(&*dialect).is_some();
    let (blocks, tip, network) = (ledger.length(), ledger.tip(), dialect.network());
    if arguments.json {
        let line = json!({
            "network": network.to_string(),
            "valid": true,
            "blocks": blocks,
            "tip": tip.map(|tip| tip.hash.to_string()),
            "seconds": rounded(seconds),
        });
        writeln!(io::stdout(), "{line}")?;
    } else {
        writeln!(io::stdout(), "{}, in {seconds:.3} s", verdict(&network, blocks, is_given))?;
        if let Some(Tip { hash, .. }) = tip {
            writeln!(io::stdout(), "the last is {hash}")?;
        }
    }
    Ok(())
}

/// Returns the block that all peers of a network have, and that no file has, if there is one.
fn given(dialect: &dyn ChainDialect) -> Option<&Block> {
    match &dialect.rules().chain.genesis {
        Genesis::Given(block) => Some(&**block),
        Genesis::Mined(_) => None,
    }
}

/// Returns a sentence about the blocks of a chain, all of which are valid. One of them may be
/// given: it was not read, so that there are more than a file says.
fn verdict(network: &NetworkConfig, blocks: u64, is_given: bool) -> String {
    let are = if blocks == 1 { "is" } else { "are" };
    let all = format!("{} of {network} {are} valid", counted(blocks, "block"));
    match blocks.checked_sub(u64::from(is_given)) {
        Some(read) if is_given => format!("{all}, {read} read and the first, which all peers have"),
        _ => all,
    }
}

/// Checks the chain in a file, and returns it with the dialect of its network.
pub(super) fn verify_file(path: &Path) -> anyhow::Result<(Box<dyn ChainDialect>, Ledger)> {
    let (dialect, verified) = read_file(path)?;
    Ok((dialect, verified?))
}

/// Returns the dialect of the network of the chain in a file, and the chain or what is wrong in it.
fn read_file(path: &Path) -> anyhow::Result<(Box<dyn ChainDialect>, anyhow::Result<Ledger>)> {
    let in_file = || path.display().to_string();
    let file = File::open(path).with_context(in_file)?;
    let mut reader = Reader::new(BufReader::new(file)).with_context(in_file)?;
    let progress = Progress::begin(reader.dialect(), reader.blocks());
    let blocks = std::iter::from_fn(|| reader.block().map_err(Into::into).transpose());
    let verified = progress.check_all(blocks).with_context(in_file);
    Ok((reader.into_dialect(), verified))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_told_why_a_chain_is_not_valid() {
        let cs60 = NetworkConfig::Cs60 { data: althing_dialect::cs60::Data::Ballots, zeros: 3 };
        let error = anyhow::anyhow!("block 7 does not follow block 6").context("chain.jsonl");
        let told = invalid(&cs60, &error, 0.5);
        assert_eq!(told["valid"], false);
        assert_eq!(told["reason"], "chain.jsonl: block 7 does not follow block 6");
    }

    #[test]
    fn the_block_that_all_peers_have_is_counted_apart() {
        let cs60 = NetworkConfig::Cs60 { data: althing_dialect::cs60::Data::Ballots, zeros: 3 };
        let three = verdict(&cs60, 4, true);
        assert!(three.starts_with("4 blocks of cs60"), "{three}");
        assert!(
            three.ends_with("are valid, 3 read and the first, which all peers have"),
            "{three}"
        );
        assert!(verdict(&cs60, 1, true).contains("1 block of "));
        assert!(verdict(&cs60, 3, false).ends_with(" are valid"));
    }
}
