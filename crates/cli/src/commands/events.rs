use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use crate::control::{self, Request};

/// Show what a running peer of a network with a chain will do, and when.
#[derive(Args)]
#[command(after_help = "Example:\n  althing events --data ./peer-1")]
pub(crate) struct Arguments {
    /// The peer's directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// Write it as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let overview = control::ask_running(&arguments.data, &Request::Overview)?;
    let mut out = io::stdout();
    if arguments.json {
        return Ok(writeln!(out, "{overview}")?);
    }
    let text = |field: &str| overview[field].as_str().unwrap_or("none").to_owned();
    let peers: Vec<&str> =
        overview["peers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    writeln!(out, "address  {}", text("address"))?;
    writeln!(out, "chain    {} blocks, the last is {}", overview["blocks"], text("tip"))?;
    writeln!(out, "peers    {}", if peers.is_empty() { "none".into() } else { peers.join(", ") })?;
    match overview["searching"].as_u64() {
        Some(height) => writeln!(out, "mining   block {height}")?,
        None => writeln!(out, "mining   nothing")?,
    }
    writeln!(out, "due")?;
    for due in overview["due"].as_array().into_iter().flatten() {
        let seconds = due["in_ms"].as_f64().unwrap_or_default() / 1e3;
        writeln!(out, "{seconds:>8.3}s  {}", due["what"].as_str().unwrap_or_default())?;
    }
    Ok(())
}
