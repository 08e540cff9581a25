//! The random schedules that every change has to pass. `SEED=N` runs that seed alone.

use althing_sim::assembly::Scenario;
use althing_sim::random;

/// Fewer than those of networks with rounds, since each takes longer.
const SEEDS: u64 = 200;

/// Runs every `of`-th of the fixed seeds, beginning with the `part`-th.
fn run(part: usize, of: usize) {
    let seeds: Vec<u64> = match std::env::var("SEED") {
        Ok(seed) if part == 0 => vec![seed.parse().expect("SEED is a number")],
        Ok(_) => return,
        Err(_) => (0..SEEDS).skip(part).step_by(of).collect(),
    };
    for seed in seeds {
        if let Err(failure) = random::run::<Scenario>(seed) {
            panic!("{failure}");
        }
    }
}

#[test]
fn the_fixed_seeds_agree_and_go_on_first_half() {
    run(0, 2);
}

#[test]
fn the_fixed_seeds_agree_and_go_on_second_half() {
    run(1, 2);
}
