//! `sd`, with a peer that comes late.

use std::num::NonZeroU16;
use std::time::Duration;

use althing_dialect::RoundsDialect;
use althing_dialect::sd::{Config, Sd};
use althing_engine::rounds::{Authenticator, CertifiedRecord, Event};
use althing_pow::Puzzle;
use althing_types::Transaction;

use crate::network::{Lockstep, bits};

const ROWS: u64 = 8;
const PEERS: u16 = 3;

fn sd() -> Sd {
    Sd::new(Config {
        peers: NonZeroU16::new(PEERS).expect("three is not zero"),
        challenges: bits(1)..=bits(6),
        rounds: Some(Transaction::new(ROWS)),
        // So that there are rows left when one comes late: the others leave after the last.
        pause: Duration::from_secs(1),
        ..Config::default()
    })
}

fn authenticator(peer: u8) -> Box<dyn Authenticator> {
    sd().authenticator(&[peer; 32]).expect("32 bytes are a secret")
}

#[test]
fn three_peers_decide_all_rows_and_one_that_comes_late_catches_up() {
    let mut net = Lockstep::over(sd(), (0..3).map(authenticator));
    net.run(Duration::from_millis(4500));
    assert!(net.rows(0).len() >= 4);
    net.join(authenticator(3));
    assert_eq!(net.rows(3), []);
    net.run(Duration::from_secs(30));

    net.assert_one_table(usize::try_from(ROWS).expect("few rows"));
    for peer in 0..4 {
        let signed = |row: &CertifiedRecord| {
            row.votes.len() >= 2 && row.votes.iter().all(|(_, signature)| signature.is_some())
        };
        assert!(net.rows(peer).iter().all(signed), "a majority has signed each row");
    }
    for CertifiedRecord { record, .. } in net.rows(0) {
        assert!(
            Puzzle::SHA1_DECIMAL.check(&record.seed, record.transaction, record.difficulty).is_ok()
        );
    }
    let refused = |(_, event): &&(usize, Event)| matches!(event, Event::MessageRefused { .. });
    assert_eq!(net.events.iter().find(refused), None);
    assert_eq!(net.topics["sd/althing/result"] as u64, ROWS, "the leader judges each row once");
    for name in ["init", "voting", "challenge", "solution", "ack", "sync"] {
        let topic = format!("sd/althing/{name}");
        assert!(net.topics.contains_key(&topic), "nothing was said on {topic}");
    }
}
