//! Reading a profile: the file itself, what it takes from its base, and what is wrong with it,
//! said with the line and the key.

use std::fmt::{self, Write as _};
use std::ops::Range;

use althing_text::{Unknown, line_at};
use serde::Deserialize;
use toml::Table;
use toml::de::{DeTable, DeValue, Deserializer};

use super::Profile;
use super::problems::problems;

/// Something that is wrong with a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line in the file, counted from 1; `None` if the key is in its base.
    pub line: Option<usize>,
    /// The key, with its table, as in `topics.init`; empty if it is not about a key.
    pub key: String,
    /// What is wrong, and what to do.
    pub reason: String,
}

/// A file that is not a profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Unreadable {
    /// What it is called.
    pub file: String,
    /// What is wrong with it, in the order of the file; not empty.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Problem { line, key, reason }) in self.problems.iter().enumerate() {
            let end_before = if index > 0 { "\n" } else { "" };
            write!(f, "{end_before}{}:", self.file)?;
            if let Some(line) = line {
                write!(f, "{line}:")?;
            }
            match key.as_str() {
                "" => write!(f, " {}", Shown(reason))?,
                key => write!(f, " {}: {}", Shown(key), Shown(reason))?,
            }
        }
        Ok(())
    }
}

/// A text from a file as a terminal can show it: control characters are spelled out.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '\n' => f.write_char('\n'),
            control if control.is_control() => write!(f, "{}", control.escape_default()),
            other => f.write_char(other),
        })
    }
}

/// Problems that are told of one file: it need not all be said at once.
const PROBLEMS_MAX: usize = 50;

/// Bytes of a file; a profile with all that there is has a hundredth of them.
pub const FILE_BYTES_MAX: usize = 1 << 20;

/// Returns the profile in `text`, which is called `file`. `base` finds the profile that another one
/// is based on.
pub fn read(
    file: &str,
    text: &str,
    base: &dyn Fn(&str) -> Result<Profile, String>,
) -> Result<Profile, Unreadable> {
    let unreadable = |problems| Unreadable { file: file.to_owned(), problems };
    if text.len() > FILE_BYTES_MAX {
        let reason = format!("{} bytes are too many for a profile", text.len());
        return Err(unreadable(vec![Problem { line: None, key: String::new(), reason }]));
    }
    let source = Source::parse(text).map_err(|problems| unreadable(problems.into()))?;
    let own = source.checked().map_err(&unreadable)?;
    let resolved = match &own.base {
        None => Profile::default(),
        Some(name) => base(name).map_err(|reason| {
            unreadable(vec![Problem { line: source.line("base"), key: "base".into(), reason }])
        })?,
    };
    let profile = merged(&resolved, text)
        .map_err(|reason| unreadable(vec![Problem { line: None, key: String::new(), reason }]))?;
    let mut found = Vec::new();
    for (key, reason) in problems(&profile) {
        found.push(Problem { line: source.line(&key), key, reason });
    }
    match found.is_empty() {
        true => Ok(profile),
        false => Err(unreadable(found)),
    }
}

/// Returns `base` with what `text` says instead.
fn merged(base: &Profile, text: &str) -> Result<Profile, String> {
    let mut table = Table::try_from(base).map_err(|error| error.to_string())?;
    let own: Table = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let has_about = own.contains_key("about");
    put_over(&mut table, own);
    table.remove("base");
    if !has_about {
        // That of the base is about the base.
        table.insert("about".to_owned(), String::new().into());
    }
    let mut profile = Profile::deserialize(table).map_err(|error| error.message().to_owned())?;
    if let Some(names) = profile.names.take() {
        names.rename(&mut profile.fields);
    }
    Ok(profile)
}

fn put_over(table: &mut Table, own: Table) {
    for (key, value) in own {
        // What other names a field has is one value: a file must be able to say that it has none.
        let is_whole = key == "alias";
        match (table.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) if !is_whole => {
                put_over(below, above);
            }
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}

/// A file with the places of its keys and values.
struct Source<'a> {
    text: &'a str,
    table: toml::Spanned<DeTable<'a>>,
}

impl<'a> Source<'a> {
    fn parse(text: &'a str) -> Result<Self, [Problem; 1]> {
        let table = DeTable::parse(text).map_err(|error| {
            let line = error.span().map(|span| line_at(text, span.start));
            let reason = format!("it is no TOML: {}", error.message());
            [Problem { line, key: String::new(), reason }]
        })?;
        Ok(Self { text, table })
    }

    /// Returns what the file says by itself, or all that is wrong with it: after each error the
    /// value that it is about is taken out, and the rest is read again.
    fn checked(&self) -> Result<Profile, Vec<Problem>> {
        let mut rest = self.table.clone();
        let mut problems = Vec::new();
        loop {
            let error = match Profile::deserialize(Deserializer::from(rest.clone())) {
                Ok(profile) if problems.is_empty() => return Ok(profile),
                Ok(_) => break,
                Err(error) => error,
            };
            let path = error.span().and_then(|span| path_to(rest.get_ref(), &span));
            let key = path.as_ref().map_or_else(String::new, |path| path.join("."));
            let line = error.span().map(|span| line_at(self.text, span.start));
            problems.push(Problem { line, reason: explain(error.message(), &key), key });
            match path {
                Some(path) if problems.len() < PROBLEMS_MAX => remove(rest.get_mut(), &path),
                _ => break,
            }
        }
        problems.sort_by_key(|problem| problem.line);
        Err(problems)
    }

    /// Returns the line of a key, or of the nearest table that the file has of those it is in.
    fn line(&self, key: &str) -> Option<usize> {
        let mut table = self.table.get_ref();
        let mut at = None;
        for part in key.split('.') {
            let Some((name, value)) = table.iter().find(|(name, _)| *name.get_ref() == part) else {
                break;
            };
            at = Some(name.span());
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ => break,
            }
        }
        at.map(|span| line_at(self.text, span.start))
    }
}

/// Returns the keys that lead to what is at `span`.
fn path_to(table: &DeTable<'_>, span: &Range<usize>) -> Option<Vec<String>> {
    let is_in = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    for (key, value) in table {
        let name = || key.get_ref().to_string();
        // A table with a heading does not contain the places of what is in it.
        if let DeValue::Table(inner) = value.get_ref()
            && let Some(mut path) = path_to(inner, span)
        {
            path.insert(0, name());
            return Some(path);
        }
        if is_in(key.span()) || is_in(value.span()) {
            return Some(vec![name()]);
        }
    }
    None
}

fn remove(table: &mut DeTable<'_>, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    let key = table.keys().find(|key| key.get_ref() == first.as_str()).cloned();
    let Some(key) = key else { return };
    match (table.get_mut(&key).map(toml::Spanned::get_mut), rest) {
        (Some(DeValue::Table(inner)), [_, ..]) => remove(inner, rest),
        _ => {
            table.remove(&key);
        }
    }
}

/// Returns what a reader should know of an error: the nearest of the names that there are.
fn explain(message: &str, key: &str) -> String {
    let Some(unknown) = Unknown::of(message) else { return message.replace('`', "") };
    if unknown.nearest().is_none()
        && unknown.kind == "key"
        && let Some(table) = table_with(unknown.given, key)
    {
        return format!("there is no key {:?} here; it is a key of [{table}]", unknown.given);
    }
    unknown.to_string()
}

/// Returns the table that has a key of this name, unless it is the one in which `key` is.
fn table_with(name: &str, key: &str) -> Option<String> {
    let all = Table::try_from(Profile::default()).ok()?;
    let here = key.rsplit_once('.').map_or("", |(table, _)| table);
    let has = |value: &toml::Value| value.as_table().is_some_and(|table| table.contains_key(name));
    all.into_iter().find(|(table, value)| table != here && has(value)).map(|(table, _)| table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::built_in;
    use crate::profile::{Announce, IdKind, Next, Often, Role, Seconds};

    fn said(text: &str) -> String {
        match read("mine.toml", text, &built_in::base) {
            Ok(profile) => panic!("{profile:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_wrong_key_is_named_with_its_line_and_the_nearest_there_is() {
        for (text, expected) in [
            (
                "name = \"x\"\n\n[join]\nanounce = 2\n",
                "mine.toml:4: join.anounce: there is no key \"anounce\"; did you mean \
                 \"announce\"?",
            ),
            (
                "topcs = {}\n",
                "mine.toml:1: topcs: there is no key \"topcs\"; did you mean \"topics\"?",
            ),
            (
                "prefix = \"sd/\"\n",
                "mine.toml:1: prefix: there is no key \"prefix\" here; it is a key of [topics]",
            ),
            (
                "[election]\nrule = \"maks\"\n",
                "mine.toml:2: election.rule: there is no value \"maks\"; did you mean \"max\"?",
            ),
            (
                "[topics]\nvote = 7\n",
                "mine.toml:2: topics.vote: invalid type: integer 7, expected a string",
            ),
            (
                "[fields]\ninit = [[\"idd\", \"ID\"]]\n",
                "mine.toml:2: fields.init: there is no value \"idd\"; did you mean \"id\"?",
            ),
            (
                "[join]\nannounce = \"often\"\n",
                "mine.toml:2: join.announce: invalid value: string \"often\", expected \"once\", \
                 \"per-new-id\" or an interval in seconds, such as 2",
            ),
        ] {
            assert_eq!(said(text), expected);
        }
    }

    #[test]
    fn all_that_is_wrong_is_said_in_the_order_of_the_file() {
        let text = "[wire]\nqos = \"one\"\nretian = []\n\n[id]\nkind = \"integer\"\nhi = -1\n";
        let said = said(text);
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 4, "{said}");
        for (line, begin) in lines.iter().zip([
            "mine.toml:2: wire.qos: invalid type",
            "mine.toml:3: wire.retian: there is no key \"retian\"; did you mean \"retain\"?",
            "mine.toml:6: id.kind: there is no value \"integer\"",
            "mine.toml:7: id.hi: invalid value",
        ]) {
            assert!(line.starts_with(begin), "{line}");
        }
    }

    #[test]
    fn what_is_no_toml_is_said_with_its_line() {
        let said = said("name = \"x\"\n[wire\n");
        assert!(said.starts_with("mine.toml:2: it is no TOML: "), "{said}");
        let long = said_of_long();
        assert_eq!(long, "mine.toml: 1048577 bytes are too many for a profile");
    }

    fn said_of_long() -> String {
        said(&" ".repeat(FILE_BYTES_MAX + 1))
    }

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out() {
        let said = said("\"a\\u001b[2J\" = 1\n");
        assert!(said.contains("\\u{1b}[2J") && !said.contains('\u{1b}'), "{said}");
    }

    #[test]
    fn a_base_that_is_not_there_is_named_with_the_nearest() {
        assert_eq!(
            said("name = \"x\"\nbase = \"copy-z\"\n"),
            "mine.toml:2: base: there is no built-in profile \"copy-z\"; did you mean \"copy-a\"?"
        );
    }

    #[test]
    fn a_sentence_about_the_base_is_not_taken_from_it_and_bounds_of_no_numbers_are_told() {
        let of = |text: &str| read("ours.toml", text, &built_in::base).expect("it is right");
        let ours = of("base = \"copy-a\"\nname = \"ours\"\n");
        assert_eq!((ours.about.as_str(), ours.remarks()), ("", Vec::new()));
        assert_eq!(of("name = \"ours\"\nabout = \"Ours.\"\n").about, "Ours.");
        for (ids, is_told) in [
            ("{ kind = \"uuid\", lo = 1, hi = 5 }", true),
            ("{ kind = \"time-ns\", hi = 5 }", true),
            ("{ kind = \"uuid\" }", false),
            ("{ kind = \"hex-text\", hi = 500 }", false),
        ] {
            let remarks = of(&format!("name = \"ours\"\nid = {ids}\n")).remarks();
            let told = remarks.iter().any(|it| it.starts_with("id.lo, id.hi: only ids that are"));
            assert_eq!(told, is_told, "{ids}: {remarks:?}");
        }
    }

    #[test]
    fn what_a_profile_leaves_out_is_its_base_s() {
        let text = r#"
            base = "copy-a"
            name = "ours"
            names = { id = "who", solution = "answer" }
            topics.prefix = "club/"
            join.announce = 5
            id = { lo = 1, hi = 9 }
        "#;
        let ours = read("ours.toml", text, &built_in::base).expect("it is right");
        let base = built_in::find("copy-a").expect("it is built in");
        assert_eq!(ours.topics.prefix, "club/");
        assert_eq!((&ours.topics.vote, ours.puzzle.zeros), (&base.topics.vote, base.puzzle.zeros));
        let five = Seconds::default().0 + std::time::Duration::from_secs(5);
        assert_eq!(ours.join.announce, Announce::At(Often::Every(Seconds(five))));
        assert_eq!(ours.join.burst, base.join.burst);
        assert_eq!((ours.id.kind, ours.id.lo, ours.id.hi), (IdKind::Int, 1, 9));
        assert_eq!(ours.leader.next, base.leader.next);
        assert!(!matches!(ours.leader.next, Next::Operator));
        // The solver of a result goes by the name of the id, as before.
        let names: Vec<_> = ours.fields.result.iter().map(|it| (it.role(), it.name())).collect();
        assert_eq!(
            names,
            [
                (Some(Role::Solver), "who"),
                (Some(Role::Tx), "TransactionID"),
                (Some(Role::Solution), "answer"),
                (Some(Role::Result), "Result"),
            ]
        );
    }
}
