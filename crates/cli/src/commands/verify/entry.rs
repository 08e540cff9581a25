//! What ties an entry to the hash of a block, and what work was done for that hash.

use std::fmt::Write;

use althing_api::{EntryProof, Evidence};
use althing_dialect::{NetworkConfig, chain_dialect};
use althing_feed::{entry_author, entry_text};
use althing_ledger::merkle::MerkleProof;
use althing_ledger::{Block, Entry, Ledger, NativeBlock, Target};
use althing_text::hex;
use althing_text::terminal::escaped;
use althing_types::BlockHash;
use anyhow::{Context, bail, ensure};
use bitcoin::block::Header;
use bitcoin::consensus::encode::deserialize;
use serde_json::json;

use super::Proven;

/// Checks that an entry is in a block, of the hash that it must have, if one is given.
pub(super) fn prove(proof: &EntryProof, wanted: Option<BlockHash>) -> anyhow::Result<Proven> {
    let Shown { network, hash, text, author, target, shows_height } = shown(proof)?;
    if let Some(wanted) = wanted {
        ensure!(hash == wanted, "the hash of the block is {hash}, and not {wanted}");
    }
    let EntryProof { height, place, .. } = proof;
    let json = json!({
        "proves": "entry",
        "network": network.to_string(),
        "hash": hash.to_string(),
        "height": height,
        "height_is_hashed": shows_height,
        "place": place,
        "entry": text,
        "author": author,
        "hashes": target.work().hashes().to_string(),
        "is_compared": wanted.is_some(),
    });
    let by = author.map_or_else(String::new, |author| format!(", signed by {author}"));
    let (network, text) = (network.to_string(), escaped(&text));
    let network = escaped(&network);
    let hashes = match target.work().hashes() {
        1 => "1 hash".to_owned(),
        hashes => format!("{hashes} hashes"),
    };
    let claimed = match shows_height {
        true => format!("that it is a block of {network}"),
        false => format!("that it is block {height} of {network}"),
    };
    let mut said = String::new();
    writeln!(said, "entry {place} of the block {hash} is \"{text}\"{by}")?;
    if shows_height {
        writeln!(said, "the block says that its height is {height}")?;
    }
    writeln!(said, "a block with so low a hash takes {hashes} on average")?;
    if wanted.is_none() {
        writeln!(said, "the file claims {claimed}; compare the hash, as with --hash")?;
    }
    Ok(Proven { text: said, json })
}

/// What a proof shows, and the network that it claims.
struct Shown {
    network: NetworkConfig,
    hash: BlockHash,
    text: String,
    /// Who has signed the entry, where entries are signed.
    author: Option<String>,
    target: Target,
    /// Whether the height is in what is hashed.
    shows_height: bool,
}

/// Checks a proof, and returns what it shows.
fn shown(proof: &EntryProof) -> anyhow::Result<Shown> {
    let network = NetworkConfig::from_json(&proof.rules.to_string())?;
    let dialect =
        chain_dialect(&network).with_context(|| format!("{network} has a table and no chain"))?;
    let bytes = |digits: &str| hex::decode(digits).ok().context("not hexadecimal digits");
    let entry = Entry::new(bytes(&proof.entry)?);
    let (hash, target, shows_height) = match &proof.evidence {
        Evidence::Header { header, leaf, beside } => {
            let header: Header = deserialize(&bytes(header)?).context("not a header")?;
            let beside = beside
                .iter()
                .map(|hash| bytes(hash)?.try_into().ok().context("a hash has 32 bytes"));
            let beside = beside.collect::<anyhow::Result<_>>()?;
            // The first leaf is the coinbase.
            ensure!(proof.place.checked_add(1) == Some(*leaf), "the entry has another place");
            let path = MerkleProof { index: usize::try_from(*leaf)?, beside };
            ensure!(
                NativeBlock::is_proven(&header, &entry, &path),
                "the path does not lead from the entry to the header"
            );
            let ledger = Ledger::new(dialect.rules().chain.clone(), dialect.application());
            ledger.check_entry(&entry).context("the entry is none of such a network")?;
            (Block::hash_of_header(&header), Target::AtMost(header.bits), false)
        }
        Evidence::Certificate { .. } => bail!("an assembly has members instead of work"),
        Evidence::Block { block, previous } => {
            let block = dialect.decode_block(&bytes(block)?)?;
            let place = usize::try_from(proof.place)?;
            ensure!(block.entries().get(place) == Some(&entry), "the entry is not in the block");
            ensure!(block.height().number() == proof.height, "the block has another height");
            let previous = previous.as_deref().map(str::parse::<BlockHash>).transpose()?;
            if let Block::Cs60(block) = &block {
                ensure!(block.parent == previous, "the block follows another one");
            }
            let target = dialect.rules().chain.difficulty.stated(&block);
            let target = target.context("the block states no difficulty")?;
            (block.hash_after(previous.as_ref()), target, true)
        }
    };
    ensure!(hash.to_string() == proof.hash, "the hash of the block is {hash}");
    ensure!(
        target.is_met_by(&hash) && dialect.rules().chain.difficulty.is_hard_enough(target),
        "the hash of the block takes no such work"
    );
    let (text, author) = (entry_text(&entry), entry_author(&entry));
    Ok(Shown { network, hash, text, author, target, shows_height })
}
