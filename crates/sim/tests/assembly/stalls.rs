//! What could keep members from ever agreeing again, although enough of them are connected.

use std::collections::BTreeMap;
use std::sync::Arc;

use althing_engine::Engine;
use althing_engine::simplex::{Event, Message, Request, Status, UNCOMMITTED_MAX};
use althing_ledger::NativeBlock;
use althing_ledger::assembly::{CertifiedRun, Facts, Seal, SignedStatement, Statement, genesis};
use althing_ledger::charter::MemberIndex;
use althing_types::{BlockHash, Height, View};

use crate::common::{FOUNDED, Net, charter, signer};

fn hash(byte: u8) -> BlockHash {
    BlockHash::from_bytes([byte; 32])
}

/// Returns a block that may follow the genesis in a view.
fn first_block(net: &Net, view: View) -> Arc<NativeBlock> {
    let root = Facts::of_genesis(&genesis(&net.charter, &net.charter.chain_id()));
    block_after(net, &root, view)
}

/// Returns a block that may follow this one in a view.
fn block_after(net: &Net, parent: &Facts, view: View) -> Arc<NativeBlock> {
    let seal = Seal { view, maker: net.charter.leader(view), salt: 0 };
    let template = parent.template(&net.charter, seal, FOUNDED, [].into());
    Arc::new(template.into_native().expect("an assembly has native blocks"))
}

/// Has a peer hear of a block that the leader of its view proposes.
fn hear_proposal(net: &mut Net, index: usize, view: View, block: Arc<NativeBlock>) {
    let (leader, chain) = (net.charter.leader(view), net.charter.chain_id());
    let about = Statement::Notarize { view, block: block.hash() };
    let word = SignedStatement::sign(about, leader, &chain, &signer(leader.0));
    net.hear_message(index, Message::Proposal { word, block });
}

#[test]
fn a_view_may_be_notarized_for_one_and_nullified_for_another() {
    let mut net = Net::new(charter(4, 0..=0));
    let view = net.view(0);
    let leader = net.charter.leader(view).0;
    let others: Vec<u16> = (0..4).filter(|member| *member != leader).collect();
    let [one, both, other] = others[..] else { panic!("there are three") };
    net.speaks = vec![false; 4];
    // The leader proposes to two of the others, and one of them hears a quorum.
    let block = first_block(&net, view);
    let statement = Statement::Notarize { view, block: block.hash() };
    for member in [one, both] {
        hear_proposal(&mut net, usize::from(member), view, Arc::clone(&block));
    }
    net.hear(usize::from(one), statement, both);
    assert_eq!(net.view(usize::from(one)), view.next(), "it was notarized");
    // The others have it nullified; the leader says so too, and no more.
    net.pass(10_000);
    for (to, from) in [(both, leader), (both, other), (other, leader), (other, both)] {
        net.hear(usize::from(to), Statement::Nullify { view }, from);
    }
    for member in [one, both, other] {
        assert_eq!(net.view(usize::from(member)), view.next());
        net.speaks[usize::from(member)] = true;
    }
    net.submit(usize::from(other), 1);
    net.pass(180_000);
    for member in [one, both, other] {
        let peer = &net.peers[usize::from(member)];
        assert!(peer.host.disk().entries().len() > 10, "{:?}", net.heights());
        let accuses = |event: &Event| matches!(event, Event::ProposalRefused { .. });
        assert!(!peer.events.iter().any(accuses), "each leader kept to the rules");
    }
}

#[test]
fn blocks_that_do_not_exist_are_not_asked_for_instead_of_one_that_does() {
    let mut net = Net::new(charter(13, 0..=0));
    net.speaks = vec![false; 13];
    let view = net.view(0);
    let index = (0..13).find(|index| net.charter.leader(view).0 != *index).expect("of thirteen");
    let me = usize::from(index);
    let liars: Vec<u16> = (0..13).filter(|member| *member != index).take(4).collect();
    for (byte, liar) in (0..).zip(&liars) {
        net.hear(me, Statement::Notarize { view, block: hash(byte) }, *liar);
        net.hear(me, Statement::Finalize { view, block: hash(byte + 100) }, *liar);
    }
    // As leaders of views to come they propose what does not exist, too.
    for ahead in 1..=16 {
        let later = View::new(view.number() + ahead);
        let leader = net.charter.leader(later).0;
        if leader != index {
            net.hear(me, Statement::Notarize { view: later, block: hash(200) }, leader);
        }
    }
    net.pass(1000);
    let block = hash(99);
    let quorum: Vec<u16> = (0..13).filter(|member| *member != index).take(9).collect();
    let certificate = net.certificate(Statement::Notarize { view, block }, &quorum);
    net.hear_message(me, Message::Certificates(vec![certificate]));
    net.peers[me].sent.clear();
    net.pass(1000);
    let asked = Message::Request(Request::Body(block));
    assert!(net.peers[me].sent.contains(&asked), "a quorum has it");
}

#[test]
fn a_long_stall_leaves_room_for_the_next_block() {
    let mut net = Net::new(charter(4, 0..=0));
    net.speaks = vec![false; 4];
    let voted = |net: &Net, view: View| {
        net.engine(0).words().get(&view).is_some_and(|words| words.notarize.is_some())
    };
    // Each view has a proposal that is voted for, and is nullified all the same.
    for number in 1..=2 * UNCOMMITTED_MAX as u64 {
        let view = View::new(number);
        assert_eq!(net.view(0), view);
        if net.charter.leader(view) != MemberIndex(0) {
            let block = first_block(&net, view);
            hear_proposal(&mut net, 0, view, block);
            assert!(voted(&net, view), "view {view}");
        }
        let certificate = net.certificate(Statement::Nullify { view }, &[1, 2, 3]);
        net.hear_message(0, Message::Certificates(vec![certificate]));
    }
    net.engine(0).visit_queues(|queue| assert!(queue.len <= queue.max, "{queue:?}"));
    let kept = net.state(0).blocks.len();
    assert!(kept <= UNCOMMITTED_MAX, "{kept} blocks on disk");
    // Notarized blocks get in at any rate.
    let view = net.view(0);
    let block = first_block(&net, view);
    let notarized = Statement::Notarize { view, block: block.hash() };
    let certificate = net.certificate(notarized, &[1, 2, 3]);
    net.hear_message(0, Message::Certificates(vec![certificate]));
    net.hear_message(0, Message::Body(Arc::clone(&block)));
    let finalized = Statement::Finalize { view, block: block.hash() };
    let certificate = net.certificate(finalized, &[1, 2, 3]);
    net.hear_message(0, Message::Certificates(vec![certificate]));
    assert_eq!(net.heights()[0], 1);
}

/// Has a peer hear for so long that all the others are up.
fn pass_in_company(net: &mut Net, index: usize, millis: u64) {
    let chain = net.charter.chain_id();
    let members = u16::try_from(net.charter.members.len()).expect("few");
    for _ in 0..millis / 250 {
        net.pass(250);
        for member in (0..members).filter(|member| usize::from(*member) != index) {
            let beat = u64::try_from(net.now.since_start().as_millis()).expect("short");
            let claim = (MemberIndex(member), View::FIRST, Height::GENESIS, beat);
            let status = Status::sign(claim, &chain, &signer(member));
            net.hear_message(index, Message::Status(status));
        }
    }
}

#[test]
fn a_wait_is_too_short_in_which_others_have_notarized_what_we_gave_up() {
    let mut net = Net::new(charter(4, 0..=0));
    net.speaks = vec![false; 4];
    let chain = net.charter.chain_id();
    let mut parent = Facts::of_genesis(&genesis(&net.charter, &chain));
    let mut finalized = Vec::new();
    while finalized.len() < 8 {
        let view = net.view(0);
        if net.charter.leader(view) == MemberIndex(0) {
            let certificate = net.certificate(Statement::Nullify { view }, &[1, 2, 3]);
            net.hear_message(0, Message::Certificates(vec![certificate]));
            continue;
        }
        let block = block_after(&net, &parent, view);
        parent = parent.follow(&net.charter, &block, view).expect("it is valid");
        hear_proposal(&mut net, 0, view, Arc::clone(&block));
        // The votes always take so long.
        pass_in_company(&mut net, 0, 1500);
        let notarized = Statement::Notarize { view, block: block.hash() };
        let certificate = net.certificate(notarized, &[1, 2, 3]);
        net.hear_message(0, Message::Certificates(vec![certificate]));
        finalized.push(net.engine(0).words()[&view].finalize.is_some());
    }
    assert_eq!(finalized, [false, false, true, true, true, true, true, true]);
}

#[test]
fn one_member_cannot_have_others_fetch_what_does_not_exist() {
    let mut net = Net::new(charter(4, 0..=0));
    net.speaks[3] = false;
    let chain = net.charter.chain_id();
    for beat in 1..=40 {
        let claim = (MemberIndex(3), View::FIRST, Height::new(u64::MAX), beat);
        let status = Status::sign(claim, &chain, &signer(3));
        net.hear_message(0, Message::Status(status));
        net.pass(250);
    }
    assert!(net.heights()[0] > 3);
    let told = |event: &&Event| matches!(event, Event::CatchingUp { .. });
    assert_eq!(net.peers[0].events.iter().find(told), None);
    let beyond = |message: &&Message| match message {
        Message::Request(Request::Blocks { from, .. }) => from.number() > 64,
        _ => false,
    };
    assert_eq!(net.peers[0].sent.iter().find(beyond), None, "only the next run is asked for");
}

/// The blocks turn out to be so long that there is one in a run, after 64 were expected.
#[test]
fn what_was_asked_for_far_ahead_does_not_keep_out_what_is_next() {
    const HEIGHT: u64 = 250;
    let mut net = Net::new(charter(4, 0..=0));
    net.speaks = vec![false; 4];
    let chain = net.charter.chain_id();
    let mut parent = Facts::of_genesis(&genesis(&net.charter, &chain));
    let mut runs = BTreeMap::new();
    for number in 1..=HEIGHT {
        let (view, height) = (View::new(number), Height::new(number));
        let block = block_after(&net, &parent, view);
        parent = parent.follow(&net.charter, &block, view).expect("it is valid");
        let finalized = Statement::Finalize { view, block: block.hash() };
        let finalization = net.certificate(finalized, &[1, 2, 3]);
        let blocks = vec![(*block).clone()];
        runs.insert(height, CertifiedRun { blocks, headers: Vec::new(), finalization });
    }
    for member in 1..=3 {
        let claim = (MemberIndex(member), View::new(HEIGHT), Height::new(HEIGHT), 1);
        let status = Status::sign(claim, &chain, &signer(member));
        net.hear_message(0, Message::Status(status));
    }
    net.pass(250);
    // What is asked for last comes first.
    loop {
        let asked = std::mem::take(&mut net.peers[0].sent);
        let asked = asked.into_iter().rev().filter_map(|message| match message {
            Message::Request(Request::Blocks { from, .. }) => Some(from),
            _ => None,
        });
        let asked: Vec<Height> = asked.collect();
        if asked.is_empty() {
            break;
        }
        for from in asked {
            net.hear_message(0, Message::Run(Box::new(runs[&from].clone())));
        }
    }
    assert_eq!(net.heights()[0] as u64, HEIGHT, "it never waits for a repetition");
}

#[test]
fn a_peer_answers_sixteen_requests_for_blocks_at_once_and_as_many_after_a_repetition() {
    let mut net = Net::new(charter(4, 0..=0));
    net.pass(60_000);
    assert!(net.heights()[0] >= 40);
    net.speaks[0] = false;
    net.peers[0].sent.clear();
    for from in (1..=40).map(Height::new) {
        net.hear_message(0, Message::Request(Request::Blocks { of: MemberIndex(0), from }));
    }
    let mut answered = Vec::new();
    for _ in 0..3 {
        let sent = &net.peers[0].sent;
        answered.push(sent.iter().filter(|message| matches!(message, Message::Run(_))).count());
        net.pass(250);
    }
    assert_eq!(answered, [16, 32, 32]);
}

#[test]
fn a_member_that_is_needed_may_be_slow() {
    let mut net = Net::new(charter(4, 0..=0));
    // One is dead, and one is behind a long line: the other two need it.
    net.speaks[0] = false;
    net.peers[3].lag = 750;
    for nonce in 0..600 {
        net.submit(1, nonce);
        net.pass(200);
    }
    let heights = net.heights();
    assert!(heights[1] > 20, "{heights:?}");
}
