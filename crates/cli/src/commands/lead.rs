//! A command that runs on one member of an assembly at a time.
//!
//! | file | question |
//! | --- | --- |
//! | `boot_clock` | what time is it, for all processes of this machine? |
//! | `contending` | what is done to get the lease, and while it is held? |
//! | `guard` | how is a command ended in time, whatever becomes of us? |
//! | `guarded` | how do we deal with its guard? |
//! | `order` | what do we tell the guard? |
//! | `telling` | what do we tell the user? |

mod boot_clock;
mod contending;
pub(crate) mod guard;
mod guarded;
mod order;
mod telling;

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use althing_applications::leases::{LeaseName, SHORTEST_TTL};
use althing_dialect::Codec;
use althing_dialect::assembly::Assembly;
use althing_feed::Feed;
use althing_node::leases;
use anyhow::Context;
use clap::{ArgMatches, Args};
use tokio::sync::oneshot;

use self::contending::{Contending, Keeping};
use self::telling::Telling;
use crate::chain_network::Meeting;
use crate::connection::Connection;
use crate::member::{Member, MemberOptions, Way, has_broker};
use crate::output::{Ended, demand, misuse};
use crate::parallelism::ParallelismOptions;
use crate::signals::stop_asked;

/// Run a command on exactly one member of an assembly at a time.
///
/// It takes part in the assembly, as althing peer does, and competes for the lease NAME with all
/// others that run this. The one that holds it runs COMMAND, with ALTHING_LEASE_NAME and
/// ALTHING_FENCING_TOKEN in its environment; when that member dies or is cut off, its COMMAND is
/// ended, and then another member runs its own. See docs/leading.md for what that promises.
///
/// When COMMAND ends, the lease is released, and this ends with its exit code; SIGTERM, SIGINT and
/// SIGHUP are passed on to it. A lease that is lost is competed for again.
#[derive(Args)]
#[command(mut_arg("name", |argument| argument.hide(true)))]
#[command(after_help = "Examples:\n  \
    althing lead billing --data ./club/member-1 -- ./run-billing\n  \
    althing lead backup --again --ttl 10s --data ./club/member-1 -- sh -c 'backup; sleep 1h'\n  \
    althing lead web --broker mqtts://ann:secret@broker.example --data ./member -- ./server\n\n\
    Exit codes: that of COMMAND (128 and the number of the signal that has ended it), 127 if there \
    is no such command, 126 if it cannot be run.")]
pub(crate) struct Arguments {
    /// The name of the lease; all who use it compete.
    #[arg(value_name = "NAME")]
    lease: LeaseName,

    /// The directory of the member, which no other process uses: see althing init --help.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// How long the lease holds without a renewal. Others wait for that long when a holder dies. It
    /// is renewed four times in that time, which adds as many blocks to the chain.
    #[arg(long, value_name = "TIME", default_value = "800ms")]
    #[arg(value_parser = humantime::parse_duration)]
    ttl: Duration,

    /// How long COMMAND may take to end when it is asked to, while the lease can be kept.
    #[arg(long, value_name = "TIME", default_value = "10s")]
    #[arg(value_parser = humantime::parse_duration)]
    grace: Duration,

    /// Compete again when COMMAND has ended by itself.
    #[arg(long)]
    again: bool,

    /// Write what happens as lines of JSON, on standard error: standard output is COMMAND's.
    #[arg(long)]
    json: bool,

    /// The part of the broker in which the members meet.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    room: String,

    #[command(flatten)]
    parallelism: ParallelismOptions,

    #[command(flatten)]
    member: MemberOptions,

    // Last, since their headings in the help go on for all that follows.
    #[command(flatten)]
    connection: Connection,

    #[command(flatten)]
    meeting: Meeting,

    /// The command, and its arguments. It reads nothing: its standard input is empty.
    #[arg(value_name = "COMMAND", required = true, last = true)]
    command: Vec<OsString>,
}

/// The exit code if there is no such command, as shells have it.
const COMMAND_MISSING: u8 = 127;

/// The exit code if a command cannot be run.
const COMMAND_NOT_RUN: u8 = 126;

pub(crate) fn run(arguments: Arguments, given: &ArgMatches) -> anyhow::Result<()> {
    // Before anything else: a member that cannot run it must not hold the lease.
    if let Some(program) = arguments.command.first() {
        check_command(program)?;
    }
    super::block_on(lead(arguments, has_broker(given)))
}

async fn lead(arguments: Arguments, has_broker: bool) -> anyhow::Result<()> {
    let Arguments { lease: name, data, ttl, grace, again, json, room, .. } = arguments;
    let Arguments { parallelism, member, connection, meeting, command, .. } = arguments;
    demand!(
        ttl >= SHORTEST_TTL && ttl.subsec_nanos().is_multiple_of(1_000_000),
        "--ttl: {ttl:?} is shorter than {SHORTEST_TTL:?}, or not in whole milliseconds"
    );
    demand!(
        meeting.name.is_none(),
        "members are called as their charter has them; leave --name out"
    );
    let way = Way::of(has_broker, &connection, &meeting)?;
    let (telling, feed) = (Telling::new(name.clone(), json), Feed::default());
    telling.follow(&feed);
    let member = member.open(&data, &room, parallelism.of_each(1), feed)?;
    let Member { peer, dialect, node, entries, clock, feed, socket: _socket, .. } = member;
    let network = dialect.network().dialect().to_owned();
    let source = feed.source(Some(network.into()), Some(peer.into()));
    check_ttl(&dialect, ttl)?;
    let link = tokio::select! {
        link = way.join(&dialect, &entries, &source, clock.now()) => link?,
        () = stop_asked() => return Ok(()),
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(node.run(link, async { drop(stopped.await) }));
    let seen = leases::follow(&entries, clock).await.context("reading the chain of the member")?;
    let keeping = Keeping { ttl, grace, again, command };
    let outcome = Contending::new(name, keeping, entries, seen, telling)?.run().await;
    drop(stop);
    let ended = running.await.context("the peer has panicked")?;
    let code = outcome?;
    ended?;
    match code {
        0 => Ok(()),
        code => Err(Ended { code, reason: None }.into()),
    }
}

/// Complains if the charter has no leases, or none that hold for so long.
fn check_ttl(dialect: &Assembly, ttl: Duration) -> anyhow::Result<()> {
    let Some(leases) = dialect.leases() else {
        misuse!(
            "the charter of {} has no application lease; an assembly founded with this version of \
             althing has one",
            dialect.charter().network
        )
    };
    let most = leases.longest_ttl();
    demand!(ttl <= most, "--ttl: {ttl:?} is longer than the charter allows, which is {most:?}");
    Ok(())
}

/// Complains about a command that is not there, or that this user cannot run.
fn check_command(program: &OsStr) -> anyhow::Result<()> {
    let has_path = program.as_encoded_bytes().contains(&b'/');
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places: Vec<PathBuf> = match has_path {
        true => vec![PathBuf::from(program)],
        false => std::env::split_paths(&path).map(|dir| dir.join(program)).collect(),
    };
    let shown = program.display();
    if places.iter().any(|place| is_program(place)) {
        return Ok(());
    }
    let (code, reason) = match places.iter().find(|place| place.exists()) {
        Some(place) => (
            COMMAND_NOT_RUN,
            format!(
                "{} is no file that can be run; chmod +x makes one of a script",
                place.display()
            ),
        ),
        None if has_path => (COMMAND_MISSING, format!("there is no command {shown}")),
        None => (
            COMMAND_MISSING,
            format!("there is no command {shown} in PATH; name its file, as in ./{shown}"),
        ),
    };
    Err(Ended { code, reason: Some(reason) }.into())
}

fn is_program(place: &Path) -> bool {
    let metadata = place.metadata();
    metadata.is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}
