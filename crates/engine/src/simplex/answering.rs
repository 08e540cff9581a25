//! What a peer gives to others that lack it (rule L15).

use std::collections::BTreeSet;

use althing_ledger::assembly::{CertifiedRun, RUN_HEADERS_MAX};
use althing_types::Height;

use super::catch_up::Reading;
use super::{CommittedBlock, MESSAGE_BYTES_MAX, Message, Output, RUN_BLOCKS, Request, Simplex};
use crate::{Origin, Recipient};

/// Requests that a peer answers between two repetitions: each answer may reach every other peer.
const ANSWERS_MAX: usize = 24;

/// Of these, requests for which blocks are read from the log.
const READS_MAX: usize = 16;

/// Such requests beyond these that are answered after the next repetition. Without them a peer that
/// is far behind would wait for two repetitions, and then ask another.
const DEFERRED_MAX: usize = 16;

/// Blocks that are read for an answer, at least and at most, if one of them is certified.
const READ_LEAST: usize = 4;
const READ_MAX: usize = 64;

/// What has been answered since the last repetition, and what has yet to be.
///
/// Requests are not signed, so at a broker a stranger can send any number of them. An answer goes
/// to all there, and a request is answered once between two repetitions, whoever sends it: a flood
/// of those that members need serves them, and others are answered after these.
#[derive(Clone, Debug)]
pub(super) struct Answering {
    answered: BTreeSet<(Recipient, Request)>,
    /// For how many of these blocks were read.
    reads: usize,
    /// Requests for committed blocks that have to wait for the next repetition, the one that a
    /// member is likeliest to have sent first.
    deferred: BTreeSet<Deferred>,
    /// How many blocks have fitted into the last answer.
    fitted: usize,
}

/// A request for committed blocks that waits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Deferred {
    /// How far its first block is from what a member lacks next.
    ahead: u64,
    from: Height,
    to: Recipient,
}

impl Default for Answering {
    fn default() -> Self {
        let (answered, deferred) = (BTreeSet::new(), BTreeSet::new());
        Self { answered, reads: 0, deferred, fitted: READ_MAX }
    }
}

impl Answering {
    /// Returns how many blocks to read for an answer: more than have fitted into the last one, and
    /// not many that are read for nothing.
    fn worth_reading(&self) -> usize {
        (2 * self.fitted).clamp(READ_LEAST, READ_MAX)
    }

    /// Has a request for committed blocks wait for the next repetition, if there is room or it goes
    /// before another.
    fn defer(&mut self, request: Deferred) {
        self.deferred.insert(request);
        if self.deferred.len() > DEFERRED_MAX {
            self.deferred.pop_last();
        }
    }
}

impl Simplex {
    /// Answers, at each repetition, what was too much before it.
    pub(super) fn answer_deferred(&mut self, out: &mut Vec<Output>) {
        self.answering.answered.clear();
        self.answering.reads = 0;
        for Deferred { from, to, .. } in std::mem::take(&mut self.answering.deferred) {
            self.read_for_answer(to, from, out);
        }
    }

    /// A peer asks for what it lacks.
    pub(super) fn on_request(&mut self, from: &Origin, request: Request, out: &mut Vec<Output>) {
        let to = from.address.clone().map_or(Recipient::All, Recipient::One);
        let has_many = self.answering.answered.len() >= ANSWERS_MAX;
        if self.answering.answered.contains(&(to.clone(), request)) {
            return;
        }
        let message = match request {
            Request::Blocks { of, from } => {
                let height = self.blocks.root().facts.height;
                if Some(of) != self.me || from > height || from == Height::GENESIS {
                    return;
                }
                if has_many || self.answering.reads >= READS_MAX {
                    let ahead = self.ahead_of_members(from);
                    return self.answering.defer(Deferred { ahead, from, to });
                }
                return self.read_for_answer(to, from, out);
            }
            _ if has_many => return,
            Request::Body(hash) => {
                let is_turn = self.is_our_turn(hash.as_bytes()[0]);
                let Some(block) = self.blocks.body(&hash).filter(|_| is_turn) else { return };
                Message::Body(block.clone())
            }
            Request::Certificates(view) => {
                let certificates = self.exits_from(view);
                if certificates.is_empty() || !self.is_our_turn(view.number().to_be_bytes()[7]) {
                    return;
                }
                Message::Certificates(certificates)
            }
        };
        self.answering.answered.insert((to.clone(), request));
        out.push(Output::Send { to, message });
    }

    /// Returns how far this height is above that of a member, of the one that is nearest to it.
    fn ahead_of_members(&self, from: Height) -> u64 {
        let heights = self.repeating.heights().filter(|(_, height)| *height < from);
        heights.map(|(_, height)| from.above(height)).min().unwrap_or(u64::MAX)
    }

    /// Reads blocks of the log that a peer has asked for.
    fn read_for_answer(&mut self, to: Recipient, from: Height, out: &mut Vec<Output>) {
        let Some(of) = self.me else { return };
        self.answering.answered.insert((to.clone(), Request::Blocks { of, from }));
        self.answering.reads += 1;
        let count = self.answering.worth_reading();
        self.catch_up.reads.push_back(Reading::Answer { to, from, count });
        out.push(Output::Read { from: from.number(), count });
    }

    /// Answers with blocks of the log, from `from` on. If none of them is certified, those after
    /// them are read as well, up to one that is.
    pub(super) fn answer_with(
        &mut self,
        to: Recipient,
        from: Height,
        count: usize,
        blocks: Vec<CommittedBlock>,
        out: &mut Vec<Output>,
    ) {
        if blocks.first().is_none_or(|block| block.block.coinbase.height != from) {
            return;
        }
        let wide = count + RUN_HEADERS_MAX;
        match run_of(blocks) {
            Some(run) => {
                self.answering.fitted = run.blocks.len();
                out.push(Output::Send { to, message: Message::Run(Box::new(run)) });
            }
            None if count < RUN_HEADERS_MAX => {
                self.catch_up.reads.push_back(Reading::Answer { to, from, count: wide });
                out.push(Output::Read { from: from.number(), count: wide });
            }
            None => {}
        }
    }
}

/// Returns as many of these blocks as fit into a message, with what proves that they are committed;
/// `None` if none of them is certified.
fn run_of(blocks: Vec<CommittedBlock>) -> Option<CertifiedRun> {
    let (mut fitting, mut bytes) = (0, 0);
    for committed in blocks.iter().take(usize::try_from(RUN_BLOCKS).ok()?) {
        let entries = committed.block.entries.iter().map(|entry| 2 + entry.as_bytes().len());
        bytes += 256 + entries.sum::<usize>();
        if fitting > 0 && bytes > MESSAGE_BYTES_MAX {
            break;
        }
        fitting += 1;
    }
    let is_certified = |committed: &CommittedBlock| committed.finalization.is_some();
    // The last certified one of those that fit; or headers lead to the first one after them.
    let (end, certified) = match blocks[..fitting].iter().rposition(is_certified) {
        Some(place) => (place + 1, place),
        None => (fitting, fitting + blocks[fitting..].iter().position(is_certified)?),
    };
    let finalization = blocks[certified].finalization.clone()?;
    let headers: Vec<_> = (end..=certified).map(|place| blocks[place].header()).collect();
    let blocks = blocks.into_iter().take(end).map(|committed| committed.block).collect();
    let run = CertifiedRun { blocks, headers, finalization };
    (run.headers.len() <= RUN_HEADERS_MAX).then_some(run)
}
