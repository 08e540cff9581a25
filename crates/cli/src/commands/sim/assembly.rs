//! An assembly in the simulator, and what of the command line means nothing there.

use althing_sim::assembly::{AssemblyNetwork, Scenario};
use clap::{ArgMatches, Command};

use super::{Arguments, UserOptions};
use crate::chain_network::ChainNetwork;
use crate::commands::peer::{hide, refuse};
use crate::network::Network;
use crate::output::{demand, misuse};

/// The options of networks with rounds that it has.
const OF_ROUNDS: [&str; 2] = ["dialect", "peers"];

/// The options of users that it has.
const OF_USERS: [&str; 1] = ["entry_every"];

/// Other options that it has not.
const LACKING: [&str; 3] = ["clone", "roll_back", "hashes_per_second"];

/// Returns the assembly that the command line asks for.
pub(super) fn network(
    arguments: &Arguments,
    given: &ArgMatches,
) -> anyhow::Result<AssemblyNetwork> {
    refuse::<Network>(given, "assembly", "with rounds", &OF_ROUNDS)?;
    refuse::<ChainNetwork>(given, "assembly", "with a chain", &[])?;
    refuse::<UserOptions>(given, "assembly", "with a chain", &OF_USERS)?;
    let trouble = &arguments.trouble;
    demand!(
        trouble.clone.is_empty() && trouble.roll_back.is_empty(),
        "copied and old disks are not simulated in an assembly; leave --clone and --roll-back out"
    );
    demand!(
        arguments.hashes_per_second.is_none(),
        "the members of this assembly need not mine; leave --hashes-per-second out"
    );
    let entry_every = arguments.users.entry_every;
    demand!(!entry_every.is_zero(), "--entry-every is too short");
    let members = usize::from(arguments.network.members().get());
    let scenario = Scenario::seed(arguments.seed).peers(members);
    let charter = scenario.charter();
    if let Err(problem) = charter.check() {
        misuse!("{problem}; see --peers");
    }
    let (liars, most) = (trouble.byzantine.len(), charter.faulty_max());
    demand!(
        liars <= most,
        "of {members} members at most {most} may be dishonest, not {liars}; with more an assembly \
         promises nothing"
    );
    let timeouts = althing_engine::simplex::Timeouts::default();
    Ok(AssemblyNetwork::new(charter, timeouts, entry_every))
}

/// Has the help show only what an assembly has.
pub(super) fn only(command: Command) -> Command {
    let command = hide::<Network>(command, &OF_ROUNDS);
    let command = hide::<UserOptions>(hide::<ChainNetwork>(command, &[]), &OF_USERS);
    LACKING.into_iter().fold(command, |command, id| command.mut_arg(id, |it| it.hide(true)))
}
