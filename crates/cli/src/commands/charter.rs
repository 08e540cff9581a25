//! The charter of an assembly: founded, joined, signed, read.
//!
//! | file | question |
//! | --- | --- |
//! | `founding` | how is a charter begun, and how do members join and sign? |
//! | `showing` | what does it say, and is it ready? |

mod founding;
mod showing;

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(super) use self::founding::{Founding, admit, member, write};

/// Found an assembly, join it and sign its charter.
///
/// A charter is a file that people can read: what the assembly is called, who its members are, with
/// their public keys, and what they have agreed on. It is passed around until all have joined, and
/// then until all have signed. Its hash is the id of the chain, and every signature of a member
/// covers it: so a charter that differs in anything is another network.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing charter new club.toml --network club --name ann --key ann.key\n  \
    althing charter join club.toml --name bob --key bob.key\n  \
    althing charter show club.toml\n  \
    althing charter sign club.toml --key ann.key --data ./ann\n  \
    althing charter check club.toml\n\n\
    For an assembly on one machine, see althing init --help.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    New(founding::New),
    Join(founding::Join),
    Sign(founding::Sign),
    Show(showing::Show),
    Check(showing::Check),
}

/// The file with a charter.
#[derive(Args, Debug)]
struct CharterFile {
    /// The file with the charter.
    #[arg(value_name = "CHARTER")]
    charter: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.command {
        Command::New(new) => founding::new(new),
        Command::Join(join) => founding::join(join),
        Command::Sign(sign) => founding::sign(sign),
        Command::Show(show) => showing::show(show),
        Command::Check(check) => showing::check(check),
    }
}
