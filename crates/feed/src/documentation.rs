//! The JSON Schema of a record, and the tables of events in `docs/events.md` that come from it.

use std::collections::BTreeSet;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

use crate::{
    AssemblyEvent, ChainEvent, DemoEvent, MinersEvent, PeerEvent, Record, RoundsEvent, SearchEvent,
    TrackerEvent,
};

/// Returns the JSON Schema (draft 2020-12) of one line of `--json`.
pub fn record_schema() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Record>()
}

/// An event as it is documented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name, as in the field `event`.
    pub name: String,
    /// When it is published, as a sentence.
    pub when: String,
    /// Its own fields, without those that every record has.
    pub fields: Vec<Field>,
}

/// A field of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its meaning, as a sentence.
    pub what: String,
    /// Whether it may be missing.
    pub is_optional: bool,
}

/// Returns the groups of events by the names that their tables have in `docs/events.md`.
pub fn groups() -> [(&'static str, Vec<Described>); 8] {
    [
        ("peer", events_of::<PeerEvent>()),
        ("rounds", events_of::<RoundsEvent>()),
        ("chain", events_of::<ChainEvent>()),
        ("assembly", events_of::<AssemblyEvent>()),
        ("miners", events_of::<MinersEvent>()),
        ("tracker", events_of::<TrackerEvent>()),
        ("demo", events_of::<DemoEvent>()),
        ("search", events_of::<SearchEvent>()),
    ]
}

/// Returns `page` with a newly generated table between each `<!-- events of GROUP -->` and its
/// `<!-- end -->`.
///
/// # Panics
///
/// If the page lacks one of the two marks of a group.
pub fn with_tables(page: &str) -> String {
    let mut page = page.to_owned();
    for (group, events) in groups() {
        let begin = format!("<!-- events of {group} -->\n");
        let from = page.find(&begin).unwrap_or_else(|| panic!("no {begin}")) + begin.len();
        let length = page[from..].find("<!-- end -->").expect("each table has an end");
        page.replace_range(from..from + length, &table(&events));
    }
    page
}

fn table(events: &[Described]) -> String {
    let mut table = "\n| event | when | fields |\n| --- | --- | --- |\n".to_owned();
    for Described { name, when, fields } in events {
        let fields: Vec<String> = fields.iter().map(Field::cell).collect();
        let (when, fields) = (lower_first(when), fields.join("; "));
        table.push_str(&format!("| `{name}` | {when} | {fields} |\n"));
    }
    table.push('\n');
    table
}

impl Field {
    fn cell(&self) -> String {
        let optional = if self.is_optional { "?" } else { "" };
        format!("`{}`{optional}: {}", self.name, lower_first(&self.what))
    }
}

fn lower_first(text: &str) -> String {
    let text = text.strip_suffix('.').unwrap_or(text).replace('\n', " ");
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// Returns the variants of an enum that is tagged with `event`, in their order.
fn events_of<T: JsonSchema>() -> Vec<Described> {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let variants = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    variants.filter_map(Value::as_object).map(described).collect()
}

fn described(variant: &Map<String, Value>) -> Described {
    let name = variant["properties"]["event"]["const"].as_str();
    let mut fields = Vec::new();
    collect_fields(variant, false, &mut fields);
    fields.retain(|field: &Field| field.name != "event");
    Described {
        name: name.expect("each variant has a name").to_owned(),
        when: text(variant, "description"),
        fields,
    }
}

/// Adds the fields of an object. Those of only one of its forms are optional.
fn collect_fields(object: &Map<String, Value>, is_one_of_many: bool, fields: &mut Vec<Field>) {
    let required: BTreeSet<&str> = list(object, "required").filter_map(Value::as_str).collect();
    let properties = object.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        if fields.iter().any(|field| field.name == *name) {
            continue;
        }
        let what = property.as_object().map_or_else(String::new, |it| text(it, "description"));
        let is_optional = is_one_of_many || !required.contains(name.as_str());
        fields.push(Field { name: name.clone(), what, is_optional });
    }
    let forms: Vec<&Map<String, Value>> =
        list(object, "oneOf").filter_map(Value::as_object).collect();
    let before = fields.len();
    for form in &forms {
        collect_fields(form, true, fields);
    }
    // What all forms have is not optional, and the field that tells them apart says which.
    for field in &mut fields[before..] {
        let is_in = |form: &&Map<String, Value>| {
            list(form, "required").any(|name| name.as_str() == Some(field.name.as_str()))
        };
        field.is_optional = !forms.iter().all(is_in);
        let mut names: Vec<String> = forms
            .iter()
            .filter_map(|form| form["properties"][field.name.as_str()]["const"].as_str())
            .map(|name| format!("`{name}`"))
            .collect();
        if let Some(last) = names.pop() {
            field.what = format!("{} or {last}", names.join(", "));
        }
    }
}

fn list<'a>(object: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Value> {
    object.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text(object: &Map<String, Value>, key: &str) -> String {
    object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}
