//! Which blocks are committed (rule L10), and what becomes of entries.

use std::sync::Arc;

use althing_ledger::{Entry, NativeBlock, SignedEntry};
use althing_types::{BlockHash, Moment, View};

use super::blocks::{Judged, Trust, Undecided};
use super::{
    BlockRefused, Command, CommittedBlock, Durable, ENTRIES_PER_MESSAGE, Event, Message,
    NotAdmitted, Output, Refusal, Simplex, event, say,
};

impl Simplex {
    /// Commits the latest finalized block with all before it, once they are here.
    pub(super) fn commit(&mut self, now: Moment, out: &mut Vec<Output>) -> bool {
        let Some(certificate) = self.views.finalized().cloned() else { return false };
        let Some(hash) = certificate.statement.block() else { return false };
        if self.diverged == Some(hash) {
            return false;
        }
        let wall = self.wall_time(now);
        let (charter, chain) = (Arc::clone(&self.charter), self.chain);
        match self.blocks.judge(&hash, Trust::Notarized, (&charter, &chain), wall) {
            Ok(_) => {}
            Err(Undecided::Missing(missing)) => {
                self.blocks.want(missing);
                return false;
            }
            Err(Undecided::Refused(reason)) => {
                self.diverge(hash, reason, out);
                return true;
            }
        }
        let path = self.blocks.path(&hash);
        let count = path.len();
        let view_of = |block: &NativeBlock| {
            self.blocks.judged(&block.hash()).map_or(View::GENESIS, |judged| judged.facts.view)
        };
        let committed: Vec<CommittedBlock> = path
            .iter()
            .enumerate()
            .map(|(place, block)| CommittedBlock {
                block: (**block).clone(),
                view: view_of(block),
                finalization: (place + 1 == count).then(|| certificate.clone()),
            })
            .collect();
        self.blocks.commit(&hash);
        self.put_committed(now, committed, out);
        true
    }

    /// Puts blocks on disk that follow on the committed ones; the caller has made the last of them
    /// the root.
    pub(super) fn put_committed(
        &mut self,
        now: Moment,
        committed: Vec<CommittedBlock>,
        out: &mut Vec<Output>,
    ) {
        out.push(Output::Persist(Durable::Committed(committed.clone())));
        let root = self.blocks.root().facts.view;
        self.views.forget(root);
        self.words = self.words.split_off(&root.next());
        self.catch_up.committed(now);
        for CommittedBlock { block, view, .. } in committed {
            self.mempool.committed(&block);
            let (hash, block) = (block.hash(), Arc::new(block));
            event(Event::Committed { block, view, hash }, out);
        }
        self.mempool.settled(root);
        // Who leads now and then finds out what is refused as it selects.
        if self.voter().is_none() {
            self.forget_refused(now, out);
        }
    }

    /// Forgets entries that can be in no block any more.
    fn forget_refused(&mut self, now: Moment, out: &mut Vec<Output>) {
        let wall = self.wall_time(now);
        let root = self.blocks.root();
        for (entry, reason) in self.mempool.check_again((&root.facts, &*root.state.0), wall) {
            event(Event::EntryRefused { entry, reason }, out);
        }
    }

    /// A quorum has committed what we find invalid.
    pub(super) fn diverge(
        &mut self,
        block: BlockHash,
        reason: BlockRefused,
        out: &mut Vec<Output>,
    ) {
        if self.diverged.replace(block) != Some(block) {
            event(Event::Diverged { block, reason }, out);
        }
    }

    /// Applies a block that is known to be committed; returns whether it can be.
    pub(super) fn apply_committed(
        &mut self,
        now: Moment,
        block: &NativeBlock,
        out: &mut Vec<Output>,
    ) -> bool {
        let wall = self.wall_time(now);
        let followed: Result<Judged, BlockRefused> =
            self.blocks.root().follow(block, Trust::Notarized, (&self.charter, &self.chain), wall);
        match followed {
            Ok(judged) => {
                self.blocks.set_root(judged);
                true
            }
            Err(reason) => {
                self.diverge(block.hash(), reason, out);
                false
            }
        }
    }

    /// Our own user wants entries committed.
    pub(super) fn on_submit(&mut self, now: Moment, entries: Vec<Entry>, out: &mut Vec<Output>) {
        let mut pooled = Vec::new();
        let genesis = self.chain.for_entries();
        let decoded: Vec<_> = entries.iter().map(SignedEntry::decode).collect();
        // At once, and one by one only if that fails.
        let whole: Vec<SignedEntry> = decoded.iter().flatten().cloned().collect();
        let are_authentic = SignedEntry::are_authentic(&whole, &genesis);
        for (entry, signed) in entries.into_iter().zip(decoded) {
            let signed = signed.and_then(|signed| {
                if !are_authentic {
                    signed.verify(&genesis)?;
                }
                Ok(signed.author)
            });
            let pooled_now = signed.map_err(NotAdmitted::from);
            match pooled_now.and_then(|author| self.pool(now, &entry, author, true, out)) {
                Ok(()) => pooled.push(entry),
                Err(reason) => event(Event::EntryRefused { entry, reason }, out),
            }
        }
        self.spread(&pooled, out);
    }

    /// Others want entries committed. All signatures of a message are checked at once: so a message
    /// costs little, and one entry that is not its author's spoils the others.
    pub(super) fn on_entries(
        &mut self,
        now: Moment,
        entries: Vec<Entry>,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let decoded: Result<Vec<_>, _> = entries.iter().map(SignedEntry::decode).collect();
        let decoded = decoded.map_err(|_| Refusal::EntriesWrong)?;
        let has_room = |(entry, signed): &(Entry, SignedEntry)| {
            self.mempool.has_room_for(entry, &signed.author)
        };
        let (entries, signed): (Vec<Entry>, Vec<SignedEntry>) =
            entries.into_iter().zip(decoded).filter(has_room).unzip();
        if !SignedEntry::are_authentic(&signed, &self.chain.for_entries()) {
            return Err(Refusal::EntriesWrong);
        }
        for (entry, SignedEntry { author, .. }) in entries.iter().zip(signed) {
            // Mostly one that is committed by now. Its author's own peer tells if it never can be.
            let _ = self.pool(now, entry, author, false, out);
        }
        Ok(())
    }

    /// Sends entries to all, in as many messages as it takes.
    pub(super) fn spread(&self, entries: &[Entry], out: &mut Vec<Output>) {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for entry in entries {
            let more = 2 + entry.as_bytes().len();
            let is_full = batch.len() == ENTRIES_PER_MESSAGE;
            if is_full || bytes + more > super::MESSAGE_BYTES_MAX {
                say(Message::Entries(std::mem::take(&mut batch)), out);
                bytes = 0;
            }
            bytes += more;
            batch.push(entry.clone());
        }
        if !batch.is_empty() {
            say(Message::Entries(batch), out);
        }
    }

    /// Lets an entry wait for a block that its author has signed.
    fn pool(
        &mut self,
        now: Moment,
        entry: &Entry,
        author: [u8; 32],
        is_own: bool,
        out: &mut Vec<Output>,
    ) -> Result<(), NotAdmitted> {
        let wall = self.wall_time(now);
        let root = self.blocks.root();
        let check = |entry: &Entry| -> Result<(), NotAdmitted> {
            let context = root.facts.next_context(wall);
            Ok(root.state.0.check(&context, std::slice::from_ref(entry))?)
        };
        let pooled = self.mempool.add(entry, author, is_own, check, now)?;
        for entry in pooled.displaced {
            event(Event::EntryRefused { entry, reason: NotAdmitted::Displaced }, out);
        }
        if pooled.is_new {
            event(Event::EntryPooled(entry.clone()), out);
        }
        Ok(())
    }

    /// Returns a command that submits one entry.
    pub fn submission(entry: Entry) -> Command {
        Command::Submit(vec![entry])
    }
}
