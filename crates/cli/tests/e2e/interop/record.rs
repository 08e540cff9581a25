//! What is written down of runs, in `docs/interop.md`.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::PEERS;
use super::mixture::{Kind, Mixture, Outcome};

/// Compares what runs over a kind of broker came to with what the page has; with `UPDATE` in the
/// environment, writes it there.
pub(super) fn compare(over: &str, runs: &[(Mixture<'_>, Outcome)]) {
    replace(over, &table(runs));
}

/// Compares a text with what the page has between these marks, or writes it there.
pub(super) fn replace(mark: &str, text: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interop.md");
    let written = fs::read_to_string(&page).expect("the page is there");
    let (begin, end) = (format!("<!-- recorded: {mark} -->\n"), "<!-- end -->");
    let (before, rest) = written.split_once(&begin).expect("the page has a place for it");
    let (recorded, after) = rest.split_once(end).expect("the place has an end");
    if std::env::var_os("UPDATE").is_some() {
        let page_now = format!("{before}{begin}{text}{end}{after}");
        fs::write(&page, page_now).expect("the page can be written");
    } else {
        assert_eq!(recorded, text, "run cargo xtask interop to renew docs/interop.md");
    }
}

fn table(runs: &[(Mixture<'_>, Outcome)]) -> String {
    let mut text = String::from("\n| profile | ours | command of ours | came to |\n");
    text += "| --- | --- | --- | --- |\n";
    for (Mixture { kind, ours, rows: asked, .. }, Outcome { rows, tables, ended }) in runs {
        let Kind { profile, challenge } = kind;
        let command = format!(
            "althing peer --profile {profile} --peers {PEERS} --challenge {challenge} --rounds \
             {asked} --pause 200ms"
        );
        let result = format!("{rows} rows, the same in {tables} tables; {ended} programs ended");
        writeln!(text, "| `{profile}` | {ours} of {PEERS} | `{command}` | {result} |")
            .expect("a text takes all");
    }
    text.push('\n');
    text
}
