//! The bytes of a charter that are hashed (rule L1).
//!
//! They are not those of the document, in which people may move lines and add comments: each field
//! has one place and one encoding, and texts are preceded by their lengths. All numbers are
//! big-endian.

use sha2::{Digest, Sha256};

use super::{ApplicationSettings, ChainId, Charter, FaultModel, Setting};

/// What the bytes begin with.
const DOMAIN: &[u8] = b"althing charter 1\n";

impl Charter {
    /// Returns the id of the chain: the hash of the canonical bytes.
    pub fn chain_id(&self) -> ChainId {
        ChainId(Sha256::digest(self.canonical()).into())
    }

    /// Returns the canonical bytes: everything but the signatures.
    pub fn canonical(&self) -> Vec<u8> {
        let mut bytes = DOMAIN.to_vec();
        let out = &mut bytes;
        text(self.network.as_str(), out);
        number(self.founded.seconds(), out);
        out.push(match self.faults {
            FaultModel::Byzantine => 0,
            FaultModel::Crash => 1,
        });
        number(u64::try_from(self.block_time.as_millis()).unwrap_or(u64::MAX), out);
        out.extend_from_slice(&[*self.difficulty.start(), *self.difficulty.end()]);
        number(self.applications.len() as u64, out);
        self.applications.iter().for_each(|application| write_application(application, out));
        number(self.members.len() as u64, out);
        for member in &self.members {
            text(member.name.as_str(), out);
            out.extend_from_slice(member.key.as_bytes());
        }
        bytes
    }
}

fn write_application(application: &ApplicationSettings, out: &mut Vec<u8>) {
    text(&application.name, out);
    number(application.settings.len() as u64, out);
    for (key, setting) in &application.settings {
        text(key, out);
        match setting {
            Setting::Flag(flag) => out.extend_from_slice(&[0, u8::from(*flag)]),
            Setting::Number(value) => {
                out.push(1);
                out.extend_from_slice(&value.to_be_bytes());
            }
            Setting::Text(value) => {
                out.push(2);
                text(value, out);
            }
        }
    }
}

fn text(text: &str, out: &mut Vec<u8>) {
    number(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

fn number(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_be_bytes());
}
