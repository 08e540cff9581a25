//! What is served: the peers of a process, and what it tells.

use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use althing_api::{Abilities, Code, DemoPeer, Mode, Node, PeerStatus, Problem};
use althing_dialect::NetworkConfig;
use althing_feed::{Feed, PeerName, wall_clock};
use althing_types::PeerId;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::asked::Asked;
use crate::certificate;
use crate::demo::Control;
use crate::metrics::Metrics;
use crate::streams::Streams;

/// Requests that read a store at the same time; further ones wait.
const READERS_MAX: usize = 4;

/// What runs in a process, whatever peers it has.
#[derive(Clone, Debug)]
pub struct About {
    /// What the process does.
    pub mode: Mode,
    /// The network, by the name of its dialect, if there is one.
    pub network: Option<String>,
    /// The rules that all peers of the network share, if there is one.
    pub rules: Option<Value>,
    /// The name of the profile of other people's programs that it follows, if it follows one.
    pub profile: Option<String>,
}

impl About {
    /// Returns a process that does this in a network with these rules, whose peers call it `name`.
    pub fn network(mode: Mode, name: &str, rules: &NetworkConfig) -> Self {
        Self {
            mode,
            network: Some(name.to_owned()),
            rules: Some(certificate::rules(rules)),
            profile: None,
        }
    }

    /// Returns it as one that follows a profile, if it follows one.
    #[must_use]
    pub fn following(mut self, profile: Option<&str>) -> Self {
        self.profile = profile.map(str::to_owned);
        self
    }

    /// Returns a process that does this and has no network of its own.
    pub fn without_network(mode: Mode) -> Self {
        Self { mode, network: None, rules: None, profile: None }
    }
}

/// A process whose peers can be asked. Cheap to clone; clones are the same process.
#[derive(Clone)]
pub struct Process(Arc<Inner>);

struct Inner {
    about: About,
    started: String,
    feed: Feed,
    peers: Mutex<Peers>,
    control: Mutex<Option<Arc<dyn Control>>>,
    reads: Arc<Semaphore>,
    streams: Streams,
    metrics: Arc<Metrics>,
    counting: Once,
}

#[derive(Default)]
struct Peers {
    here: Vec<Here>,
    /// What could be asked of the last peer that came, which is what the others can be asked.
    can: Abilities,
}

struct Here {
    name: PeerName,
    asked: Asked,
    /// Closed once no request holds the peer any more.
    holds: watch::Sender<()>,
}

/// A peer, held for a request.
pub(crate) struct Held {
    pub(crate) asked: Asked,
    // Dropped last, since it says that the peer's store is no longer in use here.
    _held: watch::Receiver<()>,
}

impl Process {
    /// Returns a process that tells what happens by `feed`, and has no peers yet.
    pub fn new(about: About, feed: Feed) -> Self {
        Self(Arc::new(Inner {
            about,
            started: wall_clock(),
            feed,
            peers: Mutex::default(),
            control: Mutex::default(),
            reads: Arc::new(Semaphore::new(READERS_MAX)),
            streams: Streams::default(),
            metrics: Arc::default(),
            counting: Once::new(),
        }))
    }

    /// Lets a peer be asked. One that has the same name and left is replaced.
    pub fn add(&self, asked: Asked) {
        let mut peers = self.peers();
        peers.can = asked.abilities();
        let name = asked.name().clone();
        let here = Here { name: name.clone(), asked, holds: watch::channel(()).0 };
        match peers.here.iter_mut().find(|here| here.name == name) {
            Some(place) => *place = here,
            None => peers.here.push(here),
        }
    }

    /// Forgets a peer that was killed, and waits until no request holds its store any more, so that
    /// the peer can start again.
    pub async fn remove(&self, name: &PeerName) {
        let removed = {
            let mut peers = self.peers();
            let place = peers.here.iter().position(|here| here.name == *name);
            place.map(|place| peers.here.remove(place))
        };
        if let Some(Here { asked, holds, .. }) = removed {
            drop(asked);
            holds.closed().await;
        }
    }

    /// Lets things be done to the network.
    pub fn set_control(&self, control: Arc<dyn Control>) {
        *self.0.control.lock().unwrap_or_else(PoisonError::into_inner) = Some(control);
    }

    pub(crate) fn control(&self) -> Result<Arc<dyn Control>, Problem> {
        let control = self.0.control.lock().unwrap_or_else(PoisonError::into_inner).clone();
        control.ok_or_else(|| {
            Problem::new(Code::NotFound, "this is no demo: see althing demo --help for one")
        })
    }

    /// Returns the feed by which it tells what happens.
    pub fn feed(&self) -> &Feed {
        &self.0.feed
    }

    pub(crate) fn streams(&self) -> &Streams {
        &self.0.streams
    }

    pub(crate) fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.0.metrics)
    }

    /// Counts what happens, from the first record that is kept; to be called once it is served.
    pub(crate) fn count(&self) {
        self.0.counting.call_once(|| {
            let (metrics, records) = (self.metrics(), self.0.feed.subscribe_from(0));
            tokio::spawn(async move { metrics.follow(records).await });
        });
    }

    /// Waits until a store may be read.
    pub(crate) async fn reading(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.0.reads).acquire_owned().await.expect("it is never closed")
    }

    pub(crate) fn node(&self) -> Node {
        let range = self.0.feed.range();
        let peers = self.peers();
        let About { mode, network, rules, profile } = self.0.about.clone();
        let control = self.control().is_ok();
        Node {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mode,
            network,
            rules,
            profile,
            started: self.0.started.clone(),
            peers: peers.here.iter().map(|here| here.name.clone()).collect(),
            first_sequence: range.start,
            next_sequence: range.end,
            can: Abilities { control, ..peers.can },
        }
    }

    /// Returns the peer with a name, or the first.
    fn peer(&self, name: Option<&PeerName>) -> Result<Held, Problem> {
        let peers = self.peers();
        let found = match name {
            Some(name) => peers.here.iter().find(|here| here.name == *name),
            None => peers.here.first(),
        };
        found.map(Here::hold).ok_or_else(|| match name {
            Some(name) => {
                Problem::new(Code::NotFound, format!("no peer of this process is {name}"))
            }
            None => Problem::new(Code::NotFound, "no peer runs in this process"),
        })
    }

    /// Returns the peer with a name, or the first. In a demo a peer is also called by its number.
    pub(crate) async fn found(&self, name: Option<&PeerName>) -> Result<Held, Problem> {
        let missing = match self.peer(name) {
            Err(missing) => missing,
            found => return found,
        };
        let (Some(name), Ok(control)) = (name, self.control()) else { return Err(missing) };
        let Ok(demo) = control.demo().await else { return Err(missing) };
        let number = name.id().map(PeerId::number);
        let is_it = |peer: &&DemoPeer| peer.peer == *name || Some(peer.number as u128) == number;
        let Some(peer) = demo.peers.iter().find(is_it) else { return Err(missing) };
        self.peer(Some(&peer.peer)).map_err(|_| {
            let reason = format!("peer {} of this demo does not run at the moment", peer.number);
            Problem::new(missing.code, reason)
        })
    }

    /// Returns how things stand with each peer that runs.
    pub(crate) async fn statuses(&self) -> Vec<PeerStatus> {
        self.all_statuses().await.into_iter().filter_map(|(_, status)| status).collect()
    }

    /// Returns how things stand with each peer; none with one that has stopped.
    pub(crate) async fn all_statuses(&self) -> Vec<(PeerName, Option<PeerStatus>)> {
        let all: Vec<Held> = self.peers().here.iter().map(Here::hold).collect();
        let mut statuses = Vec::with_capacity(all.len());
        for held in all {
            statuses.push((held.asked.name().clone(), held.asked.status().await.ok()));
        }
        statuses
    }

    fn peers(&self) -> MutexGuard<'_, Peers> {
        self.0.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Here {
    fn hold(&self) -> Held {
        Held { asked: self.asked.clone(), _held: self.holds.subscribe() }
    }
}
