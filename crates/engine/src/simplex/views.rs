//! What was said in each view, and what a quorum has said.
//!
//! This counts and compares; it knows neither time nor blocks.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use althing_ledger::assembly::{
    Certificate, Evidence, Signature, SignedStatement, Statement, StatementKind,
};
use althing_ledger::charter::MemberIndex;
use althing_types::{BlockHash, Moment, View};

use super::message::Challenge;

/// How far ahead of our view something may be that is remembered. Certificates are, however far,
/// since it takes a quorum to make one.
pub const VIEWS_AHEAD_MAX: u64 = 16;

/// The views after that of the last committed block.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Views {
    views: BTreeMap<View, ViewState>,
}

/// One view.
#[derive(Clone, Debug, Default)]
pub(super) struct ViewState {
    /// The leader's challenge, and when it came.
    pub(super) challenge: Option<(Challenge, Moment)>,
    /// What the leader has notarized first, and so proposed, and when.
    pub(super) proposal: Option<(SignedStatement, Moment)>,
    /// Whether its proposal breaks a rule.
    pub(super) is_refused: bool,
    words: BTreeMap<(StatementKind, MemberIndex), (Statement, Signature)>,
    /// Members that have contradicted themselves here: what else they say does not count.
    liars: BTreeSet<MemberIndex>,
    certificates: BTreeMap<StatementKind, Certificate>,
}

/// What became of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recorded {
    /// It is new, and counts.
    New,
    /// It contradicts what its member has said before, so it does not count.
    Contradiction(Box<Evidence>),
    /// Its member has contradicted itself before.
    Ignored,
}

impl Views {
    pub(super) fn get(&self, view: View) -> Option<&ViewState> {
        self.views.get(&view)
    }

    pub(super) fn at(&mut self, view: View) -> &mut ViewState {
        self.views.entry(view).or_default()
    }

    /// Forgets the views up to one that is committed.
    pub(super) fn forget(&mut self, committed: View) {
        self.views = self.views.split_off(&committed.next());
    }

    /// Returns what a quorum has said in a view.
    pub(super) fn certificate(&self, view: View, kind: StatementKind) -> Option<&Certificate> {
        self.views.get(&view)?.certificates.get(&kind)
    }

    /// Returns the block that is notarized in a view.
    pub(super) fn notarized(&self, view: View) -> Option<BlockHash> {
        self.certificate(view, StatementKind::Notarize)?.statement.block()
    }

    /// Returns whether a view is nullified.
    pub(super) fn is_nullified(&self, view: View) -> bool {
        self.certificate(view, StatementKind::Nullify).is_some()
    }

    /// Returns the first view from `from` on in which a quorum has said anything.
    pub(super) fn first_certified(&self, from: View) -> Option<View> {
        let mut views = self.views.range(from..);
        views.find(|(_, state)| !state.certificates.is_empty()).map(|(view, _)| *view)
    }

    /// Returns the certificates of the views from `from` on, of nullified and notarized views.
    pub(super) fn certificates(&self, from: View) -> impl Iterator<Item = &Certificate> {
        self.views.range(from..).flat_map(|(_, state)| state.certificates.values())
    }

    /// Returns the latest block that was finalized.
    pub(super) fn finalized(&self) -> Option<&Certificate> {
        let mut views = self.views.values().rev();
        views.find_map(|state| state.certificates.get(&StatementKind::Finalize))
    }

    /// Returns the blocks that are notarized or finalized, in any view.
    pub(super) fn certified_blocks(&self) -> impl Iterator<Item = BlockHash> + '_ {
        let certificates = self.views.values().flat_map(|state| state.certificates.values());
        certificates.filter_map(|certificate| certificate.statement.block())
    }
}

/// When something came makes no difference here, nor does who of a quorum has signed.
impl Hash for ViewState {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.challenge.map(|(challenge, _)| challenge).hash(hasher);
        self.proposal.map(|(word, _)| word).hash(hasher);
        (self.is_refused, &self.words, &self.liars).hash(hasher);
        self.certificates.values().for_each(|certificate| certificate.statement.hash(hasher));
    }
}

impl ViewState {
    /// Returns whether this very statement of this member is recorded, whatever its signature.
    pub(super) fn has(&self, word: &SignedStatement) -> bool {
        let key = (word.statement.kind(), word.member);
        self.words.get(&key).is_some_and(|(statement, _)| *statement == word.statement)
    }

    /// Returns the evidence that a statement is, if its member has said the contrary here.
    pub(super) fn contradiction(&self, word: &SignedStatement) -> Option<Evidence> {
        let kinds = [StatementKind::Notarize, StatementKind::Nullify, StatementKind::Finalize];
        kinds.into_iter().find_map(|kind| {
            let (statement, signature) = *self.words.get(&(kind, word.member))?;
            Evidence::of(&SignedStatement { statement, member: word.member, signature }, word)
        })
    }

    /// Records an authentic statement.
    pub(super) fn record(&mut self, word: SignedStatement) -> Recorded {
        if self.liars.contains(&word.member) {
            return Recorded::Ignored;
        }
        if let Some(evidence) = self.contradiction(&word) {
            self.liars.insert(word.member);
            return Recorded::Contradiction(Box::new(evidence));
        }
        let key = (word.statement.kind(), word.member);
        self.words.insert(key, (word.statement, word.signature));
        Recorded::New
    }

    /// Returns a certificate of a statement, if a quorum has made it and there is none yet.
    pub(super) fn certify(&self, statement: Statement, quorum: usize) -> Option<Certificate> {
        let kind = statement.kind();
        if self.certificates.contains_key(&kind) {
            return None;
        }
        let range = (kind, MemberIndex(0))..=(kind, MemberIndex(u16::MAX));
        let same = self.words.range(range).filter(|(_, (said, _))| *said == statement);
        let signatures: Vec<(MemberIndex, Signature)> =
            same.map(|((_, member), (_, signature))| (*member, *signature)).take(quorum).collect();
        (signatures.len() == quorum).then_some(Certificate { statement, signatures })
    }

    /// Takes in a valid certificate; returns whether there was none of its kind. (Of one kind there
    /// is only one, unless more members are dishonest than may be; then the first one counts.)
    pub(super) fn adopt(&mut self, certificate: Certificate) -> bool {
        let kind = certificate.statement.kind();
        let is_new = !self.certificates.contains_key(&kind);
        if is_new {
            self.certificates.insert(kind, certificate);
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(statement: Statement, member: u16) -> SignedStatement {
        let signature = Signature::from_bytes([u8::try_from(member).expect("few"); 64]);
        SignedStatement { statement, member: MemberIndex(member), signature }
    }

    fn notarize(byte: u8) -> Statement {
        Statement::Notarize { view: View::FIRST, block: BlockHash::from_bytes([byte; 32]) }
    }

    #[test]
    fn a_quorum_is_so_many_members_that_say_the_same() {
        let mut view = ViewState::default();
        for (member, block) in [(0, 1), (1, 2), (2, 1), (2, 1)] {
            assert_eq!(view.record(word(notarize(block), member)), Recorded::New);
            assert_eq!(view.certify(notarize(1), 3), None);
        }
        assert_eq!(view.record(word(notarize(1), 3)), Recorded::New);
        let certificate = view.certify(notarize(1), 3).expect("three have said it");
        let members: Vec<u16> = certificate.signatures.iter().map(|(it, _)| it.0).collect();
        assert_eq!(members, [0, 2, 3]);
        assert!(view.adopt(certificate.clone()) && !view.adopt(certificate));
        assert_eq!(view.certify(notarize(1), 3), None, "there is one");
    }

    #[test]
    fn who_contradicts_itself_has_no_further_say_in_the_view() {
        let mut view = ViewState::default();
        let (first, second) = (word(notarize(1), 0), word(notarize(2), 0));
        assert_eq!(view.record(first), Recorded::New);
        let evidence = Evidence::of(&first, &second).expect("it is one");
        assert_eq!(view.record(second), Recorded::Contradiction(Box::new(evidence)));
        let nullify = word(Statement::Nullify { view: View::FIRST }, 0);
        assert_eq!(view.record(nullify), Recorded::Ignored);
        assert!(view.has(&first) && !view.has(&second));
        let mut other = ViewState::default();
        assert_eq!(other.record(nullify), Recorded::New);
        let (view, block) = (View::FIRST, BlockHash::from_bytes([1; 32]));
        let finalize = word(Statement::Finalize { view, block }, 0);
        assert!(matches!(other.record(finalize), Recorded::Contradiction(_)));
    }
}
