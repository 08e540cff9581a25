//! The JSON Schema of a profile, for editors and for other tools.

use schemars::Schema;
use schemars::generate::SchemaSettings;

use super::Profile;

/// Returns the JSON Schema (draft 2020-12) of a profile, as `docs/profile.schema.json` has it.
pub fn profile_schema() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Profile>()
}
