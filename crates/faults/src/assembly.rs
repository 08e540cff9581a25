//! Members of a charter that are honest except in one thing.
//!
//! An assembly keeps all of its promises with fewer than a third of its members like this, whatever
//! they do and whenever: that is what the Byzantine fault model is. So each role here leaves honest
//! members with one chain that goes on; what it costs is time in the views that a dishonest member
//! leads. A member that contradicts itself leaves evidence, which every honest member keeps.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use althing_engine::Recipient;
use althing_engine::simplex::{Message, Simplex, Status};
use althing_ledger::NativeBlock;
use althing_ledger::assembly::{Authenticator, Seal, SignedStatement, Statement};
use althing_ledger::charter::{ChainId, MemberIndex};
use althing_types::{BlockHash, Height};

use crate::{Byzantine, Sending};

/// The one thing in which a member is dishonest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It sends nothing.
    Silent,
    /// When it leads, it proposes one block to half of the others and another one to the rest, and
    /// notarizes both.
    ProposesTwice,
    /// It notarizes a block that does not exist besides each that does, nullifies what it
    /// finalizes, and finalizes what it nullifies.
    VotesTwice,
    /// It notarizes and finalizes whatever is proposed, at once and unseen, and nullifies the view.
    VotesForAll,
    /// It only ever votes to nullify.
    NullifiesAll,
    /// When it leads, its blocks break a rule.
    InvalidBlocks,
    /// Its votes are in the names of the others.
    VotesForOthers,
    /// It repeats old messages of anyone.
    Replays,
    /// It claims to have a thousand blocks more than it has, and sends none.
    LiesAboutHeight,
    /// It notarizes blocks and sends its proposals to one other member only, and never a block that
    /// it is asked for.
    WithholdsBlocks,
    /// Its votes reach one other member only, each time another one.
    VotesToOne,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 11] = [
        Self::Silent,
        Self::ProposesTwice,
        Self::VotesTwice,
        Self::VotesForAll,
        Self::NullifiesAll,
        Self::InvalidBlocks,
        Self::VotesForOthers,
        Self::Replays,
        Self::LiesAboutHeight,
        Self::WithholdsBlocks,
        Self::VotesToOne,
    ];
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silent => "withholds everything",
            Self::ProposesTwice => "proposes two blocks in a view",
            Self::VotesTwice => "contradicts each of its votes",
            Self::VotesForAll => "votes for whatever is proposed, and against it",
            Self::NullifiesAll => "nullifies every view",
            Self::InvalidBlocks => "proposes invalid blocks",
            Self::VotesForOthers => "votes for others",
            Self::Replays => "replays old messages",
            Self::LiesAboutHeight => "claims blocks that it does not have",
            Self::WithholdsBlocks => "withholds blocks",
            Self::VotesToOne => "sends each vote to one member only",
        })
    }
}

/// A dishonest member: the engine is that of an honest one, and this stands between it and the
/// network.
pub struct ByzantineMember {
    role: Role,
    me: MemberIndex,
    /// How many members there are. On the bus they have the places of their indexes.
    members: usize,
    chain: ChainId,
    authenticator: Arc<dyn Authenticator>,
    /// The latest messages that it has heard.
    memory: VecDeque<Message>,
    /// How many messages it has sent.
    sent: usize,
}

/// Messages that a dishonest member remembers.
const MEMORY_MAX: usize = 64;

impl ByzantineMember {
    /// Returns a member that plays `role`, of which it is `me` and signs as that.
    pub fn new(
        role: Role,
        me: MemberIndex,
        members: usize,
        chain: ChainId,
        authenticator: Arc<dyn Authenticator>,
    ) -> Self {
        let memory = VecDeque::new();
        Self { role, me, members, chain, authenticator, memory, sent: 0 }
    }

    fn sign(&self, statement: Statement) -> SignedStatement {
        SignedStatement::sign(statement, self.me, &self.chain, &*self.authenticator)
    }

    fn vote(&self, statement: Statement) -> Message {
        Message::Vote(self.sign(statement))
    }

    /// Returns the others, split into two halves.
    fn halves(&self) -> [Vec<usize>; 2] {
        let me = usize::from(self.me.0);
        let others = (0..self.members).filter(|member| *member != me);
        let (even, odd) = others.partition(|member| member.is_multiple_of(2));
        [even, odd]
    }

    /// Returns what it sends where an honest member would send `message`.
    fn distort(&mut self, to: &Recipient, message: Message) -> Vec<Sending<Message>> {
        let all = |message| Sending { message, to: to.clone(), only: None };
        let only = |message, only| Sending { message, to: to.clone(), only: Some(only) };
        match (self.role, message) {
            (Role::Silent, _) => Vec::new(),
            (Role::ProposesTwice, Message::Proposal { word, block }) => {
                let second = Arc::new(with_other_salt(&block));
                let (view, hash) = (word.statement.view(), second.hash());
                let other = self.sign(Statement::Notarize { view, block: hash });
                let [even, odd] = self.halves();
                vec![
                    only(Message::Proposal { word, block }, even.clone()),
                    only(Message::Proposal { word: other, block: second }, odd.clone()),
                    only(Message::Vote(word), even),
                    only(Message::Vote(other), odd),
                ]
            }
            (Role::VotesTwice, Message::Vote(word)) => {
                let view = word.statement.view();
                let nowhere = BlockHash::from_bytes([0xee; 32]);
                let contrary = match word.statement {
                    Statement::Notarize { .. } => Statement::Notarize { view, block: nowhere },
                    Statement::Finalize { .. } => Statement::Nullify { view },
                    Statement::Nullify { .. } => Statement::Finalize { view, block: nowhere },
                };
                vec![all(self.vote(contrary)), all(Message::Vote(word))]
            }
            (Role::NullifiesAll, Message::Vote(word)) => {
                vec![all(self.vote(Statement::Nullify { view: word.statement.view() }))]
            }
            (Role::NullifiesAll, Message::Proposal { word, .. }) => {
                vec![all(self.vote(Statement::Nullify { view: word.statement.view() }))]
            }
            (Role::InvalidBlocks, Message::Proposal { word, block }) => {
                let block = Arc::new(spoilt(&block, self.sent));
                let (view, hash) = (word.statement.view(), block.hash());
                let word = self.sign(Statement::Notarize { view, block: hash });
                vec![all(Message::Proposal { word, block })]
            }
            (Role::VotesForOthers, Message::Vote(word)) => {
                let others = (0..self.members).filter_map(|member| u16::try_from(member).ok());
                let forged = |member| {
                    all(Message::Vote(SignedStatement { member: MemberIndex(member), ..word }))
                };
                others.map(forged).collect()
            }
            (Role::Replays, message) => {
                let place = self.sent.checked_rem(self.memory.len());
                let old = place.and_then(|place| self.memory.get(place)).cloned();
                [Some(message), old].into_iter().flatten().map(all).collect()
            }
            (Role::LiesAboutHeight, Message::Status(status)) => {
                let height = Height::new(status.height.number() + 1000);
                let claim = (self.me, status.view, height, status.beat);
                vec![all(Message::Status(Status::sign(claim, &self.chain, &*self.authenticator)))]
            }
            (Role::LiesAboutHeight, Message::Run(_)) => Vec::new(),
            (Role::WithholdsBlocks, message @ Message::Proposal { .. }) => {
                let [even, odd] = self.halves();
                let first = even.into_iter().chain(odd).take(1).collect();
                vec![only(message, first)]
            }
            (Role::WithholdsBlocks, Message::Body(_) | Message::Run(_)) => Vec::new(),
            (Role::VotesToOne, message @ Message::Vote(_)) => {
                let others: Vec<usize> = self.halves().concat();
                let one = self.sent.checked_rem(others.len()).map(|place| others[place]);
                vec![only(message, one.into_iter().collect())]
            }
            (_, message) => vec![all(message)],
        }
    }
}

impl Byzantine<Simplex> for ByzantineMember {
    /// It hears its own lies, and goes on lying.
    fn prepare(&self, engine: &mut Simplex) {
        engine.ignore_own_words();
    }

    fn send(&mut self, to: Recipient, message: Message) -> Vec<Sending<Message>> {
        self.sent += 1;
        self.distort(&to, message)
    }

    fn receive(&mut self, message: &Message) -> Vec<Sending<Message>> {
        match (self.role, message) {
            (Role::Replays, _) => {
                if self.memory.len() >= MEMORY_MAX {
                    self.memory.pop_front();
                }
                self.memory.push_back(message.clone());
                Vec::new()
            }
            (Role::VotesForAll, Message::Proposal { word, .. }) if word.member != self.me => {
                let Some(block) = word.statement.block() else { return Vec::new() };
                let view = word.statement.view();
                let statements = [
                    Statement::Notarize { view, block },
                    Statement::Finalize { view, block },
                    Statement::Nullify { view },
                ];
                let vote = |statement| Sending {
                    message: self.vote(statement),
                    to: Recipient::All,
                    only: None,
                };
                statements.into_iter().map(vote).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Returns a block that is as valid as `block`, and another one.
fn with_other_salt(block: &NativeBlock) -> NativeBlock {
    let mut other = block.clone();
    if let Some(seal) = Seal::of(block) {
        other.coinbase.miner = Seal { salt: seal.salt ^ 1, ..seal }.to_text().into();
    }
    // The root is computed anew.
    let extra_nonce = other.coinbase.extra_nonce;
    other.set_extra_nonce(extra_nonce);
    other
}

/// Returns `block` with one of several things wrong with it.
fn spoilt(block: &NativeBlock, which: usize) -> NativeBlock {
    let mut spoilt = block.clone();
    match which % 4 {
        0 => spoilt.header.time = spoilt.header.time.saturating_add(3600),
        1 => spoilt.header.time = 0,
        2 => spoilt.coinbase.height = spoilt.coinbase.height.next(),
        _ => spoilt.entries = [althing_ledger::Entry::text("not signed")].into(),
    }
    let extra_nonce = spoilt.coinbase.extra_nonce;
    spoilt.set_extra_nonce(extra_nonce);
    spoilt
}
