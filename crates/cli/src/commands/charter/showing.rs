//! What a charter says, and whether it is ready.

use std::io::{self, Write};

use althing_ledger::charter::{Charter, FaultModel};
use althing_text::counted;
use anyhow::Context;
use clap::Args;

use super::CharterFile;
use crate::charter_file::read;

/// Show what a charter says, for people.
#[derive(Args)]
pub(super) struct Show {
    #[command(flatten)]
    file: CharterFile,
}

/// Check that a charter makes sense and that all members have signed it, and print the id of its
/// chain.
#[derive(Args)]
pub(super) struct Check {
    #[command(flatten)]
    file: CharterFile,
}

pub(super) fn show(arguments: &Show) -> anyhow::Result<()> {
    let charter = read(&arguments.file.charter)?;
    print(&charter, &mut io::stdout().lock())
}

pub(super) fn check(arguments: &Check) -> anyhow::Result<()> {
    let path = &arguments.file.charter;
    let charter = read(path)?;
    charter.check_complete().with_context(|| path.display().to_string())?;
    Ok(writeln!(io::stdout(), "{}", charter.chain_id())?)
}

/// A charter has nothing that must not reach a terminal: names have no control characters.
fn print(charter: &Charter, out: &mut impl Write) -> anyhow::Result<()> {
    let members = charter.members.len();
    let (quorum, may_fail) = (charter.quorum(), members - charter.quorum());
    let faults = match charter.faults {
        FaultModel::Byzantine => "may do anything at all",
        FaultModel::Crash => "may stop",
    };
    let founded = std::time::UNIX_EPOCH + std::time::Duration::from_secs(charter.founded.seconds());
    let block_time = humantime::format_duration(charter.block_time);
    let (least, most) = (charter.difficulty.start(), charter.difficulty.end());
    let mining = match charter.is_mined() {
        true => format!("blocks have {least} to {most} bits, and take {block_time}"),
        false => format!("nobody mines; an empty block each {block_time}"),
    };
    let applications: Vec<&str> = charter.applications.iter().map(|it| &*it.name).collect();
    writeln!(out, "network    {}", charter.network)?;
    writeln!(out, "chain      {}", charter.chain_id())?;
    writeln!(out, "founded    {}", humantime::format_rfc3339_seconds(founded))?;
    writeln!(out, "quorum     {quorum} of {}", counted(members as u64, "member"))?;
    writeln!(out, "faults     up to {may_fail} of them {faults}")?;
    writeln!(out, "blocks     {mining}")?;
    writeln!(out, "entries    {}", applications.join(", "))?;
    writeln!(out, "members")?;
    for (index, member) in charter.members() {
        let has_signed = charter.signatures.contains_key(&index);
        let signed = if has_signed { "signed" } else { "not signed" };
        writeln!(out, "  {}  {}  {signed}", member.key, member.name)?;
    }
    Ok(())
}
