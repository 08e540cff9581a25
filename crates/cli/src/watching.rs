//! For how long a network is watched, and what is said of its peers at the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use althing_feed::{Id, PeerName, Source, shown};
use althing_node::{Broken, Heard, Watch, Words};
use althing_text::terminal::escaped;
use althing_text::{Name, counted};
use althing_types::{Moment, PeerId};
use anyhow::bail;
use tokio::time::{Instant, sleep_until};

use crate::output::Aside;
use crate::signals::stop_asked;

/// Names that an error lists.
const NAMES_SHOWN: usize = 8;

/// For how long a network is watched, and what is heard.
pub(crate) struct Watching {
    watch: Watch,
    end: Option<Instant>,
}

impl Watching {
    pub(crate) fn new(time: Option<Duration>) -> Self {
        Self { watch: Watch::default(), end: time.map(|time| Instant::now() + time) }
    }

    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Ends when it was watched for long enough, or the user has seen enough.
    pub(crate) async fn is_over(&self, output: &Aside) {
        let is_over = async {
            match self.end {
                Some(end) => sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = is_over => {}
            () = stop_asked() => {}
            () = output.closed() => {}
        }
    }

    /// Publishes what was heard of each peer.
    pub(crate) fn tell(&self, source: &Source, now: Moment) {
        self.watch.heard().tell(source, now);
    }

    /// Writes the table of peers, if it is for people; fails if one of them broke a rule, or if
    /// none was heard: then nothing was found out.
    pub(crate) fn conclude(&self, json: bool, names: &[(PeerId, Name)]) -> anyhow::Result<()> {
        let heard = self.watch.heard();
        if !json {
            let names = names.iter().map(|(peer, name)| (Id::from(*peer), name)).collect();
            io::stdout().lock().write_all(table(&heard, &names).as_bytes())?;
        }
        if heard.peers().next().is_none() {
            bail!("no message was heard; check the address, the room and the network");
        }
        let broke = heard.peers().filter(|(_, words)| !words.broken.is_empty());
        let names: Vec<_> = broke.map(|(peer, _)| called(peer, &BTreeMap::new())).collect();
        match names.is_empty() {
            true => Ok(()),
            false => bail!("rules were broken, in the name of {}", listed(&names)),
        }
    }
}

/// Lists names, the first of many.
fn listed(names: &[String]) -> String {
    let (shown, more) = names.split_at(names.len().min(NAMES_SHOWN));
    match more.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Returns what was heard, as people read it.
fn table(heard: &Heard, names: &BTreeMap<Id, &Name>) -> String {
    let mut table = String::new();
    for (peer, words) in heard.peers() {
        let Words { said, led, broken } = words;
        let told = said.iter().map(|(kind, count)| format!("{count} {}", kind.replace('_', " ")));
        let told: Vec<_> = told.collect();
        let told = match told.is_empty() {
            true => "nothing that is a message".to_owned(),
            false => told.join(", "),
        };
        let led = match led {
            0 => String::new(),
            times => format!("; elected {}", counted(*times, "time")),
        };
        line(&mut table, &format!("{} said {told}{led}", called(peer, names)));
        for ((kind, rule), Broken { count, example }) in broken {
            let (kind, times) = (kind.replace('_', " "), counted(*count, "time"));
            let what = rule.map_or(kind.clone(), |rule| format!("broke rule {rule} ({kind})"));
            line(&mut table, &format!("    {what}, {times}: {example}"));
        }
    }
    table
}

/// Adds a line. Strangers' texts in it do nothing to a terminal.
fn line(table: &mut String, text: &str) {
    writeln!(table, "{}", escaped(text)).expect("a text takes anything");
}

fn called(peer: Option<&PeerName>, names: &BTreeMap<Id, &Name>) -> String {
    match peer {
        Some(PeerName::Id(id)) => shown(id.to_string(), names.get(id).copied()),
        Some(peer) => peer.to_string(),
        None => "peers that are not named or not kept apart".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_names_the_first_are_listed() {
        let names: Vec<_> = (1..=10).map(|number| number.to_string()).collect();
        assert_eq!(listed(&names[..2]), "1, 2");
        assert_eq!(listed(&names), "1, 2, 3, 4, 5, 6, 7, 8 and 2 more");
    }
}
