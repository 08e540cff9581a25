//! How Python's `json.dumps` writes what `json.loads` has read.

use std::fmt::Write;

use super::{Text, Value};
use crate::python_json::{Escaped, Float};

/// In which order the fields of objects are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// That in which they were first read.
    AsRead,
    /// That of their names: `sort_keys=True`.
    Sorted,
}

/// What is still to be written.
enum Rest<'a> {
    Value(&'a Value),
    Name(&'a Text),
    Mark(&'static str),
}

impl Value {
    /// Returns the value as `json.dumps` writes it.
    pub fn dumps(&self, keys: Keys) -> String {
        let mut out = String::new();
        // The next part is the last. A value may be deeper than a stack of calls.
        let mut rest = vec![Rest::Value(self)];
        while let Some(part) = rest.pop() {
            match part {
                Rest::Mark(mark) => out.push_str(mark),
                Rest::Name(name) => name.dumps_into(&mut out),
                Rest::Value(Self::List(items)) => {
                    out.push('[');
                    rest.push(Rest::Mark("]"));
                    let start = rest.len();
                    for (place, item) in items.as_slice().iter().enumerate() {
                        rest.extend((place > 0).then_some(Rest::Mark(", ")));
                        rest.push(Rest::Value(item));
                    }
                    rest[start..].reverse();
                }
                Rest::Value(Self::Object(object)) => {
                    out.push('{');
                    rest.push(Rest::Mark("}"));
                    let start = rest.len();
                    let mut fields: Vec<_> = object.fields().collect();
                    if keys == Keys::Sorted {
                        fields.sort_by_key(|(name, _)| *name);
                    }
                    for (place, (name, value)) in fields.into_iter().enumerate() {
                        rest.extend((place > 0).then_some(Rest::Mark(", ")));
                        rest.extend([Rest::Name(name), Rest::Mark(": "), Rest::Value(value)]);
                    }
                    rest[start..].reverse();
                }
                Rest::Value(Self::Null) => out.push_str("null"),
                Rest::Value(Self::Bool(value)) => {
                    out.push_str(if *value { "true" } else { "false" });
                }
                Rest::Value(Self::Integer(digits)) => out.push_str(digits),
                Rest::Value(Self::Float(value)) => {
                    write!(out, "{}", Float(*value)).expect("a String takes all");
                }
                Rest::Value(Self::Text(text)) => text.dumps_into(&mut out),
            }
        }
        out
    }
}

impl Text {
    /// Returns the text in quotation marks, as `json.dumps` writes it.
    pub fn dumps(&self) -> String {
        let mut out = String::new();
        self.dumps_into(&mut out);
        out
    }

    fn dumps_into(&self, out: &mut String) {
        out.push('"');
        for point in self.points() {
            write!(out, "{}", Escaped(point)).expect("a String takes all");
        }
        out.push('"');
    }
}
