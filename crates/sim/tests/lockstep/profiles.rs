//! Networks of ours for every value that a profile may have: what is accepted as a profile runs.
//!
//! The values come from the schema, so a value that is added is tried, and a key that is added has
//! to be given some here.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use althing_dialect::RoundsDialect;
use althing_dialect::profile::schema::profile_schema;
use althing_dialect::profile::{
    Constant, Field, MessageKind, NetworkKind, Profile, Role, SignatureName, built_in, read,
};
use althing_dialect::program::{Config, Program};
use althing_engine::rounds::{Authenticator, Event, Issuing, Record, Waiting};
use althing_types::Transaction;
use serde_json::Value;

use crate::network::{Lockstep, bits, rsa_secret};

const PEERS: usize = 3;
const ROWS: u64 = 3;

/// More messages than any session here has; with so many it goes round in circles.
const MESSAGES_MAX: usize = 5_000;

/// Profiles that have what no built-in one has, as what they change of one.
const OTHERS: [(&str, &str); 3] = [
    (
        "all vote",
        r#"
        judge.by = "all"
        topics.ballot = "ballot"
        fields.challenge = [["id", "I"], ["tx", "T"], ["challenge", "D"]]
        fields.ballot = [["id", "I"], ["solver", "W"], ["tx", "T"], ["solution", "S"], ["yes", "Y"]]
        "#,
    ),
    (
        "announced",
        r#"
        topics.coordinator = "leader"
        fields.coordinator = [["id", "I"], ["vote", "V"]]
        election.announced = true
        "#,
    ),
    (
        "keys with ids",
        r#"
        base = "sequel"
        topics.pubkey = ""
        fields.pubkey = []
        fields.init = [["id", "I"], ["key", "K"]]
        sign.alg = "rsa-pkcs1-sha256"
        "#,
    ),
];

/// Returns the profiles of which single values are changed: their names and texts.
fn bases() -> Vec<(String, String)> {
    let rounds = built_in::all().iter().filter(|it| it.network == NetworkKind::Rounds);
    let built_in = rounds.map(|it| (it.name.clone(), format!("base = {:?}", it.name)));
    built_in.chain(OTHERS.map(|(name, text)| (name.into(), text.into()))).collect()
}

/// What a network came to.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// All have the rows, and the same.
    Agreed,
    /// It is no profile.
    Refused,
    Failed(String),
}

/// Runs the network of the profile with this text.
fn outcome(text: &str) -> Outcome {
    let text = format!("name = \"x\"\njoin.n = {PEERS}\n{text}");
    let Ok(profile) = read("x.toml", &text, &built_in::base) else { return Outcome::Refused };
    let ran = catch_unwind(AssertUnwindSafe(|| run(profile)));
    match ran {
        Ok(Ok(())) => Outcome::Agreed,
        Ok(Err(reason)) => Outcome::Failed(reason),
        Err(panic) => {
            let said = panic.downcast_ref::<String>().cloned();
            let said = said.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
            Outcome::Failed(said.unwrap_or_default())
        }
    }
}

fn run(profile: Profile) -> Result<(), String> {
    let is_secret = profile.puzzle.secret;
    let alg = profile.sign.alg;
    let dialect = Program::new(Config {
        challenges: Some(bits(1)..=bits(3)),
        issuing: Some(Issuing::AtOnce),
        rounds: Some(Transaction::new(ROWS)),
        ..Config::new(profile)
    });
    let mut net = Lockstep::over(dialect.clone(), authenticators(&dialect, alg).into_iter());
    let waits_for_secret =
        |(_, event): &(usize, Event)| matches!(event, Event::Waiting(Waiting::Secret { .. }));
    net.run_until(|net| {
        (0..PEERS).all(|peer| net.rows(peer).len() as u64 >= ROWS)
            // No search finds what only the leader knows.
            || is_secret && net.events.iter().any(waits_for_secret)
            || net.log.len() > MESSAGES_MAX
    });
    if is_secret {
        return Ok(());
    }
    let table =
        |peer: usize| -> Vec<Record> { net.rows(peer).into_iter().map(|row| row.record).collect() };
    let tables: Vec<_> = (0..PEERS).map(table).collect();
    match tables.iter().all(|table| table.len() as u64 == ROWS && *table == tables[0]) {
        true => Ok(()),
        false => Err(format!("{tables:?}")),
    }
}

/// Returns what peers sign with; keys take long to make, so all networks have the same.
fn authenticators(dialect: &Program, alg: SignatureName) -> Vec<Box<dyn Authenticator>> {
    static LONG: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    static SHORT: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let secrets = |bits| (0..PEERS).map(|_| rsa_secret(bits)).collect::<Vec<_>>();
    let secrets = match alg {
        SignatureName::None => &vec![vec![7; 32]; PEERS],
        SignatureName::RsaPkcs1Sha256 => LONG.get_or_init(|| secrets(2048)),
        SignatureName::RsaPssSha256Salt94 => SHORT.get_or_init(|| secrets(1024)),
    };
    let of = |secret: &Vec<u8>| dialect.authenticator(secret).expect("it is a secret");
    secrets.iter().map(of).collect()
}

/// Runs all networks, and asserts that each is refused or agrees; returns how many agreed.
fn assert_all_run(networks: impl IntoIterator<Item = (String, String)>) -> usize {
    let mut failed = Vec::new();
    let mut agreed = 0;
    for (name, text) in networks {
        match outcome(&text) {
            Outcome::Agreed => agreed += 1,
            Outcome::Refused => {}
            Outcome::Failed(reason) => failed.push(format!("{name}: {reason:.300}")),
        }
    }
    assert!(failed.is_empty(), "{} do not run:\n{}", failed.len(), failed.join("\n"));
    agreed
}

/// The values of a key that the schema does not list.
fn values_of(key: &str, kind: &str) -> &'static [&'static str] {
    match kind {
        "Seconds" => return &["0", "0.5", "2"],
        "Often" => return &["\"once\"", "1"],
        "Announce" => return &["\"once\"", "\"per-new-id\"", "1"],
        "Wait" => return &["\"n\"", "3", "\"n or 3\""],
        "Next" => return &["\"at once\"", "0.5", "\"operator\""],
        "Rows" => return &["1", "5", "inf"],
        "Code" => return &["0", "-1", "9", "\"silent\""],
        "Bound" => return &BOUNDS,
        _ => {}
    }
    match key {
        "wire.qos" => &["0", "1", "2"],
        "wire.retain" => &["[\"init\"]", "[\"vote\"]", "[\"challenge\", \"solution\"]"],
        "amqp.routing_key" => &["\"\"", "\"{exchange}\"", "\"x\""],
        "amqp.delivery_mode" => &["0", "1", "2"],
        "amqp.queue" => &["\"{exchange}/{id}\"", "\"shared-unnamed\"", "\"q-{exchange}\""],
        "topics.prefix" => &["\"\"", "\"a/b/\"", "\"a_{session}/\"", "\"a\""],
        "topics.result" => &["\"\"", "\"{solver}/result\"", "\"r/{solver}\"", "\"{solver}\""],
        key if key.starts_with("topics.") => &["\"\"", "\"other\"", "\"a/b\""],
        "id.lo" => &["0", "1", "9"],
        "id.hi" => &["2", "9", "9223372036854775807"],
        "vote.lo" => &["0", "1"],
        "vote.hi" => &["0", "1", "9223372036854775807"],
        "join.min" => &["1", "2", "3", "4"],
        "join.burst" => &["[1, 0]", "[3, 0.2]"],
        "leader.first_tx" => &["0", "1", "1000000"],
        "leader.d" => &["[1, 3]"],
        "judge.result.ok" => &["0", "1", "7", "-1", "-9007199254740993"],
        "puzzle.candidate" => &[
            "\"{n}\"",
            "\"{tx}:{n}\"",
            "\"{tx}/{n}\"",
            "\"{id}-{d}-{rand}\"",
            "\"random64\"",
            "\"alnum*10\"",
            "\"digits*12\"",
            "\"printable*9\"",
            "\"printable*4..10\"",
        ],
        "sign.messages" => &["[]"],
        // Tried by other tests here, or of no effect on what runs.
        "base" | "name" | "about" | "names" | "network" | "join.n" => &[],
        key if ["names.", "fields.", "aviary.", "cs60."].iter().any(|it| key.starts_with(it)) => {
            &[]
        }
        _ => panic!("give the key {key:?} values here"),
    }
}

const BOUNDS: [&str; 8] = [
    "\">=N/2\"",
    "\">N/2\"",
    "\">=N/2+1\"",
    "\"yes>no\"",
    "\"k of next N\"",
    "\"1 of next 2\"",
    "\"2 of next N\"",
    "\"4 of next N\"",
];

/// Returns all keys of the schema, each with the values to be tried.
fn all_values() -> Vec<(String, String)> {
    fn walk(schema: &Value, of: &Value, key: &str, kind: &str, found: &mut Vec<(String, String)>) {
        let nullable = of["anyOf"].get(0);
        let reference = of["$ref"].as_str().or_else(|| nullable?["$ref"].as_str());
        if let Some(name) = reference.and_then(|it| it.strip_prefix("#/$defs/")) {
            return walk(schema, &schema["$defs"][name], key, name, found);
        }
        let mut say = |value: String| found.push((key.to_owned(), value));
        if let Some(properties) = of["properties"].as_object() {
            for (name, of) in properties {
                let before = if key.is_empty() { String::new() } else { format!("{key}.") };
                walk(schema, of, &format!("{before}{name}"), "", found);
            }
        } else if let Some(choices) = of["oneOf"].as_array() {
            choices.iter().for_each(|choice| say(choice["const"].to_string()));
        } else if let Some(choices) = of["enum"].as_array() {
            choices.iter().for_each(|choice| say(choice.to_string()));
        } else if of["type"] == "boolean" {
            ["true", "false"].into_iter().for_each(|value| say(value.into()));
        } else {
            values_of(key, kind).iter().for_each(|value| say((*value).into()));
        }
    }
    let schema = profile_schema();
    let mut found = Vec::new();
    walk(schema.as_value(), schema.as_value(), "", "", &mut found);
    let is_of_chains = |key: &str| {
        let begins = ["aviary.", "cs60.", "names."].iter().any(|it| key.starts_with(it));
        begins || key == "network"
    };
    found.retain(|(key, _)| !is_of_chains(key));
    found
}

#[test]
fn every_built_in_profile_runs() {
    let bases = bases();
    let networks = bases.len();
    assert_eq!(assert_all_run(bases), networks);
}

#[test]
fn every_profile_runs_that_differs_from_one_by_a_single_value() {
    let values = all_values();
    assert!(values.iter().any(|(key, _)| key == "puzzle.need"), "{values:?}");
    let differing = |(base, text): (String, String)| {
        values.iter().map(move |(key, value)| {
            let own = text.lines().filter(|line| !line.trim().starts_with(&format!("{key} =")));
            let own: Vec<&str> = own.collect();
            (format!("{base} with {key} = {value}"), format!("{}\n{key} = {value}", own.join("\n")))
        })
    };
    let networks = bases().into_iter().flat_map(differing);
    let agreed = assert_all_run(networks);
    assert!(agreed > 500, "{agreed}");
}

/// Writes fields as a profile does.
fn spelled<'a>(fields: impl Iterator<Item = &'a Field>) -> String {
    let fields = fields.map(|field| match field {
        Field::Of(role, name) => format!("[{:?}, {name:?}]", role.name()),
        Field::Constant(name, Constant::Null) => format!("[\"null\", {name:?}]"),
        Field::Constant(name, Constant::Bool(value)) => format!("[\"const\", {name:?}, {value}]"),
        Field::Constant(name, Constant::Number(value)) => {
            format!("[\"const\", {name:?}, {value}]")
        }
        Field::Constant(name, Constant::Text(value)) => {
            format!("[\"const\", {name:?}, {value:?}]")
        }
    });
    format!("[{}]", fields.collect::<Vec<_>>().join(", "))
}

/// Returns a profile's messages without some of their fields.
fn without(profile: &Profile, leaves_out: impl Fn(MessageKind, Role) -> bool) -> String {
    let line = |kind: MessageKind| {
        let fields = profile.fields.of(kind).iter();
        let kept = fields.filter(|it| it.role().is_none_or(|role| !leaves_out(kind, role)));
        format!("fields.{} = {}\n", kind.name(), spelled(kept))
    };
    MessageKind::ALL.into_iter().map(line).collect()
}

/// Returns the profile of a base, and its text without fields.
fn parsed(text: &str) -> (Profile, String) {
    let whole = format!("name = \"x\"\njoin.n = {PEERS}\n{text}");
    let profile = read("x.toml", &whole, &built_in::base).expect(text);
    let rest = text.lines().filter(|line| !line.trim().starts_with("fields."));
    (profile, rest.collect::<Vec<_>>().join("\n"))
}

#[test]
fn every_profile_runs_whose_messages_say_less() {
    let mut networks = Vec::new();
    for (base, text) in bases() {
        let (profile, rest) = parsed(&text);
        let mut roles = BTreeSet::new();
        for kind in profile.kinds() {
            for role in profile.fields.of(kind).iter().filter_map(Field::role) {
                roles.insert(role);
                let fields = without(&profile, |of, it| (of, it) == (kind, role));
                let name = format!("{base} without {} of {}", role.name(), kind.name());
                networks.push((name, format!("{rest}\n{fields}")));
            }
        }
        for role in roles {
            let fields = without(&profile, |kind, it| it == role && kind != MessageKind::Init);
            networks.push((format!("{base} without {}", role.name()), format!("{rest}\n{fields}")));
        }
    }
    let agreed = assert_all_run(networks);
    assert!(agreed > 50, "{agreed}");
}

#[test]
fn whatever_votes_on_solutions_say_they_are_counted_by_each_bound() {
    let optional = [
        (MessageKind::Challenge, Role::Id),
        (MessageKind::Challenge, Role::Tx),
        (MessageKind::Solution, Role::Tx),
        (MessageKind::Ballot, Role::Tx),
        (MessageKind::Ballot, Role::Solution),
        (MessageKind::Ballot, Role::Solver),
    ];
    let (profile, rest) = parsed(OTHERS[0].1);
    let mut networks = Vec::new();
    for bound in BOUNDS {
        for set in 0..1_u32 << optional.len() {
            let is_left_out = |kind, role| {
                let place = optional.iter().position(|it| *it == (kind, role));
                place.is_some_and(|place| set & 1 << place != 0)
            };
            let fields = without(&profile, is_left_out);
            let text = format!("{rest}\n{fields}\njudge.bound = {bound}");
            networks.push((format!("{bound}: {fields}"), text));
        }
    }
    let possible = networks.len() / BOUNDS.len() * (BOUNDS.len() - 1);
    assert_eq!(assert_all_run(networks), possible, "only four of three cannot be");
}

#[test]
fn whichever_messages_are_signed_the_others_are_believed_without() {
    let kinds = ["vote", "challenge", "solution", "result"];
    let mut networks = Vec::new();
    for base in ["base = \"sequel\"", OTHERS[2].1] {
        let (profile, rest) = parsed(base);
        for set in 1..1_u32 << kinds.len() {
            let signed: Vec<&str> =
                (0..kinds.len()).filter(|it| set & 1 << it != 0).map(|it| kinds[it]).collect();
            for says_leader in [true, false] {
                let fields = without(&profile, |kind, role| match role {
                    Role::Sign => !signed.contains(&kind.name()),
                    Role::Id => kind == MessageKind::Challenge && !says_leader,
                    _ => false,
                });
                let text = format!(
                    "{}\n{fields}\nsign.alg = \"rsa-pkcs1-sha256\"\nsign.messages = {signed:?}",
                    rest.replace("sign.alg = \"rsa-pkcs1-sha256\"", ""),
                );
                networks.push((format!("{signed:?} {says_leader} {base}"), text));
            }
        }
    }
    let all = networks.len();
    assert_eq!(assert_all_run(networks), all);
}
