//! The chain of a peer of an assembly: asked of the peer if it runs, and otherwise read from its
//! directory.

use std::path::Path;
use std::sync::Arc;

use althing_api::{Client, Entry};
use althing_dialect::NetworkConfig;
use althing_dialect::assembly::Assembly;
use althing_engine::simplex::Durable;
use althing_http::entry_as_told;
use althing_ledger::charter::Charter;
use althing_ledger::{Block, SignedEntry};
use althing_store::Store;
use althing_types::PeerKey;
use anyhow::{Context, ensure};

use crate::asking::{Asking, Pages, Place, if_running};
use crate::charter_file;
use crate::member::CHARTER_FILE;

/// The entries of a chain, as they are read.
pub(crate) type Entries<'a> = Box<dyn Iterator<Item = anyhow::Result<Entry>> + 'a>;

/// Returns the entries that are committed at a peer of an assembly, from those of the block at a
/// height on, whether it runs or not; `None` if it is of another network.
pub(crate) fn entries<'a>(
    place: &Place,
    asking: &'a Asking,
    from: u64,
) -> anyhow::Result<Option<Entries<'a>>> {
    match if_running(asking.wait(Client::node)) {
        Ok(Some(node)) if node.network.as_deref() == Some("assembly") => {
            let pages = Pages::from(from, |from| asking.wait(|peer| peer.entries(from)))?;
            let pages = pages.context("the peer has left meanwhile")?;
            Ok(Some(Box::new(pages)))
        }
        Ok(Some(_)) => Ok(None),
        // Another user may read what the peer has kept, and not ask it.
        Err(error) if !error.is_permission_denied() => Err(error.into()),
        Ok(None) | Err(_) => {
            let Some(dir) = place.dir() else { return Ok(None) };
            let charter = charter_file::read(&dir.join(CHARTER_FILE)).ok();
            Ok(stored(dir)?.map(|store| stored_entries(&store, charter, from)))
        }
    }
}

/// Returns the store in a directory; `None` if it is that of a peer of another network, or of one
/// that has never run.
pub(crate) fn stored(dir: &Path) -> anyhow::Result<Option<Store<Durable>>> {
    let store = Store::<Durable>::open_to_read(dir)?;
    let Some(identity) = store.identity()? else { return Ok(None) };
    let network = NetworkConfig::from_json(&identity.network);
    Ok(matches!(network, Ok(NetworkConfig::Assembly { .. })).then_some(store))
}

/// Returns the assembly of a charter, that in the directory of a peer unless another file is named,
/// and checks that `store` is of the same.
pub(crate) fn dialect_of(
    dir: &Path,
    named: Option<&Path>,
    store: &Store<Durable>,
) -> anyhow::Result<Assembly> {
    let path = named.map_or_else(|| dir.join(CHARTER_FILE), Path::to_owned);
    let charter = charter_file::read(&path);
    let charter = match named {
        Some(_) => charter?,
        None => charter.context(
            "the charter of a peer that does not run is read from its directory; name it with \
             --charter, or start the peer",
        )?,
    };
    let dialect = Assembly::new(Arc::new(charter), "")?;
    let ours = store.identity()?.context("no peer has run there")?.network;
    let theirs = althing_dialect::Codec::network(&dialect).to_json();
    ensure!(
        ours == theirs,
        "{} is not the charter of the assembly whose chain is in {}",
        path.display(),
        dir.display()
    );
    Ok(dialect)
}

/// Returns the entries of a peer that does not run, with the names that a charter has.
fn stored_entries(store: &Store<Durable>, charter: Option<Charter>, from: u64) -> Entries<'static> {
    let name = move |signed: &SignedEntry| {
        let charter = charter.as_ref()?;
        let index = charter.index_of(&PeerKey::from_bytes(signed.author))?;
        charter.member(index).map(|member| member.name.to_string())
    };
    let blocks = store.all_entries().filter(move |block| {
        // What cannot be read is told.
        block.as_ref().map_or(true, |(height, _)| *height >= from)
    });
    Box::new(blocks.flat_map(move |block| match block {
        Ok((_, committed)) => {
            let block = Block::Native(committed.block);
            let told = |(place, entry)| Ok(entry_as_told(&block, place, entry, &name));
            (0..).zip(block.entries()).map(told).collect()
        }
        Err(error) => vec![Err(error.into())],
    }))
}
