//! The state that the screen shows, folded from events.
//!
//! | file | question |
//! | --- | --- |
//! | `events` | what does each event change? |
//! | this one | what is known, and how is it told? |

mod events;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use althing_feed::{Event, PeerName, Record, Waiting};
use althing_text::Name;
use althing_text::terminal::escaped_start as harmless;
use althing_types::{Moment, PeerId, Term, Transaction};

use super::broken::Broken;
use super::hash_rate::{self, HashRates};
use super::pace::{self, Pace};
use super::peers::{PEERS_MAX, Peers};
use super::round::{Round, Row};
use super::rules::HowDecided;
use super::text::{TEXT_MAX, short_id};

/// Rows of the table that are kept, the last ones.
pub const ROWS_MAX: usize = 1000;

/// Members that a network may have.
const MEMBERS_MAX: usize = 65_535;

/// A round decided sooner than this is too quick to be followed, so its outcome is shown instead.
const QUICK: Duration = Duration::from_secs(1);

/// A round's outcome stays on the screen this long when the next one has begun.
const AFTER_SLOW: Duration = Duration::from_millis(300);
const AFTER_QUICK: Duration = QUICK;

/// The state that the screen shows: pure, without a terminal or a clock.
#[derive(Debug)]
pub struct Board {
    /// The dialect of the network, harmless to show.
    pub dialect: String,
    /// Where the peers meet, without credentials, or where the page is that shows them.
    pub broker: String,
    /// The number of members.
    pub members: usize,
    /// Who puts a solution into the table, and how a leader is chosen.
    pub rules: HowDecided,
    /// Rows after which the network ends.
    pub rounds: Option<u64>,
    /// The peers that were heard.
    pub peers: Peers,
    /// The peers of this process.
    reporters: BTreeMap<PeerId, Reporter>,
    /// Whether the members are settled.
    pub is_settled: bool,
    /// The leader of the latest term, once there is one.
    pub leader: Option<Leader>,
    /// What peers are called; at most [`PEERS_MAX`].
    names: BTreeMap<PeerId, Name>,
    /// What the members drew for that term, as far as it is known; at most [`PEERS_MAX`].
    draws: BTreeMap<PeerId, u128>,
    /// The round that is under way.
    current: Option<Round>,
    /// The round that was decided last.
    previous: Option<Round>,
    /// The first row that is not decided yet.
    pub next: Transaction,
    /// The last rows of the table; at most [`ROWS_MAX`].
    pub rows: VecDeque<Row>,
    /// How fast the peers of this process hash.
    pub hash_rates: HashRates,
    pace: Pace,
    first_challenge: Option<Moment>,
    /// What the network waits for, and since when.
    pub waiting: Option<(Waiting, Moment)>,
    /// Why the last connection that broke did so.
    pub disconnection: String,
    /// The sender or topic of the last refused message, and the reason.
    pub refusal: String,
    /// How it has ended, if it has.
    pub finish: Option<Finish>,
    /// What its user has done to it.
    pub broken: Broken,
}

/// The leader of a term, as far as peers have reported it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leader {
    /// The leader.
    pub peer: PeerId,
    /// The term it leads in.
    pub term: Term,
    /// The number it had drawn, if that is known.
    pub draw: Option<u128>,
}

/// The counts that a peer of this process has reported about itself.
#[derive(Clone, Copy, Debug)]
struct Reporter {
    is_connected: bool,
    /// Messages it has refused.
    refused: u64,
    /// How often it has seen the vote on a row being lost.
    failures: (Transaction, u32),
}

/// How a network with a last row has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finish {
    /// When the last row was recorded.
    pub at: Moment,
    /// Whether all members are known to have all rows.
    pub by_all: bool,
}

impl Board {
    /// Returns the board of a network of `peers` members that has not met yet, and that ends after
    /// so many `rounds`, if it ever does.
    pub fn new(
        dialect: &str,
        peers: usize,
        rules: HowDecided,
        rounds: Option<u64>,
        broker: String,
    ) -> Self {
        Self {
            rules,
            dialect: harmless(dialect, TEXT_MAX),
            broker,
            members: peers.clamp(1, MEMBERS_MAX),
            rounds,
            peers: Peers::default(),
            reporters: BTreeMap::new(),
            is_settled: false,
            leader: None,
            names: BTreeMap::new(),
            draws: BTreeMap::new(),
            current: None,
            previous: None,
            next: Transaction::FIRST,
            rows: VecDeque::new(),
            hash_rates: HashRates::default(),
            pace: Pace::default(),
            first_challenge: None,
            waiting: None,
            disconnection: String::new(),
            refusal: String::new(),
            finish: None,
            broken: Broken::default(),
        }
    }

    /// Takes in an event of any peer of this process. If several peers report the same fact, the
    /// first report counts.
    pub fn apply(&mut self, record: &Record) {
        let at = record.at;
        if let Event::Demo(event) = &record.event {
            self.on_demo(event);
        }
        for (id, name) in &record.names {
            let peer = id.peer();
            if self.names.len() < PEERS_MAX || self.names.contains_key(&peer) {
                self.names.insert(peer, name.clone());
            }
        }
        let Some(peer) = record.peer.as_ref().and_then(PeerName::id) else { return };
        match &record.event {
            Event::Peer(event) => self.on_peer(peer, event),
            Event::Rounds(event) => self.on_event(at, peer, event),
            Event::Chain(_)
            | Event::Assembly(_)
            | Event::Miners(_)
            | Event::Tracker(_)
            | Event::Demo(_)
            | Event::Search(_) => {}
        }
    }

    /// Notes how many hashes each peer has tried so far.
    pub fn set_hashes(&mut self, at: Moment, per_peer: &[(PeerId, u64)]) {
        for (peer, total) in per_peer {
            self.hash_rates.note(at, *peer, *total);
        }
    }

    /// Returns the round to show: the one under way, unless it has only just begun.
    pub fn shown_round(&self, now: Moment) -> Option<&Round> {
        let Some(previous) = &self.previous else {
            return self.current.as_ref();
        };
        let took = previous.row.as_ref().and_then(|row| row.took);
        let is_quick = took.is_none_or(|took| took < QUICK);
        let hold = if is_quick { AFTER_QUICK } else { AFTER_SLOW };
        self.current.as_ref().filter(|round| now - round.since >= hold).or(Some(previous))
    }

    /// Returns what a peer is called: by its number, or else by the end of its id.
    pub fn name(&self, peer: PeerId) -> String {
        match self.peers.get(peer) {
            Some(peer) => format!("#{}", peer.number),
            None => short_id(peer),
        }
    }

    /// Returns the name that a peer has said, if it has.
    pub fn peer_name(&self, peer: PeerId) -> Option<&Name> {
        self.names.get(&peer)
    }

    /// Returns whether any peer has a name.
    pub fn has_names(&self) -> bool {
        !self.names.is_empty()
    }

    /// Returns what a peer is called, with its name in quotes behind if it has one.
    pub fn full_name(&self, peer: PeerId) -> String {
        let name = self.names.get(&peer);
        let name = name.map(|name| harmless(&format!(" {:?}", name.as_str()), TEXT_MAX));
        self.name(peer) + &name.unwrap_or_default()
    }

    /// Returns what a peer drew for the leader's term, in words.
    pub fn draw_of(&self, peer: PeerId) -> Option<String> {
        let draw = *self.draws.get(&peer)?;
        Some(match self.rules.draws_are_peers() {
            true => self.name(PeerId::new(draw)),
            false => draw.to_string(),
        })
    }

    /// Returns why the leader leads, at length and in brief, if that is known.
    pub fn why_leader(&self) -> Option<[String; 3]> {
        let leader = self.leader?;
        let name = self.full_name(leader.peer);
        let short = if self.rules.draws_are_peers() {
            let drew_it = |draw: &&u128| **draw == leader.peer.number();
            let votes = self.draws.values().filter(drew_it).count();
            if votes == 0 {
                return None;
            }
            format!("{name} leads: {votes} of {} drew it", self.draws.len())
        } else {
            let draw = leader.draw.or_else(|| self.draws.get(&leader.peer).copied())?;
            format!("{name} leads: drew {draw}")
        };
        let most = if self.rules.draws_are_peers() { "the most" } else { "the highest" };
        let tie = self.rules.tie_text();
        Some([format!("{short}, {most}; {tie}"), format!("{short}, {most}"), short])
    }

    /// Notes that a peer of this process was killed, or runs again.
    pub fn set_down(&mut self, peer: PeerId, is_down: bool) {
        if let Some(reporter) = self.reporter(peer) {
            reporter.is_connected &= !is_down;
        }
        if let Some(peer) = self.peers.get_mut(peer) {
            peer.is_down = is_down;
            peer.is_frozen = false;
        }
    }

    /// Returns a value that changes whenever something happens that can be seen.
    pub fn progress(&self) -> impl PartialEq + use<> {
        let of_round = |round: &Round| {
            let (challenge, failures) = (round.challenge, round.failures);
            (round.transaction, challenge, round.solutions.len(), round.votes(), failures)
        };
        let here = (self.peers.iter().len(), self.peers.here(), self.is_settled);
        let rounds = (self.current.as_ref().map(of_round), self.previous.as_ref().map(of_round));
        (here, self.leader, self.next, rounds, self.waiting.is_some(), self.finish)
    }

    /// Returns how many peers of this process are connected, and how many there are.
    pub fn connections(&self) -> (usize, usize) {
        let up = self.reporters.values().filter(|reporter| reporter.is_connected).count();
        (up, self.reporters.len())
    }

    /// Returns whether a peer is connected, if it is of this process.
    pub fn is_connected(&self, peer: PeerId) -> Option<bool> {
        self.reporters.get(&peer).map(|reporter| reporter.is_connected)
    }

    /// Returns how many messages were refused. A message reaches all peers and each refuses it, so
    /// this is what the one with the most has refused.
    pub fn refused(&self) -> u64 {
        self.reporters.values().map(|reporter| reporter.refused).max().unwrap_or_default()
    }

    /// Returns how many rounds are decided in a second.
    pub fn pace(&self, now: Moment) -> Option<f64> {
        self.pace.per_second(now)
    }

    /// Returns the time from the first challenge to the end.
    pub fn took(&self) -> Option<Duration> {
        Some(self.finish?.at - self.first_challenge?)
    }

    /// Returns whether every list is within its bound. For tests, which apply arbitrary events.
    pub fn is_bounded(&self) -> bool {
        let text_max = TEXT_MAX * '\u{10ffff}'.escape_unicode().count() + '…'.len_utf8();
        let (samples, peers) = self.hash_rates.size();
        let mut rounds = self.current.iter().chain(&self.previous);
        self.disconnection.len() <= text_max
            && self.refusal.len() <= text_max
            && self.rows.len() <= ROWS_MAX
            && self.peers.iter().len() <= PEERS_MAX
            && self.reporters.len() <= PEERS_MAX
            && self.names.len() <= PEERS_MAX
            && self.draws.len() <= PEERS_MAX
            && self.broken.is_bounded(text_max)
            && samples <= hash_rate::SAMPLES_MAX
            && peers <= PEERS_MAX
            && self.pace.len() <= pace::ROWS_MAX
            && rounds.all(Round::is_bounded)
    }
}
