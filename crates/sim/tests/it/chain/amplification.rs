//! What is sent to an address in whose name others ask, per byte of what they send (rules N8 and
//! N10): measured in bytes on the wire.

use std::sync::Arc;

use althing_dialect::ChainDialect;
use althing_engine::nakamoto::{
    Gossip, Identity, Input, Label, Message, Mining, Nakamoto, Output, State,
};
use althing_engine::{Engine, Origin, Recipient};
use althing_ledger::{Block, Ledger, NoArchive, Proposal};
use althing_sim::chain::{BEGINNING, Network, numbered_ballot, numbered_text};
use althing_types::{Address, Height, Moment};

fn address(port: u16) -> Address {
    Address::new("192.0.2.1", port).expect("a host")
}

/// Returns a chain of so many blocks.
fn chain(dialect: &dyn ChainDialect, network: Network, length: u64) -> Vec<Block> {
    let mut ledger = Ledger::new(dialect.rules().chain.clone(), dialect.application());
    ledger.set_clock(BEGINNING);
    while ledger.length() < length {
        let number = ledger.length();
        let entry = match network {
            Network::Cs60 => numbered_ballot(dialect, number),
            _ => numbered_text(dialect, number),
        };
        let proposal = Proposal { miner: "peer 0", now: BEGINNING, entries: vec![entry] };
        let template = ledger.template(proposal).expect("an entry is a block");
        let nonce = template.search(0..u64::MAX).expect("it is easy");
        assert!(ledger.add(template.with_nonce(nonce)).is_ok());
    }
    ledger.blocks_from(Height::GENESIS).map(Arc::unwrap_or_clone).collect()
}

/// Returns how many bytes a request has, and how many the owner of `forged` is sent for it.
fn measure(
    dialect: &dyn ChainDialect,
    peer: &mut Nakamoto,
    from: &Address,
    forged: &Address,
    request: Message,
) -> (usize, usize) {
    let bytes = |to: &Address, message: &Message| -> usize {
        let wires = dialect.encode(&Recipient::One(to.clone()), message);
        wires.iter().map(|wire| wire.payload.len()).sum()
    };
    let sent = bytes(from, &request);
    let mut out = Vec::new();
    let from = Origin { address: Some(from.clone()), key: None };
    peer.handle(Moment::START, Input::Message { from, message: request }, &mut out);
    let received = out.iter().map(|output| match output {
        Output::Send { to: Recipient::One(to), message } if to == forged => bytes(to, message),
        _ => 0,
    });
    (sent, received.sum())
}

/// Returns the rows of the table in `docs/protocol.md` for a network.
fn rows(name: &str, network: Network, length: u64, bound: f64) -> Vec<String> {
    let dialect = network.dialect(0);
    let identity = Identity {
        address: address(1),
        name: Label::new("peer 1").expect("it is short"),
        contacts: vec![],
        mining: Mining::Off,
        entropy: [7; 32],
        started: BEGINNING,
    };
    let (rules, state) = (dialect.rules().clone(), dialect.application());
    let mut peer = Nakamoto::new(rules, identity, state, Box::new(NoArchive), State::default());
    peer.handle(Moment::START, Input::Start, &mut Vec::new());
    let blocks = chain(&*dialect, network, length);
    let tip = blocks.last().expect("there are some").clone();
    let genesis = blocks[0].hash_after(None);
    for block in blocks {
        let from = Origin { address: Some(address(2)), key: None };
        let input = Input::Message { from, message: Message::Announcement(block) };
        peer.handle(Moment::START, input, &mut Vec::new());
    }
    assert_eq!(peer.ledger().length(), length);
    let gossip = |port: u16, id: &str| {
        let (name, id) = (Label::new("they").expect("short"), Label::new(id).expect("short"));
        Message::Gossip(Gossip { origin: address(port), name, id })
    };
    let id = |digit: char| String::from_iter([digit; 32]);
    let requests = match network {
        Network::Aviary => vec![
            ("`STATS`", 10, 10, Message::TipRequest),
            ("`GET_BLOCK`", 11, 11, Message::BlockRequest { height: tip.height() }),
            ("`GOSSIP`", 12, 12, gossip(12, &id('a'))),
            ("`GOSSIP` that names another as its origin", 13, 14, gossip(14, &id('b'))),
        ],
        Network::Cs60 => {
            vec![("`REQ`", 10, 10, Message::ChainRequest { from: Height::GENESIS })]
        }
        Network::Open | Network::OpenWithTracker => vec![
            ("tip request", 10, 10, Message::TipRequest),
            ("headers request", 11, 11, Message::HeadersRequest { locator: vec![genesis] }),
            ("body request", 12, 12, Message::BodyRequest { hash: tip.hash_after(None) }),
            ("gossip", 13, 13, gossip(13, &id('a'))),
            ("gossip that names another as its origin", 14, 15, gossip(15, &id('b'))),
        ],
    };
    let mut rows = Vec::new();
    for (what, from, forged, request) in requests {
        let (from, forged) = (address(from), address(forged));
        let (sent, received) = measure(&*dialect, &mut peer, &from, &forged, request);
        #[expect(clippy::cast_precision_loss, reason = "both are small")]
        let factor = received as f64 / sent as f64;
        assert!(factor <= bound, "{name}, {what}: {received} bytes for {sent}");
        let limit = match network {
            Network::Aviary | Network::Cs60 if !what.starts_with("`GOSSIP`") => "N8",
            _ if what.contains("names another") => "N3",
            _ => "",
        };
        rows.push(format!("| {name} | {what} | {factor:.1} | {limit} |"));
    }
    rows
}

#[test]
fn what_forged_addresses_are_sent_is_what_the_protocol_says() {
    let rows = [
        rows("open", Network::Open, 30, 3.0),
        rows("`aviary`", Network::Aviary, 30, 30.0),
        rows("`cs60`", Network::Cs60, 60, 5000.0),
    ]
    .concat();
    let protocol = include_str!("../../../../../docs/protocol.md");
    for row in &rows {
        assert!(protocol.contains(row.as_str()), "docs/protocol.md must say:\n{}", rows.join("\n"));
    }
}
