//! A chain is kept as it was left, after any replacements in it.

use althing_engine::nakamoto::Durable;
use althing_ledger::{AviaryBlock, Block, Coinbase, CompactTarget, Cs60Block, Entry, NativeBlock};
use althing_store::{Store, StoreError};
use althing_types::{BlockHash, Height, UnixTime};
use proptest::collection::vec;
use proptest::test_runner::Config;
use proptest::{prop_assert, proptest};

use crate::common::{Place, directory, identity};
use crate::model::Model;

/// Returns a block of one of the three formats, which `salt` tells from others at that height.
pub(crate) fn block(height: u64, salt: u64) -> Block {
    let entry = || Entry::text(&"a datum ".repeat(usize::try_from(salt % 40).expect("few")));
    let parent = Some(BlockHash::from_bytes([0xab; 32]));
    let at = Height::new(height);
    match salt % 3 {
        0 => Block::Cs60(Cs60Block { height: at, parent, datum: entry(), nonce: salt, odd: None }),
        1 => Block::Aviary(AviaryBlock {
            height: at,
            miner: "somebody".into(),
            messages: [entry(), entry()].into(),
            time: (salt % 2 == 1).then(|| UnixTime::from_seconds(1_700_000_000 + height)),
            nonce: salt.to_string().into(),
            hash: BlockHash::from_bytes([0xcd; 32]),
        }),
        _ => {
            let coinbase = Coinbase { height: at, miner: "somebody".into(), extra_nonce: salt };
            let bits = CompactTarget::from_consensus(0x1e01_0000);
            Block::Native(NativeBlock::new(parent, 1, bits, coinbase, [entry()].into()))
        }
    }
}

fn branch(from: u64, salts: &[u64]) -> Durable {
    let blocks = (from..).zip(salts).map(|(height, salt)| block(height, *salt)).collect();
    Durable { from: Height::new(from), blocks, own: None }
}

/// Returns `steps` as changes of a chain, each of them where the model allows it: the first one
/// anywhere, and each later one some blocks `back` from the end.
fn branches(model: &Model<Durable>, steps: &[(u64, Vec<u64>)]) -> Vec<Durable> {
    let mut after = model.clone();
    let mut branches = Vec::new();
    for (back, salts) in steps {
        let log = after.recovered.log.clone();
        let from =
            if log.is_empty() { back % 3 } else { log.end - back.min(&(log.end - log.start)) };
        let branch = branch(from, salts);
        after = after.after(std::slice::from_ref(&branch)).expect("it begins where it may");
        branches.push(branch);
    }
    branches
}

#[test]
fn a_branch_without_blocks_leaves_an_empty_chain_that_begins_nowhere() {
    for mut place in Place::both() {
        let mut model = Model::default();
        for chain in [vec![branch(1, &[])], vec![branch(2, &[7, 8]), branch(2, &[])]] {
            place.store().commit(&chain).expect("an empty chain may begin anywhere");
            model = model.after(&chain).expect("an empty chain may begin anywhere");
            assert_eq!(model.recovered.log, 0..0);
            model.check(place.store()).expect("the store has what the model has");
            model.check(place.reopened()).expect("the store has what the model has");
        }
    }
}

proptest! {
    #![proptest_config(Config::with_cases(32))]

    #[test]
    fn a_chain_is_as_its_branches_left_it(
        commits in vec(vec((0..4_u64, vec(0..9_u64, 0..300)), 1..4), 1..5),
    ) {
        for mut place in Place::both() {
            let mut model = Model::default();
            for steps in &commits {
                let branches = branches(&model, steps);
                place.store().commit(&branches).expect("each begins where it may");
                model = model.after(&branches).expect("each begins where it may");
                // Opened again for each commit, so that everything is read from the disk.
                model.check(place.reopened())?;
            }
        }
    }

    #[test]
    fn a_gap_is_refused_and_changes_nothing(length in 1..5_usize, gap in 1..5_u64) {
        for mut place in Place::both() {
            let chain = [branch(1, &vec![7; length])];
            place.store().commit(&chain).expect("the first may begin anywhere");
            let model = Model::default().after(&chain).expect("the first may begin anywhere");
            for from in [0, 2 + gap] {
                let refused = place.store().commit(&[branch(1, &[8]), branch(from, &[7])]);
                prop_assert!(matches!(refused, Err(StoreError::Gap(_))), "{refused:?}");
            }
            model.check(place.reopened())?;
        }
    }
}

/// The place where an emptied log began is forgotten, on disk and in memory.
#[test]
fn a_chain_that_was_truncated_to_nothing_may_begin_anywhere() {
    for mut place in Place::both() {
        place.store().commit(&[branch(5, &[1, 2])]).expect("the first may begin anywhere");
        place.store().commit(&[branch(5, &[])]).expect("it is there");
        assert_eq!(place.store().recovered().log, 0..0);
        assert_eq!(place.reopened().recovered().log, 0..0);
        place.store().commit(&[branch(1, &[3])]).expect("it is the first again");
        assert_eq!(place.reopened().entries(0, 9).expect("it is whole"), []);
        assert_eq!(place.store().entries(1, 9).expect("it is whole"), [block(1, 3)]);
    }
}

#[test]
fn a_new_store_has_no_blocks() {
    let dir = directory();
    let open = || Store::<Durable>::open(dir.path()).expect("no other store has it open");
    open().set_identity(&identity()).expect("it is new");
    let store = open();
    assert_eq!(store.recovered().log, 0..0);
    assert_eq!(store.all_entries().count(), 0);
}

#[test]
fn all_blocks_stay_whole_in_memory() {
    let mut store = Store::in_memory();
    store.commit(&[branch(1, &vec![2; 5000])]).expect("the first may begin anywhere");
    assert_eq!(store.entries(1, 1).expect("in memory"), [block(1, 2)]);
}
