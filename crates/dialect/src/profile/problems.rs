//! What is wrong with a profile whose values are right one by one: what they mean together.

use std::collections::BTreeSet;

use althing_engine::nakamoto::PEERS_MAX;

use super::{
    Announce, AviaryRules, BLOCK_FIELDS, Code, Field, IdKind, InputBytes, JudgedBy, MessageKind,
    NetworkKind, Often, Payload, Profile, Role, SESSION, SHARED_UNNAMED, SOLVER, SignatureName,
    SignedPart, SolutionForm, Transport, Wait, Zeros,
};

/// Bits of a digest of SHA-1.
const BITS_MAX: u16 = 160;

/// Members that a network can have.
const MEMBERS_MAX: u16 = 1000;

/// Bytes of a topic without its prefix, so that the name of a queue has room for an id.
const TOPIC_MAX: usize = 64;

/// Bytes of a solution; the engine takes no longer ones.
const SOLUTION_MAX: usize = althing_types::Seed::LENGTH_MAX;

/// Times that a peer says at once that it is there.
const BURST_MAX: u16 = 20;

/// Returns what is wrong with `profile`, each with its key, as in `topics.init`.
pub(super) fn problems(profile: &Profile) -> Vec<(String, String)> {
    let mut found = Found(Vec::new());
    if profile.name.trim().is_empty() {
        found.say("name", "a profile needs a name");
    }
    match profile.network {
        NetworkKind::Rounds => {
            check_carrying(profile, &mut found);
            check_topics(profile, &mut found);
            check_fields(profile, &mut found);
            check_ranges(profile, &mut found);
            check_meeting(profile, &mut found);
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

fn check_topics(profile: &Profile, found: &mut Found) {
    let prefix = profile.topics.prefix.replace(SESSION, "");
    check_placeholders("topics.prefix", &prefix, SESSION, found);
    check_topic("topics.prefix", &prefix, found);
    let mut names = BTreeSet::new();
    for kind in MessageKind::ALL {
        let (key, name) = (format!("topics.{}", kind.name()), profile.topics.of(kind));
        let rest = match kind {
            MessageKind::Result => name.replace(SOLVER, ""),
            _ => name.to_owned(),
        };
        let known = if kind == MessageKind::Result { SOLVER } else { "none" };
        check_placeholders(&key, &rest, known, found);
        check_topic(&key, &rest, found);
        let fields = profile.fields.of(kind);
        if name.is_empty() && !fields.is_empty() {
            let reason = format!(
                "its messages have fields, but no topic; name one, or write fields.{} = []",
                kind.name()
            );
            found.say(&key, reason);
        }
        if !name.is_empty() && fields.is_empty() {
            let reason = format!(
                "the topic has a name, but its messages no fields; add fields.{}, or write \
                 topics.{} = \"\"",
                kind.name(),
                kind.name()
            );
            found.say(&key, reason);
        }
        if !name.is_empty() && !names.insert(name) {
            found.say(&key, format!("another message has the topic {name:?} as well"));
        }
    }
}

fn check_topic(key: &str, name: &str, found: &mut Found) {
    if let Some(character) = name.chars().find(|it| "+#".contains(*it) || it.is_control()) {
        found.say(key, format!("{character:?} means something else in a topic"));
    }
    if name.starts_with('$') || name.starts_with("amq.") {
        found.say(key, "names that begin with \"$\" or \"amq.\" are the broker's own");
    }
    if name.len() > TOPIC_MAX {
        found.say(key, format!("{} bytes are more than {TOPIC_MAX}", name.len()));
    }
}

fn check_fields(profile: &Profile, found: &mut Found) {
    for kind in MessageKind::ALL {
        let (key, fields) = (format!("fields.{}", kind.name()), profile.fields.of(kind));
        if fields.is_empty() {
            continue;
        }
        let mut names = BTreeSet::new();
        let mut roles = BTreeSet::new();
        for field in fields {
            if !names.insert(field.name()) {
                found.say(&key, format!("two fields have the name {:?}", field.name()));
            }
            if field.name().is_empty() && profile.wire.payload == Payload::Json {
                found.say(&key, "a field has no name");
            }
            let Field::Of(role, name) = field else { continue };
            if !roles.insert(*role) {
                found.say(&key, format!("two fields have the role {:?}", role.name()));
            }
            if !kind.roles().contains(role) {
                let may: Vec<_> = kind.roles().iter().map(|role| role.name()).collect();
                let reason = format!(
                    "the field {name:?} has the role {:?}, which means nothing in such a \
                     message; there are {}",
                    role.name(),
                    may.join(", ")
                );
                found.say(&key, reason);
            }
        }
        for role in kind.needs().iter().filter(|role| !roles.contains(role)) {
            found
                .say(&key, format!("such a message needs a field with the role {:?}", role.name()));
        }
    }
    let needs = [MessageKind::Init, MessageKind::Vote, MessageKind::Challenge];
    for kind in needs.into_iter().chain([MessageKind::Solution]) {
        if !profile.has(kind) {
            found.say(format!("fields.{}", kind.name()), "every network has such messages");
        }
    }
}

fn check_ranges(profile: &Profile, found: &mut Found) {
    for (key, kind, lo, hi) in [
        ("id.lo", profile.id.kind, profile.id.lo, profile.id.hi),
        ("vote.lo", profile.vote.form, profile.vote.lo, profile.vote.hi),
    ] {
        if lo > hi && !matches!(kind, IdKind::Uuid | IdKind::TimeNs) {
            found.say(key, format!("{lo} is more than {hi}, which is the largest"));
        }
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
    if profile.election.announced && !profile.has(MessageKind::Coordinator) {
        let reason = "the leader has no message to say it with; add topics.coordinator and \
                      fields.coordinator";
        found.say("election.announced", reason);
    }
}

fn check_judging(profile: &Profile, found: &mut Found) {
    let judge = &profile.judge;
    let (needed, by) = match judge.by {
        JudgedBy::Leader => (MessageKind::Result, "leader"),
        JudgedBy::All => (MessageKind::Ballot, "all"),
    };
    if !profile.has(needed) {
        let reason = format!(
            "where judge.by is {by:?} there are such messages; add topics.{} as well",
            needed.name()
        );
        found.say(format!("fields.{}", needed.name()), reason);
    }
    for (key, code) in
        [("judge.result.wrong", judge.result.wrong), ("judge.result.late", judge.result.late)]
    {
        if code == Code::Number(judge.result.ok) {
            found.say(key, format!("{} says that a solution is right", judge.result.ok));
        }
    }
}

fn check_puzzle(profile: &Profile, found: &mut Found) {
    let puzzle = &profile.puzzle;
    if puzzle.bytes != InputBytes::Utf8 && puzzle.form != SolutionForm::Int {
        found.say("puzzle.bytes", "what is hashed as a number is one; write type = \"int\"");
    }
    if puzzle.form == SolutionForm::Int && !matches!(puzzle.candidate.as_str(), "{n}" | "random64")
    {
        let reason = "where solutions are numbers it is \"{n}\" or \"random64\"";
        found.say("puzzle.candidate", reason);
    }
    check_candidate(profile, found);
}

fn check_candidate(profile: &Profile, found: &mut Found) {
    let (key, candidate) = ("puzzle.candidate", profile.puzzle.candidate.as_str());
    if matches!(candidate, "random64" | PPD_CANDIDATE) {
        return;
    }
    if let Some((alphabet, length)) = candidate.rsplit_once('*')
        && !candidate.contains('{')
    {
        match (length.parse::<usize>(), alphabet_size(alphabet)) {
            (_, None) => {
                let reason = format!(
                    "{alphabet:?} is no alphabet; there are {}",
                    ALPHABETS.map(|(name, _)| name).join(", ")
                );
                found.say(key, reason);
            }
            (Ok(length @ 1..=SOLUTION_MAX), Some(letters)) => {
                // Fewer candidates than this may all be wrong.
                const ENOUGH: u32 = 32;
                let enough = (0..length).try_fold(1_u64, |all, _| all.checked_mul(letters));
                if enough.is_some_and(|all| all < 1 << ENOUGH) {
                    let reason = format!("{length} characters of {letters} are too few texts");
                    found.say(key, reason);
                }
            }
            _ => found.say(key, "after the alphabet comes a length, as in \"alnum*10\""),
        }
        return;
    }
    let known = ["{tx}", "{id}", "{d}", "{n}", "{rand}"];
    let rest = known.iter().fold(candidate.to_owned(), |text, it| text.replace(it, ""));
    check_placeholders(key, &rest, "{tx}, {id}, {d}, {n} and {rand}", found);
    if !candidate.contains("{n}") && !candidate.contains("{rand}") {
        found.say(key, "all candidates would be the same; they differ by {n} or {rand}");
    }
    if rest.len() > SOLUTION_MAX / 2 {
        found.say(key, format!("a solution has at most {SOLUTION_MAX} bytes"));
    }
    if profile.wire.payload == Payload::SlashText && rest.contains('/') {
        found.say(key, "a slash ends a field where wire.payload is \"slash-text\"");
    }
}

/// The alphabets of candidates, and how many characters they have.
const ALPHABETS: [(&str, u64); 7] = [
    ("alnum", 62),
    ("letters", 52),
    ("lower", 26),
    ("upper", 26),
    ("digits", 10),
    ("hex", 16),
    ("printable", 94),
];

/// The texts that the program of `ppd` tries.
pub(crate) const PPD_CANDIDATE: &str = "printable*4..10";

fn alphabet_size(alphabet: &str) -> Option<u64> {
    ALPHABETS.iter().find(|(name, _)| *name == alphabet).map(|(_, size)| *size)
}

fn check_signing(profile: &Profile, found: &mut Found) {
    let sign = &profile.sign;
    let signs = sign.alg != SignatureName::None;
    if signs && sign.messages.is_empty() {
        found.say("sign.messages", "name the messages that are signed");
    }
    let has_key = profile.fields.has(MessageKind::Init, Role::Key)
        || (profile.has(MessageKind::Pubkey) && profile.fields.has(MessageKind::Pubkey, Role::Key));
    if signs && !has_key {
        found.say("fields.pubkey", "without keys no signature can be checked; add topics.pubkey");
    }
    for kind in profile.kinds() {
        let key = format!("fields.{}", kind.name());
        match (profile.fields.has(kind, Role::Sign), profile.signs(kind)) {
            (true, false) => {
                let reason = format!(
                    "it has a field with the role \"sign\", but sign.messages lacks {:?}",
                    kind.name()
                );
                found.say(key, reason);
            }
            (false, true) => found.say(key, "a message that is signed needs the role \"sign\""),
            _ => {}
        }
        let has_part = super::Profile::signed_role(kind).is_some();
        if profile.signs(kind) && sign.over != SignedPart::DumpMinusSign && !has_part {
            let reason = format!("{:?} has no field that is signed alone", kind.name());
            found.say("sign.over", reason);
        }
    }
    for kind in sign.messages.iter().filter(|kind| !profile.has(**kind)) {
        found.say("sign.messages", format!("the network has no message {:?}", kind.name()));
    }
}

impl Profile {
    /// Returns the role of the field that a signature of a message is over, where it is over one
    /// field alone.
    pub(crate) fn signed_role(kind: MessageKind) -> Option<Role> {
        match kind {
            MessageKind::Vote => Some(Role::Vote),
            MessageKind::Challenge => Some(Role::Challenge),
            MessageKind::Solution => Some(Role::Solution),
            MessageKind::Result => Some(Role::Result),
            MessageKind::Ballot => Some(Role::Yes),
            MessageKind::Coordinator => Some(Role::Id),
            MessageKind::Init | MessageKind::Pubkey | MessageKind::Finish => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::profile::{built_in, read};

    #[test]
    fn what_does_not_go_together_is_explained_with_its_key() {
        for (text, expected) in [
            ("name = \" \"", "name: a profile needs a name"),
            ("wire.qos = 3", "wire.qos: 3 is not 0, 1 or 2"),
            ("wire.retain = [\"ballot\"]", "the network has no message \"ballot\""),
            ("topics.prefix = \"a{room}/\"", "{room} means nothing here; there is {session}"),
            ("topics.init = \"a/+\"", "'+' means something else in a topic"),
            ("topics.vote = \"init\"", "another message has the topic \"init\" as well"),
            ("topics.ballot = \"b\"", "the topic has a name, but its messages no fields"),
            ("fields.ballot = [[\"id\", \"a\"], [\"yes\", \"b\"]]", "have fields, but no topic"),
            ("fields.init = [[\"tx\", \"T\"]]", "the role \"tx\", which means nothing"),
            ("fields.vote = [[\"id\", \"A\"], [\"vote\", \"A\"]]", "two fields have the name"),
            ("fields.init = []\ntopics.init = \"\"", "every network has such messages"),
            ("id = { lo = 2, hi = 1 }", "id.lo: 2 is more than 1"),
            ("leader.d = [0, 5]", "leader.d: [0, 5] is no range between 1 and 160"),
            ("leader.d = [1, 41]\npuzzle.zeros = \"hex\"", "between 1 and 40"),
            ("join.n = 1001", "a network has 1 to 1000 members"),
            ("join.min = 2", "it means nothing unless join.wait has a time"),
            ("join.announce = 2\njoin.send_exactly_once = true", "cannot be repeated"),
            ("election.announced = true", "add topics.coordinator"),
            ("judge.by = \"all\"", "fields.ballot: where judge.by is \"all\""),
            ("judge.result.wrong = 1", "1 says that a solution is right"),
            ("puzzle.input = \"{tx}\"", "there is no value \"{tx}\""),
            ("puzzle.bytes = \"int-le-8\"", "write type = \"int\""),
            ("puzzle.candidate = \"x\"", "all candidates would be the same"),
            ("puzzle.candidate = \"lower*3\"", "3 characters of 26 are too few texts"),
            ("puzzle.candidate = \"abc*10\"", "\"abc\" is no alphabet; there are alnum, letters"),
            ("puzzle.candidate = \"{who}\"", "{who} means nothing here"),
            ("sign.alg = \"rsa-pkcs1-sha256\"", "name the messages that are signed"),
            ("wire.transport = \"amqp\"\namqp.queue = \"q\"", "has {exchange} in it"),
            (
                "wire.transport = \"amqp\"\ntopics.result = \"{solver}/result\"",
                "only MQTT has a topic for each peer",
            ),
            ("network = \"aviary\"\naviary.difficulty = 65", "a hash has 64 hexadecimal digits"),
            (
                "network = \"aviary\"\naviary.alias = { miner = \"mined_by\" }",
                "aviary.alias: \"mined_by\" is no field of a block; those are [\"height\", ",
            ),
            ("network = \"cs60\"\ncs60.zeros = 64", "a hash has 64 hexadecimal digits"),
        ] {
            let error = read("mine.toml", text, &built_in::base).expect_err(text).to_string();
            assert!(error.starts_with("mine.toml:"), "{error}");
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
