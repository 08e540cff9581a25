//! One peer. What it does depends on whether its network has rounds or a chain, and so do most of
//! its options.
//!
//! | file | question |
//! | --- | --- |
//! | `assembly` | how does a peer of an assembly run? |
//! | `chain` | how does a peer of a network with a chain run? |
//! | `own_id` | which id does it have there? |
//! | `rounds` | how does a peer of a network with rounds run? |

mod assembly;
pub(super) mod chain;
mod own_id;
pub(super) mod rounds;

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command};

use crate::chain_network::{ChainName, ChainNetwork, Meeting};
use crate::connection::Connection;
use crate::http::HttpOptions;
use crate::member::{MESH, MemberOptions, has_broker};
use crate::network::{DialectName, Network};
use crate::offered::Named;
use crate::output::demand;
use crate::parallelism::ParallelismOptions;

/// What is said to those who would name a peer among published programs.
pub(super) const NAMELESS: &str = "published programs know no names of peers; leave --name out";

/// Take part in a network.
#[derive(Args)]
#[command(mut_arg("dialect", |argument| argument.value_parser(clap::value_parser!(DialectName))))]
#[command(after_help = "Examples:\n  \
    althing peer --broker mqtt://localhost --peers 3 --data ./peer-1\n  \
    althing peer --broker mqtts://ann:secret@broker.example --room class7 --json\n  \
    althing peer --profile copy-a --peers 4 --room class7\n  \
    althing peer --dialect sd --peers 3 --manual\n  \
    althing peer --dialect ppd --broker amqp://ann:secret@broker.example --data ./peer-1\n  \
    althing peer --dialect aviary --listen 127.0.0.1:8999 --found words.txt --difficulty 6\n  \
    althing peer --dialect aviary --contact localhost:8999 --difficulty 6\n  \
    althing peer --dialect cs60 --tracker localhost:60825 --data ./voter-1\n  \
    althing peer --dialect assembly --data ./club/member-1\n  \
    althing peer --dialect assembly --data ./club/member-2 --listen 127.0.0.1:7002 --contact \
    127.0.0.1:7001\n  \
    althing peer --dialect open --network club --founded now --mine --listen 127.0.0.1:9000\n\n\
    With --dialect or --profile, the help shows only what that network has.")]
pub(crate) struct Arguments {
    /// The directory for this peer's identity and data. By default, nothing is kept.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Write events as lines of JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    parallelism: ParallelismOptions,

    #[command(flatten)]
    http: HttpOptions,

    #[command(flatten)]
    assembly: MemberOptions,

    #[command(flatten)]
    rounds: rounds::RoundsOptions,

    // Last, since their headings in the help go on for all that follows.
    #[command(flatten)]
    connection: Connection,

    #[command(flatten)]
    network: Network,

    #[command(flatten)]
    chain_network: ChainNetwork,

    #[command(flatten)]
    meeting: Meeting,

    #[command(flatten)]
    chain: chain::ChainOptions,
}

pub(crate) fn run(mut arguments: Arguments, given: &ArgMatches) -> anyhow::Result<()> {
    let called = arguments.network.name();
    if arguments.network.is_assembly() {
        refuse::<rounds::RoundsOptions>(given, &called, "with rounds", &[])?;
        refuse::<Network>(given, &called, "with rounds", &["room"])?;
        refuse::<ChainNetwork>(given, &called, "with a chain", &[])?;
        refuse::<Meeting>(given, &called, "with a chain", &MESH)?;
        refuse::<chain::ChainOptions>(given, &called, "with a chain", &[])?;
        return super::block_on(assembly::take_part(arguments, has_broker(given)));
    }
    refuse::<MemberOptions>(given, &called, "of the dialect assembly", &[])?;
    match arguments.network.chain_name() {
        None => {
            refuse::<ChainNetwork>(given, &called, "with a chain", &[])?;
            refuse::<Meeting>(given, &called, "with a chain", &["name"])?;
            let has_name = arguments.meeting.name.is_some();
            demand!(!has_name || !arguments.network.is_published(), "{NAMELESS}");
            refuse::<chain::ChainOptions>(given, &called, "with a chain", &[])?;
            super::block_on(rounds::take_part(arguments))
        }
        Some(name) => {
            refuse::<rounds::RoundsOptions>(given, &called, "with rounds", &[])?;
            if name != ChainName::Open {
                refuse::<Connection>(given, &called, "with rounds, and of open", &[])?;
            }
            refuse::<Network>(given, &called, "with rounds", &["profile"])?;
            if let Some(profile) = arguments.network.profile() {
                arguments.chain_network.follow(profile);
            }
            super::block_on(chain::take_part(chain::Part::new(name, arguments)))
        }
    }
}

/// Has the help show only what the network has that the command line names.
pub(crate) fn of_network(command: Command, named: &Named) -> Command {
    if named.is_assembly() {
        let command = hide::<Network>(command, &["dialect", "room"]);
        let command = hide::<rounds::RoundsOptions>(hide::<ChainNetwork>(command, &[]), &[]);
        return named.only(hide::<chain::ChainOptions>(hide::<Meeting>(command, &MESH), &[]));
    }
    let command = hide::<MemberOptions>(command, &[]);
    named.only(match named.chain_name() {
        None => {
            let command = hide::<ChainNetwork>(command, &[]);
            hide::<chain::ChainOptions>(hide::<Meeting>(command, &["name"]), &[])
        }
        Some(name) => {
            let command = hide::<Network>(command, &["dialect", "profile"]);
            let command = hide::<rounds::RoundsOptions>(command, &[]);
            match name {
                ChainName::Open => command,
                ChainName::Cs60 | ChainName::Aviary => hide::<Connection>(command, &[]),
            }
        }
    })
}

/// Hides the options of `T`, but for some.
pub(super) fn hide<T: Args>(command: Command, except: &[&str]) -> Command {
    let options = T::augment_args(Command::new("options"));
    let ids = options.get_arguments().map(|option| option.get_id().to_string());
    ids.filter(|id| !except.contains(&id.as_str()))
        .fold(command, |command, id| command.mut_arg(id, |option| option.hide(true)))
}

/// Complains about options of `T` on the command line, but for some: they would mean nothing in
/// the network `name`.
pub(super) fn refuse<T: Args>(
    given: &ArgMatches,
    name: &str,
    owners: &str,
    except: &[&str],
) -> anyhow::Result<()> {
    let options = T::augment_args(Command::new("options"));
    let is_refused = |id: &str| id != "dialect" && !except.contains(&id);
    for option in options.get_arguments().filter(|option| is_refused(option.get_id().as_str())) {
        let source = given.value_source(option.get_id().as_str());
        demand!(
            source != Some(ValueSource::CommandLine),
            "--{} is an option of networks {owners}; leave it out with --dialect {}",
            option.get_long().unwrap_or_default(),
            name
        );
    }
    Ok(())
}
