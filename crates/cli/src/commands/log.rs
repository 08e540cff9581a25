//! The committed entries of an assembly, one after the other.

use std::io::{self, BufWriter, Write};

use althing_api::{Client, Entry};
use althing_feed::{AssemblyEvent, Event, PeerEvent, Record};
use althing_text::terminal::{escaped, escaped_json};
use althing_types::UnixTime;
use anyhow::{Context, bail, ensure};
use clap::Args;

use crate::asking::Place;
use crate::committed;
use crate::output::time_text;

/// Show what is committed in an assembly, and follow it.
///
/// Each entry is a line: the height of its block, the time that the block states, its author, and
/// what it says. A peer that does not run is read from its directory.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing log --data ./club/member-1\n  \
    althing log --data ./club/member-1 --follow --json | jq -r .text\n  \
    althing log --data ./club/member-1 --from 100")]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,

    /// The height of the first block whose entries are shown.
    #[arg(long, value_name = "HEIGHT", default_value_t = 0)]
    from: u64,

    /// Go on as entries are committed, until the peer or this command is stopped.
    #[arg(long)]
    follow: bool,

    /// Write each as a line of JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    crate::signals::end_on_signals()?;
    let Arguments { place, from, follow, json } = arguments;
    if *follow {
        return super::block_on(follow_from(place.client()?, *from, *json));
    }
    let asking = place.asking()?;
    let entries = committed::entries(place, &asking, *from)?.context(NOT_COMMITTED)?;
    let mut out = BufWriter::new(io::stdout().lock());
    for entry in entries {
        write(&entry?, *json, &mut out)?;
    }
    Ok(out.flush()?)
}

const NOT_COMMITTED: &str = "it is no peer of an assembly, so nothing there is committed for good; \
                             see althing chain get and althing table";

/// Writes what is committed, and then what comes.
async fn follow_from(client: Client, mut from: u64, as_json: bool) -> anyhow::Result<()> {
    let node = client.node().await?;
    ensure!(node.network.as_deref() == Some("assembly"), NOT_COMMITTED);
    // Before the first page is read, so that no block falls between the two.
    let mut records = client.events(None).await?;
    let mut out = BufWriter::new(io::stdout());
    loop {
        from = write_all(&client, from, as_json, &mut out).await?;
        out.flush()?;
        loop {
            match records.next().await? {
                Some(record) if brings_entries(&record) => break,
                Some(_) => {}
                None => bail!("the peer at {client} has stopped"),
            }
        }
    }
}

/// Writes all entries from a height on, and returns the height of the block that comes next.
async fn write_all(
    client: &Client,
    mut from: u64,
    as_json: bool,
    out: &mut impl Write,
) -> anyhow::Result<u64> {
    loop {
        let page = client.entries(from).await?;
        page.items.iter().try_for_each(|entry| write(entry, as_json, out))?;
        match page.next {
            Some(next) => from = next,
            // The genesis is not among those that are counted.
            None => return Ok(from.max(page.total + 1)),
        }
    }
}

/// Returns whether a record says that there may be entries that were not read yet.
fn brings_entries(record: &Record) -> bool {
    match &record.event {
        Event::Assembly(AssemblyEvent::BlockCommitted { entries, .. }) => *entries > 0,
        Event::Peer(PeerEvent::Lagged { .. }) => true,
        _ => false,
    }
}

fn write(entry: &Entry, as_json: bool, out: &mut impl Write) -> anyhow::Result<()> {
    if as_json {
        let json = serde_json::to_string(entry)?;
        return Ok(writeln!(out, "{}", escaped_json(&json))?);
    }
    Ok(writeln!(out, "{}", line(entry))?)
}

/// Returns an entry as a line for people. What strangers have written must not reach the terminal
/// as it is.
fn line(entry: &Entry) -> String {
    let Entry { height, text, author, name, application, time, .. } = entry;
    let time = time.map_or_else(String::new, |time| time_text(UnixTime::from_seconds(time)));
    let key = || author.as_deref().and_then(|key| key.get(..8)).unwrap_or("unsigned");
    let who = name.as_deref().unwrap_or_else(key);
    let of = match application.as_deref() {
        None | Some(althing_applications::notes::APPLICATION) => String::new(),
        Some(application) => format!("{application}: "),
    };
    format!("{height:>8}  {time}  {}  {}{}", escaped(who), escaped(&of), escaped(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_who_has_said_what_and_nothing_to_the_terminal() {
        let mut entry = Entry {
            height: 12,
            place: 0,
            text: "the hall\u{1b}[2J".to_owned(),
            author: Some("3f9a6c00ff".to_owned()),
            name: Some("ann".to_owned()),
            application: Some("notes".to_owned()),
            time: Some(1_700_000_000),
            hash: None,
        };
        let shown = line(&entry);
        assert!(shown.starts_with("      12  2023-11-14T22:13:20Z  ann  the hall"), "{shown}");
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
        (entry.name, entry.application) = (None, Some("lots".to_owned()));
        let shown = line(&entry);
        assert!(shown.contains("  3f9a6c00  lots: the hall"), "{shown}");
    }
}
