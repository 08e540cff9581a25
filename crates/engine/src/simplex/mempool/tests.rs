//! Who gets a place, and whose turn it is.

use althing_ledger::assembly::{AHEAD_MAX, genesis};
use althing_ledger::charter::{ApplicationSettings, Charter, FaultModel};
use althing_ledger::{Anything, BlockContext, EntriesRefused};
use proptest::prelude::*;

use super::*;

fn author(number: u8) -> Author {
    [number; 32]
}

/// Returns an entry of an author, unlike all others with another number.
fn entry(author: u8, number: u32, bytes: usize) -> Entry {
    let mut all = vec![author; bytes.max(5)];
    all[1..5].copy_from_slice(&number.to_be_bytes());
    Entry::new(all)
}

fn add(pool: &mut Mempool, of: u8, entry: &Entry) -> Result<Pooled, NotAdmitted> {
    pool.add(entry, author(of), false, |_| Ok(()), Moment::START)
}

/// Adds so many entries of an author, which there is room for.
fn fill(pool: &mut Mempool, of: u8, count: usize, bytes: usize) {
    for number in 0..u32::try_from(count).expect("few") {
        let pooled = add(pool, of, &entry(of, number, bytes)).expect("there is room");
        assert_eq!(pooled, Pooled { is_new: true, displaced: Vec::new() });
    }
}

/// Adds entries of an author until one is refused, and returns how many were not.
fn push(pool: &mut Mempool, of: u8, bytes: usize) -> usize {
    (0..)
        .find(|number| add(pool, of, &entry(of, *number, bytes)).is_err())
        .map_or(0, |it| it as usize)
}

/// Checks that what is counted is what is there.
fn check(pool: &Mempool) {
    let mut shares: BTreeMap<Author, (usize, usize)> = BTreeMap::new();
    for (place, waiting) in &pool.waiting {
        let bytes = waiting.entry.as_bytes().len();
        let share = shares.entry(waiting.author).or_default();
        (share.0, share.1) = (share.0 + 1, share.1 + bytes);
        assert_eq!(pool.places[&waiting.entry.leaf()], *place);
        assert!(pool.authors[&waiting.author].places.contains(place));
        let in_block = |view| pool.proposed.get(&view).is_some_and(|it| it.contains(place));
        assert_eq!(pool.free.contains(place), waiting.proposed.is_none());
        assert!(waiting.proposed.is_none_or(in_block));
    }
    assert_eq!(pool.places.len(), pool.waiting.len());
    assert!(pool.free.len() <= pool.waiting.len());
    assert_eq!(pool.bytes, shares.values().map(|(_, bytes)| bytes).sum::<usize>());
    let counts = shares.iter().map(|(author, (count, _))| (*count, *author)).collect();
    let bytes = shares.iter().map(|(author, (_, bytes))| (*bytes, *author)).collect();
    assert_eq!((&pool.by_count, &pool.by_bytes), (&counts, &bytes));
    let all =
        pool.authors.iter().map(|(author, share)| (*author, (share.places.len(), share.bytes)));
    assert_eq!(all.collect::<BTreeMap<_, _>>(), shares);
    assert!(pool.len() <= MEMPOOL_MAX && pool.bytes() <= MEMPOOL_BYTES_MAX);
    assert!(pool.of_one_author() <= MEMPOOL_AUTHOR_MAX);
}

#[test]
fn four_authors_that_fill_it_leave_a_fifth_its_share() {
    let mut pool = Mempool::default();
    (0..4).for_each(|of| fill(&mut pool, of, MEMPOOL_AUTHOR_MAX, 5));
    assert_eq!(pool.len(), MEMPOOL_MAX);
    let more = entry(3, u32::MAX, 5);
    assert_eq!(add(&mut pool, 3, &more), Err(NotAdmitted::AuthorFull));
    let first = entry(9, 0, 5);
    assert!(pool.has_room_for(&first, &author(9)));
    let newest = entry(3, u32::try_from(MEMPOOL_AUTHOR_MAX).expect("few") - 1, 5);
    let pooled = add(&mut pool, 9, &first).expect("it has none yet");
    assert_eq!(pooled, Pooled { is_new: true, displaced: vec![newest] });
    assert_eq!(add(&mut pool, 9, &first), Ok(Pooled::default()), "it is here");
    assert_eq!(push(&mut pool, 9, 5), MEMPOOL_MAX / 5);
    check(&pool);
    let counts: Vec<_> = pool.by_count.iter().map(|(count, _)| *count).collect();
    assert_eq!(counts, [3276, 3277, 3277, 3277, 3277]);
    let refused = add(&mut pool, 0, &entry(0, u32::MAX, 5));
    assert_eq!(refused, Err(NotAdmitted::Full), "they do not displace each other for ever");
}

#[test]
fn bytes_are_shared_as_well() {
    let mut pool = Mempool::default();
    fill(&mut pool, 0, MEMPOOL_AUTHOR_MAX, ENTRY_BYTES_MAX);
    assert_eq!(pool.bytes(), MEMPOOL_BYTES_MAX);
    // One of them makes room for many short ones.
    assert_eq!(add(&mut pool, 1, &entry(1, 0, 100)).map(|it| it.displaced.len()), Ok(1));
    assert_eq!(add(&mut pool, 1, &entry(1, 1, 100)).map(|it| it.displaced.len()), Ok(0));
    let half = MEMPOOL_AUTHOR_MAX / 2;
    assert!((half - 1..=half).contains(&push(&mut pool, 2, ENTRY_BYTES_MAX)));
    check(&pool);
    let long = entry(3, 0, ENTRY_BYTES_MAX + 1);
    let bytes = ENTRY_BYTES_MAX + 1;
    assert_eq!(add(&mut pool, 3, &long), Err(NotAdmitted::TooLong { bytes }));
}

#[test]
fn what_is_refused_displaces_none() {
    let mut pool = Mempool::default();
    (0..4).for_each(|of| fill(&mut pool, of, MEMPOOL_AUTHOR_MAX, 5));
    let refuse = |_: &Entry| Err(NotAdmitted::Full);
    let refused = pool.add(&entry(9, 0, 5), author(9), false, refuse, Moment::START);
    assert_eq!(refused, Err(NotAdmitted::Full));
    assert_eq!(pool.len(), MEMPOOL_MAX);
    check(&pool);
}

#[test]
fn authors_take_turns_and_the_oldest_comes_first() {
    let mut pool = Mempool::default();
    fill(&mut pool, 5, 3000, 5);
    fill(&mut pool, 2, 2, 5);
    fill(&mut pool, 7, 1, 5);
    let taken = pool.by_turns();
    assert_eq!(taken.len(), ENTRIES_MAX);
    let expected = [(5, 0), (2, 0), (7, 0), (5, 1), (2, 1), (5, 2), (5, 3)];
    assert_eq!(taken[..7], expected.map(|(of, number)| entry(of, number, 5)));
}

#[test]
fn what_is_in_a_block_waits_again_once_that_cannot_be_committed() {
    let mut pool = Mempool::default();
    fill(&mut pool, 5, 3, 5);
    fill(&mut pool, 2, 1, 5);
    let [first, second] = [View::FIRST, View::FIRST.next()];
    let those = |numbers: &[u32]| -> Vec<Entry> {
        numbers.iter().map(|number| entry(5, *number, 5)).collect()
    };
    pool.proposed(first, &block(those(&[0, 1])));
    pool.proposed(second, &block(those(&[1, 2])));
    check(&pool);
    assert_eq!(pool.by_turns(), [entry(2, 0, 5)]);
    let revision = pool.revision();
    pool.nullified(first);
    check(&pool);
    assert!(pool.revision() > revision, "there is more to be selected");
    assert_eq!(pool.by_turns(), [(5, 0), (2, 0)].map(|(of, it)| entry(of, it, 5)));
    // One of the second view is committed, in a block of a later one.
    pool.committed(&block(those(&[2])));
    check(&pool);
    pool.settled(second);
    check(&pool);
    assert_eq!(pool.by_turns(), [(5, 0), (2, 0), (5, 1)].map(|(of, it)| entry(of, it, 5)));
    assert!(pool.proposed.is_empty());
}

#[test]
fn long_entries_of_one_author_leave_room_in_a_block_for_others() {
    let mut pool = Mempool::default();
    fill(&mut pool, 5, 100, ENTRY_BYTES_MAX);
    fill(&mut pool, 2, 10, 100);
    let taken = pool.by_turns();
    let bytes: usize = taken.iter().map(|entry| 2 + entry.as_bytes().len()).sum();
    assert!(bytes <= BLOCK_BYTES_MAX, "{bytes}");
    assert_eq!(taken.iter().filter(|entry| entry.as_bytes().len() == 100).count(), 10);
}

/// Refuses what begins with a byte.
#[derive(Clone, Debug)]
struct Without(u8);

impl Application for Without {
    fn check(&self, _: &BlockContext, entries: &[Entry]) -> Result<(), EntriesRefused> {
        match entries.iter().any(|entry| entry.as_bytes().first() == Some(&self.0)) {
            true => Err(EntriesRefused::because("it is over")),
            false => Ok(()),
        }
    }

    fn apply(&mut self, _: &BlockContext, _: &[Entry]) {}

    fn snapshot(&self) -> Box<dyn Application> {
        Box::new(self.clone())
    }
}

fn root() -> Facts {
    Facts::of_genesis(&block(Vec::new()))
}

/// Returns a block with these entries; the rest of it is that of a genesis.
fn block(entries: Vec<Entry>) -> NativeBlock {
    let charter = Charter {
        network: "club".parse().expect("a name"),
        founded: UnixTime::from_seconds(1_700_000_000),
        faults: FaultModel::Byzantine,
        block_time: AHEAD_MAX,
        difficulty: 0..=0,
        applications: vec![ApplicationSettings { name: "notes".into(), settings: BTreeMap::new() }],
        members: Vec::new(),
        signatures: BTreeMap::new(),
    };
    NativeBlock { entries: entries.into(), ..genesis(&charter, &charter.chain_id()) }
}

#[test]
fn what_is_refused_leaves_also_where_nothing_is_selected() {
    let (mut pool, root, now) = (Mempool::default(), root(), UnixTime::from_seconds(0));
    fill(&mut pool, 1, CHECKED_AGAIN, 5);
    fill(&mut pool, 2, 10, 5);
    assert_eq!(pool.check_again((&root, &Anything), now), []);
    // The first round has seen those of the first author, and the second sees the others.
    let refused = pool.check_again((&root, &Without(2)), now);
    assert_eq!(refused.len(), 10);
    assert!(refused.iter().all(|(_, reason)| reason.to_string() == "it is over"));
    assert_eq!(pool.len(), CHECKED_AGAIN);
    for _ in 0..2 {
        pool.check_again((&root, &Without(1)), now);
    }
    assert_eq!(pool.len(), 0);
    check(&pool);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn who_has_few_always_finds_a_place(
        bursts in prop::collection::vec((0..6_u8, 1..5000_u32, 5..=ENTRY_BYTES_MAX), 1..12),
        newcomer in 6..10_u8,
    ) {
        let mut pool = Mempool::default();
        for (round, (of, count, bytes)) in (0_u32..).zip(bursts) {
            for number in 0..count {
                let _ = add(&mut pool, of, &entry(of, round << 16 | number, bytes));
            }
            check(&pool);
        }
        let pooled = add(&mut pool, newcomer, &entry(newcomer, 0, 200));
        prop_assert!(pooled.is_ok(), "{pooled:?}");
        check(&pool);
        let taken = pool.by_turns();
        let turn = taken.iter().position(|entry| entry.as_bytes()[0] == newcomer);
        prop_assert!(turn.is_some_and(|turn| turn <= 6), "its turn is {turn:?}");
    }
}
