//! What a member says, and when (rules L7 and L8).

use std::sync::Arc;

use althing_ledger::NativeBlock;
use althing_ledger::assembly::{Certificate, Seal, SignedStatement, Statement, StatementKind};
use althing_types::{BlockHash, Moment, View};

use super::blocks::{Trust, Undecided};
use super::{BlockRefused, Durable, Event, Message, Output, Simplex, event, say};

/// Whether a block may be built on in a view.
pub(super) enum Ground {
    /// It may: it is notarized, and all views between are nullified.
    Firm,
    /// It is not known yet: what a quorum has said in this view, or after it, is missing.
    Lacking(View),
    /// It never may: each view in which it could be notarized has another block that is.
    None,
}

impl Simplex {
    /// Puts a statement of our own on disk, and counts it. The caller sends it.
    pub(super) fn put(
        &mut self,
        statement: Statement,
        block: Option<Arc<NativeBlock>>,
        out: &mut Vec<Output>,
    ) -> SignedStatement {
        let member = self.voter().expect("only those who take part in the votes say anything");
        let word = SignedStatement::sign(statement, member, &self.chain, &*self.authenticator);
        // All safety rests on these two, so a program with an error stops here, and not only in
        // its tests. What was said in views up to that of the last committed block is forgotten.
        let root = self.blocks.root().facts.view;
        assert!(statement.view() > root, "{statement}, but view {root} is committed");
        let words = self.words.entry(statement.view()).or_default();
        assert!(
            words.all().all(|said| !said.statement.contradicts(&statement)),
            "{statement} contradicts {words:?}"
        );
        words.add(word);
        self.views.at(statement.view()).record(word);
        out.push(Output::Persist(Durable::Word { word, block }));
        word
    }

    /// Adopts the certificate of a statement, if a quorum has made it by now.
    pub(super) fn tally(&mut self, statement: Statement, out: &mut Vec<Output>) {
        let quorum = self.charter.quorum();
        let state = self.views.at(statement.view());
        if let Some(certificate) = state.certify(statement, quorum) {
            self.adopt(certificate, out);
        }
    }

    /// Takes in a valid certificate.
    pub(super) fn adopt(&mut self, certificate: Certificate, out: &mut Vec<Output>) {
        let statement = certificate.statement;
        let view = statement.view();
        if !self.views.at(view).adopt(certificate.clone()) {
            return;
        }
        if let Some(block) = statement.block() {
            self.blocks.want(block);
        }
        match statement {
            Statement::Notarize { view, block } => {
                out.push(Output::Persist(Durable::Certificate(certificate)));
                event(Event::Notarized { view, block }, out);
                self.note_notarized(&block);
            }
            Statement::Nullify { view } => {
                out.push(Output::Persist(Durable::Certificate(certificate)));
                event(Event::Nullified { view }, out);
                self.mempool.nullified(view);
                self.miner.look_again();
            }
            // It is kept with the block that it commits.
            Statement::Finalize { .. } => {}
        }
    }

    /// Takes note which entries are in a block that is notarized, once it is here: not those of
    /// another proposal of its view.
    pub(super) fn note_notarized(&mut self, hash: &BlockHash) {
        let Some(block) = self.blocks.body(hash) else { return };
        let Some(view) = Seal::of(block).map(|seal| seal.view) else { return };
        if self.views.notarized(view) == Some(*hash) {
            self.mempool.nullified(view);
            self.mempool.proposed(view, block);
        }
    }

    /// Votes to notarize the block that the leader has proposed, once it is known to be valid (rule
    /// L7).
    pub(super) fn vote(&mut self, now: Moment, out: &mut Vec<Output>) -> bool {
        let view = self.view;
        let words = self.words.get(&view).copied().unwrap_or_default();
        if self.voter().is_none() || words.notarize.is_some() || words.nullify.is_some() {
            return false;
        }
        let Some(state) = self.views.get(view).filter(|state| !state.is_refused) else {
            return false;
        };
        let Some((proposal, _)) = state.proposal else { return false };
        let Some(hash) = proposal.statement.block() else { return false };
        let Some(block) = self.blocks.body(&hash).cloned() else { return false };
        match self.check_proposal(now, &hash, &block) {
            Ok(true) => {}
            Ok(false) => return false,
            Err(reason) => {
                self.views.at(view).is_refused = true;
                let leader = proposal.member;
                event(Event::ProposalRefused { view, leader, reason }, out);
                return true;
            }
        }
        let word = self.put(Statement::Notarize { view, block: hash }, Some(block), out);
        say(Message::Vote(word), out);
        self.tally(word.statement, out);
        true
    }

    /// Returns whether a proposed block is valid and may be built where it is; `false` while that
    /// cannot be told.
    fn check_proposal(
        &mut self,
        now: Moment,
        hash: &BlockHash,
        block: &NativeBlock,
    ) -> Result<bool, BlockRefused> {
        let view = self.view;
        let parent = block.parent().ok_or(BlockRefused::ParentWrong)?;
        match self.ground(view, &parent) {
            Ground::Firm => {}
            Ground::Lacking(view) => {
                self.catch_up.lack_ground(view);
                return Ok(false);
            }
            Ground::None => return Err(BlockRefused::ParentWrong),
        }
        let wall = self.wall_time(now);
        let (charter, chain) = (Arc::clone(&self.charter), self.chain);
        let judged =
            self.blocks.judge(hash, Trust::OurOwn(&self.mempool), (&charter, &chain), wall);
        match judged {
            // The seal is under the hash, and says for which view it was made.
            Ok(facts) if facts.view != view => Err(BlockRefused::ParentWrong),
            Ok(_) => {
                self.mempool.proposed(view, block);
                Ok(true)
            }
            Err(Undecided::Missing(missing)) => {
                self.blocks.want(missing);
                Ok(false)
            }
            Err(Undecided::Refused(reason)) => Err(reason),
        }
    }

    /// Returns whether a block of `view` may follow this one (rule L6).
    ///
    /// A view may be both notarized and nullified, and we may know of one of these only, its leader
    /// of the other: so that we have not seen the parent notarized is no proof that it is not.
    pub(super) fn ground(&self, view: View, parent: &BlockHash) -> Ground {
        let root = &self.blocks.root().facts;
        // The first views that we do not know to be nullified, or to have a block.
        let (mut open, mut blank) = (None, None);
        let mut at = view;
        while let Some(before) = at.previous().filter(|before| *before > root.view) {
            match self.views.notarized(before) {
                Some(block) if block == *parent => {
                    return open.map_or(Ground::Firm, Ground::Lacking);
                }
                Some(_) => {}
                None => blank = Some(before),
            }
            if !self.views.is_nullified(before) {
                open = Some(before);
            }
            at = before;
        }
        if *parent == root.hash {
            return open.map_or(Ground::Firm, Ground::Lacking);
        }
        blank.map_or(Ground::None, Ground::Lacking)
    }

    /// Returns what a proposal on this block stands on: that it is notarized, and that all views
    /// between are nullified (rule L6).
    pub(super) fn support(&self, view: View, parent: &BlockHash) -> Vec<Certificate> {
        let root = &self.blocks.root().facts;
        let mut support = Vec::new();
        let mut at = view;
        while let Some(before) = at.previous().filter(|before| *before > root.view) {
            let notarized = self.views.certificate(before, StatementKind::Notarize);
            if let Some(certificate) = notarized.filter(|it| it.statement.block() == Some(*parent))
            {
                support.push(certificate.clone());
                break;
            }
            support.extend(self.views.certificate(before, StatementKind::Nullify).cloned());
            at = before;
        }
        support
    }

    /// Votes to nullify the view if its leader is suspected, has broken a rule, or takes too long;
    /// or if the votes do (rule L8).
    pub(super) fn give_up(&mut self, now: Moment, out: &mut Vec<Output>) -> bool {
        let view = self.view;
        let words = self.words.get(&view).copied().unwrap_or_default();
        let Some(me) = self.voter().filter(|_| words.nullify.is_none()) else { return false };
        let leader = self.leader(view);
        let state = self.views.get(view);
        let is_refused = state.is_some_and(|state| state.is_refused);
        let has_proposed = state.is_some_and(|state| state.proposal.is_some());
        let is_gone = leader != me && !has_proposed && self.liveness.is_suspected(leader);
        if words.finalize.is_some() || !(is_refused || is_gone || now >= self.deadline()) {
            return false;
        }
        let word = self.put(Statement::Nullify { view }, None, out);
        say(Message::Vote(word), out);
        self.tally(word.statement, out);
        true
    }

    /// Returns the kinds of certificates with which a view is left.
    pub(super) fn exits() -> [StatementKind; 2] {
        [StatementKind::Notarize, StatementKind::Nullify]
    }
}
