//! How a fault is told. Peers are called by their numbers from zero on, and counted from one, as on
//! every screen.

use althing_faults::Conditions;

use super::action::Worse;

/// Returns the sentence of a partition into these groups, which all peers are in.
pub(super) fn partition(groups: &[Vec<usize>]) -> String {
    let mut groups: Vec<String> = groups.iter().map(|group| listed(group)).collect();
    match groups.len() {
        2 => format!("{} cannot reach the others", groups.swap_remove(0)),
        _ => format!("only these reach each other: {}", groups.join("; ")),
    }
}

pub(super) fn cut(from: usize, to: usize) -> String {
    format!("peer {} no longer hears peer {}", to + 1, from + 1)
}

/// Returns in what the messages between two peers are worse, under these conditions.
pub(super) fn worse(
    from: Option<usize>,
    to: Option<usize>,
    how: Worse,
    conditions: &Conditions,
) -> String {
    let between = match (from, to) {
        (None, None) => "what peers send".to_owned(),
        (Some(from), None) => format!("what peer {} sends", from + 1),
        (None, Some(to)) => format!("what is sent to peer {}", to + 1),
        (Some(from), Some(to)) => format!("what peer {} sends to peer {}", from + 1, to + 1),
    };
    match how {
        Worse::Delay(delay) => format!("{between} takes {} ms longer", delay.as_millis()),
        Worse::Lose(_) => format!("{} % of {between} is lost", conditions.loss_percent),
        Worse::Duplicate(_) => {
            format!("{} % of {between} comes twice", conditions.duplication_percent)
        }
        Worse::Corrupt(_) => {
            format!("{} % of {between} comes damaged", conditions.corruption_percent)
        }
    }
}

/// Returns how a peer breaks the rules, of which a strategy says `what` it does.
pub(super) fn byzantine(peer: usize, what: &str) -> String {
    format!("peer {} breaks the rules: {what}", peer + 1)
}

fn listed(group: &[usize]) -> String {
    let numbers: Vec<String> = group.iter().map(|number| (number + 1).to_string()).collect();
    let noun = if group.len() == 1 { "peer" } else { "peers" };
    format!("{noun} {}", numbers.join(", "))
}
