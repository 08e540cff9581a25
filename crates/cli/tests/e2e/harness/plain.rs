//! The published programs of `elect-chain`, as far as another peer of their room can notice.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use althing_testkit::{Heard, Stranger};
use serde_json::{Value, json};

/// Some programs that know only what the published program of `elect-chain` knows. They announce
/// themselves, and again for each id that is new to them; when the room is full they draw, and vote
/// from time to time. Like the program they end for good at any message without the fields that
/// they read. Stops when it is dropped.
pub(crate) struct Programs {
    fate: Arc<Mutex<Fate>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What has become of them.
#[derive(Default)]
pub(crate) struct Fate {
    /// The ids that have a seat in their room.
    pub(crate) seats: BTreeSet<u64>,
    /// The message that has ended them.
    pub(crate) killed_by: Option<Heard>,
    /// How often they have voted.
    pub(crate) votes: u64,
}

/// What the program reads on each topic.
const FIELDS: [(&str, &[&str]); 5] = [
    ("init", &["id"]),
    ("election", &["election", "id"]),
    ("challenge", &["id", "challenge"]),
    ("solution", &["id", "transaction", "seed"]),
    ("voting", &["id", "transaction", "seed", "vote"]),
];

/// How long they wait for a message before they vote.
const LOOK: Duration = Duration::from_millis(50);

impl Programs {
    /// Starts programs with these ids in a room of `peers`, over the broker on `port`.
    pub(crate) fn start(ids: impl IntoIterator<Item = u64>, peers: usize, port: u16) -> Self {
        let topics = FIELDS.map(|(topic, _)| topic);
        let mut voice = Stranger::meet(port, &topics).unwrap_or_else(|error| panic!("{error}"));
        let ids: Vec<u64> = ids.into_iter().collect();
        let (fate, is_over) = (Arc::<Mutex<Fate>>::default(), Arc::<AtomicBool>::default());
        let (known, ends) = (Arc::clone(&fate), Arc::clone(&is_over));
        let thread = thread::spawn(move || {
            ids.iter().for_each(|id| voice.say("init", json!({ "id": id }).to_string()));
            while !ends.load(Ordering::Relaxed) {
                let heard = voice.hear(LOOK);
                let mut fate = known.lock().expect("nobody panics with it");
                if fate.killed_by.is_none() {
                    fate.go_on(heard, &ids, peers, &mut voice);
                }
            }
        });
        Self { fate, is_over, thread: Some(thread) }
    }

    /// Returns what has become of them so far.
    pub(crate) fn fate(&self) -> MutexGuard<'_, Fate> {
        self.fate.lock().expect("nobody panics with it")
    }
}

impl Fate {
    fn go_on(&mut self, heard: Option<Heard>, ids: &[u64], peers: usize, voice: &mut Stranger) {
        let Some(heard) = heard else {
            self.votes += 1;
            for id in ids {
                let vote = json!({"id": id, "transaction": 0, "seed": 6, "vote": true});
                voice.say("voting", vote.to_string());
            }
            return;
        };
        let said: Value = serde_json::from_str(&heard.payload).unwrap_or_default();
        let reads = FIELDS.iter().find(|(topic, _)| *topic == heard.topic);
        if reads.is_none_or(|(_, fields)| fields.iter().any(|field| said.get(field).is_none())) {
            self.killed_by = Some(heard);
            return;
        }
        let is_free = self.seats.len() < peers;
        if heard.topic == "init"
            && is_free
            && let Some(id) = said["id"].as_u64()
            && self.seats.insert(id)
        {
            for id in ids {
                voice.say("init", json!({ "id": id }).to_string());
            }
        }
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // If it panicked, that has been shown.
            let _ = thread.join();
        }
    }
}
