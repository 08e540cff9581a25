//! How a command asks a peer that runs in another process.

use std::fmt;
use std::path::{Path, PathBuf};

use althing_api::{Client, ClientError, Page};
use anyhow::Context;
use clap::{ArgGroup, Args};
use tokio::runtime::Runtime;

/// Where the peer is.
#[derive(Args, Clone, Debug)]
#[command(group(ArgGroup::new("where").required(true).args(["data", "api"])))]
pub(crate) struct Place {
    /// The peer's directory.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// The address of the peer's API, as in http://127.0.0.1:8080, instead of its directory.
    ///
    /// If it takes a token, the environment variable ALTHING_TOKEN has it.
    #[arg(long, value_name = "URL")]
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

/// The items of a long list, of which one page at a time is in memory.
pub(crate) struct Pages<T, F> {
    page: std::vec::IntoIter<T>,
    /// Where the next page begins, if there is one.
    next: Option<u64>,
    ask: F,
}

impl<T, F> Pages<T, F>
where
    F: FnMut(u64) -> Result<Page<T>, ClientError>,
{
    /// Asks for the first page; `None` if no peer runs there. `ask` returns the page that begins
    /// at a number.
    pub(crate) fn first(ask: F) -> Result<Option<Self>, ClientError> {
        Self::from(0, ask)
    }

    /// As [`Pages::first`], of the items from a number on.
    pub(crate) fn from(from: u64, mut ask: F) -> Result<Option<Self>, ClientError> {
        let first = if_running(ask(from))?;
        Ok(first.map(|Page { items, next, .. }| Self { page: items.into_iter(), next, ask }))
    }
}

impl<T, F> Iterator for Pages<T, F>
where
    F: FnMut(u64) -> Result<Page<T>, ClientError>,
{
    type Item = anyhow::Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.page.next() {
                return Some(Ok(item));
            }
            match if_running((self.ask)(self.next.take()?)) {
                // A peer that leaves meanwhile has shown what it had.
                Ok(None) => return None,
                Ok(Some(page)) => (self.page, self.next) = (page.items.into_iter(), page.next),
                Err(error) => return Some(Err(error.into())),
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_asked_for_page_by_page_and_no_sooner_than_it_is_read() {
        let asked = std::cell::RefCell::new(Vec::new());
        let pages = Pages::first(|from| {
            asked.borrow_mut().push(from);
            // The second page has nothing of what is looked for, and there is a third.
            let (items, next) = match from {
                0 => (vec![1, 2], Some(7)),
                7 => (Vec::new(), Some(9)),
                _ => (vec![3], None),
            };
            Ok(Page { items, next, total: 10 })
        });
        let mut pages = pages.expect("it is asked").expect("it runs");
        assert_eq!(*asked.borrow(), [0]);
        let first: Vec<_> = pages.by_ref().take(2).map(|item| item.expect("it runs")).collect();
        assert_eq!((first, asked.borrow().clone()), (vec![1, 2], vec![0]));
        assert_eq!(pages.map(|item| item.expect("it runs")).collect::<Vec<_>>(), [3]);
        assert_eq!(*asked.borrow(), [0, 7, 9]);
    }

    #[test]
    fn what_a_peer_had_shown_before_it_left_is_kept() {
        let gone = || ClientError::NotRunning { dir: PathBuf::from("peer") };
        assert!(Pages::<u8, _>::first(|_| Err(gone())).expect("no error").is_none());
        let page = |from| match from {
            0 => Ok(Page { items: vec![1], next: Some(1), total: 2 }),
            _ => Err(gone()),
        };
        let pages = Pages::first(page).expect("it is asked").expect("it runs");
        assert_eq!(pages.map(|item| item.expect("no error")).collect::<Vec<_>>(), [1]);
    }
}
