//! How a demo of an assembly has ended, for people.

use std::io::{self, Write};

use althing_board::{AssemblyBoard, AssemblyMember, HistoryRow};
use althing_types::{Height, Moment};
use comfy_table::Table;

/// Blocks and failed views that are printed, the last ones.
const ROWS_PRINTED: usize = 40;

/// Prints the last blocks and views that have failed, and what has become of the members.
pub(super) fn print(board: &AssemblyBoard) -> anyhow::Result<()> {
    let mut blocks = Table::new();
    blocks.load_style(comfy_table::presets::NOTHING);
    blocks.set_header(["height", "view", "hash", "made by", "entries", "ms"]);
    for row in board.history.rows(ROWS_PRINTED) {
        match row {
            HistoryRow::Committed(block) => {
                let took = block.took.map_or("-".to_owned(), |took| took.as_millis().to_string());
                let (height, view) = (block.height.to_string(), block.view.to_string());
                let hash = block.hash.to_string().chars().take(16).collect();
                let maker = board.name(block.maker);
                blocks.add_row([height, view, hash, maker, block.entries.to_string(), took]);
            }
            HistoryRow::PassedOver(passed) => {
                let text = format!("no block of {}: {}", board.name(passed.leader), passed.why);
                blocks.add_row(["-".to_owned(), passed.view.to_string(), text]);
            }
        }
    }
    let mut members = Table::new();
    members.load_style(comfy_table::presets::NOTHING);
    members.set_header(["member", "height", "blocks made", "what happened to it"]);
    for member in board.members.iter() {
        let height = member.height.map_or(0, Height::number).to_string();
        let (name, made) = (board.name(member.id), member.made.to_string());
        members.add_row([name, height, made, fate(board, member)]);
    }
    let mut out = io::stdout().lock();
    for line in blocks.lines().chain([String::new()]).chain(members.lines()) {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Returns what has become of a member, in words.
fn fate(board: &AssemblyBoard, member: &AssemblyMember) -> String {
    let mut parts = Vec::new();
    let seconds = |at: Moment| format!("{:.1} s", at.since_start().as_secs_f64());
    if let Some(killed) = member.killed {
        parts.push(match member.restarted {
            Some(restarted) if !member.is_down => {
                format!("killed at {}, started again at {}", seconds(killed), seconds(restarted))
            }
            _ => format!("killed at {}, and dead at the end", seconds(killed)),
        });
    }
    if member.is_byzantine {
        parts.push("was made to lie".to_owned());
    }
    if let Some(lies) = board.contradictions.iter().find(|it| it.member == member.id) {
        let [first, second] = &lies.said;
        parts.push(format!("has signed both: {first}; {second}"));
    }
    match parts.is_empty() {
        true => "nothing".to_owned(),
        false => parts.join("; "),
    }
}
