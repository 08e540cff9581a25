//! How things stand with a running peer.

use std::io::{self, Write};
use std::path::PathBuf;

use althing_control::{self as control, Request};
use althing_text::counted;
use althing_text::terminal::{escaped, escaped_json};
use clap::Args;
use serde_json::Value;

/// Show the state of a running peer, and its next timers.
///
/// This works for every peer that was started with --data, whatever its network.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing status --data ./peer-1\n  \
    althing status --data ./peer-1 --json | jq .leader")]
pub(crate) struct Arguments {
    /// The peer's directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// Write JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    super::end_on_signals()?;
    let status = control::ask_running(&arguments.data, &Request::Status)?;
    let mut out = io::stdout().lock();
    if arguments.json {
        return Ok(writeln!(out, "{}", escaped_json(&status.to_string()))?);
    }
    let out = &mut out;
    let mut line = |name: &str, text: String| writeln!(out, "{name:<10} {text}");
    line("network", shown(&status["network"]))?;
    line("peer", shown(&status["peer"]))?;
    if status.get("rows").is_some() {
        line("table", number(&status["rows"], "row"))?;
        line("leader", format!("{}, in term {}", shown(&status["leader"]), status["term"]))?;
        line("members", shown(&status["members"]))?;
        line("silent", shown(&status["silent"]))?;
        let bits = |challenge: &Value| format!("{challenge} bits");
        line("challenge", some(&status["challenge"]).map_or_else(|| shown(&Value::Null), bits))?;
        let waiting = some(&status["waiting"]).map_or_else(|| "for nothing".to_owned(), shown);
        line("waiting", waiting.trim_start_matches("waiting ").to_owned())?;
    } else {
        let blocks = number(&status["blocks"], "block");
        let last = some(&status["tip"]).map(|tip| format!(", the last is {}", shown(tip)));
        line("chain", blocks + &last.unwrap_or_default())?;
        line("peers", shown(&status["peers"]))?;
        line("mempool", number(&status["mempool"], "entry"))?;
        let block = |height: &Value| format!("block {height}");
        line("mining", some(&status["searching"]).map_or_else(|| "nothing".to_owned(), block))?;
    }
    let (received, refused) = (&status["received"], &status["refused"]);
    line("messages", format!("{received} received, {refused} of them refused"))?;
    line("hashes", shown(&status["hashes"]))?;
    writeln!(out, "due")?;
    for due in status["due"].as_array().into_iter().flatten() {
        let seconds = due["in_ms"].as_f64().unwrap_or_default() / 1e3;
        let more = match due["times"].as_u64() {
            None | Some(0 | 1) => String::new(),
            Some(times) => format!(" (and {} later)", times - 1),
        };
        writeln!(out, "{seconds:>8.3}s  {}{more}", shown(&due["what"]))?;
    }
    Ok(())
}

/// Returns how many of something there are.
fn number(value: &Value, noun: &str) -> String {
    counted(value.as_u64().unwrap_or_default(), noun)
}

fn some(value: &Value) -> Option<&Value> {
    (!value.is_null()).then_some(value)
}

/// Returns a value for people.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => escaped(text).into_owned(),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(", "),
        value => value.to_string(),
    }
}
