//! Blocks, statements, certificates and runs of an assembly.
//!
//! | file | question |
//! | --- | --- |
//! | `proofs` | is what was forged refused, with its reason? |

mod proofs;

use std::collections::BTreeMap;
use std::time::Duration;

use althing_types::{BlockHash, Height, UnixTime, View};
use proptest::prelude::*;

use super::*;
use crate::block::NativeBlock;
use crate::charter::{ApplicationSettings, ChainId, Charter, FaultModel, Member, MemberIndex};
use crate::entry::Entry;
use crate::signed::SignedEntry;

const FOUNDED: UnixTime = UnixTime::from_seconds(1_700_000_000);

fn signer(member: u16) -> Ed25519 {
    Ed25519::new(&[u8::try_from(member).expect("few") + 1; 32])
}

fn charter(members: u16, difficulty: std::ops::RangeInclusive<u8>) -> Charter {
    let member = |index: u16| Member {
        name: format!("member {index}").parse().expect("a name"),
        key: signer(index).key(),
    };
    let notes = ApplicationSettings { name: "notes".into(), settings: BTreeMap::new() };
    Charter {
        network: "club".parse().expect("a name"),
        founded: FOUNDED,
        faults: FaultModel::Byzantine,
        block_time: Duration::from_secs(10),
        difficulty,
        applications: vec![notes],
        members: (0..members).map(member).collect(),
        signatures: BTreeMap::new(),
    }
}

fn seal(view: u64) -> Seal {
    Seal { view: View::new(view), maker: MemberIndex(1), salt: 7 }
}

fn entry(chain: &ChainId, nonce: u64) -> Entry {
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    SignedEntry::sign(&key, &chain.for_entries(), "notes", nonce, b"hello").encode()
}

/// Returns a block of a view after another one, with its work.
fn make(charter: &Charter, parent: &Facts, view: u64, now: UnixTime, entries: u64) -> NativeBlock {
    let chain = charter.chain_id();
    let entries = (0..entries).map(|nonce| entry(&chain, nonce)).collect();
    let template = parent.template(charter, seal(view), now, entries);
    let nonce = if charter.is_mined() { template.search(0..u64::MAX) } else { Some(0) };
    let crate::Block::Native(block) = template.with_nonce(nonce.expect("it is easy")) else {
        panic!("it is native")
    };
    block
}

fn root(charter: &Charter) -> Facts {
    Facts::of_genesis(&genesis(charter, &charter.chain_id()))
}

fn certificate(charter: &Charter, statement: Statement, members: &[u16]) -> Certificate {
    let chain = charter.chain_id();
    let sign = |member: &u16| {
        let member = MemberIndex(*member);
        let signed = SignedStatement::sign(statement, member, &chain, &signer(member.0));
        (member, signed.signature)
    };
    Certificate { statement, signatures: members.iter().map(sign).collect() }
}

fn hash(byte: u8) -> BlockHash {
    BlockHash::from_bytes([byte; 32])
}

#[test]
fn a_block_follows_its_parent_and_no_other_place() {
    let charter = charter(4, 0..=0);
    let root = root(&charter);
    let block = make(&charter, &root, 3, FOUNDED, 2);
    let facts = root.follow(&charter, &block, View::new(3)).expect("it is right");
    assert_eq!((facts.height, facts.view), (Height::new(1), View::new(3)));
    assert_eq!(facts.check_entries(&charter.chain_id(), &block, |_| false, FOUNDED), Ok(()));
    let wrong = |change: fn(&mut NativeBlock)| {
        let mut block = block.clone();
        change(&mut block);
        root.follow(&charter, &block, View::new(3)).expect_err("it is wrong").to_string()
    };
    assert!(wrong(|it| it.coinbase.miner = "someone".into()).contains("has no seal"));
    assert!(wrong(|it| it.coinbase.miner = seal(4).to_text().into()).contains("says view 4"));
    let stranger = |it: &mut NativeBlock| {
        it.coinbase.miner = Seal { maker: MemberIndex(4), ..seal(3) }.to_text().into();
    };
    assert!(wrong(stranger).contains("names member 4"));
    assert!(wrong(|it| it.header.time -= 1).contains("before its parent's"));
    assert!(wrong(|it| it.header.bits = crate::target_of_bits(8)).contains("is demanded here"));
    assert!(wrong(|it| it.entries = [].into()).contains("not the ones under the Merkle root"));
    let child = make(&charter, &facts, 4, FOUNDED, 0);
    let error = root.follow(&charter, &child, View::new(4)).expect_err("it is a grandchild");
    assert!(matches!(error, BlockProblem::ParentWrong { .. }), "{error}");
}

#[test]
fn those_who_vote_check_the_time_and_the_authors() {
    let charter = charter(4, 0..=0);
    let (chain, root) = (charter.chain_id(), root(&charter));
    let late = FOUNDED.after(AHEAD_MAX + Duration::from_secs(1));
    let block = make(&charter, &root, 1, late, 0);
    let facts = root.follow(&charter, &block, View::FIRST).expect("it is right");
    let error = facts.check_entries(&chain, &block, |_| false, FOUNDED).expect_err("it is early");
    assert!(matches!(error, BlockProblem::TooNew { .. }));
    let elsewhere = ChainId::from_bytes([1; 32]);
    for (entries, expected) in [
        ([Entry::text("hello")], "not a signed entry"),
        ([entry(&elsewhere, 1)], "its signature is not the author's"),
    ] {
        let template = root.template(&charter, seal(1), FOUNDED, entries.into());
        let block = template.into_native().expect("it is native");
        let facts = root.follow(&charter, &block, View::FIRST).expect("its place is right");
        let error = facts
            .check_entries(&chain, &block, |_| false, FOUNDED)
            .expect_err(expected)
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn work_is_demanded_by_the_charter_and_eased_by_each_view_without_a_block() {
    let charter = charter(4, 4..=12);
    let root = root(&charter);
    let demanded = |facts: &Facts, view| {
        facts.demanded(&charter, View::new(view)).expect("it is mined").to_consensus()
    };
    let of_bits = |bits| crate::target_of_bits(bits).to_consensus();
    assert_eq!(demanded(&root, 1), of_bits(4), "the easiest at first");
    // Ten early blocks make it harder; then each skipped view halves it, down to the easiest.
    let mut facts = root;
    for view in 1..=40 {
        let block = make(&charter, &facts, view, FOUNDED, 0);
        facts = facts.follow(&charter, &block, View::new(view)).expect("it is right");
    }
    let (hard, easier) = (demanded(&facts, 41), demanded(&facts, 42));
    assert!(hard < of_bits(7) && easier > hard, "{hard:08x} {easier:08x}");
    // The one after that is as hard as if no view had failed.
    let block = make(&charter, &facts, 44, FOUNDED, 0);
    let next = facts.follow(&charter, &block, View::new(44)).expect("it is right");
    assert!(demanded(&next, 45) < hard);
    assert_eq!(demanded(&facts, 60), of_bits(4));
    let mut lazy = make(&charter, &facts, 41, FOUNDED, 0);
    let refused = (0..).find_map(|nonce| {
        lazy.header.nonce = nonce;
        facts.follow(&charter, &lazy, View::new(41)).err()
    });
    assert!(matches!(refused, Some(BlockProblem::WorkTooLow(_))), "{refused:?}");
    // A block a year later is as easy as the first.
    let late = FOUNDED.after(Duration::from_secs(31_536_000));
    let block = make(&charter, &facts, 60, late, 0);
    let facts = facts.follow(&charter, &block, View::new(60)).expect("it is right");
    assert_eq!(demanded(&facts, 61), of_bits(4));
}

#[test]
fn a_certificate_is_exactly_a_quorum_of_one_statement_in_one_chain() {
    let charter = charter(4, 0..=0);
    let chain = charter.chain_id();
    let statement = Statement::Finalize { view: View::new(9), block: hash(1) };
    let good = certificate(&charter, statement, &[0, 2, 3]);
    let verify = |certificate: &Certificate| certificate.verify(&charter, &chain, &signer(0));
    assert_eq!(verify(&good), Ok(()));
    let short = certificate(&charter, statement, &[0, 2]);
    assert_eq!(verify(&short), Err(CertificateProblem::NotAQuorum { found: 2, wanted: 3 }));
    for members in [[2, 0, 3], [0, 0, 3]] {
        let wrong = certificate(&charter, statement, &members);
        assert_eq!(verify(&wrong), Err(CertificateProblem::OutOfOrder));
    }
    let wrong = Err(CertificateProblem::SignatureWrong);
    assert_eq!(verify(&certificate(&charter, statement, &[0, 2, 4])), wrong, "no member");
    let others = [
        Statement::Notarize { view: View::new(9), block: hash(1) },
        Statement::Finalize { view: View::new(8), block: hash(1) },
        Statement::Finalize { view: View::new(9), block: hash(2) },
        Statement::Nullify { view: View::new(9) },
    ];
    for statement in others {
        assert_eq!(verify(&Certificate { statement, ..good.clone() }), wrong);
    }
    let elsewhere = good.verify(&charter, &ChainId::from_bytes([1; 32]), &signer(0));
    assert_eq!(elsewhere, wrong);
}

#[test]
fn contradictions_are_those_that_no_honest_member_says() {
    let view = View::new(3);
    let said = [
        Statement::Notarize { view, block: hash(1) },
        Statement::Notarize { view, block: hash(2) },
        Statement::Nullify { view },
        Statement::Finalize { view, block: hash(1) },
        Statement::Finalize { view, block: hash(2) },
        Statement::Nullify { view: View::new(4) },
    ];
    let contradicts = [(0, 1), (2, 3), (2, 4), (3, 4)];
    for (one, first) in said.iter().enumerate() {
        for (other, second) in said.iter().enumerate() {
            let expected = contradicts.contains(&(one.min(other), one.max(other)));
            assert_eq!(first.contradicts(second), expected, "{first} and {second}");
        }
    }
    let charter = charter(4, 0..=0);
    let chain = charter.chain_id();
    let sign = |statement, member| {
        SignedStatement::sign(statement, MemberIndex(member), &chain, &signer(member))
    };
    let evidence = Evidence::of(&sign(said[2], 1), &sign(said[3], 1)).expect("both are said");
    assert!(evidence.holds(&charter, &chain, &signer(0)));
    assert_eq!(Evidence::of(&sign(said[2], 1), &sign(said[3], 2)), None, "of two members");
    let forged = Evidence { member: MemberIndex(2), ..evidence };
    assert!(!forged.holds(&charter, &chain, &signer(0)));
}

#[test]
fn a_run_is_committed_by_the_certificate_to_which_it_leads() {
    let charter = charter(4, 0..=0);
    let (chain, mut facts) = (charter.chain_id(), root(&charter));
    let mut blocks = Vec::new();
    for view in 1..=5 {
        let block = make(&charter, &facts, view, FOUNDED, view);
        facts = facts.follow(&charter, &block, View::new(view)).expect("it is right");
        blocks.push(block);
    }
    let finalize = Statement::Finalize { view: View::new(5), block: facts.hash };
    let run = CertifiedRun {
        blocks: blocks[..3].to_vec(),
        headers: blocks[3..].iter().map(|block| block.header).collect(),
        finalization: certificate(&charter, finalize, &[0, 1, 2]),
    };
    let verify = |run: &CertifiedRun| run.verify(&charter, &chain, &signer(0));
    assert_eq!(verify(&run), Ok(()));
    let whole = CertifiedRun { blocks: blocks.clone(), headers: Vec::new(), ..run.clone() };
    assert_eq!(verify(&whole), Ok(()));
    let hole = CertifiedRun { headers: run.headers[1..].to_vec(), ..run.clone() };
    assert_eq!(verify(&hole), Err(RunProblem::Broken));
    let short = CertifiedRun { headers: run.headers[..1].to_vec(), ..run.clone() };
    assert_eq!(verify(&short), Err(RunProblem::Broken));
    let empty = CertifiedRun { blocks: Vec::new(), ..run.clone() };
    assert_eq!(verify(&empty), Err(RunProblem::Size));
    let mut changed = run.clone();
    changed.blocks[1].coinbase.height = Height::new(7);
    assert_eq!(verify(&changed), Err(RunProblem::RootWrong(blocks[1].hash())));
    let notarize = Statement::Notarize { view: View::new(5), block: facts.hash };
    let finalization = certificate(&charter, notarize, &[0, 1, 2]);
    assert_eq!(verify(&CertifiedRun { finalization, ..run }), Err(RunProblem::Broken));
}

proptest! {
    #[test]
    fn a_seal_has_one_text(view: u64, maker: u16, salt: u64) {
        let charter = charter(1, 0..=0);
        let seal = Seal { view: View::new(view), maker: MemberIndex(maker), salt };
        let template = root(&charter).template(&charter, seal, FOUNDED, [].into());
        let mut block = template.into_native().expect("it is native");
        prop_assert_eq!(Seal::of(&block), Some(seal));
        block.coinbase.miner = format!("{} ", block.coinbase.miner).into();
        prop_assert_eq!(Seal::of(&block), None);
    }
}
