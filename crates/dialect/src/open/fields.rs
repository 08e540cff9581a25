//! What a message says: its kind, and the fields of that, without what is around them on the wire.
//!
//! There is one encoding of each message, and one message of each encoding.

use althing_engine::nakamoto::{
    Claim, Cookie, Gossip, HEADERS_PER_ANSWER, LOCATOR_MAX, Label, Message,
};
use althing_ledger::{Block, Entry};
use althing_types::{Address, BlockHash};

use crate::Malformed;
use crate::bytes::{Reader, not_a_message, write_long, write_short};
use crate::native_block;

/// What each message is called.
mod kind {
    pub(super) const GOSSIP: u8 = 0;
    pub(super) const GOSSIP_REPLY: u8 = 1;
    pub(super) const TIP_REQUEST: u8 = 2;
    pub(super) const TIP: u8 = 3;
    pub(super) const CONSENSUS: u8 = 4;
    pub(super) const HEADERS_REQUEST: u8 = 5;
    pub(super) const HEADERS: u8 = 6;
    pub(super) const BODY_REQUEST: u8 = 7;
    pub(super) const BLOCK: u8 = 8;
    pub(super) const NO_BLOCK: u8 = 9;
    pub(super) const ANNOUNCEMENT: u8 = 10;
    pub(super) const ENTRY: u8 = 11;
    pub(super) const CHALLENGE: u8 = 12;
    pub(super) const PROOF: u8 = 13;
}

/// Returns the kind of a message and its fields, or `None` if the network has no such message.
pub fn encode(message: &Message) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let out = &mut bytes;
    match message {
        Message::Gossip(Gossip { origin, name, id }) => {
            out.push(kind::GOSSIP);
            write_address(origin, out)?;
            write_short(name.as_str().as_bytes(), out)?;
            write_short(id.as_str().as_bytes(), out)?;
        }
        Message::GossipReply { address, name } => {
            out.push(kind::GOSSIP_REPLY);
            write_address(address, out)?;
            write_short(name.as_str().as_bytes(), out)?;
        }
        Message::TipRequest => out.push(kind::TIP_REQUEST),
        Message::Tip(Claim { length, hash }) => {
            out.push(kind::TIP);
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(hash.as_bytes());
        }
        Message::Consensus => out.push(kind::CONSENSUS),
        Message::HeadersRequest { locator } => {
            out.push(kind::HEADERS_REQUEST);
            let hashes = || locator.iter().take(LOCATOR_MAX);
            out.push(u8::try_from(hashes().count()).ok()?);
            hashes().for_each(|hash| out.extend_from_slice(hash.as_bytes()));
        }
        Message::Headers(headers) => {
            out.push(kind::HEADERS);
            let headers = || headers.iter().take(HEADERS_PER_ANSWER);
            out.extend_from_slice(&u16::try_from(headers().count()).ok()?.to_be_bytes());
            headers().for_each(|header| out.extend_from_slice(&Block::header_bytes(header)));
        }
        Message::BodyRequest { hash } => {
            out.push(kind::BODY_REQUEST);
            out.extend_from_slice(hash.as_bytes());
        }
        Message::Block(block) => {
            out.push(kind::BLOCK);
            native_block::write(block, out)?;
        }
        Message::NoBlock => out.push(kind::NO_BLOCK),
        Message::Announcement(block) => {
            out.push(kind::ANNOUNCEMENT);
            native_block::write(block, out)?;
        }
        Message::Entry(entry) => {
            out.push(kind::ENTRY);
            write_long(entry.as_bytes(), out)?;
        }
        Message::Challenge(Cookie(cookie)) => {
            out.push(kind::CHALLENGE);
            out.extend_from_slice(cookie);
        }
        Message::Proof(Cookie(cookie)) => {
            out.push(kind::PROOF);
            out.extend_from_slice(cookie);
        }
        // Other ways to fetch.
        Message::BlockRequest { .. } | Message::ChainRequest { .. } | Message::Chain(_) => {
            return None;
        }
    }
    Some(bytes)
}

/// Returns the message with this kind and these fields, or what is wrong with them.
pub fn decode(bytes: &[u8]) -> Result<Message, Malformed> {
    let mut reader = Reader::new(bytes);
    let message = match reader.byte()? {
        kind::GOSSIP => {
            let origin = read_address(&mut reader)?;
            let (name, id) = (read_label(&mut reader, "name")?, read_label(&mut reader, "id")?);
            Message::Gossip(Gossip { origin, name, id })
        }
        kind::GOSSIP_REPLY => {
            let address = read_address(&mut reader)?;
            Message::GossipReply { address, name: read_label(&mut reader, "name")? }
        }
        kind::TIP_REQUEST => Message::TipRequest,
        kind::TIP => {
            let length = reader.u64()?;
            Message::Tip(Claim { length, hash: read_hash(&mut reader)? })
        }
        kind::CONSENSUS => Message::Consensus,
        kind::HEADERS_REQUEST => {
            let count = at_most("locator", reader.byte()?.into(), LOCATOR_MAX)?;
            let locator = (0..count).map(|_| read_hash(&mut reader)).collect::<Result<_, _>>()?;
            Message::HeadersRequest { locator }
        }
        kind::HEADERS => {
            let count = at_most("headers", reader.u16()?.into(), HEADERS_PER_ANSWER)?;
            let header = |_| reader.array().map(Block::header_from_bytes);
            Message::Headers((0..count).map(header).collect::<Result<_, _>>()?)
        }
        kind::BODY_REQUEST => Message::BodyRequest { hash: read_hash(&mut reader)? },
        kind::BLOCK => Message::Block(native_block::read(&mut reader)?),
        kind::NO_BLOCK => Message::NoBlock,
        kind::ANNOUNCEMENT => Message::Announcement(native_block::read(&mut reader)?),
        kind::ENTRY => Message::Entry(Entry::new(reader.long_bytes()?)),
        kind::CHALLENGE => Message::Challenge(Cookie(*reader.array()?)),
        kind::PROOF => Message::Proof(Cookie(*reader.array()?)),
        _ => return Err(not_a_message("of a kind that this network does not have")),
    };
    reader.end()?;
    Ok(message)
}

fn write_address(address: &Address, out: &mut Vec<u8>) -> Option<()> {
    write_short(address.host().as_bytes(), out)?;
    out.extend_from_slice(&address.port().to_be_bytes());
    Some(())
}

fn read_address(reader: &mut Reader<'_>) -> Result<Address, Malformed> {
    let host = reader.short_text("host")?;
    field("host", Address::new(host, reader.u16()?))
}

fn read_label(reader: &mut Reader<'_>, name: &'static str) -> Result<Label, Malformed> {
    field(name, Label::new(reader.short_text(name)?))
}

fn read_hash(reader: &mut Reader<'_>) -> Result<BlockHash, Malformed> {
    reader.array().map(|hash| BlockHash::from_bytes(*hash))
}

fn at_most(field: &'static str, count: usize, max: usize) -> Result<usize, Malformed> {
    let reason = || format!("{count} are more than {max}");
    (count <= max).then_some(count).ok_or_else(|| Malformed::Field { field, reason: reason() })
}

fn field<T, E: ToString>(name: &'static str, value: Result<T, E>) -> Result<T, Malformed> {
    value.map_err(|error| Malformed::Field { field: name, reason: error.to_string() })
}
