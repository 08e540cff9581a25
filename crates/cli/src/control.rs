//! The way to a peer that runs in another process: a socket in its `--data` directory, so that
//! whoever may read the directory may ask and tell the peer.
//!
//! One connection is one [`Request`] and its answer, a line of JSON each.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use althing_dialect::ChainDialect;
use althing_engine::nakamoto::{Mining, Timer};
use althing_ledger::Entry;
use althing_node::HasLeft;
use althing_node::chain::{Commands, Due, Overview, Submitted};
use althing_types::Height;
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader as AsyncBufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use crate::output::chain::said;

/// What can be asked of a peer, or told it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub(crate) enum Request {
    /// How things stand, and what is due.
    Overview,
    /// What the chain holds.
    Entries,
    /// Get an entry into the chain, and wait until it is.
    Add { entry: String },
}

/// The peer's end; the socket is removed when it is dropped.
pub(crate) struct Control {
    socket: PathBuf,
    task: JoinHandle<()>,
}

const SOCKET: &str = "control.sock";

/// Bytes that a request may have.
const REQUEST_MAX: u64 = 64 * 1024;

impl Control {
    /// Listens in `dir`, whose store this process has open: nobody else listens there, and a
    /// socket that is there was left by a process that was killed.
    pub(crate) fn listen(
        dir: &Path,
        commands: Commands,
        dialect: Arc<dyn ChainDialect>,
    ) -> anyhow::Result<Self> {
        let socket = dir.join(SOCKET);
        match fs::remove_file(&socket) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("removing {}", socket.display()));
            }
            _ => {}
        }
        let listener = UnixListener::bind(&socket)
            .with_context(|| format!("listening at {}", socket.display()))?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (commands, dialect) = (commands.clone(), Arc::clone(&dialect));
                tokio::spawn(async move {
                    // Who asks and does not wait for the answer needs none.
                    let _ = attend(stream, &commands, &*dialect).await;
                });
            }
        });
        Ok(Self { socket, task })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        // It is only in the way of nobody: whoever comes next removes it.
        let _ = fs::remove_file(&self.socket);
    }
}

async fn attend(
    mut stream: UnixStream,
    commands: &Commands,
    dialect: &dyn ChainDialect,
) -> anyhow::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut line = String::new();
    AsyncBufReader::new(reader.take(REQUEST_MAX)).read_line(&mut line).await?;
    let answer = match serde_json::from_str(&line) {
        Ok(request) => answer(request, commands, dialect).await?,
        Err(error) => json!({ "error": format!("not a request: {error}") }),
    };
    writer.write_all(format!("{answer}\n").as_bytes()).await?;
    Ok(())
}

async fn answer(
    request: Request,
    commands: &Commands,
    dialect: &dyn ChainDialect,
) -> Result<Value, HasLeft> {
    Ok(match request {
        Request::Overview => overview(&commands.overview().await?),
        Request::Entries => entries(commands.entries().await?),
        Request::Add { entry } => match dialect.entry(&entry, rand::random()) {
            Ok(entry) => submitted(&commands.submit(entry).await?.outcome().await?),
            Err(refused) => invalid(&refused.to_string()),
        },
    })
}

fn overview(overview: &Overview) -> Value {
    let now = overview.now;
    let due = |due: &Due| {
        let after = due.at - now;
        json!({ "in_ms": after.as_secs_f64() * 1e3, "what": what(due.timer) })
    };
    json!({
        "address": overview.address.to_string(),
        "blocks": overview.blocks,
        "tip": overview.tip.map(|tip| tip.hash.to_string()),
        "peers": overview.peers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "mining": overview.mining != Mining::Off,
        "searching": overview.searching.map(Height::number),
        "due": overview.due.iter().map(due).collect::<Vec<_>>(),
    })
}

/// Returns what a peer does when a timer is over.
fn what(timer: Timer) -> &'static str {
    match timer {
        Timer::Gossip => "say that we are here, and forget who is silent",
        Timer::Tips => "ask what chains the others have",
        Timer::Request(_) => "ask another peer, if the answer has not come",
    }
}

/// Returns what a chain holds as the answer to [`Request::Entries`].
pub(crate) fn entries(entries: impl IntoIterator<Item = (Height, Entry)>) -> Value {
    let shown = |(height, entry): (Height, Entry)| {
        let (height, said) = (height.number(), said(&entry));
        json!({ "height": height, "entry": said })
    };
    json!({ "entries": entries.into_iter().map(shown).collect::<Vec<_>>() })
}

fn submitted(submitted: &Submitted) -> Value {
    match submitted {
        Submitted::Added { height, lost_races } => {
            json!({ "answer": "added", "height": height.number(), "lost_races": lost_races })
        }
        Submitted::Refused(reason) => invalid(&reason.to_string()),
    }
}

fn invalid(reason: &str) -> Value {
    json!({ "answer": "invalid", "reason": reason })
}

/// Asks the peer that runs in `dir`. The answer is `None` if none does.
pub(crate) fn ask(dir: &Path, request: &Request) -> anyhow::Result<Option<Value>> {
    let socket = dir.join(SOCKET);
    let mut stream = match BlockingStream::connect(&socket) {
        Ok(stream) => stream,
        Err(error)
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error).with_context(|| format!("asking at {}", socket.display())),
    };
    writeln!(stream, "{}", serde_json::to_string(request)?)?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    if line.is_empty() {
        bail!("the peer in {} has left without an answer", dir.display());
    }
    let answer: Value = serde_json::from_str(&line).context("the peer's answer")?;
    match answer.get("error").and_then(Value::as_str) {
        Some(error) => bail!("the peer in {} does not understand: {error}", dir.display()),
        None => Ok(Some(answer)),
    }
}

/// Asks the peer that must run in `dir`.
pub(crate) fn ask_running(dir: &Path, request: &Request) -> anyhow::Result<Value> {
    ask(dir, request)?.with_context(|| {
        format!(
            "no peer runs in {}; start one, as in althing peer --dialect cs60 --data {0}",
            dir.display()
        )
    })
}
