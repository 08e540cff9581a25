//! What proves that entries and whole chains are committed, and everything that does not.

use std::sync::Arc;

use bitcoin::block::Header;
use bitcoin::hashes::Hash;
use proptest::sample::Index;

use super::*;
use crate::application::Anything;
use crate::block::{Block, Coinbase};
use crate::signature::Signature;

/// The charter of four members, and their first five blocks, with as many entries as its height.
struct Chain {
    charter: Charter,
    id: ChainId,
    blocks: Vec<NativeBlock>,
}

impl Chain {
    fn new() -> Self {
        let charter = charter(4, 0..=0);
        let (id, mut facts, mut blocks) = (charter.chain_id(), root(&charter), Vec::new());
        for height in 1..=5 {
            let block = make(&charter, &facts, view_of(height), FOUNDED, height);
            let view = View::new(view_of(height));
            facts = facts.follow(&charter, &block, view).expect("it is right");
            blocks.push(block);
        }
        Self { charter, id, blocks }
    }

    /// Returns what finalizes the block at a height.
    fn certificate(&self, height: usize) -> Certificate {
        let block = self.blocks[height - 1].hash();
        let view = View::new(view_of(height as u64));
        certificate(&self.charter, Statement::Finalize { view, block }, &[0, 1, 3])
    }

    /// Returns the proof of an entry of the block at a height, by the certificate of another one.
    fn proof(&self, height: usize, place: usize, certified: usize) -> CommitProof {
        let block = &self.blocks[height - 1];
        let headers = self.blocks[height..certified].iter().map(|block| block.header).collect();
        let certificate = self.certificate(certified);
        CommitProof::new(block, place, headers, certificate).expect("it has such an entry")
    }

    fn refused(&self, proof: &CommitProof) -> String {
        proof.verify(&self.charter, &self.id).expect_err("it is forged").to_string()
    }

    fn audit(&self, certificates: &[Option<Certificate>]) -> Result<Audited, (Height, String)> {
        let mut audit = Audit::new(Arc::new(self.charter.clone()), Box::new(Anything));
        for (block, certificate) in self.blocks.iter().zip(certificates) {
            let height = audit.next();
            let checked = audit.check(block, certificate.as_ref());
            checked.map_err(|problem| (height, problem.to_string()))?;
        }
        audit.finish().map_err(|(height, problem)| (height, problem.to_string()))
    }
}

/// Every second view has failed.
fn view_of(height: u64) -> u64 {
    2 * height
}

#[test]
fn every_entry_has_a_proof_that_says_where_it_is() {
    let chain = Chain::new();
    for height in 1..=5 {
        for place in 0..height {
            for certified in height..=5 {
                let proof = chain.proof(height, place, certified);
                let proven = proof.verify(&chain.charter, &chain.id).expect("it is right");
                let block = &chain.blocks[height - 1];
                assert_eq!(proven.hash, block.hash());
                assert_eq!((proven.height, proven.place), (block.coinbase.height, place));
                assert_eq!(proven.view, View::new(view_of(height as u64)));
                assert_eq!((proven.maker, proven.time), (MemberIndex(1), FOUNDED));
                assert_eq!(proven.entry.encode(), block.entries[place]);
            }
        }
    }
    let none = CommitProof::new(&chain.blocks[1], 2, Vec::new(), chain.certificate(2));
    assert_eq!(none, None, "it has two entries");
}

type Forgery = (fn(&mut CommitProof, &Chain), &'static str);

#[test]
fn whatever_is_put_in_place_of_a_part_is_refused_with_the_reason() {
    let chain = Chain::new();
    let good = chain.proof(3, 1, 5);
    let forgeries: [Forgery; 18] = [
        (|it, chain| it.entry = chain.blocks[3].entries[3].clone(), "does not lead from the entry"),
        (|it, _| it.entry = entry(&ChainId::from_bytes([1; 32]), 1), "for another chain"),
        (|it, _| it.entry = Entry::text("hello"), "not a signed entry"),
        (|it, _| it.path.index = 3, "does not lead from the entry"),
        (|it, _| it.path.index = 0, "does not lead from the entry"),
        (|it, _| it.path.index += 4, "does not lead from the entry"),
        (|it, _| it.path.beside.truncate(1), "does not lead from the entry"),
        (|it, chain| it.coinbase = chain.blocks[1].coinbase.clone(), "the height and the seal"),
        (|it, _| it.coinbase.height = Height::new(4), "the height and the seal"),
        (|it, _| it.branch.swap(0, 1), "the height and the seal"),
        (|it, chain| it.header = chain.blocks[3].header, "does not lead from the entry"),
        (|it, _| it.header.time += 1, "do not lead from the block"),
        (|it, _| it.headers.truncate(1), "do not lead from the block"),
        (|it, _| it.headers.swap(0, 1), "do not lead from the block"),
        (|it, _| it.headers.clear(), "do not lead from the block"),
        (|it, _| it.headers = vec![it.header; RUN_HEADERS_MAX + 1], "more headers than"),
        (|it, chain| it.finalization = chain.certificate(4), "do not lead from the block"),
        (|it, _| it.finalization.signatures.truncate(2), "2 signatures are not the 3 of a quorum"),
    ];
    for (number, (forge, reason)) in forgeries.into_iter().enumerate() {
        let mut forged = good.clone();
        forge(&mut forged, &chain);
        let problem = chain.refused(&forged);
        assert!(problem.contains(reason), "{number}: {problem}");
    }
}

#[test]
fn members_of_another_charter_and_other_words_commit_nothing() {
    let chain = Chain::new();
    let good = chain.proof(3, 0, 3);
    let (hash, view) = (chain.blocks[2].hash(), View::new(view_of(3)));
    let words = [
        (Statement::Notarize { view, block: hash }, "do not lead from the block"),
        (Statement::Nullify { view }, "do not lead from the block"),
        (Statement::Finalize { view: view.next(), block: hash }, "in view 7"),
    ];
    for (statement, reason) in words {
        let finalization = certificate(&chain.charter, statement, &[0, 1, 2]);
        let problem = chain.refused(&CommitProof { finalization, ..good.clone() });
        assert!(problem.contains(reason), "{problem}");
    }
    let mut twice = good.clone();
    twice.finalization.signatures[1] = twice.finalization.signatures[0];
    assert!(chain.refused(&twice).contains("not in order, each once"));
    let mut other = good.clone();
    other.finalization.signatures[2].0 = MemberIndex(2);
    assert!(chain.refused(&other).contains("is not its member's"));

    // A charter with the same members that says anything else is another chain.
    let mut changed = chain.charter.clone();
    changed.block_time += Duration::from_secs(1);
    assert!(good.verify(&changed, &changed.chain_id()).is_err());
    // Others who have signed as much for the same chain are not its members.
    let others = Charter { members: charter(7, 0..=0).members[3..].to_vec(), ..changed };
    let problem = good.verify(&others, &chain.id).expect_err("they are others").to_string();
    assert!(problem.contains("is not its member's"), "{problem}");
}

#[test]
fn a_seal_that_names_no_member_is_none() {
    let chain = Chain::new();
    let mut block = chain.blocks[0].clone();
    for miner in ["ann".to_owned(), Seal { maker: MemberIndex(4), ..seal(2) }.to_text()] {
        block.coinbase.miner = miner.into();
        block.set_extra_nonce(0);
        let finalize = Statement::Finalize { view: View::new(2), block: block.hash() };
        let certificate = certificate(&chain.charter, finalize, &[0, 1, 2]);
        let proof = CommitProof::new(&block, 0, Vec::new(), certificate).expect("it has one");
        assert!(chain.refused(&proof).contains("has no seal"));
    }
}

#[test]
fn a_chain_is_committed_as_far_as_its_certificates_go() {
    let chain = Chain::new();
    let certificates = [2, 5].map(|height| Some(chain.certificate(height)));
    let [second, fifth] = certificates;
    let all = [None, second.clone(), None, None, fifth.clone()];
    let audited = chain.audit(&all).expect("it is right");
    assert_eq!(audited.hash, chain.blocks[4].hash());
    assert_eq!((audited.height, audited.committed), (Height::new(5), Height::new(5)));
    assert_eq!((audited.entries, audited.certificates), (15, 2));

    let open = chain.audit(&[None, second.clone(), None, None, None]).expect_err("it is open");
    assert_eq!(open.0, Height::new(3));
    assert!(open.1.contains("nothing here proves"), "{}", open.1);
    let wrong = chain.audit(&[second.clone(), None]).expect_err("it is of the second");
    assert_eq!(wrong.0, Height::new(1));
    assert!(wrong.1.contains("about another block"), "{}", wrong.1);
    let mut few = second.clone();
    few.iter_mut().for_each(|it| it.signatures.truncate(2));
    let few = chain.audit(&[None, few]).expect_err("two are few");
    assert!(few.0 == Height::new(2) && few.1.contains("of a quorum"), "{few:?}");
    let mut hole = Chain::new();
    hole.blocks.remove(1);
    let hole = hole.audit(&[None, None]).expect_err("one is missing");
    assert!(hole.0 == Height::new(2) && hole.1.contains("follows"), "{hole:?}");
}

/// Flips a bit of one part of a proof; `None` where that part has no such byte, or is none any
/// more.
fn flipped(good: &CommitProof, part: usize, at: Index, bit: u8) -> Option<CommitProof> {
    let mut proof = good.clone();
    let flip = |bytes: &mut [u8]| {
        if !bytes.is_empty() {
            bytes[at.index(bytes.len())] ^= 1 << bit;
        }
    };
    let header = |header: &Header| {
        let mut bytes: [u8; 80] = Block::header_bytes(header);
        flip(&mut bytes);
        Block::header_from_bytes(&bytes)
    };
    let signatures = proof.finalization.signatures.len();
    match part {
        0 => {
            let mut bytes = proof.entry.as_bytes().to_vec();
            flip(&mut bytes);
            proof.entry = Entry::new(bytes);
        }
        1 => flip(proof.path.beside.as_flattened_mut()),
        2 => {
            let mut bytes = proof.coinbase.encode();
            flip(&mut bytes);
            proof.coinbase = Coinbase::decode(&bytes)?;
        }
        3 => flip(proof.branch.as_flattened_mut()),
        4 => proof.header = header(&proof.header),
        5 => {
            let place = at.index(proof.headers.len());
            proof.headers[place] = header(&proof.headers[place]);
        }
        6 => {
            let Statement::Finalize { view, block } = proof.finalization.statement else {
                return None;
            };
            let mut bytes = *block.as_bytes();
            flip(&mut bytes);
            let block = BlockHash::from_bytes(bytes);
            proof.finalization.statement = Statement::Finalize { view, block };
        }
        7 => {
            let (view, block) = (proof.finalization.statement.view(), chain_tip(&proof));
            let view = View::new(view.number() ^ 1 << (bit + 8 * u8::try_from(at.index(8)).ok()?));
            proof.finalization.statement = Statement::Finalize { view, block };
        }
        8 => proof.path.index ^= 1 << bit,
        _ => {
            let (_, signature) = &mut proof.finalization.signatures[part % signatures];
            let mut bytes = *signature.as_bytes();
            flip(&mut bytes);
            *signature = Signature::from_bytes(bytes);
        }
    }
    Some(proof)
}

fn chain_tip(proof: &CommitProof) -> BlockHash {
    Block::hash_of_header(proof.headers.last().unwrap_or(&proof.header))
}

proptest! {
    #[test]
    fn no_bit_of_a_proof_can_be_another(part in 0..12_usize, at: Index, bit in 0..8_u8) {
        let chain = Chain::new();
        let good = chain.proof(3, 1, 5);
        prop_assert!(good.verify(&chain.charter, &chain.id).is_ok());
        if let Some(forged) = flipped(&good, part, at, bit) {
            prop_assert!(forged != good, "part {part}");
            let verified = forged.verify(&chain.charter, &chain.id);
            prop_assert!(verified.is_err(), "part {part}: {verified:?}");
        }
    }

    #[test]
    fn a_coinbase_has_one_encoding(bytes in any::<[u8; 8]>(), at: Index, cut: Index) {
        let chain = Chain::new();
        let coinbase = &chain.blocks[2].coinbase;
        let mut encoded = coinbase.encode();
        prop_assert_eq!(Coinbase::decode(&encoded), Some(coinbase.clone()));
        prop_assert_eq!(Coinbase::decode(&encoded[..cut.index(encoded.len())]), None);
        let at = at.index(encoded.len());
        encoded.splice(at..at, bytes);
        if let Some(other) = Coinbase::decode(&encoded) {
            prop_assert_eq!(other.encode(), encoded);
        }
    }
}

#[test]
fn a_path_above_a_header_is_no_proof_of_an_inner_hash() {
    let chain = Chain::new();
    let block = &chain.blocks[3];
    let path = block.prove(0).expect("it has one");
    // The 64 bytes under an inner hash are no entry, whatever they are.
    let inner = [block.coinbase_branch().beside[0], path.beside[0]].concat();
    let forged = CommitProof { entry: Entry::new(inner), ..chain.proof(4, 0, 4) };
    assert!(chain.refused(&forged).contains("not a signed entry"));
    let root = block.header.merkle_root.to_byte_array();
    assert!(path.leads(block.entries[0].leaf(), root));
}
