//! What members of a charter have signed, and what leads from there to an entry.

use std::fmt::Write;

use althing_api::{EntryProof, Evidence};
use althing_dialect::NetworkConfig;
use althing_dialect::assembly::fields;
use althing_feed::entry_text;
use althing_ledger::assembly::{CommitProof, Proven as Committed};
use althing_ledger::charter::{ChainId, Charter, MemberIndex};
use althing_ledger::merkle::{MerkleHash, MerkleProof};
use althing_ledger::{Block, Coinbase, Entry, Header};
use althing_text::terminal::escaped;
use althing_text::{counted, hex};
use althing_types::{BlockHash, PeerKey};
use anyhow::{Context, bail, ensure};
use serde_json::json;

use super::Proven;
use crate::output::time_text;

/// Checks that a quorum has committed an entry, under the charter that was given, if one was, and
/// in the block of this hash, if one was given.
pub(super) fn prove(
    proof: &EntryProof,
    given: Option<ChainId>,
    wanted: Option<BlockHash>,
) -> anyhow::Result<Proven> {
    let (charter, commit) = decode(proof)?;
    let chain = charter.chain_id();
    if let Some(given) = given {
        ensure!(
            chain == given,
            "it is of another assembly: the hash of its charter is {chain}, and not {given}"
        );
    }
    let network = NetworkConfig::Assembly { network: charter.network.to_string(), chain };
    ensure!(
        NetworkConfig::from_json(&proof.rules.to_string())? == network,
        "it says that it is of another network than that of its charter, {network}"
    );
    let committed = commit.verify(&charter, &chain)?;
    check_told(proof, &committed)?;
    if let Some(wanted) = wanted {
        let hash = committed.hash;
        ensure!(hash == wanted, "the hash of the block is {hash}, and not {wanted}");
    }
    let is_compared = given.is_some();
    let text = said(&charter, &commit, &committed, is_compared)?;
    let name = |index: &MemberIndex| charter.member(*index).map(|member| member.name.to_string());
    let signers: Vec<_> = commit.finalization.signatures.iter().map(|(who, _)| name(who)).collect();
    let author = PeerKey::from_bytes(committed.entry.author);
    let json = json!({
        "proves": "entry",
        "network": charter.network.to_string(),
        "chain": chain.to_string(),
        "hash": committed.hash.to_string(),
        "height": committed.height.number(),
        "view": committed.view.number(),
        "time": committed.time.seconds(),
        "place": committed.place,
        "entry": entry_text(&commit.entry),
        "entry_hash": hash_of(&commit.entry),
        "application": committed.entry.application,
        "author": author.to_string(),
        "name": charter.index_of(&author).as_ref().and_then(name),
        "signed_by": signers,
        "needed": charter.quorum(),
        "members": charter.members.len(),
        "is_compared": is_compared,
    });
    Ok(Proven { text, json })
}

/// Checks what the file says besides what is proven.
fn check_told(proof: &EntryProof, committed: &Committed) -> anyhow::Result<()> {
    let Committed { hash, height, place, .. } = committed;
    ensure!(proof.height == height.number(), "the height of the block is {height}");
    ensure!(proof.hash == hash.to_string(), "the hash of the block is {hash}");
    ensure!(proof.place == *place as u64, "the place of the entry in the block is {place}");
    Ok(())
}

/// Returns what was shown, for people.
fn said(
    charter: &Charter,
    commit: &CommitProof,
    committed: &Committed,
    is_compared: bool,
) -> anyhow::Result<String> {
    let Committed { hash, height, view, time, place, entry, .. } = committed;
    let network = charter.network.to_string();
    let name = |index: MemberIndex| {
        let member = charter.member(index);
        member.map_or_else(|| index.to_string(), |member| member.name.to_string())
    };
    let author = PeerKey::from_bytes(entry.author);
    let by = match charter.index_of(&author) {
        Some(index) => format!("{} ({author})", name(index)),
        None => format!("{author}, who is no member"),
    };
    let text = entry_text(&commit.entry);
    let (place, time) = (place + 1, time_text(*time));
    let mut said = String::new();
    writeln!(said, "entry {} is \"{}\"", hash_of(&commit.entry), escaped(&text))?;
    writeln!(said, "signed by {}", escaped(&by))?;
    writeln!(
        said,
        "committed in {} as entry {place} of block {height}, view {view}, at {time}",
        escaped(&network)
    )?;
    writeln!(said, "the hash of the block is {hash}")?;
    let signers = commit.finalization.signatures.iter().map(|(who, _)| name(*who));
    let later = match commit.headers.len() as u64 {
        0 => String::new(),
        more => format!(", with {} after it", counted(more, "block")),
    };
    writeln!(
        said,
        "finalized{later} by {} of {}: {}",
        charter.quorum(),
        counted(charter.members.len() as u64, "member"),
        escaped(&signers.collect::<Vec<_>>().join(", "))
    )?;
    if !is_compared {
        writeln!(said, "the file has this charter, {}, with the members:", charter.chain_id())?;
        for (_, member) in charter.members() {
            writeln!(said, "  {}  {}", member.key, escaped(member.name.as_str()))?;
        }
        writeln!(
            said,
            "nothing here shows that it is the charter of your assembly; compare its hash, as with \
             --charter"
        )?;
    }
    Ok(said)
}

/// Returns the hash by which an entry is found.
fn hash_of(entry: &Entry) -> String {
    hex::encode(&entry.leaf())
}

/// Reads the parts of a proof.
fn decode(proof: &EntryProof) -> anyhow::Result<(Charter, CommitProof)> {
    let Evidence::Certificate {
        charter,
        header,
        leaf,
        beside,
        coinbase,
        branch,
        headers,
        certificate,
    } = &proof.evidence
    else {
        bail!("it is no proof of an assembly");
    };
    let charter = Charter::read(charter).context("the charter in it")?;
    let entry = Entry::new(bytes(&proof.entry)?);
    let path = MerkleProof { index: usize::try_from(*leaf)?, beside: hashes(beside)? };
    let coinbase = Coinbase::decode(&bytes(coinbase)?).context("not a coinbase")?;
    let headers = headers.iter().map(|header| header_of(header));
    let finalization = fields::decode_certificate(&bytes(certificate)?)?;
    let commit = CommitProof {
        entry,
        path,
        coinbase,
        branch: hashes(branch)?,
        header: header_of(header)?,
        headers: headers.collect::<anyhow::Result<_>>()?,
        finalization,
    };
    Ok((charter, commit))
}

fn bytes(digits: &str) -> anyhow::Result<Vec<u8>> {
    hex::decode(digits).ok().context("not hexadecimal digits")
}

fn hashes(all: &[String]) -> anyhow::Result<Vec<MerkleHash>> {
    let hash = |digits: &String| bytes(digits)?.try_into().ok().context("a hash has 32 bytes");
    all.iter().map(hash).collect()
}

fn header_of(digits: &str) -> anyhow::Result<Header> {
    let bytes: [u8; 80] = bytes(digits)?.try_into().ok().context("a header has 80 bytes")?;
    Ok(Block::header_from_bytes(&bytes))
}
