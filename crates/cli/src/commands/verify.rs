//! What a file proves to one who trusts no peer.
//!
//! | file | question |
//! | --- | --- |
//! | `entry` | is an entry in a block, and what work was done for that? |
//! | `rows` | have enough members signed for these rows? |

mod entry;
mod rows;

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use althing_api::EntryProof;
use althing_types::BlockHash;
use anyhow::{Context, bail, ensure};
use clap::Args;
use serde::de::DeserializeOwned;
use serde_json::{Deserializer, Value};

/// Check what a file proves, without asking any peer: that an entry is in a block, or that members
/// have signed for rows.
///
/// The file is one that althing chain prove has written, or althing table --certificates. A
/// file can claim any network: what it is worth hangs on the hash of the block, or of the members.
/// Give the one that a peer which you trust has.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing verify proof.json --hash \"$(cat hash.txt)\"\n  \
    althing table --data ./peer-1 --certificates | althing verify -")]
pub(crate) struct Arguments {
    /// The hash that the block of an entry must have, as althing chain show has it.
    #[arg(long, value_name = "HASH")]
    hash: Option<BlockHash>,

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
    let Arguments { hash, members, json, file } = arguments;
    let is_input = file == Path::new("-");
    let named = || if is_input { "standard input".to_owned() } else { file.display().to_string() };
    let from: Box<dyn Read> = match is_input {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(file).with_context(named)?),
    };
    let proven = read(BufReader::new(from), *hash, members.as_deref()).with_context(named)?;
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

/// Reads what a file has, and checks it.
fn read(from: impl Read, hash: Option<BlockHash>, members: Option<&str>) -> anyhow::Result<Proven> {
    let left = Cell::new(PROOF_BYTES_MAX);
    let mut values = Deserializer::from_reader(Bounded { from, left: &left }).into_iter::<Value>();
    let mut values = std::iter::from_fn(|| {
        left.set(PROOF_BYTES_MAX);
        values.next()
    });
    let Some(first) = values.next() else { bail!("there is nothing in it") };
    let first = first?;
    match first.get("evidence").is_some() {
        true => {
            ensure!(members.is_none(), "it proves an entry, and no row of --members");
            ensure!(values.next().is_none(), "there is something after the proof of the entry");
            entry::prove(&typed::<EntryProof>(first)?, hash)
        }
        false => {
            ensure!(
                first.get("votes").is_some(),
                "it is neither what althing chain prove writes nor what althing table \
                 --certificates does"
            );
            ensure!(hash.is_none(), "it proves rows, and no block with a --hash");
            let all = std::iter::once(Ok(first)).chain(values);
            rows::prove(all.map(|value| typed(value?)), members)
        }
    }
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
