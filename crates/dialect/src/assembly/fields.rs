//! What a message says: its kind, and the fields of that, without what is around them on the wire.
//!
//! There is one encoding of each message, and one message of each encoding.

use std::sync::Arc;

use althing_engine::simplex::{
    CERTIFICATES_MAX, Challenge, ENTRIES_PER_MESSAGE, Message, RUN_BLOCKS, Request, Status,
};
use althing_ledger::assembly::{
    Certificate, CertifiedRun, Evidence, RUN_HEADERS_MAX, Signature, SignedStatement, Statement,
};
use althing_ledger::charter::{MEMBERS_MAX, MemberIndex};
use althing_ledger::{Block, Entry, NativeBlock};
use althing_types::{BlockHash, Height, View};

use crate::Malformed;
use crate::bytes::{Reader, not_a_message, write_long};
use crate::native_block;

/// What each message is called.
mod kind {
    pub(super) const CHALLENGE: u8 = 0;
    pub(super) const SOLUTION: u8 = 1;
    pub(super) const PROPOSAL: u8 = 2;
    pub(super) const VOTE: u8 = 3;
    pub(super) const CERTIFICATES: u8 = 4;
    pub(super) const STATUS: u8 = 5;
    pub(super) const BLOCKS_REQUEST: u8 = 6;
    pub(super) const BODY_REQUEST: u8 = 7;
    pub(super) const CERTIFICATES_REQUEST: u8 = 8;
    pub(super) const BODY: u8 = 9;
    pub(super) const RUN: u8 = 10;
    pub(super) const ENTRIES: u8 = 11;
    pub(super) const EVIDENCE: u8 = 12;
}

/// What each statement is called.
mod said {
    pub(super) const NOTARIZE: u8 = 0;
    pub(super) const NULLIFY: u8 = 1;
    pub(super) const FINALIZE: u8 = 2;
}

/// Returns the kind of a message and its fields, or `None` if it has more than it may have.
pub fn encode(message: &Message) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let out = &mut bytes;
    match message {
        Message::Challenge(Challenge { view, parent, salt, signature }) => {
            out.push(kind::CHALLENGE);
            number(view.number(), out);
            out.extend_from_slice(parent.as_bytes());
            number(*salt, out);
            out.extend_from_slice(signature.as_bytes());
        }
        Message::Solution(block) => {
            out.push(kind::SOLUTION);
            write_block(block, out)?;
        }
        Message::Proposal { word, block } => {
            out.push(kind::PROPOSAL);
            write_word(word, out);
            write_block(block, out)?;
        }
        Message::Vote(word) => {
            out.push(kind::VOTE);
            write_word(word, out);
        }
        Message::Certificates(certificates) => {
            out.push(kind::CERTIFICATES);
            count(certificates.len(), CERTIFICATES_MAX, out)?;
            certificates.iter().try_for_each(|it| write_certificate(it, out))?;
        }
        Message::Status(Status { member, view, height, beat, signature }) => {
            out.push(kind::STATUS);
            out.extend_from_slice(&member.0.to_be_bytes());
            for value in [view.number(), height.number(), *beat] {
                number(value, out);
            }
            out.extend_from_slice(signature.as_bytes());
        }
        Message::Request(Request::Blocks { of, from }) => {
            out.push(kind::BLOCKS_REQUEST);
            out.extend_from_slice(&of.0.to_be_bytes());
            number(from.number(), out);
        }
        Message::Request(Request::Body(hash)) => {
            out.push(kind::BODY_REQUEST);
            out.extend_from_slice(hash.as_bytes());
        }
        Message::Request(Request::Certificates(view)) => {
            out.push(kind::CERTIFICATES_REQUEST);
            number(view.number(), out);
        }
        Message::Body(block) => {
            out.push(kind::BODY);
            write_block(block, out)?;
        }
        Message::Run(run) => {
            out.push(kind::RUN);
            write_run(run, out)?;
        }
        Message::Entries(entries) => {
            out.push(kind::ENTRIES);
            count(entries.len(), ENTRIES_PER_MESSAGE, out)?;
            entries.iter().try_for_each(|entry| write_long(entry.as_bytes(), out))?;
        }
        Message::Evidence(Evidence { member, first, second }) => {
            out.push(kind::EVIDENCE);
            out.extend_from_slice(&member.0.to_be_bytes());
            for (statement, signature) in [first, second] {
                write_statement(statement, out);
                out.extend_from_slice(signature.as_bytes());
            }
        }
    }
    Some(bytes)
}

/// Returns the message with this kind and these fields, or what is wrong with them.
pub fn decode(bytes: &[u8]) -> Result<Message, Malformed> {
    let mut reader = Reader::new(bytes);
    let message = match reader.byte()? {
        kind::CHALLENGE => Message::Challenge(Challenge {
            view: View::new(reader.u64()?),
            parent: read_hash(&mut reader)?,
            salt: reader.u64()?,
            signature: read_signature(&mut reader)?,
        }),
        kind::SOLUTION => Message::Solution(read_block(&mut reader)?),
        kind::PROPOSAL => {
            let word = read_word(&mut reader)?;
            Message::Proposal { word, block: read_block(&mut reader)? }
        }
        kind::VOTE => Message::Vote(read_word(&mut reader)?),
        kind::CERTIFICATES => {
            let count = read_count("certificates", CERTIFICATES_MAX, &mut reader)?;
            let certificates = (0..count).map(|_| read_certificate(&mut reader));
            Message::Certificates(certificates.collect::<Result<_, _>>()?)
        }
        kind::STATUS => Message::Status(Status {
            member: read_member(&mut reader)?,
            view: View::new(reader.u64()?),
            height: Height::new(reader.u64()?),
            beat: reader.u64()?,
            signature: read_signature(&mut reader)?,
        }),
        kind::BLOCKS_REQUEST => Message::Request(Request::Blocks {
            of: read_member(&mut reader)?,
            from: Height::new(reader.u64()?),
        }),
        kind::BODY_REQUEST => Message::Request(Request::Body(read_hash(&mut reader)?)),
        kind::CERTIFICATES_REQUEST => {
            Message::Request(Request::Certificates(View::new(reader.u64()?)))
        }
        kind::BODY => Message::Body(read_block(&mut reader)?),
        kind::RUN => Message::Run(Box::new(read_run(&mut reader)?)),
        kind::ENTRIES => {
            let count = read_count("entries", ENTRIES_PER_MESSAGE, &mut reader)?;
            let entries = (0..count).map(|_| reader.long_bytes().map(Entry::new));
            Message::Entries(entries.collect::<Result<_, _>>()?)
        }
        kind::EVIDENCE => {
            let member = read_member(&mut reader)?;
            let mut said = || Ok((read_statement(&mut reader)?, read_signature(&mut reader)?));
            let (first, second) = (said()?, said()?);
            Message::Evidence(Evidence { member, first, second })
        }
        _ => return Err(not_a_message("of a kind that this network does not have")),
    };
    reader.end()?;
    Ok(message)
}

/// Returns the bytes of a certificate alone, or `None` if it has more signatures than any may have.
pub fn encode_certificate(certificate: &Certificate) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    write_certificate(certificate, &mut bytes)?;
    Some(bytes)
}

/// Returns the certificate with these bytes, or what is wrong with them.
pub fn decode_certificate(bytes: &[u8]) -> Result<Certificate, Malformed> {
    let mut reader = Reader::new(bytes);
    let certificate = read_certificate(&mut reader)?;
    reader.end()?;
    Ok(certificate)
}

fn number(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_be_bytes());
}

fn count(found: usize, max: usize, out: &mut Vec<u8>) -> Option<()> {
    let found = u16::try_from(found).ok().filter(|_| found <= max)?;
    out.extend_from_slice(&found.to_be_bytes());
    Some(())
}

fn read_count(
    field: &'static str,
    max: usize,
    reader: &mut Reader<'_>,
) -> Result<usize, Malformed> {
    let found = usize::from(reader.u16()?);
    let reason = || format!("{found} are more than {max}");
    (found <= max).then_some(found).ok_or_else(|| Malformed::Field { field, reason: reason() })
}

fn write_statement(statement: &Statement, out: &mut Vec<u8>) {
    out.push(match statement {
        Statement::Notarize { .. } => said::NOTARIZE,
        Statement::Nullify { .. } => said::NULLIFY,
        Statement::Finalize { .. } => said::FINALIZE,
    });
    number(statement.view().number(), out);
    if let Some(block) = statement.block() {
        out.extend_from_slice(block.as_bytes());
    }
}

fn read_statement(reader: &mut Reader<'_>) -> Result<Statement, Malformed> {
    let kind = reader.byte()?;
    let view = View::new(reader.u64()?);
    Ok(match kind {
        said::NOTARIZE => Statement::Notarize { view, block: read_hash(reader)? },
        said::NULLIFY => Statement::Nullify { view },
        said::FINALIZE => Statement::Finalize { view, block: read_hash(reader)? },
        _ => return Err(not_a_message("a statement of a kind that there is not")),
    })
}

fn write_word(word: &SignedStatement, out: &mut Vec<u8>) {
    write_statement(&word.statement, out);
    out.extend_from_slice(&word.member.0.to_be_bytes());
    out.extend_from_slice(word.signature.as_bytes());
}

fn read_word(reader: &mut Reader<'_>) -> Result<SignedStatement, Malformed> {
    let statement = read_statement(reader)?;
    let member = read_member(reader)?;
    Ok(SignedStatement { statement, member, signature: read_signature(reader)? })
}

fn write_certificate(certificate: &Certificate, out: &mut Vec<u8>) -> Option<()> {
    write_statement(&certificate.statement, out);
    count(certificate.signatures.len(), MEMBERS_MAX, out)?;
    for (member, signature) in &certificate.signatures {
        out.extend_from_slice(&member.0.to_be_bytes());
        out.extend_from_slice(signature.as_bytes());
    }
    Some(())
}

fn read_certificate(reader: &mut Reader<'_>) -> Result<Certificate, Malformed> {
    let statement = read_statement(reader)?;
    let count = read_count("signatures", MEMBERS_MAX, reader)?;
    let signature = |_| Ok((read_member(reader)?, read_signature(reader)?));
    Ok(Certificate { statement, signatures: (0..count).map(signature).collect::<Result<_, _>>()? })
}

fn write_run(run: &CertifiedRun, out: &mut Vec<u8>) -> Option<()> {
    count(run.blocks.len(), blocks_max(), out)?;
    run.blocks.iter().try_for_each(|block| write_block(block, out))?;
    count(run.headers.len(), RUN_HEADERS_MAX, out)?;
    run.headers.iter().for_each(|header| out.extend_from_slice(&Block::header_bytes(header)));
    write_certificate(&run.finalization, out)
}

fn read_run(reader: &mut Reader<'_>) -> Result<CertifiedRun, Malformed> {
    let count = read_count("blocks", blocks_max(), reader)?;
    let block = |_| read_block(reader).map(Arc::unwrap_or_clone);
    let blocks = (0..count).map(block).collect::<Result<_, _>>()?;
    let count = read_count("headers", RUN_HEADERS_MAX, reader)?;
    let header = |_| reader.array().map(Block::header_from_bytes);
    let headers = (0..count).map(header).collect::<Result<_, _>>()?;
    Ok(CertifiedRun { blocks, headers, finalization: read_certificate(reader)? })
}

fn blocks_max() -> usize {
    usize::try_from(RUN_BLOCKS).expect("a small number")
}

fn write_block(block: &NativeBlock, out: &mut Vec<u8>) -> Option<()> {
    native_block::write_native(block, out)
}

fn read_block(reader: &mut Reader<'_>) -> Result<Arc<NativeBlock>, Malformed> {
    native_block::read_native(reader).map(Arc::new)
}

fn read_hash(reader: &mut Reader<'_>) -> Result<BlockHash, Malformed> {
    reader.array().map(|hash| BlockHash::from_bytes(*hash))
}

fn read_member(reader: &mut Reader<'_>) -> Result<MemberIndex, Malformed> {
    reader.u16().map(MemberIndex)
}

fn read_signature(reader: &mut Reader<'_>) -> Result<Signature, Malformed> {
    reader.array().map(|bytes| Signature::from_bytes(*bytes))
}
