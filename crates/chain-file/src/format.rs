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
    /// The charter of an assembly, as a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    charter: Option<String>,
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
    write_heading(&dialect.network(), None, count, out)?;
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

/// Writes the first line.
pub(crate) fn write_heading(
    network: &NetworkConfig,
    charter: Option<String>,
    blocks: u64,
    out: &mut impl Write,
) -> io::Result<()> {
    let network = serde_json::to_value(network)?;
    let heading = Heading { format: FORMAT.to_owned(), version: VERSION, network, charter, blocks };
    writeln!(out, "{}", serde_json::to_string(&heading)?)
}

/// A file whose first line was read.
pub(crate) struct Opened<R> {
    pub(crate) network: NetworkConfig,
    pub(crate) charter: Option<String>,
    pub(crate) lines: BlockLines<R>,
}

/// Reads the first line of a file.
pub(crate) fn open<R: BufRead>(mut lines: R) -> Result<Opened<R>, ChainFileError> {
    let line = read_line(&mut lines)?.map(|line| line.bytes).unwrap_or_default();
    // Some editors begin a text with this mark.
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&line);
    let Heading { version, network, charter, blocks, .. } = serde_json::from_slice(line)
        .ok()
        .filter(|heading: &Heading| heading.format == FORMAT)
        .ok_or(ChainFileError::Foreign)?;
    if version != VERSION {
        return Err(ChainFileError::OtherVersion { theirs: version, ours: VERSION });
    }
    let network = NetworkConfig::from_json(&network.to_string())?;
    Ok(Opened { network, charter, lines: BlockLines { lines, blocks, read: 0 } })
}

/// The lines after the first one, a block each.
pub(crate) struct BlockLines<R> {
    lines: R,
    pub(crate) blocks: u64,
    read: u64,
}

impl<R: BufRead> BlockLines<R> {
    /// Returns what `decode` makes of the next line and its number; `None` after the last.
    pub(crate) fn next<T>(
        &mut self,
        decode: impl FnOnce(Vec<u8>, u64) -> Result<T, ChainFileError>,
    ) -> Result<Option<T>, ChainFileError> {
        let (read, blocks) = (self.read, self.blocks);
        let Some(line) = read_line(&mut self.lines)? else {
            return match read == blocks {
                true => Ok(None),
                false => Err(ChainFileError::Incomplete { read, blocks }),
            };
        };
        if read == blocks {
            return Err(ChainFileError::Surplus { blocks });
        }
        self.read += 1;
        match decode(line.bytes, self.read + 1) {
            // Its end is missing, and so is the rest of the file.
            Err(_) if !line.has_end => Err(ChainFileError::Incomplete { read, blocks }),
            block => block.map(Some),
        }
    }
}

/// A chain that is being read.
pub struct Reader<R> {
    dialect: Box<dyn ChainDialect>,
    lines: BlockLines<R>,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    pub fn new(lines: R) -> Result<Self, ChainFileError> {
        Self::of(open(lines)?)
    }

    pub(crate) fn of(opened: Opened<R>) -> Result<Self, ChainFileError> {
        let Opened { network, lines, .. } = opened;
        if let NetworkConfig::Assembly { .. } = network {
            return Err(ChainFileError::Assembly);
        }
        let dialect = chain_dialect(&network).ok_or(ChainFileError::NoChain { network })?;
        Ok(Self { dialect, lines })
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
        self.lines.blocks
    }

    /// Reads the next block; `None` after the last.
    pub fn block(&mut self) -> Result<Option<Block>, ChainFileError> {
        let dialect = &*self.dialect;
        self.lines.next(|bytes, line| {
            let bytes = match is_text(dialect) {
                true => bytes,
                false => {
                    hex::decode_any_case(&bytes).ok_or(ChainFileError::NotHexadecimal { line })?
                }
            };
            let block = dialect.decode_block(&bytes);
            block.map_err(|reason| ChainFileError::NoBlock { line, reason })
        })
    }
}

/// A line without its end.
struct Line {
    bytes: Vec<u8>,
    /// Whether it had an end; the last line of a file may lack it.
    has_end: bool,
}

/// Reads the next line that is not empty, with whatever end an editor or a transfer has given it.
fn read_line(lines: &mut impl BufRead) -> Result<Option<Line>, ChainFileError> {
    loop {
        let mut bytes = Vec::new();
        let length = std::io::Read::take(&mut *lines, LINE_MAX).read_until(b'\n', &mut bytes)?;
        if length == 0 {
            return Ok(None);
        }
        let has_end = bytes.pop_if(|last| *last == b'\n').is_some();
        if !has_end && bytes.len() as u64 >= LINE_MAX {
            return Err(ChainFileError::LineTooLong { bytes_max: LINE_MAX });
        }
        bytes.pop_if(|last| *last == b'\r');
        if !bytes.is_empty() {
            return Ok(Some(Line { bytes, has_end }));
        }
    }
}

/// Returns whether a block of this network is a text without line ends.
fn is_text(dialect: &dyn ChainDialect) -> bool {
    match dialect.rules().chain.format {
        Format::Cs60 | Format::Aviary { .. } => true,
        Format::Native => false,
    }
}

#[cfg(test)]
mod tests {
    use althing_dialect::{aviary::Aviary, cs60::Cs60, open::Open};
    use althing_engine::nakamoto::Label;
    use althing_ledger::{AviaryBlock, Cs60Block};
    use althing_types::{BlockHash, Height, UnixTime};

    use super::*;

    const COUNT: u64 = 3;

    fn aviary_block(height: u64) -> Block {
        Block::Aviary(AviaryBlock {
            height: Height::new(height),
            miner: "us".into(),
            messages: [althing_ledger::Entry::text("a word")].into(),
            time: Some(UnixTime::from_seconds(1_700_656_987)),
            nonce: "7".into(),
            hash: BlockHash::from_bytes([0xbb; 32]),
        })
    }

    fn cs60_block(height: u64) -> Block {
        Block::Cs60(Cs60Block { height: Height::new(height), ..Cs60Block::genesis() })
    }

    /// Returns a chain of each format with its dialect, as it is written.
    fn written() -> Vec<(Vec<Block>, String)> {
        let start = UnixTime::from_seconds(1_700_000_000);
        let label = Label::new("club").expect("it is short");
        let open = Open::new(althing_dialect::open::Config::new(label, start, [7; 32]));
        let native = match &open.rules().chain.genesis {
            althing_ledger::Genesis::Given(genesis) => (**genesis).clone(),
            althing_ledger::Genesis::Mined(_) => unreachable!("an open network is given its own"),
        };
        let chains: [(Box<dyn ChainDialect>, Vec<Block>); 3] = [
            (Box::new(Aviary::new(Default::default())), (0..COUNT).map(aviary_block).collect()),
            (Box::new(Cs60::new(Default::default())), (1..=COUNT).map(cs60_block).collect()),
            (Box::new(open), vec![native; 3]),
        ];
        let write = |(dialect, blocks): (Box<dyn ChainDialect>, Vec<Block>)| {
            let mut out = Vec::new();
            let lines = blocks.iter().map(|block| Ok::<_, io::Error>(dialect.encode_block(block)));
            super::write(&*dialect, COUNT, lines, &mut out).expect("there is room in memory");
            (blocks, String::from_utf8(out).expect("a chain is a text"))
        };
        chains.into_iter().map(write).collect()
    }

    fn read(text: &str) -> Result<Vec<Block>, ChainFileError> {
        let mut reader = Reader::new(text.as_bytes())?;
        std::iter::from_fn(|| reader.block().transpose()).collect()
    }

    #[test]
    fn a_chain_is_read_whatever_ends_its_lines_have_been_given() {
        for (blocks, text) in written() {
            let texts = [
                text.clone(),
                text.replace('\n', "\r\n"),
                text.trim_end().to_owned(),
                text.replace('\n', "\r\n").trim_end().to_owned(),
                format!("{text}\n\r\n"),
                format!("\u{feff}{text}"),
            ];
            for text in texts {
                assert_eq!(read(&text).expect(&text), blocks, "{text:?}");
            }
        }
    }

    #[test]
    fn a_chain_that_is_cut_off_anywhere_is_incomplete() {
        for (_, text) in written() {
            let heading = text.find('\n').expect("a heading") + 1;
            let whole = text.trim_end().len();
            for end in heading..whole {
                match read(&text[..end]) {
                    Err(ChainFileError::Incomplete { read, blocks: COUNT }) if read < COUNT => {}
                    other => panic!("{end} of {whole}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn a_line_after_the_last_block_is_named_as_what_it_is() {
        for (_, text) in written() {
            let last = text.lines().last().expect("a block").to_owned();
            for surplus in [last.as_str(), "nonsense"] {
                let refused = read(&format!("{text}{surplus}\n"));
                assert!(
                    matches!(refused, Err(ChainFileError::Surplus { blocks: COUNT })),
                    "{refused:?}"
                );
            }
        }
    }

    #[test]
    fn a_line_without_an_end_is_not_read_for_ever() {
        let (_, text) = written().swap_remove(0);
        let heading = text.find('\n').expect("a heading") + 1;
        let endless = text[..heading].bytes().chain(std::iter::repeat_n(b'x', 2 << 20));
        let endless: Vec<u8> = endless.collect();
        let mut reader = Reader::new(&endless[..]).expect("its heading is right");
        let refused = reader.block();
        assert!(matches!(refused, Err(ChainFileError::LineTooLong { .. })), "{refused:?}");
    }
}
