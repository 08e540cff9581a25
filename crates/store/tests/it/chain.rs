//! A chain is kept as it was left, whatever was replaced in it.

use althing_store::{Branch, Store, StoreError};
use althing_types::Height;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq, proptest};

use crate::common::{directory, identity, open};

/// Blocks as they should be kept, and the height of the first.
#[derive(Clone, Debug, Default)]
struct Model {
    first: u64,
    blocks: Vec<Vec<u8>>,
}

impl Model {
    fn end(&self) -> u64 {
        self.first + self.blocks.len() as u64
    }

    fn commit(&mut self, branch: &Branch) {
        if self.blocks.is_empty() {
            self.first = branch.from.number();
        }
        let kept = usize::try_from(branch.from.number() - self.first).expect("few blocks");
        self.blocks.truncate(kept);
        self.blocks.extend_from_slice(&branch.blocks);
    }
}

fn check(store: &Store, model: &Model) -> Result<(), TestCaseError> {
    let kept: Result<Vec<_>, StoreError> = store.blocks().collect();
    let wanted = (model.first..).map(Height::new).zip(model.blocks.iter().cloned());
    prop_assert_eq!(kept.expect("it is whole"), wanted.collect::<Vec<_>>());
    Ok(())
}

/// Returns `steps` as branches, each of them where the model allows it.
fn branches(model: &mut Model, steps: &[(u64, Vec<Vec<u8>>)]) -> Vec<Branch> {
    let mut branches = Vec::new();
    for (back, blocks) in steps {
        let from = if model.blocks.is_empty() {
            back % 3
        } else {
            model.end() - back.min(&(model.end() - model.first))
        };
        let branch = Branch { from: Height::new(from), blocks: blocks.clone() };
        model.commit(&branch);
        branches.push(branch);
    }
    branches
}

proptest! {
    #[test]
    fn a_chain_is_as_its_branches_left_it(
        commits in vec(vec((0..4_u64, vec(vec(any::<u8>(), 0..20), 0..400)), 1..4), 1..6),
    ) {
        let dir = directory();
        let mut memory = Store::in_memory();
        let mut model = Model::default();
        for steps in commits {
            // Opened anew for each commit: what is read comes from the disk.
            let mut file = open(dir.path());
            let branches = branches(&mut model, &steps);
            for store in [&mut file, &mut memory] {
                store.commit_chain(&branches).expect("each begins where it may");
                check(store, &model)?;
            }
        }
        let file = open(dir.path());
        prop_assert_eq!(file.heights().end - file.heights().start, model.blocks.len() as u64);
        check(&file, &model)?;
    }

    #[test]
    fn a_gap_is_refused_and_changes_nothing(length in 1..5_u64, gap in 1..5_u64) {
        let dir = directory();
        for mut store in [open(dir.path()), Store::in_memory()] {
            let blocks = vec![b"block".to_vec(); usize::try_from(length).expect("few")];
            let chain = Branch { from: Height::new(1), blocks: blocks.clone() };
            store.commit_chain(&[chain]).expect("the first may begin anywhere");
            let good = Branch { from: Height::new(1), blocks: vec![b"other".to_vec()] };
            for from in [0, 2 + gap] {
                let bad = Branch { from: Height::new(from), blocks: blocks.clone() };
                let refused = store.commit_chain(&[good.clone(), bad]);
                prop_assert!(matches!(refused, Err(StoreError::Gap { .. })), "{refused:?}");
            }
            check(&store, &Model { first: 1, blocks })?;
        }
    }
}

#[test]
fn a_store_from_before_there_were_chains_has_no_blocks() {
    let dir = directory();
    open(dir.path()).set_identity(&identity()).expect("nobody is there yet");
    let store = open(dir.path());
    assert_eq!(store.heights(), 0..0);
    assert_eq!(store.blocks().count(), 0);
}
