//! A chain as a file of its own, to be carried elsewhere: a line of JSON that says which network it
//! is of, and then a line for each block, as the network's dialect writes it.

use std::io::{BufRead, Write};

use althing_dialect::{ChainDialect, chain_dialect};
use althing_ledger::{Block, Format};
use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::hexadecimal;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Heading {
    format: String,
    version: u32,
    network: String,
    blocks: u64,
}

const FORMAT: &str = "althing chain";
const VERSION: u32 = 1;

/// Bytes that a line may have: twice as many as a block, for those in hexadecimal digits.
const LINE_MAX: u64 = 1 << 20;

/// Writes the blocks of a chain, each given as its dialect encodes it.
pub(crate) fn write<E>(
    dialect: &dyn ChainDialect,
    count: u64,
    blocks: impl Iterator<Item = Result<Vec<u8>, E>>,
    out: &mut impl Write,
) -> anyhow::Result<()>
where
    anyhow::Error: From<E>,
{
    let network = dialect.network();
    let heading = Heading { format: FORMAT.to_owned(), version: VERSION, network, blocks: count };
    writeln!(out, "{}", serde_json::to_string(&heading)?)?;
    for block in blocks {
        let block = block?;
        if is_text(dialect) {
            out.write_all(&block)?;
        } else {
            block.iter().try_for_each(|byte| write!(out, "{byte:02x}"))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A chain that is being read.
pub(crate) struct Reader<R> {
    dialect: Box<dyn ChainDialect>,
    lines: R,
    blocks: u64,
    read: u64,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    pub(crate) fn new(mut lines: R) -> anyhow::Result<Self> {
        let line = read_line(&mut lines)?.unwrap_or_default();
        let heading: Heading = serde_json::from_slice(&line)
            .ok()
            .filter(|heading: &Heading| heading.format == FORMAT)
            .context("this is no chain that althing chain export wrote: its first line says so")?;
        ensure!(
            heading.version == VERSION,
            "the chain is written in version {} of its format, and only {VERSION} is known here; \
             use the version of althing that wrote it",
            heading.version
        );
        let dialect = chain_dialect(&heading.network).with_context(|| {
            format!("the chain is of network {:?}, which is not known here", heading.network)
        })?;
        Ok(Self { dialect, lines, blocks: heading.blocks, read: 0 })
    }

    /// Returns the dialect of its network.
    pub(crate) fn dialect(&self) -> &dyn ChainDialect {
        &*self.dialect
    }

    /// Returns the same, when all is read.
    pub(crate) fn into_dialect(self) -> Box<dyn ChainDialect> {
        self.dialect
    }

    /// Returns how many blocks there should be.
    pub(crate) fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Reads the next block; `None` after the last.
    pub(crate) fn block(&mut self) -> anyhow::Result<Option<Block>> {
        let Some(mut line) = read_line(&mut self.lines)? else {
            ensure!(
                self.read == self.blocks,
                "it ends after {} of {} blocks; it may have been copied in part",
                self.read,
                self.blocks
            );
            return Ok(None);
        };
        self.read += 1;
        let place = || format!("line {}", self.read + 1);
        if !is_text(&*self.dialect) {
            line = hexadecimal::parse(&line)
                .with_context(|| format!("{}: not hexadecimal digits", place()))?;
        }
        self.dialect.decode_block(&line).with_context(place).map(Some)
    }
}

fn read_line(lines: &mut impl BufRead) -> anyhow::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let length = std::io::Read::take(lines, LINE_MAX).read_until(b'\n', &mut line)?;
    if length == 0 {
        return Ok(None);
    }
    match line.pop() {
        Some(b'\n') => Ok(Some(line)),
        _ => bail!("a line has no end, or more than {LINE_MAX} bytes"),
    }
}

/// Returns whether a block of this network is a text without line ends.
fn is_text(dialect: &dyn ChainDialect) -> bool {
    match dialect.rules().chain.format {
        Format::Cs60 | Format::Aviary => true,
        Format::Native => false,
    }
}
