//! The chain of an assembly, whose blocks are checked by its charter and not by rules that others
//! have.

use std::path::Path;

use anyhow::ensure;

use crate::committed::stored;

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
