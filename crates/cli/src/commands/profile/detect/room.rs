//! What is said in a room, and to one who takes the seat that it waits for.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::RoundsDialect;
use althing_dialect::detect::{Detected, Detector, Difference, Sample};
use althing_dialect::profile::{IdKind, NetworkKind, SignatureName, Transport, built_in, read};
use althing_dialect::program::{self, Program};
use althing_engine::rounds::Seat;
use althing_feed::Feed;
use althing_net::amqp::Witness;
use althing_net::{Arrival, Link, Publisher, amqp, mqtt};
use althing_node::rounds::{Options, open};
use althing_node::{Clock, Swarm};
use althing_store::Store;
use althing_types::Channel;
use anyhow::{Context, bail};
use tokio::time::{Instant, timeout_at};

use super::Arguments;
use crate::connection::{Broker, PATIENCE, described};
use crate::output::{note, warn};
use crate::signals::stop_asked;

/// Listens to a room. Returns what its traffic says, and a message of each topic.
pub(super) async fn detect(
    arguments: &Arguments,
    broker: Broker,
    time: Duration,
) -> anyhow::Result<(Option<Detected>, Vec<Sample>)> {
    let Ears { link, transport, witness } = listen(&broker, arguments).await?;
    note(&format!("listening for {} s", arguments.seconds));
    let mut room = Room::new(link, stop_asked());
    let enough = |detector: &Detector| arguments.rows.is_some_and(|rows| detector.rows() >= rows);
    match arguments.join {
        true => room.hear_who_is_there(time).await?,
        false => room.hear(None, time, enough).await?,
    }
    let objects = match &broker {
        Broker::Amqp(options) => examine(options, &witness).await,
        Broker::Mqtt(_) => None,
    };
    if let Some(objects) = &objects {
        room.detector.note_objects(described(objects));
    }
    let mut detected = room.detector.detect(transport);
    if let Some(found) = detected.as_ref().filter(|_| arguments.join && !room.is_stopped) {
        let mouth = mouth(&broker, objects).await?;
        let publisher = mouth.as_ref().map_or(room.link.publisher(), Link::publisher).clone();
        // Programs that sign may say their keys only when all are there, and no key of ours can be
        // written like theirs before one was heard.
        let signs = room.detector.says_keys() || signs(found);
        if !signs || !room.detector.says_keys() && has_numbers(found) {
            let (topic, payload) = room
                .detector
                // An id is only to differ from those of others.
                .join(std::process::id().into())
                .with_context(|| format!("nothing was said to the {} programs", found.peers))?;
            publisher.publish(topic, payload);
        }
        match signs {
            true => room.join(&broker, transport, time, enough).await?,
            false => room.hear(Some(&publisher), time, enough).await?,
        }
        detected = room.detector.detect(transport);
        if let Some(mouth) = mouth {
            mouth.close(PATIENCE).await.ok();
        }
    }
    room.link.close(PATIENCE).await.ok();
    Ok((detected, room.detector.samples()))
}

/// A room, and what was heard there.
struct Room {
    link: Link,
    detector: Detector,
    /// All that was said, for a peer that comes late.
    heard: Vec<Arrival>,
    /// Ends when the user wants no more.
    stop: Pin<Box<dyn Future<Output = ()>>>,
    /// Whether it has ended: then nothing more is to be heard, or said.
    is_stopped: bool,
}

/// Messages that are kept for a peer that comes late.
const HEARD_MAX: usize = 10_000;

/// Returns how the programs declare their exchanges, as far as their broker says it.
async fn examine(options: &amqp::Options, witness: &Witness) -> Option<amqp::Objects> {
    let carried = witness.carried()?;
    match amqp::examine(options, &carried).await {
        Ok(objects) => objects,
        Err(error) => {
            warn(&format!("how the exchanges are declared cannot be found out: {error}"));
            None
        }
    }
}

/// Returns a way to speak to programs that declare their exchanges in a way of their own; `None` if
/// the one on which they are heard is as good.
async fn mouth(broker: &Broker, objects: Option<amqp::Objects>) -> anyhow::Result<Option<Link>> {
    let (Broker::Amqp(options), Some(objects)) = (broker, objects) else { return Ok(None) };
    let options = amqp::Options { objects, ..options.as_ref().clone() };
    Ok(Some(amqp::connect_patiently(options, Some(PATIENCE), |_| {}).await?))
}

/// How a room is heard.
struct Ears {
    link: Link,
    transport: Transport,
    /// Knows what messages over AMQP carry.
    witness: Witness,
}

/// Subscribes to all that may be said in a room, without saying anything.
async fn listen(broker: &Broker, arguments: &Arguments) -> anyhow::Result<Ears> {
    let Arguments { room, prefix, .. } = arguments;
    // An empty name is that of no room.
    let room = room.as_deref().filter(|room| !room.is_empty());
    let before = room.map(|room| format!("{room}/")).unwrap_or_default();
    let witness = Witness::default();
    let (link, transport) = match broker {
        Broker::Mqtt(options) => {
            let mut options = options.as_ref().clone().with_topics([format!("{before}#")]);
            options.hears_retained = true;
            let link = mqtt::connect_patiently(options, Some(PATIENCE), |_| {}).await?;
            (link, Transport::Mqtt)
        }
        Broker::Amqp(options) => {
            let mut options = options.as_ref().clone();
            let rounds = built_in::all().iter().filter(|it| it.network == NetworkKind::Rounds);
            let topics = rounds.flat_map(|it| Program::built_in(&it.name).topics());
            let mut exchanges: Vec<String> =
                topics.filter(|it| !it.contains('+')).map(|it| format!("{before}{it}")).collect();
            let prefixes = prefix.iter().map(String::as_str).chain([PPD]);
            exchanges.extend(
                prefixes.flat_map(|prefix| NAMES.map(|name| format!("{before}{prefix}{name}"))),
            );
            exchanges.sort_unstable();
            exchanges.dedup();
            options.overheard = exchanges.into_iter().map(Into::into).collect();
            options.witness = Some(witness.clone());
            let link = amqp::connect_patiently(options, Some(PATIENCE), |_| {}).await?;
            (link, Transport::Amqp)
        }
    };
    Ok(Ears { link, transport, witness })
}

/// What stands before the exchanges of the page with AMQP.
const PPD: &str = "ppd/";

/// The names that programs give to exchanges, after their prefix.
const NAMES: [&str; 12] = [
    "init",
    "pubkey",
    "pub_key",
    "voting",
    "vote",
    "election",
    "ElectionMsg",
    "coordinator",
    "challenge",
    "solution",
    "result",
    "ballot",
];

/// Returns whether the programs are of a kind that signs: a guest without a key could not join.
fn signs(found: &Detected) -> bool {
    let announced_otherwise =
        |it: &Difference| matches!(it.key.as_str(), "topics.init" | "fields.init");
    let nearest = built_in::find(&found.nearest);
    nearest.is_some_and(|profile| profile.sign.alg != SignatureName::None)
        && !found.differences.iter().any(announced_otherwise)
}

/// Time for programs to say their keys, once all have said that they are there.
const KEYS: Duration = Duration::from_secs(5);

/// When no more come for so long, all who are there have said so: programs repeat themselves
/// sooner.
const QUIET: Duration = Duration::from_secs(2);

/// How often it is looked whether enough was heard: a look takes as long as there are messages.
const LOOK: Duration = Duration::from_millis(200);

impl Room {
    /// Returns a room of which nothing was heard yet, until `stop` ends.
    fn new(link: Link, stop: impl Future<Output = ()> + 'static) -> Self {
        let (detector, heard, stop) = (Detector::default(), Vec::new(), Box::pin(stop));
        Self { link, detector, heard, stop, is_stopped: false }
    }

    /// Hears until some have said that they are there, and then no others for a while.
    async fn hear_who_is_there(&mut self, time: Duration) -> anyhow::Result<()> {
        let end = Instant::now() + time;
        let mut peers = 0;
        while Instant::now() < end {
            let left = end - Instant::now();
            let wait = if peers == 0 { left } else { left.min(QUIET) };
            self.hear(None, wait, |detector| detector.peers() > peers).await?;
            if self.is_stopped || self.detector.peers() == peers {
                return Ok(());
            }
            peers = self.detector.peers();
        }
        Ok(())
    }

    /// Hears what is said for so long, or until it is enough, or the user says so. Says what a
    /// guest has to say, if it may speak.
    async fn hear(
        &mut self,
        publisher: Option<&Publisher>,
        time: Duration,
        is_enough: impl Fn(&Detector) -> bool,
    ) -> anyhow::Result<()> {
        let end = Instant::now() + time;
        let mut knew_none = self.detector.peers() == 0;
        while Instant::now() < end && !self.is_stopped && !is_enough(&self.detector) {
            let look = end.min(Instant::now() + LOOK);
            while Instant::now() < look {
                let arrival = tokio::select! {
                    biased;
                    () = &mut self.stop => {
                        self.is_stopped = true;
                        return Ok(());
                    }
                    arrival = timeout_at(look, self.link.next()) => arrival,
                };
                match arrival {
                    Err(_) => break,
                    Ok(Some(arrival)) => self.take_in(arrival, publisher),
                    Ok(None) => bail!("the connection has ended"),
                }
            }
            if knew_none && self.detector.peers() > 0 {
                knew_none = false;
                note("the first program was heard");
            }
        }
        Ok(())
    }

    fn take_in(&mut self, arrival: Arrival, publisher: Option<&Publisher>) {
        match &arrival {
            Arrival::Received { from: Channel::Topic(topic), payload } => {
                let answer = self.detector.hear(topic, payload);
                if let Some((publisher, (topic, payload))) = publisher.zip(answer) {
                    publisher.publish(topic, payload);
                }
                if self.heard.len() < HEARD_MAX {
                    self.heard.push(arrival);
                }
            }
            Arrival::Down { reason } => warn(reason),
            _ => {}
        }
    }

    /// Has a peer of ours take the seat, with a key that is written like those of the others, as
    /// soon as one of them was heard. It has the id that was announced, if one was.
    async fn join(
        &mut self,
        broker: &Broker,
        transport: Transport,
        time: Duration,
        is_enough: impl Fn(&Detector) -> bool,
    ) -> anyhow::Result<()> {
        self.hear(None, KEYS, Detector::says_keys).await?;
        if self.is_stopped {
            return Ok(());
        }
        let announced = self.detector.hand_over();
        let found = self.detector.detect(transport).context("no program is heard any more")?;
        let dialect = joined(&found)?;
        let (peer, node) = open(Options {
            id: announced.and_then(|number| dialect.chosen_id(number).ok()),
            dialect: Arc::clone(&dialect),
            name: None,
            seat: Seat::Member,
            store: Store::in_memory(),
            // It is there to hear how the programs say what they find.
            parallelism: None,
            solution_cache: false,
            never_copied: false,
            clock: Clock::start(),
            feed: Feed::default(),
        })?;
        self.detector.note_seat(peer);
        let mut link = broker.join(&*dialect, peer, Some(PATIENCE)).await?;
        // It was not there when the others said who they are, and may hear nothing twice but that.
        let up = link.next().await;
        while let Some(arrival) = self.link.try_next() {
            self.take_in(arrival, None);
        }
        link.put_back(up.into_iter().chain(self.heard.drain(..)).collect());
        let mut swarm = Swarm::default();
        swarm.add(node, link);
        self.hear(None, time, is_enough).await?;
        swarm.stop();
        Ok(())
    }
}

/// Returns whether the programs have ids that can be chosen.
fn has_numbers(found: &Detected) -> bool {
    let kind = found.seen.get("id.kind").cloned();
    let kind = kind.and_then(|kind| serde_json::from_value::<IdKind>(kind).ok());
    kind.is_some_and(IdKind::is_number)
}

/// What our peer asks for when it leads: little work, with enough zeros to tell how they count.
const ASKED: (u16, u16) = (5, 5);

/// Returns the dialect of the programs that were heard.
fn joined(found: &Detected) -> anyhow::Result<Arc<dyn RoundsDialect>> {
    let profile = read("the detected profile", &found.to_toml(), &built_in::base);
    let mut profile = profile.context("what was heard is too little to join")?;
    // They wait for one more.
    profile.join.n = u16::try_from(found.peers + 1).unwrap_or(u16::MAX);
    // Whether they take more zeros than asked for shows only later; one who takes them follows all.
    profile.puzzle.exact = false;
    // It may lead all the same, and has no reason to keep them busy.
    profile.leader.d = ASKED;
    // The prefix that was heard has the room in it.
    Ok(Arc::new(Program::new(program::Config::new(profile))))
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use althing_net::memory::Bus;

    use super::*;

    /// Listens to two programs that say who they are. Returns whether the user has stopped that,
    /// and how many were heard.
    async fn heard(stop: impl Future<Output = ()> + 'static) -> (bool, usize) {
        let bus = Bus::new();
        let (link, others) = (bus.join(["sd/init"]), bus.join(["sd/init"]));
        for digit in [1, 2] {
            let id = format!("0b8e7d4e-5f5c-4f0c-9d3e-1c2b3a49586{digit}");
            others.publisher().publish("sd/init", format!("{{\"ClientID\": \"{id}\"}}"));
        }
        let mut room = Room::new(link, stop);
        for _ in 0..2 {
            // Once it has stopped, it hears no more.
            room.hear_who_is_there(Duration::from_secs(20)).await.expect("the room is open");
        }
        (room.is_stopped, room.detector.peers())
    }

    /// Ends when it has been looked at so many times.
    fn after(looks: usize) -> impl Future<Output = ()> {
        let mut looked = 0;
        poll_fn(move |_| {
            looked += 1;
            if looked > looks { Poll::Ready(()) } else { Poll::Pending }
        })
    }

    #[tokio::test]
    async fn a_user_who_stops_while_a_room_is_heard_is_not_forgotten() {
        assert_eq!(heard(after(5)).await, (true, 2));
        assert_eq!(heard(after(0)).await, (true, 0));
    }
}
