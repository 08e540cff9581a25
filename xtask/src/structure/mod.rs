//! The shape of the code as a whole: what must be there once is there once, and nothing goes round
//! in a circle.
//!
//! | file | question |
//! | --- | --- |
//! | `tokens` | What are the words of a source file, without comments and texts? |
//! | `outputs` | Which files carry out an engine's outputs? |
//! | `imports` | Which module of a crate uses which? |
//! | `circles` | Which modules of one folder depend on each other in a circle? |
//!
//! Two things fail the check. More than [`OUTPUT_LOOPS_MAX`] files that carry out an engine's
//! outputs: each is a driver of its own, and what one does right another may do wrong. And a circle
//! of imports between the modules of a folder: to understand one of them, one has to read
//! all. With `--small` it also lists files that may be too small to be worth opening.

mod circles;
mod imports;
mod outputs;
mod tokens;

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use clap::Args;

use self::circles::Circle;
use self::imports::Crate;
use crate::files::{self, Files};
use crate::workspace;

/// Files that may carry out an engine's outputs: the node's driver, the simulator's host, and the
/// model check, which has to stop between any two of them.
const OUTPUT_LOOPS_MAX: usize = 3;

/// Circles of imports that may be there.
const CIRCLES_MAX: usize = 0;

/// From this many lines on, a file needs no reason to be one of its own.
const SMALL_LINES: usize = 25;

/// What else to show.
#[derive(Args)]
pub(crate) struct Options {
    /// List the source files under 25 lines as well; they fail nothing
    #[arg(long)]
    small: bool,
}

impl Options {
    /// What `cargo xtask check` does.
    pub(crate) const CHECK: Self = Self { small: false };
}

/// Checks the workspace.
pub(crate) fn run(options: &Options) -> Result<()> {
    let files = files::written()?;
    let loops = outputs::loops(&files);
    let circles = all_circles(&files)?;
    if options.small {
        for (path, lines) in small(&files) {
            println!("{path}: {lines} lines");
        }
    }
    for circle in &circles {
        print!("{circle}");
    }
    if loops.len() > OUTPUT_LOOPS_MAX {
        for place in &loops {
            println!("{place}: carries out an engine's outputs");
        }
    }
    let (loops, circles) = (loops.len(), circles.len());
    if loops > OUTPUT_LOOPS_MAX || circles > CIRCLES_MAX {
        bail!(
            "{loops} files carry out an engine's outputs, where {OUTPUT_LOOPS_MAX} may, and \
             {circles} circles of imports are there, where {CIRCLES_MAX} may be"
        );
    }
    println!("{loops} files carry out an engine's outputs; {circles} circles of imports.");
    Ok(())
}

fn all_circles(files: &Files) -> Result<Vec<Circle>> {
    let mut circles = Vec::new();
    for package in workspace::packages()? {
        let sources = format!("{}/src/", workspace::relative(package.directory()));
        circles.extend(circles::find(&package.name, &Crate::read(&sources, files).uses()));
    }
    Ok(circles)
}

/// Returns the small source files, with their lines. The roots of crates are small where all is in
/// modules, as it should be.
fn small(files: &Files) -> BTreeMap<&str, usize> {
    files
        .iter()
        .filter(|(path, _)| path.contains("src/") && path.ends_with(".rs"))
        .filter(|(path, _)| !path.ends_with("/lib.rs") && !path.ends_with("/mod.rs"))
        .map(|(path, text)| (path.as_str(), text.lines().count()))
        .filter(|(_, lines)| *lines < SMALL_LINES)
        .collect()
}
