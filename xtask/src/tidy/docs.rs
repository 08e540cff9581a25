//! What the docs of code say: something in each file, everything of a folder in its table, and more
//! than the name of the field says already.

use crate::files::Files;

use super::Complaint;

/// Words with which a question begins.
const ASKING: &[&str] =
    &["Who", "Whom", "Whose", "What", "Where", "When", "Why", "Which", "How", "By", "From", "For"];

/// Words of the longest doc that is only a question.
const QUESTION_WORDS_MAX: usize = 3;

/// Checks all Rust files.
pub(super) fn check(files: &Files) -> Vec<Complaint> {
    let rust = files.iter().filter(|(path, _)| path.ends_with(".rs"));
    let mut complaints = Vec::new();
    for (path, text) in rust {
        if !has_doc(text) {
            complaints.push(Complaint::new(path, 1, "the file does not begin with a //! doc"));
        }
        for (line, doc) in questions(text) {
            let what = format!("\"{doc}\" is no answer: say what it is for, its unit, its bounds");
            complaints.push(Complaint::new(path, line, what));
        }
        for name in missing_from_table(path, text, files) {
            let what = format!("the table of the folder's files has no row for `{name}`");
            complaints.push(Complaint::new(path, 1, what));
        }
    }
    complaints
}

/// Returns whether a file says at its beginning what it is for.
pub(super) fn has_doc(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("#!"));
    lines.next().is_some_and(|line| line.starts_with("//!"))
}

/// Returns the docs that consist of one question, such as "Who." or "How many.", with their lines.
fn questions(text: &str) -> Vec<(usize, &str)> {
    let docs: Vec<Option<&str>> =
        text.lines().map(|line| line.trim_start().strip_prefix("///").map(str::trim)).collect();
    let is_doc = |index: usize| docs.get(index).copied().flatten().is_some();
    let alone = |index: &usize| (*index == 0 || !is_doc(index - 1)) && !is_doc(index + 1);
    let lines = (0..docs.len()).filter(alone);
    lines.filter_map(|index| Some((index + 1, docs[index]?))).filter(|(_, d)| asks(d)).collect()
}

fn asks(doc: &str) -> bool {
    let words: Vec<&str> = doc.trim_end_matches('.').split_whitespace().collect();
    let first = words.first().copied().unwrap_or_default();
    let begins = match first {
        "By" | "From" | "For" => {
            let second = words.get(1).copied().unwrap_or_default();
            ASKING.iter().any(|word| word.eq_ignore_ascii_case(second))
        }
        _ => ASKING.contains(&first),
    };
    begins && words.len() <= QUESTION_WORDS_MAX
}

/// Returns the modules of the folder that the file at `path` stands for which its doc has no row
/// for. Tests need none.
fn missing_from_table<'a>(path: &str, text: &str, files: &'a Files) -> Vec<&'a str> {
    let Some(folder) = folder_of(path) else { return Vec::new() };
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("//! |")).collect();
    let name = |file: &'a str| {
        let inside = file.strip_prefix(&folder)?;
        let name = match inside.split_once('/') {
            Some((name, "mod.rs")) => name,
            Some(_) => return None,
            None => inside.strip_suffix(".rs")?,
        };
        (!matches!(name, "lib" | "main" | "mod" | "tests")).then_some(name)
    };
    let has_row = |name: &str| {
        let (plain, file) = (format!("`{name}`"), format!("`{name}.rs`"));
        rows.iter().any(|row| row.contains(&plain) || row.contains(&file))
    };
    files.keys().filter_map(|file| name(file)).filter(|name| !has_row(name)).collect()
}

/// Returns the folder below some `src/` whose files the file at `path` has to name, with a slash.
fn folder_of(path: &str) -> Option<String> {
    let (_, module) = path.split_once("src/")?;
    if module.starts_with("bin/") || module == "tests.rs" || module.contains("tests/") {
        return None;
    }
    let roots = ["/lib.rs", "/main.rs", "/mod.rs"];
    let root = roots.iter().find_map(|root| path.strip_suffix(root));
    Some(format!("{}/", root.or_else(|| path.strip_suffix(".rs"))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_begins_with_its_doc() {
        assert!(has_doc("//! What it is for.\n"));
        assert!(has_doc("#![no_std]\n\n//! What it is for.\n"));
        assert!(!has_doc("fn main() {}\n"));
        assert!(!has_doc("use std::fmt;\n//! Too late.\n"));
        assert!(!has_doc(""));
    }

    #[test]
    fn a_doc_that_only_asks_is_found() {
        let text = "/// Who.\nwho: PeerId,\n    /// How many.\n    n: u32,\n/// By whom.\nby: X,\n";
        assert_eq!(questions(text), [(1, "Who."), (3, "How many."), (5, "By whom.")]);
    }

    #[test]
    fn a_doc_that_says_more_is_fine() {
        for text in [
            "/// What the peer has signed.\n",
            "/// Who.\n///\n/// More of it.\n",
            "/// The sender.\n",
            "// Who.\n",
            "/// From an address.\n",
        ] {
            assert_eq!(questions(text), [], "{text}");
        }
    }

    fn missing(files: &[(&str, &str)]) -> Vec<String> {
        let owned = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        let owned = owned.collect();
        let missing = |(path, text): &(&str, &str)| {
            let names = missing_from_table(path, text, &owned);
            names.iter().map(|name| format!("{path} {name}")).collect::<Vec<_>>()
        };
        files.iter().flat_map(missing).collect()
    }

    #[test]
    fn the_table_of_a_folder_names_all_its_files() {
        let found = missing(&[
            ("x/src/lib.rs", "//! | [`a`] | A? |\n//! | `b.rs` | B? |\n"),
            ("x/src/a.rs", "//! A.\n"),
            ("x/src/a/deep.rs", ""),
            ("x/src/b/mod.rs", "//! | file | |\n//! | `one` | One? |\n"),
            ("x/src/b/one.rs", ""),
            ("x/src/b/two.rs", ""),
            ("x/src/b/tests.rs", ""),
            ("x/src/c.rs", ""),
            ("x/tests/it/main.rs", ""),
            ("x/tests/it/one.rs", ""),
        ]);
        assert_eq!(found, ["x/src/lib.rs c", "x/src/a.rs deep", "x/src/b/mod.rs two"]);
    }
}
