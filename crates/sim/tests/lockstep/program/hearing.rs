//! What a program does with a message, and at which it ends.

use althing_engine::rounds::{Message, Repeats, Reply, Ruling, Wait};
use althing_types::{Moment, PeerId, Seed, Transaction};

use super::{Program, Stage};

impl Program {
    /// Does what a message asks for, or says at what the program ends.
    pub(super) fn take(
        &mut self,
        now: Moment,
        message: &Message,
        said: &mut Vec<Message>,
    ) -> Result<(), &'static str> {
        match message {
            Message::Announcement { peer, key: None, members: None, start: None } => {
                self.take_id(*peer, said)
            }
            Message::Election { peer, draw, state: None } => {
                self.take_draw(*peer, *draw, said);
                Ok(())
            }
            Message::Coordinator { peer, .. } if self.rules.customs.leading.announced => {
                self.coordinators.push_back(*peer);
                Ok(())
            }
            Message::Challenge { peer, difficulty, place } => {
                // Where all vote, challenges do not name their row, and a codec leaves it out.
                let place = place.filter(|_| self.is_judged());
                if place.is_some() != self.is_judged() {
                    return Err("KeyError: a challenge that lacks a row");
                }
                let is_timed = self.rules.customs.drawing.wait != Wait::All
                    || self.rules.customs.joining.wait != Wait::All;
                if self.leader.is_none() && !is_timed {
                    return Err("IndexError: a challenge before the election");
                }
                let row = place.map(|place| place.transaction.number());
                self.challenges.push_back((*peer, *difficulty, row));
                Ok(())
            }
            Message::Solution { peer, transaction, seed } => {
                let row = transaction.number();
                let judges = !self.is_judged() || self.leader == Some(self.me);
                if !judges {
                    return Ok(());
                }
                if !self.asked.contains_key(&row) {
                    return Err("IndexError: a solution of a row that was not asked for");
                }
                match self.is_judged() {
                    true => self.rule(now, *peer, row, seed, said),
                    false => self.solutions.push_back((*peer, row, seed.clone())),
                }
                Ok(())
            }
            // Votes do not name the finder, either.
            Message::Vote { approve, .. } if !self.is_judged() => {
                self.votes.push_back(*approve);
                Ok(())
            }
            Message::Verdict { transaction, seed, winner, ruling, .. } if self.is_judged() => {
                self.obey(now, transaction.number(), seed, *winner, *ruling)
            }
            _ => Err("KeyError: a message of no topic, or with other fields"),
        }
    }

    fn take_id(&mut self, peer: PeerId, said: &mut Vec<Message>) -> Result<(), &'static str> {
        let counts_repeats = self.rules.customs.joining.repeats == Repeats::Counted;
        if self.stage != Stage::Joining {
            return match counts_repeats {
                true => Err("IndexError: more members than there are"),
                false => Ok(()),
            };
        }
        let is_new = !self.ids.contains(&peer);
        if is_new || counts_repeats {
            self.ids.push(peer);
        }
        // It answers newcomers, unless it says its id from time to time.
        if is_new && !counts_repeats && self.rules.customs.joining.every.is_none() {
            said.push(self.id());
        }
        Ok(())
    }

    fn take_draw(&mut self, peer: PeerId, draw: u128, said: &mut Vec<Message>) {
        let customs = self.rules.customs;
        if self.stage == Stage::Joining {
            if customs.joining.learns_from_draws && !self.ids.contains(&peer) {
                self.ids.push(peer);
                said.push(self.id());
            } else if customs.drawing.every.is_some() {
                // It comes before its own election, and is lost.
                return;
            }
        }
        let is_known = self.draws.iter().any(|(drawer, _)| *drawer == peer);
        let counts_peers = customs.drawing.every.is_some() || customs.drawing.wait != Wait::All;
        if !(counts_peers && is_known) {
            self.draws.push((peer, draw));
        }
    }

    /// As the leader, judges a solution.
    fn rule(
        &mut self,
        now: Moment,
        winner: PeerId,
        row: u64,
        seed: &Seed,
        said: &mut Vec<Message>,
    ) {
        let transaction = Transaction::new(row);
        let solves = self.rules.puzzle.check_digest(seed, transaction, self.asked[&row]).is_ok();
        let is_open = row == self.row && self.stage == Stage::Mining;
        let judging = self.rules.customs.judging;
        let (ruling, reply) = match (is_open, solves) {
            (true, true) => (Ruling::Accepted, Reply::Said),
            (true, false) => (Ruling::Wrong, judging.wrong),
            (false, _) => (Ruling::Late, judging.late),
        };
        if reply == Reply::Said {
            let (peer, seed) = (PeerId::UNNAMED, seed.clone());
            said.push(Message::Verdict { peer, transaction, seed, winner, ruling });
        }
        if ruling == Ruling::Accepted {
            self.record(now, row, seed.clone(), winner);
        }
    }

    fn obey(
        &mut self,
        now: Moment,
        row: u64,
        seed: &Seed,
        winner: PeerId,
        ruling: Ruling,
    ) -> Result<(), &'static str> {
        let judging = self.rules.customs.judging;
        match ruling {
            Ruling::Wrong if judging.wrong == Reply::Silent => Err("KeyError: an unknown result"),
            Ruling::Late if judging.late == Reply::Silent => Err("KeyError: an unknown result"),
            _ if self.asked.is_empty() => Err("AttributeError: a result before any challenge"),
            Ruling::Accepted if row == self.row && self.stage == Stage::Mining => {
                self.record(now, row, seed.clone(), winner);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
