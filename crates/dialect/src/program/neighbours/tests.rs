//! Other networks are recognised by what they say, and named by what joins them.

use super::*;
use crate::elect_chain::{self, ElectChain};
use crate::ppd::{self, Ppd};
use crate::program::Program;
use crate::sd::{self, Sd};
use crate::testing::decode;
use crate::{Codec, RoundsDialect};
use althing_engine::rounds::Rounds;

fn overheard(
    dialect: &impl Codec<Engine = Rounds>,
    topic: &str,
    payload: &str,
) -> Option<(String, String, bool)> {
    match decode(dialect, topic, payload.as_bytes()) {
        Ok(Content::Overheard(Overheard { network, among_us, speaker: Some(_) })) => {
            Some((network.speech.to_string(), network.advice.to_string(), among_us))
        }
        _ => None,
    }
}

fn elect_chain() -> ElectChain {
    ElectChain::new(elect_chain::Config::default())
}

fn heard(speech: &str, advice: &str, among_us: bool) -> Option<(String, String, bool)> {
    Some((speech.to_owned(), advice.to_owned(), among_us))
}

#[test]
fn each_variant_hears_the_other_and_names_the_option() {
    let program = heard("as the published program", "use --variant published", false);
    let ours = heard("the default variant of Althing", "leave out --variant published", false);
    let id = r#"{"id": 7}"#;
    let published = Program::built_in("elect-chain");
    for name in ["init", "election", "voting"] {
        assert_eq!(overheard(&elect_chain(), name, id), program);
        let topic = format!("althing/{name}");
        assert_eq!(overheard(&published, &topic, id), ours);
    }
    let uuid = r#"{"ClientID": "0b8e7d4e-5f5c-4f0c-9d3e-1c2b3a495867"}"#;
    assert_eq!(overheard(&Sd::new(sd::Config::default()), "sd/solution", uuid), program);
    assert_eq!(overheard(&Program::built_in("sd"), "sd/althing/ack", uuid), ours);
    let node = r#"{"NodeId": 7}"#;
    assert_eq!(overheard(&Ppd::new(ppd::Config::default()), "ppd/init", node), program);
    assert_eq!(overheard(&Program::built_in("ppd"), "ppd/althing/init", node), ours);
}

#[test]
fn other_dialects_of_the_room_are_heard_and_those_of_other_rooms_are_not() {
    let room = "class7".to_owned();
    let peer = ElectChain::new(elect_chain::Config { room, ..elect_chain::Config::default() });
    let uuid = r#"{"ClientID": "0b8e7d4e-5f5c-4f0c-9d3e-1c2b3a495867"}"#;
    let (client, node) = (r#"{"ClientID": 7}"#, r#"{"NodeId": 7}"#);
    for (topic, payload, speech, advice) in [
        (
            "class7/sd/init",
            uuid,
            "as the published program of sd",
            "use --dialect sd --variant published",
        ),
        ("class7/sd/init", client, "as programs of the profile sheet", "use --profile sheet"),
        (
            "class7/sd/1dezembro/init",
            client,
            "as programs of the profile copy-d",
            "use --profile copy-d",
        ),
        ("class7/sd/althing/init", client, "the default variant of sd", "use --dialect sd"),
        (
            "class7/ppd/voting",
            node,
            "as the published program of ppd",
            "use --dialect ppd --variant published",
        ),
    ] {
        assert_eq!(overheard(&peer, topic, payload), heard(speech, advice, false));
    }
    assert!(decode(&peer, "sd/init", client.as_bytes()).is_err());
}

#[test]
fn announcements_in_another_form_on_our_own_topics_name_the_profile_that_fits() {
    let (sd, elect_chain) = (Program::built_in("sd"), Program::built_in("elect-chain"));
    let advice = |said: Option<(String, String, bool)>| {
        let (_, advice, among_us) = said.expect("it is recognised");
        assert!(among_us);
        advice
    };
    for (dialect, topic, payload, expected) in [
        (&elect_chain, "init", r#"{"ClientID": 7}"#, "use --profile sheet --prefix \"\""),
        (&sd, "sd/init", r#"{"clientId": 7}"#, "use --profile copy-b --prefix \"sd/\""),
        (
            &sd,
            "sd/init",
            r#"{"id": 7}"#,
            "use --dialect elect-chain --variant published --prefix \"sd/\"",
        ),
        (&sd, "sd/init", r#"{"ClientID": 7}"#, "use --profile sheet"),
        (&sd, "sd/init", r#"{"cid": "seven"}"#, "althing profile detect finds out how they speak"),
    ] {
        assert_eq!(advice(overheard(dialect, topic, payload)), expected, "{payload}");
    }
}

#[test]
fn garbage_is_nobody() {
    let peer = elect_chain();
    for payload in ["", "hello", "[]", "{}", r#"{"id": null}"#, r#"{"ClientID": 7}"#] {
        assert_eq!(decode(&peer, "init", payload.as_bytes()), Ok(Content::Nothing), "{payload}");
    }
    assert!(decode(&peer, "althing/init", b"{}").is_err());
}

#[test]
fn no_published_program_hears_the_default_variant() {
    let ours: [Box<dyn RoundsDialect>; 3] = [
        Box::new(elect_chain()),
        Box::new(Sd::new(sd::Config::default())),
        Box::new(Ppd::new(ppd::Config::default())),
    ];
    let programs: Vec<String> =
        programs().flat_map(|it| Program::built_in(&it.name).topics()).collect();
    for topic in ours.map(|dialect| dialect.topics()).concat() {
        assert!(topic.contains("althing/") && !programs.contains(&topic), "{topic}");
    }
}

#[test]
fn nothing_of_ours_is_ever_published_where_another_network_listens() {
    let published = Program::built_in("elect-chain");
    let ours: [&dyn RoundsDialect; 2] = [&elect_chain(), &published];
    for (topics, heard) in ours.map(|it| (it.topics(), it.overheard().concat())) {
        // Nine of the default variants, and those of the programs that have others.
        assert!((20..40).contains(&heard.len()), "{heard:?}");
        assert!(heard.iter().all(|topic| !topics.contains(topic)), "{heard:?}");
        let distinct: std::collections::BTreeSet<_> = heard.iter().collect();
        assert_eq!(distinct.len(), heard.len());
    }
}
