//! The fields of a message, by name. One name is the network's choice, so no struct has it.

use althing_text::python_json::dumps;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::Malformed;
use crate::json::parse;

/// A message that is being written, field after field.
pub(super) struct Writer {
    text: Vec<u8>,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self { text: Vec::with_capacity(256) }
    }

    /// Writes a field of the plain protocol, or of a message that is ours as a whole.
    pub(super) fn field(mut self, name: &str, value: &impl Serialize) -> Self {
        let before: &[u8] = if self.text.is_empty() { b"{" } else { b", " };
        self.text.extend_from_slice(before);
        self.text.extend(dumps(&name));
        self.text.extend_from_slice(b": ");
        self.text.extend(dumps(value));
        self
    }

    /// Writes a field that Althing peers add, if it has a value.
    pub(super) fn added<T: Serialize>(self, name: &str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.field(name, &value),
            None => self,
        }
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        debug_assert!(!self.text.is_empty(), "every message has a field");
        self.text.push(b'}');
        self.text
    }
}

/// A message that has arrived.
pub(super) struct Reader {
    fields: Map<String, Value>,
}

impl Reader {
    pub(super) fn new(payload: &[u8]) -> Result<Self, Malformed> {
        Ok(Self { fields: parse(payload)? })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Takes a field that must be there.
    pub(super) fn field<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, Malformed> {
        let missing = || Malformed::NotAMessage(format!("missing field `{name}`"));
        read(name, self.fields.remove(name).ok_or_else(missing)?)
    }

    /// Takes a field that Althing peers add, if it has a value.
    pub(super) fn added<T: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, Malformed> {
        match self.fields.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(name, value).map(Some),
        }
    }
}

fn read<T: DeserializeOwned>(name: &str, value: Value) -> Result<T, Malformed> {
    let wrong = |error| Malformed::NotAMessage(format!("field `{name}`: {error}"));
    serde_json::from_value(value).map_err(wrong)
}
