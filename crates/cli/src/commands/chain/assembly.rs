//! The chain of an assembly, whose blocks are checked by its charter and not by rules that others
//! have.

use std::path::Path;

use althing_api::{Client, Entry};
use althing_dialect::NetworkConfig;
use althing_engine::simplex::Durable;
use althing_feed::{entry_author, entry_text};
use althing_store::Store;
use anyhow::{Context, ensure};

use crate::asking::{Asking, Pages, Place, if_running};

/// The entries of a chain, as they are read.
pub(super) type Entries<'a> = Box<dyn Iterator<Item = anyhow::Result<Entry>> + 'a>;

/// Returns the entries that are committed at a peer of an assembly, whether it runs or not; `None`
/// if it is of another network.
pub(super) fn entries<'a>(
    place: &Place,
    asking: &'a Asking,
) -> anyhow::Result<Option<Entries<'a>>> {
    match if_running(asking.wait(Client::node)) {
        Ok(Some(node)) if node.network.as_deref() == Some("assembly") => {
            let pages = Pages::first(|from| asking.wait(|peer| peer.entries(from)))?;
            let pages = pages.context("the peer has left meanwhile")?;
            Ok(Some(Box::new(pages)))
        }
        Ok(Some(_)) => Ok(None),
        // Another user may read what the peer has kept, and not ask it.
        Err(error) if !error.is_permission_denied() => Err(error.into()),
        Ok(None) | Err(_) => Ok(place.dir().and_then(stored).map(|store| {
            let blocks = store.all_entries();
            let entries = blocks.flat_map(|block| match block {
                Ok((height, committed)) => of_block(height, &committed.block.entries),
                Err(error) => vec![Err(error.into())],
            });
            Box::new(entries) as Entries<'_>
        })),
    }
}

fn of_block(height: u64, entries: &[althing_ledger::Entry]) -> Vec<anyhow::Result<Entry>> {
    let shown = |(place, entry): (u64, &althing_ledger::Entry)| {
        Ok(Entry { height, place, text: entry_text(entry), author: entry_author(entry) })
    };
    (0..).zip(entries).map(shown).collect()
}

/// Returns the store of a peer of an assembly, if that is what is in a directory.
fn stored(dir: &Path) -> Option<Store<Durable>> {
    // One of another network has cells of other names, and does not open.
    let store = Store::<Durable>::open_to_read(dir).ok()?;
    let identity = store.identity().ok()??;
    let network = NetworkConfig::from_json(&identity.network).ok()?;
    matches!(network, NetworkConfig::Assembly { .. }).then_some(store)
}

/// Fails if `dir` is that of a peer of an assembly, of which a command cannot read the blocks.
pub(super) fn refuse(dir: &Path) -> anyhow::Result<()> {
    ensure!(
        stored(dir).is_none(),
        "{} is of a peer of an assembly, whose blocks its charter vouches for; althing chain get \
         shows its entries",
        dir.display()
    );
    Ok(())
}
