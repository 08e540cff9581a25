//! Which chains the others have, and what we tell them about ours (rules T1 to T3, N8).

use std::time::Duration;

use althing_types::{Address, Moment};

use super::{Claim, Message, Nakamoto, Output, Refusal, SyncMethod, Timer, send};

/// How many peers are asked for their chain at a time (rule T1).
const ASKED_MAX: usize = 16;

/// Minimum time between two rounds of tip requests that are caused by other peers (rule T3).
const CONSENSUS_PAUSE: Duration = Duration::from_secs(1);

impl Nakamoto {
    /// Asks some random peers for their chains.
    pub(super) fn on_tips_timer(&mut self, now: Moment, out: &mut Vec<Output>) {
        match self.rules.sync {
            SyncMethod::ByHeight | SyncMethod::HeadersFirst => {
                self.ask_for_tips(now, ASKED_MAX, out);
            }
            SyncMethod::WholeChain => self.ask_somebody_for_chain(now, out),
        }
        let after = self.rules.timeouts.tips;
        out.push(Output::SetTimer { after, timer: Timer::Tips });
    }

    /// Asks some peers for their chains before the next round of requests.
    pub(super) fn ask_for_tips_now(&mut self, now: Moment, out: &mut Vec<Output>) {
        self.ask_for_tips(now, ASKED_MAX, out);
    }

    pub(super) fn ask_for_tips(&mut self, now: Moment, count: usize, out: &mut Vec<Output>) {
        let peers = &self.peers;
        let trusted = |peer: &Address| peers.is_trusted(now, peer);
        for peer in peers.choose_proven(count, &mut self.rng, trusted) {
            self.ask_for_claim(&peer, out);
        }
        if self.rules.sync == SyncMethod::ByHeight {
            self.look_for_chains(now, out);
        }
    }

    /// Asks a peer that we have just met for its chain.
    pub(super) fn ask_for_tip(&mut self, peer: &Address, out: &mut Vec<Output>) {
        match self.rules.sync {
            SyncMethod::ByHeight | SyncMethod::HeadersFirst => self.ask_for_claim(peer, out),
            SyncMethod::WholeChain => self.ask_whoever_came(peer, out),
        }
    }

    fn ask_for_claim(&mut self, peer: &Address, out: &mut Vec<Output>) {
        self.peers.note_question(peer);
        send(peer, Message::TipRequest, out);
    }

    pub(super) fn on_consensus(
        &mut self,
        now: Moment,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let last = self.answers.consensus;
        if last.is_some_and(|last| now - last < CONSENSUS_PAUSE) {
            return Err(Refusal::TooManyQuestions);
        }
        self.answers.consensus = Some(now);
        self.ask_for_tips(now, usize::MAX, out);
        Ok(())
    }

    /// Answers with our best chain; while there is none, as the programs of the network do.
    pub(super) fn on_tip_request(
        &mut self,
        now: Moment,
        from: &Address,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        self.is_shown(now, from, out);
        let none = self.rules.customs.tells_of_none.then_some(Claim::NONE);
        let claim = self.tip_claim().or(none);
        claim.map_or(Ok(()), |claim| self.answer(now, from, Message::Tip(claim), out))
    }

    /// Returns what we say of our chain, if there is one.
    pub(super) fn tip_claim(&self) -> Option<Claim> {
        let hash = self.ledger.tip()?.hash;
        Some(Claim { length: self.ledger.length(), hash })
    }

    /// Records a peer's claim (rule T2).
    pub(super) fn on_tip(
        &mut self,
        now: Moment,
        from: &Address,
        claim: Claim,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        if !self.peers.contains(from) {
            return Err(Refusal::Stranger);
        }
        // Of a block that is here the height is known, whatever is claimed (rule T2).
        let known = self.ledger.height_of(&claim.hash).map(|height| height.number() + 1);
        let (claimed, length) = (claim.length, known.unwrap_or(claim.length));
        let claim = Claim { length, ..claim };
        self.peers.set_claim(from, claim);
        if self.peers.is_trusted(now, from) {
            self.downloads.join(&claim, from);
        }
        self.look_for_chains(now, out);
        match claimed == length {
            true => Ok(()),
            false => Err(Refusal::LengthWrong { claimed, length }),
        }
    }
}
