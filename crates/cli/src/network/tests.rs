//! The options of a network, as a command is given them.

use althing_engine::Recipient;
use althing_engine::rounds::{Message, Signed};
use althing_types::PeerId;

use super::*;

/// Parses options as a command does.
fn network(options: &[&str]) -> Network {
    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        network: Network,
    }
    let command = ["althing"].iter().chain(options);
    <Command as clap::Parser>::try_parse_from(command).expect("right options").network
}

fn dialect(options: &[&str]) -> anyhow::Result<Box<dyn RoundsDialect>> {
    network(options).dialect(None, None)
}

fn complaint(options: &[&str], issuing: Option<Issuing>) -> String {
    match network(options).dialect(None, issuing) {
        Ok(_) => panic!("{options:?} make no sense"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn each_dialect_has_its_own_topics_challenges_and_broker() {
    for (name, prefix, challenges, broker) in [
        ("elect-chain", "", 8..=20, "mqtt://127.0.0.1:1883"),
        ("sd", "sd/", 10..=20, "mqtt://127.0.0.1:1883"),
        ("ppd", "ppd/", 20..=20, "amqp://localhost:5672"),
    ] {
        let network = network(&["--dialect", name]);
        assert_eq!(
            (network.name(), network.usual_broker().to_string()),
            (name.into(), broker.into())
        );
        let dialect = dialect(&["--dialect", name]).expect("nothing is asked for");
        let init = dialect.topics().into_iter().find(|topic| topic.ends_with("init"));
        assert_eq!(init, Some(format!("{prefix}althing/init")));
        let bits = |bits| Difficulty::from_bits(bits).expect("in range");
        let (from, to) = challenges.into_inner();
        assert_eq!(dialect.rules().challenges, bits(from)..=bits(to), "{name}");
    }
}

#[test]
fn each_dialect_takes_what_is_said_instead() {
    for name in ["elect-chain", "sd", "ppd"] {
        let options = [
            ["--dialect", name, "--room", "class7", "--prefix", "x/", "--challenge", "4"],
            ["--peers", "3", "--rounds", "5", "--pause", "1s", "--leader-timeout", "7s"],
        ];
        let dialect = dialect(&options.concat()).expect("all dialects have these");
        assert!(dialect.topics().iter().all(|topic| topic.starts_with("class7/x/")), "{name}");
        let rules = dialect.rules();
        assert_eq!(rules.challenges.start().bits(), 4);
        assert_eq!(rules.challenges.end().bits(), 4);
        assert_eq!((rules.peers.get(), rules.rounds), (3, Some(Transaction::new(5))));
        assert_eq!(rules.pause, Duration::from_secs(1));
        assert_eq!(rules.timeouts.leader, Duration::from_secs(7));
    }
}

#[test]
fn a_leader_among_published_programs_keeps_their_pace_unless_told_otherwise() {
    for (name, millis) in [("elect-chain", 150), ("sd", 1000), ("ppd", 2000)] {
        let published = ["--dialect", name, "--variant", "published"];
        let usual = dialect(&published).expect("it has these");
        assert_eq!(usual.rules().pause, Duration::from_millis(millis), "{name}");
        let told = [&published[..], &["--pause", "0s"]].concat();
        let told = dialect(&told).expect("it has these");
        assert_eq!(told.rules().pause, Duration::ZERO);
        let ours = dialect(&["--dialect", name]).expect("it has these");
        assert_eq!(ours.rules().pause, Duration::ZERO);
    }
}

#[test]
fn a_profile_is_a_network_and_the_published_variant_is_short_for_one() {
    let copy = dialect(&["--profile", "copy-c", "--room", "class7"]).expect("it is built in");
    assert_eq!(copy.topics()[0], "class7/sd/PPD_lab3/init");
    assert_eq!((copy.rules().peers.get(), copy.rules().pause), (3, Duration::ZERO));
    let more = dialect(&["--profile", "copy-c", "--peers", "5"]).expect("it may have more");
    assert_eq!(more.rules().peers.get(), 5);
    let short = dialect(&["--dialect", "sd", "--variant", "published"]).expect("it is one");
    let long = dialect(&["--profile", "sd"]).expect("it is built in");
    assert_eq!(short.network(), long.network());
    let named = ["--profile", "sd", "--id-field", "who", "--election-topic", "draw"];
    let named = dialect(&named).expect("a profile has both");
    assert!(named.topics().contains(&"sd/draw".to_owned()));
    assert_ne!(named.network(), long.network());
    let alone = dialect(&["--profile", "copy-f"]).expect("it is built in");
    assert_eq!(alone.rules().issuing, Issuing::AtOnce);
    let manual = network(&["--profile", "copy-f"]).dialect(None, Some(Issuing::OnCommand));
    assert_eq!(manual.expect("it is built in").rules().issuing, Issuing::OnCommand);
    let chain = network(&["--profile", "aviary"]);
    assert_eq!(chain.chain_name(), Some(ChainName::Aviary));
    assert!(complaint(&["--profile", "aviary"], None).contains("a network with a chain"));
    let said = complaint(&["--profile", "sd", "--signatures", "none"], None);
    assert!(said.ends_with("leave --signatures out"), "{said}");
    let renamed = dialect(&["--profile", "sd", "--id-field", "who"]).expect("it has one");
    let (peer, key, members, start) = (PeerId::new(7), None, None, None);
    let message = Message::Announcement { peer, key, members, start };
    let wires = renamed.encode(&Recipient::All, &Signed { message, signature: None });
    let said = String::from_utf8_lossy(&wires[0].payload).into_owned();
    assert!(said.starts_with("{\"who\": "), "{said}");
}

#[test]
fn options_that_mean_nothing_among_programs_are_explained() {
    for option in ["--challenge-timeout", "--draw-timeout"] {
        let said = complaint(&["--profile", "sheet", option, "2s"], None);
        assert_eq!(said, format!("programs wait as their profile says; leave {option} out"));
        let ours = dialect(&["--dialect", "sd", option, "2s"]).expect("it has both");
        let Timeouts { draw, challenge, .. } = ours.rules().timeouts;
        let two = Duration::from_secs(2);
        assert_eq!(draw == two, option == "--draw-timeout");
        assert_eq!(challenge == two, option == "--challenge-timeout");
    }
    let said = complaint(&["--profile", "sheet", "--election-topic", "init"], None);
    assert!(said.contains("topics.vote: another message has the topic \"init\""), "{said}");
}

#[test]
fn options_that_a_dialect_does_not_have_are_explained() {
    let said = complaint(&["--dialect", "ppd", "--signatures", "none"], None);
    assert!(said.ends_with("leave --signatures out"), "{said}");
    let said = complaint(&["--dialect", "ppd", "--peers", "481"], None);
    assert!(said.starts_with("a network of ppd has at most 480 peers, not 481"), "{said}");

    let taken = ["--dialect", "sd", "--election-topic", "challenge"];
    let said = complaint(&taken, None);
    assert!(said.starts_with("the network has another topic of that name"), "{said}");

    let all = ["--dialect", "sd", "--election-topic", "draw", "--id-field", "id"];
    let sd = network(&all).dialect(None, Some(Issuing::OnCommand)).expect("sd has all");
    assert_eq!(sd.rules().issuing, Issuing::OnCommand);
}
