//! The `althing` command.
//!
//! Each subcommand is one file in `commands`; the other files are what several of them share.
//!
//! | file | question |
//! | --- | --- |
//! | `asking` | how is a peer of another process asked? |
//! | `assembly_swarm` | how do all members of an assembly run in one process? |
//! | `chain_network` | which options describe a network with a chain? |
//! | `chain_swarm` | how do many peers of a network with a chain run in one process? |
//! | `charter_file` | which charter does a person name? |
//! | `commands` | what does each subcommand do? |
//! | `committed` | how is the chain of an assembly read? |
//! | `connection` | which options say how to reach a broker? |
//! | `console` | what can the operator of a leader type? |
//! | `http` | where is the API served? |
//! | `listen` | where does a command listen? |
//! | `member` | what is a member of an assembly made of, for the commands that run one? |
//! | `network` | which options describe a network with rounds? |
//! | `offered` | which options does a network have? |
//! | `output` | how is written what happens? |
//! | `parallelism` | what may a search take of the machine? |
//! | `passphrase` | how is an encrypted key opened? |
//! | `profile_source` | which profile does a person name? |
//! | `screen` | what does the demo show? |
//! | `signals` | when is a command asked to stop? |
//! | `swarm` | how do many peers of a network with rounds run in one process? |
//! | `watching` | how long is a network watched, and what is said of its peers? |

mod asking;
mod assembly_swarm;
mod chain_network;
mod chain_swarm;
mod charter_file;
mod commands;
mod committed;
mod connection;
mod console;
mod http;
mod listen;
mod member;
mod network;
mod offered;
mod output;
mod parallelism;
mod passphrase;
mod profile_source;
mod screen;
mod signals;
mod swarm;
mod watching;

use std::process::ExitCode;

use althing_net::amqp;
use clap::error::{ContextKind, ContextValue};
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::offered::Named;

/// Meet, elect a coordinator, do proof-of-work, vote, and keep one table together.
#[derive(Parser)]
#[command(
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Begin with:\n  althing demo --rounds 10\n\nThen, with a broker of your own:\n  \
                  althing peer --broker mqtt://localhost --peers 3\n\nExit codes:\n  \
                  0  all is well\n  \
                  1  it has failed, an entry or ballot was not added, or a peer that is \
                  watched broke a rule\n  \
                  2  the options make no sense\n  \
                  3  what was added is only here so far: no other peer has it"
)]
struct Arguments {
    /// Log to standard error: -v warnings, -vv what is done, -vvv everything.
    ///
    /// The environment variable ALTHING_LOG takes a filter such as `althing_node=trace` instead.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(Box<commands::demo::Arguments>),
    Peer(Box<commands::peer::Arguments>),
    Init(commands::init::Arguments),
    Key(commands::key::Arguments),
    Charter(commands::charter::Arguments),
    Lead(Box<commands::lead::Arguments>),
    /// How althing lead runs a command.
    #[command(hide = true)]
    LeadGuard(commands::lead::guard::Arguments),
    Broker(commands::broker::Arguments),
    Tracker(commands::tracker::Arguments),
    Stratum(Box<commands::stratum::Arguments>),
    Submit(commands::submit::Arguments),
    Log(commands::log::Arguments),
    Prove(commands::prove::Arguments),
    Table(commands::table::Arguments),
    Profile(commands::profile::Arguments),
    Sim(Box<commands::sim::Arguments>),
    Chain(commands::chain::Arguments),
    #[command(visible_alias = "events")]
    Status(commands::status::Arguments),
    Top(commands::top::Arguments),
    Watch(Box<commands::watch::Arguments>),
    Verify(commands::verify::Arguments),
    Token(commands::token::Arguments),
    #[command(name = "cs60-vote")]
    Cs60Vote(commands::cs60_vote::Arguments),
    Mine(commands::mine::Arguments),
    Bench(commands::bench::Arguments),
}

fn main() -> ExitCode {
    let words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    // What comes after -- is another program's.
    let named = Named::on(words.take_while(|word| word != "--"));
    let mut command = offered::only_theirs(Arguments::command());
    if let Some(named) = &named {
        command = command
            .mut_subcommand("peer", |command| commands::peer::of_network(command, named))
            .mut_subcommand("demo", |command| commands::demo::of_network(command, named))
            .mut_subcommand("watch", |command| commands::watch::of_network(command, named))
            .mut_subcommand("sim", |command| commands::sim::of_network(command, named));
    }
    let parsed = command.try_get_matches().and_then(|given| {
        let arguments = Arguments::from_arg_matches(&given)?;
        Ok((arguments, given))
    });
    let (Arguments { verbose, command }, given) =
        parsed.unwrap_or_else(|error| without_credentials(error).exit());
    start_log(verbose);
    raise_descriptor_limit();
    let outcome = offered::refuse_others(&given, named).and_then(|()| match command {
        Command::Demo(arguments) => commands::demo::run(*arguments, options(&given)),
        Command::Peer(arguments) => commands::peer::run(*arguments, options(&given)),
        Command::Init(arguments) => commands::init::run(&arguments),
        Command::Key(arguments) => commands::key::run(&arguments),
        Command::Charter(arguments) => commands::charter::run(&arguments),
        Command::Lead(arguments) => commands::lead::run(*arguments, options(&given)),
        Command::LeadGuard(arguments) => commands::lead::guard::run(&arguments),
        Command::Broker(arguments) => commands::broker::run(&arguments),
        Command::Tracker(arguments) => commands::tracker::run(&arguments),
        Command::Stratum(arguments) => commands::stratum::run(*arguments),
        Command::Submit(arguments) => commands::submit::run(arguments),
        Command::Log(arguments) => commands::log::run(&arguments),
        Command::Prove(arguments) => commands::prove::run(&arguments),
        Command::Table(arguments) => commands::table::run(&arguments),
        Command::Profile(arguments) => commands::profile::run(arguments, options(&given)),
        Command::Sim(arguments) => commands::sim::run(&arguments, options(&given)),
        Command::Chain(arguments) => commands::chain::run(&arguments),
        Command::Status(arguments) => commands::status::run(&arguments),
        Command::Top(arguments) => commands::top::run(&arguments),
        Command::Watch(arguments) => commands::watch::run(*arguments, options(&given)),
        Command::Verify(arguments) => commands::verify::run(&arguments),
        Command::Token(arguments) => commands::token::run(&arguments),
        Command::Cs60Vote(arguments) => commands::cs60_vote::run(arguments),
        Command::Mine(arguments) => commands::mine::run(&arguments),
        Command::Bench(arguments) => commands::bench::run(arguments),
    });
    let code = match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let ended = error.downcast_ref::<output::Ended>();
            if ended.is_none_or(|ended| ended.reason.is_some()) {
                output::complain(&error);
            }
            ended.map_or_else(|| exit_code(&error), |ended| ExitCode::from(ended.code))
        }
    };
    output::errors::finish();
    code
}

/// Returns the code of an error, as the help of the command has them.
fn exit_code(error: &anyhow::Error) -> ExitCode {
    if error.is::<output::Misuse>() {
        // As clap ends when it cannot make sense of an option.
        ExitCode::from(2)
    } else if error.is::<output::OnlyHere>() {
        ExitCode::from(3)
    } else {
        ExitCode::FAILURE
    }
}

/// Returns the options that the subcommand was given.
fn options(given: &ArgMatches) -> &ArgMatches {
    given.subcommand().map_or(given, |(_, options)| options)
}

/// Removes user and password from an invalid address, so that they do not end up in a log.
fn without_credentials(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue)
        && let Some((_, address)) = value.rsplit_once('@')
    {
        let shown = ContextValue::String(format!("...@{address}"));
        error.insert(ContextKind::InvalidValue, shown);
    }
    error
}

/// Lets this process have as many file descriptors as the system allows it. The usual soft limit is
/// from times of `select` (1024), and each connection takes one.
fn raise_descriptor_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // Where it is refused, the limit stays as it is.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

fn start_log(verbose: u8) {
    let libraries = amqp::LOG_DIRECTIVE;
    let usual = match verbose {
        0 => "off".to_owned(),
        1 => format!("warn,{libraries}"),
        2 => format!("info,{libraries}"),
        _ => format!("debug,{libraries}"),
    };
    // Targets and levels are all that is asked for. A filter for fields as well would bring a
    // library for regular expressions, which takes as long to build as a transport.
    let asked = std::env::var("ALTHING_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    let filter = asked.unwrap_or_else(|| usual.parse().expect("a filter of ours is one"));
    // Colours are for people; a file or a pipe gets none.
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(output::is_live(&std::io::stderr()) && !output::is_plain())
        .with_writer(output::errors::Log);
    tracing_subscriber::registry().with(filter).with(lines).init();
}
