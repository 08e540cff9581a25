//! An assembly on one machine, ready in one command.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use althing_ledger::charter::Charter;
use althing_store::KeyFile;
use althing_text::{Name, counted};
use anyhow::{Context, ensure};
use clap::Args;
use ed25519_dalek::SigningKey;

use super::charter::{Founding, admit, member, write};
use crate::member::{CHARTER_FILE, KEY_FILE};

/// Make an assembly on this machine: members with keys and directories, and a charter that all of
/// them have signed.
///
/// Each member has a directory below DIR, with its key (not encrypted), the charter and the data of
/// its peer. For members on several machines, each makes its own: see althing charter --help.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing init club\n  \
    althing init club --network club --members 7\n  \
    althing init club --member ann --member bob --member carol --member dave\n  \
    althing init club --faults crash --members 3")]
pub(crate) struct Arguments {
    /// The directory to make.
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    /// How many members there are; they are called member-1, member-2 and so on.
    #[arg(long, value_name = "N", default_value_t = 4)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=128))]
    members: u16,

    /// What a member is called; given once for each.
    #[arg(long, value_name = "NAME", conflicts_with = "members", value_parser = parse_member)]
    member: Vec<Name>,

    #[command(flatten)]
    founding: Founding,
}

/// Reads the name of a member that a directory can have as well.
fn parse_member(text: &str) -> Result<Name, String> {
    let may_be = |it: char| it.is_alphanumeric() || matches!(it, '-' | '_');
    if !text.chars().all(may_be) || text.starts_with('-') {
        return Err("its directory has that name as well: letters, digits, - and _".to_owned());
    }
    text.parse().map_err(|error| format!("{error}"))
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { dir, members, member: named, founding } = arguments;
    ensure!(!dir.exists(), "{} is there already; name a directory to be made", dir.display());
    let names: Vec<Name> = match named.is_empty() {
        true => (1..=*members).map(numbered).collect(),
        false => named.clone(),
    };
    let keys: Vec<SigningKey> =
        names.iter().map(|_| SigningKey::from_bytes(&rand::random())).collect();
    let members = names.iter().zip(&keys).map(|(name, key)| member(name.clone(), key)).collect();
    let mut charter = founding.charter(members)?;
    for key in &keys {
        charter.sign(key).context("it is a member")?;
    }
    fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    for (name, key) in names.iter().zip(&keys) {
        settle(&charter, key, &dir.join(name.as_str()))?;
    }
    write(&dir.join(CHARTER_FILE), &charter)?;
    tell(&charter, &names, dir)
}

fn numbered(number: u16) -> Name {
    format!("member-{number}").parse().expect("it is a name")
}

/// Makes the directory of a member, with all that its peer needs.
fn settle(charter: &Charter, key: &SigningKey, dir: &Path) -> anyhow::Result<()> {
    admit(charter, key, dir)?;
    write(&dir.join(CHARTER_FILE), charter)?;
    Ok(KeyFile::create(&dir.join(KEY_FILE), key, None)?)
}

/// Says what was made, and how it is started.
fn tell(charter: &Charter, names: &[Name], dir: &Path) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let (members, quorum) = (counted(names.len() as u64, "member"), charter.quorum());
    writeln!(out, "{}: {members}, of which {quorum} decide", charter.network)?;
    if names.len() > 1 && charter.faulty_max() == 0 {
        writeln!(
            out,
            "none of them may fail: with --members 4 one may, or with --faults crash one of 3, if \
             it only stops and never lies"
        )?;
    }
    writeln!(out, "chain {}", charter.chain_id())?;
    writeln!(out, "\nStart a broker and the members, each in a terminal of its own:")?;
    writeln!(out, "  althing broker")?;
    for name in names {
        let data = dir.join(name.as_str());
        writeln!(out, "  althing peer --dialect assembly --data {}", data.display())?;
    }
    let first = names.first().map(|name| dir.join(name.as_str())).unwrap_or_default();
    writeln!(out, "\nThen have something committed:")?;
    Ok(writeln!(out, "  althing submit --data {} 'hello'", first.display())?)
}
