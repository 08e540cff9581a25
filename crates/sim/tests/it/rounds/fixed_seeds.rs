//! The random schedules that every change has to pass. `SEED=N` runs that seed alone.

use althing_sim::random::{self, FIXED_SEEDS};
use althing_sim::rounds::Scenario;

/// Runs every `of`-th of the fixed seeds, beginning with the `part`-th.
fn run(part: usize, of: usize) {
    let seeds: Vec<u64> = match std::env::var("SEED") {
        Ok(seed) if part == 0 => vec![seed.parse().expect("SEED is a number")],
        Ok(_) => return,
        Err(_) => FIXED_SEEDS.skip(part).step_by(of).collect(),
    };
    for seed in seeds {
        if let Err(failure) = random::run::<Scenario>(seed) {
            panic!("{failure}");
        }
    }
}

#[test]
fn the_fixed_seeds_keep_one_table_and_go_on_first_quarter() {
    run(0, 4);
}

#[test]
fn the_fixed_seeds_keep_one_table_and_go_on_second_quarter() {
    run(1, 4);
}

#[test]
fn the_fixed_seeds_keep_one_table_and_go_on_third_quarter() {
    run(2, 4);
}

#[test]
fn the_fixed_seeds_keep_one_table_and_go_on_last_quarter() {
    run(3, 4);
}
