use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use althing_dialect::cs60::{self, Ballots, Cs60};
use althing_engine::nakamoto::Mining;
use althing_ledger::{Application, Entry};
use althing_node::chain::{Commands, Happening, Node, Report, Setup, Submitted};
use althing_node::{Clock, HasLeft};
use althing_store::Store;
use clap::Args;
use tokio::sync::{mpsc, oneshot};

use crate::chain_network::{ChainName, Meeting};
use crate::console;
use crate::effort::EffortOptions;

/// Vote in a network of cs60, at a menu.
///
/// Standard input takes a command a line: a casts a ballot, d shows how many there are for each
/// choice, q leaves. After a, the next two lines are the voter and the choice.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing tracker\n  \
    althing cs60-vote --tracker localhost:60825\n  \
    printf 'a\\nann\\nyes\\nd\\nq\\n' | althing cs60-vote")]
pub(crate) struct Arguments {
    /// Where to keep the chain; without it, it is fetched anew each time.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    #[command(flatten)]
    effort: EffortOptions,

    /// Zeros that the hash of the first ballot's block must begin with, less one; later ones need
    /// more. All voters must say the same.
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
    let Arguments { data, effort, difficulty, meeting } = arguments;
    let discovery = meeting.discovery(ChainName::Cs60)?;
    let config = cs60::Config { zeros: difficulty, ..cs60::Config::default() };
    let store = match &data {
        Some(dir) => Store::open(dir)?,
        None => Store::in_memory(),
    };
    let (endpoint, contacts) = meeting.meet(discovery).await?;
    let setup = Setup {
        dialect: Arc::new(Cs60::new(config)),
        name: meeting.name.clone(),
        contacts,
        mining: Mining::OnChain,
        effort: Some(effort.of_each(1)),
        work: None,
        store,
        clock: Clock::start(),
        reporter: Box::new(tell),
    };
    let node = Node::new(setup, endpoint)?;
    let commands = node.commands();
    let (leave, left) = oneshot::channel();
    let menu = tokio::spawn(async move {
        let outcome = attend(&commands, console::standard_input()).await;
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
    node.run(stop).await?;
    if menu.is_finished() { menu.await? } else { Ok(()) }
}

/// Tells a voter what hinders the vote.
fn tell(report: Report) {
    if let Happening::Disconnected { reason } = report.happening {
        crate::output::warn(&reason);
    }
}

/// Does what `lines` say, until they say to leave or there are no more.
async fn attend(commands: &Commands, mut lines: mpsc::Receiver<String>) -> anyhow::Result<()> {
    say(MENU)?;
    while let Some(line) = lines.recv().await {
        match line.trim() {
            "a" => {
                let (Some(voter), Some(choice)) =
                    (ask("voter:", &mut lines).await?, ask("choice:", &mut lines).await?)
                else {
                    break;
                };
                say(&cast(commands, &voter, &choice).await?)?;
            }
            "d" => say(&tally(commands).await?)?,
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

async fn cast(commands: &Commands, voter: &str, choice: &str) -> Result<String, HasLeft> {
    Ok(match commands.submit(Ballots::ballot(voter, choice)).await?.outcome().await? {
        Submitted::Added { height, lost_races: 0 } => format!("added, in block {height}"),
        Submitted::Added { height, lost_races } => {
            format!("added, in block {height}; others were quicker {lost_races} times before")
        }
        Submitted::Refused(reason) => format!("invalid: {reason}"),
    })
}

async fn tally(commands: &Commands) -> Result<String, HasLeft> {
    let entries: Vec<Entry> =
        commands.entries().await?.into_iter().map(|(_, entry)| entry).collect();
    let mut ballots = Ballots::default();
    ballots.apply(&entries);
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
