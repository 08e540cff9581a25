//! A third of the members, or nearly, may do anything: the others agree, and go on.

use std::time::Duration;

use althing_engine::simplex::Event;
use althing_ledger::charter::MemberIndex;
use althing_sim::Planned;
use althing_sim::assembly::{Role, Scenario, Simulation};

const SOON: Duration = Duration::from_secs(300);

fn run(seed: u64, members: usize, role: Role) -> Simulation {
    let mut scenario = Scenario::seed(seed).peers(members).history(1 << 14);
    let liars = members - scenario.charter().faulty_max()..members;
    for liar in liars.clone() {
        scenario = scenario.byzantine(liar, role);
    }
    let mut net = scenario.start();
    let result = net.run_until_height(SOON, 30);
    result.unwrap_or_else(|stuck| panic!("{role}: {stuck}"));
    for liar in liars {
        assert!(!net.disk(liar).recovered().state.silenced, "{role}: it has stopped lying");
    }
    net
}

#[test]
fn one_of_four_in_any_role_costs_time_and_no_agreement() {
    for (seed, role) in (0..).zip(Role::ALL) {
        run(seed, 4, role);
    }
}

#[test]
fn three_of_ten_in_any_role_cost_time_and_no_agreement() {
    for (seed, role) in (100..).zip(Role::ALL) {
        run(seed, 10, role);
    }
}

#[test]
fn who_contradicts_itself_is_known_to_all_and_nobody_else_is() {
    for role in [Role::ProposesTwice, Role::VotesTwice, Role::VotesForAll] {
        let mut net = run(7, 4, role);
        // Some of its statements have to reach those that have heard the contrary.
        let has_evidence =
            |net: &Simulation, peer: usize| !net.disk(peer).recovered().state.evidence.is_empty();
        net.run_until(SOON, "all have evidence", |net| (0..3).all(|it| has_evidence(net, it)))
            .unwrap_or_else(|stuck| panic!("{role}: {stuck}"));
        for peer in 0..3 {
            let evidence = &net.disk(peer).recovered().state.evidence;
            let accused: Vec<MemberIndex> = evidence.iter().map(|it| it.member).collect();
            assert_eq!(accused, [MemberIndex(3)], "{role}");
        }
        let shown = |event: &Event| matches!(event, Event::Equivocated(_));
        assert!(net.events().any(|(_, _, event)| shown(event)), "{role}");
    }
}
