//! Random requests to the API of a running demo: Schemathesis makes them from
//! `docs/openapi.json`, and none may be answered with an error of the server. After that its
//! metrics are read by the strict parser of OpenMetrics in Prometheus' own client; `promtool` would
//! bring all of Prometheus.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};

use crate::needs;
use crate::shell;
use crate::steps::Outcome;
use crate::workspace::{self, target};

/// What is installed, with its version.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// The parser of those who define the format of the metrics: it refuses what is not exactly in it.
const PROMETHEUS_CLIENT: &str = "prometheus-client==0.26.0";

/// Reads the metrics at a URL, and says how many families there are.
const READ_METRICS: &str = "
import sys, urllib.request
from prometheus_client.openmetrics.parser import text_string_to_metric_families
answer = urllib.request.urlopen(sys.argv[1])
assert answer.headers.get_content_type() == 'application/openmetrics-text', answer.headers
families = list(text_string_to_metric_families(answer.read().decode()))
names = [family.name for family in families]
assert len(set(names)) == len(names) >= 5, names
assert any(sample.value > 0 for family in families for sample in family.samples)
print(f'{len(names)} metrics are in the format OpenMetrics.')
";

/// The networks whose demos are asked: of each kind one, and in none a valid request has to wait.
const DIALECTS: [&str; 2] = ["elect-chain", "cs60"];

/// The operations that are left out: one never ends, and two say with status 503 that a peer is not
/// ready.
const LEFT_OUT: [&str; 3] = ["followEvents", "isAlive", "isReady"];

/// Asks a demo of each kind of network.
pub(crate) fn run() -> Result<Outcome> {
    let place = match install() {
        Ok(place) => place,
        Err(error) => return Ok(Outcome::Skipped(format!("no Schemathesis here: {error:#}"))),
    };
    for dialect in DIALECTS {
        let demo = Demo::start(dialect)?;
        let mut ask = shell::command(&place.join("bin/schemathesis").display().to_string());
        // It leaves its examples behind.
        ask.current_dir(target());
        ask.args(["run", &format!("{}/openapi.json", demo.url)]);
        ask.args(["--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing"]);
        ask.args(["--max-examples", "50", "--seed", "1", "--no-color"]);
        for name in LEFT_OUT {
            ask.args(["--exclude-operation-id", name]);
        }
        shell::run(&mut ask)?;
        let mut read = shell::command(&place.join("bin/python").display().to_string());
        shell::run(read.args(["-c", READ_METRICS, &format!("{}/metrics", demo.url)]))?;
    }
    Ok(Outcome::Done)
}

/// Installs Schemathesis and the parser of metrics beside what is built, unless these versions are
/// there, and returns where.
fn install() -> Result<PathBuf> {
    needs::PYTHON.ensure()?;
    let place = target().join("schemathesis");
    let (stamp, wanted) = (place.join("installed"), [SCHEMATHESIS, PROMETHEUS_CLIENT]);
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted.join(" ")) {
        return Ok(place);
    }
    let python = place.display().to_string();
    shell::run(shell::command("python3").args(["-m", "venv", &python]))?;
    let pip = place.join("bin/pip").display().to_string();
    shell::run(shell::command(&pip).args(["install", "--quiet"]).args(wanted))?;
    fs::write(&stamp, wanted.join(" ")).with_context(|| stamp.display().to_string())?;
    Ok(place)
}

/// A demo that can be asked; killed when dropped.
struct Demo {
    process: Child,
    url: String,
}

impl Demo {
    fn start(dialect: &str) -> Result<Self> {
        let program = workspace::program();
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
