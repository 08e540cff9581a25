//! A peer's commands, timers and events, and how long it waits.

use std::sync::Arc;
use std::time::Duration;

use althing_ledger::assembly::{BlockProblem, CertificateProblem, Evidence, RunProblem};
use althing_ledger::charter::MemberIndex;
use althing_ledger::{EntriesRefused, Entry, NativeBlock, NotSigned};
use althing_types::{BlockHash, Height, View};

use crate::Ground;
use crate::liveness::SilenceLimits;

/// What the user of a peer may ask it to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Have these entries committed.
    Submit(Vec<Entry>),
}

/// What a timer was for. One that comes late is recognised by its content and dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Say how far we are, and repeat what others may lack (rule L14).
    Tick,
    /// Something in this view may be due: our own block, or a vote to nullify it.
    View(View),
}

/// What has happened, for users, logs and scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// This peer begins to follow its charter.
    Started,
    /// A view has begun.
    ViewEntered {
        /// The view.
        view: View,
        /// The member that was drawn to lead it.
        leader: MemberIndex,
    },
    /// A quorum has notarized a block.
    Notarized {
        /// The view.
        view: View,
        /// The block.
        block: BlockHash,
    },
    /// A quorum has nullified a view.
    Nullified {
        /// The view.
        view: View,
    },
    /// A block is committed, for good.
    Committed {
        /// The block.
        block: Arc<NativeBlock>,
        /// The view in which it was proposed.
        view: View,
        /// Its hash.
        hash: BlockHash,
    },
    /// This peer has nullified a view because of its leader's proposal.
    ProposalRefused {
        /// The view.
        view: View,
        /// Who has proposed it.
        leader: MemberIndex,
        /// Which rule it breaks.
        reason: BlockRefused,
    },
    /// An entry waits for a block.
    EntryPooled(Entry),
    /// An entry does not wait for a block, or not any more.
    EntryRefused {
        /// The entry.
        entry: Entry,
        /// The rule that it breaks, or the application's reason.
        reason: NotAdmitted,
    },
    /// A member has been silent for longer than it ever was (rule L16).
    MemberSuspected {
        /// The member.
        member: MemberIndex,
    },
    /// A member that was suspected is heard again.
    MemberHeard {
        /// The member.
        member: MemberIndex,
    },
    /// Too few members are heard for a quorum. Nothing is committed until there are more.
    Standstill {
        /// Those that are missing.
        missing: Vec<MemberIndex>,
    },
    /// There are enough members again.
    Resumed,
    /// A member has contradicted itself (rule L12).
    Equivocated(Evidence),
    /// This peer fetches committed blocks that others have. Told again with each run that has come.
    CatchingUp {
        /// The height of its own last one.
        height: Height,
        /// The height that so many members claim that one of them must be honest.
        target: Height,
    },
    /// This peer takes no part in the votes (rule L13).
    Observing(WhyObserving),
    /// A quorum has committed a block that this peer finds invalid: more members are dishonest than
    /// the charter allows, or this program has an error. It stops at the block before.
    Diverged {
        /// The block.
        block: BlockHash,
        /// What is wrong with it.
        reason: BlockRefused,
    },
    /// A message was refused.
    MessageRefused {
        /// Which rule it breaks.
        reason: Refusal,
    },
}

/// Why a peer takes no part in the votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhyObserving {
    /// Its key is none of the charter's.
    NotAMember,
    /// It has voted before, and what it has said is not on its disk.
    DiskLost,
    /// Another copy of it has said something that it did not say.
    Copied,
}

/// Why a block is not voted for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockRefused {
    /// It breaks a rule of all assemblies.
    #[error(transparent)]
    Block(#[from] BlockProblem),
    /// An application refuses its entries.
    #[error(transparent)]
    Entries(#[from] EntriesRefused),
    /// It follows a block that it may not follow any more (rule L6).
    #[error("the block does not follow one that may be built on")]
    ParentWrong,
}

/// Why an entry does not wait for a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAdmitted {
    /// Rule L17.
    #[error("too many entries are waiting already")]
    Full,
    /// Rule L17.
    #[error("too many entries of this author are waiting already")]
    AuthorFull,
    /// Rule L17.
    #[error(
        "entries of others have taken its place here; it may be committed yet, if another member \
         has it"
    )]
    Displaced,
    /// Rule L6.
    #[error("it has {bytes} bytes, more than an entry may have")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It is not its author's.
    #[error(transparent)]
    NotSigned(#[from] NotSigned),
    /// The application refuses it.
    #[error(transparent)]
    Entries(#[from] EntriesRefused),
}

/// Why a message was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is no message.
    #[error("not a message of this network")]
    Malformed,
    /// Rule L4.
    #[error("the signature is not that of member {0}, or for another chain")]
    SignatureWrong(MemberIndex),
    /// Rule L6.
    #[error("member {0} does not lead that view")]
    NotTheLeader(MemberIndex),
    /// Rule L6.
    #[error("the block is another one than the leader's statement is about, or was changed")]
    OtherBlock,
    /// Rule L18.
    #[error("view {0} is too far ahead")]
    TooFarAhead(View),
    /// A message that does not belong where it is.
    #[error("it was not asked for, or is no answer to what was")]
    Unexpected,
    /// Rule L2.
    #[error(transparent)]
    Certificate(#[from] CertificateProblem),
    /// Rule L15.
    #[error(transparent)]
    Run(#[from] RunProblem),
    /// Rule L17.
    #[error("one of the entries is not signed by its author for this chain")]
    EntriesWrong,
    /// Rule L12.
    #[error("what should prove a contradiction of member {0} proves none")]
    NoEvidence(MemberIndex),
}

impl Refusal {
    /// Returns what it is, for scripts and pages.
    pub fn ground(&self) -> Ground {
        use Ground as Of;
        match self {
            Self::Malformed => Of { kind: "malformed", rule: None, is_breach: true },
            Self::SignatureWrong(_) => Of::breach("signature_wrong", "L4"),
            Self::NotTheLeader(_) => Of::breach("not_the_leader", "L6"),
            Self::OtherBlock => Of::breach("other_block", "L6"),
            // It may be we who are behind.
            Self::TooFarAhead(_) => Of::harmless("too_far_ahead", "L18"),
            Self::Unexpected => Of::breach("unexpected", "L15"),
            Self::Certificate(_) => Of::breach("certificate_wrong", "L2"),
            Self::Run(_) => Of::breach("run_wrong", "L15"),
            Self::EntriesWrong => Of::breach("entries_wrong", "L17"),
            Self::NoEvidence(_) => Of::breach("no_evidence", "L12"),
        }
    }
}

/// How long a peer waits. None of this is part of the charter: safety depends on none of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timeouts {
    /// How often it says how far it is, and repeats what others may lack.
    pub repeat: Duration,
    /// How long it waits for a leader or for votes that are due, before it has seen how long they
    /// take.
    pub patience: Duration,
    /// The least that it waits for them, however fast they were.
    pub patience_least: Duration,
    /// The most, however many views have failed.
    pub patience_most: Duration,
    /// How long a member may be silent.
    pub silence: SilenceLimits,
}

impl Default for Timeouts {
    fn default() -> Self {
        let millis = Duration::from_millis;
        Self {
            repeat: millis(250),
            patience: millis(1000),
            patience_least: millis(150),
            patience_most: Duration::from_mins(1),
            silence: SilenceLimits {
                interval: millis(250),
                least: millis(1000),
                most: Duration::from_secs(10),
            },
        }
    }
}
