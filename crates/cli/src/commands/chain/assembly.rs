//! The chain of an assembly, whose blocks are checked by its charter: shown, verified and exported.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use althing_api::Client;
use althing_chain_file::{AssemblyReader, CertifiedBlock, write_assembly};
use althing_dialect::Codec;
use althing_dialect::assembly::Assembly;
use althing_engine::simplex::Durable;
use althing_feed::{entry_author, entry_text};
use althing_ledger::assembly::{Audit, Audited, Seal};
use althing_ledger::charter::{ChainId, Charter, MemberIndex};
use althing_ledger::{Entry, NativeBlock, SignedEntry};
use althing_store::Store;
use althing_text::counted;
use althing_text::terminal::{escaped, escaped_json};
use althing_types::{PeerKey, View};
use anyhow::{Context, ensure};
use serde_json::json;

use super::spool::Spool;
use super::telling::{Telling, invalid, rounded};
use crate::asking::{Asking, if_running};
use crate::committed::{dialect_of, stored};

/// The chain of an assembly, as a peer has it or a file says it.
pub(super) struct Kept {
    dialect: Arc<Assembly>,
    source: Source,
    length: u64,
}

enum Source {
    Stored(Store<Durable>),
    /// That of a running peer, at one moment.
    Running(Spool),
    File(AssemblyReader<BufReader<File>>),
}

type Blocks<'a> = Box<dyn Iterator<Item = anyhow::Result<CertifiedBlock>> + 'a>;

impl Kept {
    /// Returns the chain of the peer in `dir`: if it runs, it is asked, and otherwise its store is
    /// read; `None` if it is of another network.
    pub(super) fn open(dir: &Path) -> anyhow::Result<Option<Self>> {
        let asking = Asking::in_dir(dir)?;
        match if_running(asking.wait(Client::node)) {
            Ok(Some(node)) if node.network.as_deref() == Some("assembly") => {
                let charter = Charter::read(&asking.wait(Client::charter)?.document)?;
                let dialect = Arc::new(Assembly::new(Arc::new(charter), "")?);
                let spool = Spool::of_running(&asking)?;
                let length = spool.length();
                Ok(Some(Self { dialect, source: Source::Running(spool), length }))
            }
            Ok(Some(_)) => Ok(None),
            // Another user may read what the peer has kept, and not ask it.
            Err(error) if !error.is_permission_denied() => Err(error.into()),
            Ok(None) | Err(_) => stored(dir)?
                .map(|store| {
                    let dialect = Arc::new(dialect_of(dir, None, &store)?);
                    let range = store.recovered().log;
                    let length = range.end - range.start;
                    Ok(Self { dialect, source: Source::Stored(store), length })
                })
                .transpose(),
        }
    }

    /// Returns the chain in a file; `None` if it is of another network.
    pub(super) fn of_file(path: &Path) -> anyhow::Result<Option<Self>> {
        let in_file = || path.display().to_string();
        let file = File::open(path).with_context(in_file)?;
        let reader = AssemblyReader::new(BufReader::new(file)).with_context(in_file)?;
        let Some(reader) = reader else { return Ok(None) };
        let dialect = Assembly::new(Arc::clone(reader.charter()), "").with_context(in_file)?;
        let (dialect, length) = (Arc::new(dialect), reader.blocks());
        Ok(Some(Self { dialect, source: Source::File(reader), length }))
    }

    /// Returns the blocks, without the genesis. Those of a file can be read once.
    fn blocks(&mut self) -> anyhow::Result<Blocks<'_>> {
        Ok(match &mut self.source {
            Source::Stored(store) => Box::new(store.all_entries().map(|entry| {
                let (_, committed) = entry?;
                let (block, certificate) = (committed.block, committed.finalization);
                Ok(CertifiedBlock { block, certificate })
            })),
            Source::Running(spool) => Box::new(
                (1..)
                    .zip(spool.lines()?)
                    .map(|(number, line)| Ok(CertifiedBlock::of_line(line?.as_bytes(), number)?)),
            ),
            Source::File(reader) => {
                Box::new(std::iter::from_fn(|| reader.block().map_err(Into::into).transpose()))
            }
        })
    }

    fn name(&self, index: MemberIndex) -> String {
        name_of(self.dialect.charter(), index)
    }
}

fn name_of(charter: &Charter, index: MemberIndex) -> String {
    charter.member(index).map_or_else(|| index.to_string(), |member| member.name.to_string())
}

/// Checks every block from the genesis on, and the certificates that commit them.
pub(super) fn verify(kept: &mut Kept, given: Option<ChainId>, as_json: bool) -> anyhow::Result<()> {
    let begin = Instant::now();
    let network = kept.dialect.network();
    let audited = check(kept, given);
    let seconds = begin.elapsed().as_secs_f64();
    let audited = match audited {
        Ok(audited) => audited,
        Err(error) => {
            if as_json {
                let line = invalid(&network, &error, seconds).to_string();
                writeln!(io::stdout(), "{}", escaped_json(&line))?;
            }
            return Err(error);
        }
    };
    let charter = kept.dialect.charter();
    let members: Vec<String> = charter.members().map(|(index, _)| kept.name(index)).collect();
    let Audited { height, hash, entries, certificates, .. } = audited;
    let (height, chain, quorum) = (height.number(), kept.dialect.chain(), charter.quorum());
    if as_json {
        let line = json!({
            "network": network.to_string(),
            "valid": true,
            "blocks": height,
            "tip": hash.to_string(),
            "entries": entries,
            "certificates": certificates,
            "members": members,
            "needed": quorum,
            "charter": chain.to_string(),
            "is_compared": given.is_some(),
            "seconds": rounded(seconds),
        });
        return Ok(writeln!(io::stdout(), "{}", escaped_json(&line.to_string()))?);
    }
    let are = if height == 1 { "is" } else { "are" };
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} after the genesis of {}, with {}, {are} valid and committed, in {seconds:.3} s",
        counted(height, "block"),
        escaped(&network.to_string()),
        counted(entries, "entry")
    )?;
    writeln!(
        out,
        "{} by a certificate of their own, {} by that of a later block",
        certificates,
        height - certificates
    )?;
    writeln!(out, "the last is {hash}")?;
    writeln!(out, "members: {}; {quorum} decide", escaped(&members.join(", ")))?;
    if given.is_none() {
        writeln!(out, "the charter was taken from there as well; compare it, as with --charter")?;
    }
    Ok(())
}

fn check(kept: &mut Kept, given: Option<ChainId>) -> anyhow::Result<Audited> {
    let chain = kept.dialect.chain();
    if let Some(given) = given {
        ensure!(
            chain == given,
            "it is of another assembly: the hash of its charter is {chain}, and not {given}"
        );
    }
    let charter = Arc::clone(kept.dialect.charter());
    let mut audit = Audit::new(charter, kept.dialect.application());
    let mut telling = Telling::of(kept.length);
    for certified in kept.blocks()? {
        let CertifiedBlock { block, certificate } = certified?;
        let height = audit.next();
        let checked = audit.check(&block, certificate.as_ref());
        checked.with_context(|| format!("block {height} is invalid"))?;
        telling.tell(height.number())?;
    }
    telling.finish()?;
    let finished = audit.finish();
    finished
        .map_err(|(height, problem)| anyhow::Error::new(problem).context(format!("block {height}")))
}

/// Shows the blocks of some heights, each with the block whose certificate commits it.
pub(super) fn show(
    kept: &mut Kept,
    shown: &RangeInclusive<u64>,
    as_json: bool,
) -> anyhow::Result<()> {
    let charter = Arc::clone(kept.dialect.charter());
    let mut out = BufWriter::new(io::stdout().lock());
    // Those that were committed with a block after them.
    let mut waiting: Vec<NativeBlock> = Vec::new();
    for certified in kept.blocks()? {
        let CertifiedBlock { block, certificate } = certified?;
        let height = block.coinbase.height.number();
        if shown.contains(&height) {
            waiting.push(block);
        }
        if certificate.is_some() {
            for block in waiting.drain(..) {
                write(&charter, &block, Some(height), as_json, &mut out)?;
            }
        }
        if height > *shown.end() && waiting.is_empty() {
            break;
        }
    }
    for block in waiting {
        write(&charter, &block, None, as_json, &mut out)?;
    }
    Ok(out.flush()?)
}

fn write(
    charter: &Charter,
    block: &NativeBlock,
    committed_by: Option<u64>,
    as_json: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let seal = Seal::of(block);
    let (view, maker) = (seal.map(|seal| seal.view), seal.map(|seal| name_of(charter, seal.maker)));
    let (height, hash) = (block.coinbase.height.number(), block.hash());
    let author = |entry: &Entry| {
        let signed = SignedEntry::decode(entry).ok()?;
        let index = charter.index_of(&PeerKey::from_bytes(signed.author))?;
        Some(name_of(charter, index))
    };
    if as_json {
        let line = json!({
            "height": height,
            "hash": hash.to_string(),
            "view": view.map(View::number),
            "miner": maker,
            "committed_by": committed_by,
            "time": block.header.time,
            "entries": block.entries.iter().map(entry_text).collect::<Vec<_>>(),
            "authors": block.entries.iter().map(entry_author).collect::<Vec<_>>(),
            "names": block.entries.iter().map(author).collect::<Vec<_>>(),
        });
        return Ok(writeln!(out, "{}", escaped_json(&line.to_string()))?);
    }
    let maker = maker.unwrap_or_default();
    let view = view.map_or_else(String::new, |view| view.to_string());
    write!(out, "{height:>8}  {hash}  view {view} by {}, ", escaped(&maker))?;
    match committed_by {
        Some(by) if by == height => write!(out, "with a certificate")?,
        Some(by) => write!(out, "committed by the certificate of block {by}")?,
        None => write!(out, "whose certificate is not here yet")?,
    }
    // What strangers have written must not reach the terminal as it is.
    for entry in &block.entries {
        let by = author(entry).or_else(|| entry_author(entry)).unwrap_or_default();
        write!(out, "  {:?} by {}", entry_text(entry), escaped(&by))?;
    }
    Ok(writeln!(out)?)
}

/// Writes the chain with its charter, to be verified anywhere.
pub(super) fn export(kept: &mut Kept, out: &mut dyn Write) -> anyhow::Result<()> {
    let (dialect, length) = (Arc::clone(&kept.dialect), kept.length);
    let mut out = BufWriter::new(out);
    let lines = kept.blocks()?.map(|block| Ok::<_, anyhow::Error>(block?.to_line(&dialect)));
    write_assembly(&dialect, length, lines, &mut out)?;
    Ok(out.flush()?)
}
