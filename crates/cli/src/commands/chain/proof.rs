//! What shows others that an entry is in a block, whether or not they trust the peer that says so.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use althing_api::{EntryProof, Evidence};
use althing_dialect::{NetworkConfig, chain_dialect};
use althing_feed::{entry_author, entry_text};
use althing_ledger::merkle::MerkleProof;
use althing_ledger::{Block, Entry, Ledger, NativeBlock, Target};
use althing_text::hex;
use althing_text::terminal::escaped;
use althing_types::BlockHash;
use anyhow::{Context, ensure};
use bitcoin::block::Header;
use bitcoin::consensus::encode::deserialize;
use clap::Args;

use crate::asking::Place;

/// Write what proves that an entry is in a block, as a running peer has it.
#[derive(Args)]
#[command(after_help = "Example:\n  althing chain prove --data ./peer-1 7 > proof.json")]
pub(super) struct Prove {
    #[command(flatten)]
    place: Place,

    /// The height of the block.
    #[arg(value_name = "HEIGHT")]
    height: u64,

    /// The place of the entry in the block, from 0 on.
    #[arg(value_name = "PLACE", default_value_t = 0)]
    entry: u64,
}

/// Check such a proof: that the entry is in a block with this hash, and that work was done for it.
///
/// This asks no peer, and a file can claim any network. What it is worth hangs on the hash: give
/// --hash that of the block in the chain of a peer that you trust, as althing chain show has it.
#[derive(Args)]
#[command(after_help = "Example:\n  \
    althing chain check proof.json\n  \
    althing chain check proof.json --hash \"$(cat hash.txt)\"")]
pub(super) struct Check {
    /// The hash that the block must have.
    #[arg(long, value_name = "HASH")]
    hash: Option<BlockHash>,

    /// The proof; - is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// The longest proof that is read, in bytes: a block in hexadecimal digits is shorter.
const PROOF_BYTES_MAX: u64 = 64 << 20;

pub(super) fn prove(arguments: &Prove) -> anyhow::Result<()> {
    let Prove { place, height, entry } = arguments;
    let proof = place.asking()?.wait(|peer| peer.proof(*height, *entry))?;
    Ok(writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&proof)?)?)
}

pub(super) fn check(arguments: &Check) -> anyhow::Result<()> {
    let file = &arguments.file;
    let is_input = file == Path::new("-");
    let named = || if is_input { "standard input".to_owned() } else { file.display().to_string() };
    let from: Box<dyn Read> = match is_input {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(file).with_context(named)?),
    };
    let from = BufReader::new(from.take(PROOF_BYTES_MAX));
    let proof: EntryProof = serde_json::from_reader(from).with_context(named)?;
    let Proven { network, hash, text, author, target, shows_height } =
        proven(&proof).with_context(named)?;
    if let Some(wanted) = arguments.hash {
        ensure!(hash == wanted, "{}: the hash of the block is {hash}, and not {wanted}", named());
    }
    let by = author.map_or_else(String::new, |author| format!(", signed by {author}"));
    let EntryProof { height, place, .. } = &proof;
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
    let mut out = io::stdout().lock();
    writeln!(out, "entry {place} of the block {hash} is \"{text}\"{by}")?;
    if shows_height {
        writeln!(out, "the block says that its height is {height}")?;
    }
    writeln!(out, "a block with so low a hash takes {hashes} on average")?;
    if arguments.hash.is_none() {
        writeln!(out, "the file claims {claimed}; compare the hash, as with --hash")?;
    }
    Ok(())
}

/// What a proof shows, and the network that it claims.
struct Proven {
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
fn proven(proof: &EntryProof) -> anyhow::Result<Proven> {
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
    Ok(Proven { network, hash, text, author, target, shows_height })
}
