//! What shows others that an entry is in a block, as a running peer has it.

use std::io::{self, Write};

use clap::Args;

use crate::asking::Place;

/// Write what proves that an entry is in a block, for althing verify.
///
/// In an assembly, althing prove finds the entry by its hash.
#[derive(Args)]
#[command(after_help = "Example:\n  \
    althing chain prove --data ./peer-1 7 > proof.json\n  \
    althing verify proof.json")]
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

pub(super) fn prove(arguments: &Prove) -> anyhow::Result<()> {
    let Prove { place, height, entry } = arguments;
    let proof = place.asking()?.wait(|peer| peer.proof(*height, *entry))?;
    Ok(writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&proof)?)?)
}
