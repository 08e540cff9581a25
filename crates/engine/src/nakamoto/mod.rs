//! Peers without members or a leader: whoever finds a block tells the others, and the chain with
//! the most work counts (Nakamoto, *Bitcoin: A Peer-to-Peer Electronic Cash System*, 2008).
//!
//! [`Rules`] say how a network of this kind works: which blocks are valid, how peers meet, and how
//! a peer gets the blocks that it lacks. Every block is checked by the peer's own
//! [`Ledger`] before it counts, so nobody is believed: what others *claim* only says where to look
//! first. The rules have names (N2, Y4 ...) and are written out in `docs/protocol.md`:
//!
//! | file | question | rules |
//! | --- | --- | --- |
//! | `peers`, `gossip` | whom do we know? | N |
//! | `tips` | what chains do the others have? | T |
//! | `by_height`, `whole_chain`, `headers_first`, `requests` | how do we get what we lack? | Y |
//! | `blocks` | what becomes of a block? | Y6, F |
//! | `mining`, `pool` | what do we mine, and on what? | M |
//! | `bans` | whom do we not hear any more? | X |
//!
//! **Whom to punish.** Where messages come from can be forged, so no address is ever silenced for
//! what came in its name: that would let a stranger cut honest peers off. A peer whose chain could
//! not be had is *shunned*: it is not asked for some time, and that is all. Where messages are
//! signed, a *key* is banned for what only a dishonest owner signs.
//!
//! What this engine does not do: encode messages (the dialect's), keep the chain (the store's), or
//! search for nonces (the miner's).

mod bans;
mod blocks;
mod by_height;
mod gossip;
mod headers_first;
mod interface;
mod message;
mod mining;
mod peers;
mod pool;
mod queues;
mod requests;
mod rules;
mod tips;
mod whole_chain;

pub use self::bans::{KEYS_MAX, Misbehaviour, POINTS_MAX};
pub use self::by_height::{BAD_CLAIMS_MAX, DOWNLOADS_MAX, TRIES_MAX, WINDOW};
pub use self::gossip::GOSSIPS_REMEMBERED;
pub use self::headers_first::{BODIES_MAX, HEADERS_PER_ANSWER, LOCATOR_MAX};
pub use self::interface::{
    DownloadFailure, Durable, Event, Input, Output, Refusal, SearchId, Timer,
};
pub use self::message::{Claim, Gossip, Label, LabelTooLong, Message};
pub use self::mining::Mining;
pub use self::peers::PEERS_MAX;
pub use self::pool::{NotPooled, POOL_MAX};
pub use self::requests::{REQUESTS_MAX, REQUESTS_PER_PEER_MAX, RequestId};
pub use self::rules::{Discovery, Entries, Rules, SyncMethod, Timeouts};
pub use self::tips::{ANSWERS_MAX, CHAIN_ANSWERS_MAX};
pub use self::whole_chain::CHAIN_BLOCKS_MAX;

use althing_ledger::{Application, Block, Ledger, Outcome as Added};
use althing_types::{Address, Moment, PeerKey, UnixTime};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use self::bans::Bans;
use self::by_height::Downloads;
use self::gossip::Heard;
use self::headers_first::HeaderSync;
use self::mining::Miner;
use self::peers::Peers;
use self::pool::Pool;
use self::requests::{Requests, Wanted};
use self::tips::Answers;

/// One peer's view of a network with a chain.
///
/// Feed it [`Input::Start`] once, then whatever happens; carry out the outputs in their order.
pub struct Nakamoto {
    rules: Rules,
    me: Address,
    name: Label,
    contacts: Vec<Address>,
    /// What the clock on the wall showed at the start.
    started: UnixTime,
    rng: ChaCha8Rng,
    ledger: Ledger,
    peers: Peers,
    bans: Bans,
    heard: Heard,
    answers: Answers,
    requests: Requests,
    downloads: Downloads,
    headers: HeaderSync,
    pool: Pool,
    miner: Miner,
}

/// What sets one peer apart from the others of its network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Where the others can reach it.
    pub address: Address,
    /// What it calls itself, also as a miner.
    pub name: Label,
    /// Whom it turns to when it knows nobody.
    pub contacts: Vec<Address>,
    /// Whether it mines.
    pub mining: Mining,
    /// Seeds its choices.
    pub entropy: [u8; 32],
    /// What the clock on the wall shows now.
    pub started: UnixTime,
}

impl Nakamoto {
    /// Returns a peer that has not yet spoken, with the blocks of its chain from before a restart.
    /// `state` is the application before any entry.
    ///
    /// The blocks are checked again: a disk is not believed either. What does not fit any more is
    /// left out, and fetched anew.
    pub fn new(
        rules: Rules,
        identity: Identity,
        state: Box<dyn Application>,
        recovered: Vec<Block>,
    ) -> Self {
        let Identity { address, name, contacts, mining, entropy, started } = identity;
        let mut ledger = Ledger::new(rules.chain.clone(), state);
        ledger.set_clock(started);
        for block in recovered {
            if !matches!(ledger.add(block), Ok(Added::Adopted(_) | Added::Known)) {
                break;
            }
        }
        Self {
            ledger,
            rules,
            me: address,
            name,
            contacts,
            started,
            rng: ChaCha8Rng::from_seed(entropy),
            peers: Peers::default(),
            bans: Bans::default(),
            heard: Heard::default(),
            answers: Answers::default(),
            requests: Requests::default(),
            downloads: Downloads::default(),
            headers: HeaderSync::default(),
            pool: Pool::default(),
            miner: Miner::new(mining),
        }
    }

    /// Returns the blocks that this peer knows.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Returns the peers that this peer knows.
    pub fn peers(&self) -> impl Iterator<Item = &Address> {
        self.peers.addresses()
    }

    /// Handles one input at the time `now`, and appends what must be done to `out`.
    pub fn handle(&mut self, now: Moment, input: Input, out: &mut Vec<Output>) {
        self.ledger.set_clock(self.wall_time(now));
        match input {
            Input::Start => self.on_start(now, out),
            Input::Message { from, signer, message } => {
                self.on_message(now, &from, signer, message, out);
            }
            Input::Malformed { signer } => {
                self.on_misbehaviour(now, signer, Misbehaviour::Malformed, out);
            }
            Input::Timer(Timer::Gossip) => self.on_gossip_timer(now, out),
            Input::Timer(Timer::Tips) => self.on_tips_timer(now, out),
            Input::Timer(Timer::Request(id)) => self.on_request_over(now, id, out),
            Input::Peers(list) => self.on_peers(now, &list, out),
            Input::Solved { search, nonce } => self.on_solved(search, nonce, out),
            Input::Mined(block) => self.on_mined(&block, out),
            Input::Submit(entry) => self.on_submit(entry, out),
        }
        self.keep_mining(now, out);
    }

    fn on_start(&mut self, now: Moment, out: &mut Vec<Output>) {
        if let Discovery::Gossip { .. } = self.rules.discovery {
            self.on_gossip_timer(now, out);
        }
        self.on_tips_timer(now, out);
    }

    fn on_message(
        &mut self,
        now: Moment,
        from: &Address,
        signer: Option<PeerKey>,
        message: Message,
        out: &mut Vec<Output>,
    ) {
        if *from == self.me || signer.is_some_and(|signer| self.bans.holds(now, &signer)) {
            return;
        }
        self.peers.hear(now, from);
        let done = match (message, self.rules.discovery, self.rules.sync) {
            (Message::Gossip(gossip), Discovery::Gossip { forward }, _) => {
                self.on_gossip(now, from, &gossip, forward, out)
            }
            (Message::GossipReply { .. }, Discovery::Gossip { .. }, _) => self.meet(now, from, out),
            (Message::TipRequest, _, SyncMethod::ByHeight | SyncMethod::HeadersFirst) => {
                self.on_tip_request(now, from, out)
            }
            (Message::HeadersRequest { locator }, _, SyncMethod::HeadersFirst) => {
                self.on_headers_request(from, &locator, out)
            }
            (Message::Headers(headers), _, SyncMethod::HeadersFirst) => {
                self.on_headers(now, from, &headers, out)
            }
            (Message::BodyRequest { hash }, _, SyncMethod::HeadersFirst) => {
                self.on_body_request(now, from, &hash, out)
            }
            (Message::Block(block), _, SyncMethod::HeadersFirst) => {
                self.on_body(now, from, signer, block, out)
            }
            (Message::NoBlock, _, SyncMethod::HeadersFirst) => self.on_no_body(now, from, out),
            (Message::Tip(claim), _, SyncMethod::HeadersFirst) => {
                self.on_claim(now, from, claim, out)
            }
            (Message::Tip(claim), _, SyncMethod::ByHeight) => self.on_tip(now, from, claim, out),
            (Message::Consensus, _, SyncMethod::ByHeight | SyncMethod::HeadersFirst) => {
                self.on_consensus(now, out)
            }
            (Message::BlockRequest { height }, _, SyncMethod::ByHeight) => {
                self.on_block_request(now, from, height, out)
            }
            (Message::Block(block), _, SyncMethod::ByHeight) => {
                self.on_block(now, from, block, out)
            }
            (Message::NoBlock, _, SyncMethod::ByHeight) => self.on_no_block(now, from, out),
            (Message::ChainRequest { from: height }, _, SyncMethod::WholeChain) => {
                self.on_chain_request(from, height, out)
            }
            (Message::Chain(blocks), _, SyncMethod::WholeChain) => {
                self.on_chain(now, from, blocks, out)
            }
            (Message::Announcement(block), _, _) => self.on_announcement(now, from, &block, out),
            (Message::Entry(entry), _, _) if self.rules.entries == Entries::Shared => {
                self.on_entry(entry, out)
            }
            _ => Err(Refusal::Unexpected),
        };
        if let Some(signer) = signer {
            self.peers.bind(from, signer);
        }
        if let Err(reason) = done {
            self.blame(now, signer, &reason, out);
            refuse(from, reason, out);
        }
    }

    /// Asks `peer` for something, and notices if it does not come (rule Y3).
    fn ask(&mut self, peer: &Address, wanted: Wanted, out: &mut Vec<Output>) {
        let message = match wanted {
            Wanted::Block { height, .. } => Message::BlockRequest { height },
            Wanted::Chain { from, .. } => Message::ChainRequest { from },
            Wanted::Headers => Message::HeadersRequest { locator: self.locator() },
            Wanted::Body { hash } => Message::BodyRequest { hash },
        };
        let id = self.requests.ask(peer.clone(), wanted);
        send(peer, message, out);
        let after = self.rules.timeouts.request;
        out.push(Output::SetTimer { after, timer: Timer::Request(id) });
    }

    /// Asks somebody else for what has not come.
    fn on_request_over(&mut self, now: Moment, id: RequestId, out: &mut Vec<Output>) {
        let Some(request) = self.requests.take(id) else { return };
        match request.wanted {
            Wanted::Block { claim, height } => self.on_block_overdue(now, claim, height, out),
            // Who claims something unknown is asked again when it says so again.
            Wanted::Headers => {}
            Wanted::Body { hash } => self.on_body_overdue(now, hash, out),
            Wanted::Chain { from, tries_left } => {
                self.on_chain_overdue(now, &request.peer, from, tries_left, out);
            }
        }
    }

    fn shun(&mut self, now: Moment, peer: &Address, out: &mut Vec<Output>) {
        if let Some(time) = self.peers.shun(now, peer, self.rules.timeouts.shun) {
            out.push(Output::Event(Event::PeerShunned { peer: peer.clone(), time }));
        }
    }

    fn wall_time(&self, now: Moment) -> UnixTime {
        self.started.after(now.since_start())
    }
}

fn send(to: &Address, message: Message, out: &mut Vec<Output>) {
    out.push(Output::Send { to: to.clone(), message });
}

fn refuse(from: &Address, reason: Refusal, out: &mut Vec<Output>) {
    out.push(Output::Event(Event::MessageRefused { from: from.clone(), reason }));
}
