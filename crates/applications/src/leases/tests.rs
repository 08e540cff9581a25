//! The fold, and members that contend for a lease over a chain that is slow, loses what they send,
//! and is not seen by all.

use althing_ledger::charter::{ApplicationSettings, Member};
use althing_types::{Moment, UnixTime};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;

use super::*;

fn key(member: usize) -> PeerKey {
    PeerKey::from_bytes([u8::try_from(member).expect("few members"); 32])
}

fn charter(members: usize, faults: FaultModel) -> Charter {
    let member = |index| Member {
        name: format!("member {index}").parse().expect("a name"),
        key: key(index),
    };
    Charter {
        network: "test".parse().expect("a name"),
        founded: UnixTime::from_seconds(0),
        faults,
        block_time: Duration::from_secs(1),
        difficulty: 0..=0,
        applications: vec![ApplicationSettings {
            name: APPLICATION.into(),
            settings: BTreeMap::new(),
        }],
        members: (0..members).map(member).collect(),
        signatures: BTreeMap::new(),
    }
}

fn leases(members: usize, faults: FaultModel) -> Leases {
    Leases::new(&charter(members, faults), &BTreeMap::new()).expect("no settings")
}

fn say(leases: &mut Leases, member: usize, text: &str) -> Result<(), String> {
    let statement = Statement::read(text.as_bytes()).expect(text);
    leases.say(Height::new(1), key(member), 0, statement).map_err(|refused| refused.to_string())
}

#[test]
fn a_lease_has_one_holder_and_each_has_a_greater_token() {
    let mut all = leases(4, FaultModel::Byzantine);
    assert_eq!(say(&mut all, 0, "acquire db 600 9"), Ok(()));
    let held = say(&mut all, 1, "acquire db 600 9").expect_err("it is held");
    assert_eq!(held, "db is held, with token 1");
    assert_eq!(say(&mut all, 1, "acquire other 600 9"), Ok(()));
    assert!(say(&mut all, 1, "release db 1").is_err(), "it is another's");
    assert!(say(&mut all, 0, "release db 2").is_err(), "that is another lease");
    assert_eq!(say(&mut all, 0, "release db 1"), Ok(()));
    assert_eq!(say(&mut all, 1, "acquire db 600 9"), Ok(()));
    let db = all.get(&"db".parse().expect("a name")).expect("it is held");
    assert_eq!((db.holder, db.token), (key(1), FencingToken(3)));
    assert!(say(&mut all, 0, "renew db 1 1").is_err(), "its token is an old one");
}

#[test]
fn a_claim_that_comes_too_late_or_is_a_strangers_does_not_count() {
    let mut all = leases(4, FaultModel::Byzantine);
    assert!(say(&mut all, 0, "acquire db 600 0").is_err());
    assert!(say(&mut all, 0, "acquire db 99 9").is_err(), "no renewal is that fast");
    assert!(say(&mut all, 0, "acquire db 3600001 9").is_err());
    for number in 0..HELD_MAX {
        assert_eq!(say(&mut all, 0, &format!("acquire lease-{number} 600 9")), Ok(()));
    }
    assert!(say(&mut all, 0, "acquire db 600 9").expect_err("too many").contains("64"));

    // Through the entries themselves, which are signed.
    let chain = althing_types::BlockHash::from_bytes([1; 32]);
    let signing = SigningKey::from_bytes(&[7; 32]);
    let entry =
        |payload: &[u8]| SignedEntry::sign(&signing, &chain, APPLICATION, 1, payload).encode();
    let mut charter = charter(1, FaultModel::Byzantine);
    let stranger = Leases::new(&charter, &BTreeMap::new()).expect("no settings");
    charter.members[0].key = PeerKey::from_bytes(signing.verifying_key().to_bytes());
    let mut member = Leases::new(&charter, &BTreeMap::new()).expect("no settings");
    let context = BlockContext { height: Height::new(3), time: None };
    let acquire = [entry(b"acquire db 600 9")];
    let refused = stranger.check(&context, &acquire).expect_err("it is no member");
    assert!(refused.to_string().contains("only members"), "{refused}");
    let before = member.snapshot();
    assert_eq!(member.check(&context, &acquire), Ok(()));
    member.apply(&context, &acquire);
    assert!(member.check(&context, &acquire).is_err(), "it is held");
    assert_eq!(before.check(&context, &acquire), Ok(()), "a snapshot does not change");
    assert!(member.check(&context, &[entry(b"steal db")]).is_err());
    assert!(member.check(&context, &[Entry::text("acquire db 600 9")]).is_err());
    let two = [entry(b"release db 1"), entry(b"acquire db 700 9")];
    assert_eq!(member.check(&context, &two), Ok(()), "the one after the other");
}

#[test]
fn a_lease_lapses_when_so_many_say_so_that_one_of_them_is_honest() {
    let mut all = leases(4, FaultModel::Byzantine);
    assert_eq!(say(&mut all, 0, "acquire db 600 9"), Ok(()));
    assert_eq!(say(&mut all, 1, "lapse db 1 0"), Ok(()));
    assert!(say(&mut all, 1, "lapse db 1 0").is_err(), "it counts once");
    assert_eq!(say(&mut all, 0, "renew db 1 2"), Ok(()));
    assert!(say(&mut all, 2, "lapse db 1 0").is_err(), "it was renewed");
    assert!(say(&mut all, 0, "renew db 1 1").is_err(), "it was renewed since");
    assert_eq!(say(&mut all, 2, "lapse db 1 2"), Ok(()));
    assert!(all.get(&"db".parse().expect("a name")).is_some(), "the first was about another");
    assert_eq!(say(&mut all, 3, "lapse db 1 2"), Ok(()));
    assert!(all.get(&"db".parse().expect("a name")).is_none());
    assert!(say(&mut all, 0, "renew db 1 3").is_err(), "it has lapsed");

    let mut trusting = leases(5, FaultModel::Crash);
    assert_eq!(say(&mut trusting, 0, "acquire db 600 9"), Ok(()));
    assert_eq!(say(&mut trusting, 1, "lapse db 1 0"), Ok(()));
    assert!(trusting.get(&"db".parse().expect("a name")).is_none(), "none of them lies");
}

#[test]
fn settings_are_known_and_make_sense() {
    let charter = charter(4, FaultModel::Byzantine);
    let new = |key: &str, value| Leases::new(&charter, &[(key.into(), value)].into());
    let of = new(LONGEST_TTL, Setting::Number(5000)).expect("it makes sense");
    assert_eq!(of.longest_ttl(), Duration::from_secs(5));
    for value in [Setting::Number(99), Setting::Number(-1), Setting::Flag(true)] {
        assert_eq!(new(LONGEST_TTL, value).expect_err("none"), LeaseSettings::LongestTtl);
    }
    let unknown = new("ttl", Setting::Number(1)).expect_err("it has none");
    assert_eq!(unknown.to_string(), "no setting \"ttl\"; it has longest-ttl-ms");
}

/// Numbers from a seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

const TTL: Duration = Duration::from_millis(600);
const STEP: u64 = 5;

/// A member with a clock of its own, which sees the chain when it can.
struct Contender {
    /// How far its clock goes in a thousand steps.
    rate: u64,
    witness: Witness,
    candidate: Option<Candidate>,
    /// The last block that it has seen.
    seen: usize,
    cut_off_until: u64,
    down_until: u64,
    /// Until when what it does under the lease may go on, by its clock, whatever becomes of it.
    working: Option<Moment>,
}

/// What a run came to.
#[derive(Debug, Default)]
struct Outcome {
    tokens: Vec<u64>,
    overlaps: Vec<(u64, usize, usize)>,
    lost: usize,
}

fn local(rate: u64, time: u64) -> Moment {
    Moment::from_start(Duration::from_micros(time * rate))
}

/// Runs members for so many milliseconds; the first `liars` of them say that a lease has lapsed
/// whenever they like.
fn contend(seed: u64, members: usize, faults: FaultModel, liars: usize, time: u64) -> Outcome {
    let (mut chance, mut outcome) = (Chance(seed), Outcome::default());
    let name: LeaseName = "db".parse().expect("a name");
    let mut contenders: Vec<Contender> = (0..members)
        .map(|member| Contender {
            rate: 990 + chance.below(21),
            witness: Witness::new(key(member)),
            candidate: None,
            seen: 0,
            cut_off_until: 0,
            down_until: 0,
            working: None,
        })
        .collect();
    let mut chain = vec![leases(members, faults)];
    let mut sent: Vec<(u64, usize, u64, Statement)> = Vec::new();
    let mut nonces = 0;
    for now in (0..time / STEP).map(|step| step * STEP) {
        sent.sort_by_key(|(arrives, ..)| *arrives);
        while sent.first().is_some_and(|(arrives, ..)| *arrives <= now) {
            let (_, author, nonce, statement) = sent.remove(0);
            let mut next = chain.last().expect("the genesis").clone();
            let height = Height::new(chain.len() as u64);
            if next.say(height, key(author), nonce, statement).is_ok() {
                chain.push(next);
            }
        }
        for member in 0..members {
            let mut said = Vec::new();
            let it = &mut contenders[member];
            if chance.one_in(2000) {
                (it.down_until, it.candidate) = (now + chance.below(3000), None);
                it.witness = Witness::new(key(member));
            }
            if chance.one_in(2000) {
                it.cut_off_until = now + chance.below(3000);
            }
            if now < it.down_until {
                continue;
            }
            if now >= it.cut_off_until && chance.below(4) > 0 {
                it.seen = chain.len() - 1;
            }
            let (state, clock) = (&chain[it.seen], local(it.rate, now));
            let mut nonce = || {
                nonces += 1;
                nonces
            };
            if member < liars {
                if let Some(lease) = state.get(&name).filter(|_| chance.one_in(40)) {
                    let (token, renewal) = (lease.token, lease.renewal);
                    let statement = Statement::Lapse { name: name.clone(), token, renewal };
                    said.push((nonce(), statement));
                }
            } else {
                let lapsed = it.witness.look(clock, state);
                said.extend(lapsed.into_iter().map(|statement| (nonce(), statement)));
            }
            let candidate =
                it.candidate.get_or_insert_with(|| Candidate::new(key(member), name.clone(), TTL));
            let height = Height::new(it.seen as u64);
            let is_leaving = it.working.is_some() && chance.one_in(1500);
            let actions = match is_leaving {
                true => candidate.leave(&mut nonce),
                false => candidate.look(clock, height, state, &mut nonce),
            };
            if is_leaving {
                (it.working, it.candidate) = (None, None);
            }
            let mut began = false;
            for action in actions {
                match action {
                    Action::Submit { statement, nonce } => said.push((nonce, statement)),
                    Action::Begin { token, kill, .. } => {
                        outcome.tokens.push(token.0);
                        (it.working, began) = (Some(kill), true);
                    }
                    Action::Extend { kill, .. } => it.working = Some(kill),
                    Action::Lost => {
                        outcome.lost += 1;
                        it.working = it.working.filter(|kill| clock < *kill);
                    }
                }
            }
            for (nonce, statement) in said {
                if !chance.one_in(10) {
                    let delay = if chance.one_in(20) { 400 } else { 20 };
                    sent.push((now + 1 + chance.below(delay), member, nonce, statement));
                }
            }
            let is_working =
                |it: &Contender| it.working.is_some_and(|kill| local(it.rate, now) < kill);
            if began {
                let others = (0..members).filter(|other| *other != member);
                let working = others.filter(|other| is_working(&contenders[*other]));
                outcome.overlaps.extend(working.map(|other| (now, other, member)));
            }
        }
    }
    outcome
}

fn check(outcome: &Outcome) {
    assert_eq!(outcome.overlaps, [], "two at once");
    assert!(outcome.tokens.is_sorted_by(|one, next| one < next), "{:?}", outcome.tokens);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn two_members_never_hold_a_lease_at_once(
        seed: u64,
        members in 1..6_usize,
        is_byzantine: bool,
    ) {
        let faults = if is_byzantine { FaultModel::Byzantine } else { FaultModel::Crash };
        check(&contend(seed, members, faults, 0, 60_000));
    }

    #[test]
    fn nor_do_they_if_fewer_lie_than_the_charter_allows(seed: u64) {
        check(&contend(seed, 4, FaultModel::Byzantine, 1, 60_000));
    }
}

#[test]
fn the_lease_moves_on_and_is_kept_where_all_is_well() {
    let outcome = contend(7, 4, FaultModel::Byzantine, 1, 300_000);
    check(&outcome);
    assert!(outcome.tokens.len() > 50, "{outcome:?}");
}

#[test]
fn with_more_liars_than_the_charter_allows_two_may_hold_it_at_once() {
    let lied = |seed| contend(seed, 4, FaultModel::Byzantine, 2, 60_000);
    let has_two = (0..20).any(|seed| !lied(seed).overlaps.is_empty());
    assert!(has_two, "the check above finds it, then");
    // The tokens grow all the same.
    for seed in 0..5 {
        let tokens = lied(seed).tokens;
        let mut sorted = tokens.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), tokens.len(), "no token is given twice");
    }
}
