//! Every shell block of README and docs, pasted in order as a person would: into one shell, which
//! reads what follows a program from the same input as that program.
//!
//! A block that cannot be run here says why in a comment before it: `<!-- not run: ... -->`. Of
//! such a block, each `althing` command must still be understood.

use std::fs;
use std::io::Write;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use althing_testkit::{RabbitMq, free_port};
use tempfile::TempDir;

use crate::harness::{command, rabbitmq};

/// A shell block of a document.
#[derive(Debug)]
struct Block {
    /// Where it is, for people.
    place: String,
    text: String,
    /// Why it is not run.
    not_run: Option<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn blocks(path: &Path) -> Vec<Block> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let name = path.file_name().expect("a file").to_string_lossy();
    let (mut found, mut before) = (Vec::new(), "");
    let mut lines = text.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        let words: Vec<&str> = line.trim_start().split(' ').take(2).collect();
        let is_command = match words[..] {
            // This is how the first block of an open network begins.
            ["althing", "open"] => false,
            [first, ..] => ["althing", "cargo", "minerd"].contains(&first),
            [] => false,
        };
        assert!(
            !(line.starts_with("    ") && is_command),
            "{name}:{number}: commands stand in a block that begins with ```sh"
        );
        if line == "```sh" {
            let block = lines.by_ref().map(|(line, _)| line).take_while(|line| *line != "```");
            let text = block.map(|line| format!("{line}\n")).collect();
            let mark = before.strip_prefix("<!-- not run: ").and_then(|it| it.strip_suffix(" -->"));
            let not_run = mark.map(str::to_owned);
            found.push(Block { place: format!("{name}:{number}"), text, not_run });
        }
        before = line;
    }
    found
}

fn documents() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).expect("there are docs").flatten();
    let mut docs: Vec<_> = docs
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    docs.sort();
    [root().join("README.md"), root().join("CONTRIBUTING.md")].into_iter().chain(docs).collect()
}

/// Puts free ports and the test's RabbitMQ where the documents have the usual ones, which this
/// machine may need for something else, and the command where they build it first.
fn on_free_ports(text: &str, rabbitmq: &RabbitMq) -> String {
    let tcp = || free_port().expect("there are ports");
    let udp = || {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("there are ports");
        socket.local_addr().expect("it is bound").port()
    };
    let (mqtt, tracker, stratum, aviary, open) = (tcp(), tcp(), tcp(), udp(), udp());
    let tracker = format!("127.0.0.1:{tracker}");
    let changes = [
        ("cargo run --release -- ", "althing ".to_owned()),
        ("--listen 127.0.0.1:1883", format!("--listen 127.0.0.1:{mqtt}")),
        ("mqtt://127.0.0.1 ", format!("mqtt://127.0.0.1:{mqtt} ")),
        ("demo --dialect ppd ", format!("demo --dialect ppd --broker {} ", rabbitmq.url())),
        (":8999", format!(":{aviary}")),
        (":9000", format!(":{open}")),
        ("althing tracker", format!("althing tracker --listen {tracker}")),
        ("--dialect cs60 ", format!("--dialect cs60 --tracker {tracker} ")),
        ("althing cs60-vote", format!("althing cs60-vote --tracker {tracker}")),
        ("althing stratum", format!("althing stratum --stratum 127.0.0.1:{stratum}")),
    ];
    changes.into_iter().fold(text.to_owned(), |text, (usual, free)| {
        assert!(text.contains(usual), "no document has {usual:?} any more");
        text.replace(usual, &free)
    })
}

/// Returns the directories of the peers that a block leaves running.
fn left_running(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().filter(|line| line.ends_with(" &") && !line.contains('$'));
    lines.filter_map(|line| line.split("--data ").nth(1)?.split(' ').next())
}

/// What the person does besides: look whether what was started is there, and stop it in the end.
const BEFORE: &str = r#"
set -e
trap 'kill $(jobs -p) 2> /dev/null' EXIT
there() {
  for try in $(seq 300); do
    if althing status --data "$1" > /dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  echo "no peer runs in $1"
  return 1
}
"#;
const AFTER: &str = r#"
left=$(jobs -p)
kill $left
for process in $left; do wait $process; done
trap - EXIT
echo "== all of it has ended well"
"#;

#[test]
fn every_shell_block_of_the_documents_runs_when_it_is_pasted() {
    let rabbitmq = rabbitmq();
    let mut script = BEFORE.to_owned();
    for block in documents().iter().flat_map(|path| blocks(path)) {
        if block.not_run.is_none() {
            script += &format!("echo '== {}'\n{}", block.place, block.text);
            let left: String =
                left_running(&block.text).map(|dir| format!("there {dir}\n")).collect();
            script += &left;
        }
    }
    let script = on_free_ports(&(script + AFTER), &rabbitmq);
    let home = TempDir::with_prefix("althing-e2e-").expect("there is room for files");
    let built = Path::new(env!("CARGO_BIN_EXE_althing")).parent().expect("it is in a directory");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths(std::iter::once(built.to_owned()).chain(std::env::split_paths(&path)));
    let mut shell = Command::new("bash");
    shell.current_dir(home.path()).env("PATH", path.expect("no path has a colon"));
    for variable in ["ALTHING_BROKER", "ALTHING_LOG", "COLUMNS"] {
        shell.env_remove(variable);
    }
    let output = home.path().join("output");
    let into = || fs::File::options().create(true).append(true).open(&output).expect("room");
    let mut shell =
        shell.stdin(Stdio::piped()).stdout(into()).stderr(into()).spawn().expect("bash");
    let mut paste = shell.stdin.take().expect("it is piped");
    // A shell that has ended reads no more, and then its status tells.
    let _ = paste.write_all(script.as_bytes());
    drop(paste);
    let status = shell.wait().expect("it is our child");
    let said = fs::read_to_string(&output).expect("it was written");
    let from = said.rfind("\n== ").unwrap_or_default();
    assert!(status.success(), "{status}: {}", &said[from..]);
    assert!(said.ends_with("== all of it has ended well\n"), "{said}");
}

#[test]
fn blocks_that_are_not_run_name_options_that_there_are() {
    for block in documents().iter().flat_map(|path| blocks(path)) {
        let Some(why) = block.not_run else { continue };
        assert!(!why.trim().is_empty(), "{}: why is it not run?", block.place);
        for line in block.text.lines() {
            let Some(line) = line.trim_start().strip_prefix("althing ") else { continue };
            let is_option =
                |word: &&str| !["&", ">", "|", ";", "#"].iter().any(|it| word.starts_with(it));
            // What comes after -- is another program's.
            let words = line.split_whitespace().take_while(|word| is_option(word) && *word != "--");
            let mut help = command();
            // Options before it are read, and refused if there are none of that name.
            let output = help.args(words).arg("--help").output().expect("it has been built");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {line}: {said}", block.place);
        }
    }
}
