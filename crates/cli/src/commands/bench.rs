//! How fast things are, on this machine.
//!
//! | file | question |
//! | --- | --- |
//! | `assembly` | how fast is an assembly, and what does a dead member cost it? |
//! | `chain` | how fast is a chain fetched, and a block spread? |
//! | `figures` | how are the figures printed? |
//! | `http` | what do requests cost a running network? |
//! | `pow` | how fast is each search kernel? |
//! | `processor` | what is the processor called? |
//! | `rounds` | how many rounds are decided per second? |

mod assembly;
mod chain;
mod figures;
mod http;
mod pow;
mod processor;
mod rounds;

use clap::{Args, Subcommand};

/// Measure how fast things go on this machine.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Rounds(Box<rounds::Arguments>),
    Chain(chain::Arguments),
    Assembly(assembly::Arguments),
    Http(http::Arguments),
    Pow(pow::Arguments),
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.what {
        What::Rounds(arguments) => rounds::run(*arguments),
        What::Chain(arguments) => chain::run(&arguments),
        What::Assembly(arguments) => assembly::run(&arguments),
        What::Http(arguments) => http::run(&arguments),
        What::Pow(arguments) => {
            crate::signals::end_on_signals()?;
            pow::run(&arguments)
        }
    }
}
