use althing_sim::chain::{Plan, Simulation};

use crate::common::{aviary, cs60, minutes};

fn fingerprint(mut net: Simulation) -> u64 {
    net.lose(10);
    net.run_for(minutes(3)).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(net.delivered() > 100);
    net.fingerprint()
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_another() {
    for network in [aviary, cs60] {
        let run = |seed| fingerprint(network(Plan::new(seed, 10)));
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }
}
