//! What the chain of a running peer holds, and what is to be added to it.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::num::NonZeroU64;

use althing_api::{Entry, NewEntry, Submitted};
use althing_http::entry_as_told;
use althing_text::counted;
use althing_text::terminal::{escaped, escaped_json};
use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::verification::Kept;
use crate::asking::Place;
use crate::committed;
use crate::output::OnlyHere;

/// Show the entries of the chain, whether the peer is running or not.
#[derive(Args)]
#[command(after_help = "Example:\n  althing chain get --data ./voter-1 --json")]
pub(super) struct Get {
    #[command(flatten)]
    place: Place,

    /// Write JSON.
    #[arg(long)]
    json: bool,
}

/// Add an entry to the chain through a running peer, and wait until it is in a block.
///
/// The answer comes when the entry has its confirmations and another peer has shown that it has
/// the block as well. If none has after a while, it says that the entry is only here so far, and
/// the exit code is 3. The block may still be replaced, as any of the last blocks; the peer then
/// adds the entry again, also after a restart. In an assembly the answer comes when the entry is
/// committed, for good. An invalid entry is an error, with exit code 1.
#[derive(Args)]
#[command(after_help = "Example:\n  althing chain add --data ./peer-1 'a word of mine'")]
pub(super) struct Add {
    #[command(flatten)]
    place: Place,

    /// The text of the entry: a ballot in cs60, and otherwise a text of at most 20 characters in
    /// aviary, and 100 in open and assembly.
    #[arg(value_name = "TEXT")]
    entry: String,

    /// Wait for so many blocks, that of the entry included. The default is 2 in open, and 1 in
    /// networks that mine only for entries, where no further block may come.
    #[arg(long, value_name = "N")]
    confirmations: Option<NonZeroU64>,

    /// Add a ballot even if its voter or its choice looks like one in the chain: it is meant as it
    /// is written.
    ///
    /// On a terminal this is asked; elsewhere such a ballot is not added.
    #[arg(long)]
    as_written: bool,

    /// Write the answer as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn get(arguments: &Get) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let asking = arguments.place.asking()?;
    // What is committed is of one chain in any case.
    if let Some(entries) = committed::entries(&arguments.place, &asking, 0)? {
        write(entries, arguments.json, &mut out)?;
        return Ok(out.flush()?);
    }
    // Its blocks, since entries do not tell whether they are all of one chain.
    let kept = Kept::at(&arguments.place)?;
    write(entries(&kept), arguments.json, &mut out)?;
    Ok(out.flush()?)
}

/// Writes entries as they come, since there may be more than fit into memory.
fn write(
    entries: impl Iterator<Item = anyhow::Result<Entry>>,
    as_json: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    if as_json {
        write!(out, "{{\"entries\":[")?;
    }
    for (number, entry) in entries.enumerate() {
        let Entry { height, text, author, .. } = entry?;
        if as_json {
            let comma = if number > 0 { "," } else { "" };
            let mut shown = json!({ "height": height, "entry": text });
            if let Some(author) = author {
                shown["author"] = author.into();
            }
            write!(out, "{comma}{}", escaped_json(&shown.to_string()))?;
            continue;
        }
        // What strangers have written must not reach the terminal as it is.
        write!(out, "{height:>8}  {}", escaped(&text))?;
        match author {
            Some(author) => writeln!(out, "  by {}", escaped(&author))?,
            None => writeln!(out)?,
        }
    }
    if as_json {
        writeln!(out, "]}}")?;
    }
    Ok(())
}

/// Returns the entries of a chain.
fn entries(kept: &Kept) -> impl Iterator<Item = anyhow::Result<Entry>> + '_ {
    kept.blocks().flat_map(|block| {
        let entries = block.map(|block| {
            let entry = |(place, entry)| entry_as_told(&block, place, entry, |_| None);
            (0..).zip(block.entries()).map(entry).collect::<Vec<_>>()
        });
        match entries {
            Ok(entries) => entries.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        }
    })
}

pub(super) fn add(arguments: &Add) -> anyhow::Result<()> {
    let Add { place, entry, confirmations, as_written, json } = arguments;
    let (text, as_written) = (entry.clone(), *as_written);
    let mut new = NewEntry { text, confirmations: *confirmations, once: false, as_written };
    let asking = place.asking()?;
    let mut answer = asking.wait(|peer| peer.add(&new))?;
    if let Submitted::Doubted { reason } = &answer
        && is_meant(reason)?
    {
        new.as_written = true;
        answer = asking.wait(|peer| peer.add(&new))?;
    }
    if *json {
        writeln!(io::stdout(), "{}", escaped_json(&serde_json::to_string(&answer)?))?;
    }
    let (height, lost_races, confirmations, held) = match answer {
        Submitted::Added { height, lost_races, confirmations, held, .. } => {
            (height, lost_races, confirmations, held)
        }
        Submitted::Invalid { reason } => bail!("invalid: {reason}"),
        Submitted::Doubted { reason } => {
            bail!("not added: {reason}; give --as-written if it is meant as it is")
        }
        Submitted::Overtaken {} => bail!("another peer's block came first"),
    };
    // Only what another peer has is added, so there is one sentence of the two.
    if !json && held {
        let mut told = format!("added, in block {height}");
        match confirmations {
            1 => told += ", with 1 confirmation",
            confirmations => told += &format!(", with {confirmations} confirmations"),
        }
        if lost_races > 0 {
            told += &format!("; others were quicker {} before", counted(lost_races, "time"));
        }
        writeln!(io::stdout(), "{told}")?;
    }
    if !held {
        return Err(OnlyHere(format!(
            "in block {height}, but only here so far: no other peer is known to have it"
        ))
        .into());
    }
    Ok(())
}

/// Asks whether an entry is meant although there is a reason to doubt it. Without a terminal it is
/// not.
fn is_meant(reason: &str) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(false);
    }
    write!(io::stderr(), "{}. Add it as it is? [y/N] ", escaped(reason))?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
