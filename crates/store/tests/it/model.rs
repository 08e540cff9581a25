//! After any sequence of commits, a store equals a [`Recovered`] and a plain list of entries.

use althing_engine::rounds::{Accepted, Durable, Promised};
use althing_engine::{self as engine, Change, Gap, Recovered};
use althing_store::{Store, StoreError};
use althing_types::{PeerId, Term};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestCaseResult};
use proptest::{prop_assert, prop_assert_eq, proptest};

use crate::common::{Place, members, record, row};

/// The expected content of a store.
#[derive(Clone)]
pub(crate) struct Model<D: engine::Durable> {
    pub(crate) recovered: Recovered<D>,
    entries: Vec<D::Entry>,
}

impl<D: engine::Durable> Default for Model<D> {
    fn default() -> Self {
        Self { recovered: Recovered::default(), entries: Vec::new() }
    }
}

impl<D: engine::Durable> Model<D> {
    /// Returns the model after `durables`.
    pub(crate) fn after(&self, durables: &[D]) -> Result<Self, Gap> {
        let mut after = self.clone();
        for durable in durables {
            let start = after.recovered.log.start;
            if let Some(Change { from, entries }) = after.recovered.apply(durable)? {
                let kept = from.saturating_sub(start);
                after.entries.truncate(usize::try_from(kept).expect("few entries"));
                after.entries.extend_from_slice(entries);
            }
        }
        Ok(after)
    }

    pub(crate) fn check(&self, store: &Store<D>) -> TestCaseResult {
        prop_assert_eq!(&store.recovered(), &self.recovered);
        prop_assert_eq!(store.next(), self.recovered.next());
        let all: Vec<_> = store.all_entries().collect::<Result<_, _>>().expect("it is whole");
        let numbered = self.recovered.log.clone().zip(self.entries.iter().cloned());
        prop_assert_eq!(all, numbered.collect::<Vec<_>>());

        let tail = self.entries.len().saturating_sub(2);
        let from = self.recovered.log.start + tail as u64;
        prop_assert_eq!(&store.entries(from, 5).expect("it is whole"), &self.entries[tail..]);

        let reader = store.reader();
        prop_assert_eq!(reader.range().expect("it is whole"), self.recovered.log.clone());
        let last = reader.entry(self.recovered.next().saturating_sub(1)).expect("it is whole");
        prop_assert_eq!(last.as_ref(), self.entries.last());
        prop_assert_eq!(reader.entry(self.recovered.next()).expect("it is whole"), None);
        Ok(())
    }
}

/// Something done to a store.
#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Part>),
    Reopen,
}

/// Something committed; numbers of rows are relative to the next one.
#[derive(Clone, Copy, Debug)]
enum Part {
    Members {
        count: usize,
    },
    Promised(Term),
    Accepted {
        term: Term,
        ahead: u64,
    },
    NextRow,
    /// A row that is not the next one.
    StrayRow {
        ahead: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let term = || any::<u64>().prop_map(Term::new);
    let part = prop_oneof![
        1 => (0..10_usize).prop_map(|count| Part::Members { count }),
        2 => term().prop_map(Part::Promised),
        6 => (term(), 0..3_u64).prop_map(|(term, ahead)| Part::Accepted { term, ahead }),
        12 => Just(Part::NextRow),
        1 => (1..4_u64).prop_map(|ahead| Part::StrayRow { ahead }),
    ];
    let step = prop_oneof![
        8 => vec(part, 0..5).prop_map(Step::Commit),
        1 => Just(Step::Reopen),
    ];
    vec(step, 1..40)
}

/// Returns the durables that `parts` stand for where the next row is `next`.
fn durables(mut next: u64, parts: &[Part]) -> Vec<Durable> {
    let durable = |part: &Part| match *part {
        Part::Members { count } => Durable::Membership(members()[..count].to_vec()),
        Part::Promised(term) => {
            Durable::Promised(Promised { term, draw: next.into(), leader: PeerId::new(3) })
        }
        Part::Accepted { term, ahead } => {
            Durable::Accepted(Accepted { term, record: record(next + ahead) })
        }
        Part::NextRow => {
            next += 1;
            Durable::Record(row(next - 1))
        }
        Part::StrayRow { ahead } => Durable::Record(row(next + ahead)),
    };
    parts.iter().map(durable).collect()
}

proptest! {
    #![proptest_config(Config::with_cases(48))]

    #[test]
    fn a_store_is_like_its_model(steps in steps()) {
        for mut place in Place::both() {
            let mut model = Model::default();
            for step in &steps {
                match step {
                    Step::Reopen => drop(place.reopened()),
                    Step::Commit(parts) => {
                        let durables = durables(model.recovered.next(), parts);
                        match (place.store().commit(&durables), model.after(&durables)) {
                            (Ok(()), Ok(after)) => model = after,
                            (Err(StoreError::Gap(found)), Err(gap)) => prop_assert_eq!(found, gap),
                            (other, _) => prop_assert!(false, "{parts:?}: {other:?}"),
                        }
                    }
                }
                model.check(place.store())?;
            }
        }
    }
}
