//! A network with a chain: its peers, which meet over UDP on this machine, and its users, who have
//! something to say now and then.

use std::io::{self, Write};
use std::time::Duration;

use althing_api::Mode;
use althing_board::{ChainBoard, HEIGHTS_MAX};
use althing_engine::nakamoto::Mining;
use althing_faults::chain::Role;
use althing_feed::{Feed, PeerName};
use althing_http::{About, Process};
use althing_node::plug::{Plug, State, Strategy};
use althing_node::{Clock, Submission};
use althing_types::Moment;
use anyhow::Context;
use comfy_table::{CellAlignment, Table};
use rand::RngExt;
use serde_json::json;
use tokio::task::JoinHandle;

use super::control::{self, Requests};
use super::keys::Keys;
use super::{Arguments, PICTURE, finish, of_first_peer, pace, summarize};
use crate::chain_network::ChainName;
use crate::chain_swarm::{Kind, Network, Storage};
use crate::output::{Lines, Printer};
use crate::screen::{Key, Shown, Terminal};
use crate::signals::stop_asked;

/// A network while it runs.
struct Demo {
    name: ChainName,
    network: Network,
    plug: Plug,
    board: ChainBoard,
    clock: Clock,
    /// The API, if it is served, and what is asked for there.
    http: crate::http::Served,
    requests: Requests,
    /// When the next user has something to say, and how many have.
    next_entry: Moment,
    entries: u64,
    /// How often a user has something to say.
    entry_every: Duration,
    /// Peers whose user waits for a block, and the ends of these waits.
    said: Vec<(usize, JoinHandle<()>)>,
}

/// How often a user has something to say, by the network's clock.
const ENTRY_EVERY: Duration = Duration::from_secs(5);

/// How often that is where nothing is slowed down.
const ENTRY_EVERY_AT_ONCE: Duration = Duration::from_millis(20);

pub(super) async fn demonstrate(arguments: Arguments, name: ChainName) -> anyhow::Result<()> {
    let feed = Feed::default();
    if arguments.is_shown() {
        return show(&arguments, name, feed).await;
    }
    let lines = Lines::of(arguments.json);
    let mut is_shown = of_first_peer();
    let printer = Printer::start_with(lines, &feed, move |record| {
        let is_shown = is_shown(record);
        lines == Lines::Json || is_shown
    })?;
    let recorder = arguments.recorder(&feed)?;
    let mut demo = Demo::start(&arguments, name, feed.clone()).await?;
    let aside = printer.aside();
    let stop = stop_asked();
    tokio::pin!(stop);
    while !demo.board.is_finished() {
        tokio::select! {
            () = &mut stop => break,
            () = aside.closed() => break,
            outcome = demo.go_on() => outcome?,
        }
    }
    demo.leave().await?;
    drop(aside);
    summarize(&feed, &name.name(), demo.clock.now(), demo.network.gauges());
    drop(feed);
    let board = demo.board;
    drop(demo.network);
    printer.finish()?;
    demo.http.end().await;
    finish(recorder)?;
    if arguments.json { Ok(()) } else { print(&board) }
}

/// Shows all peers on one screen, until the user quits.
async fn show(arguments: &Arguments, name: ChainName, feed: Feed) -> anyhow::Result<()> {
    let recorder = arguments.recorder(&feed)?;
    let mut demo = Demo::start(arguments, name, feed.clone()).await?;
    let mut keys = Keys::default();
    let mut terminal = Terminal::open()?;
    let mut pictures = tokio::time::interval(PICTURE);
    // When all blocks that are wanted were there.
    let mut ended = None;
    let stop = stop_asked();
    tokio::pin!(stop);
    'shown: loop {
        tokio::select! {
            () = &mut stop => break,
            outcome = demo.go_on(), if ended.is_none() => {
                outcome?;
                if demo.board.is_finished() {
                    ended = Some(demo.clock.now());
                    demo.leave().await?;
                }
                continue;
            }
            _ = pictures.tick() => {}
        }
        let now = ended.unwrap_or_else(|| demo.clock.now());
        demo.board.set_hashes(now, demo.network.hashes());
        terminal.draw(Shown::Chain(&demo.board), &keys.controls(&demo.plug), now)?;
        for key in terminal.keys()? {
            match key {
                Key::Quit => break 'shown,
                // Its peers have left, and nothing can be done to them.
                _ if ended.is_some() && key != Key::Help => {}
                _ => demo.press(key, &mut keys).await,
            }
        }
    }
    demo.leave().await?;
    drop(terminal);
    feed.close();
    std::mem::take(&mut demo.http).end().await;
    finish(recorder)?;
    print(&demo.board)
}

impl Demo {
    async fn start(arguments: &Arguments, name: ChainName, feed: Feed) -> anyhow::Result<Self> {
        let peers = usize::from(arguments.network.members().get());
        let (difficulty, hashes) = difficulty(name);
        // In cs60 a peer mines nothing but what its own users say, so few search at a time.
        let searchers = if name == ChainName::Cs60 { 1 } else { peers };
        let round = arguments.pace();
        let pacing = round.map(|round| pace::start(round, hashes, searchers));
        let clock = pacing.map_or_else(Clock::start, Clock::paced);
        let kind = match round {
            Some(_) => Kind::founded_now(name, difficulty, pace::USUAL),
            None => Kind::new(name, difficulty, BLOCKS_AT_ONCE),
        };
        let kind = match arguments.network.profile() {
            Some(profile) => kind.follow(profile),
            None => kind,
        };
        // Peers that can be broken go on with what they have on disk.
        let storage = if arguments.can_break() { Storage::Disk } else { Storage::Memory };
        let source = feed.source(Some(name.name().into()), None);
        let about = About::network(Mode::Demo, &name.name(), &kind.dialect([0; 32])?.network());
        let process = Process::new(about, feed.clone());
        let (control, requests) = control::channel();
        process.set_control(control);
        let mut network = Network::with(kind, storage, clock, feed)?;
        if arguments.http.is_served() {
            network.serve(process.clone());
        }
        let air = arguments.air(pacing);
        network.set_air(air.clone());
        network.set_parallelism(arguments.parallelism.of_each(peers));
        for number in 0..peers {
            // One peer has to begin.
            let mining = if number == 0 { Mining::FromGenesis } else { Mining::OnChain };
            network.add(mining, &[])?;
        }
        // Once the peers are there, so that who asks at once finds all that there is.
        let http = arguments.serve(&process, &source, clock.now()).await?;
        let known = (name != ChainName::Cs60).then_some(hashes);
        let place = http.url().unwrap_or_else(|| "UDP at 127.0.0.1".to_owned());
        let wanted = arguments.network.rounds;
        let mut board = ChainBoard::new(&name.name(), known, wanted, place);
        network.peers().iter().for_each(|peer| board.add(&peer.address));
        let next_entry = clock.now();
        let names = network.peers().iter().map(|peer| PeerName::from(peer.address.clone()));
        let strategies = Strategy::of(&Role::ALL);
        let plug = Plug::new(air, clock, source, strategies, names, rand::random());
        let entries = 0;
        let entry_every = if pacing.is_some() { ENTRY_EVERY } else { ENTRY_EVERY_AT_ONCE };
        Ok(Self {
            name,
            network,
            plug,
            board,
            clock,
            http,
            requests,
            next_entry,
            entries,
            entry_every,
            said: Vec::new(),
        })
    }

    /// Waits for the next thing that happens, and takes it in: a peer tells something, or a user
    /// says something.
    async fn go_on(&mut self) -> anyhow::Result<()> {
        let clock = self.clock;
        tokio::select! {
            record = self.network.next() => {
                let record = record?;
                self.apply(&record);
            }
            request = self.requests.next() => {
                request.answer(&mut self.plug, &mut self.network).await;
                self.follow_moves();
            }
            () = clock.sleep_until(self.next_entry) => self.say_something().await?,
        }
        Ok(())
    }

    /// Has one of the peers that run get an entry for the chain.
    async fn say_something(&mut self) -> anyhow::Result<()> {
        self.next_entry = self.clock.now() + self.entry_every;
        let peers = self.plug.peers().iter().enumerate();
        let up = peers.filter(|(_, peer)| peer.state == State::Runs).map(|(number, _)| number);
        self.said.retain(|(_, said)| !said.is_finished());
        let is_free = |number: &usize| self.said.iter().all(|(author, _)| author != number);
        let up: Vec<usize> = up.filter(is_free).collect();
        if up.is_empty() {
            return Ok(());
        }
        let author = up[rand::rng().random_range(0..up.len())];
        let number = self.entries;
        self.entries += 1;
        let text = text(self.name, author, number);
        let entry = self.network.entry(author, &text, number)?;
        if let Some(entries) = &self.network.peers()[author].entries {
            // No caller waits for it, and a peer that has just left has nothing to say.
            if let Ok(submission) = entries.submit(entry).await
                && self.waits_for_blocks()
            {
                self.said.push((author, tokio::spawn(drop_outcome(submission))));
            }
        }
        Ok(())
    }

    /// Returns whether a user says nothing more before the last is in a block: where a block has
    /// one entry, and is slowed down, what is said would pile up.
    fn waits_for_blocks(&self) -> bool {
        self.name == ChainName::Cs60 && self.plug.pacing().is_some()
    }

    fn apply(&mut self, record: &althing_feed::Record) {
        let before = self.board.progress();
        self.board.apply(record);
        if self.board.progress() != before {
            self.plug.happened();
            self.keep_pace();
        }
    }

    /// In cs60 later blocks are harder, so its peers hash faster to find them as soon.
    fn keep_pace(&self) {
        if let (ChainName::Cs60, Some(pacing)) = (self.name, self.plug.pacing()) {
            let next = self.board.height().map_or(1, |height| height.number() + 1);
            pacing.set_hashes_per_second(pace::rate(cs60_hashes(next), 1));
        }
    }

    /// Asks the peers to leave, waits until they have, and takes in all that they told. Nothing can
    /// be asked for over HTTP any more.
    async fn leave(&mut self) -> anyhow::Result<()> {
        self.requests.end();
        if let Some(pacing) = self.plug.pacing() {
            pacing.resume();
        }
        self.network.leave().await?;
        for record in self.network.told() {
            self.apply(&record);
        }
        Ok(())
    }

    /// Does what a key asks for. Without another choice it means the peer that found the last
    /// block.
    async fn press(&mut self, key: Key, keys: &mut Keys) {
        let last = self.board.last_finder().map(|number| number - 1);
        keys.press(key, &mut self.plug, &mut self.network, last).await;
        self.follow_moves();
    }

    /// Has the board know peers by the addresses that they have now.
    fn follow_moves(&mut self) {
        for (number, peer) in (1..).zip(self.network.peers()) {
            self.board.move_to(number, &peer.address);
        }
    }
}

/// Waits until it is known what has become of an entry.
async fn drop_outcome(submission: Submission) {
    drop(submission.outcome().await);
}

/// Blocks that an open network could find at once before they become harder.
const BLOCKS_AT_ONCE: u64 = 100_000;

/// Returns how hard blocks are, in the network's measure and in hashes for the first of them.
fn difficulty(name: ChainName) -> (u8, f64) {
    match name {
        ChainName::Cs60 => (CS60_ZEROS, cs60_hashes(1)),
        ChainName::Aviary => (4, 65_536.0),
        ChainName::Open => (16, 65_536.0),
    }
}

/// Zeros of cs60 that are there without the height of a block, as its program has them.
const CS60_ZEROS: u8 = 3;

/// Returns how many hashes the block at a height takes in cs60 (rule D2).
fn cs60_hashes(height: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a demo has few blocks")]
    let more = (height as f64).cbrt().floor();
    16_f64.powf(f64::from(CS60_ZEROS) + more)
}

/// Returns what a user of a peer says.
fn text(name: ChainName, author: usize, number: u64) -> String {
    let choice = if number.is_multiple_of(3) { "no" } else { "yes" };
    match name {
        ChainName::Cs60 => {
            json!({ "voter": format!("voter {}", number + 1), "choice": choice }).to_string()
        }
        ChainName::Aviary | ChainName::Open => {
            format!("message {} of #{}", number + 1, author + 1)
        }
    }
}

/// Prints the blocks with the numbers that were shown.
fn print(board: &ChainBoard) -> anyhow::Result<()> {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["height", "hash", "found by", "peers", "too late"]);
    for row in board.rows(HEIGHTS_MAX) {
        let name = |finder: Option<usize>| finder.map_or("-".to_owned(), |it| format!("#{it}"));
        table.add_row([
            row.height.to_string(),
            row.block.hash.to_string(),
            name(row.block.finder),
            format!("{}/{}", row.reached, board.peers().len()),
            row.rivals.len().to_string(),
        ]);
    }
    for index in [0, 3, 4] {
        let column = table.column_mut(index).context("the table has five columns")?;
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut out = io::stdout().lock();
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_cs60_take_as_many_hashes_as_their_zeros_say() {
        for (height, zeros) in [(1, 4), (7, 4), (8, 5), (26, 5), (27, 6)] {
            assert!((cs60_hashes(height).log2() - 4.0 * f64::from(zeros)).abs() < 1e-9, "{height}");
        }
    }
}
