//! Is the client for Python the one that `docs/openapi.json` gives?
//!
//! Each operation of the API becomes a method of one class, which has no code of its own: how a
//! peer is reached is written by hand, in `clients/python/src/althing/api.py`.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace;

/// The description that the methods are made from.
const DOCUMENT: &str = "docs/openapi.json";

/// The file that is made.
const FILE: &str = "clients/python/src/althing/operations.py";

/// What stands before the methods.
const HEAD: &str = r#""""Each operation of the API as a method.

Generated from docs/openapi.json by `cargo xtask python`.
"""

import urllib.parse


def _part(value):
    return urllib.parse.quote(str(value), safe="")


class Operations:
    """What can be asked. How it is sent is for the class that inherits this one."""
"#;

/// The longest line of a documentation.
const WIDTH: usize = 92;

/// What to do with the client.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only check that the committed client is the one that the description gives.
    #[arg(long)]
    check: bool,
}

impl Options {
    /// As in `cargo xtask check`, which changes nothing.
    pub(crate) const CHECK: Self = Self { check: true };
}

/// Writes the methods, or checks them.
pub(crate) fn run(options: &Options) -> Result<()> {
    let root = workspace::root();
    let document = fs::read_to_string(root.join(DOCUMENT)).context(DOCUMENT)?;
    let document: Value = serde_json::from_str(&document).context(DOCUMENT)?;
    let text = operations(&document)?;
    if !options.check {
        fs::write(root.join(FILE), text).context(FILE)?;
        println!("{FILE} is written.");
        return Ok(());
    }
    if fs::read_to_string(root.join(FILE)).unwrap_or_default() != text {
        bail!("{FILE} is not what {DOCUMENT} gives; run `cargo xtask python`");
    }
    println!("{FILE} is what {DOCUMENT} gives.");
    Ok(())
}

/// Returns the file with a method for each operation.
fn operations(document: &Value) -> Result<String> {
    let mut text = String::from(HEAD);
    let paths = document["paths"].as_object().context("the description has no paths")?;
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().context("a path has no methods")? {
            text += &self::method(method, path, operation)?;
        }
    }
    Ok(text)
}

/// A parameter as Python has it.
struct Parameter<'a> {
    /// Its name in the path or the query.
    name: &'a str,
    /// Its name in Python.
    argument: String,
    what: &'a str,
    is_in_path: bool,
}

fn method(method: &str, path: &str, operation: &Value) -> Result<String> {
    let name = operation["operationId"].as_str().context("an operation has no name")?;
    let parameters = parameters(operation);
    let sent = schema_name(&operation["requestBody"]["content"]["application/json"]["schema"]);
    let media = operation["responses"]["200"]["content"].as_object();
    let media = media.with_context(|| format!("{name} has no answer"))?;
    let is_followed = media.contains_key("text/event-stream");
    let answer = media.values().next().and_then(|content| schema_name(&content["schema"]));

    let mut arguments = vec!["self".to_owned()];
    arguments.extend(parameters.iter().filter(|it| it.is_in_path).map(|it| it.argument.clone()));
    arguments.extend(sent.map(|_| "body".to_owned()));
    let queried: Vec<&Parameter<'_>> = parameters.iter().filter(|it| !it.is_in_path).collect();
    arguments.extend(queried.iter().map(|it| format!("{}=None", it.argument)));

    let mut text = format!("\n    def {}({}):\n", snake(name), arguments.join(", "));
    let mut lines = wrapped(operation["summary"].as_str().unwrap_or_default(), 8);
    lines.push(String::new());
    for parameter in &parameters {
        lines.extend(wrapped(&format!("{}: {}", parameter.argument, parameter.what), 8));
    }
    lines.extend(sent.map(|sent| format!("body: {sent}, as in docs/openapi.json.")));
    lines.extend(answer.map(|answer| match is_followed {
        true => format!("Yields {answer} by {answer}."),
        false => format!("Returns {answer}."),
    }));
    writeln!(text, "        \"\"\"{}", lines.join("\n        ").trim_end_matches(' '))?;
    text = text.replace("        \n", "\n");
    text += "        \"\"\"\n";

    let mut place = path.to_owned();
    for parameter in parameters.iter().filter(|it| it.is_in_path) {
        let part = format!("{{_part({})}}", parameter.argument);
        place = place.replace(&format!("{{{}}}", parameter.name), &part);
    }
    let place = if place == path { format!("\"{path}\"") } else { format!("f\"{place}\"") };
    let pairs = queried.iter().map(|it| format!("\"{}\": {}", it.name, it.argument));
    let query = format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "));
    if is_followed {
        writeln!(text, "        return self._followed({place}, {query})")?;
        return Ok(text);
    }
    let mut call = vec![format!("\"{}\"", method.to_uppercase()), place];
    call.extend((!queried.is_empty()).then(|| format!("query={query}")));
    call.extend(sent.map(|_| "body=body".to_owned()));
    // It is answered when the entry has its block.
    call.extend((name == "addEntry").then(|| "waits=True".to_owned()));
    let line = format!("        return self._asked({})", call.join(", "));
    if line.len() <= 100 {
        writeln!(text, "{line}")?;
    } else {
        let indent = " ".repeat("        return self._asked(".len());
        writeln!(text, "        return self._asked({})", call.join(&format!(",\n{indent}")))?;
    }
    Ok(text)
}

fn parameters(operation: &Value) -> Vec<Parameter<'_>> {
    let all = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    all.iter()
        .filter_map(|it| {
            let (name, place) = (it["name"].as_str()?, it["in"].as_str()?);
            let what = it["description"].as_str().unwrap_or_default();
            // `from` is a word of Python.
            let argument = if name == "from" { "from_".to_owned() } else { snake(name) };
            // Headers are for browsers.
            let is_in_path = place == "path";
            (place != "header").then_some(Parameter { name, argument, what, is_in_path })
        })
        .collect()
}

/// Returns the name of the schema that is referred to.
fn schema_name(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

/// Returns `listRows` as `list_rows`.
fn snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// Returns a text in lines that are no longer than those of the file.
fn wrapped(text: &str, indent: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is one");
        if line.is_empty() {
            line.push_str(word);
        } else if line.len() + 1 + word.len() + indent <= WIDTH {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_operation_is_a_method_with_its_parameters() {
        let row = json!({ "$ref": "#/components/schemas/Row" });
        let document = json!({ "paths": { "/v1/rows/{row}/votes": { "get": {
            "operationId": "listVotes",
            "summary": "The votes.",
            "parameters": [
                { "name": "row", "in": "path", "description": "The row." },
                { "name": "from", "in": "query", "description": "The first." },
                { "name": "Last-Event-ID", "in": "header", "description": "For browsers." },
            ],
            "responses": { "200": { "content": { "application/json": { "schema": row } } } },
        } } } });
        let text = operations(&document).expect("it is complete");
        let expected = "
    def list_votes(self, row, from_=None):
        \"\"\"The votes.

        row: The row.
        from_: The first.
        Returns Row.
        \"\"\"
        return self._asked(\"GET\", f\"/v1/rows/{_part(row)}/votes\", query={\"from\": from_})
";
        assert!(text.ends_with(expected), "{text}");
    }
}
