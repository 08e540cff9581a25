//! A codec as its tests use it: from a message to bytes on the wire and back.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};

use althing_engine::nakamoto::{self, Label, Nakamoto};
use althing_engine::rounds::{
    CertifiedRecord, Message, PublicKey, Record, Rounds, Signature, Signed, Start, StartsDigest,
};
use althing_engine::{Origin, Recipient};
use althing_types::{Address, Channel, Difficulty, PeerId, PeerKey, Seed, Term, Transaction};

use rsa_keys::RsaPrivateKey;
use rsa_keys::pkcs8::EncodePrivateKey;

use crate::pss::Drawn;
use crate::{Codec, Content, Malformed, PAYLOAD_MAX, Received, Wire};

/// Returns the packets that a message to all peers of a bus becomes.
pub(crate) fn encode(dialect: &impl Codec<Engine = Rounds>, signed: &Signed) -> Vec<Wire> {
    dialect.encode(&Recipient::All, signed)
}

/// Returns what bytes on a topic say. Nothing is known of their sender.
pub(crate) fn decode(
    dialect: &impl Codec<Engine = Rounds>,
    topic: &str,
    payload: &[u8],
) -> Result<Content<Signed>, Malformed> {
    let Received { from, content } = dialect.decode(&Channel::topic(topic), payload);
    assert_eq!(from, Origin::default());
    content
}

/// Checks that the two longest messages of a full network have room: the announcement of all
/// `members` with their keys, and the certificate of a row that all of them voted for.
pub(crate) fn assert_largest_fit(
    dialect: &impl Codec<Engine = Rounds>,
    members: RangeInclusive<u128>,
    key: &PublicKey,
    signature: &Signature,
    seed: Seed,
    noes: u16,
) {
    let peer = PeerId::new(*members.end());
    let members = || members.clone().map(PeerId::new);
    let announcement = Message::Announcement {
        peer,
        key: Some(key.clone()),
        members: Some(members().map(|member| (member, Some(key.clone()))).collect()),
        start: Some(Start { number: u64::MAX, nonce: u64::MAX }),
    };
    let record = CertifiedRecord {
        record: Record {
            transaction: Transaction::new(u64::MAX),
            difficulty: Difficulty::MAX,
            seed,
            winner: peer,
        },
        term: Term::new(u64::MAX),
        votes: members().map(|member| (member, Some(signature.clone()))).collect(),
        noes,
        starts: StartsDigest(u64::MAX),
    };
    for message in [announcement, Message::Certificate { peer, record }] {
        let signed = Signed { message, signature: Some(signature.clone()) };
        let [wire] = encode(dialect, &signed).try_into().expect("it is one packet");
        assert!(wire.payload.len() <= PAYLOAD_MAX, "{} bytes", wire.payload.len());
        assert_eq!(decode(dialect, wire.topic(), &wire.payload), Ok(Content::Message(signed)));
    }
}

pub(crate) fn label(text: &str) -> Label {
    Label::new(text).expect("it is short")
}

pub(crate) fn address(host: &str, port: u16) -> Address {
    Address::new(host, port).expect("a host")
}

/// Returns the datagram that a message becomes, or `None` if the network has no such message.
pub(crate) fn datagram(
    dialect: &impl Codec<Engine = Nakamoto>,
    message: &nakamoto::Message,
) -> Option<Vec<u8>> {
    let to = Channel::Address(some_peer());
    let wires = dialect.encode(&Recipient::One(some_peer()), message);
    assert_eq!(dialect.encode(&Recipient::All, message), [], "no datagram reaches all");
    let mut payloads = wires.into_iter().map(|wire| {
        assert_eq!(wire.to, to);
        wire.payload
    });
    let payload = payloads.next();
    assert_eq!(payloads.next(), None, "a message is one datagram");
    payload
}

/// Returns whose valid signature a datagram has, and what it says.
pub(crate) fn heard(
    dialect: &impl Codec<Engine = Nakamoto>,
    payload: &[u8],
) -> (Option<PeerKey>, Result<nakamoto::Message, Malformed>) {
    let Received { from, content } = dialect.decode(&Channel::Address(some_peer()), payload);
    assert_eq!(from.address, Some(some_peer()));
    let message = content.map(|content| match content {
        Content::Message(message) => message,
        other => panic!("a datagram is a message, and not {other:?}"),
    });
    (from.key, message)
}

/// Returns the message that a datagram is, without its signer, or what is wrong with it.
pub(crate) fn read(
    dialect: &impl Codec<Engine = Nakamoto>,
    payload: &[u8],
) -> Result<nakamoto::Message, Malformed> {
    heard(dialect, payload).1
}

/// Returns a new secret key of RSA with 2048 bits, as a node would make it.
pub(crate) fn rsa_secret() -> Vec<u8> {
    rsa_secret_of(2048)
}

/// Returns a new secret key of RSA with so many bits. Each run of a test gets the same keys.
pub(crate) fn rsa_secret_of(bits: usize) -> Vec<u8> {
    static KEYS: AtomicU64 = AtomicU64::new(0);
    let number = KEYS.fetch_add(1, Ordering::Relaxed).to_le_bytes();
    let mut drawn = Drawn::new(b"a key for tests", &number);
    let key = RsaPrivateKey::new(&mut drawn, bits).expect("there are keys of this length");
    key.to_pkcs8_der().expect("it was just made").as_bytes().to_vec()
}

fn some_peer() -> Address {
    address("192.0.2.1", 8999)
}

impl Wire {
    /// Returns the topic that this is published to.
    pub(crate) fn topic(&self) -> &str {
        self.to.as_topic().expect("on a bus everything goes to a topic")
    }
}
