//! The engine's rules that follow from a profile.

use std::num::{NonZeroU8, NonZeroU16};
use std::ops::RangeInclusive;
use std::time::Duration;

use althing_engine::rounds::{
    Compare, Counting, Customs, Decision, Draw, Drawing, Election, ElectionEvery, ElectionRule,
    Issuing, Joining, Judging, LeaderMines, Leading, Repeats, Reply, Rules, Signatures, Tie, Wait,
};
use althing_pow::{
    Alphabet, Candidates, Need, Puzzle, PuzzleInput, SolutionBytes, SolutionKind, Surplus,
    Validity, Zeros,
};
use althing_types::{Difficulty, Transaction};

use super::Config;
use crate::profile::{
    self, Announce, Bound, Code, IdKind, JudgedBy, MessageKind, Next, Often, Profile, Role,
};

/// How long it is each member's turn to answer where all vote. Over MQTT most brokers give all
/// peers one order anyway, and a round takes 140 ms; over AMQP there is no common order, and a row
/// takes two seconds or more.
const TURN_MQTT: Duration = Duration::from_millis(20);
const TURN_AMQP: Duration = Duration::from_millis(100);

/// Returns the rules of a network with this configuration.
pub(super) fn rules(config: &Config) -> Rules {
    let Profile { join, leader, judge, wire, .. } = &config.profile;
    let all_vote = judge.by == JudgedBy::All;
    let turn = match (all_vote, wire.transport) {
        (false, _) => Duration::ZERO,
        (true, profile::Transport::Mqtt) => TURN_MQTT,
        (true, profile::Transport::Amqp) => TURN_AMQP,
    };
    let (pause, issuing) = match leader.next {
        Next::After(pause) => (pause.0, Issuing::AtOnce),
        Next::Operator => (Duration::ZERO, Issuing::OnCommand),
    };
    Rules {
        peers: NonZeroU16::new(join.n).unwrap_or(NonZeroU16::MIN),
        election: election(&config.profile),
        election_every: match config.profile.election.again {
            profile::Again::Never => ElectionEvery::Once,
            profile::Again::PerRow => ElectionEvery::Transaction,
            profile::Again::Winner => ElectionEvery::Winner,
        },
        decision: decision(&config.profile),
        counting: match (all_vote, judge.bound) {
            (true, Bound::OfNext { .. }) | (false, _) => Counting::Arrivals,
            (true, _) => Counting::ArrivalsOfRow,
        },
        puzzle: puzzle(&config.profile),
        challenges: config.challenges.clone().unwrap_or_else(|| challenges(&config.profile)),
        issuing: config.issuing.unwrap_or(issuing),
        signatures: match config.profile.sign.alg {
            profile::SignatureName::None => Signatures::None,
            _ => Signatures::Required,
        },
        timeouts: config.timeouts,
        pause: config.pause.unwrap_or(pause),
        turn,
        rounds: config.rounds.or_else(|| leader.rounds.0.map(Transaction::new)),
        customs: customs(&config.profile),
    }
}

fn election(profile: &Profile) -> Election {
    let vote = &profile.vote;
    let (min, max) = match vote.form {
        IdKind::Uuid => (0, u128::MAX),
        IdKind::FloatText => (0, 1.0_f64.to_bits().into()),
        _ => (vote.lo.into(), vote.hi.into()),
    };
    Election {
        draw: match (vote.kind, vote.later) {
            (profile::VoteKind::Member, _) => Draw::Member,
            (profile::VoteKind::Draw, Some(profile::VoteKind::Member)) => {
                Draw::NumberThenMember { min, max }
            }
            (profile::VoteKind::Draw, _) => Draw::Number { min, max },
        },
        rule: match profile.election.rule {
            profile::ElectionRule::Max => ElectionRule::HighestDraw,
            profile::ElectionRule::Plurality => ElectionRule::MostDrawn,
            profile::ElectionRule::LargestTarget => ElectionRule::LargestDrawn,
            profile::ElectionRule::SumMod => ElectionRule::SumOfDraws,
        },
        tie: match profile.election.tie {
            profile::TieRule::MaxId => Tie::LargestId,
            profile::TieRule::MinId => Tie::SmallestId,
            profile::TieRule::First => Tie::First,
            profile::TieRule::MaxText => Tie::LargestText,
        },
        // UUIDs have the same order as numbers and as texts, but not as decimal ones.
        compare: match (profile.election.compare, vote.form) {
            (profile::Compare::Int, _) | (_, IdKind::Uuid) => Compare::Numbers,
            (profile::Compare::Text, _) => Compare::Texts,
        },
    }
}

fn decision(profile: &Profile) -> Decision {
    match (profile.judge.by, profile.judge.bound) {
        (JudgedBy::Leader, _) => Decision::Leader,
        (JudgedBy::All, Bound::AtLeastHalf) => Decision::AtLeastHalf,
        (JudgedBy::All, Bound::HalfAndOne) => Decision::HalfAndOne,
        (JudgedBy::All, Bound::OfNext { yes, of }) => Decision::OfNext {
            yes: yes.and_then(NonZeroU16::new),
            of: of.and_then(NonZeroU16::new),
        },
        (JudgedBy::All, Bound::MoreYes) => Decision::MoreYes,
        (JudgedBy::All, Bound::MoreThanHalf) => Decision::Majority,
    }
}

/// Returns what a leader draws its challenges from.
fn challenges(profile: &Profile) -> RangeInclusive<Difficulty> {
    let bits = |bits: u16| Difficulty::from_bits(bits.into()).unwrap_or(Difficulty::MIN);
    let (lo, hi) = profile.leader.d;
    bits(lo)..=bits(hi)
}

fn customs(profile: &Profile) -> Customs {
    let Profile { join, election, leader, judge, .. } = profile;
    let (times, gap) = join.burst;
    let reply = |code| match code {
        Code::Number(_) => Reply::Said,
        Code::Silent => Reply::Silent,
    };
    Customs {
        joining: Joining {
            wait: wait(join.wait),
            min: NonZeroU16::new(join.min).unwrap_or(NonZeroU16::MIN),
            delay: join.delay.0,
            burst: u8::try_from(times).ok().and_then(NonZeroU8::new).unwrap_or(NonZeroU8::MIN),
            gap: gap.0,
            every: match join.announce {
                // Each newcomer is answered in any case, where repeats do not count.
                Announce::PerNewId => None,
                Announce::At(often) => interval(often),
            },
            repeats: if join.send_exactly_once { Repeats::Counted } else { Repeats::Ignored },
            learns_from_draws: join.learn_id_from_vote,
            // Kept for those who come later, it is heard again after a restart.
            hears_ids_once: join.ignore_retained
                || !profile.wire.retain.contains(&MessageKind::Init),
            says_key: profile.fields.has(MessageKind::Init, Role::Key),
        },
        drawing: Drawing {
            delay: election.vote_delay.0,
            every: interval(election.vote),
            wait: Wait::All,
        },
        leading: Leading {
            first_row: Transaction::new(leader.first_tx),
            delay: Some(election.wait.0).filter(|wait| !wait.is_zero()),
            announced: election.announced,
            mines: if leader.mines { LeaderMines::Always } else { LeaderMines::Never },
        },
        judging: Judging {
            wrong: reply(judge.result.wrong),
            late: reply(judge.result.late),
            omits_solution: !profile.fields.has(MessageKind::Result, Role::Solution),
        },
    }
}

/// Returns the time between two repetitions, if there are any.
fn interval(often: Often) -> Option<Duration> {
    match often {
        Often::Once => None,
        Often::Every(time) => Some(time.0),
    }
}

fn wait(wait: profile::Wait) -> Wait {
    match wait {
        profile::Wait::Full => Wait::All,
        profile::Wait::Time(time) => Wait::Time(time.0),
        profile::Wait::FullOrTime(time) => Wait::AllOrTime(time.0),
    }
}

fn puzzle(profile: &Profile) -> Puzzle {
    let rules = &profile.puzzle;
    Puzzle {
        input: match rules.input {
            profile::HashedText::Solution => PuzzleInput::Solution,
            profile::HashedText::RowAndSolution => PuzzleInput::RowAndSolution,
            profile::HashedText::RowChallengeAndSolution => PuzzleInput::RowChallengeAndSolution,
        },
        bytes: match rules.bytes {
            profile::InputBytes::Utf8 => SolutionBytes::Utf8,
            profile::InputBytes::IntBeMinimal => SolutionBytes::ShortestBigEndian,
            profile::InputBytes::IntLe8 => SolutionBytes::EightLittleEndian,
        },
        zeros: match rules.zeros {
            profile::Zeros::Bits => Zeros::Bits,
            profile::Zeros::Hex => Zeros::HexDigits,
            profile::Zeros::AfterFirstOne => Zeros::AfterFirstOne,
        },
        need: match rules.need {
            profile::Need::All => Need::Difficulty,
            profile::Need::Quarter => Need::Quarter,
        },
        surplus: if rules.exact { Surplus::Refused } else { Surplus::Allowed },
        candidates: candidates(&rules.candidate),
        kind: match rules.form {
            profile::SolutionForm::Text => SolutionKind::Text,
            profile::SolutionForm::Int => SolutionKind::Number,
        },
        validity: if rules.secret { Validity::Secret } else { Validity::Shown },
    }
}

/// Returns what candidates look like; a profile that was checked has only spellings of these.
fn candidates(spelling: &str) -> Candidates {
    if matches!(spelling, "{n}" | "random64") {
        return Candidates::Numbers;
    }
    if spelling == profile::PPD_CANDIDATE {
        return Candidates::Texts;
    }
    if let Some((alphabet, length)) = spelling.rsplit_once('*')
        && let (Some(alphabet), Ok(length)) = (alphabet_of(alphabet), length.parse())
    {
        return Candidates::Random { alphabet, length };
    }
    spelling.parse().map_or(Candidates::Numbers, Candidates::Template)
}

fn alphabet_of(name: &str) -> Option<Alphabet> {
    Some(match name {
        "alnum" => Alphabet::Alphanumeric,
        "letters" => Alphabet::Letters,
        "lower" => Alphabet::LowerCase,
        "upper" => Alphabet::UpperCase,
        "digits" => Alphabet::Digits,
        "hex" => Alphabet::Hexadecimal,
        "printable" => Alphabet::Printable,
        _ => return None,
    })
}
