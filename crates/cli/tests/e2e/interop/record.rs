//! What is written down of runs, in `docs/interop.md`.

use std::fs;
use std::path::Path;

/// Compares a text with what the page has after this mark; with `UPDATE` in the environment, writes
/// it there.
pub(super) fn replace(mark: &str, text: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interop.md");
    let written = fs::read_to_string(&page).expect("the page is there");
    let (begin, end) = (format!("<!-- recorded: {mark} -->\n"), "<!-- end -->");
    let (before, rest) = written.split_once(&begin).expect("the page has a place for it");
    let (recorded, after) = rest.split_once(end).expect("the place has an end");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&page, format!("{before}{begin}{text}{end}{after}"))
            .expect("the page can be written");
    } else {
        assert_eq!(recorded, text, "run cargo xtask interop to renew docs/interop.md");
    }
}
