//! Leaders are killed (`kill -9`): another is elected, and the table goes on where it was.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::harness::{Line, Network, Peer, is, killed, mosquitto};

#[test]
fn whenever_the_leader_is_killed_another_leads_in_a_later_term_and_the_table_stays_one() {
    let broker = mosquitto();
    let network = Network::of(10, broker.url())
        .with("--challenge", "18")
        .with("--pause", "20ms")
        .with("--draw-timeout", "200ms")
        .with("--leader-timeout", "800ms")
        .with("--silence", "2s")
        .kill_first(|said| is(said, "leader_elected") && said["leader"] == said["peer"]);
    let mut peers = network.peers(10);
    let time = another_leads(&network, &mut peers).as_millis();
    eprintln!("killed at leader_elected: the next row came after {time} ms");
    for phase in ["challenge_issued", "solution_found", "vote_cast"] {
        kill_leader_at(&peers, phase);
        let time = another_leads(&network, &mut peers).as_millis();
        eprintln!("killed at {phase}: the next row came after {time} ms");
    }
    network.assert_one_table(&mut peers, 8);
}

/// Kills whoever leads when it next tells of an event of that kind.
fn kill_leader_at(peers: &[Peer], event: &'static str) {
    let is_over = Arc::<AtomicBool>::default();
    for peer in peers {
        let (id, is_over) = (peer.id(), Arc::clone(&is_over));
        let (mut leads, name) = (peer.leader().0 == id, id.to_string());
        peer.kill_when(move |said| {
            if is(said, "leader_elected") {
                leads = said["leader"] == name;
            }
            leads && is(said, event) && !is_over.swap(true, Ordering::SeqCst)
        });
    }
}

/// Sees the leader die and another one lead, starts the dead one again, and returns the time from
/// its death to the next row of the others.
fn another_leads(network: &Network, peers: &mut [Peer]) -> Duration {
    let (dead, killed_at) = killed(peers);
    let (name, term) = (peers[dead].id().to_string(), peers[dead].leader().1);
    let witness = usize::from(dead == 0);
    let time = peers[witness].wait_until("another leader and its first row", |lines| {
        let is_another = |line: &&Line| {
            let is_later = line.said["term"].as_u64() > Some(term);
            line.is("leader_elected") && is_later && line.said["leader"] != name
        };
        let mut lines = lines.iter().skip_while(|line| !is_another(line));
        lines.find(|line| line.is("round_decided")).map(|line| line.at - killed_at)
    });
    network.restart(&mut peers[dead]);
    let reached = peers[witness].reached();
    for peer in peers {
        peer.reaches(reached);
    }
    time
}
