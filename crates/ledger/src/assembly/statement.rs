//! What members say, which bytes they sign, and when two words contradict each other (rules L4 and
//! L12).

use std::fmt;

use althing_types::{BlockHash, View};
use serde::{Deserialize, Serialize};

use crate::charter::{ChainId, Charter, MemberIndex};
use crate::signature::{Authenticator, Claim, Signature};

/// What a member can say in a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Statement {
    /// "I have this block of the view, and it is valid." Of the leader it is also the proposal.
    Notarize {
        /// The view of the block.
        view: View,
        /// The block.
        block: BlockHash,
    },
    /// "This view need not have a block, and I shall not finalize one."
    Nullify {
        /// The view.
        view: View,
    },
    /// "I have seen this block notarized, and have not nullified its view, nor ever shall."
    Finalize {
        /// The view of the block.
        view: View,
        /// The block.
        block: BlockHash,
    },
}

/// The kinds of statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StatementKind {
    /// [`Statement::Notarize`].
    Notarize,
    /// [`Statement::Nullify`].
    Nullify,
    /// [`Statement::Finalize`].
    Finalize,
}

/// What a member has said, with its signature. Nothing about it has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SignedStatement {
    /// What it has said.
    pub statement: Statement,
    /// The member that says it.
    pub member: MemberIndex,
    /// Its signature.
    pub signature: Signature,
}

/// Two statements of one member that no honest member makes both (rule L12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Evidence {
    /// The member.
    pub member: MemberIndex,
    /// One statement, with its signature.
    pub first: (Statement, Signature),
    /// The other one, with its signature.
    pub second: (Statement, Signature),
}

/// What stands before a statement that is signed.
const DOMAIN: &[u8; 20] = b"althing statement 1\n";

impl Statement {
    /// Returns the view that it is about.
    pub fn view(&self) -> View {
        match self {
            Self::Notarize { view, .. } | Self::Nullify { view } | Self::Finalize { view, .. } => {
                *view
            }
        }
    }

    /// Returns the block that it is about, if it is about one.
    pub fn block(&self) -> Option<BlockHash> {
        match self {
            Self::Notarize { block, .. } | Self::Finalize { block, .. } => Some(*block),
            Self::Nullify { .. } => None,
        }
    }

    /// Returns its kind.
    pub fn kind(&self) -> StatementKind {
        match self {
            Self::Notarize { .. } => StatementKind::Notarize,
            Self::Nullify { .. } => StatementKind::Nullify,
            Self::Finalize { .. } => StatementKind::Finalize,
        }
    }

    /// Returns the bytes that a member of the chain signs.
    pub fn signed_bytes(&self, chain: &ChainId) -> Vec<u8> {
        let kind = match self.kind() {
            StatementKind::Notarize => 0,
            StatementKind::Nullify => 1,
            StatementKind::Finalize => 2,
        };
        let mut bytes = DOMAIN.to_vec();
        bytes.extend_from_slice(chain.as_bytes());
        bytes.push(kind);
        bytes.extend_from_slice(&self.view().number().to_be_bytes());
        if let Some(block) = self.block() {
            bytes.extend_from_slice(block.as_bytes());
        }
        bytes
    }

    /// Returns whether no honest member says both: two blocks notarized or finalized in a view, or
    /// a view nullified in which a block was finalized (rules L7 to L9).
    pub fn contradicts(&self, other: &Self) -> bool {
        if self.view() != other.view() {
            return false;
        }
        match (self.kind(), other.kind()) {
            (StatementKind::Nullify, StatementKind::Finalize)
            | (StatementKind::Finalize, StatementKind::Nullify) => true,
            (kind, same) if kind == same => self.block() != other.block(),
            _ => false,
        }
    }
}

impl SignedStatement {
    /// Returns the statement of a member, signed.
    pub fn sign(
        statement: Statement,
        member: MemberIndex,
        chain: &ChainId,
        authenticator: &dyn Authenticator,
    ) -> Self {
        let signature = authenticator.sign(&statement.signed_bytes(chain));
        Self { statement, member, signature }
    }

    /// Returns whether it is by that member of the charter.
    pub fn is_authentic(
        &self,
        charter: &Charter,
        chain: &ChainId,
        authenticator: &dyn Authenticator,
    ) -> bool {
        let Some(member) = charter.member(self.member) else { return false };
        let message = self.statement.signed_bytes(chain);
        let claim = Claim { key: member.key, signature: self.signature, message: &message };
        authenticator.are_authentic(&[claim])
    }
}

impl Evidence {
    /// Returns the evidence that two statements are, if they are of one member and contradict each
    /// other. Their signatures are not checked.
    pub fn of(first: &SignedStatement, second: &SignedStatement) -> Option<Self> {
        let is_one = first.member == second.member;
        (is_one && first.statement.contradicts(&second.statement)).then_some(Self {
            member: first.member,
            first: (first.statement, first.signature),
            second: (second.statement, second.signature),
        })
    }

    /// Returns whether it proves that the member has contradicted itself. Anyone who has the
    /// charter can tell.
    pub fn holds(
        &self,
        charter: &Charter,
        chain: &ChainId,
        authenticator: &dyn Authenticator,
    ) -> bool {
        let signed =
            |(statement, signature)| SignedStatement { statement, member: self.member, signature };
        self.first.0.contradicts(&self.second.0)
            && [self.first, self.second]
                .into_iter()
                .all(|word| signed(word).is_authentic(charter, chain, authenticator))
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Notarize { view, block } => write!(f, "notarize {block:.8} in view {view}"),
            Self::Nullify { view } => write!(f, "nullify view {view}"),
            Self::Finalize { view, block } => write!(f, "finalize {block:.8} in view {view}"),
        }
    }
}
