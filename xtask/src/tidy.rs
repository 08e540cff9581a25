//! The project's own small rules, which no other tool knows.
//!
//! Each check is a function from text to complaints. They read what git knows or would add, so
//! that build output and other ignored files are left alone.
//!
//! | file | question |
//! | --- | --- |
//! | `docs` | Do the docs of files, folders and fields say something? |
//! | `modules` | Is each source file part of its crate? |
//! | `rules` | Do the code and `docs/protocol.md` name the same numbered rules? |

mod docs;
mod modules;
mod rules;

use std::fmt;

use anyhow::{Result, bail};

use crate::files::{self, Files};
use crate::workspace::{self, Package};

/// Columns a line of Rust may have; as in `rustfmt.toml`, which does not break texts and comments.
const COLUMNS_MAX: usize = 100;

/// Something that is not tidy.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Complaint {
    file: String,
    /// Counted from 1; 0 if it is about the whole file.
    line: usize,
    what: String,
}

impl Complaint {
    fn new(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.what),
            line => write!(f, "{}:{line}: {}", self.file, self.what),
        }
    }
}

/// Checks the workspace.
pub(crate) fn run() -> Result<()> {
    let files = files::written()?;
    let mut complaints: Vec<Complaint> =
        files.iter().flat_map(|(path, text)| check_text(path, text)).collect();
    for package in workspace::packages()? {
        complaints.extend(check_crate(&package, &files));
    }
    complaints.extend(check_changelog(files.get("CHANGELOG.md")));
    complaints.extend(docs::check(&files));
    complaints.extend(rules::check(&files));
    complaints.sort();
    for complaint in &complaints {
        println!("{complaint}.");
    }
    if !complaints.is_empty() {
        bail!("{} complaints about tidiness", complaints.len());
    }
    println!("{} files are tidy.", files.len());
    Ok(())
}

/// Checks what can be said of one file alone.
fn check_text(path: &str, text: &str) -> Vec<Complaint> {
    let is_rust = path.ends_with(".rs");
    // Written in two parts, or this file would be the first to have them.
    let leftovers = [concat!("todo", "!("), concat!("FIX", "ME")];
    let mut complaints = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let mut complain = |what: String| complaints.push(Complaint::new(path, index + 1, what));
        if line.contains('\t') {
            complain("a tab: indent with spaces".into());
        }
        if line.ends_with(char::is_whitespace) {
            complain("whitespace at the end of the line".into());
        }
        if !is_rust {
            continue;
        }
        let columns = line.chars().count();
        if columns > COLUMNS_MAX && !line.contains("://") {
            complain(format!("{columns} columns, where {COLUMNS_MAX} are allowed"));
        }
        if let Some(leftover) = leftovers.iter().find(|leftover| line.contains(**leftover)) {
            complain(format!("a leftover: {leftover}"));
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        complaints.push(Complaint::new(path, 0, "the last line is not ended"));
    }
    complaints
}

/// Checks that a crate says what it is for, and that each of its files is part of it.
fn check_crate(package: &Package, files: &Files) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    if let Some(root) = package.root_file().map(workspace::relative) {
        let text = files.get(&root).map_or("", String::as_str);
        if !docs::has_doc(text) {
            complaints.push(Complaint::new(&root, 1, "the crate does not begin with a //! doc"));
        }
    }
    let sources = format!("{}/src/", workspace::relative(package.directory()));
    for path in modules::unreachable(&sources, files) {
        complaints.push(Complaint::new(&path, 0, "no module declares this file"));
    }
    complaints
}

fn check_changelog(text: Option<&String>) -> Option<Complaint> {
    let is_heading = |line: &str| matches!(line, "## Unreleased" | "## [Unreleased]");
    let has_section = text.is_some_and(|text| text.lines().any(is_heading));
    let what = "there is no section \"## Unreleased\"";
    (!has_section).then(|| Complaint::new("CHANGELOG.md", 0, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        check_text(path, text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn tidy_text_gives_no_complaint() {
        assert_eq!(complaints("a.rs", "//! A doc.\n\nfn main() {}\n"), [] as [String; 0]);
        assert_eq!(complaints("empty.md", ""), [] as [String; 0]);
    }

    #[test]
    fn a_long_line_is_refused_in_rust_unless_it_holds_an_address() {
        let long = format!("// {}\n", "x".repeat(98));
        assert_eq!(complaints("a.rs", &long), ["a.rs:1: 101 columns, where 100 are allowed"]);
        assert_eq!(complaints("a.md", &long), [] as [String; 0]);
        // Columns are characters and not bytes.
        let wide = format!("// {}\n", "é".repeat(97));
        assert_eq!(complaints("a.rs", &wide), [] as [String; 0]);
        let address = format!("// https://{}\n", "x".repeat(98));
        assert_eq!(complaints("a.rs", &address), [] as [String; 0]);
    }

    #[test]
    fn tabs_and_trailing_spaces_and_a_missing_end_are_refused_everywhere() {
        assert_eq!(
            complaints("a.md", "\tone\ntwo \nthree\r\nfour"),
            [
                "a.md:1: a tab: indent with spaces",
                "a.md:2: whitespace at the end of the line",
                "a.md:3: whitespace at the end of the line",
                "a.md: the last line is not ended",
            ]
        );
    }

    #[test]
    fn leftovers_are_refused_in_rust() {
        let text =
            format!("fn f() {{ {}) }}\n// {}\n", concat!("todo", "!("), concat!("FIX", "ME"));
        let expected = [
            format!("a.rs:1: a leftover: {}", concat!("todo", "!(")),
            format!("a.rs:2: a leftover: {}", concat!("FIX", "ME")),
        ];
        assert_eq!(complaints("a.rs", &text), expected);
        assert_eq!(complaints("a.md", &text), [] as [String; 0]);
    }

    #[test]
    fn the_changelog_has_a_place_for_what_is_next() {
        let complains = |text: &str| check_changelog(Some(&text.to_owned())).is_some();
        assert!(!complains("# Changes\n\n## Unreleased\n- More.\n"));
        assert!(!complains("# Changes\n\n## [Unreleased]\n"));
        assert!(complains("# Changes\n\n## 0.1.0\nUnreleased things were released.\n"));
        assert!(check_changelog(None).is_some());
    }
}
