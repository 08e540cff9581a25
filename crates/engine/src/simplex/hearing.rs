//! Whether what arrives is to be believed (rules L4, L11 to L13 and L18).

use std::sync::Arc;

use althing_ledger::NativeBlock;
use althing_ledger::assembly::{
    Certificate, Evidence, Signature, SignedStatement, Statement, StatementKind,
};
use althing_ledger::charter::MemberIndex;
use althing_types::{Moment, PeerId, View};

use super::views::{Recorded, VIEWS_AHEAD_MAX};
use super::{
    CERTIFICATES_MAX, Challenge, Durable, Event, Message, Output, Refusal, Simplex, Status,
    WhyObserving, event,
};
use crate::Origin;

impl Simplex {
    pub(super) fn on_message(
        &mut self,
        now: Moment,
        from: &Origin,
        message: Message,
        out: &mut Vec<Output>,
    ) {
        let heard = match message {
            Message::Challenge(challenge) => self.on_challenge(now, challenge),
            Message::Solution(block) => {
                self.on_solution(block);
                Ok(())
            }
            Message::Proposal { word, block } => self.on_proposal(now, word, block, out),
            Message::Vote(word) => self.on_word(now, word, out),
            Message::Certificates(certificates) => {
                certificates.into_iter().try_for_each(|it| self.on_certificate(it, out))
            }
            Message::Status(status) => self.on_status(now, status, out),
            Message::Request(request) => {
                self.on_request(from, request, out);
                Ok(())
            }
            Message::Body(block) => self.on_body(&block),
            Message::Run(run) => self.on_run(now, *run, out),
            Message::Entries(entries) => self.on_entries(now, entries, out),
            Message::Evidence(evidence) => self.on_evidence(evidence, out),
        };
        if let Err(reason) = heard {
            event(Event::MessageRefused { reason }, out);
        }
    }

    /// Returns whether something of a view is still of use; an error if the view is too far ahead
    /// to be remembered (rule L18).
    fn is_of_use(&mut self, view: View) -> Result<bool, Refusal> {
        if view <= self.blocks.root().facts.view {
            return Ok(false);
        }
        if view.after(self.view) > VIEWS_AHEAD_MAX {
            self.catch_up.fall_behind(self.view);
            return Err(Refusal::TooFarAhead(view));
        }
        Ok(true)
    }

    fn check(&self, word: &SignedStatement) -> Result<(), Refusal> {
        match word.is_authentic(&self.charter, &self.chain, &*self.authenticator) {
            true => Ok(()),
            false => Err(Refusal::SignatureWrong(word.member)),
        }
    }

    fn on_challenge(&mut self, now: Moment, challenge: Challenge) -> Result<(), Refusal> {
        let view = challenge.view;
        let is_known = self.views.get(view).is_some_and(|state| state.challenge.is_some());
        if !self.charter.is_mined() || is_known || !self.is_of_use(view)? {
            return Ok(());
        }
        let leader = self.leader(view);
        if !challenge.is_authentic(&self.charter, &self.chain, &*self.authenticator) {
            return Err(Refusal::SignatureWrong(leader));
        }
        self.views.at(view).challenge = Some((challenge, now));
        Ok(())
    }

    fn on_proposal(
        &mut self,
        now: Moment,
        word: SignedStatement,
        block: Arc<NativeBlock>,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let (view, hash) = (word.statement.view(), block.hash());
        if !self.is_of_use(view)? {
            return Ok(());
        }
        // Proposals are repeated, and our own come back.
        if self.blocks.body(&hash).is_some()
            && self.views.get(view).is_some_and(|state| state.has(&word))
        {
            return Ok(());
        }
        // What is in the block but not under its hash can be changed by anyone on the way.
        let is_about_it = word.statement == (Statement::Notarize { view, block: hash });
        if !is_about_it || !block.has_its_root() {
            return Err(Refusal::OtherBlock);
        }
        if word.member != self.leader(view) {
            return Err(Refusal::NotTheLeader(word.member));
        }
        self.on_word(now, word, out)?;
        // Its first proposal counts.
        if self.views.get(view).is_some_and(|state| state.has(&word)) {
            self.blocks.keep(hash, view, block);
        }
        Ok(())
    }

    /// A member has said something about a view.
    pub(super) fn on_word(
        &mut self,
        now: Moment,
        word: SignedStatement,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let view = word.statement.view();
        if !self.is_of_use(view)? || self.views.get(view).is_some_and(|state| state.has(&word)) {
            return Ok(());
        }
        self.check(&word)?;
        if Some(word.member) == self.me {
            self.on_own_word(&word, out);
            return Ok(());
        }
        match self.views.at(view).record(word) {
            Recorded::New => {
                self.note_proposal(word, now);
                self.hear(now, word.member, out);
                self.tally(word.statement, out);
            }
            Recorded::Contradiction(evidence) => self.keep_evidence(*evidence, out),
            Recorded::Ignored => {}
        }
        Ok(())
    }

    /// A leader proposes by notarizing, whether its block has come or not.
    pub(super) fn note_proposal(&mut self, word: SignedStatement, now: Moment) {
        let (view, kind) = (word.statement.view(), word.statement.kind());
        if kind == StatementKind::Notarize && word.member == self.leader(view) {
            self.views.at(view).proposal.get_or_insert((word, now));
        }
    }

    /// Somebody signs with our key what we have not said: our disk was copied, or is an old one. We
    /// might contradict ourselves, so we vote no more (rule L13).
    fn on_own_word(&mut self, word: &SignedStatement, out: &mut Vec<Output>) {
        let words = self.words.get(&word.statement.view()).copied().unwrap_or_default();
        let is_ours = self.ignores_own_words || words.has(&word.statement);
        if self.observing.is_none() && !is_ours {
            self.observing = Some(WhyObserving::Copied);
            out.push(Output::Persist(Durable::Silenced));
            self.miner.stop(out);
            event(Event::Observing(WhyObserving::Copied), out);
        }
    }

    /// A certificate may have a signature of ours under what we have not said. Others repeat it,
    /// while our old words are repeated by us alone.
    pub(super) fn on_own_signature(&mut self, certificate: &Certificate, out: &mut Vec<Output>) {
        let statement = certificate.statement;
        if statement.view() <= self.blocks.root().facts.view {
            return;
        }
        let own = certificate.signatures.iter().find(|(member, _)| Some(*member) == self.me);
        if let Some((member, signature)) = own.copied() {
            self.on_own_word(&SignedStatement { statement, member, signature }, out);
        }
    }

    pub(super) fn on_certificate(
        &mut self,
        certificate: Certificate,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let statement = certificate.statement;
        let (view, kind) = (statement.view(), statement.kind());
        let is_known = self.views.certificate(view, kind).is_some();
        if is_known || view <= self.blocks.root().facts.view {
            return Ok(());
        }
        certificate.verify(&self.charter, &self.chain, &*self.authenticator)?;
        self.on_own_signature(&certificate, out);
        // It also shows who has told us something else.
        let state = self.views.at(view);
        let contradicts = |(member, signature): &(MemberIndex, Signature)| {
            let word = SignedStatement { statement, member: *member, signature: *signature };
            state.contradiction(&word)
        };
        let evidence: Vec<Evidence> =
            certificate.signatures.iter().filter_map(contradicts).collect();
        evidence.into_iter().for_each(|it| self.keep_evidence(it, out));
        self.adopt(certificate, out);
        Ok(())
    }

    fn on_evidence(&mut self, evidence: Evidence, out: &mut Vec<Output>) -> Result<(), Refusal> {
        if self.evidence.iter().any(|known| known.member == evidence.member) {
            return Ok(());
        }
        if !evidence.holds(&self.charter, &self.chain, &*self.authenticator) {
            return Err(Refusal::NoEvidence(evidence.member));
        }
        self.keep_evidence(evidence, out);
        Ok(())
    }

    /// Keeps what proves a contradiction, and tells others, once for each member (rule L12).
    fn keep_evidence(&mut self, evidence: Evidence, out: &mut Vec<Output>) {
        if self.evidence.iter().all(|known| known.member != evidence.member) {
            self.evidence.push(evidence);
            out.push(Output::Persist(Durable::Evidence(evidence)));
            event(Event::Equivocated(evidence), out);
            super::say(Message::Evidence(evidence), out);
        }
    }

    /// A member says how far it is.
    fn on_status(
        &mut self,
        now: Moment,
        status: Status,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let member = status.member;
        if Some(member) == self.me || !self.repeating.is_news(&status) {
            return Ok(());
        }
        if !status.is_authentic(&self.charter, &self.chain, &*self.authenticator) {
            return Err(Refusal::SignatureWrong(member));
        }
        self.hear(now, member, out);
        self.repeating.note(status);
        if status.view > self.view {
            self.catch_up.fall_behind(self.view);
        }
        Ok(())
    }

    pub(super) fn hear(&mut self, now: Moment, member: MemberIndex, out: &mut Vec<Output>) {
        if self.liveness.hear(now, member) {
            event(Event::MemberHeard { member }, out);
            self.see_standstill(out);
        }
    }

    /// The transport reports that a peer is gone. That is only a hint.
    pub(super) fn on_lost(&mut self, peer: PeerId) {
        let member = self.charter.members().find(|(_, member)| member.id() == peer);
        if let Some((index, _)) = member {
            self.liveness.doubt(index);
        }
    }

    /// A block that we have asked for.
    fn on_body(&mut self, block: &Arc<NativeBlock>) -> Result<(), Refusal> {
        let hash = block.hash();
        // It comes to all, and only some have asked.
        if !self.blocks.wants(&hash) && self.proposed_block() != Some(hash) {
            return Ok(());
        }
        if !block.has_its_root() {
            return Err(Refusal::OtherBlock);
        }
        self.blocks.keep(hash, self.view, Arc::clone(block));
        self.note_notarized(&hash);
        Ok(())
    }

    /// Returns the first certificates with which `from` and the views after it can be left, as many
    /// as fit into a message.
    pub(super) fn exits_from(&self, from: View) -> Vec<Certificate> {
        let is_exit = |it: &&Certificate| it.statement.kind() != StatementKind::Finalize;
        let exits = self.views.certificates(from).filter(is_exit);
        exits.take(CERTIFICATES_MAX).cloned().collect()
    }
}
