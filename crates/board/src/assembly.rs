//! The state of an assembly, folded from events: its members, the view, the blocks that are
//! committed, the leaders that were passed over, and what members have done against the rules.
//!
//! | file | question |
//! | --- | --- |
//! | `members` | who are they, and how far are they? |
//! | `history` | which blocks are committed, and which views have failed, and why? |
//! | `waiting` | how many entries wait for a block? |
//! | this one | what does an event change? |

mod history;
mod members;
#[cfg(test)]
mod tests;
mod waiting;

use althing_feed::{
    AssemblyEvent, ChainEvent, CharterMember, DemoEvent, Event, PeerEvent, PeerName, Record,
};
use althing_text::Name;
use althing_text::terminal::escaped_start as harmless;
use althing_types::{Height, Moment, PeerId, View};

pub use self::history::{BLOCKS_MAX, CommittedRow, History, HistoryRow, PassedOver};
pub use self::members::{AssemblyMember, Members};
use self::waiting::Waiting;
use super::broken::{Broken, Change, changed};
use super::hash_rate::HashRates;
use super::pace::Pace;
use super::text::TEXT_MAX;

/// The state that the screen shows of an assembly: pure, without a terminal or a clock.
#[derive(Debug)]
pub struct AssemblyBoard {
    /// The dialect of the network, harmless to show.
    pub dialect: String,
    /// Where its members meet, or where the page is that shows it.
    pub place: String,
    /// Blocks after which it ends.
    pub blocks_wanted: Option<u64>,
    /// The members, in the order of the charter.
    pub members: Members,
    /// How many of them decide, once the charter is known.
    pub quorum: Option<usize>,
    /// The latest view that a peer here has entered, the member that leads it, and since when.
    pub view: Option<CurrentView>,
    /// Blocks and views of the past.
    pub history: History,
    /// Too few members are heard, if that is so.
    pub standstill: Option<Standstill>,
    /// Members that have contradicted themselves, with what they have said. One for each.
    pub contradictions: Vec<Contradicted>,
    /// How fast the members hash, where they mine.
    pub hash_rates: HashRates,
    /// What its user has done to it.
    pub broken: Broken,
    /// Why the last message was refused, harmless to show, and how many were.
    pub refusal: Option<String>,
    refused: u64,
    waiting: Waiting,
    pace: Pace,
}

/// The view in which an assembly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentView {
    /// Its number.
    pub view: View,
    /// The member that leads it.
    pub leader: PeerId,
    /// When a peer here first entered it.
    pub since: Moment,
}

/// Too few members are heard for a quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standstill {
    /// How many are heard.
    pub here: usize,
    /// How many it takes.
    pub needed: usize,
    /// Those that are not heard.
    pub missing: Vec<PeerId>,
    /// Since when.
    pub since: Moment,
}

/// A member that has contradicted itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradicted {
    /// The member.
    pub member: PeerId,
    /// What it has said, harmless to show.
    pub said: [String; 2],
}

impl AssemblyBoard {
    /// Returns the board of an assembly of which nothing is known yet, and which ends after so many
    /// blocks, if it ever does; `place` is shown beside it.
    pub fn new(dialect: &str, blocks_wanted: Option<u64>, place: String) -> Self {
        Self {
            dialect: harmless(dialect, TEXT_MAX),
            place,
            blocks_wanted,
            members: Members::default(),
            quorum: None,
            view: None,
            history: History::default(),
            standstill: None,
            contradictions: Vec::new(),
            hash_rates: HashRates::default(),
            broken: Broken::default(),
            refusal: None,
            refused: 0,
            waiting: Waiting::default(),
            pace: Pace::default(),
        }
    }

    /// Takes in an event of any peer here.
    pub fn apply(&mut self, record: &Record) {
        if let Event::Demo(event) = &record.event {
            self.on_demo(record.at, event);
        }
        let Some(by) = record.peer.as_ref().and_then(PeerName::id) else { return };
        match &record.event {
            Event::Peer(event) => self.on_peer(by, event),
            Event::Chain(ChainEvent::EntryPooled { entry, author }) => {
                self.waiting.pool(author.as_deref(), entry);
            }
            Event::Chain(ChainEvent::EntryRefused { entry, author, .. }) => {
                self.waiting.drop(author.as_deref(), entry);
            }
            Event::Assembly(event) => self.on_event(record.at, by, event),
            _ => {}
        }
    }

    /// Notes who the members are, and how many of them decide.
    pub fn follow(&mut self, members: &[CharterMember], quorum: usize) {
        self.quorum = Some(quorum);
        members.iter().for_each(|member| self.members.name(member.id.peer(), &member.name));
    }

    fn on_demo(&mut self, at: Moment, event: &DemoEvent) {
        self.broken.note(event);
        let Some((name, change)) = changed(event) else { return };
        let Some(member) = name.id().and_then(|id| self.members.get_mut(id)) else { return };
        match change {
            Change::Crashed => {
                member.is_down = true;
                member.killed = Some(at);
                member.connected = Some(false);
                member.is_frozen = false;
            }
            Change::Restarted { is_byzantine } => {
                member.is_down = false;
                member.is_frozen = false;
                member.restarted = Some(at);
                if is_byzantine != member.is_byzantine {
                    member.killed = None;
                }
                member.is_byzantine = is_byzantine;
            }
            Change::Frozen(is_frozen) => member.is_frozen = is_frozen,
        }
    }

    fn on_peer(&mut self, by: PeerId, event: &PeerEvent) {
        match event {
            PeerEvent::Connected {} => self.members.connect(by, true),
            PeerEvent::Disconnected { .. } => self.members.connect(by, false),
            PeerEvent::PeerLost { lost } => {
                if let Some(lost) = lost.id() {
                    self.members.suspect(by, lost);
                }
            }
            PeerEvent::PeerHeard { heard } => {
                if let Some(heard) = heard.id() {
                    self.members.hear(by, heard);
                }
            }
            PeerEvent::MessageRefused { reason, count, .. } => {
                self.refused = self.refused.saturating_add(count.unwrap_or(1));
                self.refusal = Some(harmless(reason, TEXT_MAX));
            }
            _ => {}
        }
    }

    fn on_event(&mut self, at: Moment, by: PeerId, event: &AssemblyEvent) {
        match event {
            AssemblyEvent::CharterFollowed { members, quorum, member, .. } => {
                self.follow(members, *quorum);
                self.members.begin(by, *member);
            }
            AssemblyEvent::ViewEntered { view, leader } => {
                let leader = leader.peer();
                self.members.enter(by, *view);
                if self.view.is_none_or(|known| known.view < *view) {
                    self.view = Some(CurrentView { view: *view, leader, since: at });
                    self.history.enter(*view, at);
                }
            }
            AssemblyEvent::BlockNotarized { .. } => {}
            AssemblyEvent::LeaderPassedOver { view, leader } => {
                let why = self.members.why_passed_over(leader.peer());
                self.history.pass_over(*view, leader.peer(), why);
            }
            AssemblyEvent::ProposalRefused { view, leader, reason } => {
                self.history.refuse(*view, leader.peer(), harmless(reason, TEXT_MAX));
            }
            AssemblyEvent::BlockCommitted { height, hash, view, maker, entries } => {
                self.members.commit(by, *height);
                // Those that decide have heard each other.
                self.standstill = None;
                let (maker, entries) = (maker.peer(), *entries);
                if self.history.commit(at, *height, *hash, *view, maker, entries) {
                    self.members.made(maker);
                    self.waiting.commit(entries as u64);
                    self.pace.note(at);
                }
            }
            AssemblyEvent::Standstill { here, needed, missing } => {
                let since = self.standstill.as_ref().map_or(at, |known| known.since);
                let missing = missing.iter().map(|id| id.peer()).collect();
                self.standstill = Some(Standstill { here: *here, needed: *needed, missing, since });
            }
            AssemblyEvent::Resumed {} => self.standstill = None,
            AssemblyEvent::MemberContradicted { member, first, second } => {
                let said = [first, second].map(|word| harmless(&word.statement, TEXT_MAX));
                self.contradict(member.peer(), said);
            }
            AssemblyEvent::CatchingUp { height, target } => {
                self.members.fall_behind(by, *height, *target);
            }
            AssemblyEvent::Observing { why } => self.members.observe(by, *why),
            AssemblyEvent::Diverged { reason, .. } => {
                self.members.stop(by, harmless(reason, TEXT_MAX));
            }
        }
    }

    /// Notes that a member has contradicted itself.
    pub fn contradict(&mut self, member: PeerId, said: [String; 2]) {
        let is_known = self.contradictions.iter().any(|known| known.member == member);
        // There is evidence of members only, so there is no more of it than there are of them.
        if !is_known && self.contradictions.len() < super::peers::PEERS_MAX {
            self.contradictions.push(Contradicted { member, said });
        }
    }

    /// Notes how many hashes each peer has tried so far.
    pub fn set_hashes(&mut self, at: Moment, totals: &[(PeerId, u64)]) {
        for (peer, total) in totals {
            if self.members.get(*peer).is_some() {
                self.hash_rates.note(at, *peer, *total);
            }
        }
    }

    /// Returns what a member is called: its name, or else its id.
    pub fn name(&self, member: PeerId) -> String {
        let name = self.members.get(member).and_then(|member| member.name.as_ref());
        name.map_or_else(|| member.to_string(), Name::to_string)
    }

    /// Returns whether a member has contradicted itself.
    pub fn has_lied(&self, member: PeerId) -> bool {
        self.contradictions.iter().any(|known| known.member == member)
    }

    /// Returns how many entries wait for a block, and how many are in one, as far as is told.
    pub fn entries(&self) -> (u64, u64) {
        (self.waiting.count(), self.waiting.committed())
    }

    /// Returns how many messages were refused.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Returns the blocks per second of the last few seconds.
    pub fn pace(&self, now: Moment) -> Option<f64> {
        self.pace.per_second(now)
    }

    /// Returns whether so many peers here have all blocks that are wanted as it takes to decide.
    pub fn is_finished(&self) -> bool {
        let quorum = self.quorum.unwrap_or(1);
        self.blocks_wanted.is_some_and(|it| self.members.reached(Height::new(it)) >= quorum)
    }

    /// Returns whether every list is within its bound.
    pub fn is_bounded(&self) -> bool {
        self.history.is_bounded()
            && self.members.is_bounded()
            && self.waiting.is_bounded()
            && self.broken.is_bounded(TEXT_MAX)
    }
}
