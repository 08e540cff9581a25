//! Entries that are to be committed, through a running peer.
//!
//! | file | question |
//! | --- | --- |
//! | `source` | where do the entries come from? |
//! | `outcome` | what has become of one, and how is that told? |

mod outcome;
mod source;

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use althing_api::{Client, NewEntry};
use anyhow::bail;
use clap::{ArgGroup, Args};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use self::outcome::{Outcome, Tally};
use self::source::Numbered;
use crate::asking::Place;
use crate::output;

/// Submit entries to a running peer, and wait until each is committed.
///
/// Of each it says the height and the view of its block, and the hash of the entry, by which
/// althing prove finds it. The exit code is 1 if one was refused or is not known to be committed.
/// In a network that mines it waits until the entry is in a block, as althing chain add does.
/// Entries that are under way at the same time are committed in any order. A committed entry is on
/// the disks of a quorum: it outlasts a crash of all members, even if the one that was asked shows
/// it again only once a quorum runs.
#[derive(Args)]
#[command(group(ArgGroup::new("what").required(true).args(["text", "file", "lines"])))]
#[command(after_help = "Examples:\n  \
    althing submit --data ./club/member-1 'the hall is booked for May'\n  \
    althing submit --data ./club/member-1 --file minutes.pdf\n  \
    printf '\"one\"\\n\"two\"\\n' | althing submit --data ./club/member-1 --lines - --json\n\n\
    With --lines each line is a text in JSON, or an object as POST /v1/entries takes it.\n\
    With --file the entry is SHA256 (NAME) = DIGITS, which sha256sum --check reads.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,

    /// The texts, an entry each; a note of an assembly has 1 to 100 characters.
    #[arg(value_name = "TEXT")]
    text: Vec<String>,

    /// A file, whose SHA-256 and name are submitted, and not its content.
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,

    /// What the entry calls that file; its own name by default.
    #[arg(long, value_name = "NAME", requires = "file")]
    name: Option<String>,

    /// A file with entries, a line of JSON each; - is standard input. Many are under way at a time,
    /// and each is told with the number of its line, in the order in which they are committed.
    #[arg(long, value_name = "FILE")]
    lines: Option<PathBuf>,

    /// Write the outcome of each as a line of JSON.
    #[arg(long)]
    json: bool,
}

/// Entries that are under way at a time: fewer than a peer has callers.
const UNDER_WAY_MAX: usize = 64;

/// After so long without any outcome a person is told that it may take longer.
const PATIENCE: Duration = Duration::from_secs(3);

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    crate::signals::end_on_signals()?;
    let Arguments { place, text, file, name, lines, json } = arguments;
    let client = place.client()?;
    let is_one = lines.is_none() && text.len() <= 1;
    let mut entries = match (file, lines) {
        (Some(path), _) => source::of_texts(vec![source::of_file(&path, name.as_deref())?]),
        (None, Some(path)) => source::of_lines(&path)?,
        (None, None) => source::of_texts(text),
    };
    let told = Tally::new(json, is_one);
    super::block_on(async move {
        let tally = submit_all(&client, &mut entries, told).await?;
        tally.finish()
    })
}

/// Submits entries, several at a time, and tells of each what has become of it.
async fn submit_all(
    client: &Client,
    entries: &mut source::Entries,
    mut tally: Tally,
) -> anyhow::Result<Tally> {
    let mut under_way = JoinSet::new();
    let (mut is_over, mut is_noted) = (false, false);
    let note_at = Instant::now() + PATIENCE;
    loop {
        let may_begin = !is_over && under_way.len() < UNDER_WAY_MAX;
        tokio::select! {
            entry = entries.recv(), if may_begin => match entry {
                None => is_over = true,
                Some(Numbered { line, entry: Err(reason) }) => {
                    tally.tell(line, &Outcome::NotSent { reason }, &mut io::stdout())?;
                }
                Some(Numbered { line, entry: Ok(entry) }) => {
                    let client = client.clone();
                    under_way.spawn(async move { (line, submit(&client, &entry).await) });
                }
            },
            () = sleep_until(note_at), if !is_noted && !under_way.is_empty() => {
                is_noted = true;
                output::note(
                    "not known to be committed so far; what the peer has taken it keeps trying as \
                     long as it runs, so do not submit it again; see althing status",
                );
            }
            Some(done) = under_way.join_next() => {
                is_noted = true;
                let (line, outcome) = done?;
                tally.tell(line, &outcome, &mut io::stdout())?;
                // Those that come after it would find no peer either.
                if let Outcome::Unreachable { reason } = outcome {
                    is_over = true;
                    let reason = format!("{reason}; no further lines were submitted");
                    tally.stopped.get_or_insert(reason);
                }
            }
            else => break,
        }
    }
    io::stdout().flush()?;
    Ok(tally)
}

async fn submit(client: &Client, entry: &NewEntry) -> Outcome {
    Outcome::of(client.add(entry).await)
}

/// Fails with what a person has to know once all is told.
impl Tally {
    fn finish(self) -> anyhow::Result<()> {
        if let Some(reason) = self.stopped {
            bail!("{reason}");
        }
        self.verdict()
    }
}
