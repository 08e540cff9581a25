//! The profiles of networks: listed, shown, checked.
//!
//! | file | question |
//! | --- | --- |
//! | `detect` | which profile do the programs in a room follow? |

mod detect;

use std::io::{self, Write};

use althing_dialect::profile::{NetworkKind, Problem, Profile, Transport, built_in};
use anyhow::bail;
use clap::{ArgMatches, Args, Subcommand};
use comfy_table::Table;
use serde::Serialize;

use crate::profile_source::{check, load};

/// Show and check profiles: networks that Althing joins, as data.
///
/// A profile is a file in TOML that says how the programs of a network speak and behave. It takes
/// what it leaves out from its `base`, and without one from the current exercise sheet.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing profile list\n  \
    althing profile show copy-a > mine.toml\n  \
    althing profile check mine.toml\n  \
    althing profile detect --broker mqtt://localhost > theirs.toml")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    List(List),
    Show(Show),
    Check(Check),
    #[command(visible_alias = "propose")]
    Detect(Box<detect::Arguments>),
}

/// List the built-in profiles.
///
/// sheet and sequel are exercise sheets, for classes that write their programs to one of them;
/// elect-chain, sd, ppd, aviary and cs60 are the published programs of those networks, and what
/// begins with aviary- are others of its kind; copy-a to copy-f are programs that students wrote to
/// the sheet, which leaves much open.
#[derive(Args)]
struct List {
    /// Write a line of JSON for each.
    #[arg(long)]
    json: bool,
}

/// Show a profile with all that it takes from its base, as TOML that is a profile again.
///
/// The key names, which is short for the names of fields in all messages, is shown as what it comes
/// to under fields.
#[derive(Args)]
struct Show {
    /// A built-in profile, or a file.
    #[arg(value_name = "FILE|NAME")]
    profile: String,

    /// Write it as JSON.
    #[arg(long)]
    json: bool,
}

/// Check whether files are profiles, and say what is wrong with them: the line, the key, and what
/// to do.
#[derive(Args)]
struct Check {
    /// Files, or built-in profiles.
    #[arg(value_name = "FILE|NAME", required = true)]
    files: Vec<String>,

    /// Write a line of JSON for each.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: Arguments, given: &ArgMatches) -> anyhow::Result<()> {
    // All but one wait for nothing.
    let ends_by_itself = !matches!(arguments.command, Command::Detect(_));
    if ends_by_itself {
        crate::signals::end_on_signals()?;
    }
    match arguments.command {
        Command::List(arguments) => list(&arguments),
        Command::Show(arguments) => show(&arguments),
        Command::Check(arguments) => run_checks(&arguments),
        Command::Detect(arguments) => {
            detect::run(*arguments, given.subcommand().map_or(given, |(_, options)| options))
        }
    }
}

/// What a list says of a profile.
#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    network: NetworkKind,
    /// What it meets over.
    over: &'static str,
    prefix: Option<&'a str>,
    about: &'a str,
}

impl<'a> Listed<'a> {
    fn new(profile: &'a Profile) -> Self {
        let over = match (profile.network, profile.wire.transport) {
            (NetworkKind::Rounds, Transport::Mqtt) => "MQTT",
            (NetworkKind::Rounds, Transport::Amqp) => "AMQP",
            (NetworkKind::Aviary | NetworkKind::Cs60, _) => "UDP",
        };
        let prefix =
            (profile.network == NetworkKind::Rounds).then_some(profile.topics.prefix.as_str());
        let Profile { name, about, network, .. } = profile;
        Self { name, network: *network, over, prefix, about }
    }
}

fn list(arguments: &List) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let profiles = built_in::all().iter().map(Listed::new);
    if arguments.json {
        for profile in profiles {
            writeln!(out, "{}", serde_json::to_string(&profile)?)?;
        }
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["name", "over", "prefix", "what it is"]);
    for Listed { name, over, prefix, about, .. } in profiles {
        table.add_row([name, over, prefix.unwrap_or_default(), about]);
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn show(arguments: &Show) -> anyhow::Result<()> {
    let profile = load(&arguments.profile)?;
    let text = match arguments.json {
        true => serde_json::to_string(&profile)? + "\n",
        false => profile.to_toml(),
    };
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

/// What is found out about a file.
#[derive(Serialize)]
struct Checked<'a> {
    file: String,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    problems: Vec<Said<'a>>,
    remarks: Vec<&'static str>,
}

#[derive(Serialize)]
struct Said<'a> {
    line: Option<usize>,
    key: &'a str,
    reason: &'a str,
}

impl<'a> Said<'a> {
    fn new(Problem { line, key, reason }: &'a Problem) -> Self {
        Self { line: *line, key, reason }
    }
}

fn run_checks(arguments: &Check) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let mut wrong = 0;
    for name in &arguments.files {
        let file = name.clone();
        let checked = check(name)?;
        wrong += usize::from(checked.is_err());
        if arguments.json {
            let line = match &checked {
                Ok(profile) => Checked {
                    file,
                    ok: true,
                    name: Some(&profile.name),
                    problems: Vec::new(),
                    remarks: profile.remarks(),
                },
                Err(error) => {
                    let problems = error.problems.iter().map(Said::new).collect();
                    Checked { file, ok: false, name: None, problems, remarks: Vec::new() }
                }
            };
            writeln!(out, "{}", serde_json::to_string(&line)?)?;
            continue;
        }
        match &checked {
            Ok(profile) => {
                writeln!(out, "{file}: {} is a profile", profile.name)?;
                for remark in profile.remarks() {
                    writeln!(out, "{file}: note: {remark}")?;
                }
            }
            Err(error) => writeln!(out, "{error}")?,
        }
    }
    match (wrong, arguments.files.len()) {
        (0, _) => Ok(()),
        (1, 1) => bail!("this is no profile"),
        (wrong, all) => bail!("{wrong} of {all} are no profiles"),
    }
}
