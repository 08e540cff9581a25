//! What is not believed, and what is kept as proof.

use std::sync::Arc;

use althing_engine::simplex::{Event, MEMPOOL_AUTHOR_MAX, Message, Refusal, VIEWS_AHEAD_MAX};
use althing_engine::{Engine, Origin};
use althing_ledger::assembly::{
    Certificate, CertificateProblem, Evidence, Seal, Signature, SignedStatement, Statement,
};
use althing_ledger::charter::MemberIndex;
use althing_ledger::{Coinbase, NativeBlock};
use althing_types::{BlockHash, Height, View};

use crate::common::{Net, charter, note, signer};

fn hash(byte: u8) -> BlockHash {
    BlockHash::from_bytes([byte; 32])
}

fn refusals(net: &Net, index: usize) -> Vec<Refusal> {
    let refused = net.peers[index].events.iter().filter_map(|event| match event {
        Event::MessageRefused { reason } => Some(reason.clone()),
        _ => None,
    });
    refused.collect()
}

#[test]
fn forged_votes_and_certificates_are_refused_and_named() {
    let mut net = Net::new(charter(4, 0..=0));
    let statement = Statement::Nullify { view: net.view(0) };
    let chain = net.charter.chain_id();
    let of_two = SignedStatement::sign(statement, MemberIndex(2), &chain, &signer(2));
    let forged = SignedStatement { member: MemberIndex(1), ..of_two };
    let stranger = SignedStatement { member: MemberIndex(9), ..of_two };
    for word in [forged, stranger] {
        net.hear_message(0, Message::Vote(word));
    }
    let signatures = [1, 2, 3].map(|member| (MemberIndex(member), of_two.signature));
    let certificate = Certificate { statement, signatures: signatures.into() };
    net.hear_message(0, Message::Certificates(vec![certificate.clone()]));
    let short = Certificate { signatures: certificate.signatures[..2].to_vec(), ..certificate };
    net.hear_message(0, Message::Certificates(vec![short]));
    assert_eq!(
        refusals(&net, 0),
        [
            Refusal::SignatureWrong(MemberIndex(1)),
            Refusal::SignatureWrong(MemberIndex(9)),
            Refusal::Certificate(CertificateProblem::SignatureWrong),
            Refusal::Certificate(CertificateProblem::NotAQuorum { found: 2, wanted: 3 }),
        ]
    );
    assert_eq!(net.view(0), View::FIRST);
}

#[test]
fn only_the_leader_proposes_and_what_it_says_must_be_about_its_block() {
    let mut net = Net::new(charter(4, 0..=0));
    net.submit(0, 1);
    let view = net.view(0);
    let leader = net.charter.leader(view).0;
    let other = (leader + 1) % 4;
    let block = Arc::new(net.log(0)[0].block.clone());
    let chain = net.charter.chain_id();
    let sign = |statement, member| {
        SignedStatement::sign(statement, MemberIndex(member), &chain, &signer(member))
    };
    let about = Statement::Notarize { view, block: block.hash() };
    let word = sign(about, other);
    net.hear_message(0, Message::Proposal { word, block: Arc::clone(&block) });
    let word = sign(Statement::Notarize { view, block: hash(1) }, leader);
    net.hear_message(0, Message::Proposal { word, block });
    let expected = [Refusal::NotTheLeader(MemberIndex(other)), Refusal::OtherBlock];
    assert_eq!(refusals(&net, 0), expected);
}

#[test]
fn a_proposal_that_breaks_a_rule_is_nullified_at_once() {
    let mut net = Net::new(charter(4, 0..=0));
    net.submit(0, 1);
    let (view, before) = (net.view(0), net.log(0)[0].block.clone());
    let leader = net.charter.leader(view).0;
    let index = usize::from((leader + 1) % 4);
    let seal = Seal { view, maker: MemberIndex(leader), salt: 0 };
    let coinbase =
        Coinbase { height: Height::new(9), miner: seal.to_text().into(), extra_nonce: 0 };
    let header = before.header;
    let parent = Some(before.hash());
    let block = NativeBlock::new(parent, header.time, header.bits, coinbase, [].into());
    let chain = net.charter.chain_id();
    let about = Statement::Notarize { view, block: block.hash() };
    let word = SignedStatement::sign(about, MemberIndex(leader), &chain, &signer(leader));
    // On its way somebody has changed it.
    let mut changed = block.clone();
    changed.coinbase.height = Height::new(2);
    net.speaks = vec![false; 4];
    net.hear_message(index, Message::Proposal { word, block: Arc::new(changed) });
    assert_eq!(refusals(&net, index), [Refusal::OtherBlock]);
    assert!(!net.engine(index).words().contains_key(&view));
    net.hear_message(index, Message::Proposal { word, block: Arc::new(block) });
    let refused = |event: &Event| matches!(event, Event::ProposalRefused { .. });
    assert!(net.peers[index].events.iter().any(refused));
    let words = net.engine(index).words()[&view];
    assert!(words.nullify.is_some() && words.notarize.is_none());
}

#[test]
fn far_ahead_is_not_remembered_but_a_quorum_is_believed() {
    let mut net = Net::new(charter(4, 0..=0));
    let far = View::new(VIEWS_AHEAD_MAX + 2);
    net.hear(0, Statement::Nullify { view: far }, 1);
    assert_eq!(refusals(&net, 0), [Refusal::TooFarAhead(far)]);
    let statement = Statement::Nullify { view: View::new(1000) };
    let certificate = net.certificate(statement, &[1, 2, 3]);
    net.hear_message(0, Message::Certificates(vec![certificate]));
    assert_eq!(net.view(0), View::new(1001));
}

#[test]
fn a_member_that_contradicts_itself_is_shown_and_its_later_words_do_not_count() {
    let mut net = Net::new(charter(4, 0..=0));
    net.speaks = vec![false; 4];
    let view = net.view(0);
    let liar = (0..4).find(|it| *it != 0 && net.charter.leader(view).0 != *it).expect("of four");
    net.hear(0, Statement::Notarize { view, block: hash(1) }, liar);
    net.hear(0, Statement::Notarize { view, block: hash(2) }, liar);
    net.hear(0, Statement::Notarize { view, block: hash(3) }, liar);
    let [evidence] = net.engine(0).status().evidence[..] else { panic!("there is one") };
    assert_eq!(evidence.member, MemberIndex(liar));
    let chain = net.charter.chain_id();
    assert!(evidence.holds(&net.charter, &chain, &signer(0)));
    assert_eq!(net.state(0).evidence, [evidence]);
    // The others learn of it, once.
    let told = |message: &&Message| matches!(message, Message::Evidence(_));
    assert_eq!(net.peers[0].sent.iter().filter(told).count(), 1);
    net.hear_message(1, Message::Evidence(evidence));
    assert_eq!(net.engine(1).status().evidence, [evidence]);
    let signature = Signature::from_bytes([1; 64]);
    let first = (evidence.first.0, signature);
    let false_one = Evidence { member: MemberIndex(0), first, ..evidence };
    net.hear_message(1, Message::Evidence(false_one));
    assert_eq!(refusals(&net, 1), [Refusal::NoEvidence(MemberIndex(0))]);
}

#[test]
fn one_author_leaves_room_for_others_and_no_entry_is_of_another_chain() {
    let mut net = Net::new(charter(4, 0..=0));
    net.speaks = vec![false; 4];
    let follower = (0..4).find(|it| net.charter.leader(net.view(0)).0 != *it).expect("of four");
    let index = usize::from(follower);
    let elsewhere = note(&charter(5, 0..=0), 1);
    net.hear_message(index, Message::Entries(vec![elsewhere]));
    assert_eq!(net.engine(index).status().mempool, 0);
    let entries: Vec<_> =
        (0..=MEMPOOL_AUTHOR_MAX as u64).map(|nonce| note(&net.charter, nonce)).collect();
    for batch in entries.chunks(256) {
        let message = Message::Entries(batch.to_vec());
        let input = althing_engine::Input::Message { from: Origin::default(), message };
        net.handle(index, input);
    }
    assert_eq!(net.engine(index).status().mempool, MEMPOOL_AUTHOR_MAX);
}
