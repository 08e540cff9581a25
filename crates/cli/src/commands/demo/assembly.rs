//! An assembly: an embedded broker, all members, and users who have something to say.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use althing_api::Mode;
use althing_board::AssemblyBoard;
use althing_dialect::Codec;
use althing_dialect::assembly::Assembly;
use althing_faults::assembly::Role;
use althing_feed::{CharterMember, Feed, PeerName, Record, Subscription};
use althing_http::{About, Process};
use althing_ledger::charter::{MEMBERS_MAX, Member};
use althing_net::broker::EmbeddedBroker;
use althing_node::Clock;
use althing_node::plug::{Plug, State, Strategy};
use althing_text::Name;
use althing_types::{PeerId, View};
use ed25519_dalek::SigningKey;
use rand::RngExt;
use tempfile::TempDir;
use tokio::time::Interval;

use super::control::{self, Request, Requests};
use super::keys::Keys;
use super::outcome::print;
use super::trouble::{self, Schedule};
use super::{Arguments, PICTURE, finish, of_first_peer, summarize};
use crate::assembly_swarm::{Making, Running};
use crate::commands::charter::{Founding, member};
use crate::connection::{Broker, BrokerUrl};
use crate::http::Served;
use crate::output::{Lines, Printer, demand};
use crate::screen::{Key, Shown, Terminal};
use crate::signals::stop_asked;

/// How often a user has something to say, where people watch.
const ENTRY_EVERY: Duration = Duration::from_secs(1);

/// How often that is elsewhere.
const ENTRY_EVERY_AT_ONCE: Duration = Duration::from_millis(20);

/// The fewest members of which one may fail.
const MEMBERS_MIN: usize = 4;

/// An assembly while it runs.
struct Demo {
    running: Running,
    plug: Plug,
    board: AssemblyBoard,
    clock: Clock,
    /// The records of all peers, from the start on.
    records: Subscription,
    /// The API, if it is served, and what is asked for there.
    http: Served,
    requests: Requests,
    /// What goes wrong by itself.
    schedule: Schedule,
    /// When a user has something to say, and how many have.
    say: Interval,
    said: u64,
    ids: Vec<PeerId>,
    /// Who leads before that is told.
    first_leader: Option<usize>,
}

/// What the demo has waited for.
enum Happening {
    /// A record, or `None` if some are missing.
    Told(Option<Arc<Record>>),
    Asked(Request),
    /// Something is to go wrong.
    Due,
    /// A user has something to say.
    Say,
}

pub(super) async fn demonstrate(arguments: Arguments) -> anyhow::Result<()> {
    let count = usize::from(arguments.network.members().get());
    demand!(
        (MEMBERS_MIN..=MEMBERS_MAX).contains(&count),
        "a demo of an assembly has {MEMBERS_MIN} to {MEMBERS_MAX} --members"
    );
    let (dialect, keys) = found(&arguments, count)?;
    arguments.trouble.check(dialect.charter())?;
    let embedded = match &arguments.broker {
        Some(_) => None,
        None => {
            let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            Some(EmbeddedBroker::start(anywhere).await?)
        }
    };
    let url = match (&arguments.broker, &embedded) {
        (None, Some(embedded)) => BrokerUrl::Mqtt(embedded.url()),
        (given, _) => given.clone().unwrap_or_else(BrokerUrl::local_mqtt),
    };
    let broker = Broker::at(url.clone()).trusting(arguments.ca_file.as_deref());
    broker.check().await?;
    let place = (broker, url.to_string());
    let outcome = match arguments.is_shown() {
        true => show(&arguments, &dialect, keys, place).await,
        false => tell(&arguments, &dialect, keys, place).await,
    };
    if let Some(embedded) = embedded {
        embedded.shutdown().await;
    }
    outcome
}

/// Returns an assembly founded now, and the keys of its members.
fn found(arguments: &Arguments, count: usize) -> anyhow::Result<(Arc<Assembly>, Vec<SigningKey>)> {
    let keys: Vec<_> = (0..count).map(|_| SigningKey::from_bytes(&rand::random())).collect();
    let name = |number: usize| -> Name {
        let given = arguments.name.get(number - 1).cloned();
        given.unwrap_or_else(|| format!("member-{number}").parse().expect("it is a name"))
    };
    let members = (1..).zip(&keys).map(|(number, key)| member(name(number), key)).collect();
    let charter = Founding::usual().charter(members)?;
    Ok((Arc::new(Assembly::new(Arc::new(charter), "")?), keys))
}

/// Tells what all members see in JSON, or what one of them sees.
async fn tell(
    arguments: &Arguments,
    dialect: &Arc<Assembly>,
    keys: Vec<SigningKey>,
    place: (Broker, String),
) -> anyhow::Result<()> {
    let feed = Feed::default();
    let lines = Lines::of(arguments.json);
    let mut is_shown = of_first_peer();
    let printer = Printer::start_with(lines, &feed, move |record| {
        let is_shown = is_shown(record);
        lines == Lines::Json || is_shown
    })?;
    let recorder = arguments.recorder(&feed)?;
    let mut demo = Demo::start(arguments, dialect, keys, place, feed.clone()).await?;
    let aside = printer.aside();
    let stop = stop_asked();
    tokio::pin!(stop);
    while !demo.board.is_finished() {
        let happening = tokio::select! {
            () = &mut stop => break,
            () = aside.closed() => break,
            happening = demo.next() => happening?,
        };
        demo.take(happening).await?;
    }
    demo.leave().await?;
    drop(aside);
    let gauges = demo.running.swarm.gauges();
    summarize(&feed, dialect.network().dialect(), demo.clock.now(), gauges);
    drop(feed);
    let Demo { running, board, http, .. } = demo;
    drop(running);
    printer.finish()?;
    http.end().await;
    finish(recorder)?;
    if arguments.json { Ok(()) } else { print(&board) }
}

/// Shows all members on one screen, until the user quits.
async fn show(
    arguments: &Arguments,
    dialect: &Arc<Assembly>,
    keys: Vec<SigningKey>,
    place: (Broker, String),
) -> anyhow::Result<()> {
    let feed = Feed::default();
    let recorder = arguments.recorder(&feed)?;
    let mut demo = Demo::start(arguments, dialect, keys, place, feed.clone()).await?;
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
            happening = demo.next(), if ended.is_none() => {
                demo.take(happening?).await?;
                if demo.board.is_finished() {
                    ended = Some(demo.clock.now());
                    demo.leave().await?;
                }
                continue;
            }
            _ = pictures.tick() => {}
        }
        let now = ended.unwrap_or_else(|| demo.clock.now());
        terminal.draw(Shown::Assembly(&demo.board), &keys.controls(&demo.plug), now)?;
        for key in terminal.keys()? {
            match key {
                Key::Quit => break 'shown,
                // Its members have left, and nothing can be done to them.
                _ if ended.is_some() && key != Key::Help => {}
                _ => {
                    let leader = demo.leader();
                    keys.press(key, &mut demo.plug, &mut demo.running, leader).await;
                }
            }
        }
    }
    demo.leave().await?;
    drop(terminal);
    feed.close();
    let Demo { running, board, http, .. } = demo;
    drop(running);
    http.end().await;
    finish(recorder)?;
    print(&board)
}

impl Demo {
    async fn start(
        arguments: &Arguments,
        dialect: &Arc<Assembly>,
        keys: Vec<SigningKey>,
        (broker, url): (Broker, String),
        feed: Feed,
    ) -> anyhow::Result<Self> {
        let clock = Clock::start();
        let records = feed.subscribe();
        let network = dialect.network();
        let process =
            Process::new(About::network(Mode::Demo, network.dialect(), &network), feed.clone());
        let (control, requests) = control::channel();
        process.set_control(control);
        let air = arguments.air(None);
        let making = Making {
            dialect: Arc::clone(dialect),
            broker,
            parallelism: arguments.parallelism.of_each(keys.len()),
            keys,
            clock,
            feed: feed.clone(),
            air: air.clone(),
            process: arguments.http.is_served().then(|| process.clone()),
            disk: TempDir::with_prefix("althing-demo-")?,
        };
        let ids: Vec<PeerId> = making.ids().collect();
        let mut running = making.start().await?;
        let source = feed.source(Some(network.dialect().to_owned().into()), None);
        let (strategies, names) =
            (Strategy::of(&Role::ALL), ids.iter().copied().map(PeerName::from));
        let mut plug = Plug::new(air, clock, source.clone(), strategies, names, rand::random());
        let liars = arguments.trouble.liars(ids.len());
        trouble::corrupt(liars, &mut plug, &mut running).await?;
        // Once the members are there, so that who asks at once finds all that there is.
        let http = arguments.serve(&process, &source, clock.now()).await?;
        let place = http.url().unwrap_or(url);
        let mut board = AssemblyBoard::new(network.dialect(), arguments.network.rounds, place);
        let charter = dialect.charter();
        // So that a member has the same number here and in what the plug says.
        board.follow(&CharterMember::all(charter), charter.quorum());
        let schedule = arguments.trouble.schedule(charter, clock.now())?;
        let every = if arguments.is_shown() { ENTRY_EVERY } else { ENTRY_EVERY_AT_ONCE };
        let say = tokio::time::interval(every);
        let first_leader = charter.member(charter.leader(View::FIRST)).map(Member::id);
        let first_leader = ids.iter().position(|id| Some(*id) == first_leader);
        Ok(Self {
            running,
            plug,
            board,
            clock,
            records,
            http,
            requests,
            schedule,
            say,
            said: 0,
            ids,
            first_leader,
        })
    }

    /// Waits for the next thing that happens. Cancel-safe.
    async fn next(&mut self) -> anyhow::Result<Happening> {
        // Those that have crashed can be started again.
        let all_are_down = self.plug.peers().iter().all(|peer| peer.state == State::Crashed);
        let (clock, due) = (self.clock, self.schedule.next_at());
        let due_comes = async {
            match due {
                Some(at) => clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            left = self.running.swarm.next_left(), if !all_are_down => {
                left?;
                anyhow::bail!("a member has left");
            }
            () = due_comes => Ok(Happening::Due),
            request = self.requests.next() => Ok(Happening::Asked(request)),
            _ = self.say.tick() => Ok(Happening::Say),
            // A board that is behind by so much goes on with what there is.
            record = self.records.next() => Ok(Happening::Told(record.and_then(Result::ok))),
        }
    }

    async fn take(&mut self, happening: Happening) -> anyhow::Result<()> {
        match happening {
            Happening::Told(record) => record.iter().for_each(|it| self.board.apply(it)),
            Happening::Asked(request) => {
                request.answer(&mut self.plug, &mut self.running).await;
            }
            Happening::Due => {
                let (now, leader) = (self.clock.now(), self.leader());
                let Self { schedule, plug, running, .. } = self;
                schedule.go_on(now, leader, plug, running).await;
            }
            Happening::Say => {
                self.said += 1;
                say_something(&self.plug, &self.running, self.said).await?;
            }
        }
        Ok(())
    }

    /// Returns the number of the member that leads, from zero.
    fn leader(&self) -> Option<usize> {
        let Some(view) = self.board.view else { return self.first_leader };
        self.ids.iter().position(|id| *id == view.leader)
    }

    /// Asks the members to leave, waits until they have, and takes in all that they told. Nothing
    /// can be asked for over HTTP any more.
    async fn leave(&mut self) -> anyhow::Result<()> {
        self.requests.end();
        self.running.swarm.stop();
        self.running.swarm.left().await?;
        while let Some(next) = self.records.try_next() {
            next.iter().for_each(|record| self.board.apply(record));
        }
        Ok(())
    }
}

/// Has one of the members that run get a note into the chain.
async fn say_something(plug: &Plug, running: &Running, number: u64) -> anyhow::Result<()> {
    let peers = plug.peers().iter().zip(&running.entries);
    let up: Vec<_> = peers
        .filter(|(peer, _)| peer.state == State::Runs)
        .filter_map(|(_, entries)| entries.as_ref())
        .collect();
    if up.is_empty() {
        return Ok(());
    }
    let entries = up[rand::rng().random_range(0..up.len())];
    let note = entries.note(&format!("note {number}"))?;
    // No caller waits for it, and one that has just left has nothing to say.
    drop(entries.submit(note).await);
    Ok(())
}
