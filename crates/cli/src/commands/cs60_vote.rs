//! A voter's menu in a network of cs60.
//!
//! | file | question |
//! | --- | --- |
//! | `booth` | what is a voter asked and told, and what has become of each ballot? |

mod booth;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::cs60::{self, Answer, Ballots, Cs60, Known};
use althing_engine::nakamoto::{Mining, Nakamoto};
use althing_feed::{Event, Feed, PeerEvent, Subscription};
use althing_ledger::{Application, BlockContext, Entry};
use althing_node::chain::{self, Entries};
use althing_node::{Clock, Commands, Status, Submitted};
use althing_store::Store;
use althing_text::counted;
use althing_types::Address;
use anyhow::anyhow;
use clap::Args;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, interval_at, sleep_until};

use self::booth::{Act, Booth};
use crate::chain_network::{ChainName, Meeting};
use crate::console;
use crate::output::OnlyHere;
use crate::parallelism::ParallelismOptions;

/// Vote in a cs60 network, from a menu.
///
/// Standard input takes one command per line: a casts a ballot, d shows the number of ballots for
/// each choice, q leaves. After a, the next two lines are the voter and the choice. d and q are
/// answered while a ballot is mined.
///
/// A ballot is mined when the peer has met its network, and added when another peer has its block;
/// until then it says that the ballot is only here. q waits until that is known of each ballot, and
/// a second q does not; at the end of the input it gives up after a while without the network. The
/// exit code is 0 if all ballots were added, 3 if some are only here so far, and 1 if some are
/// invalid or in no block.
///
/// A voter or a choice that differs from one in the chain only in how it is written (by case,
/// spaces, accents, or letters that look alike) is cast if it is typed a second time.
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

/// How often a voter is told that a ballot is still being mined.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

/// How long a voter who leaves waits for another peer to have the block of a ballot, after it was
/// said that none has: peers ask each other for their chains every ten seconds.
const LEAVING_TIME: Duration = Duration::from_secs(12);

/// The same where no other peer is known.
const LEAVING_TIME_ALONE: Duration = Duration::from_secs(3);

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
    let tracker = meeting.tracker();
    let (endpoint, contacts) = meeting.meet(discovery, Vec::new()).await?;
    let feed = Feed::default();
    tokio::spawn(tell(feed.subscribe()));
    let (node, entries) = chain::open(chain::Options {
        dialect: Arc::new(Cs60::new(config)),
        address: endpoint.address().clone(),
        name: meeting.label()?,
        contacts,
        mining: Mining::OnChain,
        parallelism: Some(parallelism.of_each(1)),
        searches: None,
        store,
        clock: Clock::start(),
        feed,
    })?;
    let commands = node.commands();
    let (leave, left) = oneshot::channel::<()>();
    let menu = tokio::spawn(async move {
        let mut menu = Menu::new(entries, commands, tracker);
        let outcome = menu.attend(console::standard_input()).await;
        menu.look_into_chain().await;
        // The peer leaves when this is dropped; it may have left already.
        drop(leave);
        outcome.and_then(|()| menu.verdict())
    });
    let stop = async {
        // Nothing is ever sent.
        let _ = left.await;
    };
    node.run(endpoint, stop).await?;
    menu.await?
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

/// A booth at standard input and output, and the ballots on their way.
struct Menu {
    booth: Booth,
    entries: Entries,
    commands: Commands<Nakamoto>,
    /// What becomes of each ballot.
    news: mpsc::UnboundedReceiver<(usize, Submitted)>,
    /// Is handed to those who follow a ballot.
    tell: mpsc::UnboundedSender<(usize, Submitted)>,
    /// Where the network meets.
    tracker: Address,
    /// Whether the cursor is behind a prompt.
    is_asked: bool,
    /// Whether a line that is typed ends the line of the prompt.
    is_echoed: bool,
}

impl Menu {
    fn new(entries: Entries, commands: Commands<Nakamoto>, tracker: Address) -> Self {
        let (tell, news) = mpsc::unbounded_channel();
        let (booth, is_echoed) = (Booth::default(), io::stdin().is_terminal());
        Self { booth, entries, commands, news, tell, tracker, is_asked: false, is_echoed }
    }

    /// Does what `lines` say, until they say to leave, or there are no more and no ballot waits.
    async fn attend(&mut self, mut lines: mpsc::Receiver<String>) -> anyhow::Result<()> {
        let stop = crate::signals::stop_asked();
        tokio::pin!(stop);
        let mut progress = interval_at(Instant::now() + PROGRESS_EVERY, PROGRESS_EVERY);
        let (mut leave_at, mut is_leaving) = (None::<Instant>, false);
        let mut is_over = false;
        self.ask()?;
        loop {
            let leaving = leave_at.unwrap_or_else(Instant::now);
            tokio::select! {
                () = &mut stop => return Ok(()),
                () = sleep_until(leaving), if leave_at.is_some() => return Ok(()),
                Some((number, submitted)) = self.news.recv() => {
                    let said = self.booth.note(number, &submitted);
                    self.say(&said)?;
                }
                _ = progress.tick(), if self.booth.waiting() > 0 => self.tell_progress().await?,
                line = lines.recv(), if !is_over => match line {
                    Some(line) => {
                        self.is_asked = !self.is_echoed;
                        match self.heed(&line).await? {
                            Act::Leave => return Ok(()),
                            Act::LeaveSoon => is_leaving = true,
                            _ => {}
                        }
                    }
                    None => {
                        (is_leaving, is_over) = (true, true);
                        if let Some(said) = self.booth.end_of_input() {
                            self.say(&said)?;
                        }
                    }
                },
            }
            if !is_leaving {
                continue;
            }
            if self.booth.unsettled() == 0 {
                return Ok(());
            }
            let status = self.commands.status().await?.engine;
            let met = Met { network: status.joined, peers: !status.peers.is_empty() };
            let time = leaving_time(self.booth.waiting(), met, is_over);
            leave_at = time.map(|time| leave_at.unwrap_or_else(|| Instant::now() + time));
        }
    }

    /// Does what a line says, as far as that is not to leave, and returns what it was.
    async fn heed(&mut self, line: &str) -> anyhow::Result<Act> {
        if self.booth.is_choosing() {
            let ballots = ballots(&self.entries).await?;
            let (voters, choices) = names(ballots).unzip();
            self.booth.know(Known { voters, choices });
        }
        let act = self.booth.answer(line);
        match &act {
            Act::Ask => self.ask()?,
            Act::Say(text) => self.say(text)?,
            Act::Tally => {
                let ballots = ballots(&self.entries).await?;
                let mut tally = tally(&ballots);
                if let Some(waiting) = self.booth.not_counted(&names(ballots).collect()) {
                    tally += &format!("\n{waiting}");
                }
                if !self.commands.status().await?.engine.joined {
                    tally += "\nnot met the network yet: ballots of others may be missing";
                }
                self.say(&tally)?;
            }
            Act::Cast { number, voter, choice } => {
                let (number, tell) = (*number, self.tell.clone());
                let ballot = Ballots::ballot(voter, choice);
                let mut submission = self.entries.submit(ballot).await?;
                tokio::spawn(async move {
                    while let Ok(submitted) = submission.next().await
                        && tell.send((number, submitted)).is_ok()
                    {}
                });
                self.say(&format!("mining the ballot of {voter:?}"))?;
            }
            Act::LeaveSoon => {
                let unsettled = self.booth.unsettled();
                self.say(&format!(
                    "leaving as soon as it is known what becomes of {}; q leaves at once",
                    counted(unsettled as u64, "ballot")
                ))?;
            }
            Act::Leave => {}
        }
        Ok(act)
    }

    async fn tell_progress(&mut self) -> anyhow::Result<()> {
        let Status { engine, hashes, .. } = self.commands.status().await?;
        let waiting = self.booth.waiting();
        let said = match engine.searching {
            _ if !engine.joined => {
                format!("waiting to meet the network, at the tracker {}", self.tracker)
            }
            Some(height) => {
                format!("mining block {height}: {hashes} hashes so far, {waiting} waiting")
            }
            None if engine.mempool > 0 => format!("{waiting} waiting for a turn to mine"),
            None => format!("{waiting} waiting for another peer to have the block"),
        };
        self.say(&said)?;
        Ok(())
    }

    /// Says something on lines of its own, and asks again.
    fn say(&mut self, text: &str) -> io::Result<()> {
        let before = if mem::take(&mut self.is_asked) { "\n" } else { "" };
        writeln!(io::stdout().lock(), "{before}{text}")?;
        self.ask()
    }

    fn ask(&mut self) -> io::Result<()> {
        let before = if mem::replace(&mut self.is_asked, true) { "\n" } else { "" };
        let mut out = io::stdout().lock();
        write!(out, "{before}{} ", self.booth.prompt())?;
        out.flush()
    }

    /// Ends the line of the last prompt, and returns an error if a ballot is not added.
    fn verdict(&self) -> anyhow::Result<()> {
        if self.is_asked {
            writeln!(io::stdout().lock())?;
        }
        match self.booth.complaint() {
            Some(complaint) if self.booth.is_only_here() => Err(OnlyHere(complaint).into()),
            Some(complaint) => Err(anyhow!(complaint)),
            None => Ok(()),
        }
    }

    /// Looks which of the ballots that wait are in the chain, for the last word on them.
    async fn look_into_chain(&mut self) {
        // If the chain cannot be read, they are said not to be known to be there.
        if self.booth.waiting() > 0
            && let Ok(in_chain) = ballots(&self.entries).await
        {
            self.booth.note_chain(&names(in_chain).collect());
        }
    }
}

/// Whom a peer has met.
#[derive(Clone, Copy, Debug)]
struct Met {
    network: bool,
    peers: bool,
}

/// Returns how long a voter who leaves still waits if nothing happens; `None` for as long as it
/// takes to mine the ballots that wait.
fn leaving_time(waiting: usize, met: Met, is_over: bool) -> Option<Duration> {
    match waiting {
        0 if met.peers => Some(LEAVING_TIME),
        0 => Some(LEAVING_TIME_ALONE),
        // Nothing is mined before the network is met, and no second q can come.
        _ if is_over && !met.network => Some(LEAVING_TIME),
        _ => None,
    }
}

/// Returns the ballots in the chain: who has voted, and for what.
async fn ballots(entries: &Entries) -> anyhow::Result<Vec<(Answer, Answer)>> {
    let entries = entries.clone();
    let count = move || {
        let add = |ballots: &mut Ballots, _, entry: &Entry| {
            ballots.apply(&BlockContext::default(), std::slice::from_ref(entry));
        };
        entries.fold(Ballots::default, add)
    };
    let ballots = tokio::task::spawn_blocking(count).await??;
    Ok(ballots.choices().map(|(voter, choice)| (voter.clone(), choice.clone())).collect())
}

/// Returns voters and choices as they are typed.
fn names(ballots: Vec<(Answer, Answer)>) -> impl Iterator<Item = (String, String)> {
    ballots.into_iter().map(|(voter, choice)| (voter.to_string(), choice.to_string()))
}

fn tally(ballots: &[(Answer, Answer)]) -> String {
    let mut counts: BTreeMap<&Answer, usize> = BTreeMap::new();
    for (_, choice) in ballots {
        *counts.entry(choice).or_default() += 1;
    }
    // What strangers have written must not reach the terminal as it is.
    let lines: Vec<String> =
        counts.iter().map(|(choice, count)| format!("{count:>6}  {choice:?}")).collect();
    if lines.is_empty() { "no ballots yet".to_owned() } else { lines.join("\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voter_who_leaves_waits_for_blocks_but_not_for_ever_for_a_network() {
        let [none, network, all] = [(false, false), (true, false), (true, true)]
            .map(|(network, peers)| Met { network, peers });
        assert_eq!(leaving_time(1, none, true), Some(LEAVING_TIME));
        // A second q may come.
        assert_eq!(leaving_time(1, none, false), None);
        assert_eq!(leaving_time(1, network, true), None);
        assert_eq!(leaving_time(0, all, true), Some(LEAVING_TIME));
        assert_eq!(leaving_time(0, network, false), Some(LEAVING_TIME_ALONE));
    }
}
