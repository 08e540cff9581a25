//! What a leader does, and who mines (rules L5 and L6).

use std::sync::Arc;

use althing_ledger::assembly::{Facts, Seal, Statement, StatementKind};
use althing_ledger::{Entry, NativeBlock, Template};
use althing_types::{BlockHash, Height, Moment, View};

use super::blocks::{Trust, Undecided};
use super::voting::Ground;
use super::{Challenge, Event, Message, Output, Simplex, event, say};
use crate::SearchId;

/// Our own block: what we mine, and whether there is anything to propose.
#[derive(Clone, Debug, Default)]
pub(super) struct Miner {
    id: SearchId,
    /// The view for which we search, and for what.
    search: Option<(View, Arc<Template>)>,
    /// A block for our own challenge that is ready to be proposed.
    found: Option<Arc<NativeBlock>>,
    /// What we have found for the challenge of another leader, which one is enough for.
    solution: Option<Arc<NativeBlock>>,
    /// The mempool and the parent with which there was nothing to propose.
    empty: Option<(u64, BlockHash)>,
}

impl Miner {
    pub(super) fn height(&self) -> Option<Height> {
        self.search.as_ref().map(|(_, template)| template.height())
    }

    /// Ends the search, if there is one.
    pub(super) fn stop(&mut self, out: &mut Vec<Output>) {
        (self.found, self.solution, self.empty) = (None, None, None);
        if self.search.take().is_some() {
            out.push(Output::CancelSearch);
        }
    }

    /// Returns what we have found for the challenge of another leader in this view.
    pub(super) fn solution(&self) -> Option<&Arc<NativeBlock>> {
        self.solution.as_ref()
    }

    /// Another block may have to be followed: entries that were in one may be there again.
    pub(super) fn look_again(&mut self) {
        self.empty = None;
    }

    fn start(&mut self, view: View, template: Template, out: &mut Vec<Output>) {
        self.id = self.id.next();
        let template = Arc::new(template);
        self.search = Some((view, Arc::clone(&template)));
        out.push(Output::Search { id: self.id, work: template });
    }
}

impl Simplex {
    /// As the leader of the view, proposes a block, or asks for one; as any member, mines.
    pub(super) fn lead(&mut self, now: Moment, out: &mut Vec<Output>) -> bool {
        let Some(me) = self.voter() else { return false };
        let words = self.words.get(&self.view).copied().unwrap_or_default();
        if words.notarize.is_some() || words.nullify.is_some() {
            return false;
        }
        let leads = self.leader(self.view) == me;
        if self.charter.is_mined() {
            return match self.miner.found.take().filter(|_| leads) {
                Some(block) => self.propose(now, block, out),
                None => (leads && self.challenge(now, out)) || self.mine(now, out),
            };
        }
        if !leads {
            return false;
        }
        let Some(parent) = self.parent(now) else { return false };
        // A block that is notarized and whose view has failed is committed with the next one only.
        let root = self.blocks.root().facts.hash;
        let is_awaited = parent.hash != root && parent.view.next() != self.view;
        let is_due = is_awaited || self.own_block_due().is_none_or(|at| now >= at);
        if !is_due && self.miner.empty == Some((self.mempool.revision(), parent.hash)) {
            return false;
        }
        let entries = self.select(now, &parent, out);
        if entries.is_empty() && !is_due {
            self.miner.empty = Some((self.mempool.revision(), parent.hash));
            return false;
        }
        let seal = Seal { view: self.view, maker: me, salt: 0 };
        let template = parent.template(&self.charter, seal, self.wall_time(now), entries.into());
        let block = template.into_native().expect("an assembly has native blocks");
        self.propose(now, Arc::new(block), out)
    }

    /// Returns when we propose a block without entries, if we lead the view and no member mines.
    pub(super) fn own_block_due(&self) -> Option<Moment> {
        let leads = self.voter().is_some_and(|me| self.leader(self.view) == me);
        (leads && !self.charter.is_mined()).then_some(self.last_block + self.charter.block_time)
    }

    /// Proposes a block by notarizing it.
    fn propose(&mut self, now: Moment, block: Arc<NativeBlock>, out: &mut Vec<Output>) -> bool {
        let (view, hash) = (self.view, block.hash());
        self.blocks.keep(hash, view, Arc::clone(&block));
        let wall = self.wall_time(now);
        let (charter, chain) = (Arc::clone(&self.charter), self.chain);
        match self.blocks.judge(&hash, Trust::OurOwn(&self.mempool), (&charter, &chain), wall) {
            Ok(facts) if facts.view == view => {}
            // Our clock is far behind; or another member has found it for our challenge.
            _ => {
                self.blocks.forget(&hash);
                return false;
            }
        }
        self.mempool.proposed(view, &block);
        let statement = Statement::Notarize { view, block: hash };
        let word = self.put(statement, Some(Arc::clone(&block)), out);
        self.views.at(view).proposal = Some((word, now));
        say(Message::Proposal { word, block }, out);
        self.tally(statement, out);
        true
    }

    /// Returns the block that one of this view should follow: the latest notarized one from which
    /// on all views are nullified. What is missing for that is asked for.
    fn parent(&mut self, now: Moment) -> Option<Facts> {
        let root = self.blocks.root().facts;
        let (mut at, mut parent, mut open) = (self.view, root, None);
        while let Some(before) = at.previous().filter(|before| *before > root.view) {
            if let Some(block) = self.views.notarized(before) {
                let wall = self.wall_time(now);
                let (charter, chain) = (Arc::clone(&self.charter), self.chain);
                match self.blocks.judge(&block, Trust::Notarized, (&charter, &chain), wall) {
                    Ok(facts) => {
                        parent = facts;
                        break;
                    }
                    Err(Undecided::Missing(missing)) => self.blocks.want(missing),
                    Err(Undecided::Refused(reason)) => {
                        debug_assert!(false, "a notarized block is invalid: {reason}");
                    }
                }
            }
            if !self.views.is_nullified(before) {
                open = Some(before);
            }
            at = before;
        }
        match open {
            None => Some(parent),
            Some(view) => {
                self.catch_up.lack_ground(view);
                None
            }
        }
    }

    /// Returns the entries of a block after this one.
    fn select(&mut self, now: Moment, parent: &Facts, out: &mut Vec<Output>) -> Vec<Entry> {
        if self.mempool.len() == 0 {
            return Vec::new();
        }
        let wall = self.wall_time(now);
        let root = self.blocks.root();
        let Some(judged) = self.blocks.judged(&parent.hash) else { return Vec::new() };
        let at = (&judged.facts, &*judged.state.0);
        let (selected, refused) = self.mempool.select(at, (&root.facts, &*root.state.0), wall);
        for (entry, reason) in refused {
            event(Event::EntryRefused { entry, reason }, out);
        }
        selected
    }

    /// Asks for a block, once in a view.
    fn challenge(&mut self, now: Moment, out: &mut Vec<Output>) -> bool {
        let view = self.view;
        if self.views.get(view).is_some_and(|state| state.challenge.is_some()) {
            return false;
        }
        let Some(parent) = self.parent(now) else { return false };
        let challenge = Challenge::sign(view, parent.hash, &self.chain, &*self.authenticator);
        self.views.at(view).challenge = Some((challenge, now));
        say(Message::Challenge(challenge), out);
        true
    }

    /// Searches for a block for the challenge of the view.
    fn mine(&mut self, now: Moment, out: &mut Vec<Output>) -> bool {
        let view = self.view;
        let is_searching = self.miner.search.as_ref().is_some_and(|(of, _)| *of == view);
        let state = self.views.get(view);
        let challenge = state.filter(|state| state.proposal.is_none()).and_then(|it| it.challenge);
        let (Some((challenge, _)), Some(me)) = (challenge, self.voter()) else { return false };
        let is_stale = is_searching && {
            let without = self.miner.search.as_ref().is_some_and(|(_, it)| it.entries().is_empty());
            // What came since is worth a new search, which loses nothing: a search has no memory.
            without && self.mempool.waits_since().is_some()
        };
        if self.miner.solution.is_some() || (is_searching && !is_stale) {
            return false;
        }
        match self.ground(view, &challenge.parent) {
            Ground::Firm => {}
            Ground::Lacking(first) => {
                self.catch_up.lack_ground(first);
                return false;
            }
            Ground::None => return false,
        }
        let wall = self.wall_time(now);
        let (charter, chain) = (Arc::clone(&self.charter), self.chain);
        let judged =
            self.blocks.judge(&challenge.parent, Trust::Notarized, (&charter, &chain), wall);
        let parent = match judged {
            Ok(parent) => parent,
            Err(Undecided::Missing(missing)) => {
                self.blocks.want(missing);
                return false;
            }
            Err(Undecided::Refused(_)) => return false,
        };
        let entries = self.select(now, &parent, out);
        if is_searching && entries.is_empty() {
            return false;
        }
        let seal = Seal { view, maker: me, salt: challenge.salt };
        self.miner.start(view, parent.template(&self.charter, seal, wall, entries.into()), out);
        true
    }

    /// Our own search has found a block.
    pub(super) fn on_solved(&mut self, search: SearchId, nonce: u64, out: &mut Vec<Output>) {
        let Some((view, template)) = self.miner.search.take_if(|_| search == self.miner.id) else {
            return;
        };
        let althing_ledger::Block::Native(block) = template.with_nonce(nonce) else { return };
        let block = Arc::new(block);
        if self.voter().is_some_and(|me| self.leader(view) == me) {
            self.on_solution(block);
        } else if view == self.view {
            say(Message::Solution(Arc::clone(&block)), out);
            self.miner.solution = Some(block);
        }
    }

    /// Somebody has found a block for a challenge of ours. The first one that is valid is proposed.
    pub(super) fn on_solution(&mut self, block: Arc<NativeBlock>) {
        let state = self.views.get(self.view);
        let challenge = state.and_then(|state| state.challenge).map(|(challenge, _)| challenge);
        let (Some(challenge), Some(seal)) = (challenge, Seal::of(&block)) else { return };
        let is_ours = self.voter().is_some_and(|me| self.leader(self.view) == me);
        let answers = seal.view == self.view
            && seal.salt == challenge.salt
            && block.parent() == Some(challenge.parent);
        if !is_ours || !answers || self.miner.found.is_some() {
            return;
        }
        let Some(parent) = self.blocks.judged(&challenge.parent) else { return };
        if parent.facts.follow(&self.charter, &block, self.view).is_ok() {
            self.miner.found = Some(block);
        }
    }

    /// Returns whether we have seen what a quorum has said in a view.
    pub(super) fn has_left(&self, view: View) -> bool {
        let has = |kind| self.views.certificate(view, kind).is_some();
        Self::exits().into_iter().any(has) || has(StatementKind::Finalize)
    }
}
