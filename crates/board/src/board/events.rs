//! What each event changes of a board.

use althing_feed::{DemoEvent, Draw, Id, PeerEvent, RoundsEvent, Row as Decided, Waiting};
use althing_text::terminal::escaped_start as harmless;
use althing_types::{Difficulty, Moment, PeerId, Term, Transaction};

use super::{Board, Finish, Leader, ROWS_MAX, Reporter};
use crate::broken::{Change, changed};
use crate::peers::PEERS_MAX;
use crate::round::{Challenge, Round};
use crate::text::TEXT_MAX;

impl Board {
    pub(super) fn on_demo(&mut self, event: &DemoEvent) {
        self.broken.note(event);
        let Some((name, change)) = changed(event) else { return };
        let Some(id) = name.id() else { return };
        match change {
            Change::Crashed => self.set_down(id, true),
            Change::Restarted { is_byzantine } => {
                self.set_down(id, false);
                if let Some(peer) = self.peers.get_mut(id) {
                    peer.is_byzantine = is_byzantine;
                }
            }
            Change::Frozen(is_frozen) => {
                if let Some(peer) = self.peers.get_mut(id) {
                    peer.is_frozen = is_frozen;
                }
            }
        }
    }

    pub(super) fn on_peer(&mut self, reporter: PeerId, event: &PeerEvent) {
        match event {
            PeerEvent::Connected {} => {
                self.peers.hear(reporter);
                if let Some(reporter) = self.reporter(reporter) {
                    reporter.is_connected = true;
                }
            }
            PeerEvent::Disconnected { reason } => {
                self.disconnection = harmless(reason, TEXT_MAX);
                if let Some(reporter) = self.reporter(reporter) {
                    reporter.is_connected = false;
                }
            }
            PeerEvent::PeerLost { lost } => {
                if let Some(lost) = lost.id() {
                    self.on_lost(reporter, lost);
                }
            }
            PeerEvent::PeerHeard { heard } => {
                if let Some(heard) = heard.id() {
                    self.peers.hear(heard);
                }
            }
            PeerEvent::MessageRefused { count: Some(count), .. } => self.refuse(reporter, *count),
            PeerEvent::MessageRefused { claimed, topic, reason, .. } => {
                self.refuse(reporter, 1);
                let from = match (claimed, topic) {
                    (Some(claimed), _) => self.name(claimed.peer()),
                    (None, Some(topic)) => topic.clone(),
                    (None, None) => "unnamed".to_owned(),
                };
                self.refusal = harmless(&format!("{from}: {reason}"), TEXT_MAX);
            }
            // It is here once it is connected.
            PeerEvent::Started { .. }
            | PeerEvent::Reachable { .. }
            | PeerEvent::Serving { .. }
            | PeerEvent::ClockSet { .. }
            | PeerEvent::Slept { .. }
            | PeerEvent::MessageSent { .. }
            | PeerEvent::MessageHeard { .. }
            | PeerEvent::PeerWatched { .. }
            | PeerEvent::MessageLost { .. }
            | PeerEvent::MessagesUntold { .. }
            | PeerEvent::Lagged { .. }
            // Of other networks: the log tells of them, and nothing of this one changes.
            | PeerEvent::NetworkOverheard { .. }
            | PeerEvent::Summary { .. } => {}
        }
    }

    pub(super) fn on_event(&mut self, at: Moment, reporter: PeerId, event: &RoundsEvent) {
        match event {
            RoundsEvent::PeerJoined { joined, .. } => self.peers.add(joined.peer()),
            // Names come with each record.
            RoundsEvent::PeerNamed { .. } => {}
            RoundsEvent::MembershipSettled { members, .. } => {
                let members: Vec<PeerId> = members.iter().map(|member| member.peer()).collect();
                self.on_membership(&members);
            }
            RoundsEvent::LeaderElected { leader, term, draw, draws } => {
                let draw = draw.map(|draw| draw.0);
                self.on_leader(Leader { peer: leader.peer(), term: *term, draw }, draws);
            }
            RoundsEvent::ChallengeIssued { transaction, challenge, leader } => {
                self.on_challenge(at, *transaction, *challenge, leader.peer());
            }
            RoundsEvent::SolutionFound { transaction, finder, seed } => {
                // One that comes too late is shown among those that have lost.
                let previous = self.previous.as_mut();
                let decided = previous.filter(|round| round.transaction == *transaction);
                if let Some(round) = decided {
                    round.solution(finder.peer(), seed);
                } else if let Some(round) = self.round(at, *transaction) {
                    round.solution(finder.peer(), seed);
                    self.peers.hear(finder.peer());
                }
            }
            RoundsEvent::VoteCast { transaction, voter, vote, .. } => {
                self.on_vote(at, *transaction, voter.peer(), *vote);
            }
            RoundsEvent::RoundDecided { row, voters } => self.on_row(at, row, voters),
            RoundsEvent::RoundFailed { transaction, .. } => self.on_failure(reporter, *transaction),
            RoundsEvent::Waiting(waiting) => self.on_waiting(at, waiting),
            RoundsEvent::AllRecorded {} => self.finish(at, true),
            // Told as lines: a demo copies nothing.
            RoundsEvent::PeerCopied {} | RoundsEvent::MemberEquivocated { .. } => {}
        }
    }

    fn on_membership(&mut self, members: &[PeerId]) {
        self.peers.settle(members);
        self.is_settled = true;
        if matches!(self.waiting, Some((Waiting::Peers { .. } | Waiting::Adoption { .. }, _))) {
            self.waiting = None;
        }
    }

    /// A later term overrules an earlier one. Networks without terms may tell of another leader in
    /// the same one, and then the last word counts.
    fn on_leader(&mut self, elected: Leader, draws: &[Draw]) {
        let is_current = self.leader.is_none_or(|leader| leader.term <= elected.term);
        if is_current && self.leader.is_none_or(|leader| leader.term < elected.term) {
            self.draws.clear();
        }
        for draw in draws.iter().filter(|_| is_current) {
            if self.draws.len() < PEERS_MAX {
                self.draws.entry(draw.peer.peer()).or_insert(draw.draw.0);
            }
        }
        let is_of_same_term = self.leader.is_some_and(|leader| leader.term == elected.term);
        match &mut self.leader {
            Some(leader) if elected.term < leader.term => {}
            Some(leader) if *leader == (Leader { draw: leader.draw, ..elected }) => {
                leader.draw = leader.draw.or(elected.draw);
            }
            leader => {
                *leader = Some(elected);
                self.peers.hear(elected.peer);
                if !is_of_same_term {
                    self.waiting = None;
                }
            }
        }
    }

    fn on_challenge(
        &mut self,
        at: Moment,
        transaction: Transaction,
        difficulty: Difficulty,
        leader: PeerId,
    ) {
        let under_way = self.current.as_ref().map(|round| round.transaction);
        if transaction < self.next || under_way.is_some_and(|under_way| transaction < under_way) {
            return;
        }
        self.first_challenge.get_or_insert(at);
        if under_way != Some(transaction) {
            self.current = Some(Round::new(transaction, at));
            self.peers.hear(leader);
            match &mut self.leader {
                Some(known) if known.peer == leader => {}
                Some(known) => *known = Leader { peer: leader, draw: None, ..*known },
                None => {
                    self.leader = Some(Leader { peer: leader, term: Term::FIRST, draw: None });
                }
            }
        }
        let known = self.leader.map(|leader| leader.peer);
        if let Some(round) = &mut self.current {
            round.challenge(Challenge { difficulty, leader, issued: at }, known);
        }
    }

    fn on_vote(&mut self, at: Moment, transaction: Transaction, voter: PeerId, approve: bool) {
        // A decided row gets the votes that were on their way.
        let previous = self.previous.as_mut().filter(|round| round.transaction == transaction);
        let is_news = if let Some(round) = previous {
            let is_news = round.vote(voter, approve);
            if let (Some(shown), Some(row)) = (self.rows.back_mut(), &round.row) {
                shown.clone_from(row);
            }
            is_news
        } else {
            self.round(at, transaction).is_some_and(|round| round.vote(voter, approve))
        };
        if is_news {
            self.peers.hear(voter);
        }
    }

    fn on_row(&mut self, at: Moment, decided: &Decided, voters: &[Id]) {
        let transaction = decided.transaction;
        if transaction < self.next {
            return;
        }
        let current = self.current.take_if(|round| round.transaction <= transaction);
        let current = current.filter(|round| round.transaction == transaction);
        let mut round = current.unwrap_or_else(|| Round::new(transaction, at));
        round.decide(at, decided, voters);
        if self.rows.len() >= ROWS_MAX {
            self.rows.pop_front();
        }
        self.rows.extend(round.row.clone());
        self.previous = Some(round);
        self.next = transaction.next();
        self.pace.note(at);
        self.waiting = None;
        if let Some(winner) = self.peers.get_mut(decided.winner.peer()) {
            winner.won += 1;
        }
        if self.rounds.is_some_and(|rounds| self.next.number() >= rounds) {
            self.finish(at, false);
        }
    }

    /// Each peer counts the failures of a row itself, so the `n`th that any of them reports is
    /// the `n`th of the row.
    fn on_failure(&mut self, reporter: PeerId, transaction: Transaction) {
        let Some(reporter) = self.reporter(reporter) else {
            return;
        };
        let failures = match reporter.failures {
            (of, count) if of == transaction => count.saturating_add(1),
            _ => 1,
        };
        reporter.failures = (transaction, failures);
        let current = self.current.as_mut();
        if let Some(round) = current.filter(|round| round.transaction == transaction) {
            round.fail(failures);
        }
    }

    /// A peer without a connection hears no other peer, which says nothing about them.
    fn on_lost(&mut self, reporter: PeerId, lost: PeerId) {
        let is_cut_off = self.is_connected(reporter) == Some(false);
        if let Some(peer) = self.peers.get_mut(lost).filter(|_| !is_cut_off) {
            peer.is_lost = true;
        }
    }

    /// What one peer waits for alone is not shown as what the network waits for: as long as too few
    /// members can vote, the others say that they wait for votes or for a leader.
    fn on_waiting(&mut self, at: Moment, waiting: &Waiting) {
        let is_alone = matches!(
            waiting,
            Waiting::Confirmation { .. } | Waiting::Copied {} | Waiting::Missed { .. }
        );
        if is_alone {
            return;
        }
        if self.finish.is_none() {
            let since = self.waiting.as_ref().map_or(at, |(_, since)| *since);
            self.waiting = Some((waiting.clone(), since));
        }
    }

    fn finish(&mut self, at: Moment, by_all: bool) {
        self.waiting = None;
        let finish = self.finish.get_or_insert(Finish { at, by_all });
        finish.by_all |= by_all;
    }

    fn refuse(&mut self, reporter: PeerId, count: u64) {
        if let Some(reporter) = self.reporter(reporter) {
            reporter.refused = reporter.refused.saturating_add(count);
        }
    }

    /// Returns the counts of a peer of this process, unless there are too many peers.
    pub(super) fn reporter(&mut self, peer: PeerId) -> Option<&mut Reporter> {
        if self.reporters.len() >= PEERS_MAX && !self.reporters.contains_key(&peer) {
            return None;
        }
        let new = Reporter { is_connected: false, refused: 0, failures: (Transaction::FIRST, 0) };
        Some(self.reporters.entry(peer).or_insert(new))
    }

    /// Returns the round of `transaction`, if it is under way or the very next: a peer may hear of
    /// a solution or a vote before the challenge. Rows further ahead may be made up.
    fn round(&mut self, at: Moment, transaction: Transaction) -> Option<&mut Round> {
        if self.current.is_none() && transaction == self.next {
            self.current = Some(Round::new(transaction, at));
        }
        self.current.as_mut().filter(|round| round.transaction == transaction)
    }
}
