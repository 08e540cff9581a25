//! The demo's screen, for peers that run in another process.

use std::pin::Pin;
use std::time::{Duration, Instant};

use althing_api::{Client, ClientError, EngineStatus, Events, Mode, Node, PeerStatus, Peers};
use althing_board::{AssemblyBoard, Board, ChainBoard, TEXT_MAX, harmless};
use althing_dialect::{NetworkConfig, rounds_dialect};
use althing_feed::{PeerName, Record};
use althing_types::{Moment, PeerId};
use anyhow::{Context, bail};
use clap::Args;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::asking::Place;
use crate::commands::block_on;
use crate::screen::{Controls, Key, Shown, Terminal};
use crate::signals::stop_asked;

/// Watch running peers on the demo's screen, as those of a machine reached by ssh.
///
/// It shows what the peers of that process tell of themselves and of others: all of them in a demo,
/// and what one peer sees otherwise. q quits.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing top --data ./peer-1\n  \
    althing top --api http://127.0.0.1:8080")]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
}

/// Between two pictures on the screen.
const PICTURE: Duration = Duration::from_millis(100);

/// Between two questions for numbers that are no events.
const ASK: Duration = Duration::from_millis(500);

/// What is known of the peers, and the time there.
struct Watched {
    shown: Folded,
    /// The time on their clock when they last told something, and when that came here.
    last: Option<(Moment, Instant)>,
    shows_help: bool,
}

/// What was folded from their records.
enum Folded {
    Rounds(Box<Board>),
    Chain(Box<ChainBoard>),
    Assembly(Box<AssemblyBoard>),
}

/// What the peers there tell: what happens, and now and then how much they have hashed.
struct Telling {
    client: Client,
    events: Events,
    asks: Interval,
    /// The question that is asked now.
    question: Option<Question>,
}

type Question = Pin<Box<dyn Future<Output = Result<Peers, ClientError>>>>;

/// Something that the peers there have told.
enum Told {
    Record(Box<Record>),
    Status(Vec<PeerStatus>),
    /// They tell no more.
    End,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    block_on(watch(&arguments.place))
}

async fn watch(place: &Place) -> anyhow::Result<()> {
    let client = place.client()?;
    let node = client.node().await?;
    let peers = client.peers().await?.items;
    let mut watched = Watched::of(&node, &peers, place.to_string())?;
    let events = client.events(Some(node.first_sequence)).await?;
    let mut telling = Telling::of(client, events);
    let mut terminal = Terminal::open()?;
    let mut pictures = interval(PICTURE);
    let stop = stop_asked();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return Ok(()),
            told = telling.next() => {
                match told? {
                    Told::Record(record) => watched.apply(&record, Instant::now()),
                    Told::Status(peers) => watched.note(&peers, Instant::now()),
                    Told::End => bail!("the peers there have left"),
                }
                continue;
            }
            _ = pictures.tick() => {}
        }
        let now = watched.now(Instant::now());
        terminal.draw(watched.shown(), &watched.controls(), now)?;
        for key in terminal.keys()? {
            match key {
                Key::Quit => return Ok(()),
                Key::Help => watched.shows_help = !watched.shows_help,
                _ => {}
            }
        }
    }
}

impl Telling {
    fn of(client: Client, events: Events) -> Self {
        let mut asks = interval(ASK);
        asks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { client, events, asks, question: None }
    }

    /// Waits for what is told next. A question that is not answered holds up no record; nothing is
    /// lost when this is dropped.
    async fn next(&mut self) -> Result<Told, ClientError> {
        loop {
            tokio::select! {
                record = self.events.next() => {
                    return Ok(record?.map_or(Told::End, |record| Told::Record(Box::new(record))));
                }
                peers = answer(&mut self.question) => {
                    self.question = None;
                    // What cannot be answered now is asked again, and the end of the events tells
                    // more.
                    if let Ok(peers) = peers {
                        return Ok(Told::Status(peers.items));
                    }
                }
                _ = self.asks.tick(), if self.question.is_none() => {
                    let client = self.client.clone();
                    self.question = Some(Box::pin(async move { client.peers().await }));
                }
            }
        }
    }
}

/// Waits for the answer to a question, for ever if none is asked.
async fn answer(question: &mut Option<Question>) -> Result<Peers, ClientError> {
    match question {
        Some(question) => question.await,
        None => std::future::pending().await,
    }
}

impl Watched {
    /// Returns what is known of peers before they tell anything.
    fn of(node: &Node, peers: &[PeerStatus], place: String) -> anyhow::Result<Self> {
        let network = node.network.as_deref().context("no peer runs there")?;
        let first = peers.first().context("no peer runs there")?;
        let watches = node.mode == Mode::Watch;
        let shown = match &first.engine {
            EngineStatus::Chain(_) => {
                let mut board = ChainBoard::new(network, None, None, place);
                for peer in &node.peers {
                    match peer {
                        PeerName::Address(address) if watches => board.watch(address),
                        PeerName::Address(address) => board.add(address),
                        PeerName::Id(_) => {}
                    }
                }
                Folded::Chain(Box::new(board))
            }
            EngineStatus::Assembly(status) => {
                let mut board = AssemblyBoard::new(network, None, place);
                board.follow(&status.members, status.quorum);
                for contradiction in &status.contradictions {
                    let said = [&contradiction.first, &contradiction.second];
                    let said = said.map(|word| harmless(&word.statement, TEXT_MAX));
                    board.contradict(contradiction.member.peer(), said);
                }
                Folded::Assembly(Box::new(board))
            }
            EngineStatus::Rounds(_) => {
                let rules =
                    node.rules.as_ref().context("the peer does not say of which network it is")?;
                let of = NetworkConfig::from_json(&rules.to_string())?;
                let dialect = rounds_dialect(&of)
                    .with_context(|| format!("this program does not know how {of} decides"))?;
                let members = dialect.rules().peers.get().into();
                let mut board = Board::new(network, members, dialect.rules().into(), None, place);
                let own = node.peers.iter().filter(|_| !watches);
                own.filter_map(PeerName::id).for_each(|id| board.peers.add(id));
                Folded::Rounds(Box::new(board))
            }
        };
        Ok(Self { shown, last: None, shows_help: false })
    }

    fn apply(&mut self, record: &Record, now: Instant) {
        self.last = Some((record.at, now));
        match &mut self.shown {
            Folded::Rounds(board) => board.apply(record),
            Folded::Chain(board) => board.apply(record),
            Folded::Assembly(board) => board.apply(record),
        }
    }

    /// Notes how much the peers have hashed.
    fn note(&mut self, peers: &[PeerStatus], now: Instant) {
        let at = self.now(now);
        match &mut self.shown {
            Folded::Rounds(board) => {
                let hashes = peers.iter().filter_map(|it| Some((it.peer.id()?, it.hashes)));
                board.set_hashes(at, &hashes.collect::<Vec<(PeerId, u64)>>());
            }
            Folded::Chain(board) => board.set_hashes(at, peers.iter().map(|it| it.hashes)),
            Folded::Assembly(board) => {
                let hashes = peers.iter().filter_map(|it| Some((it.peer.id()?, it.hashes)));
                board.set_hashes(at, &hashes.collect::<Vec<(PeerId, u64)>>());
            }
        }
    }

    fn pace(&self) -> Option<(bool, f64)> {
        match &self.shown {
            Folded::Rounds(board) => board.broken.pace,
            Folded::Chain(board) => board.broken.pace,
            Folded::Assembly(board) => board.broken.pace,
        }
    }

    /// Returns what the clock of the peers shows about now.
    fn now(&self, now: Instant) -> Moment {
        let Some((at, came)) = self.last else { return Moment::START };
        let since = now.saturating_duration_since(came);
        match self.pace() {
            None => at + since,
            Some((true, _)) => at,
            // A speed that is none comes from a program that is not ours.
            Some((false, speed)) => {
                let passed = Duration::try_from_secs_f64(since.as_secs_f64() * speed);
                at + passed.unwrap_or_default()
            }
        }
    }

    fn shown(&self) -> Shown<'_> {
        match &self.shown {
            Folded::Rounds(board) => Shown::Rounds(board),
            Folded::Chain(board) => Shown::Chain(board),
            Folded::Assembly(board) => Shown::Assembly(board),
        }
    }

    fn controls(&self) -> Controls {
        Controls {
            speed: self.pace().map(|(_, speed)| speed),
            is_paused: self.pace().is_some_and(|(is_paused, _)| is_paused),
            shows_help: self.shows_help,
            killed: 0,
            chosen: None,
            said: None,
            can_break: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use althing_board::Decides;
    use althing_feed::{DemoEvent, Event, PeerEvent};
    use serde_json::json;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn watched(
        network: &str,
        rules: &serde_json::Value,
        peers: &[&str],
        engine: &serde_json::Value,
    ) -> Watched {
        let node = json!({
            "version": "1", "mode": "demo", "network": network, "rules": rules, "started": "",
            "peers": peers, "first_sequence": 0, "next_sequence": 0,
            "can": { "submit": false, "control": false, "entries": false, "table": true,
                "blocks": false, "tally": false },
        });
        let mut status = json!({
            "time": "", "network": network, "peer": peers[0], "received": 1, "refused": 0,
            "hashes": 70, "due": [],
        });
        let fields = status.as_object_mut().expect("an object");
        fields.extend(engine.as_object().expect("an object").clone());
        let node = serde_json::from_value(node).expect("as the API has it");
        let status: PeerStatus = serde_json::from_value(status).expect("as the API has it");
        Watched::of(&node, &[status], "here".to_owned()).expect("a network that is known")
    }

    fn rounds_of(network: &str, rules: &serde_json::Value) -> Watched {
        let engine = json!({
            "rows": 1, "members": ["1", "2", "3"], "silent": [], "term": 0, "leader": null,
            "challenge": null, "copied": false, "equivocating": [], "waiting": null,
        });
        watched(network, rules, &["1", "2", "3"], &engine)
    }

    fn rounds() -> Watched {
        let rules =
            json!({ "dialect": "elect-chain", "peers": 3, "topics": "", "variant": "readme" });
        rounds_of("elect-chain", &rules)
    }

    fn record(at: u64, peer: Option<PeerName>, event: Event) -> Record {
        let (time, at) = (SystemTime::UNIX_EPOCH, Moment::from_start(Duration::from_secs(at)));
        Record { sequence: 0, time, at, network: None, peer, names: Default::default(), event }
    }

    #[test]
    fn the_clock_there_goes_as_fast_as_it_is_said_to_go() {
        let (mut watched, begin) = (rounds(), Instant::now());
        let later = begin + Duration::from_secs(4);
        let shown = |watched: &Watched| watched.now(later).since_start().as_secs();
        assert_eq!(shown(&watched), 0);
        watched.apply(&record(10, None, PeerEvent::Connected {}.into()), begin);
        assert_eq!(shown(&watched), 14);
        for (paused, speed, seconds) in [
            (false, 0.5, 12),
            (true, 0.5, 10),
            (false, 2.0, 18),
            (false, -1.0, 10),
            (false, 1e300, 10),
        ] {
            let event = DemoEvent::PaceChanged { paused, speed };
            watched.apply(&record(10, None, event.into()), begin);
            assert_eq!(shown(&watched), seconds);
            let controls = watched.controls();
            assert_eq!((controls.speed, controls.is_paused), (Some(speed), paused));
        }
    }

    #[test]
    fn peers_have_their_places_before_they_tell_anything() {
        let watched = rounds();
        let Folded::Rounds(board) = &watched.shown else { panic!("it has rounds") };
        assert_eq!((board.members, board.peers.iter().len()), (3, 3));
        assert_eq!(board.rules.votes_needed, 2);
        let engine = json!({
            "blocks": 3, "tip": null, "height": 2, "peers": [], "mempool": 0, "mining": true,
            "searching": 3, "joined": true,
        });
        let rules = serde_json::Value::Null;
        let mut watched = self::watched("aviary", &rules, &["127.0.0.1:8999"], &engine);
        let crashed =
            PeerName::from("127.0.0.1:8999".parse::<althing_types::Address>().expect("one"));
        watched.apply(&record(1, None, DemoEvent::PeerCrashed { crashed }.into()), Instant::now());
        let Folded::Chain(board) = &watched.shown else { panic!("it has a chain") };
        assert!(board.peers()[0].is_down);
    }

    #[test]
    fn the_members_of_an_assembly_are_those_of_its_charter() {
        let engine = json!({
            "chain": "ab", "members": [{ "id": "1", "name": "ann" }, { "id": "2", "name": "bob" }],
            "quorum": 2, "observing": null, "silent": [], "view": 3, "leader": "2", "height": 1,
            "tip": "cd", "mempool": 0, "searching": null, "contradictions": [{
                "member": "2",
                "first": { "statement": "one", "signature": "" },
                "second": { "statement": "another", "signature": "" },
            }],
        });
        let rules = serde_json::Value::Null;
        let watched = self::watched("assembly", &rules, &["1"], &engine);
        let Folded::Assembly(board) = &watched.shown else { panic!("it is an assembly") };
        assert_eq!((board.members.here(), board.quorum), ((2, 2), Some(2)));
        assert_eq!(board.name(PeerId::new(1)), "ann");
        assert!(board.has_lied(PeerId::new(2)) && !board.has_lied(PeerId::new(1)));
    }

    #[test]
    fn the_rules_of_a_profile_of_ones_own_are_those_of_its_peers() {
        let ours = json!({
            "dialect": "profile",
            "profile": { "name": "ours", "join": { "n": 3 } },
        });
        let Folded::Rounds(board) = rounds_of("ours", &ours).shown else { panic!("it has rounds") };
        assert_eq!((board.members, board.rules.decides), (3, Decides::Leader));
    }

    #[tokio::test]
    async fn a_question_without_an_answer_holds_up_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let client = Client::at_url(&url, None, None).expect("a URL");
        let records = [0, 1, 2].map(|at| record(at, None, PeerEvent::Connected {}.into()));
        let lines = records.each_ref().map(|record| record.to_json() + "\n").concat();
        let serve = async {
            let (mut stream, _) = listener.accept().await.expect("it listens");
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.expect("a request"));
            }
            let answer = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{lines}");
            stream.write_all(answer.as_bytes()).await.expect("it is open");
        };
        let (events, ()) = tokio::join!(client.events(Some(0)), serve);
        let mut telling = Telling::of(client, events.expect("it is served"));
        // It is asked before the first record is read.
        telling.question = Some(Box::pin(std::future::pending()));
        for expected in records {
            let Ok(Told::Record(told)) = telling.next().await else { panic!("a record") };
            assert_eq!(*told, expected);
        }
        assert!(matches!(telling.next().await, Ok(Told::End)));
    }
}
