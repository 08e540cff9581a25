//! Which ids and numbers there are: their types, and the range that they are drawn from.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fields::Room;
use super::ids::kind_of_one;
use crate::profile::{IdKind, MessageKind, Role};

/// Where ranges of ids and numbers end in the programs that are known.
const ENDS: [u64; 9] =
    [29, 255, 65_000, 65_335, 65_535, 65_536, 100_000_000, 2_147_483_647, 4_294_967_295];

/// Says which ids, votes and numbers there are.
///
/// The first row is not known if that of all challenges, those of a peer of ours among them, is
/// another than in `room`. Which challenges leaders draw is not known from ours alone.
pub(super) fn tell(
    room: &Room,
    with_ours: &Room,
    only_ours: &BTreeSet<MessageKind>,
    say: &mut impl FnMut(&str, Value),
    unknown: &mut Vec<String>,
) {
    let ids = room.values(Role::Id);
    let kind = kind_of(&ids);
    let ids = of_kind(kind, &ids);
    let members = room.ids();
    if let Some(kind) = kind {
        say("id.kind", json!(kind));
        say_range("id", kind, &ids, say, unknown);
    }
    let votes: Vec<&Value> =
        room.said(MessageKind::Vote).iter().filter_map(|said| said.get(&Role::Vote)).collect();
    if let Some(form) = kind_of(&votes) {
        let votes = of_kind(Some(form), &votes);
        let are_ids = votes.iter().all(|vote| members.contains(&vote.to_string()));
        // A single vote may be an id by chance only where there are few numbers.
        match are_ids && members.len() > 1 {
            true => say("vote.kind", json!("member")),
            false if kind == Some(IdKind::TimeNs) || kind == Some(form) || form == IdKind::Int => {
                say("vote.kind", json!("draw"));
                say("vote.type", json!(form));
                say_range("vote", form, &votes, say, unknown);
            }
            false => say("vote.type", json!(form)),
        }
    }
    let first_row = |room: &Room| {
        let asked = room.said(MessageKind::Challenge).iter();
        numbers(&asked.filter_map(|said| said.get(&Role::Tx)).collect::<Vec<_>>()).into_iter().min()
    };
    match first_row(room) {
        first @ Some(0..=1) if first == first_row(with_ours) => {
            say("leader.first_tx", json!(first));
        }
        _ => unknown.push("the number of the first row".into()),
    }
    let asked = numbers(&room.values(Role::Challenge));
    match (asked.iter().min(), asked.iter().max()) {
        (Some(lo), Some(hi)) if !only_ours.contains(&MessageKind::Challenge) => {
            say("leader.d", json!([lo, hi]));
            unknown.push(format!("challenges beyond those that were heard, {lo} to {hi}"));
        }
        _ => unknown.push("which challenges the leader draws".into()),
    }
    if let Some(yes) = room.values(Role::Yes).first() {
        say("judge.yes", json!(if yes.is_boolean() { "bool" } else { "int" }));
    }
    if let Some(solution) = room.values(Role::Solution).first() {
        say("puzzle.type", json!(if solution.is_number() { "int" } else { "text" }));
    }
}

/// Returns how these ids are written, if nearly all are written alike.
fn kind_of(values: &[&Value]) -> Option<IdKind> {
    let mut counts: Vec<(IdKind, usize)> = Vec::new();
    for kind in values.iter().filter_map(|value| kind_of_one(value)) {
        match counts.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((kind, 1)),
        }
    }
    let (kind, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    // A stranger's message or two may be among them.
    (count * 10 >= values.len() * 8).then_some(kind)
}

/// Returns those of the values that are written as ids of this kind.
fn of_kind<'a>(kind: Option<IdKind>, values: &[&'a Value]) -> Vec<&'a Value> {
    values.iter().copied().filter(|value| kind_of_one(value) == kind).collect()
}

fn say_range(
    section: &str,
    kind: IdKind,
    values: &[&Value],
    say: &mut impl FnMut(&str, Value),
    unknown: &mut Vec<String>,
) {
    if !kind.is_number() {
        return;
    }
    let numbers = numbers(values);
    let Some(largest) = numbers.iter().max() else { return };
    let end = ENDS.iter().find(|end| *end >= largest).copied().unwrap_or(*largest);
    say(&format!("{section}.lo"), json!(u64::from(!numbers.contains(&0) && end == 65_000)));
    say(&format!("{section}.hi"), json!(end));
    unknown.push(format!("the range of {section}: the largest number that was heard is {largest}"));
}

fn numbers(values: &[&Value]) -> Vec<u64> {
    let number = |value: &&Value| match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        },
        _ => None,
    };
    values.iter().filter_map(number).collect()
}
