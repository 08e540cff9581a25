//! Whatever order blocks come in, the ledger agrees with a definition of the best chain that looks
//! at all chains.

use std::collections::BTreeMap;

use althing_ledger::{
    Agreement, Block, BlockId, Choice, Cs60Block, Entry, HashedBlock, Invalid, Ledger, Outcome,
    Rules, Ties,
};
use althing_types::{BlockHash, Height};
use proptest::prelude::*;

use crate::common::{OnceEach, easy, mine_and_add};

/// A block to come: which earlier one it stands on, and what it holds.
#[derive(Clone, Debug)]
struct Plan {
    parent: prop::sample::Index,
    datum: u8,
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let plan = (any::<prop::sample::Index>(), 0..40_u8);
    prop::collection::vec(plan.prop_map(|(parent, datum)| Plan { parent, datum }), 1..60)
}

fn datum(number: u8) -> Entry {
    Entry::text(&if number == 0 { "refused".to_owned() } else { number.to_string() })
}

/// What is known of a block: its chain's data, oldest first, and whether all of them are good.
#[derive(Clone)]
struct Known {
    hash: BlockHash,
    height: u64,
    chain: Vec<u8>,
}

impl Known {
    fn is_good(&self) -> bool {
        let distinct: std::collections::BTreeSet<&u8> = self.chain.iter().collect();
        distinct.len() == self.chain.len() && !distinct.contains(&0)
    }
}

/// Returns the block of a plan and what is known of it, with its parent, one of those before.
fn grow(known: &[Known], plan: &Plan, nonce: u64) -> (Block, Known, Known) {
    let parent = plan.parent.get(known).clone();
    let height = parent.height + 1;
    let block = Block::Cs60(Cs60Block {
        height: Height::new(height),
        parent: Some(parent.hash),
        datum: datum(plan.datum),
        nonce,
        odd: None,
    });
    let chain = [&parent.chain[..], &[plan.datum]].concat();
    let new = Known { hash: block.hash_after(None), height, chain };
    (block, new, parent)
}

/// Returns a ledger that follows a rule, and its genesis.
fn begin(choice: Choice) -> (Ledger, Known) {
    let ledger = Ledger::new(Rules { choice, ..easy() }, Box::new(OnceEach::default()));
    let hash = ledger.tip().expect("a genesis").hash;
    (ledger, Known { hash, height: 0, chain: vec![] })
}

/// Whether the ledger ends with this block, and has no room for what its chain holds.
fn assert_best(ledger: &Ledger, best: &Known) -> Result<(), TestCaseError> {
    let tip = ledger.tip().expect("a genesis");
    prop_assert_eq!((tip.hash, tip.height.number()), (best.hash, best.height));
    for number in 1..40 {
        let is_free = ledger.check_entry(&datum(number)).is_ok();
        prop_assert_eq!(is_free, !best.chain.contains(&number));
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_best_chain_is_the_first_good_one_with_the_most_work_or_the_least_hash(
        plans in plans(),
        ties in prop::sample::select(vec![Ties::FirstSeen, Ties::LeastHash]),
    ) {
        let (mut ledger, mut best) = begin(Choice::MostWork(ties));
        let mut known = vec![best.clone()];
        for (nonce, plan) in (0..).zip(&plans) {
            let (block, new, _) = grow(&known, plan, nonce);
            let Known { hash, height, .. } = new;
            let outcome = ledger.add(block);
            let breaks_tie = ties == Ties::LeastHash && hash < best.hash;
            let is_better = height > best.height || (height == best.height && breaks_tie);
            if is_better && new.is_good() {
                let Ok(Outcome::Adopted(adoption)) = outcome else { panic!("{outcome:?}") };
                let common = best.chain.iter().zip(&new.chain).take_while(|(a, b)| a == b).count();
                let common_blocks = adoption.disconnected.len();
                prop_assert!(common_blocks >= best.chain.len() - common);
                let lost = best.chain.iter().filter(|datum| !new.chain.contains(datum));
                let lost: Vec<Entry> = lost.map(|number| datum(*number)).collect();
                prop_assert_eq!(adoption.returned, lost);
                prop_assert_eq!(adoption.connected.last().map(|block| block.hash), Some(hash));
                best = new.clone();
            } else if is_better {
                let is_refused = matches!(outcome, Err(Invalid::Contextual(_)));
                prop_assert!(is_refused || outcome == Ok(Outcome::ParentMissing));
            } else {
                prop_assert!(matches!(outcome, Ok(Outcome::Side | Outcome::ParentMissing)));
            }
            known.push(new);

            assert_best(&ledger, &best)?;
            let blocks = ledger.blocks_from(Height::new(1));
            let entries = blocks.flat_map(|block| block.entries().to_vec());
            let expected: Vec<Entry> = best.chain.iter().map(|number| datum(*number)).collect();
            prop_assert_eq!(entries.collect::<Vec<_>>(), expected);
        }
    }

    /// However often the peers change their minds, the ledger is where a new one is that was given
    /// only the blocks of the chain that they agreed on last, and those that came on top of it.
    #[test]
    fn what_the_peers_agree_on_is_followed_whatever_its_work(
        plans in plans(),
        agreed in prop::collection::vec(prop::option::of(any::<prop::sample::Index>()), 60),
    ) {
        let (mut ledger, mut best) = begin(Choice::Agreed(Agreement::MostPeers));
        let mut known = vec![best.clone()];
        let mut parents = BTreeMap::new();
        for (nonce, (plan, agreed)) in (0..).zip(plans.iter().zip(&agreed)) {
            let (block, new, parent) = grow(&known, plan, nonce);
            parents.insert(new.hash, parent.hash);
            let outcome = ledger.add(block);
            match parent.hash == best.hash && new.is_good() {
                true => {
                    prop_assert!(matches!(outcome, Ok(Outcome::Adopted(_))), "{outcome:?}");
                    best = new.clone();
                }
                false => prop_assert!(!matches!(outcome, Ok(Outcome::Adopted(_)))),
            }
            known.push(new);
            if let Some(agreed) = agreed {
                let agreed = agreed.get(&known).clone();
                let branches = ledger.branches_of(known.iter().map(|block| block.hash));
                for block in &known {
                    let alone = ledger.branches_of([block.hash]).remove(&block.hash);
                    prop_assert_eq!(branches.get(&block.hash).copied(), alone);
                }
                let branch = branches.get(&agreed.hash).copied();
                if let Some(BlockId { height, hash }) = branch {
                    prop_assert!(ledger.is_on_best(&parents[&hash]));
                    prop_assert_eq!(ledger.height_of(&hash), Some(height));
                }
                match ledger.follow(&agreed.hash) {
                    Ok(Some(adoption)) => {
                        prop_assert!(branch.is_some() && agreed.is_good());
                        let last = adoption.connected.last().map(|block| block.hash);
                        prop_assert_eq!(last, Some(agreed.hash));
                        best = agreed;
                    }
                    Ok(None) => prop_assert!(branch.is_none()),
                    Err(_) => prop_assert!(!agreed.is_good()),
                }
            }
            assert_best(&ledger, &best)?;
        }
    }

    #[test]
    fn blocks_in_any_order_lead_to_the_same_work(
        length in 1..12_usize,
        order in any::<prop::sample::Index>(),
    ) {
        let mut source = Ledger::new(easy(), Box::new(OnceEach::default()));
        let blocks: Vec<Block> =
            (0..length).map(|number| mine_and_add(&mut source, &number.to_string())).collect();
        let mut ledger = Ledger::new(easy(), Box::new(OnceEach::default()));
        let mut waiting: BTreeMap<usize, Block> = blocks.into_iter().enumerate().collect();
        while !waiting.is_empty() {
            let index = order.index(waiting.len());
            let number = *waiting.keys().nth(index).expect("it is below their number");
            // The one whose turn it is not waits for its parent.
            let outcome = ledger.add(waiting[&number].clone()).expect("it is valid");
            if outcome == Outcome::ParentMissing {
                let (first, block) = waiting.pop_first().expect("one waits");
                prop_assert!(first < number);
                prop_assert!(matches!(ledger.add(block), Ok(Outcome::Adopted(_))));
            } else {
                waiting.remove(&number);
            }
        }
        prop_assert_eq!(ledger.tip(), source.tip());
    }
}

#[test]
fn among_equals_the_first_seen_stays() {
    let mut one = Ledger::new(easy(), Box::new(OnceEach::default()));
    let mut other = Ledger::new(easy(), Box::new(OnceEach::default()));
    let first = mine_and_add(&mut one, "a");
    let second = mine_and_add(&mut other, "b");
    assert_eq!(one.add(second.clone()), Ok(Outcome::Side));
    assert_eq!(other.add(first.clone()), Ok(Outcome::Side));
    assert_eq!(one.tip().map(|tip| tip.hash), Some(first.hash_after(None)));
    assert_eq!(other.tip().map(|tip| tip.hash), Some(second.hash_after(None)));

    let third = mine_and_add(&mut other, "c");
    let Ok(Outcome::Adopted(adoption)) = one.add(third.clone()) else { panic!("it is heavier") };
    let hashes = |blocks: &[HashedBlock]| blocks.iter().map(|it| it.hash).collect::<Vec<_>>();
    assert_eq!(hashes(&adoption.disconnected), [first.hash_after(None)]);
    let connected = hashes(&adoption.connected);
    assert_eq!(connected, [second.hash_after(None), third.hash_after(None)]);
    assert_eq!(adoption.returned, [Entry::text("a")]);
}
