//! What all peers of a network must agree on, as data. Files of peers and chains contain it, so
//! that they identify their network and a codec can be built for them.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU16;

use althing_engine::nakamoto::Label;
use althing_ledger::charter::ChainId;
use althing_ledger::{CompactTarget, HexDigits};
use althing_text::hex;
use althing_types::{BlockHash, UnixTime};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::Variant;
use crate::profile::{Data, Profile};

/// What all peers of a network must agree on: its dialect, and what can be chosen in it.
///
/// Two peers are in the same network if theirs are equal. What each peer may choose for itself,
/// such as its timeouts, is not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "dialect", rename_all = "kebab-case", deny_unknown_fields)]
pub enum NetworkConfig {
    /// A network of [`elect_chain`](crate::elect_chain).
    ElectChain {
        /// Page or program.
        variant: Variant,
        /// What stands before the name of each topic.
        topics: String,
        /// Members of a full network.
        peers: NonZeroU16,
    },
    /// A network of [`sd`](crate::sd).
    Sd {
        /// Page or program.
        variant: Variant,
        /// What stands before the name of each topic.
        topics: String,
        /// The name of the topic of draws.
        election_topic: String,
        /// The field that names a peer.
        id_field: String,
        /// Members of a full network.
        peers: NonZeroU16,
    },
    /// A network of [`ppd`](crate::ppd).
    Ppd {
        /// Page or program.
        variant: Variant,
        /// What stands before the name of each exchange.
        topics: String,
        /// Members of a full network.
        peers: NonZeroU16,
    },
    /// A network of [programs](crate::program).
    Profile {
        /// How they speak and behave, without what each peer may choose for itself; its prefix has
        /// the room in it. As JSON it is what differs from the current exercise sheet.
        #[serde(with = "crate::profile::identity")]
        profile: Box<Profile>,
    },
    /// A network of [`aviary`](crate::aviary).
    Aviary {
        /// Zeros that a hash must end with.
        #[serde(with = "plain")]
        difficulty: HexDigits,
        /// The first block, if it is known.
        #[serde(with = "plain")]
        genesis: Option<BlockHash>,
        /// Whether blocks have a time.
        #[serde(default = "yes", skip_serializing_if = "is_yes")]
        timestamp: bool,
    },
    /// A network of [`cs60`](crate::cs60).
    Cs60 {
        /// What the data are.
        data: Data,
        /// Zeros that the hash of the first block after the genesis has, less one.
        zeros: u8,
    },
    /// An [`open`](crate::open) network.
    Open {
        /// What it is called.
        #[serde(with = "plain")]
        name: Label,
        /// When its timetable begins.
        start: UnixTime,
        /// The time between two blocks, in seconds.
        block_time: u64,
        /// A block that is so many block times late is followed by one that is half as hard.
        half_life_blocks: u32,
        /// The target of the first blocks, as eight hexadecimal digits of Bitcoin's compact form.
        #[serde(with = "plain")]
        easiest: CompactTarget,
    },
    /// An [assembly](crate::assembly). Everything else is in its charter.
    Assembly {
        /// What its charter calls it, for people.
        network: String,
        /// The hash of its charter.
        #[serde(with = "plain")]
        chain: ChainId,
    },
}

/// A text that is not the JSON of a [`NetworkConfig`].
#[derive(Debug, thiserror::Error)]
#[error("this version of althing does not know the network {text}: {reason}")]
pub struct UnknownNetwork {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: serde_json::Error,
}

impl NetworkConfig {
    /// Returns it as canonical JSON (RFC 8785): without whitespace, the fields in the order of
    /// their names. Equal configurations have the same text.
    pub fn to_json(&self) -> String {
        let to_text = |value: &Self| {
            // The order of a `Value`'s fields depends on how serde_json was built.
            let value = serde_json::to_value(value)?;
            let fields: BTreeMap<String, Value> = serde_json::from_value(value)?;
            serde_json::to_string(&fields)
        };
        to_text(self).expect("it is one object, whose keys are texts and whose values are plain")
    }

    /// Returns the configuration that `text` is the JSON of.
    pub fn from_json(text: &str) -> Result<Self, UnknownNetwork> {
        serde_json::from_str(text)
            .map_err(|reason| UnknownNetwork { text: text.to_owned(), reason })
    }

    /// Returns the name of the dialect, as in `elect-chain`, or of the profile.
    pub fn dialect(&self) -> &str {
        match self {
            Self::Profile { profile } => &profile.name,
            Self::ElectChain { .. } => "elect-chain",
            Self::Sd { .. } => "sd",
            Self::Ppd { .. } => "ppd",
            Self::Aviary { .. } => "aviary",
            Self::Cs60 { .. } => "cs60",
            Self::Open { .. } => "open",
            Self::Assembly { .. } => "assembly",
        }
    }

    /// Returns the SHA-256 digest of its [canonical JSON](Self::to_json), which names the network.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.to_json().as_bytes()).into()
    }

    /// Returns whether its peers keep a chain, instead of a table.
    pub fn has_chain(&self) -> bool {
        match self {
            Self::ElectChain { .. } | Self::Sd { .. } | Self::Ppd { .. } | Self::Profile { .. } => {
                false
            }
            Self::Aviary { .. } | Self::Cs60 { .. } | Self::Open { .. } | Self::Assembly { .. } => {
                true
            }
        }
    }
}

/// For people; to be compared or read back, there is [`NetworkConfig::to_json`].
impl fmt::Display for NetworkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ElectChain { variant, topics, peers } => {
                write!(f, "elect-chain {variant} {topics:?} of {peers}")
            }
            Self::Sd { variant, topics, election_topic, id_field, peers } => {
                write!(f, "sd {variant} {topics:?} {election_topic:?} {id_field:?} of {peers}")
            }
            Self::Ppd { variant, topics, peers } => {
                write!(f, "ppd {variant} {topics:?} of {peers}")
            }
            Self::Profile { profile } => {
                let Profile { name, topics, join, .. } = &**profile;
                write!(f, "programs of {name} {:?} of {}", topics.prefix, join.n)
            }
            Self::Aviary { difficulty, genesis, timestamp } => {
                let genesis = genesis.map_or("any".to_owned(), |hash| hash.to_string());
                let times = if *timestamp { "" } else { ", without times" };
                write!(f, "aviary of difficulty {} from {genesis}{times}", difficulty.number())
            }
            Self::Cs60 { data, zeros } => write!(f, "cs60 {data} from {zeros} zeros"),
            Self::Open { name, start, block_time, half_life_blocks, easiest } => write!(
                f,
                "open from {start} every {block_time} s, half-life {half_life_blocks} blocks, \
                 target {easiest:08x}: {name}"
            ),
            Self::Assembly { network, chain } => write!(f, "the assembly {network}, {chain}"),
        }
    }
}

/// What is so in most networks, and is said of the others.
fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_yes(is_so: &bool) -> bool {
    *is_so
}

/// Something that JSON has as a text or a number.
trait Plain: Sized {
    /// The type of the text or number.
    type Form: Serialize + for<'de> Deserialize<'de>;

    /// Returns its form.
    fn form(&self) -> Self::Form;

    /// Returns what has this form, or `None` if nothing has.
    fn of(form: Self::Form) -> Option<Self>;
}

impl Plain for HexDigits {
    type Form = u8;

    fn form(&self) -> u8 {
        self.number()
    }

    fn of(form: u8) -> Option<Self> {
        Self::new(form)
    }
}

impl Plain for Label {
    type Form = String;

    fn form(&self) -> String {
        self.to_string()
    }

    fn of(form: String) -> Option<Self> {
        Self::new(&form).ok()
    }
}

impl Plain for Option<BlockHash> {
    type Form = Option<String>;

    fn form(&self) -> Option<String> {
        self.map(|hash| hash.to_string())
    }

    fn of(form: Option<String>) -> Option<Self> {
        form.map(|hash| hash.parse().ok()).map_or(Some(None), |hash| hash.map(Some))
    }
}

impl Plain for ChainId {
    type Form = String;

    fn form(&self) -> String {
        self.to_string()
    }

    fn of(form: String) -> Option<Self> {
        let bytes = hex::decode(&form).ok()?;
        Some(Self::from_bytes(bytes.try_into().ok()?))
    }
}

impl Plain for CompactTarget {
    type Form = String;

    fn form(&self) -> String {
        format!("{self:08x}")
    }

    fn of(form: String) -> Option<Self> {
        let target = Self::from_unprefixed_hex(&form).ok()?;
        // Only one text for each.
        (target.form() == form).then_some(target)
    }
}

/// For `#[serde(with = "plain")]`.
mod plain {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Plain;

    pub(super) fn serialize<T: Plain, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        value.form().serialize(to)
    }

    pub(super) fn deserialize<'de, T: Plain, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        T::of(T::Form::deserialize(from)?).ok_or_else(|| D::Error::custom("a value out of range"))
    }
}

#[cfg(test)]
mod tests {
    use althing_ledger::target_of_bits;

    use super::*;
    use crate::chain_dialect;

    /// Returns configurations of all kinds, with their JSON.
    fn networks() -> Vec<(NetworkConfig, String)> {
        let digits = |digits| HexDigits::new(digits).expect("at most 64");
        let label = |text| Label::new(text).expect("it is short");
        let peers = NonZeroU16::new(10).expect("ten is not zero");
        let start = UnixTime::from_seconds(1_700_000_000);
        let config = |variant, topics: &str| NetworkConfig::ElectChain {
            variant,
            topics: topics.to_owned(),
            peers,
        };
        let open = |name, block_time, bits| NetworkConfig::Open {
            name: label(name),
            start,
            block_time,
            half_life_blocks: 120,
            easiest: target_of_bits(bits),
        };
        let hash = BlockHash::from_bytes([0xab; 32]);
        let mut sheet = Profile { name: "ours".to_owned(), ..Profile::default() };
        sheet.join.n = 7;
        sheet.topics.prefix = "class7/sd/".to_owned();
        sheet.topics.vote = "election".to_owned();
        [
            (
                config(Variant::Readme, "a \"room\"/"),
                r#"{"dialect":"elect-chain","peers":10,"topics":"a \"room\"/","variant":"readme"}"#,
            ),
            (
                config(Variant::Published, ""),
                r#"{"dialect":"elect-chain","peers":10,"topics":"","variant":"published"}"#,
            ),
            (
                NetworkConfig::Profile { profile: Box::new(sheet) },
                concat!(
                    r#"{"dialect":"profile","profile":{"join":{"n":7},"name":"ours","#,
                    r#""topics":{"prefix":"class7/sd/","vote":"election"}}}"#
                ),
            ),
            (
                NetworkConfig::Sd {
                    variant: Variant::Readme,
                    topics: "sd/".to_owned(),
                    election_topic: "voting".to_owned(),
                    id_field: "ClientID".to_owned(),
                    peers,
                },
                concat!(
                    r#"{"dialect":"sd","election_topic":"voting","id_field":"ClientID","#,
                    r#""peers":10,"topics":"sd/","variant":"readme"}"#
                ),
            ),
            (
                NetworkConfig::Ppd { variant: Variant::Readme, topics: "ppd/".to_owned(), peers },
                r#"{"dialect":"ppd","peers":10,"topics":"ppd/","variant":"readme"}"#,
            ),
            (
                NetworkConfig::Aviary { difficulty: digits(1), genesis: None, timestamp: true },
                r#"{"dialect":"aviary","difficulty":1,"genesis":null}"#,
            ),
            (
                NetworkConfig::Aviary {
                    difficulty: digits(64),
                    genesis: Some(hash),
                    timestamp: true,
                },
                &format!(r#"{{"dialect":"aviary","difficulty":64,"genesis":"{hash}"}}"#),
            ),
            (
                NetworkConfig::Cs60 { data: Data::Ballots, zeros: 3 },
                r#"{"data":"ballots","dialect":"cs60","zeros":3}"#,
            ),
            (
                open("notes: of ours", 60, 24),
                concat!(
                    r#"{"block_time":60,"dialect":"open","easiest":"1e010000","#,
                    r#""half_life_blocks":120,"#,
                    r#""name":"notes: of ours","start":1700000000}"#
                ),
            ),
            (
                open("", 1, 8),
                concat!(
                    r#"{"block_time":1,"dialect":"open","easiest":"20010000","#,
                    r#""half_life_blocks":120,"name":"","start":1700000000}"#
                ),
            ),
            (
                NetworkConfig::Aviary { difficulty: digits(9), genesis: None, timestamp: false },
                r#"{"dialect":"aviary","difficulty":9,"genesis":null,"timestamp":false}"#,
            ),
        ]
        .map(|(network, json)| (network, json.to_owned()))
        .into()
    }

    /// If this fails, files of earlier versions no longer match their network.
    #[test]
    fn the_json_of_each_network_stays_the_same_and_is_read_back() {
        for (network, json) in networks() {
            assert_eq!(network.to_json(), json);
            assert_eq!(NetworkConfig::from_json(&json).expect("it was just written"), network);
            let is_named = |field| json.contains(&format!(r#""{field}":"{}""#, network.dialect()));
            assert!(is_named("dialect") || is_named("name"));
        }
    }

    #[test]
    fn a_network_is_named_by_the_digest_of_its_json() {
        let cs60 = NetworkConfig::Cs60 { data: Data::Ballots, zeros: 3 };
        // As `sha256sum` has it.
        let digest: BlockHash = "e5aff9d3617a63f9279ef850bb3ff70cee43df9c47f947141e0618c3fd9dbb4f"
            .parse()
            .expect("64 digits");
        assert_eq!(cs60.hash(), *digest.as_bytes());
        let mut hashes: Vec<_> = networks().iter().map(|(network, _)| network.hash()).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), networks().len());
    }

    #[test]
    fn a_network_with_a_chain_gives_the_dialect_that_it_was_taken_from() {
        for (network, _) in networks() {
            let dialect = chain_dialect(&network);
            assert_eq!(dialect.is_some(), network.has_chain());
            assert!(dialect.is_none_or(|dialect| dialect.network() == network));
        }
    }

    #[test]
    fn people_are_told_in_words() {
        let texts: Vec<_> = networks().iter().map(|(network, _)| network.to_string()).collect();
        assert_eq!(texts[0], r#"elect-chain readme "a \"room\"/" of 10"#);
        assert_eq!(texts[2], "programs of ours \"class7/sd/\" of 7");
        assert_eq!(texts[3], r#"sd readme "sd/" "voting" "ClientID" of 10"#);
        assert_eq!(texts[4], r#"ppd readme "ppd/" of 10"#);
        assert_eq!(texts[5], "aviary of difficulty 1 from any");
        assert_eq!(texts[7], "cs60 ballots from 3 zeros");
        let open = "open from 1700000000 every 60 s, half-life 120 blocks, target 1e010000: notes: \
                    of ours";
        assert_eq!(texts[8], open);
    }

    #[test]
    fn what_is_no_network_of_ours_is_refused_with_its_text() {
        for text in [
            "",
            "cs60 ballots from 3 zeros",
            r#"{"dialect":"raft","peers":5}"#,
            r#"{"dialect":"cs60","data":"songs","zeros":3}"#,
            r#"{"dialect":"cs60","data":"ballots","zeros":300}"#,
            r#"{"dialect":"cs60","data":"ballots","zeros":3,"colour":"blue"}"#,
            r#"{"dialect":"aviary","difficulty":65,"genesis":null}"#,
            r#"{"dialect":"aviary","difficulty":8,"genesis":"nowhere"}"#,
            r#"{"dialect":"ppd","peers":0,"topics":"ppd/","variant":"readme"}"#,
            &networks()[8].1.replace("1e010000", "1e01"),
            &networks()[8].1.replace("notes", &"n".repeat(60)),
        ] {
            let error = NetworkConfig::from_json(text).expect_err("it is none of ours");
            let start = format!("this version of althing does not know the network {text}: ");
            assert!(error.to_string().starts_with(&start), "{error}");
        }
    }
}
