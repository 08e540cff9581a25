//! What a file proves to one who trusts no peer.
//!
//! | file | question |
//! | --- | --- |
//! | `entry` | is an entry in a block, and what work was done for that? |
//! | `committed` | is an entry committed by the members of a charter? |
//! | `rows` | have enough members signed for these rows? |

mod committed;
mod entry;
mod rows;

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use althing_api::{EntryProof, Evidence};
use althing_ledger::charter::ChainId;
use althing_types::BlockHash;
use anyhow::{Context, bail, ensure};
use clap::Args;
use serde::de::DeserializeOwned;
use serde_json::{Deserializer, Value};

/// Check what a file proves, without asking any peer: that an entry is committed, or in a block, or
/// that members have signed for rows.
///
/// The file is one that althing prove or althing chain prove has written, or althing table
/// --certificates. A file can claim any network: what it is worth hangs on the hash of the charter,
/// of the block, or of the members. Give the one that you or a peer which you trust has.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing verify proof.json --charter club/charter.toml\n  \
    althing verify proof.json --hash \"$(cat hash.txt)\"\n  \
    althing table --data ./peer-1 --certificates | althing verify -")]
pub(crate) struct Arguments {
    /// The hash that the block of an entry must have, as althing chain show has it.
    #[arg(long, value_name = "HASH")]
    hash: Option<BlockHash>,

    /// The charter that an entry must be committed under: its file, or its hash, which is the id of
    /// its chain, as althing charter check has it.
    #[arg(long, value_name = "HASH|FILE", conflicts_with = "members")]
    charter: Option<String>,

    /// The hash that the members of rows and their keys must have, as this command says it of the
    /// rows of a peer that you trust.
    #[arg(long, value_name = "HASH", conflicts_with = "hash")]
    members: Option<String>,

    /// Write the result as a line of JSON.
    #[arg(long)]
    json: bool,

    /// The proof; - is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// The longest proof that is read, in bytes: a block in hexadecimal digits is shorter.
const PROOF_BYTES_MAX: u64 = 64 << 20;

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    crate::signals::end_on_signals()?;
    let Arguments { hash, charter, members, json, file } = arguments;
    let charter = charter.as_deref().map(crate::charter_file::named).transpose()?;
    let wanted = Wanted { hash: *hash, charter, members: members.as_deref() };
    let is_input = file == Path::new("-");
    let named = || if is_input { "standard input".to_owned() } else { file.display().to_string() };
    let from: Box<dyn Read> = match is_input {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(file).with_context(named)?),
    };
    let proven = read(BufReader::new(from), &wanted).with_context(named)?;
    let mut out = io::stdout().lock();
    match json {
        true => writeln!(out, "{}", proven.json)?,
        false => write!(out, "{}", proven.text)?,
    }
    Ok(())
}

/// What a file proves, for people and for programs.
struct Proven {
    text: String,
    json: Value,
}

/// What was given to compare with what a file says.
#[derive(Clone, Copy, Debug, Default)]
struct Wanted<'a> {
    hash: Option<BlockHash>,
    charter: Option<ChainId>,
    members: Option<&'a str>,
}

/// Reads what a file has, and checks it.
fn read(from: impl Read, wanted: &Wanted<'_>) -> anyhow::Result<Proven> {
    let Wanted { hash, charter, members } = *wanted;
    let left = Cell::new(PROOF_BYTES_MAX);
    let mut values = Deserializer::from_reader(Bounded { from, left: &left }).into_iter::<Value>();
    let mut values = std::iter::from_fn(|| {
        left.set(PROOF_BYTES_MAX);
        values.next()
    });
    let Some(first) = values.next() else { bail!("there is nothing in it") };
    let first = first.context(
        "it is not JSON; althing prove, althing chain prove and althing table --certificates write \
         what is verified here",
    )?;
    match first.get("evidence").is_some() {
        true => {
            ensure!(members.is_none(), "it proves an entry, and no row of --members");
            ensure!(values.next().is_none(), "there is something after the proof of the entry");
            prove_entry(&typed::<EntryProof>(first)?, hash, charter)
        }
        false => {
            ensure!(
                first.get("votes").is_some(),
                "it is neither what althing chain prove writes nor what althing table \
                 --certificates does"
            );
            ensure!(hash.is_none(), "it proves rows, and no block with a --hash");
            ensure!(charter.is_none(), "it proves rows, and no entry under a --charter");
            let all = std::iter::once(Ok(first)).chain(values);
            rows::prove(all.map(|value| typed(value?)), members)
        }
    }
}

/// Checks what ties an entry to a block, whatever that is in its network.
fn prove_entry(
    proof: &EntryProof,
    hash: Option<BlockHash>,
    charter: Option<ChainId>,
) -> anyhow::Result<Proven> {
    ensure!(
        proof.format == EntryProof::FORMAT && proof.version == EntryProof::VERSION,
        "it is a proof in format {:?}, version {}, and only {:?}, version {}, is known here; use \
         the version of althing that wrote it",
        proof.format,
        proof.version,
        EntryProof::FORMAT,
        EntryProof::VERSION,
    );
    if let Evidence::Certificate { .. } = proof.evidence {
        return committed::prove(proof, charter, hash);
    }
    ensure!(charter.is_none(), "it is of a network without a charter; see --hash");
    entry::prove(proof, hash)
}

/// A reader of several values, of which none may be longer than a bound.
struct Bounded<'a, R> {
    from: R,
    /// Bytes that the current value may still have.
    left: &'a Cell<u64>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left.get()).unwrap_or(usize::MAX).min(into.len());
        if room == 0 && !into.is_empty() {
            let reason = format!("a proof has at most {PROOF_BYTES_MAX} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        let count = self.from.read(&mut into[..room])?;
        self.left.set(self.left.get() - count as u64);
        Ok(count)
    }
}

fn typed<T: DeserializeOwned>(value: Value) -> anyhow::Result<T> {
    Ok(serde_json::from_value(value)?)
}
