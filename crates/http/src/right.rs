//! What someone who asks may do.

use serde::{Deserialize, Serialize};

/// What someone may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// To see what is there.
    Read,
    /// To get entries into the chain, too.
    Submit,
    /// To do anything.
    Control,
}

impl Right {
    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Submit => "submit",
            Self::Control => "control",
        }
    }
}
