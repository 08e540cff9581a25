use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use althing_dialect::{ChainDialect, chain_dialect};
use althing_ledger::{Block, Genesis, Ledger, Outcome, Tip};
use althing_store::Store;
use althing_types::UnixTime;
use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use crate::chain_file::Reader;

/// Check every block, from the first on.
#[derive(Args)]
#[command(after_help = "Example:\n  althing chain verify chain.jsonl")]
pub(super) struct Arguments {
    #[command(flatten)]
    chain: Chain,

    /// Write the outcome as a line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Chain {
    /// The peer's directory; the peer itself must not be running.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// A file that chain export has written.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// The chain that a peer has kept.
pub(super) struct Kept {
    pub(super) store: Store,
    pub(super) dialect: Box<dyn ChainDialect>,
}

impl Kept {
    /// Opens the store of a peer that has a chain.
    pub(super) fn open(dir: &Path) -> anyhow::Result<Self> {
        let store = Store::open_existing(dir)?;
        let network = store.identity()?.map(|identity| identity.network).unwrap_or_default();
        let dialect = chain_dialect(&network).with_context(|| {
            format!(
                "{} is of a peer of {network:?}, which has no chain; if it has rounds, see \
                 althing table --help",
                dir.display()
            )
        })?;
        Ok(Self { store, dialect })
    }

    /// Returns the blocks that are kept.
    pub(super) fn blocks(&self) -> impl Iterator<Item = anyhow::Result<Block>> {
        self.store.blocks().map(|kept| {
            let (height, bytes) = kept?;
            self.dialect
                .decode_block(&bytes)
                .with_context(|| format!("block {height} is damaged; let the peer fetch it anew"))
        })
    }

    /// Returns the genesis that everybody has, which is not kept.
    pub(super) fn given(&self) -> Option<Block> {
        match &self.dialect.rules().chain.genesis {
            Genesis::Given(block) => Some((**block).clone()),
            Genesis::Mined(_) => None,
        }
    }
}

/// A ledger that is given blocks in their order, and says how far it has come.
pub(super) struct Verification {
    ledger: Ledger,
    total: u64,
    checked: u64,
    told: Instant,
}

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(200);

impl Verification {
    /// Begins with an empty ledger, in which `total` blocks are to come.
    pub(super) fn begin(dialect: &dyn ChainDialect, total: u64) -> Self {
        let mut ledger = Ledger::new(dialect.rules().chain.clone(), dialect.application());
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        ledger.set_clock(UnixTime::from_seconds(since_1970.as_secs()));
        Self { ledger, total, checked: 0, told: Instant::now() }
    }

    /// Checks the next block. An invalid one is an error that names it and the rule it breaks.
    pub(super) fn check(&mut self, block: Block) -> anyhow::Result<()> {
        let height = block.height();
        match self.ledger.add(block) {
            Ok(Outcome::Adopted(_) | Outcome::Known) => {}
            Ok(Outcome::ParentMissing | Outcome::Side) => {
                bail!("block {height} does not follow on the one before it (rule B6)")
            }
            Err(invalid) => {
                bail!("block {height} is invalid (rule {}): {invalid}", invalid.rule())
            }
        }
        self.checked += 1;
        if self.told.elapsed() >= TELL_EVERY && io::stderr().is_terminal() {
            self.told = Instant::now();
            let percent = self.checked * 100 / self.total.max(1);
            write!(io::stderr(), "\r{} of {} blocks, {percent} % ", self.checked, self.total)?;
        }
        Ok(())
    }

    /// Ends it, and returns the ledger with all its blocks.
    pub(super) fn finish(self) -> anyhow::Result<Ledger> {
        if io::stderr().is_terminal() {
            // Over what was told of the progress.
            write!(io::stderr(), "\r\x1b[K")?;
        }
        Ok(self.ledger)
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let begin = Instant::now();
    let (network, ledger) = match (&arguments.chain.data, &arguments.chain.file) {
        (Some(dir), _) => {
            let kept = Kept::open(dir)?;
            let heights = kept.store.heights();
            let mut verification = Verification::begin(&*kept.dialect, heights.end - heights.start);
            kept.blocks().try_for_each(|block| verification.check(block?))?;
            (kept.dialect.network(), verification.finish()?)
        }
        (None, Some(file)) => {
            let (dialect, ledger) = verify_file(file)?;
            (dialect.network(), ledger)
        }
        (None, None) => unreachable!("one of the two is required"),
    };
    let seconds = begin.elapsed().as_secs_f64();
    let (blocks, tip) = (ledger.length(), ledger.tip());
    if arguments.json {
        let line = json!({
            "network": network,
            "blocks": blocks,
            "tip": tip.map(|tip| tip.hash.to_string()),
            "seconds": (seconds * 1e3).round() / 1e3,
        });
        writeln!(io::stdout(), "{line}")?;
    } else {
        let tip = tip.map_or("there is none".to_owned(), |Tip { hash, .. }| hash.to_string());
        writeln!(io::stdout(), "{blocks} blocks of {network} are valid, in {seconds:.3} s")?;
        writeln!(io::stdout(), "the last is {tip}")?;
    }
    Ok(())
}

/// Checks the chain in a file, and returns it with the dialect of its network.
pub(super) fn verify_file(path: &Path) -> anyhow::Result<(Box<dyn ChainDialect>, Ledger)> {
    let in_file = || path.display().to_string();
    let file = File::open(path).with_context(in_file)?;
    let mut reader = Reader::new(BufReader::new(file)).with_context(in_file)?;
    let mut verification = Verification::begin(reader.dialect(), reader.blocks());
    while let Some(block) = reader.block().with_context(in_file)? {
        verification.check(block).with_context(in_file)?;
    }
    Ok((reader.into_dialect(), verification.finish()?))
}
