//! Whether enough members have signed for rows (rule R1).

use std::collections::BTreeMap;
use std::fmt::Write;

use althing_api::{Certificate, MemberKey};
use althing_dialect::{NetworkConfig, RoundsDialect, rounds_dialect};
use althing_engine::rounds::{
    Audit, CertifiedRecord, PublicKey, Record, Refusal, Signature, Signatures, StartsDigest,
};
use althing_text::terminal::escaped;
use althing_text::{counted, hex};
use althing_types::{PeerId, Term, Transaction};
use anyhow::{Context, bail, ensure};
use bitcoin::hashes::{Hash, HashEngine, sha256};
use serde_json::json;

use super::Proven;

/// Checks that each row has the signed votes of enough members, the same ones in all, of the hash
/// that they must have, if one is given.
pub(super) fn prove(
    rows: impl Iterator<Item = anyhow::Result<Certificate>>,
    wanted: Option<&str>,
) -> anyhow::Result<Proven> {
    let mut table: Option<Table> = None;
    let mut seen: BTreeMap<Transaction, Record> = BTreeMap::new();
    for (number, row) in (1..).zip(rows) {
        let place = || format!("certificate {number}");
        let row = row.with_context(place)?;
        let table = match &mut table {
            Some(table) => table,
            none => none.insert(Table::of(&row, wanted).with_context(place)?),
        };
        let record = table.check(&row).with_context(place)?;
        let row = record.transaction;
        let before = seen.insert(row, record.clone());
        if before.is_some_and(|before| before != record) {
            bail!("{}: members have signed for two rows {row}: they are not honest", place());
        }
    }
    let table = table.context("there is no row in it")?;
    let (first, last) = seen.keys().next().zip(seen.keys().next_back()).expect("there is a row");
    let network = table.network.to_string();
    let json = json!({
        "proves": "rows",
        "network": network,
        "rows": seen.len(),
        "first": first.number(),
        "last": last.number(),
        "needed": table.dialect.rules().votes_needed(),
        "members": table.members.keys().map(ToString::to_string).collect::<Vec<_>>(),
        "members_hash": table.hash,
        "is_compared": wanted.is_some(),
    });
    let rows = match seen.len() {
        1 => format!("row {first}"),
        many => format!("{many} rows, {first} to {last}"),
    };
    let needed = table.dialect.rules().votes_needed();
    let mut said = String::new();
    writeln!(
        said,
        "{rows}: decided by the signed votes of {needed} or more of {}",
        counted(table.members.len() as u64, "member")
    )?;
    for (member, key) in &table.members {
        let key = key.as_ref().map_or_else(|| "none".to_owned(), |key| hex::encode(&key.0));
        writeln!(said, "member {member} has the key {key}")?;
    }
    writeln!(said, "the hash of the members is {}", table.hash)?;
    if wanted.is_none() {
        let network = escaped(&network);
        writeln!(
            said,
            "the file claims that these are the members of {network}; compare that hash, as with \
             --members"
        )?;
    }
    Ok(Proven { text: said, json })
}

/// The network of all rows in a file.
struct Table {
    network: NetworkConfig,
    dialect: Box<dyn RoundsDialect>,
    members: BTreeMap<PeerId, Option<PublicKey>>,
    /// That of the network and its members, in hexadecimal digits.
    hash: String,
}

impl Table {
    fn of(row: &Certificate, wanted: Option<&str>) -> anyhow::Result<Self> {
        let network = NetworkConfig::from_json(&row.rules.to_string())?;
        let dialect = rounds_dialect(&network);
        let dialect = dialect.with_context(|| format!("{network} has no table that is signed"))?;
        ensure!(
            dialect.rules().signatures != Signatures::None,
            "members of {network} do not sign their votes, so its rows prove nothing to others"
        );
        let members = members(&row.members)?;
        ensure!(
            !members.is_empty(),
            "it names no members: a peer that only watches or came late does not know their keys; \
             take the rows of a member"
        );
        ensure!(
            members.len() == dialect.rules().membership_size(),
            "{network} has {}, and not {}",
            counted(dialect.rules().membership_size() as u64, "member"),
            members.len()
        );
        let hash = hash(&network, &members);
        if let Some(wanted) = wanted {
            ensure!(hash == wanted, "the hash of the members is {hash}, and not {wanted}");
        }
        Ok(Self { network, dialect, members, hash })
    }

    /// Checks a row, and returns it.
    fn check(&self, row: &Certificate) -> anyhow::Result<Record> {
        let network = NetworkConfig::from_json(&row.rules.to_string())?;
        ensure!(network == self.network, "it is of another network than the first one");
        ensure!(members(&row.members)? == self.members, "it has other members than the first one");
        let (rules, verifier) = (self.dialect.rules(), self.dialect.verifier());
        let (certified, needed) = (certified(row)?, rules.votes_needed());
        ensure!(row.needed == needed as u64, "{needed} votes are needed, and not {}", row.needed);
        ensure!(
            row.row.yes == row.votes.len(),
            "it has {}, and not {}",
            counted(row.votes.len() as u64, "vote"),
            row.row.yes
        );
        let audit = Audit { rules, members: &self.members, verifier: &*verifier };
        match audit.check(&certified) {
            Ok(_) => Ok(certified.record),
            Err(Refusal::CertificateTooThin { .. }) => bail!(
                "fewer than {needed} of its votes are signed by different members with their keys"
            ),
            Err(refusal) => Err(refusal.into()),
        }
    }
}

fn members(members: &[MemberKey]) -> anyhow::Result<BTreeMap<PeerId, Option<PublicKey>>> {
    let key = |digits: &str| Ok::<_, anyhow::Error>(PublicKey(bytes(digits)?.into()));
    let mut all = BTreeMap::new();
    for MemberKey { peer, key: digits } in members {
        let before = all.insert(peer.peer(), digits.as_deref().map(key).transpose()?);
        ensure!(before.is_none(), "member {peer} is there twice");
    }
    Ok(all)
}

/// Returns what was decided, and by which votes.
fn certified(row: &Certificate) -> anyhow::Result<CertifiedRecord> {
    let starts =
        u64::from_str_radix(&row.starts, 16).context("starts are 16 hexadecimal digits")?;
    let votes = row.votes.iter().map(|vote| {
        let signature = vote.signature.as_deref().map(bytes).transpose()?;
        Ok((vote.voter.peer(), signature.map(|bytes| Signature::new(bytes.into()))))
    });
    Ok(CertifiedRecord {
        record: Record {
            transaction: row.row.transaction,
            difficulty: row.row.challenge,
            seed: row.row.seed.clone(),
            winner: row.row.winner.peer(),
        },
        term: Term::new(row.term),
        votes: votes.collect::<anyhow::Result<_>>()?,
        noes: row.row.no,
        starts: StartsDigest(starts),
    })
}

fn bytes(digits: &str) -> anyhow::Result<Vec<u8>> {
    hex::decode(digits).ok().context("not hexadecimal digits")
}

/// Returns the hash of a network and its members with their keys, in hexadecimal digits.
fn hash(network: &NetworkConfig, members: &BTreeMap<PeerId, Option<PublicKey>>) -> String {
    let mut engine = sha256::Hash::engine();
    engine.input(b"althing members 1\n");
    engine.input(&network.hash());
    for (member, key) in members {
        let key = key.as_ref().map_or(&[][..], |key| &key.0);
        engine.input(&member.number().to_be_bytes());
        engine.input(&(key.len() as u64).to_be_bytes());
        engine.input(key);
    }
    sha256::Hash::from_engine(engine).to_string()
}
