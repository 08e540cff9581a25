//! A voter's menu in a network of cs60.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use althing_dialect::cs60::{self, Ballots, Cs60};
use althing_engine::nakamoto::Mining;
use althing_feed::{Event, Feed, PeerEvent, Subscription};
use althing_ledger::Entry;
use althing_node::chain::{self, Entries};
use althing_node::{Clock, Submitted};
use althing_store::Store;
use clap::Args;
use tokio::sync::{mpsc, oneshot};

use crate::chain_network::{ChainName, Meeting};
use crate::console;
use crate::parallelism::ParallelismOptions;

/// Vote in a cs60 network, from a menu.
///
/// Standard input takes one command per line: a casts a ballot, d shows the number of ballots for
/// each choice, q leaves. After a, the next two lines are the voter and the choice.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing tracker\n  \
    althing cs60-vote --tracker localhost:60825\n  \
    printf 'a\\nann\\nyes\\nd\\nq\\n' | althing cs60-vote")]
pub(crate) struct Arguments {
    /// The directory for the chain. By default, the chain is fetched again each time.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    #[command(flatten)]
    parallelism: ParallelismOptions,

    /// One less than the number of zeros with which the hash of the first ballot's block must
    /// begin; later blocks need more. All voters must use the same number.
    #[arg(long, value_name = "DIGITS", default_value = "3")]
    #[arg(value_parser = clap::value_parser!(u8).range(..=64))]
    difficulty: u8,

    // Last, since its heading in the help goes on for all that follows.
    #[command(flatten)]
    meeting: Meeting,
}

const MENU: &str = "\
a  cast a ballot
d  show how many ballots there are for each choice
q  leave";

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    super::block_on(vote(arguments))
}

async fn vote(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { data, parallelism, difficulty, meeting } = arguments;
    let discovery = meeting.discovery(ChainName::Cs60)?;
    let config = cs60::Config { zeros: difficulty, ..cs60::Config::default() };
    let store = match &data {
        Some(dir) => Store::open(dir)?,
        None => Store::in_memory(),
    };
    let (endpoint, contacts) = meeting.meet(discovery).await?;
    let feed = Feed::default();
    tokio::spawn(tell(feed.subscribe()));
    let (node, entries) = chain::open(chain::Options {
        dialect: Arc::new(Cs60::new(config)),
        address: endpoint.address().clone(),
        name: meeting.name.clone(),
        contacts,
        mining: Mining::OnChain,
        parallelism: Some(parallelism.of_each(1)),
        searches: None,
        store,
        clock: Clock::start(),
        feed,
    })?;
    let (leave, left) = oneshot::channel();
    let menu = tokio::spawn(async move {
        let outcome = attend(&entries, console::standard_input()).await;
        // Whoever hears this leaves; nobody does when the peer has left already.
        let _ = leave.send(());
        outcome
    });
    let stop = async {
        tokio::select! {
            () = super::stop_asked() => {}
            _ = left => {}
        }
    };
    node.run(endpoint, stop).await?;
    if menu.is_finished() { menu.await? } else { Ok(()) }
}

/// Tells a voter what hinders the vote.
async fn tell(mut records: Subscription) {
    while let Some(next) = records.next().await {
        if let Ok(record) = next
            && let Event::Peer(PeerEvent::Disconnected { reason }) = &record.event
        {
            crate::output::warn(reason);
        }
    }
}

/// Does what `lines` say, until they say to leave or there are no more.
async fn attend(entries: &Entries, mut lines: mpsc::Receiver<String>) -> anyhow::Result<()> {
    say(MENU)?;
    while let Some(line) = lines.recv().await {
        match line.trim() {
            "a" => {
                let (Some(voter), Some(choice)) =
                    (ask("voter:", &mut lines).await?, ask("choice:", &mut lines).await?)
                else {
                    break;
                };
                say(&cast(entries, &voter, &choice).await?)?;
            }
            "d" => say(&tally(entries).await?)?,
            "q" => break,
            "" => say(MENU)?,
            other => say(&format!("{other:?} is none of a, d and q"))?,
        }
    }
    Ok(())
}

async fn ask(question: &str, lines: &mut mpsc::Receiver<String>) -> anyhow::Result<Option<String>> {
    say(question)?;
    Ok(lines.recv().await.map(|line| line.trim().to_owned()))
}

async fn cast(entries: &Entries, voter: &str, choice: &str) -> anyhow::Result<String> {
    Ok(match entries.submit(Ballots::ballot(voter, choice)).await?.outcome().await? {
        Submitted::Added { height, lost_races: 0 } => format!("added, in block {height}"),
        Submitted::Added { height, lost_races } => {
            format!("added, in block {height}; others were quicker {lost_races} times before")
        }
        Submitted::Refused(reason) => format!("invalid: {reason}"),
    })
}

async fn tally(entries: &Entries) -> anyhow::Result<String> {
    let entries = entries.clone();
    let in_chain = tokio::task::spawn_blocking(move || entries.in_chain()).await??;
    let entries: Vec<Entry> = in_chain.into_iter().map(|(_, entry)| entry).collect();
    let ballots = Ballots::of(&entries);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, choice) in ballots.choices() {
        *counts.entry(choice).or_default() += 1;
    }
    // What strangers have written must not reach the terminal as it is.
    let lines: Vec<String> =
        counts.iter().map(|(choice, count)| format!("{count:>6}  {choice:?}")).collect();
    Ok(if lines.is_empty() { "no ballots yet".to_owned() } else { lines.join("\n") })
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}
