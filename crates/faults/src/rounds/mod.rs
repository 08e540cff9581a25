//! Peers that are honest except in one thing.
//!
//! A dishonest peer here has the engine of an honest one; a [`Role`] stands between that engine and
//! the network, and changes one behaviour: what the peer says of its votes, of its rows, of its
//! challenges. It has a member's key and no other.
//!
//! # What one such member can do, and what it cannot
//!
//! Rounds promises agreement among members that crash, not among members that lie. With signatures
//! on, this is what that comes to, and the simulator (`sim/tests/it/rounds/byzantine.rs`) holds it
//! to this table:
//!
//! | role | one table? | rows go on? |
//! | --- | --- | --- |
//! | [`Role::VotesTwice`], [`Role::VotesForOthers`] | yes | yes |
//! | [`Role::IssuesChallenges`], [`Role::InvalidSolutions`] | yes | yes |
//! | [`Role::Replays`], [`Role::Floods`], [`Role::ForgesRows`] | yes | yes |
//! | [`Role::LiesAboutHeight`], [`Role::AcceptsNonsense`] | yes | yes |
//! | [`Role::ClaimsLeadership`] | yes | yes, mostly under its lead |
//! | [`Role::AsksTooMuch`], [`Role::WithholdsVotes`] | yes | yes; its lead costs a minute |
//! | [`Role::Silent`], [`Role::SpeaksPlainly`] | yes | yes, in networks of four or more |
//! | [`Role::Equivocates`] | **not if it leads** | yes; its lead may cost a minute |
//! | [`Role::HidesAcceptance`] | **not with an odd number of members** | yes |
//! | [`Role::InventsAcceptance`] | **no** | yes |
//!
//! The last three are the limit. A row is decided by `floor(N/2)+1` votes, and the leader of a
//! later term learns of it from `floor(N/2)+1` promises. With an odd N these may share one member
//! only: if that one says that it never voted, a second solution can be decided beside the first;
//! and if it leads and votes both ways, that takes no other leader. With an even N they share two,
//! one of them honest, who tells. But to the next leader two solutions that were accepted in one
//! term look alike, and a promise has no proof of the acceptance that it reports, nor of its term:
//! a leader that equivocates, or a member that invents an acceptance of a late enough term, can
//! have the next leader propose another solution than the decided one. The same goes for a leader
//! that does not listen to what it is told. With an even N, two tables always need a change of
//! leader, at a moment when some have recorded a row and others not.
//!
//! Without signatures any client that can publish can play any of these roles, in the name of one
//! member after another. And with or without signatures, until the members are settled any peer
//! that announces itself can take a seat, and a peer that shows two keys to different peers can
//! keep the members from being settled: a group that must not be disturbed by strangers keeps its
//! room name secret.
//!
//! # Files
//!
//! | file | question |
//! | --- | --- |
//! | `votes` | how can a member misuse votes? |
//! | `leading` | how can it misuse challenges and elections? |
//! | `rows` | how can it lie about its rows, and about the solutions it has accepted? |
//! | `noise` | which useless messages can it send? |
//! | this one | which roles are there? |

mod leading;
mod noise;
mod rows;
mod votes;

use std::collections::VecDeque;
use std::fmt;

use althing_engine::Recipient;
use althing_engine::rounds::{
    Authenticator, Challenge, Event, Message, Rounds, Rules, Signature, Signed,
};
use althing_pow::Task;
use althing_types::{Difficulty, PeerId, Seed, Transaction};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::{Byzantine, Sending, solution_from};

/// In what a peer is not honest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// After each vote for another's proposal it votes for a second solution too.
    VotesTwice,
    /// It says each of its votes in the name of every other member as well.
    VotesForOthers,
    /// It draws the highest number each time, and names itself.
    ClaimsLeadership,
    /// Without leading, it asks for solutions and proposes one of its own.
    IssuesChallenges,
    /// As the leader, it asks for more bits than any peer can find.
    AsksTooMuch,
    /// Its solutions solve nothing.
    InvalidSolutions,
    /// It never votes, and so proposes nothing when it leads.
    WithholdsVotes,
    /// It announces itself, and sends nothing else.
    Silent,
    /// It leaves out what members add to the plain protocol, and does not sign. Where keys are
    /// required it is no member.
    SpeaksPlainly,
    /// It repeats messages that it has heard, of any sender.
    Replays,
    /// Once the members are settled, it sends four pieces of nonsense for each message.
    Floods,
    /// It claims to be a thousand rows ahead.
    LiesAboutHeight,
    /// It hands out rows that were never decided, with invented votes.
    ForgesRows,
    /// It votes for one solution before half of the others, and for another one before the rest.
    Equivocates,
    /// It names leaders without telling them what it has accepted.
    HidesAcceptance,
    /// It tells the leaders it names that it has accepted what is no solution.
    AcceptsNonsense,
    /// It tells the leaders it names that it has accepted a solution that no leader proposed.
    InventsAcceptance,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 17] = [
        Self::VotesTwice,
        Self::VotesForOthers,
        Self::ClaimsLeadership,
        Self::IssuesChallenges,
        Self::AsksTooMuch,
        Self::InvalidSolutions,
        Self::WithholdsVotes,
        Self::Silent,
        Self::SpeaksPlainly,
        Self::Replays,
        Self::Floods,
        Self::LiesAboutHeight,
        Self::ForgesRows,
        Self::Equivocates,
        Self::HidesAcceptance,
        Self::AcceptsNonsense,
        Self::InventsAcceptance,
    ];

    /// Returns whether honest members keep one table with one member like this among `members`
    /// who sign.
    pub fn keeps_one_table(self, members: usize) -> bool {
        match self {
            Self::HidesAcceptance => members.is_multiple_of(2),
            Self::Equivocates | Self::InventsAcceptance => false,
            _ => true,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::VotesTwice => "votes twice",
            Self::VotesForOthers => "votes for others",
            Self::ClaimsLeadership => "claims leadership",
            Self::IssuesChallenges => "issues challenges it may not",
            Self::AsksTooMuch => "asks for what no search can find",
            Self::InvalidSolutions => "sends invalid solutions",
            Self::WithholdsVotes => "withholds its votes",
            Self::Silent => "withholds everything",
            Self::SpeaksPlainly => "speaks the plain protocol",
            Self::Replays => "replays old messages",
            Self::Floods => "floods the network",
            Self::LiesAboutHeight => "lies about its height",
            Self::ForgesRows => "offers rows that were never decided",
            Self::Equivocates => "says different things to different peers",
            Self::HidesAcceptance => "hides what it accepted",
            Self::AcceptsNonsense => "claims to have accepted nonsense",
            Self::InventsAcceptance => "invents what it accepted",
        })
    }
}

/// A dishonest member: the engine is that of an honest one, and this stands between it and the
/// network.
pub struct ByzantineMember {
    role: Role,
    me: PeerId,
    authenticator: Box<dyn Authenticator>,
    rules: Rules,
    peers: Vec<PeerId>,
    /// Bits of what it solves by the way.
    bits_max: u16,
    rng: ChaCha8Rng,
    leader: Option<PeerId>,
    /// Whether the members are settled.
    settled: bool,
    /// The latest messages it has received.
    memory: VecDeque<Signed>,
    sent: Vec<Sending<Signed>>,
}

/// A search ends after so many times the candidates that it takes on average, as one in millions
/// does.
const SEARCH_FACTOR: u64 = 16;

/// Messages a dishonest member remembers.
const MEMORY_MAX: usize = 64;

impl ByzantineMember {
    /// Returns a member that plays `role` among `peers`, of which it is `me` and signs as that.
    /// Peers are called by their places in that list. What it leaves to chance is drawn from `rng`.
    ///
    /// It looks for solutions that were not asked for, on the caller's thread, if they take no more
    /// than `bits_max` bits of luck, each of which doubles the time; without them it lies less.
    pub fn new(
        role: Role,
        me: PeerId,
        authenticator: Box<dyn Authenticator>,
        rules: Rules,
        peers: Vec<PeerId>,
        bits_max: u16,
        rng: ChaCha8Rng,
    ) -> Self {
        let (memory, sent) = (VecDeque::new(), Vec::new());
        let (leader, settled) = (None, false);
        Self { role, me, authenticator, rules, peers, bits_max, rng, leader, settled, memory, sent }
    }

    fn leads(&self) -> bool {
        self.leader == Some(self.me)
    }

    /// Sends the message of an honest peer unchanged.
    fn pass_on(&mut self, signed: Signed) {
        self.sent.push(Sending { message: signed, to: Recipient::All, only: None });
    }

    /// Sends something, signed with its own key.
    fn send_signed(&mut self, message: Message) {
        self.send_to(message, None);
    }

    fn send_to(&mut self, message: Message, only: Option<Vec<usize>>) {
        let signature = self.authenticator.signature(&message);
        let message = Signed { message, signature };
        self.sent.push(Sending { message, to: Recipient::All, only });
    }

    /// Returns the first solution from the candidate `from` on, if it is soon found.
    fn solution_from(&self, difficulty: Difficulty, from: u64) -> Option<Seed> {
        let bits = self.rules.puzzle.bits(difficulty);
        if bits > self.bits_max {
            return None;
        }
        let candidates = 1_u64.checked_shl(bits.into())?.saturating_mul(SEARCH_FACTOR);
        let (transaction, finder) = (Transaction::FIRST, self.me);
        let task = Task { transaction, difficulty, finder, salt: 0 };
        let challenge = Challenge { puzzle: self.rules.puzzle.clone(), task };
        solution_from(&challenge, from, candidates)
    }

    /// Returns a solution that is not `seed`.
    fn another_solution(&mut self, difficulty: Difficulty, seed: &Seed) -> Option<Seed> {
        let from = self.rng.random_range(0..1 << 32);
        let found = self.solution_from(difficulty, from).filter(|other| other != seed);
        found.or_else(|| self.solution_from(difficulty, from + (1 << 32)))
    }

    /// Returns who the other peers are.
    fn others(&self) -> Vec<PeerId> {
        self.peers.iter().copied().filter(|peer| *peer != self.me).collect()
    }

    /// Returns a signature that is not valid for any key.
    fn forged_signature(&mut self) -> Signature {
        Signature::new((0..64).map(|_| self.rng.random::<u8>()).collect())
    }
}

impl Byzantine<Rounds> for ByzantineMember {
    fn send(&mut self, _: Recipient, signed: Signed) -> Vec<Sending<Signed>> {
        match self.role {
            Role::VotesTwice => votes::twice(self, signed),
            Role::VotesForOthers => votes::for_others(self, signed),
            Role::WithholdsVotes => votes::withhold(self, signed),
            Role::Equivocates => votes::split(self, signed),
            Role::ClaimsLeadership => leading::claim(self, signed),
            Role::AsksTooMuch => leading::ask_too_much(self, signed),
            Role::LiesAboutHeight => rows::lie_about_height(self, signed),
            Role::ForgesRows => rows::forge(self, signed),
            Role::HidesAcceptance => rows::hide_acceptance(self, signed),
            Role::AcceptsNonsense => rows::accept_nonsense(self, signed),
            Role::InventsAcceptance => rows::invent_acceptance(self, signed),
            Role::InvalidSolutions => noise::spoil_solution(self, signed),
            Role::SpeaksPlainly => noise::say_plainly(self, signed),
            Role::Replays => noise::replay(self, signed),
            Role::Floods => noise::flood(self, signed),
            Role::Silent => noise::say_only_here(self, signed),
            Role::IssuesChallenges => self.pass_on(signed),
        }
        std::mem::take(&mut self.sent)
    }

    fn receive(&mut self, signed: &Signed) -> Vec<Sending<Signed>> {
        if signed.message.peer() == self.me {
            return Vec::new();
        }
        match self.role {
            Role::IssuesChallenges => leading::ask_too(self, &signed.message),
            Role::ForgesRows => rows::offer(self, &signed.message),
            Role::Replays => {
                if self.memory.len() >= MEMORY_MAX {
                    self.memory.pop_front();
                }
                self.memory.push_back(signed.clone());
            }
            _ => {}
        }
        std::mem::take(&mut self.sent)
    }

    fn observe(&mut self, event: &Event) {
        match event {
            Event::LeaderElected { leader, .. } => self.leader = Some(*leader),
            Event::MembershipSettled { .. } => self.settled = true,
            _ => {}
        }
    }
}
