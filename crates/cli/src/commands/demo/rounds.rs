//! A network with rounds: an embedded broker and all its peers.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use althing_api::Mode;
use althing_board::Board;
use althing_dialect::RoundsDialect;
use althing_engine::rounds::Issuing;
use althing_faults::rounds::Role;
use althing_feed::{Feed, PeerName, Row, Subscription};
use althing_http::{About, Process};
use althing_net::broker::EmbeddedBroker;
use althing_node::plug::{Plug, State, Strategy};
use althing_node::{Clock, Pacing};
use althing_types::PeerId;
use tempfile::TempDir;

use super::control::{self, Requests};
use super::keys::Keys;
use super::{Arguments, PICTURE, ends_step, finish, of_first_peer, pace, summarize};
use crate::connection::{Broker, BrokerUrl};
use crate::http::Served;
use crate::output::recent::RecentRows;
use crate::output::{Lines, Printer};
use crate::screen::{Key, Shown, Terminal};
use crate::signals::stop_asked;
use crate::swarm::{Making, Meeting, Running};

pub(super) async fn demonstrate(arguments: Arguments) -> anyhow::Result<()> {
    let place = Place::open(&arguments).await?;
    let outcome = if arguments.json {
        tell_all(&arguments, &place).await
    } else if arguments.is_shown() {
        show(&arguments, &place).await
    } else {
        tell(&arguments, &place).await
    };
    place.close().await;
    outcome
}

/// Where the peers meet.
struct Place {
    meeting: Meeting,
    url: BrokerUrl,
    embedded: Option<EmbeddedBroker>,
}

impl Place {
    /// Finds the broker that was asked for, or starts one of our own. There is none of our own
    /// for the networks that meet over AMQP.
    async fn open(arguments: &Arguments) -> anyhow::Result<Self> {
        let usual = arguments.network.usual_broker();
        let given = match (&arguments.broker, usual) {
            (Some(url), _) => Some(url.clone()),
            (None, usual @ BrokerUrl::Amqp(_)) => Some(usual),
            (None, BrokerUrl::Mqtt(_)) => None,
        };
        let (embedded, url) = match given {
            Some(url) => (None, url),
            None => {
                let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let embedded = EmbeddedBroker::start(anywhere).await?;
                let url = BrokerUrl::Mqtt(embedded.url());
                (Some(embedded), url)
            }
        };
        let broker = Broker::at(url.clone()).trusting(arguments.ca_file.as_deref());
        broker.check().await?;
        Ok(Self { meeting: Meeting::Broker(broker), url, embedded })
    }

    async fn close(self) {
        if let Some(embedded) = self.embedded {
            embedded.shutdown().await;
        }
    }
}

/// A network, before its peers start.
struct Plan {
    dialect: Arc<dyn RoundsDialect>,
    peers: usize,
    clock: Clock,
    pacing: Option<&'static Pacing>,
}

impl Plan {
    fn of(arguments: &Arguments) -> anyhow::Result<Self> {
        let peers = usize::from(arguments.network.members().get());
        let Some(round) = arguments.pace() else {
            let dialect = arguments
                .network
                .dialect(Some(std::time::Duration::ZERO), Some(Issuing::AtOnce))?;
            return Ok(Self {
                dialect: dialect.into(),
                peers,
                clock: Clock::start(),
                pacing: None,
            });
        };
        let network = arguments.network.clone().followed();
        let dialect: Arc<dyn RoundsDialect> =
            network.dialect(Some(pace::PAUSE), Some(Issuing::AtOnce))?.into();
        let rules = dialect.rules();
        let hashes = f64::from(rules.challenges.end().bits()).exp2();
        let searchers = peers - usize::from(rules.leader_only_judges());
        let pacing = pace::start(round, hashes, searchers);
        Ok(Self { dialect, peers, clock: Clock::paced(pacing), pacing: Some(pacing) })
    }

    /// Starts the peers; those that can be broken keep on disk what they go on with afterwards.
    async fn start<'a>(
        &'a self,
        arguments: &'a Arguments,
        place: &'a Place,
        feed: &'a Feed,
        process: &'a Process,
    ) -> anyhow::Result<Stage<'a>> {
        let parallelism = arguments.parallelism.of_each(self.peers);
        let (dialect, meeting, clock) = (&self.dialect, &place.meeting, self.clock);
        let air = arguments.air(self.pacing);
        let disk = match arguments.can_break() {
            true => Some(TempDir::with_prefix("althing-demo-")?),
            false => None,
        };
        let asked = arguments.http.is_served().then_some(process);
        let air_of = Some(air.clone());
        let names = &arguments.name;
        let making = Making {
            dialect,
            meeting,
            parallelism,
            clock,
            feed,
            names,
            disk,
            air: air_of,
            process: asked,
        };
        let running = making.start(self.peers).await?;
        let source = feed.source(Some(arguments.network.name().into()), None);
        let ids = running.ids.iter().map(|id| PeerName::from(*id));
        let strategies = Strategy::of(&Role::ALL);
        let plug = Plug::new(air, clock, source, strategies, ids, rand::random());
        let (control, requests) = control::channel();
        process.set_control(control);
        Ok(Stage { running, plug, requests, records: feed.subscribe() })
    }

    /// Returns the network as others can ask it, before it has any peers.
    fn process(&self, arguments: &Arguments, feed: &Feed) -> Process {
        let about = About::network(Mode::Demo, &arguments.network.name(), &self.dialect.network());
        let profile = arguments.network.profile().map(|profile| profile.name.as_str());
        Process::new(about.following(profile), feed.clone())
    }

    /// Serves the API, if that is asked for: once the peers are there, so that who asks at once
    /// finds all that there is.
    async fn serve(&self, arguments: &Arguments, process: &Process) -> anyhow::Result<Served> {
        let source = process.feed().source(Some(arguments.network.name().into()), None);
        arguments.serve(process, &source, self.clock.now()).await
    }
}

/// A network that runs, and its plug.
struct Stage<'a> {
    running: Running<'a>,
    plug: Plug,
    /// What others ask for.
    requests: Requests,
    /// The records of all peers, from the start on.
    records: Subscription,
}

impl Stage<'_> {
    /// Waits until the peers have all rows, the user asks them to leave, or the output is closed.
    async fn run_to_end(&mut self, printer: &Printer) -> anyhow::Result<()> {
        let aside = printer.aside();
        let stop = stop_asked();
        tokio::pin!(stop);
        loop {
            let Self { running, plug, requests, records } = self;
            // Those that have crashed can be started again.
            let all_are_down = plug.peers().iter().all(|peer| peer.state == State::Crashed);
            tokio::select! {
                left = running.swarm.left(), if !all_are_down => return Ok(left?),
                request = requests.next() => request.answer(plug, running).await,
                record = records.next(), if plug.pacing().is_some() => {
                    if record.is_some_and(|record| record.is_ok_and(|it| ends_step(&it))) {
                        plug.happened();
                    }
                }
                () = &mut stop => break,
                () = aside.closed() => break,
            }
        }
        self.leave().await
    }

    /// Asks the peers to leave, and waits until they have.
    async fn leave(&mut self) -> anyhow::Result<()> {
        if let Some(pacing) = self.plug.pacing() {
            pacing.resume();
        }
        self.running.swarm.stop();
        Ok(self.running.swarm.left().await?)
    }
}

/// Tells of all peers in JSON.
async fn tell_all(arguments: &Arguments, place: &Place) -> anyhow::Result<()> {
    let (plan, feed) = (Plan::of(arguments)?, Feed::default());
    let printer = Printer::start(Lines::Json, &feed)?;
    let recorder = arguments.recorder(&feed)?;
    let process = plan.process(arguments, &feed);
    let mut stage = plan.start(arguments, place, &feed, &process).await?;
    let http = plan.serve(arguments, &process).await?;
    stage.run_to_end(&printer).await?;
    let gauges = stage.running.swarm.gauges();
    summarize(&feed, &arguments.network.name(), plan.clock.now(), gauges);
    let written = printer.finish();
    drop(stage);
    http.end().await;
    written?;
    finish(recorder)
}

/// Tells what one peer sees: the first that tells anything.
async fn tell(arguments: &Arguments, place: &Place) -> anyhow::Result<()> {
    let (plan, feed) = (Plan::of(arguments)?, Feed::default());
    let table = Arc::new(Mutex::new(RecentRows::default()));
    let rows = Arc::clone(&table);
    let mut is_shown = of_first_peer();
    let printer = Printer::start_with(Lines::Text, &feed, move |record| {
        let is_shown = is_shown(record);
        if is_shown {
            rows.lock().expect("no thread panics while it holds the lock").follow(record);
        }
        is_shown
    })?;
    let recorder = arguments.recorder(&feed)?;
    let process = plan.process(arguments, &feed);
    let mut stage = plan.start(arguments, place, &feed, &process).await?;
    let http = plan.serve(arguments, &process).await?;
    stage.run_to_end(&printer).await?;
    printer.finish()?;
    drop(stage);
    http.end().await;
    finish(recorder)?;
    let table =
        std::mem::take(&mut *table.lock().expect("no thread panics while it holds the lock"));
    table.print()
}

/// Shows all peers on one screen, until the user quits.
async fn show(arguments: &Arguments, place: &Place) -> anyhow::Result<()> {
    let (plan, feed) = (Plan::of(arguments)?, Feed::default());
    let mut records = feed.subscribe();
    let recorder = arguments.recorder(&feed)?;
    let process = plan.process(arguments, &feed);
    let mut stage = plan.start(arguments, place, &feed, &process).await?;
    let http = plan.serve(arguments, &process).await?;
    let network = &arguments.network;
    let rules = plan.dialect.rules().into();
    let url = http.url().unwrap_or_else(|| place.url.to_string());
    let mut board = Board::new(&network.name(), plan.peers, rules, network.rounds, url);
    // So that a peer has the same number here and in what the plug says.
    stage.running.ids.iter().for_each(|id| board.peers.add(*id));
    let mut keys = Keys::default();
    let mut terminal = Terminal::open()?;
    let mut pictures = tokio::time::interval(PICTURE);
    let mut have_left = false;
    let stop = stop_asked();
    tokio::pin!(stop);
    'shown: loop {
        tokio::select! {
            left = stage.running.swarm.left(), if !have_left => {
                left?;
                have_left = true;
            }
            () = &mut stop => break,
            // A step ends with it, and not with the next picture.
            record = records.next() => {
                // A screen that is behind by so much goes on with what there is.
                if let Some(Ok(record)) = record {
                    apply(&mut board, &record, &stage.plug);
                }
                continue;
            }
            request = stage.requests.next() => {
                request.answer(&mut stage.plug, &mut stage.running).await;
                have_left = false;
                continue;
            }
            _ = pictures.tick() => {}
        }
        let Stage { running, plug, .. } = &mut stage;
        let gauges = running.swarm.gauges();
        let hashes = running.ids.iter().zip(gauges).map(|(id, gauges)| (*id, gauges.hashes()));
        board.set_hashes(plan.clock.now(), &hashes.collect::<Vec<_>>());
        terminal.draw(Shown::Rounds(&board), &keys.controls(plug), plan.clock.now())?;
        for key in terminal.keys()? {
            if key == Key::Quit {
                break 'shown;
            }
            let leader = leader(&board, &running.ids);
            keys.press(key, plug, running, leader).await;
            have_left = false;
        }
    }
    stage.leave().await?;
    drop(terminal);
    while let Some(next) = records.try_next() {
        next.iter().for_each(|record| board.apply(record));
    }
    feed.close();
    drop(stage);
    http.end().await;
    finish(recorder)?;
    print(&board)
}

/// Shows a record, and ends a step if that can be seen.
fn apply(board: &mut Board, record: &althing_feed::Record, plug: &Plug) {
    let before = board.progress();
    board.apply(record);
    if board.progress() != before {
        plug.happened();
    }
}

/// Returns the number of the leader, from zero.
fn leader(board: &Board, ids: &[PeerId]) -> Option<usize> {
    let leader = board.leader?.peer;
    ids.iter().position(|id| *id == leader)
}

/// Prints the table with the numbers that were shown.
fn print(board: &Board) -> anyhow::Result<()> {
    let mut table = RecentRows::default();
    for row in &board.rows {
        let row = Row {
            transaction: row.transaction,
            challenge: row.difficulty,
            seed: row.seed.clone(),
            winner: row.winner.into(),
            yes: row.yes,
            no: u16::try_from(row.no).unwrap_or(u16::MAX),
        };
        let name = board.peer_name(row.winner.peer());
        table.push(row, name);
    }
    table.print()
}
