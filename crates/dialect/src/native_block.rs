//! Blocks of our own chains as bytes: the header, what its maker says of it, and the entries.

use althing_ledger::{Block, Coinbase, Entry, NativeBlock};
use althing_types::Height;

use crate::Malformed;
use crate::bytes::{Reader, write_long};

/// Returns the bytes of a block, or `None` for one of another network, or far beyond the limits.
pub(crate) fn encode(block: &Block) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    write(block, &mut out)?;
    Some(out)
}

/// Returns the block with these bytes.
pub(crate) fn decode(bytes: &[u8]) -> Result<Block, Malformed> {
    decode_native(bytes).map(Block::Native)
}

/// Returns the same, as what it is.
pub(crate) fn decode_native(bytes: &[u8]) -> Result<NativeBlock, Malformed> {
    let mut reader = Reader::new(bytes);
    let block = read_native(&mut reader)?;
    reader.end()?;
    Ok(block)
}

pub(crate) fn write(block: &Block, out: &mut Vec<u8>) -> Option<()> {
    let Block::Native(block) = block else { return None };
    write_native(block, out)
}

pub(crate) fn write_native(block: &NativeBlock, out: &mut Vec<u8>) -> Option<()> {
    let NativeBlock { header, coinbase, entries } = block;
    out.extend_from_slice(&Block::header_bytes(header));
    out.extend_from_slice(&coinbase.height.number().to_be_bytes());
    out.extend_from_slice(&coinbase.extra_nonce.to_be_bytes());
    write_long(coinbase.miner.as_bytes(), out)?;
    out.extend_from_slice(&u16::try_from(entries.len()).ok()?.to_be_bytes());
    entries.iter().try_for_each(|entry| write_long(entry.as_bytes(), out))
}

pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Block, Malformed> {
    read_native(reader).map(Block::Native)
}

pub(crate) fn read_native(reader: &mut Reader<'_>) -> Result<NativeBlock, Malformed> {
    let header = Block::header_from_bytes(reader.array()?);
    let (height, extra_nonce) = (Height::new(reader.u64()?), reader.u64()?);
    let miner = reader.long_text("miner")?.into();
    let count = reader.u16()?;
    // Not made room for in advance: there may be fewer than it says.
    let entries: Result<Vec<Entry>, Malformed> =
        (0..count).map(|_| reader.long_bytes().map(Entry::new)).collect();
    let coinbase = Coinbase { height, miner, extra_nonce };
    Ok(NativeBlock { header, coinbase, entries: entries?.into() })
}
