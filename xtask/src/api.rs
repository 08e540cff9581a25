//! Random requests to the API of a running demo: Schemathesis makes them from
//! `docs/openapi.json`, and none may be answered with an error of the server.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};

use crate::needs;
use crate::root;
use crate::shell;
use crate::steps::Outcome;
use crate::workspace::EVERYTHING;

/// What is installed, with its version.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// The networks whose demos are asked: of each kind one, and in none a valid request has to wait.
const DIALECTS: [&str; 2] = ["elect-chain", "cs60"];

/// The operations that are left out: one never ends, and two say with status 503 that a peer is not
/// ready.
const LEFT_OUT: [&str; 3] = ["followEvents", "isAlive", "isReady"];

/// Asks a demo of each kind of network.
pub(crate) fn run() -> Result<Outcome> {
    let schemathesis = match install() {
        Ok(program) => program,
        Err(error) => return Ok(Outcome::Skipped(format!("no Schemathesis here: {error:#}"))),
    };
    // With the features of the tests, whose build this is the first part of.
    shell::run(shell::cargo(["test", "--no-run", "--quiet"]).args(EVERYTHING))?;
    for dialect in DIALECTS {
        let demo = Demo::start(dialect)?;
        let mut ask = shell::command(&schemathesis.display().to_string());
        // It leaves its examples behind.
        ask.current_dir(target());
        ask.args(["run", &format!("{}/openapi.json", demo.url)]);
        ask.args(["--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing"]);
        ask.args(["--max-examples", "50", "--seed", "1", "--no-color"]);
        for name in LEFT_OUT {
            ask.args(["--exclude-operation-id", name]);
        }
        shell::run(&mut ask)?;
    }
    Ok(Outcome::Done)
}

/// Installs Schemathesis beside what is built, unless it is there, and returns its path.
fn install() -> Result<PathBuf> {
    needs::PYTHON.ensure()?;
    let place = target().join("schemathesis");
    let program = place.join("bin/schemathesis");
    if !program.is_file() {
        let python = place.display().to_string();
        shell::run(shell::command("python3").args(["-m", "venv", &python]))?;
        let pip = place.join("bin/pip").display().to_string();
        shell::run(shell::command(&pip).args(["install", "--quiet", SCHEMATHESIS]))?;
    }
    Ok(program)
}

/// Returns where cargo builds.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root::root().join("target"), PathBuf::from)
}

/// A demo that can be asked; killed when dropped.
struct Demo {
    process: Child,
    url: String,
}

impl Demo {
    fn start(dialect: &str) -> Result<Self> {
        let program = target().join("debug").join("althing");
        let mut command = Command::new(&program);
        command.args(["demo", "--dialect", dialect, "--peers", "3", "--rounds", "1000000"]);
        command.args(["--http", "127.0.0.1:0", "--pace", "1s", "--json"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let starting = || format!("starting {}", Path::new(&program).display());
        let mut process = command.spawn().with_context(starting)?;
        let output = process.stdout.take().context("its output is piped")?;
        let mut demo = Self { process, url: String::new() };
        demo.url = url(output).with_context(starting)?;
        Ok(demo)
    }
}

/// Reads where the demo is served, and goes on reading beside us, so that it is never held up.
fn url(output: ChildStdout) -> Result<String> {
    let mut lines = BufReader::new(output).lines();
    loop {
        let line = lines.next().context("it has ended")??;
        if let Some((_, rest)) = line.split_once(r#""event":"serving","url":""#) {
            let url = rest.split('"').next().unwrap_or_default().to_owned();
            std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
            return Ok(url);
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It fails only if the demo has ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
