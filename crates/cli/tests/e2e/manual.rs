//! `--manual`: a leader asks for solutions only when its operator says so.

use althing_testkit::eventually_blocking;

use crate::harness::{Althing, Network, mosquitto};

#[test]
fn an_operator_at_a_pipe_has_three_challenges_issued() {
    let broker = mosquitto();
    let network = Network::of(3, broker.url()).with("--dialect", "sd").with_flag("--manual");
    let mut peers = network.peers(3);
    let (leader, _) = peers[0].follows();
    let leading = peers.iter().position(|peer| peer.called() == leader).expect("one leads");
    // What is typed before it knows that it leads is that of a follower.
    let _ = peers[leading].follows();
    let other = (leading + 1) % peers.len();
    for (row, bits) in [4, 5, 6].into_iter().enumerate() {
        // It does not lead, so nothing may come of it.
        peers[other].types("1 9");
        peers[leading].types(&format!("1 {bits}"));
        for peer in &peers {
            peer.reaches(row as u64 + 1);
            let challenges = peer.all("challenge_issued");
            assert_eq!(challenges.len(), row + 1, "{challenges:?}");
            assert_eq!(challenges[row]["challenge"], bits);
        }
    }
    for peer in &mut peers {
        peer.types("3");
        peer.ends_well();
    }
    network.assert_identical_tables(&peers, 3);
}

/// Waits until a process has told a person something, and returns that.
fn told(peer: &Althing, what: &str) -> String {
    peer.wait_until(what, |lines| {
        let mut texts = lines.iter().filter_map(|line| line.said.as_str());
        texts.find(|text| text.contains(what)).map(str::to_owned)
    })
}

#[test]
fn the_console_tells_who_leads_and_what_can_be_done() {
    let broker = mosquitto();
    let url = broker.url();
    let options = ["--manual", "--peers", "3", "--threads", "1", "--challenge", "1..6"];
    let mut peers: Vec<Althing> = ["peer-1", "peer-2", "peer-3"]
        .iter()
        .map(|name| {
            let arguments = ["peer", "--dialect", "sd", "--broker", &url];
            Althing::start(name, arguments.iter().chain(&options))
        })
        .collect();
    for peer in &peers {
        told(peer, "3         leave");
    }
    let leading = eventually_blocking("a leader", || {
        let leads =
            |peer: &Althing| peer.lines().iter().any(|line| line.said_contains("you lead: "));
        peers.iter().position(leads)
    });
    let other = (leading + 1) % peers.len();
    told(&peers[other], " leads in term ");
    peers[other].types("1");
    told(&peers[other], " leads, and only the leader asks for solutions");

    peers[leading].types("sing");
    told(&peers[leading], "\"sing\" is none of 1, 2, 3 and ?");
    peers[leading].types("1");
    told(&peers[leading], "transaction 0: ");
    for peer in &peers {
        told(peer, " wins with ");
    }
    peers[other].types("2");
    told(&peers[other], "transaction  challenge");
    for peer in &mut peers {
        peer.types_no_more();
        peer.ends_well();
        assert!(peer.lines().last().expect("it ends").said_contains("the table has 1 row"));
    }
}
