//! What is shown of a run: its summary, and its trace as a text or a picture.

use std::fs;
use std::io::{self, Write};
use std::time::Duration;

use althing_sim::{Spread, Summary, Trace, mermaid, svg};
use anyhow::Context;
use serde_json::{Map, Value, json};

use super::{Diagram, Picture};

pub(super) fn show_summary(summary: &Summary, json: bool) -> anyhow::Result<()> {
    if json {
        writeln!(io::stdout(), "{}", summary_json(summary))?;
    } else {
        writeln!(io::stdout(), "{summary}")?;
    }
    Ok(())
}

pub(super) fn summary_json(summary: &Summary) -> Value {
    let spread = |spread: Option<Spread>| {
        let shown = spread.map(|Spread { count, p50, max, .. }| {
            json!({ "count": count, "p50_ms": milliseconds(p50), "max_ms": milliseconds(max) })
        });
        json!(shown)
    };
    let names = summary.names;
    let one = names.decision;
    let fields = [
        ("seed".to_owned(), json!(summary.seed)),
        ("peers".to_owned(), json!(summary.peers)),
        ("copies".to_owned(), json!(summary.copies)),
        ("time_ms".to_owned(), json!(milliseconds(summary.time))),
        (names.decisions.to_owned(), json!(summary.decided)),
        (names.changes.to_owned(), json!(summary.changes)),
        ("published".to_owned(), json!(summary.published)),
        (format!("published_per_{one}_and_peer"), json!(summary.published_per_decision_and_peer())),
        ("delivered".to_owned(), json!(summary.delivered)),
        (format!("delivered_per_{one}_and_peer"), json!(summary.delivered_per_decision_and_peer())),
        ("missed".to_owned(), json!(summary.missed)),
        ("refused".to_owned(), json!(summary.refused)),
        ("faults".to_owned(), json!(summary.faults)),
        ("checked".to_owned(), json!(summary.checked)),
        (format!("{one}_time"), spread(summary.decision_time)),
        ("recovery".to_owned(), spread(summary.recovery)),
    ];
    Value::Object(fields.into_iter().collect::<Map<_, _>>())
}

pub(super) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

pub(super) fn show(trace: &Trace, picture: &Picture) -> anyhow::Result<()> {
    let text = match picture.diagram {
        Diagram::Text => trace.to_string(),
        Diagram::Mermaid => mermaid(trace),
        Diagram::Svg => svg(trace),
    };
    match &picture.output {
        Some(file) => {
            fs::write(file, text).with_context(|| format!("writing {}", file.display()))?;
        }
        None => writeln!(io::stdout(), "{text}")?,
    }
    Ok(())
}
