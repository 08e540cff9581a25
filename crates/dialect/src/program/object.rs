//! Whole messages on the wire: JSON as Python writes it, or texts between slashes.

use std::collections::BTreeMap;

use althing_text::python_value::{Object, Value};

use super::token::Token;
use crate::codec::short_enough;
use crate::profile::{Field, Payload};
use crate::{Malformed, json};

/// Returns the bytes of a message with these fields, in this order.
pub(super) fn write(payload: Payload, fields: &[(&str, Token)]) -> Vec<u8> {
    match payload {
        Payload::Json => {
            let mut bytes = Vec::with_capacity(256);
            for (index, (name, value)) in fields.iter().enumerate() {
                bytes.extend_from_slice(if index == 0 { b"{" } else { b", " });
                bytes.extend(Token::Text((*name).to_owned()).json());
                bytes.extend_from_slice(b": ");
                bytes.extend(value.json());
            }
            bytes.extend_from_slice(if fields.is_empty() { b"{}" } else { b"}" });
            bytes
        }
        Payload::SlashText => {
            let values: Vec<String> = fields.iter().map(|(_, value)| value.plain()).collect();
            values.join("/").into_bytes()
        }
    }
}

/// The fields of a message that has arrived, by their names.
pub(super) enum Given {
    /// Of an object of JSON.
    Object(Object),
    /// Of texts between slashes.
    Plain(BTreeMap<String, Value>),
}

impl Given {
    /// Takes the field of this name out.
    pub(super) fn remove(&mut self, name: &str) -> Option<Value> {
        match self {
            Self::Object(fields) => fields.remove(name),
            Self::Plain(fields) => fields.remove(name),
        }
    }

    /// Returns the name of a field that is left.
    pub(super) fn other(&self) -> Option<&str> {
        match self {
            Self::Object(fields) => {
                fields.fields().next().map(|(name, _)| name.as_text().unwrap_or("?"))
            }
            Self::Plain(fields) => fields.keys().next().map(String::as_str),
        }
    }
}

/// Returns the fields of a message.
pub(super) fn read(payload: Payload, fields: &[Field], bytes: &[u8]) -> Result<Given, Malformed> {
    let wrong = |reason: String| Malformed::NotAMessage(reason);
    match payload {
        Payload::Json => match json::read(bytes)? {
            Value::Object(fields) => Ok(Given::Object(fields)),
            Value::List(_) => Err(wrong("a list instead of an object".into())),
            _ => Err(wrong("it is no object".into())),
        },
        Payload::SlashText => {
            let text = str::from_utf8(short_enough(bytes)?);
            let text = text.map_err(|error| wrong(error.to_string()))?;
            let count = text.split('/').count();
            if count != fields.len() {
                return Err(wrong(format!("{count} parts instead of {}", fields.len())));
            }
            let named = fields.iter().zip(text.split('/'));
            let named = named.map(|(field, value)| (field.name().to_owned(), plain(value)));
            Ok(Given::Plain(named.collect()))
        }
    }
}

/// Returns a text as what Python wrote it from, where that can be told.
fn plain(text: &str) -> Value {
    match text {
        "True" | "true" => Value::Bool(true),
        "False" | "false" => Value::Bool(false),
        "None" => Value::Null,
        text => Value::Text(text.into()),
    }
}
