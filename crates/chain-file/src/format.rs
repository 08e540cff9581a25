//! A chain as a file of its own, to be carried elsewhere: a line of JSON that says which network it
//! is of, and then a line for each block, as the network's dialect writes it.

use std::io::{self, BufRead, Write};

use althing_dialect::{ChainDialect, NetworkConfig, chain_dialect};
use althing_ledger::{Block, Format};
use althing_text::hex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ChainFileError;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Heading {
    format: String,
    version: u32,
    /// The network's [`NetworkConfig`] as JSON; it is decoded once the version is known to be ours.
    network: Value,
    blocks: u64,
}

const FORMAT: &str = "althing chain";
const VERSION: u32 = 2;

/// Bytes that a line may have: twice as many as a block, for those in hexadecimal digits.
const LINE_MAX: u64 = 1 << 20;

/// Writes the blocks of a chain, each given as its dialect encodes it.
///
/// An error is the first of `blocks`, or of `out`.
pub fn write<E: From<io::Error>>(
    dialect: &dyn ChainDialect,
    count: u64,
    blocks: impl Iterator<Item = Result<Vec<u8>, E>>,
    out: &mut impl Write,
) -> Result<(), E> {
    let network = serde_json::to_value(dialect.network()).map_err(io::Error::from)?;
    let heading = Heading { format: FORMAT.to_owned(), version: VERSION, network, blocks: count };
    writeln!(out, "{}", serde_json::to_string(&heading).map_err(io::Error::from)?)?;
    for block in blocks {
        let block = block?;
        if is_text(dialect) {
            out.write_all(&block)?;
        } else {
            out.write_all(hex::encode(&block).as_bytes())?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A chain that is being read.
pub struct Reader<R> {
    dialect: Box<dyn ChainDialect>,
    lines: R,
    blocks: u64,
    read: u64,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    pub fn new(mut lines: R) -> Result<Self, ChainFileError> {
        let line = read_line(&mut lines)?.unwrap_or_default();
        let heading: Heading = serde_json::from_slice(&line)
            .ok()
            .filter(|heading: &Heading| heading.format == FORMAT)
            .ok_or(ChainFileError::Foreign)?;
        if heading.version != VERSION {
            return Err(ChainFileError::OtherVersion { theirs: heading.version, ours: VERSION });
        }
        let network = NetworkConfig::from_json(&heading.network.to_string())?;
        let dialect = chain_dialect(&network).ok_or(ChainFileError::NoChain { network })?;
        Ok(Self { dialect, lines, blocks: heading.blocks, read: 0 })
    }

    /// Returns the dialect of its network.
    pub fn dialect(&self) -> &dyn ChainDialect {
        &*self.dialect
    }

    /// Returns the same, when all is read.
    pub fn into_dialect(self) -> Box<dyn ChainDialect> {
        self.dialect
    }

    /// Returns how many blocks there should be.
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Reads the next block; `None` after the last.
    pub fn block(&mut self) -> Result<Option<Block>, ChainFileError> {
        let Some(mut line) = read_line(&mut self.lines)? else {
            let (read, blocks) = (self.read, self.blocks);
            return match read == blocks {
                true => Ok(None),
                false => Err(ChainFileError::Incomplete { read, blocks }),
            };
        };
        self.read += 1;
        let number = self.read + 1;
        if !is_text(&*self.dialect) {
            line = hex::decode_any_case(&line)
                .ok_or(ChainFileError::NotHexadecimal { line: number })?;
        }
        let block = self.dialect.decode_block(&line);
        block.map(Some).map_err(|reason| ChainFileError::NoBlock { line: number, reason })
    }
}

fn read_line(lines: &mut impl BufRead) -> Result<Option<Vec<u8>>, ChainFileError> {
    let mut line = Vec::new();
    let length = std::io::Read::take(lines, LINE_MAX).read_until(b'\n', &mut line)?;
    if length == 0 {
        return Ok(None);
    }
    match line.pop() {
        Some(b'\n') => Ok(Some(line)),
        _ => Err(ChainFileError::LineTooLong { bytes_max: LINE_MAX }),
    }
}

/// Returns whether a block of this network is a text without line ends.
fn is_text(dialect: &dyn ChainDialect) -> bool {
    match dialect.rules().chain.format {
        Format::Cs60 | Format::Aviary => true,
        Format::Native => false,
    }
}
