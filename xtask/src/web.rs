//! Is the page of the dashboard the one that its source gives, and does it work in a browser?
//!
//! The page's source is in `web/`, and the page itself, which the `althing` command carries, in
//! `web/dist`. So Node.js is needed to change the page, and not to build the command.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::shell;
use crate::steps::{Outcome, Steps};
use crate::workspace;

/// The folder of the page's source.
const SOURCE: &str = "web";

/// The page as it is built, with the folder that is compared with it.
const DIST: &str = "web/dist";
const AGAIN: &str = "web/dist-again";

/// Bytes that the page may have as it is sent, compressed.
const COMPRESSED_MAX: u64 = 150 * 1000;

/// The oldest Node.js with which the page can be built.
const NODE_LEAST: u32 = 20;

/// What to do with the page.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only check that the committed page is the one that its source gives.
    #[arg(long)]
    check: bool,
}

/// Builds the page, or checks it.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut steps = Steps::of("web");
    steps.run("packages", install);
    if steps.all_well() {
        if options.check {
            steps.run("page", compare);
        } else {
            steps.run("types of the API", || npm(&["run", "types"]));
            steps.run("page", || npm(&["run", "build"]));
        }
        steps.run("types and warnings", || npm(&["run", "check"]));
        steps.run("size", size);
    }
    steps.finish()
}

/// The step of `check`: the page is the one of its source. A machine that cannot build it skips it.
pub(crate) fn check() -> Result<Outcome> {
    if let Some(reason) = missing() {
        return Ok(Outcome::Skipped(reason));
    }
    install()?;
    compare()?;
    npm(&["run", "check"])?;
    size()?;
    Ok(Outcome::Done)
}

/// The step of `test`: what the page is folded from, and the page in a browser, with made-up
/// networks and with those of the `althing` command that the tests have built.
pub(crate) fn test() -> Result<Outcome> {
    if let Some(reason) = missing() {
        return Ok(Outcome::Skipped(reason));
    }
    install()?;
    npm(&["test"])?;
    let mut browser = shell::command("npm");
    browser.current_dir(workspace::root().join(SOURCE)).args(["run", "e2e"]);
    shell::run(browser.env("ALTHING", workspace::program()))?;
    Ok(Outcome::Done)
}

/// Returns why the page cannot be built here, if it cannot.
fn missing() -> Option<String> {
    if shell::find("npm").is_none() {
        return Some(format!("there is no npm, which comes with Node.js {NODE_LEAST}"));
    }
    let version = shell::output(shell::command("node").arg("--version")).unwrap_or_default();
    let is_new = major(&version).is_some_and(|major| major >= NODE_LEAST);
    (!is_new).then(|| format!("it takes Node.js {NODE_LEAST}, and this is {}", version.trim()))
}

/// Returns the 20 of `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Installs the packages of the lock file, unless those are there.
fn install() -> Result<()> {
    let source = workspace::root().join(SOURCE);
    let lock = fs::read(source.join("package-lock.json")).context("web has no lock file")?;
    let stamp = source.join("node_modules/.installed-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        println!("The packages of the lock file are there.");
        return Ok(());
    }
    npm(&["ci", "--no-audit", "--no-fund"])?;
    fs::write(&stamp, lock).with_context(|| format!("cannot write {}", stamp.display()))
}

fn npm(arguments: &[&str]) -> Result<()> {
    let mut command = shell::command("npm");
    shell::run(command.current_dir(workspace::root().join(SOURCE)).args(arguments))
}

/// Builds the page beside the committed one, and compares the two.
fn compare() -> Result<()> {
    npm(&["run", "build", "--", "--outDir", "dist-again"])?;
    let again = workspace::root().join(AGAIN);
    let differing = differences(&workspace::root().join(DIST), &again);
    fs::remove_dir_all(&again).with_context(|| format!("cannot remove {AGAIN}"))?;
    let differing = differing?;
    if differing.is_empty() {
        println!("{DIST} is what its source gives.");
        return Ok(());
    }
    bail!(
        "{DIST} is not what its source gives ({}); run `cargo xtask web` and commit the result",
        differing.join(", ")
    )
}

/// Returns the names of the files that differ, or are in only one of two folders.
fn differences(left: &Path, right: &Path) -> Result<Vec<String>> {
    let mut names = names(left)?;
    names.extend(self::names(right)?);
    names.sort();
    names.dedup();
    let mut differing = Vec::new();
    for name in names {
        if read(&left.join(&name))? != read(&right.join(&name))? {
            differing.push(name);
        }
    }
    Ok(differing)
}

/// Reads a file; `None` if there is none.
fn read(file: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// Returns the names of the files in a folder and in those within it.
fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        match entry.file_type()?.is_dir() {
            true => {
                let within = self::names(&entry.path())?;
                names.extend(within.into_iter().map(|file| format!("{name}/{file}")));
            }
            false => names.push(name),
        }
    }
    Ok(names)
}

/// Checks that the page is small, as it is sent.
fn size() -> Result<()> {
    let dist = workspace::root().join(DIST);
    let mut total = 0;
    for name in names(&dist)? {
        let mut gzip = shell::command("gzip");
        gzip.args(["--best", "--stdout"]).arg(dist.join(&name));
        let output = gzip.output().context("cannot start gzip")?;
        total += output.stdout.len() as u64;
    }
    println!("The page has {total} bytes, compressed.");
    if total > COMPRESSED_MAX {
        bail!("the page may have {COMPRESSED_MAX} bytes, compressed, and has {total}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node_are_compared_by_their_first_number() {
        assert_eq!([major("v20.20.2\n"), major("v9.1.0"), major("")], [Some(20), Some(9), None]);
    }

    #[test]
    fn a_file_that_differs_or_is_missing_is_named() {
        let base = std::env::temp_dir().join(format!("althing-xtask-web-{}", std::process::id()));
        let (left, right) = (base.join("left"), base.join("right"));
        for (folder, text) in [(&left, "1"), (&right, "2")] {
            fs::create_dir_all(folder.join("in")).expect("a temporary folder");
            fs::write(folder.join("same"), "1").expect("a file");
            fs::write(folder.join("in/same"), "1").expect("a file");
            fs::write(folder.join("in/changed"), text).expect("a file");
        }
        fs::write(left.join("changed"), "1").expect("a file");
        fs::write(right.join("changed"), "2").expect("a file");
        fs::write(left.join("gone"), "1").expect("a file");
        let found = differences(&left, &right).expect("both can be read");
        fs::remove_dir_all(&base).expect("it was just made");
        assert_eq!(found, ["changed", "gone", "in/changed"]);
    }
}
