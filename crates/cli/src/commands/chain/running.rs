//! What the chain of a running peer holds, and what is to be added to it.

use std::io::{self, Write};
use std::num::NonZeroU64;
use std::path::PathBuf;

use althing_control::{self as control, Request};
use althing_text::terminal::{escaped, escaped_json};
use anyhow::bail;
use clap::Args;

use super::verification::Kept;
use crate::output::OnlyHere;

/// Show the entries of the chain, whether the peer is running or not.
#[derive(Args)]
#[command(after_help = "Example:\n  althing chain get --data ./voter-1 --json")]
pub(super) struct Get {
    /// The peer's directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// Write JSON.
    #[arg(long)]
    json: bool,
}

/// Add an entry to the chain through a running peer, and wait until it is in a block.
///
/// The answer comes when the entry has its confirmations and another peer has shown that it has
/// the block as well. If none has after a while, it says that the entry is only here so far, and
/// the exit code is 3. The block may still be replaced, as any of the last blocks; the peer then
/// adds the entry again, also after a restart. An invalid entry is an error, with exit code 1.
#[derive(Args)]
#[command(after_help = "Example:\n  althing chain add --data ./peer-1 'a word of mine'")]
pub(super) struct Add {
    /// The peer's directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// The text of the entry.
    #[arg(value_name = "TEXT")]
    entry: String,

    /// Wait for so many blocks, that of the entry included. The default is 2 in open, and 1 in
    /// networks that mine only for entries, where no further block may come.
    #[arg(long, value_name = "N")]
    confirmations: Option<NonZeroU64>,

    /// Write the answer as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn get(arguments: &Get) -> anyhow::Result<()> {
    let entries = match control::ask(&arguments.data, &Request::Entries)? {
        Some(entries) => entries,
        None => {
            let kept = Kept::open(&arguments.data)?;
            let mut entries = Vec::new();
            for block in kept.blocks() {
                let block = block?;
                let height = block.height();
                entries.extend(block.entries().iter().map(|entry| (height, entry.clone())));
            }
            control::entries(entries)
        }
    };
    let mut out = io::stdout();
    if arguments.json {
        return Ok(writeln!(out, "{}", escaped_json(&entries.to_string()))?);
    }
    for entry in entries["entries"].as_array().into_iter().flatten() {
        let text = entry["entry"].as_str().unwrap_or_default();
        // What strangers have written must not reach the terminal as it is.
        let (height, text) = (entry["height"].as_u64().unwrap_or_default(), escaped(text));
        write!(out, "{height:>8}  {text}")?;
        match entry["author"].as_str() {
            Some(author) => writeln!(out, "  by {}", escaped(author))?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

pub(super) fn add(arguments: &Add) -> anyhow::Result<()> {
    let Add { data, entry, confirmations, json } = arguments;
    let (entry, confirmations) = (entry.clone(), *confirmations);
    let request = Request::Add { entry, once: false, confirmations };
    let answer = control::ask_running(data, &request)?;
    if *json {
        writeln!(io::stdout(), "{}", escaped_json(&answer.to_string()))?;
    }
    if answer["answer"] != "added" {
        bail!("invalid: {}", answer["reason"].as_str().unwrap_or("the peer does not say why"));
    }
    if !json {
        let mut told = format!("added, in block {}", answer["height"]);
        match answer["confirmations"].as_u64() {
            None => {}
            Some(1) => told += ", with 1 confirmation",
            Some(confirmations) => told += &format!(", with {confirmations} confirmations"),
        }
        if let Some(races @ 1..) = answer["lost_races"].as_u64() {
            told += &format!("; others were quicker {races} times before");
        }
        writeln!(io::stdout(), "{told}")?;
    }
    if answer["held"] == false {
        return Err(OnlyHere(format!(
            "block {} is only here so far: no other peer has it",
            answer["height"]
        ))
        .into());
    }
    Ok(())
}
