//! One that only watches a network, and says which rules its peers break.
//!
//! | file | question |
//! | --- | --- |
//! | `rounds` | how is a network with rounds watched? |

mod rounds;

use std::time::Duration;

use clap::{ArgMatches, Args, Command};

use super::peer::chain::{self, Part};
use super::peer::{hide, refuse};
use crate::chain_network::{ChainName, ChainNetwork, Meeting};
use crate::connection::Connection;
use crate::http::HttpOptions;
use crate::network::{DialectName, Network};
use crate::offered::Named;
use crate::output::misuse;
use crate::watching::Watching;

/// Watch a network without taking part, and say which peer breaks which rule.
///
/// Published programs and those of a class are watched as well: who says what, who leads, and which
/// rows or blocks are decided.
///
/// At a broker it says nothing, and takes no messages away from others: over AMQP it has a queue of
/// its own. Over UDP peers tell only those they know, so it says who it is (to a tracker, or to
/// --contact and those that it hears of), and asks for tips, headers and blocks; it mines nothing,
/// votes on nothing, answers nothing and passes nothing on.
///
/// It ends with Ctrl-C, or after the time of --for, with a table of the peers: what each has said,
/// and the rules it broke with an example of each. The rules are those of docs/protocol.md. Where
/// messages are not signed, any peer can say something in the name of another.
///
/// The exit code is 0 if peers were heard and none broke a rule, 1 if one did or none was heard,
/// and 2 if the options make no sense.
#[derive(Args)]
#[command(mut_arg("dialect", |argument| argument.value_parser(DialectName::but_assemblies())))]
#[command(after_help = "Examples:\n  \
    althing watch --variant published --broker mqtt://localhost\n  \
    althing watch --profile sheet --peers 4 --broker mqtt://localhost --for 5m\n  \
    althing watch --profile ./ours.toml --room class7 --json --no-http\n  \
    althing watch --dialect ppd --variant published --broker amqp://guest:guest@localhost\n  \
    althing watch --dialect aviary --contact localhost:8999\n  \
    althing watch --dialect cs60 --tracker localhost:60825\n\n\
    With --dialect or --profile, the help shows only what that network has.")]
pub(crate) struct Arguments {
    /// End after this time, as in 90s or 5m.
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    time: Option<Duration>,

    /// Write events as lines of JSON: also each message that is heard.
    #[arg(long)]
    json: bool,

    /// Serve no API and no page. By default they are at a free port of this machine.
    #[arg(long, conflicts_with = "http")]
    no_http: bool,

    #[command(flatten)]
    http: HttpOptions,

    // Last, since their headings in the help go on for all that follows.
    #[command(flatten)]
    connection: Connection,

    #[command(flatten)]
    network: Network,

    #[command(flatten)]
    chain_network: ChainNetwork,

    #[command(flatten)]
    meeting: Meeting,
}

/// Has the help show only what the network has that the command line names.
pub(crate) fn of_network(command: Command, named: &Named) -> Command {
    named.only(match named.chain_name() {
        None => hide::<ChainNetwork>(hide::<Meeting>(command, &[]), &[]),
        Some(_) => hide::<Network>(hide::<Connection>(command, &[]), &["dialect", "profile"]),
    })
}

pub(crate) fn run(mut arguments: Arguments, given: &ArgMatches) -> anyhow::Result<()> {
    if !arguments.no_http {
        arguments.http.or_here();
    }
    let called = arguments.network.name();
    match arguments.network.chain_name() {
        None => {
            refuse::<ChainNetwork>(given, &called, "with a chain", &[])?;
            refuse::<Meeting>(given, &called, "with a chain", &[])?;
            let watching = Watching::new(arguments.time);
            super::block_on(rounds::watch(arguments, watching))
        }
        Some(name) => {
            refuse::<Network>(given, &called, "with rounds", &["profile"])?;
            if name == ChainName::Open && arguments.connection.has_broker() {
                misuse!(
                    "what peers of open say at a broker is for one of them each, and is not heard \
                     by others; watch them where they meet over UDP, with --contact or --tracker"
                );
            }
            refuse::<Connection>(given, &called, "with rounds", &[])?;
            if name != ChainName::Cs60 && !arguments.meeting.knows_others() {
                misuse!(
                    "it knows no peer to hear; give --contact HOST:PORT with the address of one"
                );
            }
            if let Some(profile) = arguments.network.profile() {
                arguments.chain_network.follow(profile);
            }
            let Arguments { time, chain_network, connection, meeting, json, http, .. } = arguments;
            let watching = Watching::new(time);
            super::block_on(chain::take_part(Part::watching(
                name,
                chain_network,
                connection,
                meeting,
                json,
                http,
                watching,
            )))
        }
    }
}
