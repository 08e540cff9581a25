//! Blocks and ledgers for these tests.

use std::collections::BTreeSet;

use althing_ledger::{
    Application, Block, BlockContext, Choice, Cs60Block, DifficultyRule, EntriesRefused, Entry,
    Format, Genesis, HexDigits, Ledger, Limits, Outcome, Own, Proposal, Rules, Target, Ties, Times,
};
use althing_types::UnixTime;

/// Returns rules for blocks of one datum that are found at once.
pub(crate) fn easy() -> Rules {
    let none = HexDigits::new(0).expect("at most 64");
    Rules {
        format: Format::Cs60,
        limits: limits(1..=1),
        difficulty: DifficultyRule::Fixed(Target::LeadingZeros(none)),
        times: Times::Any,
        genesis: Genesis::Given(Box::new(Block::Cs60(Cs60Block::genesis()))),
        choice: Choice::MostWork(Ties::FirstSeen),
    }
}

pub(crate) fn limits(entries: std::ops::RangeInclusive<usize>) -> Limits {
    Limits {
        entries,
        entry_length_max: 100,
        nonce_chars_max: 40,
        miner_chars_max: 20,
        own: Own::UNLIMITED,
    }
}

/// Returns a block on the tip of `ledger`.
pub(crate) fn mine(ledger: &Ledger, datum: &str) -> Block {
    let entries = vec![Entry::text(datum)];
    let proposal = Proposal { miner: "us", now: UnixTime::from_seconds(7), entries };
    let template = ledger.template(proposal).expect("one datum is a block");
    let nonce = template.search(0..u64::MAX).expect("easy blocks are found");
    template.with_nonce(nonce)
}

pub(crate) fn mine_and_add(ledger: &mut Ledger, datum: &str) -> Block {
    let block = mine(ledger, datum);
    assert!(matches!(ledger.add(block.clone()), Ok(Outcome::Adopted(_))));
    block
}

/// Each entry at most once in a chain, and none of them "refused".
#[derive(Clone, Debug, Default)]
pub(crate) struct OnceEach(pub(crate) BTreeSet<Entry>);

impl Application for OnceEach {
    fn check(&self, _: &BlockContext, entries: &[Entry]) -> Result<(), EntriesRefused> {
        let mut new = BTreeSet::new();
        for entry in entries {
            if entry.as_text() == Some("refused") {
                return Err(EntriesRefused::because("it says so"));
            }
            if self.0.contains(entry) || !new.insert(entry) {
                return Err(EntriesRefused::because("it is there"));
            }
        }
        Ok(())
    }

    fn apply(&mut self, _: &BlockContext, entries: &[Entry]) {
        self.0.extend(entries.iter().cloned());
    }

    fn snapshot(&self) -> Box<dyn Application> {
        Box::new(self.clone())
    }
}
