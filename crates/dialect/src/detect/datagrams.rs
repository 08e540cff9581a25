//! Which profile of `aviary` the programs at some addresses follow, from what they answer.
//!
//! Over UDP there is nothing to overhear: only who is asked answers. So this asks, first what all
//! programs know (`STATS` and `GET_BLOCK`), and announces itself as one of them, under one name
//! and, if that is not answered, under the other. It names another address than the one that it
//! sends from, so that it shows which of the two is answered.

use std::collections::{BTreeMap, BTreeSet};

use althing_text::python_json::dumps;
use althing_text::python_value::loads_bytes;
use althing_types::{Address, BlockHash};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Detected, of_seen};
use crate::codec::short_enough;
use crate::profile::{BLOCK_FIELDS, NetworkKind};

/// Times that a question is asked without an answer.
const TRIES_MAX: u8 = 4;

/// Blocks below the last that are asked for, since of several the one with the fewest zeros shows
/// the difficulty.
const BLOCKS: u64 = 8;

/// Heights that are remembered, with the hashes that were said to be theirs, and blocks.
const CLAIMS_MAX: usize = 256;

/// What was heard of the programs that were asked.
#[derive(Debug, Default)]
pub struct Prober {
    /// Whom answers to gossip shall go to.
    named: Option<Address>,
    /// Who is asked; what others say is not listened to.
    contacts: BTreeSet<Address>,
    peers: BTreeSet<Address>,
    messages: usize,
    seen: BTreeMap<String, Value>,
    /// The heights and hashes that were said to be of a chain.
    claims: BTreeSet<(u64, String)>,
    /// The hashes of blocks, by the heights that they state.
    blocks: BTreeMap<u64, String>,
    /// How often each height was asked for.
    asked: BTreeMap<u64, u8>,
    gossips: u8,
    /// How often questions were asked.
    rounds: u8,
    /// What other names their blocks have for fields.
    alias: BTreeMap<String, String>,
}

impl Prober {
    /// Returns one that has heard nothing, for the programs at these addresses; `named` is the
    /// address that it states as its own.
    pub fn new(named: Address, contacts: impl IntoIterator<Item = Address>) -> Self {
        let contacts = contacts.into_iter().collect();
        Self { named: Some(named), contacts, ..Self::default() }
    }

    /// Returns what to ask next.
    pub fn questions(&mut self) -> Vec<Vec<u8>> {
        let mut questions = vec![dumps(&json!({ "type": "STATS" }))];
        for height in self.heights() {
            let tries = self.asked.entry(height).or_default();
            if *tries < TRIES_MAX {
                *tries += 1;
                let height = self.written(height);
                questions.push(dumps(&json!({ "type": "GET_BLOCK", "height": height })));
            }
        }
        self.rounds = self.rounds.saturating_add(1);
        let has_block = !self.blocks.is_empty() || self.rounds > TRIES_MAX;
        if !self.seen.contains_key("aviary.reply")
            && has_block
            && let Some(named) = &self.named
        {
            self.gossips = self.gossips.saturating_add(1);
            let kind = self.gossip_name();
            questions.push(dumps(&json!({
                "type": kind,
                "host": named.host(),
                "port": self.written(named.port().into()),
                "id": format!("detect-{}-{}", named.port(), self.gossips),
                "name": "detect",
            })));
        }
        questions
    }

    /// Returns how the last announcement is called. Programs of an older year, whose blocks have no
    /// time, may end at the name of later ones, and the other way round: the name that is not the
    /// usual one is tried last.
    fn gossip_name(&self) -> &'static str {
        let is_older = self.seen.get("aviary.timestamp").is_some_and(|timed| *timed == false);
        let is_usual = self.gossips <= TRIES_MAX;
        if is_older == is_usual { "FLOOD" } else { "GOSSIP" }
    }

    /// Returns a number as they write numbers.
    fn written(&self, number: u64) -> Value {
        match self.seen.get("aviary.numbers") {
            Some(form) if form == "text" => json!(number.to_string()),
            _ => json!(number),
        }
    }

    /// Returns the heights of blocks that are not known yet, and of one that there is not.
    fn heights(&self) -> Vec<u64> {
        let Some((height, _)) = self.claims.last() else {
            // How they write numbers is not known yet, and some end at the other way.
            return if self.rounds > TRIES_MAX { vec![0] } else { Vec::new() };
        };
        let last =
            (height.saturating_sub(BLOCKS)..=*height).filter(|it| !self.blocks.contains_key(it));
        let beyond = height.saturating_add(1000);
        let none = (!self.seen.contains_key("aviary.null_reply")).then_some(beyond);
        let first = (!self.blocks.contains_key(&0)).then_some(0);
        let mut heights: Vec<u64> = last.chain(none).chain(first).collect();
        heights.sort_unstable();
        heights.dedup();
        heights
    }

    /// Takes note of a datagram; `to_named` says whether it came to the address that was named.
    pub fn hear(&mut self, from: &Address, payload: &[u8], to_named: bool) {
        if !self.contacts.contains(from) {
            return;
        }
        let Ok(value) = short_enough(payload).map_err(drop).and_then(|bytes| {
            let value = loads_bytes(bytes).map_err(drop)?;
            Value::deserialize(value).map_err(drop)
        }) else {
            return;
        };
        let fields = match value {
            Value::Object(fields) => fields,
            Value::Array(items) if items.iter().all(Value::is_null) && !items.is_empty() => {
                return self.note(from, "null_reply", json!("array"));
            }
            _ => return,
        };
        match fields.get("type").and_then(Value::as_str) {
            Some(kind @ ("GOSSIP" | "FLOOD")) => {
                self.note(from, "names", json!(kind));
                self.note_number(fields.get("port"));
            }
            Some(kind @ ("GOSSIP_REPLY" | "GOSSIP-REPLY" | "FLOOD_REPLY" | "FLOOD-REPLY")) => {
                self.note(from, "reply", json!(kind));
                self.note_number(fields.get("port"));
                self.note(from, "reply_to", json!(if to_named { "named" } else { "source" }));
                // The announcement that was answered had this name.
                let names = self.gossip_name();
                self.seen.entry("aviary.names".to_owned()).or_insert_with(|| json!(names));
            }
            Some("STATS_REPLY") | None => self.note_stats(from, &fields),
            Some("GET_BLOCK_REPLY" | "ANNOUNCE") => self.note_block(from, fields),
            _ => {}
        }
    }

    /// Counts a message that tells something.
    fn count(&mut self, from: &Address) {
        self.peers.insert(from.clone());
        self.messages += 1;
    }

    fn note(&mut self, from: &Address, key: &str, value: Value) {
        self.count(from);
        self.seen.insert(format!("aviary.{key}"), value);
    }

    fn note_number(&mut self, value: Option<&Value>) {
        let form = match value {
            Some(Value::Number(_)) => "int",
            Some(Value::String(text)) if text.parse::<i64>().is_ok() => "text",
            _ => return,
        };
        self.seen.insert("aviary.numbers".to_owned(), json!(form));
    }

    fn note_stats(&mut self, from: &Address, fields: &Map<String, Value>) {
        let (height, hash) = (fields.get("height"), fields.get("hash"));
        let hash = hash.and_then(Value::as_str).filter(|hash| hash.parse::<BlockHash>().is_ok());
        let number = height.and_then(number);
        match (number, hash) {
            (Some(number), Some(hash)) => {
                if let Ok(number) = u64::try_from(number) {
                    // What is said later may be of a longer chain; of liars only a few are kept.
                    if self.claims.len() < CLAIMS_MAX {
                        self.claims.insert((number, hash.to_owned()));
                    }
                    self.note_number(height);
                    self.count(from);
                }
            }
            (None, _) => self.note(from, "empty", json!("null")),
            (Some(-1), None) => self.note(from, "empty", json!("-1")),
            (Some(_), None) => self.note(from, "empty", json!("0")),
        }
    }

    fn note_block(&mut self, from: &Address, mut fields: Map<String, Value>) {
        let is_answer = fields.remove("type").is_some_and(|kind| kind == "GET_BLOCK_REPLY");
        let height = fields.get("height").and_then(number).and_then(|it| u64::try_from(it).ok());
        let hash = fields.get("hash").and_then(Value::as_str).map(str::to_owned);
        let hash = hash.filter(|hash| hash.parse::<BlockHash>().is_ok());
        let (Some(height), Some(hash)) = (height, hash) else {
            if is_answer {
                let shape = match fields.get("height") {
                    None => "short",
                    Some(Value::String(_)) => "text None",
                    Some(_) => "nulls",
                };
                self.note(from, "null_reply", json!(shape));
            }
            return;
        };
        self.note(from, "timestamp", json!(fields.contains_key("timestamp")));
        self.note_number(fields.get("height"));
        if !fields.contains_key("minedBy")
            && self.alias.len() < BLOCK_FIELDS.len()
            && let Some(other) = fields.keys().find(|name| !BLOCK_FIELDS.contains(&name.as_str()))
        {
            self.alias.insert(other.clone(), "minedBy".to_owned());
        }
        // A sender of more heights than were asked for fills no memory.
        if self.blocks.len() < CLAIMS_MAX {
            self.blocks.insert(height, hash);
        }
    }

    /// Returns the profile of the programs, as far as their answers show it; `None` if there were
    /// none.
    pub fn detect(&self) -> Option<Detected> {
        if self.messages == 0 {
            return None;
        }
        let mut seen = self.seen.clone();
        let mut unknown = Vec::new();
        let mut say = |key: &str, value: Value| {
            seen.insert(format!("aviary.{key}"), value);
        };
        let zeros = |hash: &String| hash.len() - hash.trim_end_matches('0').len();
        match self.blocks.values().map(zeros).min() {
            Some(zeros) => {
                say("difficulty", json!(zeros));
                if self.blocks.len() < 4 {
                    unknown.push(format!(
                        "the difficulty may be less: only {} blocks were seen",
                        self.blocks.len()
                    ));
                }
            }
            None => unknown.push("no block was seen: its time and the difficulty".to_owned()),
        }
        let is_of = |(height, hash): &(u64, String), less: u64| {
            height.checked_sub(less).is_some_and(|at| self.blocks.get(&at) == Some(hash))
        };
        if self.claims.iter().any(|claim| is_of(claim, 0)) {
            say("stats_height", json!("tip"));
        } else if self.claims.iter().any(|claim| is_of(claim, 1)) {
            say("stats_height", json!("count"));
        } else {
            unknown.push("what the height in STATS_REPLY is: its block was not seen".to_owned());
        }
        if self.blocks.contains_key(&0) {
            say("serve_genesis", json!(true));
        } else if self.asked.get(&0) >= Some(&TRIES_MAX) && !self.blocks.is_empty() {
            say("serve_genesis", json!(false));
        }
        if !self.alias.is_empty() {
            say("alias", json!(self.alias));
        }
        for (key, what) in [
            ("aviary.reply", "no answer to an announcement was heard: how gossip is called"),
            ("aviary.empty", "what a program without a chain says"),
        ] {
            if !seen.contains_key(key) {
                unknown.push(what.to_owned());
            }
        }
        unknown.push("what no answer shows: which chain is chosen, and how many peers wait".into());
        Some(of_seen(NetworkKind::Aviary, seen, unknown, self.peers.len(), self.messages))
    }
}

/// Returns a number, or that of a text of digits.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use althing_engine::nakamoto::{Claim, Label, Message};
    use althing_ledger::{Entry, Ledger, Proposal};
    use althing_types::UnixTime;

    use super::*;
    use crate::ChainDialect;
    use crate::aviary::{Aviary, Config};
    use crate::profile::{AviaryRules, Profile, ReplyTo, built_in, read};
    use crate::testing::{self, datagram};

    fn address(port: u16) -> Address {
        Address::new("192.0.2.1", port).expect("a host")
    }

    fn chain(aviary: &Aviary) -> Ledger {
        let mut ledger = Ledger::new(aviary.rules().chain.clone(), aviary.application());
        for number in 0..20 {
            let entries = vec![Entry::text(&format!("text {number}"))];
            let now = UnixTime::from_seconds(1_700_000_000);
            let template = ledger.template(Proposal { miner: "they", now, entries });
            let template = template.expect("an entry is a block");
            let nonce = template.search(0..u64::MAX).expect("it is easy");
            assert!(ledger.add(template.with_nonce(nonce)).is_ok());
        }
        ledger
    }

    /// Has a program with a chain, and one without, be asked until nothing more is.
    fn probed(programs: &AviaryRules) -> Prober {
        let programs = AviaryRules { difficulty: 1, ..programs.clone() };
        let aviary = Aviary::new(Config { programs: programs.clone(), ..Config::default() });
        let ledger = chain(&aviary);
        let tip = ledger.tip().expect("it has blocks").hash;
        let named = address(7);
        let mut prober = Prober::new(named, [address(8999)]);
        for _ in 0..16 {
            for question in prober.questions() {
                let text = String::from_utf8_lossy(&question).into_owned();
                let other = ["GOSSIP", "FLOOD"].into_iter().find(|it| *it != programs.names.text());
                // A program ignores what it does not know, if it does not end.
                if other.is_some_and(|other| text.contains(&format!("\"{other}\""))) {
                    continue;
                }
                let answers = match testing::read(&aviary, &question).expect("it is a message") {
                    Message::TipRequest => {
                        let none = programs.empty != crate::profile::EmptyStats::Silent;
                        let some = Message::Tip(Claim { length: ledger.length(), hash: tip });
                        none.then_some(Message::Tip(Claim::NONE))
                            .into_iter()
                            .chain([some])
                            .collect()
                    }
                    Message::BlockRequest { height } => {
                        let is_kept = height.number() == 0 && !programs.serve_genesis;
                        let block = ledger.block_at(height).filter(|_| !is_kept);
                        let block = block.map(|block| Message::Block((*block).clone()));
                        vec![block.unwrap_or(Message::NoBlock)]
                    }
                    Message::Gossip(_) => {
                        let name = Label::new("they").expect("it is short");
                        vec![Message::GossipReply { address: address(8999), name }]
                    }
                    other => panic!("{other:?}"),
                };
                for answer in answers {
                    let to_named = matches!(answer, Message::GossipReply { .. })
                        && programs.reply_to == ReplyTo::Named;
                    let bytes = datagram(&aviary, &answer).expect("it has it");
                    prober.hear(&address(8999), &bytes, to_named);
                }
            }
        }
        prober
    }

    #[test]
    fn programs_of_each_built_in_profile_are_told_by_their_answers() {
        let aviaries = built_in::all().iter().filter(|it| it.network == NetworkKind::Aviary);
        for Profile { name, aviary, .. } in aviaries {
            let detected = probed(aviary).detect().expect("they have answered");
            assert_eq!(detected.nearest, *name, "{:?}", detected.differences);
            let others: Vec<&str> = detected.differences.iter().map(|it| it.key.as_str()).collect();
            assert_eq!(others, ["aviary.difficulty"], "these blocks are easy");
            let profile = read("detected", &detected.to_toml(), &built_in::base);
            let expected = AviaryRules { difficulty: 1, ..aviary.clone() };
            assert_eq!(profile.expect("it is one").aviary, expected, "{name}");
        }
    }

    #[test]
    fn what_is_no_answer_tells_nothing_and_no_stranger_fills_memory() {
        let mut prober = Prober::new(address(7), [address(1)]);
        for bytes in [&b"{"[..], b"\xff", b"[]", b"7", br#"{"type": "WEATHER"}"#] {
            prober.hear(&address(1), bytes, false);
        }
        assert_eq!(prober.detect(), None);
        for number in 0..10_000_u64 {
            let hash = format!("{number:064x}");
            let said = json!({ "type": "STATS_REPLY", "height": number, "hash": hash });
            let name = format!("name {number}");
            let block =
                json!({ "type": "GET_BLOCK_REPLY", "height": number, "hash": hash, name: "they" });
            for from in [address(1), address(2 + u16::try_from(number).expect("it is small"))] {
                prober.hear(&from, &dumps(&said), false);
                prober.hear(&from, &dumps(&block), false);
            }
        }
        assert!(prober.claims.len() <= CLAIMS_MAX && prober.blocks.len() <= CLAIMS_MAX);
        assert!(prober.alias.len() <= BLOCK_FIELDS.len());
        assert_eq!((prober.peers.len(), prober.messages), (1, 20_000), "others were not asked");
        assert!(prober.questions().len() < 20);
    }

    #[test]
    fn each_name_of_an_answer_to_gossip_is_told() {
        for kind in ["GOSSIP_REPLY", "GOSSIP-REPLY", "FLOOD_REPLY", "FLOOD-REPLY"] {
            let mut prober = Prober::new(address(7), [address(1)]);
            let reply = json!({ "type": kind, "host": "h", "port": 8999, "name": "they" });
            prober.hear(&address(1), &dumps(&reply), true);
            let detected = prober.detect().expect("it has answered");
            let profile = read("detected", &detected.to_toml(), &built_in::base);
            assert_eq!(profile.expect("it is one").aviary.reply.text(), kind);
        }
    }
}
