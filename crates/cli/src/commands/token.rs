//! The tokens with which the API is asked from other machines.

use std::io::{self, Write};
use std::path::PathBuf;

use althing_http::{Right, Tokens};
use althing_text::terminal::escaped;
use clap::{Args, Subcommand, ValueEnum};

/// Make, list and revoke the tokens with which the API is asked from other machines.
///
/// A server that is started with --tokens FILE follows changes of the file within a second.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing token new --rights read --name ann --tokens tokens.json\n  \
    althing token list --tokens tokens.json\n  \
    althing token revoke ann --tokens tokens.json\n  \
    althing peer --http 0.0.0.0:8443 --tokens tokens.json --http-cert cert.pem --http-key key.pem")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a token, and print it: it is shown this once, and the file has only its hash.
    New {
        /// What its holder may do: see everything, also get entries into the chain, or also do
        /// things to a demo.
        #[arg(long, value_enum)]
        rights: Rights,

        /// What it is called, so that it can be revoked. By default it gets a number.
        #[arg(long)]
        name: Option<String>,

        #[command(flatten)]
        file: TokensFile,
    },
    /// List the names of the tokens, and what their holders may do.
    List {
        #[command(flatten)]
        file: TokensFile,
    },
    /// Revoke a token.
    Revoke {
        /// What it is called.
        name: String,

        #[command(flatten)]
        file: TokensFile,
    },
}

#[derive(Args)]
struct TokensFile {
    /// The file of tokens.
    #[arg(long, value_name = "FILE")]
    tokens: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Rights {
    Read,
    Submit,
    Control,
}

impl From<Rights> for Right {
    fn from(rights: Rights) -> Self {
        match rights {
            Rights::Read => Self::Read,
            Rights::Submit => Self::Submit,
            Rights::Control => Self::Control,
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match &arguments.command {
        Command::New { rights, name, file: TokensFile { tokens: file } } => {
            let add = |tokens: &mut Tokens| tokens.add(name.as_deref(), (*rights).into());
            let secret = Tokens::change(file, add)?;
            writeln!(out, "{secret}")?;
        }
        Command::List { file } => {
            for token in Tokens::read(&file.tokens)?.iter() {
                let (name, rights) = (escaped(&token.name), token.rights.name());
                writeln!(out, "{:<8} {}  {name}", rights, token.made)?;
            }
        }
        Command::Revoke { name, file: TokensFile { tokens: file } } => {
            Tokens::change_there(file, |tokens| tokens.revoke(name))?;
        }
    }
    Ok(out.flush()?)
}
