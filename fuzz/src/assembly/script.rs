//! What happens to a member, as the bytes of an input say.

use std::sync::Arc;
use std::time::Duration;

use althing_engine::simplex::{Command, Input, Message, Request, Status};
use althing_ledger::assembly::{CertifiedRun, Seal, SignedStatement, Statement};
use althing_ledger::charter::MemberIndex;
use althing_ledger::{Coinbase, Entry, NativeBlock, SignedEntry};
use althing_types::{BlockHash, Height, View};
use ed25519_dalek::SigningKey;

use super::peer::{LIARS, Peer, signer};

/// The bytes that are left.
pub(super) struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the next byte; zero after the last.
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Has the next thing happen.
    pub(super) fn next(&mut self, peer: &mut Peer) {
        match self.byte() % 13 {
            0 => peer.wait(Duration::from_millis(u64::from(self.byte()) * 20)),
            1 => peer.run_out(self.byte().into()),
            2 => {
                let word = self.word(peer);
                peer.hear(Message::Vote(word));
            }
            3 => self.propose(peer),
            4 => {
                let certificates = peer.certificates();
                let at = usize::from(self.byte());
                let one = at.checked_rem(certificates.len()).map(|at| certificates[at].clone());
                peer.hear(Message::Certificates(one.into_iter().collect()));
            }
            5 => {
                let (member, view) = (self.liar(), self.view(peer));
                let (height, beat) = (Height::new(self.byte().into()), self.byte().into());
                let signer = signer(member);
                let status = Status::sign((member, view, height, beat), &peer.chain, &signer);
                peer.hear(Message::Status(status));
            }
            6 => {
                let request = match self.byte() % 3 {
                    0 => {
                        let of = MemberIndex(u16::from(self.byte() % 4));
                        Request::Blocks { of, from: Height::new(self.byte().into()) }
                    }
                    1 => Request::Body(self.block(peer).hash()),
                    _ => Request::Certificates(self.view(peer)),
                };
                peer.hear(Message::Request(request));
            }
            7 => {
                let block = self.block(peer);
                peer.hear(Message::Body(block));
            }
            8 => self.run(peer),
            9 => peer.restart(),
            10 => {
                let entry = self.entry(peer);
                peer.handle(Input::Command(Command::Submit(vec![entry])));
            }
            11 => {
                let entries = (0..self.byte() % 4).map(|_| self.entry(peer)).collect();
                peer.hear(Message::Entries(entries));
            }
            _ => {
                let member = peer.charter.member(self.liar()).expect("it is a member");
                peer.handle(Input::PeerLost(member.id()));
            }
        }
    }

    fn liar(&mut self) -> MemberIndex {
        LIARS[usize::from(self.byte() % 2)]
    }

    /// Returns a view near that of the member.
    fn view(&mut self, peer: &Peer) -> View {
        let number = (peer.view().number() + u64::from(self.byte() % 8)).saturating_sub(3);
        View::new(number.max(1))
    }

    fn block(&mut self, peer: &Peer) -> Arc<NativeBlock> {
        Arc::clone(&peer.blocks[usize::from(self.byte()) % peer.blocks.len()])
    }

    fn entry(&mut self, peer: &Peer) -> Entry {
        let key = SigningKey::from_bytes(&[9; 32]);
        let chain = peer.chain.for_entries();
        SignedEntry::sign(&key, &chain, "notes", self.byte().into(), b"hello").encode()
    }

    fn word(&mut self, peer: &Peer) -> SignedStatement {
        let (kind, member, view) = (self.byte() % 4, self.liar(), self.view(peer));
        let block = match kind {
            3 => BlockHash::from_bytes([self.byte(); 32]),
            _ => self.block(peer).hash(),
        };
        let statement = match kind {
            0 | 3 => Statement::Notarize { view, block },
            1 => Statement::Nullify { view },
            _ => Statement::Finalize { view, block },
        };
        SignedStatement::sign(statement, member, &peer.chain, &signer(member))
    }

    /// Has a liar propose a block: in a view that it leads, unless the byte says otherwise.
    fn propose(&mut self, peer: &mut Peer) {
        let (choices, mut view) = (self.byte(), self.view(peer));
        let leader = |view| peer.charter.leader_of(&peer.chain, view);
        if choices & 1 == 0 {
            view = peer.view();
        }
        let member = if choices & 2 == 0 { leader(view) } else { self.liar() };
        if !LIARS.contains(&member) {
            return;
        }
        let parent = self.block(peer);
        let higher = if choices & 4 == 0 { 1 } else { u64::from(self.byte()) };
        let later = if choices & 8 == 0 { 0 } else { u32::from(self.byte()) };
        let entries = (0..(choices >> 4) % 3).map(|_| self.entry(peer)).collect();
        let seal = Seal { view, maker: member, salt: u64::from(choices >> 6) };
        let coinbase = Coinbase {
            height: Height::new(parent.coinbase.height.number() + higher),
            miner: seal.to_text().into(),
            extra_nonce: 0,
        };
        let time = parent.header.time.saturating_add(later);
        let hash = parent.hash();
        let block = NativeBlock::new(Some(hash), time, parent.header.bits, coinbase, entries);
        let block = Arc::new(block);
        let about = Statement::Notarize { view, block: block.hash() };
        let word = SignedStatement::sign(about, member, &peer.chain, &signer(member));
        peer.add(Arc::clone(&block));
        peer.hear(Message::Proposal { word, block });
    }

    /// Has a run come, of which the certificate is about something that the member has said.
    fn run(&mut self, peer: &mut Peer) {
        let block = self.block(peer);
        let certificates = peer.certificates();
        let at = usize::from(self.byte());
        let Some(at) = at.checked_rem(certificates.len()) else { return };
        let finalization = certificates[at].clone();
        let run = CertifiedRun { blocks: vec![(*block).clone()], headers: vec![], finalization };
        peer.hear(Message::Run(Box::new(run)));
    }
}
