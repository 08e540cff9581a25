//! How a command asks a peer that runs in another process.

use std::fmt;
use std::path::{Path, PathBuf};

use althing_api::{Client, ClientError};
use anyhow::Context;
use clap::Args;
use tokio::runtime::Runtime;

/// Where the peer is.
#[derive(Args, Clone, Debug)]
pub(crate) struct Place {
    /// The peer's directory.
    #[arg(long, value_name = "DIR", required_unless_present = "api")]
    data: Option<PathBuf>,

    /// The address of the peer's API, as in http://127.0.0.1:8080, instead of its directory.
    ///
    /// If it takes a token, the environment variable ALTHING_TOKEN has it.
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    api: Option<String>,

    /// A PEM file with certificates to trust in addition to the system's, for that address.
    #[arg(long, value_name = "FILE", requires = "api")]
    ca_file: Option<PathBuf>,
}

/// Asks the peers of one process, and waits on this thread for their answers.
pub(crate) struct Asking {
    client: Client,
    runtime: Runtime,
}

impl Place {
    /// Returns the peer's directory, if that is where it is looked for.
    pub(crate) fn dir(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    /// Returns a way to ask there.
    pub(crate) fn asking(&self) -> anyhow::Result<Asking> {
        Asking::of(self.client()?)
    }

    /// Returns a way to ask there, for who waits for the answers in tasks.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        Ok(match (&self.api, &self.data) {
            (Some(url), _) => {
                let token = std::env::var("ALTHING_TOKEN").ok();
                Client::at_url(url, token, self.ca_file.as_deref())?
            }
            (None, dir) => Client::in_dir(dir.as_deref().unwrap_or(Path::new("."))),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.api, &self.data) {
            (Some(url), _) => f.write_str(url),
            (None, dir) => dir.as_deref().unwrap_or(Path::new(".")).display().fmt(f),
        }
    }
}

impl Asking {
    /// Returns a way to ask the peer that runs in a directory.
    pub(crate) fn in_dir(dir: &Path) -> anyhow::Result<Self> {
        Self::of(Client::in_dir(dir))
    }

    fn of(client: Client) -> anyhow::Result<Self> {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().context("starting to ask the peer")?;
        Ok(Self { client, runtime })
    }

    /// Asks, and waits for the answer.
    pub(crate) fn wait<'a, T, F>(&'a self, ask: impl FnOnce(&'a Client) -> F) -> F::Output
    where
        F: Future<Output = Result<T, ClientError>>,
    {
        self.runtime.block_on(ask(&self.client))
    }
}

/// Returns the answer, or `None` if no peer runs there.
pub(crate) fn if_running<T>(answer: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(ClientError::NotRunning { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
