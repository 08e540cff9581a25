//! One member that is not honest: what it cannot do, and what it can.
//!
//! The table in the documentation of [`althing_sim::byzantine`] says what each role may come to;
//! these tests hold it to that.

use std::time::Duration;

use althing_sim::rounds::{Fault, Network, Reason, Role, Scenario, Simulation, Stuck, Violation};
use althing_sim::{Conditions, Latency, Planned, Who};

use super::SOON;

/// Long enough for members that are drawn as leaders and then do nothing.
const LATE: Duration = Duration::from_secs(600);

/// A network of members who sign, with a loss here and there.
fn signed(seed: u64, peers: u16) -> Scenario {
    let conditions = Conditions {
        latency: Latency::Uniform(Duration::from_micros(200)..=Duration::from_millis(5)),
        loss_percent: 2,
        ..Conditions::good()
    };
    let pause = Duration::from_millis(100);
    Scenario::seed(seed).peers(peers).signed().pause(pause).conditions(conditions)
}

/// Has each member be dishonest in turn, from before the first election on, with a change of
/// leader in between; and demands rows.
fn holds(network: Network, role: Role, peers: u16) {
    for dishonest in 0..usize::from(peers) {
        let seed = 100 * u64::from(peers) + dishonest as u64;
        let mut net = signed(seed, peers)
            .network(network)
            .byzantine(dishonest, role)
            .at(Duration::from_secs(2), Fault::Crash(Who::Leader))
            .at(Duration::from_secs(6), Fault::Heal)
            .start();
        let outcome = net
            .run_for(Duration::from_secs(8))
            .and_then(|()| net.run_until_recorded(LATE, net.longest() + 3))
            .and_then(|()| net.run_until_level(LATE));
        outcome.unwrap_or_else(|stuck| {
            panic!("peer {dishonest} of {peers} in {network:?} {role}: {stuck}")
        });
        net.assert_one_table();
    }
}

macro_rules! members_that_do_not_matter {
    ($($test:ident: $role:ident,)*) => {$(
        #[test]
        fn $test() {
            holds(Network::ElectChain, Role::$role, 4);
            holds(Network::ElectChain, Role::$role, 7);
            holds(Network::Sd, Role::$role, 4);
            holds(Network::Ppd, Role::$role, 4);
        }
    )*};
}

members_that_do_not_matter! {
    a_member_that_votes_twice_is_counted_once: VotesTwice,
    a_member_cannot_vote_for_others: VotesForOthers,
    a_member_that_claims_leadership_leads_and_cannot_decide_alone: ClaimsLeadership,
    challenges_of_another_than_the_leader_are_not_mined: IssuesChallenges,
    a_leader_that_asks_too_much_is_replaced: AsksTooMuch,
    invalid_solutions_are_not_voted_on: InvalidSolutions,
    the_rest_decide_without_a_member_that_withholds_its_votes: WithholdsVotes,
    the_rest_decide_without_a_member_that_is_silent: Silent,
    old_messages_change_nothing: Replays,
    a_flood_of_nonsense_stops_nobody: Floods,
    a_member_that_lies_about_its_height_holds_nobody_up: LiesAboutHeight,
    rows_that_were_never_decided_are_not_taken_over: ForgesRows,
    an_acceptance_of_what_is_no_solution_is_not_proposed: AcceptsNonsense,
}

#[test]
fn among_an_even_number_a_member_that_hides_what_it_accepted_cannot_undo_a_row() {
    holds(Network::ElectChain, Role::HidesAcceptance, 4);
    holds(Network::ElectChain, Role::HidesAcceptance, 8);
}

#[test]
fn a_follower_that_equivocates_cannot_make_two_tables() {
    for seed in 0..20 {
        let mut net = signed(seed, 5).start();
        net.run_until_recorded(SOON, 1).expect("nothing is in the way");
        let follower = net.up().find(|peer| Some(*peer) != net.leader()).expect("there are four");
        net.make_byzantine(follower, Role::Equivocates);
        net.run_until_recorded(SOON, 20).unwrap_or_else(|stuck| panic!("{stuck}"));
    }
}

fn is_two_tables(outcome: &Result<(), Stuck>) -> bool {
    let reason = outcome.as_ref().err().map(|stuck| &stuck.reason);
    matches!(reason, Some(Reason::Violation(Violation::TwoTables { .. })))
}

/// The limit of what is promised: this leader has each half of the others vote for another
/// solution, and with its own vote both halves are a majority.
#[test]
fn a_leader_that_equivocates_before_an_odd_number_makes_two_tables() {
    let mut net = Scenario::seed(1).peers(5).signed().start();
    net.run_until_recorded(SOON, 1).expect("nothing is in the way");
    let leader = net.leader().expect("there is one");
    net.make_byzantine(leader, Role::Equivocates);
    assert!(is_two_tables(&net.run_for(SOON)), "two of four and the leader are three of five");
}

/// Before an even number the same leader reaches one majority at most; it can still hold up the
/// rest, until they have the row by its certificate.
#[test]
fn a_leader_that_equivocates_before_an_even_number_makes_one_table_in_its_term() {
    for seed in 0..10 {
        let mut net = Scenario::seed(seed).peers(6).signed().start();
        net.run_until_recorded(SOON, 1).expect("nothing is in the way");
        let leader = net.leader().expect("there is one");
        net.make_byzantine(leader, Role::Equivocates);
        let outcome = net.run_for(Duration::from_secs(1));
        outcome.unwrap_or_else(|stuck| panic!("{stuck}"));
    }
}

/// The limit of what is promised: with a change of leader an even number is not safe either. To the
/// next leader what three have accepted and what two have accepted look alike.
#[test]
fn a_leader_that_equivocates_and_dies_before_an_even_number_makes_two_tables() {
    let is_broken = |seed| {
        let mut net = Scenario::seed(seed).peers(6).signed().start();
        net.run_until_recorded(SOON, 1).expect("nothing is in the way");
        let leader = net.leader().expect("there is one");
        net.make_byzantine(leader, Role::Equivocates);
        // Two hear of one solution, three of the other, and only the last of these hears votes.
        let followers: Vec<usize> = net.up().filter(|peer| *peer != leader).collect();
        let knows = followers[4];
        hear_no_votes(&mut net, &followers, knows);
        let rows = net.rows(knows).len();
        net.run_until(SOON, "row", |net| net.rows(knows).len() > rows).expect("it hears all");
        net.crash(knows);
        net.crash(leader);
        net.mend();
        is_two_tables(&net.run_for(SOON))
    };
    assert!((0..10).any(is_broken), "every other time one of the two leads");
}

/// Keeps what followers say from all but the one that knows.
fn hear_no_votes(net: &mut Simulation, followers: &[usize], knows: usize) {
    let peers = followers.len() + 1;
    for from in followers {
        for to in (0..peers).filter(|to| to != from && *to != knows) {
            net.cut(*from, to);
        }
    }
}

/// Has a row be decided of which only one peer knows, when that one and the leader die. Of the
/// others, `deaf` have heard nothing of it, and the last one is not honest.
fn a_row_that_is_nearly_forgotten(seed: u64, peers: u16, deaf: usize, role: Role) -> Simulation {
    let mut net = Scenario::seed(seed).peers(peers).signed().start();
    net.run_until_recorded(SOON, 1).expect("nothing is in the way");
    let leader = net.leader().expect("there is one");
    let followers: Vec<usize> = net.up().filter(|peer| *peer != leader).collect();
    let (knows, dishonest) = (followers[0], followers[followers.len() - 1]);
    net.make_byzantine(dishonest, role);
    for peer in &followers[1..=deaf] {
        net.cut(leader, *peer);
    }
    hear_no_votes(&mut net, &followers, knows);
    let rows = net.rows(knows).len();
    net.run_until(SOON, "row", |net| net.rows(knows).len() > rows).expect("it hears all votes");
    net.crash(knows);
    net.crash(leader);
    net.mend();
    net
}

/// The limit of what is promised: of the four others one has accepted the row, two have heard
/// nothing, and one tells the next leader that it has accepted something else, and later.
#[test]
fn a_member_that_invents_what_it_accepted_makes_two_tables() {
    let mut net = a_row_that_is_nearly_forgotten(3, 6, 2, Role::InventsAcceptance);
    assert!(is_two_tables(&net.run_for(SOON)), "the next leader believes the dishonest");
}

/// The limit of what is promised: of the three others only one has accepted the row, and does not
/// tell the next leader, unless that is itself.
#[test]
fn among_an_odd_number_a_member_that_hides_what_it_accepted_makes_two_tables() {
    let is_broken = |seed| {
        let mut net = a_row_that_is_nearly_forgotten(seed, 5, 2, Role::HidesAcceptance);
        is_two_tables(&net.run_for(SOON))
    };
    assert!((0..5).any(is_broken), "two of three times another one leads");
}

/// Without signatures any client can send the votes of all members.
#[test]
fn without_signatures_a_member_can_have_rows_recorded_that_nobody_decided() {
    let mut net = Scenario::seed(4).peers(5).byzantine(2, Role::ForgesRows).start();
    let outcome = net.run_for(SOON);
    let reason = outcome.expect_err("the others believe it").reason;
    assert!(matches!(reason, Reason::Violation(Violation::InventedVote { .. })), "{reason}");
}
