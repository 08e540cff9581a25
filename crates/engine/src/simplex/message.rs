//! What peers of an assembly say to each other.

use std::sync::Arc;

use althing_ledger::assembly::{
    Authenticator, Certificate, CertifiedRun, Claim, Evidence, Signature, SignedStatement,
};
use althing_ledger::charter::{ChainId, Charter, MemberIndex};
use althing_ledger::{Entry, NativeBlock};
use althing_types::{BlockHash, Height, View};

/// One message. Each is for all peers of the network, but for answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// The leader of a view asks for a block (rule L5).
    Challenge(Challenge),
    /// A member has found a block for a challenge. Anyone may send it: the leader checks it.
    Solution(Arc<NativeBlock>),
    /// The leader proposes a block, by notarizing it (rule L6).
    Proposal {
        /// Its statement.
        word: SignedStatement,
        /// The block.
        block: Arc<NativeBlock>,
    },
    /// A member says something about a view (rules L7 to L9).
    Vote(SignedStatement),
    /// A quorum has said something; at most [`CERTIFICATES_MAX`] of them.
    Certificates(Vec<Certificate>),
    /// A member says how far it is (rule L14).
    Status(Status),
    /// A peer lacks something (rule L15).
    Request(Request),
    /// An answer: a block that is not committed yet.
    Body(Arc<NativeBlock>),
    /// An answer: committed blocks.
    Run(Box<CertifiedRun>),
    /// Entries for the next blocks (rule L17); at most [`ENTRIES_PER_MESSAGE`] of them.
    Entries(Vec<Entry>),
    /// What proves that a member has contradicted itself (rule L12).
    Evidence(Evidence),
}

impl Message {
    /// Returns its kind, in a word or two.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Challenge(_) => "challenge",
            Self::Solution(_) => "solution",
            Self::Proposal { .. } => "proposal",
            Self::Vote(_) => "vote",
            Self::Certificates(_) => "certificates",
            Self::Status(_) => "status",
            Self::Request(Request::Blocks { .. }) => "request for blocks",
            Self::Request(Request::Body(_)) => "request for a block",
            Self::Request(Request::Certificates(_)) => "request for certificates",
            Self::Body(_) => "block",
            Self::Run(_) => "blocks",
            Self::Entries(_) => "entries",
            Self::Evidence(_) => "evidence",
        }
    }

    /// Returns the member whose word it is, by that word; `None` of what anyone may pass on.
    pub fn speaker(&self) -> Option<MemberIndex> {
        match self {
            Self::Proposal { word, .. } | Self::Vote(word) => Some(word.member),
            Self::Status(status) => Some(status.member),
            _ => None,
        }
    }
}

/// Certificates that a message may have.
pub const CERTIFICATES_MAX: usize = 16;

/// Entries that a message may have.
pub const ENTRIES_PER_MESSAGE: usize = 256;

/// Bytes that the entries or the blocks of a message may have together.
pub const MESSAGE_BYTES_MAX: usize = 128 * 1024;

/// The leader's call for a block (rule L5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Challenge {
    /// The view.
    pub view: View,
    /// The block that it should follow.
    pub parent: BlockHash,
    /// What it must contain besides, so that none could be made in advance.
    pub salt: u64,
    /// The leader's signature.
    pub signature: Signature,
}

/// How far a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status {
    /// The member.
    pub member: MemberIndex,
    /// The view in which it is.
    pub view: View,
    /// The height of the last block that it has committed.
    pub height: Height,
    /// More than in all that it has said in this view, so that a message that is repeated by
    /// another peer is no sign of life.
    pub beat: u64,
    /// Its signature.
    pub signature: Signature,
}

/// What a peer lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Request {
    /// Committed blocks, of one member.
    Blocks {
        /// The member that is asked.
        of: MemberIndex,
        /// The height of the first one.
        from: Height,
    },
    /// A block that is not committed yet.
    Body(BlockHash),
    /// What let others leave this view and those after it.
    Certificates(View),
}

/// What stands before a challenge that is signed.
const CHALLENGE_DOMAIN: &[u8] = b"althing challenge 1\n";

/// What stands before a status that is signed.
const STATUS_DOMAIN: &[u8] = b"althing status 1\n";

impl Challenge {
    /// Returns the challenge of the leader of a view, signed. The salt follows from its signature
    /// under the rest: so only it could know it before, and it has none to choose.
    pub fn sign(
        view: View,
        parent: BlockHash,
        chain: &ChainId,
        authenticator: &dyn Authenticator,
    ) -> Self {
        let seed = authenticator.sign(&challenge_bytes(chain, view, &parent, None));
        let (first, _) = seed.as_bytes().split_first_chunk().expect("64 bytes are more than 8");
        let salt = u64::from_be_bytes(*first);
        let bytes = challenge_bytes(chain, view, &parent, Some(salt));
        Self { view, parent, salt, signature: authenticator.sign(&bytes) }
    }

    /// Returns whether it is the leader's.
    pub fn is_authentic(
        &self,
        charter: &Charter,
        chain: &ChainId,
        authenticator: &dyn Authenticator,
    ) -> bool {
        let Self { view, parent, salt, signature } = self;
        let Some(leader) = charter.member(charter.leader_of(chain, *view)) else { return false };
        let message = challenge_bytes(chain, *view, parent, Some(*salt));
        let claim = Claim { key: leader.key, signature: *signature, message: &message };
        authenticator.are_authentic(&[claim])
    }
}

fn challenge_bytes(chain: &ChainId, view: View, parent: &BlockHash, salt: Option<u64>) -> Vec<u8> {
    let mut bytes = [CHALLENGE_DOMAIN, chain.as_bytes()].concat();
    bytes.extend_from_slice(&view.number().to_be_bytes());
    bytes.extend_from_slice(parent.as_bytes());
    bytes.extend(salt.into_iter().flat_map(u64::to_be_bytes));
    bytes
}

impl Status {
    /// Returns the status of a member, signed.
    pub fn sign(
        (member, view, height, beat): (MemberIndex, View, Height, u64),
        chain: &ChainId,
        authenticator: &dyn Authenticator,
    ) -> Self {
        let signature = Signature::from_bytes([0; 64]);
        let mut status = Self { member, view, height, beat, signature };
        status.signature = authenticator.sign(&status.signed_bytes(chain));
        status
    }

    /// Returns whether it is that member's.
    pub fn is_authentic(
        &self,
        charter: &Charter,
        chain: &ChainId,
        authenticator: &dyn Authenticator,
    ) -> bool {
        let Some(member) = charter.member(self.member) else { return false };
        let message = self.signed_bytes(chain);
        let claim = Claim { key: member.key, signature: self.signature, message: &message };
        authenticator.are_authentic(&[claim])
    }

    fn signed_bytes(&self, chain: &ChainId) -> Vec<u8> {
        let mut bytes = [STATUS_DOMAIN, chain.as_bytes()].concat();
        bytes.extend_from_slice(&self.member.0.to_be_bytes());
        for number in [self.view.number(), self.height.number(), self.beat] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes
    }
}
