//! The chain that a peer has kept.
//!
//! | file | question |
//! | --- | --- |
//! | `assembly` | how is the chain of an assembly shown, verified and exported? |
//! | `file` | how is a chain exported and imported? |
//! | `proof` | what shows others that an entry is in a block, as a running peer has it? |
//! | `running` | how is a running peer asked, and given an entry? |
//! | `show` | how is a chain printed? |
//! | `spool` | how is the whole chain of a running peer read, whatever its length? |
//! | `telling` | what are a person and a script told of a verification? |
//! | `verification` | how is a chain verified, with progress? |

mod assembly;
mod file;
mod proof;
mod running;
mod show;
mod spool;
mod telling;
mod verification;

use clap::{Args, Subcommand};

/// Show, verify, export and import the chain of a peer, add to it, and prove what is in it.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing chain verify --data ./peer-1\n  \
    althing chain export --data ./peer-1 chain.jsonl\n  \
    althing chain import --data ./peer-2 chain.jsonl\n  \
    althing chain add --data ./voter-1 '{\"voter\": \"ann\", \"choice\": \"yes\"}'")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Show(show::Arguments),
    Verify(verification::Arguments),
    Export(file::Export),
    Import(file::Import),
    Get(running::Get),
    Prove(proof::Prove),
    Add(running::Add),
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    crate::signals::end_on_signals()?;
    match &arguments.command {
        Command::Show(arguments) => show::run(arguments),
        Command::Verify(arguments) => verification::run(arguments),
        Command::Export(arguments) => file::export(arguments),
        Command::Import(arguments) => file::import(arguments),
        Command::Get(arguments) => running::get(arguments),
        Command::Prove(arguments) => proof::prove(arguments),
        Command::Add(arguments) => running::add(arguments),
    }
}
