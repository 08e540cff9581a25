//! Peers without members or a leader: a peer that finds a block announces it, and the chain with
//! the most work counts (Nakamoto, *Bitcoin: A Peer-to-Peer Electronic Cash System*, 2008).
//!
//! [`Rules`] say how a network of this kind works: which blocks are valid, how peers meet, and how
//! a peer gets the blocks that it lacks. The peer's own [`Ledger`] checks every block before it
//! counts, so no peer has to be trusted: what others *claim* only says where to look first. The
//! rules have names (N2, Y4 ...) and are written out in `docs/protocol.md`:
//!
//! | file | question | rules |
//! | --- | --- | --- |
//! | `peers`, `gossip` | which peers do we know? | N |
//! | `answers` | how much do we send to whom? | N8, N10 |
//! | `joining` | have we met our network, and who of it stays? | M4, N6 |
//! | `tips` | which chains do the others have? | T |
//! | `agreement` | on which chain do they agree? | F6 |
//! | `by_height`, `whole_chain`, `headers_first`, `requests` | how do we get missing blocks? | Y |
//! | `blocks` | what happens to a block? | Y6, F |
//! | `mining`, `mempool`, `own` | which block do we mine? | M |
//! | `turns` | when do we mine beside programs that take long? | M6 |
//! | `holders` | which of our blocks do others have as well? | M5 |
//! | `wall_clock` | what time is it, by our clock and by those of others? | B13 |
//! | `watching` | what does one do that only watches? | |
//! | `bans` | which keys are banned? | X |
//! | `message` | what do peers send each other? | |
//! | `interface`, `status` | what can a peer be told, what does it report, how are things? | |
//! | `durable` | what must a peer not forget? | |
//! | `rules` | in what do such networks differ? | |
//! | `queues` | what can others fill, and how far? | |
//!
//! **Punishment.** The source of a message can be forged, so no address is ever silenced for what
//! arrived in its name: that would let a stranger cut honest peers off. A peer whose chain could
//! not be fetched is only *shunned*: it is not asked for some time. Where messages are signed, a
//! *key* is banned for what only a dishonest owner signs.
//!
//! This engine does not encode messages (the dialect does), store the chain (the store does), or
//! search for nonces (the miner does).

mod agreement;
mod answers;
mod bans;
mod blocks;
mod by_height;
mod durable;
mod gossip;
mod headers_first;
mod holders;
mod interface;
mod joining;
mod mempool;
mod message;
mod mining;
mod own;
mod peers;
mod queues;
mod requests;
mod rules;
mod status;
mod tips;
mod turns;
mod wall_clock;
mod watching;
mod whole_chain;

pub use self::answers::{
    HOSTS_MAX, REPLIES_PER_HOST_MAX, SHARE_BYTES, SHARE_BYTES_A_SECOND, SHOWN_BYTES_A_SECOND,
    SHOWN_MAX, STRANGERS_BYTES, STRANGERS_BYTES_A_SECOND,
};
pub use self::bans::{KEYS_MAX, POINTS_MAX};
pub use self::by_height::{BAD_CLAIMS_MAX, DOWNLOADS_MAX, TRIES_MAX, WINDOW};
pub use self::durable::{Durable, State};
pub use self::gossip::GOSSIPS_REMEMBERED;
pub use self::headers_first::{BODIES_MAX, HEADERS_PER_ANSWER, LOCATOR_MAX};
pub use self::holders::OWN_BLOCKS_MAX;
pub use self::interface::{
    Command, DownloadFailure, Event, Misbehaviour, NotAdmitted, Refusal, Timer,
};
pub use self::mempool::MEMPOOL_MAX;
pub use self::message::{Claim, Cookie, Gossip, Label, LabelTooLong, Message};
pub use self::mining::Mining;
pub use self::own::{BURIED, OwnEntry};
pub use self::peers::{OLDEST_KEPT, PEERS_MAX, UNANSWERED_MAX, USEFUL_KEPT};
pub use self::requests::{REQUESTS_MAX, REQUESTS_PER_PEER_MAX, RequestId};
pub use self::rules::{Customs, Discovery, Entries, ReplyTo, Rules, SyncMethod, Timeouts};
pub use self::status::Status;
pub use self::turns::{LOST_RACES_MAX, TURN};
pub use self::whole_chain::{CHAIN_BLOCKS_MAX, WHOLE_CHAIN_BYTES_MAX};

use std::sync::Arc;

use althing_ledger::{Application, Archive, Ledger, Template};
use althing_types::{Address, Moment, PeerKey, UnixTime};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use self::answers::Answers;
use self::bans::Bans;
use self::by_height::Downloads;
use self::gossip::Heard;
use self::headers_first::HeaderSync;
use self::holders::Holders;
use self::joining::{Joining, Shown};
use self::mempool::Mempool;
use self::mining::Miner;
use self::own::OwnEntries;
use self::peers::Peers;
use self::requests::{Requests, Wanted};
use self::turns::Turns;
use self::wall_clock::WallClock;
use crate::overhearing::{Overhearing, Overhears};
use crate::{Engine, Origin, OtherNetwork, Queue, Recipient};

/// What can happen to a peer of a network with a chain.
pub type Input = crate::Input<Nakamoto>;

/// What its driver must do.
pub type Output = crate::Output<Nakamoto>;

/// One peer's view of a network with a chain.
///
/// Feed it [`Input::Start`] once, then every other input; carry out the outputs in their order.
pub struct Nakamoto {
    rules: Rules,
    me: Address,
    name: Label,
    contacts: Vec<Address>,
    /// How often the contacts were turned to without any peer having answered.
    unanswered: u32,
    wall: WallClock,
    rng: ChaCha8Rng,
    ledger: Ledger,
    peers: Peers,
    bans: Bans,
    heard: Heard,
    answers: Answers,
    requests: Requests,
    downloads: Downloads,
    headers: HeaderSync,
    mempool: Mempool,
    own: OwnEntries,
    miner: Miner,
    joining: Joining,
    holders: Holders,
    turns: Turns,
    overhearing: Overhearing,
    /// Whether a tracker has sent its list.
    has_list: bool,
    /// Whether it only watches.
    is_watching: bool,
}

/// What distinguishes one peer from the others of its network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The address at which the others can reach it.
    pub address: Address,
    /// Its name, also as a miner.
    pub name: Label,
    /// The peers that it contacts when it knows no others.
    pub contacts: Vec<Address>,
    /// Whether it mines.
    pub mining: Mining,
    /// Seeds its choices.
    pub entropy: [u8; 32],
    /// The wall-clock time.
    pub started: UnixTime,
}

impl Nakamoto {
    /// Returns a peer that has not sent anything yet, with the blocks of its chain from before a
    /// restart. `state` is the application before any entry; `kept` is what is on disk besides.
    ///
    /// They are read from `archive`, which also provides them from then on: the engine has the last
    /// few in memory, and reads an older one when it needs it. They are checked again when they are
    /// first read, since a disk is not trusted either. Blocks that do not fit are left out, and
    /// fetched again.
    pub fn new(
        rules: Rules,
        identity: Identity,
        state: Box<dyn Application>,
        archive: Box<dyn Archive>,
        kept: State,
    ) -> Self {
        let Identity { address, name, contacts, mining, entropy, started } = identity;
        let ledger = Ledger::recover(rules.chain.clone(), state, archive, started);
        Self {
            own: OwnEntries::recovered(kept.own, &ledger),
            joining: Joining::new(rules.discovery),
            holders: Holders::default(),
            turns: Turns::default(),
            overhearing: Overhearing::default(),
            ledger,
            rules,
            me: address,
            name,
            peers: Peers::new(&contacts),
            contacts,
            unanswered: 0,
            wall: WallClock::new(started),
            rng: ChaCha8Rng::from_seed(entropy),
            bans: Bans::default(),
            heard: Heard::default(),
            answers: Answers::new(&entropy),
            requests: Requests::default(),
            downloads: Downloads::default(),
            headers: HeaderSync::default(),
            mempool: Mempool::default(),
            miner: Miner::new(mining),
            has_list: false,
            is_watching: false,
        }
    }

    /// Has it only watch: it asks for what it needs to know which chain there is, and says who it
    /// is where otherwise none would tell it anything. It mines nothing, answers nothing and passes
    /// nothing on.
    #[must_use]
    pub fn watching(mut self) -> Self {
        self.is_watching = true;
        self
    }

    /// Returns the blocks that this peer knows.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Returns the peers that this peer knows.
    pub fn peers(&self) -> impl Iterator<Item = &Address> {
        self.peers.addresses()
    }

    fn on_start(&mut self, now: Moment, out: &mut Vec<Output>) {
        self.submit_again(out);
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
        let from = &self.speaker(from, &message);
        self.peers.hear(now, from);
        let is_watched = self.holders.len() > 0 || self.joining.is_asking();
        let shown = if is_watched { Shown::by(&message) } else { None };
        match &message {
            Message::Tip(_) => self.peers.note_tip(from),
            message if message.is_answer() => self.peers.note_answer(from),
            _ => {}
        }
        let done = match (message, self.rules.discovery, self.rules.sync) {
            (Message::Gossip(gossip), Discovery::Gossip { forward }, _) => {
                self.on_gossip(now, from, &gossip, forward, out)
            }
            (Message::GossipReply { .. }, Discovery::Gossip { .. }, _) => self.meet(now, from, out),
            (Message::TipRequest, _, SyncMethod::ByHeight | SyncMethod::HeadersFirst) => {
                self.on_tip_request(now, from, out)
            }
            (Message::HeadersRequest { locator }, _, SyncMethod::HeadersFirst) => {
                self.on_headers_request(now, from, &locator, out)
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
                self.on_chain_request(now, from, height, out)
            }
            (Message::Chain(blocks), _, SyncMethod::WholeChain) => {
                self.on_chain(now, from, blocks, out)
            }
            (Message::Announcement(block), _, _) => self.on_announcement(now, from, &block, out),
            (Message::Entry(entry), _, _) if self.rules.entries == Entries::Shared => {
                self.on_entry(entry, out)
            }
            (Message::Challenge(cookie), _, _) if self.rules.has_cookies => {
                self.on_challenge(from, cookie, out)
            }
            (Message::Proof(cookie), _, _) if self.rules.has_cookies => {
                self.on_proof(now, from, cookie, out)
            }
            _ => Err(Refusal::Unexpected),
        };
        if let Some(shown) = shown {
            self.on_shown(from, &shown, out);
        }
        if let Some(signer) = signer {
            self.peers.bind(from, signer);
        }
        if let Err(reason) = done {
            self.blame(now, signer, &reason, out);
            refuse(from, reason, out);
        }
    }

    /// Sends `peer` a request, and notices if it is not answered (rule Y3).
    fn ask(&mut self, peer: &Address, wanted: Wanted, out: &mut Vec<Output>) {
        let message = self.question(wanted);
        let id = self.requests.ask(peer.clone(), wanted);
        send(peer, message, out);
        let after = self.rules.timeouts.request;
        out.push(Output::SetTimer { after, timer: Timer::Request(id) });
    }

    /// Returns what asks for something.
    fn question(&self, wanted: Wanted) -> Message {
        match wanted {
            Wanted::Block { height, .. } => Message::BlockRequest { height },
            Wanted::Chain { from, .. } => Message::ChainRequest { from },
            Wanted::Headers => Message::HeadersRequest { locator: self.locator() },
            Wanted::Body { hash } => Message::BodyRequest { hash },
        }
    }

    /// Returns whose message it is. Some programs answer from another port than the one that was
    /// asked; then it is the peer of that host which was asked for this, if there is only one.
    fn speaker(&self, from: &Address, message: &Message) -> Address {
        let is_stranger = self.rules.sync == SyncMethod::ByHeight && !self.peers.contains(from);
        let asked = match message {
            Message::Tip(_) if is_stranger => self.peers.asked_at_host_of(from),
            Message::Block(block) if is_stranger => {
                let sent = block.height();
                self.requests.asked_at_host_of(
                    from,
                    |wanted| matches!(wanted, Wanted::Block { height, .. } if *height == sent),
                )
            }
            Message::NoBlock if is_stranger => self
                .requests
                .asked_at_host_of(from, |wanted| matches!(wanted, Wanted::Block { .. })),
            Message::GossipReply { address, .. } => {
                let is_known = self.peers.contains(address) || self.contacts.contains(address);
                (is_known && address.host() == from.host()).then_some(address)
            }
            _ => None,
        };
        asked.unwrap_or(from).clone()
    }

    /// Asks other peers for what has not arrived.
    fn on_request_over(&mut self, now: Moment, id: RequestId, out: &mut Vec<Output>) {
        let Some(request) = self.requests.take(id) else { return };
        match request.wanted {
            Wanted::Block { claim, height } => self.on_block_overdue(now, claim, height, out),
            // A peer that claims something unknown is asked again when it repeats its claim.
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
        self.wall.show(now)
    }
}

impl Overhears for Nakamoto {
    const TIMER: Timer = Timer::Overheard;

    fn overheard(network: OtherNetwork, peers: usize) -> Event {
        Event::NetworkOverheard { network, peers }
    }
}

impl Engine for Nakamoto {
    type Message = Message;
    type Timer = Timer;
    type Durable = Durable;
    type Work = Arc<Template>;
    type Command = Command;
    type Event = Event;
    type Status = Status;

    fn handle(&mut self, now: Moment, input: Input, out: &mut Vec<Output>) {
        self.ledger.set_clock(self.wall_time(now));
        match input {
            Input::Start => self.on_start(now, out),
            Input::Message { from: Origin { address: Some(from), key }, message } => {
                self.on_message(now, &from, key, message, out);
            }
            Input::Malformed(Origin { key: Some(signer), .. }) => {
                self.on_misbehaviour(now, signer, Misbehaviour::Malformed, out);
            }
            Input::Timer(Timer::Gossip) => self.on_gossip_timer(now, out),
            Input::Timer(Timer::Tips) => self.on_tips_timer(now, out),
            Input::Timer(Timer::Joined) => self.joining.join(),
            Input::Timer(Timer::Unlisted) => self.on_unlisted_timer(now, out),
            Input::Timer(Timer::Held(hash)) => self.on_held_over(hash, out),
            // What it was for is done after every input.
            Input::Timer(Timer::Turn) => {}
            Input::Timer(Timer::Newcomer) => self.ask_somebody_for_chain(now, out),
            Input::Timer(Timer::Request(id)) => self.on_request_over(now, id, out),
            Input::Overheard(overheard) => self.overhearing.hear(overheard, out),
            Input::Timer(Timer::Overheard) => self.overhearing.on_timer(out),
            Input::Peers(list) => self.on_peers(now, &list, out),
            Input::WallClock(shown) => self.on_wall_clock(now, shown, out),
            Input::Solved { search, solution } => self.on_solved(now, search, solution, out),
            Input::Command(Command::Mined(block)) => self.on_mined(now, &block, out),
            Input::Command(Command::Submit(entry)) => self.on_submit(entry, out),
            Input::Command(Command::Withdraw(entry)) => self.on_withdraw(&entry, out),
            // No address to answer, no key to give points to, or nothing that this engine requests.
            Input::Message { .. }
            | Input::Malformed(_)
            | Input::PeerLost(_)
            | Input::Interrupted
            | Input::Read(_) => {}
        }
        self.keep_mining(now, out);
        if self.is_watching {
            out.retain(|output| watching::is_done(&self.me, output));
        }
    }

    fn status(&self) -> Status {
        Status {
            tip: self.ledger.tip(),
            blocks: self.ledger.length(),
            peers: self.peers().cloned().collect(),
            mempool: self.mempool.len(),
            mining: self.miner.mining(),
            searching: self.miner.height(),
            joined: self.joining.is_joined(),
        }
    }

    fn visit_queues(&self, visit: impl FnMut(Queue)) {
        self.queues().into_iter().for_each(visit);
    }
}

fn send(to: &Address, message: Message, out: &mut Vec<Output>) {
    out.push(Output::Send { to: Recipient::One(to.clone()), message });
}

fn refuse(from: &Address, reason: Refusal, out: &mut Vec<Output>) {
    out.push(Output::Event(Event::MessageRefused { from: from.clone(), reason }));
}
