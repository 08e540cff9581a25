//! How a charter is begun, and how members join and sign.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use althing_applications::{leases, notes};
use althing_dialect::assembly::Assembly;
use althing_engine::simplex::Durable;
use althing_ledger::charter::{ApplicationSettings, Charter, FaultModel, Member};
use althing_node::assembly;
use althing_store::{KeyFile, Store};
use althing_text::{Name, counted};
use althing_types::{PeerKey, UnixTime};
use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};
use ed25519_dalek::SigningKey;

use super::CharterFile;
use crate::charter_file::read;
use crate::output::{self, Misuse};
use crate::passphrase::open_key;

/// Begin a charter, with its first member.
#[derive(Args)]
pub(super) struct New {
    #[command(flatten)]
    file: CharterFile,

    #[command(flatten)]
    founding: Founding,

    #[command(flatten)]
    member: MemberOptions,
}

/// Join a charter that is not in use yet. Signatures under it are removed: they were under another
/// one.
///
/// One that all its members have signed may be in use, and is left as it is unless
/// --remove-signatures is given.
#[derive(Args)]
pub(super) struct Join {
    #[command(flatten)]
    file: CharterFile,

    #[command(flatten)]
    member: MemberOptions,

    /// Join although all members have signed: they found another assembly, with new data
    /// directories.
    #[arg(long)]
    remove_signatures: bool,
}

/// Sign a charter that all members have joined, and make the directory of this member.
///
/// Read it first: althing charter show. The directory is where this peer keeps the chain and what
/// it has said. A directory that is lost cannot be made again: the peer might contradict what it
/// has said, and others keep that as evidence. One without its directory only observes.
#[derive(Args)]
pub(super) struct Sign {
    #[command(flatten)]
    file: CharterFile,

    /// The file with the key of this member.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// The directory for this member's data, to be made.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

/// What members agree on besides who they are.
#[derive(Args, Clone)]
pub(in crate::commands) struct Founding {
    /// What the assembly is called.
    #[arg(long, value_name = "NAME", default_value = "assembly")]
    network: Name,

    /// What members may do wrong: fewer than a third of them anything at all, or fewer than half of
    /// them no more than stop.
    #[arg(long, value_enum, default_value_t = Faults::Byzantine)]
    faults: Faults,

    /// The time between two blocks while there is nothing to add; an entry is in a block at once.
    /// Where blocks are mined, the time that one should take, in whole seconds.
    #[arg(long, value_name = "TIME", default_value = "1s")]
    #[arg(value_parser = humantime::parse_duration)]
    block_time: Duration,

    /// How hard blocks are, in bits: a number, or the least and the most. With 0 nobody mines.
    #[arg(long, value_name = "BITS|FROM..TO", default_value = "0", value_parser = parse_bits)]
    difficulty: Bits,
}

/// The least and the most bits.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bits(RangeInclusive<u8>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Faults {
    /// They may lie.
    Byzantine,
    /// They may stop, and start again.
    Crash,
}

/// The member that joins.
#[derive(Args)]
struct MemberOptions {
    /// What the others call this member.
    #[arg(long, value_name = "NAME")]
    name: Name,

    /// The file with its key, of which only the public half is read: see althing key --help.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

fn parse_bits(text: &str) -> Result<Bits, String> {
    let number = |text: &str| {
        text.parse::<u8>().map_err(|_| "bits are a number, or two as in 8..20".to_owned())
    };
    match text.split_once("..") {
        Some((least, most)) => Ok(Bits(number(least)?..=number(most)?)),
        None => number(text).map(|bits| Bits(bits..=bits)),
    }
}

impl Founding {
    /// Returns what is usual.
    pub(in crate::commands) fn usual() -> Self {
        Self {
            network: "assembly".parse().expect("it is a name"),
            faults: Faults::Byzantine,
            block_time: Duration::from_secs(1),
            difficulty: Bits(0..=0),
        }
    }

    /// Returns an unsigned charter with these members, founded now.
    pub(in crate::commands) fn charter(&self, members: Vec<Member>) -> anyhow::Result<Charter> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let application =
            |name: &str| ApplicationSettings { name: name.into(), settings: BTreeMap::new() };
        let charter = Charter {
            network: self.network.clone(),
            founded: UnixTime::from_seconds(now.as_secs()),
            faults: match self.faults {
                Faults::Byzantine => FaultModel::Byzantine,
                Faults::Crash => FaultModel::Crash,
            },
            block_time: self.block_time,
            difficulty: self.difficulty.0.clone(),
            applications: [notes::APPLICATION, leases::APPLICATION].map(application).into(),
            members,
            signatures: BTreeMap::new(),
        };
        charter.check().map_err(|problem| Misuse(problem.to_string()))?;
        Ok(charter)
    }
}

impl MemberOptions {
    fn member(&self) -> anyhow::Result<Member> {
        let key = KeyFile::read(&self.key)?.public();
        Ok(Member { name: self.name.clone(), key })
    }
}

pub(super) fn new(arguments: &New) -> anyhow::Result<()> {
    let New { file, founding, member } = arguments;
    let charter = founding.charter(vec![member.member()?])?;
    write_new(&file.charter, &charter)?;
    let file = file.charter.display();
    output::note(&format!(
        "{file} has its first member; pass it on, so that the others join: althing charter join \
         {file} --name NAME --key FILE"
    ));
    Ok(())
}

pub(super) fn join(arguments: &Join) -> anyhow::Result<()> {
    let Join { file, member, remove_signatures } = arguments;
    let mut charter = read(&file.charter)?;
    ensure!(
        *remove_signatures || charter.unsigned().next().is_some(),
        "{} is signed by all its members, so it may be in use, and no member can join; to found \
         another assembly with it, join a copy with --remove-signatures",
        file.charter.display()
    );
    let member = member.member()?;
    if let Some(there) = charter.members.iter().find(|there| there.key == member.key) {
        bail!("this key has joined already, as {}", there.name);
    }
    let signed = charter.signatures.len();
    charter.signatures.clear();
    charter.members.push(member);
    charter.check().with_context(|| file.charter.display().to_string())?;
    write(&file.charter, &charter)?;
    let members = counted(charter.members.len() as u64, "member");
    let file = file.charter.display();
    output::note(&format!("{file} has {members} now"));
    if signed > 0 {
        let signatures = counted(signed as u64, "signature");
        output::warn(&format!(
            "{signatures} removed, since they were under a charter without this member: all sign \
             again, each with a new --data directory"
        ));
    }
    Ok(())
}

pub(super) fn sign(arguments: &Sign) -> anyhow::Result<()> {
    let Sign { file, key: key_file, data } = arguments;
    let mut charter = read(&file.charter)?;
    let public = KeyFile::read(key_file)?.public();
    let index = charter.index_of(&public).with_context(|| {
        format!("the key of {} is none of this charter's members", key_file.display())
    })?;
    let name = charter.members[usize::from(index.0)].name.clone();
    if charter.signatures.contains_key(&index) {
        bail!("{name} has signed already, and has a directory since");
    }
    let key = open_key(key_file)?;
    admit(&charter, &key, data)?;
    charter.sign(&key).context("it is a member")?;
    write(&file.charter, &charter)?;
    let missing = charter.unsigned().count();
    output::note(&match missing {
        0 => format!("{name} has signed; all members have, and can start"),
        missing => {
            format!("{name} has signed; {} still to sign", counted(missing as u64, "member"))
        }
    });
    Ok(())
}

/// Makes the directory of a member that has never taken part before.
pub(in crate::commands) fn admit(
    charter: &Charter,
    key: &SigningKey,
    data: &Path,
) -> anyhow::Result<()> {
    ensure!(
        !has_entries(data),
        "{} has something in it already; a new member takes a new directory",
        data.display()
    );
    let dialect = Assembly::new(Arc::new(charter.clone()), "")?;
    let mut store = Store::<Durable>::open(data)?;
    Ok(assembly::admit(&mut store, &dialect, key)?)
}

fn has_entries(dir: &Path) -> bool {
    std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some())
}

/// Returns a member that has this key.
pub(in crate::commands) fn member(name: Name, key: &SigningKey) -> Member {
    Member { name, key: PeerKey::from_bytes(key.verifying_key().to_bytes()) }
}

/// Writes a charter in place of the one that is there, at once.
pub(in crate::commands) fn write(path: &Path, charter: &Charter) -> anyhow::Result<()> {
    let named = || path.display().to_string();
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    let mut file =
        tempfile::NamedTempFile::new_in(dir.unwrap_or(Path::new("."))).with_context(named)?;
    file.write_all(charter.to_document().as_bytes()).with_context(named)?;
    #[cfg(unix)]
    {
        // A temporary file is its owner's alone, and a charter is for all.
        use std::os::unix::fs::PermissionsExt;
        let all_read = std::fs::Permissions::from_mode(0o644);
        file.as_file().set_permissions(all_read).with_context(named)?;
    }
    file.as_file().sync_all().with_context(named)?;
    file.persist(path).with_context(named)?;
    Ok(())
}

fn write_new(path: &Path, charter: &Charter) -> anyhow::Result<()> {
    let named = || path.display().to_string();
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    if file.as_ref().is_err_and(|error| error.kind() == ErrorKind::AlreadyExists) {
        bail!("{} is there already; give the charter another name, or remove it", named());
    }
    file.and_then(|mut file| file.write_all(charter.to_document().as_bytes())).with_context(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_a_number_or_a_range() {
        assert_eq!(parse_bits("0"), Ok(Bits(0..=0)));
        assert_eq!(parse_bits("8..20"), Ok(Bits(8..=20)));
        for text in ["", "x", "8..", "..8", "300"] {
            assert!(parse_bits(text).is_err(), "{text}");
        }
    }
}
