//! Elections and what a leader does (rules E1 to E6, C1 to C4).

use althing_types::{Difficulty, Moment, PeerId, Seed, Term, Transaction};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Assembly;
use crate::rounds::{
    Acceptance, Durable, Election as ElectionRule, Event, Issuing, Message, Naming, Output, Place,
    Promise, Record, Refusal, Sealed, Seat, Standing, Timer, refuse,
};

impl Assembly {
    /// Begins a term: draws, and waits for the draws of the others (rule E2).
    pub(super) fn enter(&mut self, now: Moment, term: Term, out: &mut Vec<Output>) {
        let mining = self.round.challenge.take().is_some();
        self.election.enter(now, term);
        self.watch.moved();
        if mining {
            out.push(Output::CancelMining);
        }
        if !self.is_member() {
            return;
        }
        if self.election.draw_of(self.me).is_none() {
            self.draw_for(now, term, out);
        }
        let after = self.rules.timeouts.draw;
        out.push(Output::SetTimer { after, timer: Timer::DrawsOver(term) });
        self.see_draws(now, out);
    }

    /// Asks for the next term, because this one leads nowhere (rule E5).
    pub(super) fn wish(&mut self, now: Moment, out: &mut Vec<Output>) {
        self.election.since = now;
        let next = self.election.term.next();
        // Nobody gets to the last term by waiting, but members may say that they are there. A
        // second draw for it would be one too many (rule E2).
        if next > self.election.term {
            self.draw_for(now, next, out);
            self.see_terms(now, out);
        }
    }

    fn draw_for(&mut self, now: Moment, term: Term, out: &mut Vec<Output>) {
        let draw = self.draw(term);
        self.watch.wished(term, draw);
        let noted = self.election.note_draw(now, self.me, draw, Some(term));
        debug_assert!(noted.is_ok(), "we draw once a term");
        self.say_draw(term, draw, None, out);
    }

    /// Returns what we draw for a term: the same each time we ask, so that a peer which comes back
    /// to a term it has asked for before keeps to its word (rule E2).
    fn draw(&self, term: Term) -> u128 {
        let mut rng = ChaCha8Rng::from_seed(self.rng.get_seed());
        // What else is left to chance comes from stream zero.
        rng.set_stream(term.number().wrapping_add(1));
        match self.rules.election {
            ElectionRule::HighestDraw { draw_max, .. } => rng.random_range(0..=draw_max),
            ElectionRule::Plurality { .. } => {
                let roster = self.membership.roster().expect("only members draw");
                let index = rng.random_range(0..roster.len());
                roster.peers().nth(index).expect("the index is within the roster").number()
            }
        }
    }

    pub(super) fn on_election(
        &mut self,
        now: Moment,
        sealed: Sealed,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let Message::Election { peer, draw, standing } = &sealed.message else {
            return Err(Refusal::Unexpected);
        };
        self.check_draw(*draw)?;
        let signs = self.membership.roster().and_then(|roster| roster.key(*peer)).is_some();
        if standing.is_none() && signs {
            // It is no plain peer, whom we would take for a follower of whoever we follow.
            return Err(Refusal::Unexpected);
        }
        if let Some(standing) = standing
            && let Some(roster) = self.membership.roster()
            && standing.roster != roster.digest()
        {
            let theirs = standing.roster.to_string();
            let ours = roster.digest().to_string();
            return self.on_other_roster(sealed, Refusal::OtherRoster { theirs, ours }, out);
        }
        if let Some(Standing { naming: Some(Naming { accepted: Some(accepted), .. }), .. }) =
            standing
        {
            // A leader will propose it again, so it must be something that can be voted for.
            self.check_choice(accepted)?;
        }
        let term = standing.as_ref().map(|standing| standing.term);
        let drawn = self.election.note_draw(now, *peer, *draw, term);
        if let Some(Standing { term, naming: Some(naming), .. }) = standing {
            self.note_reached(*peer, naming.transaction, out);
            self.election.note_naming(*peer, *term, naming.clone())?;
        }
        self.see_terms(now, out);
        self.see_draws(now, out);
        self.see_leader(now, out);
        // A peer that was killed before it named a leader draws again: its first draw counts, and
        // so does its naming.
        drawn
    }

    fn check_draw(&self, draw: u128) -> Result<(), Refusal> {
        match self.rules.election {
            ElectionRule::HighestDraw { draw_max, .. } if draw > draw_max => {
                Err(Refusal::DrawTooHigh { draw, draw_max })
            }
            _ => Ok(()),
        }
    }

    /// Members with another roster count otherwise; unless we have voted, we may yet come to
    /// theirs (rule G6).
    fn on_other_roster(
        &mut self,
        sealed: Sealed,
        reason: Refusal,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        if !self.membership.is_settled() {
            self.early.keep(sealed);
            return Ok(());
        }
        if !self.membership.is_fixed() {
            self.ask_for_roster(out);
        }
        Err(reason)
    }

    pub(super) fn on_draws_over(&mut self, now: Moment, term: Term, out: &mut Vec<Output>) {
        if term == self.election.term {
            self.election.draws_over = true;
            self.see_draws(now, out);
        }
    }

    /// Enters a later term when enough members are there, and joins those who ask for one when
    /// they are too many to lead on without (rule E5).
    fn see_terms(&mut self, now: Moment, out: &mut Vec<Output>) {
        if !self.election.is_later_known() {
            return;
        }
        let stale = 3 * self.rules.timeouts.leader;
        let needed = self.rules.namings_needed();
        if let Some(term) = self.election.term_of(needed, now, stale)
            && term > self.election.term
        {
            return self.enter(now, term, out);
        }
        let blocking = self.rules.roster_size() - needed + 1;
        if let Some(term) = self.election.term_of(blocking, now, stale)
            && term > self.election.term
            && self.is_member()
            && self.watch.wish_for(term).is_none()
        {
            self.draw_for(now, term, out);
            self.see_terms(now, out);
        }
    }

    /// Names a leader once all have drawn, or enough have and the wait is over (rule E3).
    fn see_draws(&mut self, now: Moment, out: &mut Vec<Output>) {
        if !self.is_member() || self.election.naming_of(self.me).is_some() {
            return;
        }
        let needed = if self.membership.is_settled() {
            self.rules.namings_needed()
        } else {
            self.rules.adoptions_needed()
        };
        let drawn = self.election.drawn();
        let enough =
            drawn >= self.rules.roster_size() || (self.election.draws_over && drawn >= needed);
        if !enough {
            return;
        }
        let roster = self.membership.roster().expect("members have a roster");
        if let Some(leader) = self.election.winner(self.rules.election, roster) {
            self.name(now, leader, out);
        }
    }

    /// Promises to follow `leader`: on disk first, since a second naming after a restart could
    /// give this term two leaders.
    fn name(&mut self, now: Moment, leader: PeerId, out: &mut Vec<Output>) {
        let term = self.election.term;
        // Those who come late to a term find it decided, and have not said their draw.
        let draw = self.election.draw_of(self.me).unwrap_or_else(|| self.draw(term));
        let promise = Promise { term, draw, leader };
        self.hold_roster(out);
        out.push(Output::Persist(Durable::Promise(promise)));
        self.promise = Some(promise);
        self.note_own_naming(now, promise);
        self.say_standing(out);
        self.see_leader(now, out);
    }

    pub(super) fn note_own_naming(&mut self, now: Moment, promise: Promise) {
        let Promise { term, draw, leader } = promise;
        let drawn = self.election.note_draw(now, self.me, draw, Some(term));
        let named = self.election.note_naming(self.me, term, self.naming(leader));
        debug_assert!(drawn.is_ok() && named.is_ok(), "we draw and name once a term");
    }

    fn naming(&self, leader: PeerId) -> Naming {
        let transaction = self.round.transaction;
        let accepted = self.accepted.clone();
        let accepted = accepted.filter(|accepted| accepted.record.transaction == transaction);
        Naming { leader, transaction, accepted }
    }

    /// Repeats our promise of this term, with where we stand now.
    pub(super) fn say_standing(&self, out: &mut Vec<Output>) {
        match self.promise {
            Some(Promise { term, draw, leader }) if term == self.election.term => {
                self.say_draw(term, draw, Some(self.naming(leader)), out);
            }
            _ => {
                if let Some(draw) = self.election.draw_of(self.me) {
                    self.say_draw(self.election.term, draw, None, out);
                }
            }
        }
    }

    pub(super) fn say_draw(
        &self,
        term: Term,
        draw: u128,
        naming: Option<Naming>,
        out: &mut Vec<Output>,
    ) {
        let Some(roster) = self.membership.roster() else {
            return;
        };
        let standing = Standing { term, roster: roster.digest(), naming };
        let message = Message::Election { peer: self.me, draw, standing: Some(standing) };
        if self.is_member() {
            self.say(message, out);
        }
    }

    /// Follows the leader that enough members have named (rule E3).
    pub(super) fn see_leader(&mut self, now: Moment, out: &mut Vec<Output>) {
        if self.election.leader.is_some() {
            return self.lead(now, out);
        }
        let elected = self.election.elected(self.rules.namings_needed(), self.me);
        let Some((term, leader)) = elected else { return };
        if term < self.election.term {
            return;
        }
        if term > self.election.term {
            self.election.enter(now, term);
        }
        self.set_leader(now, term, leader, out);
    }

    fn set_leader(&mut self, now: Moment, term: Term, leader: PeerId, out: &mut Vec<Output>) {
        self.election.leader = Some(leader);
        self.watch.moved();
        self.watch.leader_until(now + self.rules.timeouts.leader);
        self.round.since = now;
        let draw = self.election.draw_of(leader);
        out.push(Output::Event(Event::LeaderElected { leader, term, draw }));
        if self.is_member() && self.election.naming_of(self.me).is_none() {
            self.name(now, leader, out);
        }
        self.lead(now, out);
        self.retry_early(now, out);
    }

    /// As the leader, asks for a solution of the next row; or, if a member has said yes to one
    /// in an earlier term, proposes that one again, since it may have been decided (rule C3).
    pub(super) fn lead(&mut self, now: Moment, out: &mut Vec<Output>) {
        if !self.may_ask(out) {
            return;
        }
        match self.accepted_before() {
            Some(record) => {
                self.challenge(now, record.difficulty, out);
                self.accept(now, record, out);
            }
            None if self.rules.issuing == Issuing::OnCommand || self.round.pausing => {}
            None if now - self.round.since < self.rules.pause => {
                self.round.pausing = true;
                let after = self.rules.pause - (now - self.round.since);
                let timer = Timer::Lead(self.round.transaction);
                out.push(Output::SetTimer { after, timer });
            }
            None => {
                let difficulty = self.choose_difficulty();
                self.ask(now, difficulty, out);
            }
        }
    }

    /// Returns whether we lead, the row has no challenge yet, and we know of enough members where
    /// they stand.
    fn may_ask(&mut self, out: &mut Vec<Output>) -> bool {
        let is_leader = self.election.leader == Some(self.me) && self.is_member();
        if !is_leader || self.round.challenge.is_some() || self.is_finished() {
            return false;
        }
        let transaction = self.round.transaction;
        let namings = self.election.namings_of_term();
        let (ahead, level): (Vec<_>, Vec<_>) = namings
            .map(|(peer, naming)| (peer, naming.transaction))
            .partition(|(_, reached)| *reached > transaction);
        for (peer, reached) in &ahead {
            self.note_reached(*peer, *reached, out);
        }
        // Those who are ahead do not say what they accepted in this row. If the others are enough
        // to name a leader, one of them knows of what was decided, and nobody can hold us up by
        // claiming to be further than it is.
        ahead.is_empty() || level.len() >= self.rules.namings_needed()
    }

    /// As a leader that waits for the word, asks for a solution of the next row.
    pub(super) fn on_issue(
        &mut self,
        now: Moment,
        wanted: Option<Difficulty>,
        out: &mut Vec<Output>,
    ) {
        if self.rules.issuing == Issuing::OnCommand
            && self.may_ask(out)
            && self.accepted_before().is_none()
        {
            let difficulty = wanted.unwrap_or_else(|| self.choose_difficulty());
            self.ask(now, difficulty, out);
        }
    }

    fn ask(&mut self, now: Moment, difficulty: Difficulty, out: &mut Vec<Output>) {
        self.challenge(now, difficulty, out);
        self.mine(difficulty, out);
        self.retry_early(now, out);
    }

    pub(super) fn on_pause_over(&mut self, now: Moment, row: Transaction, out: &mut Vec<Output>) {
        if row == self.round.transaction {
            self.round.pausing = false;
            self.lead(now, out);
        }
    }

    /// Returns the solution of this row that was accepted in the latest term, as far as those who
    /// named us know; they are enough that what was decided is among what they know.
    fn accepted_before(&self) -> Option<Record> {
        let told =
            self.election.namings_of_term().filter_map(|(_, naming)| naming.accepted.as_ref());
        let accepted = told.chain(self.accepted.as_ref());
        // An honest member accepts nothing else, and what is no solution would never be decided.
        // Nor can anybody have accepted anything in a term still to come; ours is the last of its
        // term, so what we have proposed in this one we propose again (rule C2).
        let of_row = accepted.filter(|accepted| {
            accepted.record.transaction == self.round.transaction
                && accepted.term <= self.election.term
                && self.check_choice(accepted).is_ok()
        });
        of_row.max_by_key(|accepted| accepted.term).map(|accepted| accepted.record.clone())
    }

    fn choose_difficulty(&mut self) -> Difficulty {
        let easiest = self.rules.challenges.start().bits();
        let hardest = self.rules.challenges.end().bits();
        let drawn = self.rng.random_range(easiest..=hardest.max(easiest));
        let drawn = Difficulty::from_bits(drawn.into()).expect("between two difficulties");
        match self.round.unsolved {
            Some(unsolved) => drawn.min(unsolved.eased()),
            None => drawn,
        }
    }

    fn challenge(&mut self, now: Moment, difficulty: Difficulty, out: &mut Vec<Output>) {
        let transaction = self.round.transaction;
        self.round.challenge = Some((self.election.term, difficulty));
        self.round.since = now;
        self.round.forget_solutions();
        self.watch.moved();
        self.say_challenge(out);
        let leader = self.me;
        out.push(Output::Event(Event::ChallengeIssued { transaction, difficulty, leader }));
    }

    pub(super) fn say_challenge(&self, out: &mut Vec<Output>) {
        let Some((term, difficulty)) = self.round.challenge else {
            return;
        };
        let place = Some(Place { transaction: self.round.transaction, term });
        self.say(Message::Challenge { peer: self.me, difficulty, place }, out);
    }

    /// Replaces a challenge that nobody has solved in time by an easier one (rule C4).
    pub(super) fn ease(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Some((_, difficulty)) = self.round.challenge else {
            return;
        };
        self.round.unsolved = Some(difficulty);
        let easier = difficulty.eased();
        self.challenge(now, easier, out);
        self.mine(easier, out);
    }

    /// Searches for a solution; but not as a leader that alone decides, unless it is alone.
    pub(super) fn mine(&mut self, difficulty: Difficulty, out: &mut Vec<Output>) {
        let judges = self.rules.leader_only_judges() && self.election.leader == Some(self.me);
        if self.is_member() && !judges {
            let transaction = self.round.transaction;
            let puzzle = self.rules.puzzle;
            out.push(Output::Mine { transaction, puzzle, difficulty });
        }
    }

    pub(super) fn on_challenge(
        &mut self,
        now: Moment,
        sealed: Sealed,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let Message::Challenge { peer, difficulty, place } = sealed.message else {
            return Err(Refusal::Unexpected);
        };
        let here = Place { transaction: self.round.transaction, term: self.election.term };
        let Place { transaction, term } = place.unwrap_or(here);
        if transaction > here.transaction {
            self.note_reached(peer, transaction, out);
        }
        let is_early = transaction > here.transaction
            || term > here.term
            || (term == here.term && self.election.leader.is_none());
        if is_early {
            self.keep_early(sealed);
            return Ok(());
        }
        if term < here.term && !self.fall_back(now, term, peer, out) {
            return Ok(());
        }
        if self.election.leader != Some(peer) {
            return Err(Refusal::NotLeader);
        }
        self.take_challenge(now, peer, difficulty, out);
        Ok(())
    }

    /// Goes back to an earlier term whose leader is alive after all. Having been in a later one
    /// binds nobody, as long as we have named no leader in it (rule E6).
    fn fall_back(
        &mut self,
        now: Moment,
        term: Term,
        leader: PeerId,
        out: &mut Vec<Output>,
    ) -> bool {
        let is_bound = self.promise.is_some_and(|promise| promise.term > term);
        let elected = self.election.elected(self.rules.namings_needed(), self.me);
        if is_bound || elected != Some((term, leader)) {
            return false;
        }
        self.election.enter(now, term);
        self.set_leader(now, term, leader, out);
        true
    }

    fn take_challenge(
        &mut self,
        now: Moment,
        leader: PeerId,
        difficulty: Difficulty,
        out: &mut Vec<Output>,
    ) {
        let challenge = (self.election.term, difficulty);
        let before = self.round.challenge;
        if before == Some(challenge) || self.is_finished() {
            return;
        }
        if let Some((term, harder)) = before {
            // A repeated older challenge of this leader must not undo its easier one.
            if term == challenge.0 && harder <= difficulty {
                return;
            }
            self.round.unsolved = Some(harder);
        }
        self.round.challenge = Some(challenge);
        self.round.since = now;
        self.round.forget_solutions();
        self.watch.moved();
        let transaction = self.round.transaction;
        out.push(Output::Event(Event::ChallengeIssued { transaction, difficulty, leader }));
        if self.has_voted_in_term() {
            return self.retry_early(now, out);
        }
        self.mine(difficulty, out);
        self.retry_early(now, out);
    }

    /// As the leader, proposes the first valid solution by voting for it (rule C2).
    pub(super) fn propose(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Some((_, difficulty)) = self.round.challenge else {
            return;
        };
        let Some((winner, seed)) = self.round.first_solution().cloned() else {
            return;
        };
        if self.election.leader == Some(self.me) && !self.has_voted_in_term() {
            let transaction = self.round.transaction;
            self.accept(now, Record { transaction, difficulty, seed, winner }, out);
        }
    }

    /// Says yes: on disk first, since a second yes after a restart could put two solutions into
    /// one row (rule V2).
    pub(super) fn accept(&mut self, now: Moment, record: Record, out: &mut Vec<Output>) {
        let acceptance = Acceptance { term: self.election.term, record };
        self.membership.has_voted();
        self.accepted = Some(acceptance.clone());
        out.push(Output::CancelMining);
        out.push(Output::Persist(Durable::Acceptance(acceptance.clone())));
        self.watch.moved();
        let seal = self.say_own_vote(out);
        self.count_own_vote(now, acceptance, seal, out);
        self.retry_early(now, out);
    }

    pub(super) fn on_solved(
        &mut self,
        now: Moment,
        transaction: Transaction,
        seed: Seed,
        out: &mut Vec<Output>,
    ) {
        let Some((_, difficulty)) = self.round.challenge else {
            return;
        };
        let is_wanted = transaction == self.round.transaction
            && self.seat == Seat::Member
            && self.round.first_solution().is_none()
            && !self.has_voted_in_term();
        if !is_wanted {
            return;
        }
        if let Err(unsolved) = self.rules.puzzle.check(&seed, difficulty) {
            return refuse(self.me, Refusal::NotASolution(unsolved), out);
        }
        let noted = self.round.note_solution(self.me, seed.clone());
        debug_assert!(noted.is_ok(), "it is our first");
        self.say_own_solution(out);
        out.push(Output::Event(Event::SolutionFound { transaction, finder: self.me, seed }));
        self.propose(now, out);
    }
}
