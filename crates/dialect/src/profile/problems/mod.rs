//! What is wrong with a profile whose values are right one by one: what they mean together.
//!
//! | file | question |
//! | --- | --- |
//! | `messages` | do topics and fields make messages that can be told apart? |
//! | `signing` | can what is signed be checked? |
//! | `solutions` | can challenges be solved, and solutions be judged? |
//! | this one | can peers meet, elect and count? |

mod messages;
mod signing;
mod solutions;
#[cfg(test)]
mod tests;

use althing_engine::nakamoto::PEERS_MAX;

use self::messages::{check_fields, check_topics};
use self::signing::check_signing;
pub(crate) use self::solutions::PPD_CANDIDATE;
use self::solutions::{check_judging, check_puzzle};
use super::{
    Announce, AviaryRules, BLOCK_FIELDS, Bound, ElectionRule, JudgedBy, MessageKind, NetworkKind,
    Often, Profile, SHARED_UNNAMED, SOLVER, Transport, VoteKind, Wait, Zeros,
};

/// Bits of a digest of SHA-1.
const BITS_MAX: u16 = 160;

/// Members that a network can have.
const MEMBERS_MAX: u16 = 1000;

/// Times that a peer says at once that it is there.
const BURST_MAX: u16 = 20;

/// Returns what is wrong with `profile`, each with its key, as in `topics.init`.
pub(super) fn problems(profile: &Profile) -> Vec<(String, String)> {
    let mut found = Found(Vec::new());
    if profile.name.trim().is_empty() {
        found.say("name", "a profile needs a name");
    }
    for (key, text) in [("name", &profile.name), ("about", &profile.about)] {
        if text.chars().any(char::is_control) {
            found.say(key, "it is shown on terminals; leave out control characters");
        }
    }
    match profile.network {
        NetworkKind::Rounds => {
            check_carrying(profile, &mut found);
            check_topics(profile, &mut found);
            check_fields(profile, &mut found);
            check_ranges(profile, &mut found);
            check_meeting(profile, &mut found);
            check_electing(profile, &mut found);
            check_counting(profile, &mut found);
            check_judging(profile, &mut found);
            check_puzzle(profile, &mut found);
            check_signing(profile, &mut found);
        }
        NetworkKind::Aviary => {
            check_aviary(&profile.aviary, &mut found);
        }
        NetworkKind::Cs60 => {
            if profile.cs60.zeros > 63 {
                found.say("cs60.zeros", "a hash has 64 hexadecimal digits");
            }
        }
    }
    found.0
}

fn check_aviary(aviary: &AviaryRules, found: &mut Found) {
    if aviary.difficulty > 64 {
        found.say("aviary.difficulty", "a hash has 64 hexadecimal digits");
    }
    for (other, name) in &aviary.alias {
        if !BLOCK_FIELDS.contains(&name.as_str()) {
            let reason = format!("{name:?} is no field of a block; those are {BLOCK_FIELDS:?}");
            found.say("aviary.alias", reason);
        } else if BLOCK_FIELDS.contains(&other.as_str()) {
            found.say("aviary.alias", format!("{other:?} is the name of a field already"));
        }
    }
    if usize::from(aviary.min_peers) > PEERS_MAX {
        found.say("aviary.min_peers", format!("a peer knows at most {PEERS_MAX} others"));
    }
    if aviary.ports.contains(&0) {
        found.say("aviary.ports", "a port is at least 1");
    }
}

struct Found(Vec<(String, String)>);

impl Found {
    fn say(&mut self, key: impl Into<String>, reason: impl Into<String>) {
        self.0.push((key.into(), reason.into()));
    }
}

fn check_carrying(profile: &Profile, found: &mut Found) {
    let (wire, amqp) = (&profile.wire, &profile.amqp);
    if wire.qos > 2 {
        found.say("wire.qos", format!("{} is not 0, 1 or 2", wire.qos));
    }
    match wire.transport {
        Transport::Mqtt => {
            for kind in wire.retain.iter().filter(|kind| !profile.has(**kind)) {
                let reason = format!("the network has no message {:?}", kind.name());
                found.say("wire.retain", reason);
            }
        }
        Transport::Amqp => {
            if profile.topics.result.contains(SOLVER) {
                let reason = format!("only MQTT has a topic for each peer; leave out {SOLVER}");
                found.say("topics.result", reason);
            }
            if !wire.retain.is_empty() {
                found.say("wire.retain", "only a broker of MQTT keeps messages; leave it out");
            }
            if amqp.delivery_mode > 2 {
                let reason = format!("{} is not 0, 1 or 2", amqp.delivery_mode);
                found.say("amqp.delivery_mode", reason);
            }
            let rest = amqp.routing_key.replace("{exchange}", "");
            check_placeholders("amqp.routing_key", &rest, "{exchange}", found);
            if amqp.queue != SHARED_UNNAMED {
                if !amqp.queue.contains("{exchange}") {
                    let reason = format!(
                        "the name of a queue has {{exchange}} in it, since there is one for each; \
                         or it is {SHARED_UNNAMED:?}"
                    );
                    found.say("amqp.queue", reason);
                }
                let rest = amqp.queue.replace("{exchange}", "").replace("{id}", "");
                check_placeholders("amqp.queue", &rest, "{exchange} and {id}", found);
            }
        }
    }
}

/// Says which text in braces means nothing in `rest`, a value without those that do.
fn check_placeholders(key: &str, rest: &str, known: &str, found: &mut Found) {
    if let Some((_, after)) = rest.split_once('{') {
        let name = after.split('}').next().unwrap_or_default();
        found.say(key, format!("{{{name}}} means nothing here; there is {known}"));
    }
}

fn check_ranges(profile: &Profile, found: &mut Found) {
    let (id, vote) = (&profile.id, &profile.vote);
    for (key, lo, hi) in [("id.lo", id.lo, id.hi), ("vote.lo", vote.lo, vote.hi)] {
        if lo > hi {
            found.say(key, format!("{lo} is more than {hi}, which is the largest"));
        }
    }
    let needed = u64::from(profile.join.n).saturating_sub(1);
    if id.kind.is_number() && id.lo <= id.hi && id.hi - id.lo < needed {
        let (lo, hi, n) = (id.lo, id.hi, profile.join.n);
        found.say("id.hi", format!("from {lo} to {hi} there are not enough ids for {n} members"));
    }
    let (lo, hi) = profile.leader.d;
    let most = match profile.puzzle.zeros {
        Zeros::Bits => BITS_MAX,
        Zeros::AfterFirstOne => BITS_MAX - 1,
        Zeros::Hex => match profile.puzzle.need {
            super::Need::All => BITS_MAX / 4,
            super::Need::Quarter => BITS_MAX,
        },
    };
    if lo == 0 || lo > hi || hi > most {
        let reason = format!("[{lo}, {hi}] is no range between 1 and {most}");
        found.say("leader.d", reason);
    }
}

fn check_meeting(profile: &Profile, found: &mut Found) {
    let join = &profile.join;
    if join.n == 0 || join.n > MEMBERS_MAX {
        found.say("join.n", format!("a network has 1 to {MEMBERS_MAX} members"));
    }
    if join.min == 0 || join.min > join.n {
        found.say("join.min", format!("it is between 1 and n, which is {}", join.n));
    }
    if join.min > 1 && join.wait == Wait::Full {
        found.say("join.min", "it means nothing unless join.wait has a time");
    }
    let (times, _) = join.burst;
    if times == 0 || times > BURST_MAX {
        found.say("join.burst", format!("{times} times are not between 1 and {BURST_MAX}"));
    }
    if join.send_exactly_once && (join.announce != Announce::At(Often::Once) || times != 1) {
        let reason = "what must be said once cannot be repeated; join.announce is \"once\" and \
                      join.burst [1, 0] then";
        found.say("join.send_exactly_once", reason);
    }
}

fn check_electing(profile: &Profile, found: &mut Found) {
    let (election, vote) = (&profile.election, &profile.vote);
    if election.announced && !profile.has(MessageKind::Coordinator) {
        let reason = "the leader has no message to say it with; add topics.coordinator and \
                      fields.coordinator";
        found.say("election.announced", reason);
    }
    let are_numbers = vote.kind == VoteKind::Draw;
    if are_numbers && matches!(election.rule, ElectionRule::Plurality | ElectionRule::LargestTarget)
    {
        let reason = "it elects one of the members that votes name, and these name none; write \
                      vote.kind = \"member\", or election.rule = \"max\"";
        found.say("election.rule", reason);
    }
    if !are_numbers && vote.later.is_some() {
        found.say("vote.later", "where vote.kind is \"member\", all votes are; leave it out");
    }
}

/// Says where so many votes never come together.
fn check_counting(profile: &Profile, found: &mut Found) {
    let (JudgedBy::All, Bound::OfNext { yes, of }) = (profile.judge.by, profile.judge.bound) else {
        return;
    };
    let members = profile.join.n;
    if let Some(of) = of.filter(|of| *of > members) {
        let reason = format!(
            "{of} votes on a solution never come of {members} members; write join.n = {of}, or \
             fewer votes"
        );
        found.say("judge.bound", reason);
    }
    if let Some(yes) = yes.filter(|yes| *yes > of.unwrap_or(members)) {
        let counted = of.unwrap_or(members);
        found.say("judge.bound", format!("{yes} yes of {counted} votes can never be"));
    }
}
