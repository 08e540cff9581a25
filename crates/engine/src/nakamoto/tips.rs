//! Which chains the others have, and what we tell them about ours (rules T1 to T3, N8).

use std::time::Duration;

use althing_ledger::Block;
use althing_types::{Address, Moment};

use super::{Claim, Message, Nakamoto, Output, Refusal, SyncMethod, Timer, send};

/// How many peers are asked for their chain at a time (rule T1).
const ASKED_MAX: usize = 16;

/// The budget of all answers in one second (rule N8): each answer counts one, and one more for each
/// entry of a block in it. A block's entries are most of its bytes.
///
/// It is more than a peer can verify in a second, so that a peer that fetches a chain does not wait
/// for requests that stay unanswered.
pub const ANSWERS_MAX: u32 = 65_536;

const ONE_SECOND: Duration = Duration::from_secs(1);

/// The maximum number of answers with a whole chain between two rounds of tip requests: each is a
/// thousand times as long as its request.
pub const CHAIN_ANSWERS_MAX: u32 = 256;

/// Minimum time between two rounds of tip requests that are caused by other peers (rule T3).
const CONSENSUS_PAUSE: Duration = Duration::from_secs(1);

/// How many answers we may still give: short ones until the second is over, chains until our next
/// round of tip requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answers {
    short: u32,
    /// When the second began.
    second: Moment,
    chains: u32,
    /// When all peers were last asked.
    consensus: Option<Moment>,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            short: ANSWERS_MAX,
            second: Moment::START,
            chains: CHAIN_ANSWERS_MAX,
            consensus: None,
        }
    }
}

impl Answers {
    /// Returns whether one more short answer may be given, and counts it with what is in it.
    pub(super) fn may_answer(&mut self, now: Moment, block: Option<&Block>) -> bool {
        if now - self.second >= ONE_SECOND {
            (self.short, self.second) = (ANSWERS_MAX, now);
        }
        let entries = block.map_or(0, |block| block.entries().len());
        count_down(&mut self.short, 1 + u32::try_from(entries).unwrap_or(u32::MAX - 1))
    }

    /// Returns whether one more chain may be sent, and counts it.
    pub(super) fn may_send_chain(&mut self) -> bool {
        count_down(&mut self.chains, 1)
    }
}

fn count_down(left: &mut u32, by: u32) -> bool {
    let is_enough = *left >= by;
    *left = left.saturating_sub(by);
    is_enough
}

impl Nakamoto {
    /// Asks some random peers for their chains.
    pub(super) fn on_tips_timer(&mut self, now: Moment, out: &mut Vec<Output>) {
        self.answers.chains = CHAIN_ANSWERS_MAX;
        match self.rules.sync {
            SyncMethod::ByHeight | SyncMethod::HeadersFirst => {
                self.ask_for_tips(now, ASKED_MAX, out);
            }
            SyncMethod::WholeChain => self.ask_somebody_for_chain(now, out),
        }
        let after = self.rules.timeouts.tips;
        out.push(Output::SetTimer { after, timer: Timer::Tips });
    }

    pub(super) fn ask_for_tips(&mut self, now: Moment, count: usize, out: &mut Vec<Output>) {
        let peers = &self.peers;
        let trusted = |peer: &Address| peers.is_trusted(now, peer);
        for peer in peers.choose(count, &mut self.rng, trusted) {
            send(&peer, Message::TipRequest, out);
        }
        if self.rules.sync == SyncMethod::ByHeight {
            self.look_for_chains(now, out);
        }
    }

    /// Asks a peer that we have just met for its chain.
    pub(super) fn ask_for_tip(&mut self, peer: &Address, out: &mut Vec<Output>) {
        match self.rules.sync {
            SyncMethod::ByHeight | SyncMethod::HeadersFirst => send(peer, Message::TipRequest, out),
            SyncMethod::WholeChain => {
                self.ask_for_chain(peer, self.tip_height(), out);
            }
        }
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

    /// Answers with our best chain; does not answer while there is none, like the published
    /// programs.
    pub(super) fn on_tip_request(
        &mut self,
        now: Moment,
        from: &Address,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        if !self.answers.may_answer(now, None) {
            return Err(Refusal::TooManyQuestions);
        }
        if let Some(tip) = self.ledger.tip() {
            let claim = Claim { length: self.ledger.length(), hash: tip.hash };
            send(from, Message::Tip(claim), out);
        }
        Ok(())
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
        self.peers.set_claim(from, claim);
        if self.peers.is_trusted(now, from) {
            self.downloads.join(&claim, from);
        }
        self.look_for_chains(now, out);
        Ok(())
    }
}
