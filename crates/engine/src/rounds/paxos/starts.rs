//! Starts of members, and copies of a member's data (rules I1 to I6).
//!
//! A peer that has started again cannot tell by its disk what it has said: the disk may be an old
//! one, or a copy of one that is still in use. So it first asks the other members, as a replica
//! recovers in *Viewstamped Replication Revisited* (Liskov and Cowling, 2012). From the answers it
//! learns what any quorum with its vote may have decided. The others count no earlier start of it
//! from then on, nor anything that was said by those who still count one: votes and promises name
//! the starts that their sender knows of, and only those that name the same are counted together.
//!
//! | file | question |
//! | --- | --- |
//! | `confirmation` | what do the others tell one that has started again? |
//! | `copies` | is there a copy of this peer, or does a member contradict itself? |
//! | this one | which starts are known, and counted? |

mod confirmation;
mod copies;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use althing_types::{Moment, PeerId, Term, Transaction};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha1::{Digest, Sha1};

use super::Paxos;
use super::membership::Members;
use crate::rounds::{
    Accepted, Durable, Equivocation, Event, MembershipDigest, Message, Output, Past, Refusal, Seat,
    Signed, SignedStart, Start, StartsDigest, State, Waiting, refuse,
};
use crate::{Queue, Recipient};

/// The starts of this peer and of the others.
#[derive(Clone, Debug, Hash)]
pub(super) struct Starts {
    own: Start,
    /// The highest number of a start with our name that this one did not say; 0 if there is none.
    taken: u64,
    /// How often this start has taken a higher number.
    retaken: u32,
    /// When it may do so next.
    may_retake: Moment,
    /// Whether a copy of this peer has been heard.
    copied: bool,
    /// What the others have answered, until they are enough.
    answers: Option<BTreeMap<PeerId, Answer>>,
    /// Up to this term, this peer does not lead, and makes no promise that is not on its disk.
    bound: Option<Term>,
    /// The latest solution that one of those who answered has accepted. This peer may have voted
    /// for it as well, so it reports it, and votes for no other in that term.
    hearsay: Option<Accepted>,
    /// The latest start of each other, unless it is the first.
    known: BTreeMap<PeerId, Latest>,
    known_max: usize,
    /// Stands for the starts of the members.
    digest: StartsDigest,
    /// Whether a member, or a copy of this peer, seems to know other starts.
    differs: bool,
    /// How many of the starts have been passed on, in the order of the peers.
    passed_on: usize,
    /// Peers that wait for an answer of ours.
    asking: BTreeMap<PeerId, Start>,
    equivocations: BTreeMap<PeerId, Equivocation>,
}

/// The latest start of a peer, as it has signed it; two with one number if its data were copied.
///
/// Which of two was heard first is chance, so members that know both go by neither: nothing counts
/// that either of them says.
#[derive(Clone, Debug, Hash)]
struct Latest {
    first: SignedStart,
    second: Option<SignedStart>,
    /// How often the two were passed on, since their peer may not know that its number is taken.
    told: u8,
}

impl Latest {
    /// Returns how it is counted: for two with one number, this is neither.
    fn counted(&self) -> Start {
        let start = self.first.start;
        Start { nonce: if self.second.is_some() { VOID } else { start.nonce }, ..start }
    }

    fn signed(&self) -> impl Iterator<Item = &SignedStart> {
        std::iter::once(&self.first).chain(&self.second)
    }
}

/// No start draws this as its random number.
const VOID: u64 = u64::MAX;

/// How often two starts with one number are passed on for each other's sake: a few of these
/// messages may be lost, and members that have both must not send them to each other for ever.
const TOLD_MAX: u8 = 16;

/// A start takes a higher number at once, and again after up to so many repetitions. Of two copies
/// that go on overtaking each other, neither would be confirmed.
const RETAKE_AFTER_MAX: u32 = 8;

/// What another member has promised and accepted.
#[derive(Clone, Debug, Hash)]
struct Answer {
    members: Option<MembershipDigest>,
    promised: Option<Term>,
    transaction: Transaction,
    accepted: Option<Accepted>,
}

/// Starts of others that are passed on at once: they reach every peer.
const PASSED_ON_MAX: usize = 8;

impl Starts {
    /// Returns the starts that a peer knows after a restart, and begins its own.
    pub(super) fn recovered(past: Past, nonce: u64, state: &mut State, peers: usize) -> Self {
        let own = match past {
            Past::New => Start::FIRST,
            // It says nothing any more: a higher number would end the other copy (rule I5).
            _ if state.start.copied => Start { number: state.start.number.max(1), nonce },
            Past::Kept | Past::Vouched => {
                Start { number: state.start.number.max(1).saturating_add(1), nonce }
            }
        };
        let mut known = BTreeMap::<PeerId, Latest>::new();
        for start in std::mem::take(&mut state.starts) {
            match known.entry(start.peer) {
                Entry::Vacant(place) => {
                    place.insert(Latest { first: start, second: None, told: 0 });
                }
                Entry::Occupied(mut latest) => latest.get_mut().second = Some(start),
            }
        }
        let equivocations = std::mem::take(&mut state.equivocations);
        Self {
            own,
            taken: 0,
            retaken: 0,
            may_retake: Moment::START,
            copied: state.start.copied,
            answers: (past == Past::Kept && peers > 1).then(BTreeMap::new),
            bound: None,
            hearsay: None,
            known,
            known_max: 4 * peers + 16,
            digest: StartsDigest::default(),
            differs: false,
            passed_on: 0,
            asking: BTreeMap::new(),
            equivocations: equivocations.into_iter().map(|it| (it.peer(), it)).collect(),
        }
    }

    /// Returns what stands for the starts of the members.
    pub(super) fn digest(&self) -> StartsDigest {
        self.digest
    }

    /// Returns this start as it is sent.
    pub(super) fn own(&self) -> Option<Start> {
        self.own.sent()
    }

    /// Returns the latest start of another peer, as it is counted.
    pub(super) fn of(&self, peer: PeerId) -> Start {
        self.known.get(&peer).map_or(Start::FIRST, Latest::counted)
    }

    /// Returns whether this peer may promise and vote: it is the only one of its name, as far as it
    /// knows, and the others have said what it may have forgotten.
    pub(super) fn may_act(&self) -> bool {
        self.answers.is_none() && !self.copied
    }

    /// Returns what this peer may have voted for, according to others.
    pub(super) fn hearsay(&self) -> Option<&Accepted> {
        self.hearsay.as_ref()
    }

    pub(super) fn is_copied(&self) -> bool {
        self.copied
    }

    /// Returns whether this peer may have said something in this term that it does not know.
    pub(super) fn is_bound_in(&self, term: Term) -> bool {
        self.bound.is_some_and(|bound| bound >= term)
    }

    pub(super) fn equivocating(&self) -> impl Iterator<Item = PeerId> {
        self.equivocations.keys().copied()
    }

    /// Takes note that a member counts with other starts than this peer.
    pub(super) fn compare(&mut self, theirs: StartsDigest) {
        self.differs |= theirs != self.digest;
    }

    /// Returns the lists that others can fill.
    pub(super) fn queues(&self) -> [Queue; 3] {
        let max = self.known_max;
        [
            Queue { name: "starts", len: self.known.len(), max },
            Queue { name: "peers to confirm", len: self.asking.len(), max },
            Queue {
                name: "confirmations",
                len: self.answers.as_ref().map_or(0, BTreeMap::len),
                max,
            },
        ]
    }

    /// Counts the starts of these members, and returns whether they are others than before.
    fn count(&mut self, members: &Members, me: PeerId) -> bool {
        let mut hash = Sha1::new();
        let mut is_any = false;
        for peer in members.peers() {
            let start = if peer == me { self.own } else { self.of(peer) };
            if let Some(Start { number, nonce }) = start.sent() {
                is_any = true;
                hash.update(peer.number().to_be_bytes());
                hash.update(number.to_be_bytes());
                hash.update(nonce.to_be_bytes());
            }
        }
        let [a, b, c, d, e, f, g, h, ..] = hash.finalize().0;
        let digest = u64::from_be_bytes([a, b, c, d, e, f, g, h]).max(1);
        let digest = StartsDigest(if is_any { digest } else { 0 });
        std::mem::replace(&mut self.digest, digest) != digest
    }
}

impl Paxos {
    /// Puts this start on disk before anything is said in it (rule I1).
    pub(super) fn begin_start(&mut self, out: &mut Vec<Output>) {
        if self.starts.copied {
            out.push(Output::Event(Event::Copied));
        } else if let Some(start) = self.starts.own() {
            out.push(Output::Persist(Durable::Started(start.number)));
        }
    }

    /// Counts the starts of the members anew, because a member has started again or there are other
    /// members, and says again what counts only together with theirs (rule I4).
    pub(super) fn count_starts(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Some(members) = self.membership.members() else { return };
        if self.membership.is_settled() {
            // Votes of non-members are not counted.
            self.starts.known.retain(|peer, _| members.contains(*peer));
        }
        if !self.starts.count(members, self.me) || !self.is_member() {
            return;
        }
        if let Some(promised) = self.promised.filter(|it| it.term == self.election.term) {
            self.note_own_promise(now, promised);
            self.say_election_state(out);
        }
        if self.has_voted_in_term() {
            self.repeat_own_vote(now, out);
        }
    }

    /// Takes note of the start that an announcement names.
    pub(super) fn note_start(
        &mut self,
        now: Moment,
        signed: &Signed,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let Message::Announcement { peer, key, members, start } = &signed.message else {
            return Err(Refusal::Unexpected);
        };
        let peer = *peer;
        let (start, known) = (start.unwrap_or(Start::FIRST), self.starts.of(peer));
        if start.number < known.number {
            self.starts.differs = true;
            return Err(Refusal::EarlierStart);
        }
        // The list of members is long, and of no use to others: the peer says it without as well.
        if members.is_some() || start == known || start.number <= 1 {
            return Ok(());
        }
        let said =
            SignedStart { peer, key: key.clone(), start, signature: signed.signature.clone() };
        if start.number == known.number
            && let Some(latest) = self.starts.known.get_mut(&peer)
        {
            let is_known = [Some(&latest.first), latest.second.as_ref()]
                .into_iter()
                .flatten()
                .any(|known| known.start == start);
            // Its peer may still learn that its number is taken, and then takes another.
            if !is_known || latest.told < TOLD_MAX {
                latest.told = latest.told.saturating_add(1);
                self.starts.differs = true;
            }
            if latest.second.is_none() {
                latest.second = Some(said.clone());
                let both = Box::new([latest.first.clone(), said.clone()]);
                self.note_equivocation(Equivocation::Starts(both), out);
                self.count_start(now, said, out);
                refuse(peer, Refusal::SecondStart, out);
            }
            // It is here all the same, and may be one of those who make up the members.
            return Ok(());
        }
        let is_member = self.membership.members().map(|members| members.contains(peer));
        let is_new = !self.starts.known.contains_key(&peer);
        let has_room = is_member.is_some_and(|is_member| is_member)
            || (is_member.is_none() && self.starts.known.len() < self.starts.known_max);
        if is_new && !has_room {
            return Ok(());
        }
        self.starts.known.insert(peer, Latest { first: said.clone(), second: None, told: 0 });
        self.count_start(now, said, out);
        Ok(())
    }

    /// Keeps a start of another that is now known, and counts it.
    fn count_start(&mut self, now: Moment, start: SignedStart, out: &mut Vec<Output>) {
        let peer = start.peer;
        out.push(Output::Persist(Durable::Start(start)));
        self.count_starts(now, out);
        // It has forgotten what it may have said as the leader of this term, so it leads no more.
        if self.election.leader == Some(peer) && self.is_member() && !self.is_finished() {
            self.request_term(now, out);
        }
    }

    /// Takes a higher number if another start with our name has this one or a later one. A peer
    /// that is not confirmed has promised and voted nothing in this start, so this is the same as
    /// to be killed and to start again (rule I1).
    fn retake(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Starts { own, taken, retaken, may_retake, .. } = &self.starts;
        let is_taken = *taken >= own.number && now >= *may_retake;
        if !is_taken || self.starts.answers.is_none() || self.starts.copied {
            return;
        }
        let retaken = retaken.saturating_add(1);
        let nonce = nonce(&self.rng, retaken);
        // Two copies that do this at the same moment have the same number only by chance.
        let Some(number) = taken.checked_add(1 + (nonce & 1)) else { return };
        let wait = 2_u32.saturating_pow(retaken - 1).min(RETAKE_AFTER_MAX);
        self.starts.own = Start { number, nonce };
        self.starts.retaken = retaken;
        self.starts.may_retake = now + wait * self.rules.timeouts.repeat;
        self.starts.answers = Some(BTreeMap::new());
        out.push(Output::Persist(Durable::Started(number)));
        self.count_starts(now, out);
    }

    /// Returns what this peer waits for before it may take part again, if it does.
    pub(super) fn unconfirmed(&self) -> Option<Waiting> {
        let answers = self.starts.answers.as_ref().filter(|_| self.has_seat())?;
        let members = self.membership.members()?;
        let (confirmed, needed) = (answers.len(), self.rules.confirmations_needed());
        let missing = |peer: &PeerId| *peer != self.me && !answers.contains_key(peer);
        let missing = members.peers().filter(missing).collect();
        Some(Waiting::Confirmation { confirmed, needed, missing })
    }

    /// Repeats what concerns starts: asks again for answers that are missing, and passes on the
    /// starts of others if a member does not seem to know them.
    pub(super) fn repeat_starts(&mut self, now: Moment, out: &mut Vec<Output>) {
        self.retake(now, out);
        if self.starts.answers.is_some() {
            if self.seat == Seat::Member {
                self.say_announcement(None, out);
            }
        } else if self.starts.differs && self.starts.own().is_some() {
            self.say_announcement(None, out);
        }
        if std::mem::take(&mut self.starts.differs) && self.seat == Seat::Member {
            let known: Vec<_> = self.starts.known.values().flat_map(Latest::signed).collect();
            let next = known.iter().cycle().skip(self.starts.passed_on % known.len().max(1));
            let next: Vec<_> = next.take(PASSED_ON_MAX.min(known.len())).collect();
            out.extend(
                next.iter()
                    .map(|start| Output::Send { to: Recipient::All, message: start.message() }),
            );
            self.starts.passed_on = self.starts.passed_on.wrapping_add(next.len());
        }
    }
}

/// Returns a number that is drawn anew at each start, and each time it takes a higher number.
pub(super) fn nonce(rng: &ChaCha8Rng, retaken: u32) -> u64 {
    let mut rng = ChaCha8Rng::from_seed(rng.get_seed());
    // Draws use the streams from zero on, one for each term.
    rng.set_stream(u64::MAX);
    rng.set_word_pos(u128::from(retaken) << 16);
    rng.random_range(0..VOID)
}
