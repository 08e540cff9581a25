//! How a fault is told. Peers are counted from one, as on every screen.

use althing_feed::PeerName;

use super::action::{Action, Worse, percent, whole_groups};

/// Returns what goes wrong from now on, among peers that are called so.
pub(super) fn set(action: &Action, names: &[PeerName]) -> String {
    let number = |peer: &PeerName| number(peer, names);
    match action {
        Action::Partition(groups) => partition(groups, names),
        Action::Cut { from, to } => {
            format!("peer {} no longer hears peer {}", number(to), number(from))
        }
        Action::Worsen { from, to, how } => {
            let between = between(from.as_ref(), to.as_ref(), names);
            match how {
                Worse::Delay(delay) => {
                    format!("{between} takes {} ms longer", delay.as_millis())
                }
                Worse::Lose(share) => format!("{} % of {between} is lost", whole(*share)),
                Worse::Duplicate(share) => format!("{} % of {between} comes twice", whole(*share)),
                Worse::Corrupt(share) => format!("{} % of {between} comes damaged", whole(*share)),
            }
        }
        Action::Byzantine { peer, strategy } => {
            format!("peer {} breaks the rules: {}", number(peer), strategy.replace('-', " "))
        }
        other => other.name().to_owned(),
    }
}

/// Returns what is right again when a fault is over.
pub(super) fn ended(action: &Action, names: &[PeerName]) -> String {
    match action {
        Action::Partition(_) => "all groups hear each other again".to_owned(),
        Action::Cut { from, to } => {
            format!("peer {} hears peer {} again", number(to, names), number(from, names))
        }
        Action::Worsen { from, to, .. } => {
            format!("{} arrives as usual", between(from.as_ref(), to.as_ref(), names))
        }
        Action::Byzantine { peer, .. } => format!("peer {} is honest again", number(peer, names)),
        other => other.name().to_owned(),
    }
}

fn partition(groups: &[Vec<PeerName>], names: &[PeerName]) -> String {
    let numbers = |group: &Vec<PeerName>| {
        group.iter().filter_map(|peer| names.iter().position(|name| name == peer)).collect()
    };
    let groups = whole_groups(groups.iter().map(numbers).collect(), names.len());
    let mut groups: Vec<String> =
        groups.unwrap_or_default().iter().map(|group| listed(group)).collect();
    match groups.len() {
        2 => format!("{} cannot reach the others", groups.swap_remove(0)),
        _ => format!("only these reach each other: {}", groups.join("; ")),
    }
}

fn listed(group: &[usize]) -> String {
    let numbers: Vec<String> = group.iter().map(|number| (number + 1).to_string()).collect();
    let noun = if group.len() == 1 { "peer" } else { "peers" };
    format!("{noun} {}", numbers.join(", "))
}

fn between(from: Option<&PeerName>, to: Option<&PeerName>, names: &[PeerName]) -> String {
    let number = |peer| number(peer, names);
    match (from, to) {
        (None, None) => "what peers send".to_owned(),
        (Some(from), None) => format!("what peer {} sends", number(from)),
        (None, Some(to)) => format!("what is sent to peer {}", number(to)),
        (Some(from), Some(to)) => {
            format!("what peer {} sends to peer {}", number(from), number(to))
        }
    }
}

fn number(peer: &PeerName, names: &[PeerName]) -> String {
    let place = names.iter().position(|name| name == peer);
    place.map_or_else(|| peer.to_string(), |place| (place + 1).to_string())
}

fn whole(share: f64) -> u8 {
    percent(share).unwrap_or_default()
}
