//! A network with rounds: an embedded broker and all its peers.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use althing_api::Mode;
use althing_board::Board;
use althing_dialect::RoundsDialect;
use althing_engine::rounds::{Issuing, Rounds};
use althing_feed::{Feed, Row};
use althing_http::{About, Process};
use althing_net::broker::EmbeddedBroker;
use althing_node::{Clock, Pacing, Swarm};
use althing_types::PeerId;
use tempfile::TempDir;

use super::keys::Keys;
use super::{Arguments, PICTURE, pace, summarize};
use crate::commands::stop_asked;
use crate::connection::{Broker, BrokerUrl};
use crate::output::recent::RecentRows;
use crate::output::{Lines, Printer};
use crate::screen::{Key, Shown, Terminal};
use crate::swarm::{Making, Meeting};

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

    fn making<'a>(
        &'a self,
        arguments: &Arguments,
        place: &'a Place,
        feed: &'a Feed,
        disk: Option<TempDir>,
        served: &'a Served,
    ) -> Making<'a> {
        let parallelism = arguments.parallelism.of_each(self.peers);
        let (dialect, meeting, clock) = (&self.dialect, &place.meeting, self.clock);
        let process = served.http.url().map(|_| &served.process);
        Making { dialect, meeting, parallelism, clock, feed, disk, process }
    }

    /// Serves the API, if that is asked for.
    async fn serve(&self, arguments: &Arguments, feed: &Feed) -> anyhow::Result<Served> {
        let name = arguments.network.name();
        let about = About::network(Mode::Demo, &name, &self.dialect.network());
        let profile = arguments.network.profile().map(|profile| profile.name.as_str());
        let process = Process::new(about.following(profile), feed.clone());
        let source = feed.source(Some(name.into()), None);
        let http = arguments.http.serve(&process, &source, self.clock.now()).await?;
        Ok(Served { process, http })
    }
}

/// The network as others can ask it.
struct Served {
    process: Process,
    http: crate::http::Served,
}

/// Tells of all peers in JSON.
async fn tell_all(arguments: &Arguments, place: &Place) -> anyhow::Result<()> {
    let (plan, feed) = (Plan::of(arguments)?, Feed::default());
    let printer = Printer::start(Lines::Json, &feed)?;
    let served = plan.serve(arguments, &feed).await?;
    let making = plan.making(arguments, place, &feed, None, &served);
    let (mut swarm, _) = making.start(plan.peers).await?;
    run_to_end(&mut swarm, &printer).await?;
    summarize(&feed, &arguments.network.name(), plan.clock.now(), swarm.gauges());
    let written = printer.finish();
    served.http.end().await;
    written
}

/// Tells what one peer sees: the first that tells anything.
async fn tell(arguments: &Arguments, place: &Place) -> anyhow::Result<()> {
    let (plan, feed) = (Plan::of(arguments)?, Feed::default());
    let table = Arc::new(Mutex::new(RecentRows::default()));
    let (rows, mut first) = (Arc::clone(&table), None);
    let printer = Printer::start_with(Lines::Text, &feed, move |record| {
        // What no peer tells is about the whole network.
        let is_first = record.peer.is_none()
            || *first.get_or_insert_with(|| record.peer.clone()) == record.peer;
        if is_first {
            rows.lock().expect("no thread panics while it holds the lock").follow(record);
        }
        is_first
    })?;
    let served = plan.serve(arguments, &feed).await?;
    let making = plan.making(arguments, place, &feed, None, &served);
    let (mut swarm, _) = making.start(plan.peers).await?;
    run_to_end(&mut swarm, &printer).await?;
    printer.finish()?;
    served.http.end().await;
    let table =
        std::mem::take(&mut *table.lock().expect("no thread panics while it holds the lock"));
    table.print()
}

/// Shows all peers on one screen, until the user quits.
async fn show(arguments: &Arguments, place: &Place) -> anyhow::Result<()> {
    let (plan, feed) = (Plan::of(arguments)?, Feed::default());
    let mut records = feed.subscribe();
    // A peer that is killed goes on with what it has on disk.
    let disk = Some(TempDir::with_prefix("althing-demo-")?);
    let served = plan.serve(arguments, &feed).await?;
    let making = plan.making(arguments, place, &feed, disk, &served);
    let (mut swarm, ids) = making.start(plan.peers).await?;
    let network = &arguments.network;
    let rules = plan.dialect.rules().into();
    let url = served.http.url().unwrap_or_else(|| place.url.to_string());
    let mut board = Board::new(&network.name(), plan.peers, rules, network.rounds, url);
    let mut keys = Keys::new(plan.pacing);
    let mut terminal = Terminal::open()?;
    let mut pictures = tokio::time::interval(PICTURE);
    let mut have_left = false;
    let stop = stop_asked();
    tokio::pin!(stop);
    'shown: loop {
        tokio::select! {
            left = swarm.left(), if !have_left => {
                left?;
                have_left = true;
            }
            () = &mut stop => break,
            // A step ends with it, and not with the next picture.
            record = records.next() => {
                // A screen that is behind by so much goes on with what there is.
                if let Some(Ok(record)) = record {
                    apply(&mut board, &record, &mut keys);
                }
                continue;
            }
            _ = pictures.tick() => {}
        }
        let hashes = ids.iter().zip(swarm.gauges()).map(|(id, gauges)| (*id, gauges.hashes()));
        board.set_hashes(plan.clock.now(), &hashes.collect::<Vec<_>>());
        terminal.draw(Shown::Rounds(&board), &keys.controls(), plan.clock.now())?;
        for key in terminal.keys()? {
            match key {
                Key::Quit => break 'shown,
                Key::Kill => {
                    if let Some(number) = leader(&board, &ids).filter(|it| swarm.runs(*it)) {
                        swarm.kill(number).await;
                        served.process.remove(&ids[number].into()).await;
                        board.set_down(ids[number], true);
                        keys.killed.push(number);
                    }
                }
                Key::Restart => {
                    for number in std::mem::take(&mut keys.killed) {
                        let (peer, node, link) = making.make(number, &[]).await?;
                        board.set_down(peer, false);
                        swarm.restart(number, node, link);
                        have_left = false;
                    }
                }
                key => keys.press(key),
            }
        }
    }
    keys.let_go();
    swarm.stop();
    swarm.left().await?;
    feed.close();
    served.http.end().await;
    drop(terminal);
    while let Some(next) = records.try_next() {
        next.iter().for_each(|record| board.apply(record));
    }
    print(&board)
}

/// Shows a record, and ends a step if that can be seen.
fn apply(board: &mut Board, record: &althing_feed::Record, keys: &mut Keys) {
    let before = board.progress();
    board.apply(record);
    if board.progress() != before {
        keys.happened();
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
        table.push(Row {
            transaction: row.transaction,
            challenge: row.difficulty,
            seed: row.seed.clone(),
            winner: row.winner.into(),
            yes: row.yes,
            no: u16::try_from(row.no).unwrap_or(u16::MAX),
        });
    }
    table.print()
}

/// Waits until the peers have all rows, the user asks them to leave, or the output is closed.
async fn run_to_end(swarm: &mut Swarm<Rounds>, printer: &Printer) -> anyhow::Result<()> {
    let aside = printer.aside();
    tokio::select! {
        left = swarm.left() => return Ok(left?),
        () = stop_asked() => {}
        () = aside.closed() => {}
    }
    swarm.stop();
    Ok(swarm.left().await?)
}
