//! Which options a network has: the help of a command that names one shows no others, and others
//! on its command line are refused rather than ignored.

use althing_dialect::profile::{NetworkKind, Profile, built_in};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, ValueEnum};

use crate::chain_network::ChainName;
use crate::network::{DialectName, RoundsName};
use crate::output::misuse;
use crate::profile_source;

const ELECT_CHAIN: DialectName = DialectName::Rounds(RoundsName::ElectChain);
const SD: DialectName = DialectName::Rounds(RoundsName::Sd);
const CS60: DialectName = DialectName::Chain(ChainName::Cs60);
const AVIARY: DialectName = DialectName::Chain(ChainName::Aviary);
const OPEN: DialectName = DialectName::Chain(ChainName::Open);
const ASSEMBLY: DialectName = DialectName::Assembly;

/// The options that not all networks of their kind have, by their ids, with those that do. Which
/// kind of network has the others, the group says that an option is in.
const OWNERS: [(&str, &[DialectName]); 17] = [
    ("election_topic", &[SD]),
    ("id_field", &[SD]),
    ("manual", &[SD]),
    ("genesis", &[AVIARY]),
    ("entries", &[CS60]),
    ("network", &[OPEN]),
    ("founded", &[OPEN]),
    ("block_time", &[OPEN]),
    ("half_life", &[OPEN]),
    ("gossip_every", &[AVIARY, OPEN]),
    ("kick_after", &[AVIARY, OPEN]),
    ("ban_for", &[OPEN]),
    ("contact", &[AVIARY, OPEN, ASSEMBLY]),
    ("tracker", &[CS60, OPEN, ASSEMBLY]),
    ("with_tracker", &[CS60, OPEN]),
    ("mine", &[AVIARY, OPEN]),
    ("found", &[AVIARY]),
];

/// Options that mean nothing among programs, who are what their profile says. The commands say why,
/// where they refuse them.
const NOT_OF_PROGRAMS: [&str; 5] =
    ["signatures", "draw_timeout", "challenge_timeout", "name", "never_copied"];

/// The network that a command is about.
#[derive(Debug)]
pub(crate) struct Named {
    /// Its dialect, unless a profile with rounds describes it.
    dialect: Option<DialectName>,
    /// The programs that it has.
    programs: Option<Box<Profile>>,
}

impl Named {
    /// Returns the network that is named on a command line, before anything else of that is
    /// understood; `None` if none is, or there is none of that name.
    pub(crate) fn on(words: impl Iterator<Item = String>) -> Option<Self> {
        let words: Vec<String> = words.collect();
        if let Some(name) = value(&words, "--profile") {
            let profile = profile_source::load(name).ok()?;
            return Some(match ChainName::of(profile.network) {
                Some(name) => Self::of(DialectName::Chain(name)),
                None => Self { dialect: None, programs: Some(profile.into()) },
            });
        }
        let is_published = value(&words, "--variant") == Some("published");
        let dialect = match value(&words, "--dialect") {
            Some(name) => DialectName::from_str(name, false).ok()?,
            None if is_published && usual(&words) == ELECT_CHAIN => ELECT_CHAIN,
            None => return None,
        };
        let programs = is_published.then(|| built_in::find(&dialect.name()).cloned());
        let programs = programs.flatten().filter(|it| it.network == NetworkKind::Rounds);
        Some(Self { dialect: Some(dialect), programs: programs.map(Box::new) })
    }

    fn of(dialect: DialectName) -> Self {
        Self { dialect: Some(dialect), programs: None }
    }

    /// Returns the network of a subcommand that has no other.
    fn only_one_of(subcommand: &str) -> Option<Self> {
        match subcommand {
            "stratum" => Some(Self::of(OPEN)),
            "cs60-vote" => Some(Self::of(CS60)),
            _ => None,
        }
    }

    /// Returns which network with a chain it is, if it is one.
    pub(crate) fn chain_name(&self) -> Option<ChainName> {
        match self.dialect? {
            DialectName::Chain(name) => Some(name),
            DialectName::Rounds(_) | DialectName::Assembly => None,
        }
    }

    /// Returns whether it is an assembly.
    pub(crate) fn is_assembly(&self) -> bool {
        self.dialect == Some(DialectName::Assembly)
    }

    /// Returns whether the option with this id means nothing here.
    fn lacks(&self, id: &str) -> bool {
        let is_of_others =
            |dialect: &DialectName| owners(id).is_some_and(|owners| !owners.contains(dialect));
        let can_choose_id = self.programs.as_ref().is_some_and(|it| it.id.kind.is_number());
        self.dialect.as_ref().is_some_and(is_of_others)
            || self.programs.is_some() && NOT_OF_PROGRAMS.contains(&id)
            || id == "id" && !can_choose_id
    }

    /// Hides what this network lacks in the help of a command.
    fn without_others(&self, command: Command) -> Command {
        command.mut_args(|option| match self.lacks(option.get_id().as_str()) {
            true => option.hide(true),
            false => option,
        })
    }

    /// Hides what this network lacks in the help of a command, and the examples of others.
    pub(crate) fn only(&self, command: Command) -> Command {
        let command = self.without_others(command);
        match command.get_after_help().map(|text| self.examples(&text.to_string())) {
            Some(examples) => command.after_help(examples),
            None => command,
        }
    }

    /// Returns the examples that are of this network, or nothing if none is.
    fn examples(&self, all: &str) -> String {
        let is_of_it = |line: &&str| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let is_example = words.first().is_some_and(|first| first == "althing");
            is_example
                && match (Self::on(words.iter().cloned()), self.dialect) {
                    (Some(named), Some(dialect)) => named.dialect == Some(dialect),
                    (Some(named), None) => named.programs.is_some(),
                    (None, dialect) => dialect == Some(usual(&words)),
                }
        };
        let examples: Vec<&str> = all.lines().filter(is_of_it).collect();
        match examples.is_empty() {
            true => String::new(),
            false => format!("Examples:\n{}", examples.join("\n")),
        }
    }
}

/// Hides what commands with a single network lack, whatever else is on the command line.
pub(crate) fn only_theirs(command: Command) -> Command {
    let names: Vec<String> =
        command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| match Named::only_one_of(&name) {
        Some(named) => command.mut_subcommand(name, |command| named.without_others(command)),
        None => command,
    })
}

/// Refuses options on the command line that the network lacks which a subcommand is about. `named`
/// is the one that is named there.
pub(crate) fn refuse_others(given: &ArgMatches, named: Option<Named>) -> anyhow::Result<()> {
    let Some((subcommand, mut given)) = given.subcommand() else { return Ok(()) };
    // As in `bench rounds`.
    while let Some((_, inner)) = given.subcommand() {
        given = inner;
    }
    let only = Named::only_one_of(subcommand);
    let can_choose = only.is_none();
    let dialect = match only.or(named) {
        Some(named) => named.dialect,
        None => Some(usual_of(subcommand)),
    };
    let Some(dialect) = dialect else { return Ok(()) };
    for id in given.ids().map(clap::Id::as_str) {
        let is_given = given.value_source(id) == Some(ValueSource::CommandLine);
        let Some(owners) = owners(id).filter(|owners| is_given && !owners.contains(&dialect))
        else {
            continue;
        };
        // Of an option of the other kind of network all in its group is said to be.
        if !owners[0].is_like(dialect) {
            continue;
        }
        let option = format!("--{}", id.replace('_', "-"));
        let names: Vec<String> = owners.iter().map(|owner| owner.name()).collect();
        let names = |last: &str| listed(&names, last);
        match can_choose {
            true => misuse!(
                "{option} is an option of {} only; add --dialect {}, or leave it out",
                names("and"),
                names("or")
            ),
            false => misuse!(
                "{option} is an option of {} only; leave it out with althing {subcommand}",
                names("and")
            ),
        }
    }
    Ok(())
}

/// Returns names as a sentence lists them, as in "one, two and three".
fn listed(names: &[String], last: &str) -> String {
    match names {
        [before @ .., end] if !before.is_empty() => {
            format!("{} {last} {end}", before.join(", "))
        }
        _ => names.concat(),
    }
}

fn owners(id: &str) -> Option<&'static [DialectName]> {
    OWNERS.iter().find(|(option, _)| *option == id).map(|(_, owners)| *owners)
}

/// Returns the network that a subcommand is about if none is named.
fn usual_of(subcommand: &str) -> DialectName {
    if subcommand == "demo" { DialectName::Assembly } else { ELECT_CHAIN }
}

/// Returns the network that a command line is about if it names none.
fn usual(words: &[String]) -> DialectName {
    // The program's own name may stand before that of the subcommand.
    let mut first = words.iter().filter(|word| !word.starts_with('-')).take(2);
    if first.any(|word| word == "demo") { usual_of("demo") } else { usual_of("") }
}

/// Returns the value of an option among the words of a command line.
fn value<'a>(words: &'a [String], option: &str) -> Option<&'a str> {
    words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix(option)? {
        "" => words.get(at + 1).map(String::as_str),
        rest => rest.strip_prefix('='),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(line: &str) -> Option<Named> {
        Named::on(line.split(' ').map(str::to_owned))
    }

    #[test]
    fn a_network_is_named_by_its_dialect_its_variant_or_a_profile() {
        let dialect = |line: &str| named(line).and_then(|named| named.dialect);
        assert_eq!(dialect("peer --dialect cs60"), Some(CS60));
        assert_eq!(dialect("peer --dialect=sd --variant published"), Some(SD));
        assert_eq!(dialect("peer --variant=published"), Some(ELECT_CHAIN));
        assert_eq!(dialect("peer --profile aviary-2022"), Some(AVIARY));
        assert_eq!(dialect("peer --profile copy-a"), None);
        // A demo without a dialect is that of an assembly, which has no variants.
        assert_eq!(dialect("althing -v demo --variant published"), None);
        assert_eq!(dialect("althing peer --room demo --variant published"), Some(ELECT_CHAIN));
        for line in ["peer", "peer --dialect latin", "peer --profile latin", "peer --dialect"] {
            assert!(named(line).is_none(), "{line}");
        }
    }

    #[test]
    fn what_a_network_lacks_is_told_by_its_dialect_and_its_programs() {
        let lacks = |line: &str, id: &str| named(line).expect("it is named").lacks(id);
        for (line, has, lacked) in [
            ("--dialect elect-chain", &["signatures", "never_copied"][..], &["manual", "id"][..]),
            ("--dialect sd", &["manual", "id_field", "name"], &["id"]),
            ("--dialect sd --variant published", &["manual"], &["signatures", "name"]),
            ("--profile copy-a", &["id", "id_field"], &["draw_timeout", "never_copied"]),
            ("--dialect cs60", &["tracker", "entries"], &["contact", "ban_for", "mine"]),
            ("--profile aviary", &["contact", "found"], &["tracker", "founded"]),
            ("--dialect open", &["contact", "tracker", "founded"], &["found", "entries"]),
            ("--dialect assembly", &["contact", "tracker"], &["founded", "mine"]),
        ] {
            assert!(!has.iter().any(|id| lacks(line, id)), "{line} has {has:?}");
            assert!(lacked.iter().all(|id| lacks(line, id)), "{line} has not {lacked:?}");
        }
    }

    #[test]
    fn only_examples_of_the_network_are_shown() {
        let all = "Examples:\n  althing peer --peers 3\n  althing peer --dialect sd\n  \
                   althing peer --profile copy-a\n\nMore with --dialect.";
        let of = |line: &str| named(line).expect("it is named").examples(all);
        assert_eq!(of("--dialect sd"), "Examples:\n  althing peer --dialect sd");
        assert_eq!(of("--dialect elect-chain"), "Examples:\n  althing peer --peers 3");
        assert_eq!(of("--profile copy-b"), "Examples:\n  althing peer --profile copy-a");
        assert_eq!(of("--dialect ppd"), "");
        let all = "Examples:\n  althing demo --open\n  althing demo --dialect sd";
        let of = |line: &str| named(line).expect("it is named").examples(all);
        assert_eq!(of("demo --dialect assembly"), "Examples:\n  althing demo --open");
        assert_eq!(of("demo --dialect elect-chain"), "");
    }
}
