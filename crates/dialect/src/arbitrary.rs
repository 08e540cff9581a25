//! Any message, for tests of what a network does with it.

use althing_engine::nakamoto::{self, Gossip};
use althing_engine::rounds::{
    Accepted, Cause, CertifiedRecord, ElectionState, MembershipDigest, Message, Place, Promise,
    PublicKey, Record, Signature, Start, StartsDigest,
};
use althing_ledger::Block;
use althing_text::Name;
use althing_types::{Address, BlockHash, Difficulty, PeerId, Seed, Term, Transaction};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::testing;

pub(crate) fn seed() -> impl Strategy<Value = Seed> {
    any::<u64>().prop_map(Seed::from)
}

pub(crate) fn name() -> impl Strategy<Value = Name> {
    "[^\\p{C}\\p{Z}\u{ad}\u{feff}]{1,32}"
        .prop_filter_map("it can be seen", |text| text.parse().ok())
}

pub(crate) fn transaction() -> impl Strategy<Value = Transaction> {
    any::<u64>().prop_map(Transaction::new)
}

fn term() -> impl Strategy<Value = Term> {
    any::<u64>().prop_map(Term::new)
}

fn difficulty() -> impl Strategy<Value = Difficulty> {
    (1..=160u64).prop_map(|bits| Difficulty::from_bits(bits).expect("in range"))
}

fn key() -> impl Strategy<Value = Option<PublicKey>> {
    option::of(vec(any::<u8>(), 32).prop_map(|bytes| PublicKey(bytes.into())))
}

pub(crate) fn signature() -> impl Strategy<Value = Option<Signature>> {
    option::of(vec(any::<u8>(), 64).prop_map(|bytes| Signature::new(bytes.into())))
}

pub(crate) fn start() -> impl Strategy<Value = Start> {
    (any::<u64>(), any::<u64>()).prop_map(|(number, nonce)| Start { number, nonce })
}

pub(crate) fn starts() -> impl Strategy<Value = StartsDigest> {
    prop_oneof![Just(StartsDigest(0)), any::<u64>().prop_map(StartsDigest)]
}

fn record(peer: &BoxedStrategy<PeerId>) -> impl Strategy<Value = Record> + use<> {
    (transaction(), difficulty(), seed(), peer.clone()).prop_map(
        |(transaction, difficulty, seed, winner)| Record { transaction, difficulty, seed, winner },
    )
}

fn state(peer: &BoxedStrategy<PeerId>) -> impl Strategy<Value = ElectionState> + use<> {
    let promise = (peer.clone(), record(peer), option::of(term()));
    let promise = promise.prop_map(|(leader, record, accepted)| {
        let transaction = record.transaction;
        Promise { leader, transaction, accepted: accepted.map(|term| Accepted { term, record }) }
    });
    (term(), any::<u64>(), option::of(promise), starts()).prop_map(
        |(term, members, promise, starts)| ElectionState {
            term,
            members: MembershipDigest(members),
            promise,
            starts,
        },
    )
}

/// Returns any message but a verdict, which few networks have.
pub(crate) fn message(
    peer: &BoxedStrategy<PeerId>,
    draw: BoxedStrategy<u128>,
) -> impl Strategy<Value = Message> + use<> {
    let any_peer = || peer.clone();
    let place = (transaction(), term()).prop_map(|(transaction, term)| Place { transaction, term });
    let cause = (term(), difficulty(), any_peer(), starts())
        .prop_map(|(term, difficulty, winner, starts)| Cause { term, difficulty, winner, starts });
    let confirmed = vec((any_peer(), start()), 0..5);
    let accepted = option::of((term(), record(peer)));
    let confirmation = (
        any_peer(),
        confirmed,
        option::of(any::<u64>()),
        option::of(term()),
        transaction(),
        accepted,
    )
        .prop_map(|(peer, of, members, promised, transaction, accepted)| {
            let accepted = accepted
                .map(|(term, record)| Accepted { term, record: Record { transaction, ..record } });
            let members = members.map(MembershipDigest);
            Message::Confirmation { peer, of, members, promised, transaction, accepted }
        });
    prop_oneof![
        (any_peer(), key(), option::of(vec((any_peer(), key()), 0..5)), option::of(start()))
            .prop_map(|(peer, key, members, start)| Message::Announcement {
                peer,
                key,
                members,
                start,
            }),
        confirmation,
        (any_peer(), name()).prop_map(|(peer, name)| Message::Name { peer, name }),
        (any_peer(), draw, option::of(state(peer)))
            .prop_map(|(peer, draw, state)| Message::Election { peer, draw, state }),
        (any_peer(), difficulty(), option::of(place))
            .prop_map(|(peer, difficulty, place)| Message::Challenge { peer, difficulty, place }),
        (any_peer(), transaction(), seed())
            .prop_map(|(peer, transaction, seed)| Message::Solution { peer, transaction, seed }),
        (any_peer(), transaction(), seed(), any::<bool>(), option::of(cause)).prop_map(
            |(peer, transaction, seed, approve, cause)| Message::Vote {
                peer,
                transaction,
                seed,
                approve,
                cause,
            }
        ),
        (any_peer(), any_peer(), transaction()).prop_map(|(peer, of, from)| Message::Request {
            peer,
            of,
            from
        }),
        (
            any_peer(),
            record(peer),
            term(),
            vec((any_peer(), signature()), 0..5),
            any::<u16>(),
            starts()
        )
            .prop_map(|(peer, record, term, votes, noes, starts)| Message::Certificate {
                peer,
                record: CertifiedRecord { record, term, votes, noes, starts },
            }),
    ]
}

pub(crate) fn hash() -> impl Strategy<Value = BlockHash> {
    any::<[u8; 32]>().prop_map(BlockHash::from_bytes)
}

fn address() -> impl Strategy<Value = Address> {
    ("[!-~]{1,20}", any::<u16>()).prop_map(|(host, port)| testing::address(&host, port))
}

/// Returns any of the messages that all networks with a chain have whose peers gossip.
pub(crate) fn chain_message(
    block: &BoxedStrategy<Block>,
) -> impl Strategy<Value = nakamoto::Message> + use<> {
    use nakamoto::Message;
    let label = || "[ -~é]{0,30}".prop_map(|text| testing::label(&text));
    prop_oneof![
        (address(), label(), label()).prop_map(|(origin, name, id)| Message::Gossip(Gossip {
            origin,
            name,
            id
        })),
        (address(), label()).prop_map(|(address, name)| Message::GossipReply { address, name }),
        Just(Message::TipRequest),
        Just(Message::Consensus),
        block.clone().prop_map(Message::Block),
        Just(Message::NoBlock),
        block.clone().prop_map(Message::Announcement),
    ]
}
