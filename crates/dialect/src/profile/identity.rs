//! Which networks are the same: what all peers must agree on, as the JSON of the differences from
//! the current exercise sheet. So a key that is added later changes no network that lacks it.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Join, Leader, Profile};

impl Profile {
    /// Returns it without what each peer may choose for itself, such as pauses.
    #[must_use]
    pub fn agreed(&self) -> Self {
        let join = Join {
            announce: Join::default().announce,
            delay: Join::default().delay,
            burst: Join::default().burst,
            ..self.join.clone()
        };
        let leader = Leader { first_tx: self.leader.first_tx, ..Leader::default() };
        Self { base: None, names: None, about: Self::default().about, join, leader, ..self.clone() }
    }
}

/// Writes the differences from the current exercise sheet; for `#[serde(with)]`.
pub(crate) fn serialize<S: Serializer>(profile: &Profile, to: S) -> Result<S::Ok, S::Error> {
    use serde::ser::Error as _;
    let value = |profile: &Profile| serde_json::to_value(profile).map_err(S::Error::custom);
    let (mine, usual) = (value(profile)?, value(&Profile::default())?);
    difference(mine, &usual).unwrap_or_else(|| Value::Object(Map::new())).serialize(to)
}

/// Reads what [`serialize`] has written.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Box<Profile>, D::Error> {
    // Each key that is missing has the value of the sheet, since that is the default of each table.
    Profile::deserialize(from).map(Box::new).map_err(D::Error::custom)
}

fn difference(mine: Value, usual: &Value) -> Option<Value> {
    match (mine, usual) {
        (mine, usual) if mine == *usual => None,
        (Value::Object(mine), Value::Object(usual)) => {
            let mut rest: Vec<(String, Value)> = mine
                .into_iter()
                .filter_map(|(key, value)| {
                    let value = match usual.get(&key) {
                        // What other names there are is one value.
                        Some(usual) if key != "alias" => difference(value, usual)?,
                        Some(usual) if value == *usual => return None,
                        _ => value,
                    };
                    Some((key, value))
                })
                .collect();
            rest.sort_by(|(one, _), (other, _)| one.cmp(other));
            Some(Value::Object(rest.into_iter().collect()))
        }
        (mine, _) => Some(mine),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::built_in;

    #[derive(Serialize, Deserialize)]
    struct Kept {
        #[serde(with = "super")]
        profile: Box<Profile>,
    }

    #[test]
    fn a_profile_is_kept_as_what_is_special_about_it() {
        for profile in built_in::all() {
            let kept = Kept { profile: Box::new(profile.clone()) };
            let json = serde_json::to_string(&kept).expect("it has text keys");
            let read: Kept = serde_json::from_str(&json).expect("it was just written");
            assert_eq!(*read.profile, *profile, "{json}");
        }
        let sheet = Kept { profile: Box::default() };
        assert_eq!(serde_json::to_string(&sheet).expect("keys"), r#"{"profile":{}}"#);
    }

    #[test]
    fn pauses_are_each_peers_own_and_names_are_not() {
        let sheet = Profile::default();
        let mut slow = sheet.clone();
        slow.leader.next = super::super::Next::Operator;
        slow.about = "Ours.".into();
        assert_eq!(slow.agreed(), sheet.agreed());
        let mut other = sheet.clone();
        other.topics.vote = "election".into();
        assert_ne!(other.agreed(), sheet.agreed());
    }
}
