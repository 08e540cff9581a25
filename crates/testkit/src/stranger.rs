//! A client of another make, to test against.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::server::{self, StartError, find};
use crate::wait::eventually_blocking;

/// A client that is independent of our code: Mosquitto's `mosquitto_sub` and `mosquitto_pub`, which
/// use MQTT 3.1.1. They end when it is dropped.
#[derive(Debug)]
pub struct Stranger {
    port: u16,
    listener: Child,
    heard: mpsc::Receiver<Heard>,
    /// What it has heard before it knew that it was subscribed.
    early: RefCell<VecDeque<Heard>>,
    /// One `mosquitto_pub` for each topic, since it publishes on only one.
    speakers: BTreeMap<String, Child>,
}

/// A message that a [`Stranger`] has received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Its topic.
    pub topic: String,
    /// Its payload; bytes that are not UTF-8 are replaced.
    pub payload: String,
    /// The quality of service with which it was published: 0, 1 or 2.
    pub quality_of_service: u8,
    /// Whether the broker has kept it for those who come later.
    pub retained: bool,
}

/// The topic on which a stranger finds out whether it is already subscribed.
const ECHO: &str = "stranger/echo";

impl Stranger {
    /// Connects to the broker on `port` of the loopback interface, and returns when it receives
    /// what is published on `topics`, which may contain wildcards.
    pub fn meet(port: u16, topics: &[&str]) -> Result<Self, StartError> {
        let mut listen = Command::new(find("mosquitto_sub")?);
        listen.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        listen.args(["-q", "2", "-F", "%q %r %t %p"]);
        for topic in topics.iter().chain([&ECHO]) {
            listen.args(["-t", topic]);
        }
        let mut listener = listen.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(listener.stdout.take().expect("it is piped"));
        let (tell, heard) = mpsc::channel();
        thread::spawn(move || {
            for line in lines.split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                if tell.send(Heard::read(&line)).is_err() {
                    break;
                }
            }
        });
        let (early, speakers) = (RefCell::default(), BTreeMap::new());
        let mut stranger = Self { port, listener, heard, early, speakers };
        eventually_blocking("the stranger to hear itself", || {
            stranger.say(ECHO, "?");
            let heard: Vec<Heard> = stranger.heard.try_iter().collect();
            let is_there = heard.iter().any(|heard| heard.topic == ECHO);
            stranger.early.borrow_mut().extend(heard);
            is_there.then_some(())
        });
        Ok(stranger)
    }

    /// Publishes `payload`, which must not contain a line break or a zero byte: `mosquitto_pub`
    /// reads lines as C strings.
    ///
    /// # Panics
    ///
    /// If the payload cannot be handed to `mosquitto_pub`.
    pub fn say(&mut self, topic: &str, payload: impl AsRef<[u8]>) {
        debug_assert!(!payload.as_ref().iter().any(|byte| matches!(byte, 0 | b'\n')));
        let port = self.port;
        let speaker = self
            .speakers
            .entry(topic.to_owned())
            .or_insert_with(|| speaker(port, topic).unwrap_or_else(|error| panic!("{error}")));
        let input = speaker.stdin.as_mut().expect("it is piped");
        let line = [payload.as_ref(), b"\n"].concat();
        input.write_all(&line).expect("mosquitto_pub goes on reading");
    }

    /// Returns the next message that it receives, or `None` if there is none `within` that time.
    pub fn hear(&self, within: Duration) -> Option<Heard> {
        loop {
            let early = self.early.borrow_mut().pop_front();
            let heard = early.or_else(|| self.heard.recv_timeout(within).ok())?;
            if heard.topic != ECHO {
                return Some(heard);
            }
        }
    }
}

impl Heard {
    /// Reads a line as the listener writes it.
    fn read(line: &str) -> Self {
        let mut parts = line.splitn(4, ' ');
        let mut next = || parts.next().unwrap_or_default();
        Self {
            quality_of_service: next().parse().unwrap_or_default(),
            retained: next() == "1",
            topic: next().to_owned(),
            payload: next().to_owned(),
        }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        for process in self.speakers.values_mut().chain([&mut self.listener]) {
            server::kill(process);
        }
    }
}

fn speaker(port: u16, topic: &str) -> Result<Child, StartError> {
    Ok(Command::new(find("mosquitto_pub")?)
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-t", topic, "-l"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?)
}
