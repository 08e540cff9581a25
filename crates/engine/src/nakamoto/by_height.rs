//! Fetches a chain block by block from all peers that claim to have it (rules Y2 to Y5).
//!
//! In these networks a block is requested by its height, so a request does not say *which* chain is
//! meant. So the peers are grouped by their claims (length and last hash), and each claim is
//! fetched only from the peers behind it: a *download*. It goes up from the end of our own chain,
//! with a window of blocks in flight; if the first block does not fit, it goes down, in steps that
//! double, until one does.
//!
//! A claim proves nothing until its blocks have arrived. Of several claims the one that most peers
//! share is fetched first, then the longest. Another one is started only when the running downloads
//! have stalled, and no peer backs two of them. So a peer that claims what it does not have delays
//! one download, for as long as it takes to ask that peer three times.
//!
//! | file | question |
//! | --- | --- |
//! | `download` | what is known of one chain that is being fetched? |

mod download;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use althing_ledger::{Block, Choice, Contextual, Invalid, Outcome as Added};
use althing_types::{Address, Height, Moment};
use rand::RngExt;

use self::download::Download;
pub(super) use self::download::Downloads;
use super::peers::Peers;
use super::requests::Wanted;
use super::{Claim, DownloadFailure, Event, Nakamoto, Output, Refusal, refuse};

/// The maximum number of downloads at a time.
pub const DOWNLOADS_MAX: usize = 4;

/// The window: the maximum number of blocks of a download that are requested, or that have arrived
/// without the ones before.
pub const WINDOW: usize = 32;

/// How often one peer is asked for one block.
pub const TRIES_MAX: u8 = 3;

/// The maximum number of claims that are remembered as bad (rule Y5); the oldest is forgotten
/// first.
pub const BAD_CLAIMS_MAX: usize = 1024;

/// How often a download restarts further down, after a block did not fit on the ones before.
const RESTARTS_MAX: u8 = 2;

impl Nakamoto {
    /// Starts to fetch what others claim, if it is longer than our chain and no other download
    /// makes progress.
    pub(super) fn look_for_chains(&mut self, now: Moment, out: &mut Vec<Output>) {
        if self.peers.len() < self.rules.customs.peers_min {
            return;
        }
        self.agree(now, out);
        let patience = self.rules.timeouts.request * 2;
        while self.downloads.len() < DOWNLOADS_MAX
            && !self.downloads.running.values().any(|download| now - download.moved < patience)
        {
            let Some((claim, backers)) = self.choose_claim(now) else { return };
            let event = Event::DownloadStarted { claim, backers: backers.len() };
            out.push(Output::Event(event));
            // A chain as long as ours diverges from it at its last block, or before.
            let next = Height::new(self.ledger.length().min(claim.length.saturating_sub(1)));
            self.downloads.running.insert(claim, Download::new(now, backers, next));
            self.fill(now, claim, out);
        }
    }

    /// Returns the claim to fetch next, with the peers behind it: the one that most peers share
    /// and, while that is being fetched, the longest.
    fn choose_claim(&self, now: Moment) -> Option<(Claim, BTreeSet<Address>)> {
        let Self { downloads, ledger, peers, .. } = self;
        let mut claims: BTreeMap<Claim, BTreeSet<Address>> = BTreeMap::new();
        let voices = match self.rules.chain.choice {
            Choice::Agreed(agreement) => Some((agreement, self.voices(now))),
            Choice::MostWork(_) => None,
        };
        for (peer, claim) in peers.claims(now) {
            let may_be_better = match &voices {
                // Some say so of no chain.
                _ if claim.length == 0 => false,
                Some((agreement, voices)) => voices.may_favour(*agreement, &claim),
                None => self.may_have_more_work(&claim),
            };
            let is_wanted = may_be_better
                && !ledger.contains(&claim.hash)
                && !downloads.bad.contains(&claim)
                && !downloads.running.contains_key(&claim)
                && !downloads.is_backing(peer);
            if is_wanted {
                claims.entry(claim).or_default().insert(peer.clone());
            }
        }
        if downloads.running.is_empty() {
            claims.into_iter().max_by_key(|(claim, backers)| (backers.len(), *claim))
        } else {
            claims.pop_last()
        }
    }

    /// Returns whether a chain would replace ours if it is as it is claimed to be.
    fn may_have_more_work(&self, claim: &Claim) -> bool {
        match claim.length.cmp(&self.ledger.length()) {
            Ordering::Less => false,
            Ordering::Equal => self.ledger.breaks_tie(&claim.hash),
            Ordering::Greater => true,
        }
    }

    /// Keeps the window of a download full (rule Y3). Each block is requested from the backer that
    /// was asked for it least often and has the fewest open requests.
    fn fill(&mut self, now: Moment, claim: Claim, out: &mut Vec<Output>) {
        let Some(download) = self.downloads.running.get(&claim) else { return };
        let Range { start, end } = download.window();
        for height in (start.number()..end.number().min(claim.length)).map(Height::new) {
            let Some(download) = self.downloads.running.get(&claim) else { return };
            if download.arrived.contains_key(&height) || download.under_way.contains(&height) {
                continue;
            }
            let (peers, requests) = (&self.peers, &self.requests);
            // Where a chain's first block is not given away with it, any peer may be one that does.
            let from_all = height == Height::GENESIS && !self.rules.customs.serves_genesis;
            let able: Vec<&Address> = owners(peers, download, from_all)
                .filter(|peer| peers.is_trusted(now, peer))
                .filter(|peer| download.tries(height, peer) < TRIES_MAX)
                .collect();
            if able.is_empty() && height == download.next {
                return self.on_exhausted(now, claim, out);
            }
            let load = |peer: &&Address| (download.tries(height, peer), requests.open_at(peer));
            let Some(least) = able.iter().map(load).min() else { continue };
            let equal: Vec<&Address> =
                able.into_iter().filter(|peer| load(peer) == least).collect();
            let peer = equal[self.rng.random_range(0..equal.len())].clone();
            if !requests.has_room(&peer) {
                return;
            }
            let download = self.downloads.running.get_mut(&claim).expect("it was here just now");
            download.under_way.insert(height);
            *download.tries.entry((height, peer.clone())).or_default() += 1;
            self.ask(&peer, Wanted::Block { claim, height }, out);
        }
    }

    pub(super) fn on_block(
        &mut self,
        now: Moment,
        from: &Address,
        block: Block,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let sent = block.height();
        let is_it =
            |wanted: &Wanted| matches!(wanted, Wanted::Block { height, .. } if *height == sent);
        let request = self.requests.take_first(from, is_it).ok_or(Refusal::Unasked)?;
        if let Wanted::Block { claim, height } = request.wanted
            && let Some(download) = self.downloads.running.get_mut(&claim)
        {
            download.under_way.remove(&height);
            if download.window().contains(&height) {
                download.arrived.insert(height, (from.clone(), block));
            }
            self.link(now, claim, out);
        }
        Ok(())
    }

    /// A peer lacks a block that it was asked for. Its answer does not say which, so we assume the
    /// oldest request.
    pub(super) fn on_no_block(
        &mut self,
        now: Moment,
        from: &Address,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let is_block = |wanted: &Wanted| matches!(wanted, Wanted::Block { .. });
        let request = self.requests.take_first(from, is_block).ok_or(Refusal::Unasked)?;
        if let Wanted::Block { claim, height } = request.wanted
            && let Some(download) = self.downloads.running.get_mut(&claim)
        {
            download.under_way.remove(&height);
            download.give_up_on(height, from);
            self.fill(now, claim, out);
        }
        Ok(())
    }

    pub(super) fn on_block_overdue(
        &mut self,
        now: Moment,
        claim: Claim,
        height: Height,
        out: &mut Vec<Output>,
    ) {
        if let Some(download) = self.downloads.running.get_mut(&claim) {
            download.under_way.remove(&height);
            self.fill(now, claim, out);
        }
        // When one download stalls, others may start.
        self.look_for_chains(now, out);
    }

    /// Handles a change of our chain: wanted blocks may have arrived in another way.
    pub(super) fn end_finished_downloads(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Self { downloads, ledger, .. } = self;
        let is_here = |claim: &Claim| ledger.contains(&claim.hash);
        let finished: Vec<Claim> =
            downloads.running.keys().filter(|c| is_here(c)).copied().collect();
        for claim in &finished {
            if let Some(download) = self.end(claim) {
                download.backers.iter().for_each(|peer| self.peers.forgive(peer));
            }
        }
        if !finished.is_empty() {
            self.look_for_chains(now, out);
        }
    }

    /// Hands the ledger all blocks whose predecessors it has.
    fn link(&mut self, now: Moment, claim: Claim, out: &mut Vec<Output>) {
        loop {
            let Some(download) = self.downloads.running.get_mut(&claim) else { return };
            let height = download.next;
            if height.number() >= claim.length {
                return self.fail(now, claim, DownloadFailure::OtherEnd, out);
            }
            let Some((peer, block)) = download.arrived.remove(&height) else { break };
            let added = self.take_in(block, out);
            let Some(download) = self.downloads.running.get_mut(&claim) else { return };
            match added {
                Ok(Added::ParentMissing) if download.linked => {
                    // Either this block or the one below it is wrong: if another backer's block
                    // fits, it was this one.
                    download.give_up_on(height, &peer);
                    download.doubted.push(peer);
                    break;
                }
                Ok(Added::ParentMissing) => download.go_down(now),
                Ok(added) => {
                    let is_new = added != Added::Known;
                    download.gained |= is_new;
                    if is_new {
                        self.peers.note_use(now, &peer);
                    }
                    for liar in std::mem::take(&mut download.doubted) {
                        refuse(&liar, Refusal::BlockOfAnotherChain { height }, out);
                    }
                    download.advance(now);
                }
                Err(Invalid::Contextual(
                    Contextual::EntriesRefused { .. } | Contextual::KnownBad { .. },
                )) => return self.fail(now, claim, DownloadFailure::Bad, out),
                Err(invalid) => {
                    download.give_up_on(height, &peer);
                    refuse(&peer, Refusal::InvalidBlock(invalid), out);
                }
            }
            self.end_finished_downloads(now, out);
        }
        self.fill(now, claim, out);
    }

    /// No peer has the next block, or one that fits.
    fn on_exhausted(&mut self, now: Moment, claim: Claim, out: &mut Vec<Output>) {
        let Some(download) = self.downloads.running.get_mut(&claim) else { return };
        let height = download.next;
        let may_have_parted = !download.doubted.is_empty() && height > Height::GENESIS;
        if may_have_parted && download.restarts < RESTARTS_MAX {
            download.restarts += 1;
            download.linked = false;
            download.tries.clear();
            download.go_down(now);
            return self.fill(now, claim, out);
        }
        self.fail(now, claim, DownloadFailure::Unobtainable { height }, out);
    }

    /// Ends a download without its chain. The peers that claimed it are shunned if it brought
    /// nothing new; otherwise their chain may simply have changed meanwhile.
    fn fail(&mut self, now: Moment, claim: Claim, reason: DownloadFailure, out: &mut Vec<Output>) {
        let Some(download) = self.end(&claim) else { return };
        out.push(Output::Event(Event::DownloadFailed { claim, reason }));
        if reason == DownloadFailure::Bad {
            self.downloads.remember_bad(claim);
        }
        // Those that do not give the first block away may have the chain all the same.
        let is_withheld = !self.rules.customs.serves_genesis
            && reason == DownloadFailure::Unobtainable { height: Height::GENESIS };
        for peer in &download.backers {
            if download.gained || is_withheld {
                self.peers.drop_claim(peer);
            } else {
                self.shun(now, peer, out);
            }
        }
        self.look_for_chains(now, out);
    }

    fn end(&mut self, claim: &Claim) -> Option<Download> {
        let download = self.downloads.running.remove(claim)?;
        self.requests.forget(|request| {
            matches!(request.wanted, Wanted::Block { claim: other, .. } if other == *claim)
        });
        Some(download)
    }
}

/// Returns whom to ask for a block: those that claim its chain, or all.
fn owners<'a>(
    peers: &'a Peers,
    download: &'a Download,
    all: bool,
) -> impl Iterator<Item = &'a Address> {
    let others = peers.addresses().filter(move |peer| all && !download.backers.contains(*peer));
    download.backers.iter().chain(others)
}
