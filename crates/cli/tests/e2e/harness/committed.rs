//! What the disks of the members of an assembly must have in common, whatever was killed: checked
//! with the rules of the ledger alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use althing_applications::Notes;
use althing_dialect::assembly::Assembly;
use althing_engine::simplex::{Durable, State};
use althing_ledger::assembly::{Certificate, Ed25519, Facts, Statement, StatementKind};
use althing_ledger::charter::Charter;
use althing_store::Store;
use althing_types::BlockHash;

/// What is on the disk of one member.
pub(crate) struct Disk {
    /// The committed blocks by their heights: their hashes and notes.
    blocks: BTreeMap<u64, (BlockHash, Vec<Box<str>>)>,
    certificates: Vec<Certificate>,
    state: State,
}

impl Disk {
    /// Reads the disk of a member that does not run, and checks that each block follows the one
    /// before, that its entries are signed, and that it was finalized by a quorum, or one after it.
    pub(crate) fn check(data: &Path) -> Self {
        let charter = fs::read_to_string(data.join("charter.toml")).expect("it is there");
        let charter = Arc::new(Charter::read(&charter).expect("it is a charter"));
        let dialect = Assembly::new(Arc::clone(&charter), "").expect("its applications are known");
        let (chain, authenticator) = (dialect.chain(), Ed25519::new(&[1; 32]));
        let store: Store<Durable> = Store::open(data).expect("it can be read");
        let state = store.recovered().state;
        let (mut facts, mut blocks) = (Facts::of_genesis(&dialect.genesis()), BTreeMap::new());
        let mut certificates = state.certificates.clone();
        let mut unproven = Vec::new();
        for entry in store.all_entries() {
            let (height, committed) = entry.expect("it can be read");
            let block = &committed.block;
            facts = facts
                .follow(&charter, block, committed.view)
                .unwrap_or_else(|problem| panic!("{}: block {height}: {problem}", data.display()));
            let now = facts.time;
            facts.check_entries(&chain, block, |_| false, now).expect("its entries are signed");
            assert_eq!(facts.height.number(), height, "{}", data.display());
            unproven.push(facts.hash);
            if let Some(certificate) = committed.finalization {
                let statement = Statement::Finalize { view: facts.view, block: facts.hash };
                assert_eq!(certificate.statement, statement, "block {height}");
                certificate.verify(&charter, &chain, &authenticator).expect("a quorum has said it");
                unproven.clear();
                certificates.push(certificate);
            }
            let notes = block.entries.iter().map(|entry| Notes::text_of(entry).expect("a note"));
            blocks.insert(height, (facts.hash, notes.collect()));
        }
        assert!(unproven.is_empty(), "{}: {} blocks without proof", data.display(), unproven.len());
        for certificate in &state.certificates {
            certificate.verify(&charter, &chain, &authenticator).expect("a quorum has said it");
        }
        Self { blocks, certificates, state }
    }

    pub(crate) fn height(&self) -> u64 {
        self.blocks.keys().next_back().copied().unwrap_or_default()
    }
}

/// Checks that members agree, and that every note is there of which one was told that it is
/// committed, in the block of which it was told, and once.
pub(crate) fn check_together(disks: &[Disk], told: &[(String, u64)]) {
    let mut blocks: BTreeMap<u64, &(BlockHash, Vec<Box<str>>)> = BTreeMap::new();
    for (height, block) in disks.iter().flat_map(|disk| &disk.blocks) {
        assert_eq!(*blocks.entry(*height).or_insert(block), block, "block {height}");
    }
    let mut places: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (height, (_, notes)) in &blocks {
        notes.iter().for_each(|note| places.entry(note).or_default().push(*height));
    }
    for (text, height) in told {
        assert_eq!(places.get(&**text), Some(&vec![*height]), "{text:?}");
    }
    check_certificates(disks);
}

/// Checks that of all certificates no two contradict each other, and that no member has
/// contradicted itself.
fn check_certificates(disks: &[Disk]) {
    let mut by_view: BTreeMap<_, Vec<Statement>> = BTreeMap::new();
    for certificate in disks.iter().flat_map(|disk| &disk.certificates) {
        by_view.entry(certificate.statement.view()).or_default().push(certificate.statement);
    }
    for (view, statements) in by_view {
        for one in &statements {
            for other in &statements {
                let blocks = one.block().zip(other.block());
                assert!(blocks.is_none_or(|(one, other)| one == other), "{view:?}: two blocks");
                let kinds = (one.kind(), other.kind());
                let is_lost = kinds == (StatementKind::Finalize, StatementKind::Nullify);
                assert!(!is_lost, "{view:?}: finalized and nullified");
            }
        }
    }
    for disk in disks {
        assert!(disk.state.evidence.is_empty(), "{:?}", disk.state.evidence);
        assert!(!disk.state.silenced, "one has heard itself say what it has not said");
    }
}
