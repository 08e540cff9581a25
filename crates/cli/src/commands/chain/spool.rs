//! The whole chain of a running peer as it is at one moment, in a file, since it may be longer than
//! memory.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Lines, Seek, SeekFrom, Write};

use althing_api::{Block as BlockAnswer, Client, ClientError};
use althing_dialect::{ChainDialect, NetworkConfig, chain_dialect};
use althing_ledger::Block;
use althing_text::hex;
use anyhow::{Context, bail};

use crate::asking::{Asking, if_running};

/// How often the chain is read again from its beginning, if blocks of it are replaced meanwhile.
const ATTEMPTS_MAX: usize = 16;

/// The blocks of a chain, as lines of hexadecimal digits in a file that has no name, each with its
/// certificate after a space if it has one.
pub(super) struct Spool {
    file: File,
    length: u64,
}

/// Reads the chain of the peer that is asked, with the dialect of its network; `None` if no peer
/// runs there.
pub(super) fn spooled(asking: &Asking) -> anyhow::Result<Option<(Box<dyn ChainDialect>, Spool)>> {
    let node = match if_running(asking.wait(Client::node)) {
        Ok(Some(node)) => node,
        Ok(None) => return Ok(None),
        // Another user may read what the peer has kept, and not ask it.
        Err(error) if error.is_permission_denied() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let rules = node.rules.context("the peer does not say of which network it is")?;
    let network = NetworkConfig::from_json(&rules.to_string())?;
    let dialect = chain_dialect(&network).with_context(|| {
        format!("its network, {network}, has a table and no chain; see althing table --help")
    })?;
    Ok(Some((dialect, Spool::of_running(asking)?)))
}

impl Spool {
    /// Reads the chain of a running peer, as it is at one moment.
    pub(super) fn of_running(asking: &Asking) -> anyhow::Result<Self> {
        let ask = |from| asking.wait(|peer| peer.blocks(from));
        for _ in 0..ATTEMPTS_MAX {
            if let Some(spool) = Self::fill(|from| {
                Ok::<_, ClientError>({
                    let page = ask(from)?;
                    (page.items, page.next)
                })
            })? {
                return Ok(spool);
            }
        }
        bail!("the peer's chain is replaced faster than it can be read; try again")
    }

    /// Reads a chain page by page. It is `None` if the chain was replaced between two pages, so
    /// that what was read is no chain.
    fn fill<E: std::error::Error + Send + Sync + 'static>(
        mut page: impl FnMut(u64) -> Result<(Vec<BlockAnswer>, Option<u64>), E>,
    ) -> anyhow::Result<Option<Self>> {
        let file = tempfile::tempfile().context("keeping the blocks of the chain for a moment")?;
        let mut out = BufWriter::new(&file);
        let (mut length, mut last, mut from) = (0, None, Some(0));
        while let Some(next) = from {
            let (blocks, following) = page(next)?;
            for block in blocks {
                if last.is_some() && last != block.previous {
                    return Ok(None);
                }
                match &block.certificate {
                    Some(certificate) => writeln!(out, "{} {certificate}", block.bytes)?,
                    None => writeln!(out, "{}", block.bytes)?,
                }
                last = Some(block.hash);
                length += 1;
            }
            from = following;
        }
        out.flush()?;
        drop(out);
        Ok(Some(Self { file, length }))
    }

    /// Returns how many blocks there are.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Returns the blocks, from the first on. Only one caller can read at a time.
    pub(super) fn blocks<'a>(
        &self,
        dialect: &'a dyn ChainDialect,
    ) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Block>> + 'a> {
        Ok(self.lines()?.map(|line| {
            let bytes = hex::decode(&line?).ok().context("a block is not in hexadecimal")?;
            Ok(dialect.decode_block(&bytes)?)
        }))
    }

    /// Returns the lines. Only one caller can read at a time.
    pub(super) fn lines(&self) -> anyhow::Result<Lines<BufReader<File>>> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        Ok(BufReader::new(file).lines())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn block(height: u64, hash: &str, previous: Option<&str>) -> BlockAnswer {
        BlockAnswer {
            height,
            hash: hash.to_owned(),
            previous: previous.map(str::to_owned),
            time: None,
            miner: None,
            work: "1".to_owned(),
            difficulty: 0.0,
            entries: Vec::new(),
            certificate: None,
            size: 1,
            bytes: "00".to_owned(),
        }
    }

    #[test]
    fn pages_that_are_not_of_one_chain_are_read_again() {
        let first = || vec![block(1, "a", Some("g")), block(2, "b", Some("a"))];
        for (third, length) in
            [(block(3, "c", Some("b")), Some(3)), (block(3, "z", Some("y")), None)]
        {
            let read = Spool::fill(|from| {
                Ok::<_, Infallible>(match from {
                    0 => (first(), Some(3)),
                    _ => (vec![third.clone()], None),
                })
            });
            let read = read.expect("there is room");
            assert_eq!(read.map(|spool| spool.length()), length);
        }
    }
}
