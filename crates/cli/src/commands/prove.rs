//! What proves to others that an entry is committed.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use althing_api::{Client, Entry, EntryProof};
use althing_http::commit_proof;
use althing_text::terminal::escaped;
use anyhow::{Context, anyhow, bail};
use clap::Args;

use crate::asking::{Asking, Pages, Place, if_running};
use crate::committed::{dialect_of, stored};
use crate::output::misuse;

/// Write what proves that an entry is committed, for althing verify.
///
/// The file has all that it takes: the entry, what leads from it to a block, the charter, and the
/// signatures of its members. So who has the hash of the charter can check it alone, at any time.
/// In a network that mines, it proves that the entry is in a block.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing prove 3f9a6c --data ./club/member-1 --out proof.json\n  \
    althing verify proof.json --charter club/charter.toml")]
pub(crate) struct Arguments {
    /// The hash of the entry, as althing submit and althing log --json have it, or its first digits
    /// if no other one begins with them.
    #[arg(value_name = "ENTRY")]
    entry: String,

    #[command(flatten)]
    place: Place,

    /// The charter, if the peer does not run and charter.toml is not in its directory.
    #[arg(long, value_name = "FILE")]
    charter: Option<PathBuf>,

    /// The file to write; without it, the proof goes to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    crate::signals::end_on_signals()?;
    let Arguments { entry, place, charter, out } = arguments;
    let wanted = entry.to_ascii_lowercase();
    let is_digits = wanted.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !is_digits || !(1..=64).contains(&wanted.len()) {
        misuse!("an entry is named by its hash, 64 hexadecimal digits, or by the first of them");
    }
    let proof = find(place, charter.as_deref(), &wanted)?;
    let mut text = serde_json::to_string_pretty(&proof)?;
    text.push('\n');
    match out {
        Some(path) => fs::write(path, text).with_context(|| path.display().to_string())?,
        None => io::stdout().write_all(text.as_bytes())?,
    }
    Ok(())
}

/// Returns the proof of the entry whose hash begins with these digits.
fn find(place: &Place, charter: Option<&Path>, wanted: &str) -> anyhow::Result<EntryProof> {
    let asking = place.asking()?;
    if if_running(asking.wait(Client::node))?.is_some() {
        return of_running(&asking, wanted);
    }
    let dir = place.dir().context("a peer that does not run is read from its directory")?;
    let store = stored(dir)?.with_context(|| {
        format!("no peer runs in {}, and no chain of an assembly is there", dir.display())
    })?;
    let dialect = dialect_of(dir, charter, &store)?;
    let entries = crate::committed::entries(place, &asking, 0)?.context("it is an assembly")?;
    let Entry { height, place, .. } = the_one(entries, wanted)?;
    let proof = commit_proof(&dialect, &store.reader(), height, place);
    proof.map_err(|problem| anyhow!("{problem}"))
}

fn of_running(asking: &Asking, wanted: &str) -> anyhow::Result<EntryProof> {
    let entries = Pages::from(0, |from| asking.wait(|peer| peer.entries(from)))?;
    let Entry { height, place, .. } =
        the_one(entries.context("the peer has left meanwhile")?, wanted)?;
    Ok(asking.wait(|peer| peer.proof(height, place))?)
}

/// Returns the entry whose hash begins with these digits.
fn the_one(
    entries: impl Iterator<Item = anyhow::Result<Entry>>,
    wanted: &str,
) -> anyhow::Result<Entry> {
    let mut found: Option<Entry> = None;
    for entry in entries {
        let entry = entry?;
        if !entry.hash.as_ref().is_some_and(|hash| hash.starts_with(wanted)) {
            continue;
        }
        if let Some(first) = found {
            bail!(
                "{wanted} is the beginning of two hashes: {} in block {}, and {} in block {}; give \
                 more digits",
                escaped(first.hash.as_deref().unwrap_or_default()),
                first.height,
                escaped(entry.hash.as_deref().unwrap_or_default()),
                entry.height
            );
        }
        let is_whole = wanted.len() == 64;
        found = Some(entry);
        if is_whole {
            break;
        }
    }
    found.with_context(|| {
        format!(
            "no entry of the chain here has a hash that begins with {wanted}; althing log --json \
             shows their hashes"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(hash: Option<&str>) -> anyhow::Result<Entry> {
        Ok(Entry {
            height: 7,
            place: 0,
            text: "a word".to_owned(),
            author: None,
            name: None,
            application: None,
            time: None,
            hash: hash.map(str::to_owned),
        })
    }

    #[test]
    fn an_entry_is_named_by_digits_that_no_other_begins_with() {
        let all = || ["ab12", "ab34", "cd56"].map(Some).map(entry).into_iter();
        assert_eq!(the_one(all(), "ab3").expect("there is one").hash.as_deref(), Some("ab34"));
        assert_eq!(the_one(all(), "c").expect("there is one").hash.as_deref(), Some("cd56"));
        let two = the_one(all(), "ab").expect_err("there are two").to_string();
        assert!(two.contains("ab12") && two.contains("ab34") && two.contains("more digits"));
        let none = the_one(all().chain([entry(None)]), "e").expect_err("none").to_string();
        assert!(none.contains("althing log --json"), "{none}");
    }
}
