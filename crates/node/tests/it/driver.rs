//! The driver's own duties, with any engine: writing before sending, batches, crashes,
//! numbers, and the end.

use std::future::pending;
use std::io::{self, Write};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use althing_feed::Feed;
use althing_node::plug::{Action, Plug};
use althing_node::{Air, Clock, HasLeft, NodeError};
use althing_store::{Store, StoreError};
use althing_testkit::{DEADLINE, eventually};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::refusals::Puppets;
use crate::toy::{Stage, hears, told};

#[tokio::test]
async fn all_that_a_batch_persists_is_on_disk_before_any_of_it_is_sent() {
    let Stage { node, link, notes, mut other, .. } = {
        let stage = Stage::in_memory();
        for number in 0..5 {
            stage.tell(format!("send before {number}; persist {number}; send after {number}"));
        }
        stage.tell("send done");
        stage
    };
    let running = tokio::spawn(node.run(link, pending()));
    hears(&mut other, "done").await;
    let mut wanted = vec![("started".to_owned(), 5)];
    for number in 0..5 {
        wanted.push((format!("before {number}"), 5));
        wanted.push((format!("after {number}"), 5));
    }
    wanted.push(("done".to_owned(), 5));
    assert_eq!(notes.sent(), wanted);
    running.abort();
}

#[tokio::test]
async fn a_batch_has_at_most_64_arrivals() {
    let stage = Stage::in_memory();
    for number in 0..70 {
        stage.tell(format!("persist {number}; send {number}"));
    }
    let Stage { node, link, notes, mut other, .. } = stage;
    let running = tokio::spawn(node.run(link, pending()));
    hears(&mut other, "69").await;
    let on_disk: Vec<u64> = notes.sent().into_iter().map(|(_, on_disk)| on_disk).collect();
    // The first arrival is that the bus is there.
    assert_eq!(on_disk, [vec![63; 64], vec![70; 7]].concat());
    running.abort();
}

#[tokio::test]
async fn a_crash_while_a_batch_is_sent_leaves_all_of_it_on_disk() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let stage = Stage::new(Store::open(dir.path()).expect("it is new"), 1024);
    for script in ["persist 0; send zero", "persist 1; send crash", "persist 2; send two"] {
        stage.tell(script);
    }
    let Stage { node, link, notes, .. } = stage;
    let crashed = tokio::spawn(node.run(link, pending())).await;
    assert!(crashed.is_err_and(|error| error.is_panic()));
    assert_eq!(notes.sent(), [("started".to_owned(), 3), ("zero".to_owned(), 3)]);
    drop(notes);
    let found = Store::<crate::toy::Put>::open(dir.path()).expect("it is whole");
    assert_eq!(found.entries(0, 10).expect("they can be read"), [0, 1, 2]);
}

#[tokio::test]
async fn nothing_of_a_batch_is_sent_or_told_if_it_cannot_be_written() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let stage = Stage::new(Store::open(dir.path()).expect("it is new"), 1024);
    // There is no entry 1 before 2.
    for script in ["persist 0; send zero; event zero", "send one", "persist 2; send two"] {
        stage.tell(script);
    }
    let Stage { node, link, notes, mut events, .. } = stage;
    let failed = node.run(link, pending()).await;
    assert!(matches!(failed, Err(NodeError::Store(StoreError::Gap { .. }))), "{failed:?}");
    assert_eq!(notes.sent(), []);
    assert_eq!(told(&mut events).into_keys().collect::<Vec<_>>(), ["connected", "started"]);
    drop(notes);
    let found = Store::<crate::toy::Put>::open(dir.path()).expect("it is whole");
    assert_eq!(found.next(), 0);
}

#[tokio::test]
async fn what_the_engine_reads_has_what_it_has_just_persisted() {
    let stage = Stage::in_memory();
    stage.tell("read; persist 0; persist 1; send after");
    stage.tell("read; leave");
    let Stage { node, link, notes, .. } = stage;
    node.run(link, pending()).await.expect("memory does not fail");
    let sent: Vec<String> = notes.sent().into_iter().map(|(text, _)| text).collect();
    assert_eq!(sent, ["started", "after", "read [0, 1]", "read [0, 1]"]);
}

#[tokio::test]
async fn of_a_flood_of_refusals_some_are_told_and_the_others_counted() {
    let stage = Stage::in_memory();
    for _ in 0..50 {
        stage.tell("?");
        stage.tell("refuse");
    }
    stage.tell("leave");
    let Stage { node, link, mut events, .. } = stage;
    let gauges = node.gauges();
    node.run(link, pending()).await.expect("memory does not fail");
    let told = told(&mut events);
    let (refused, counted) = (told["refused"], told["counted"]);
    // More than twenty only if this took more than a second.
    assert!((20..100).contains(&refused), "{told:?}");
    assert_eq!(refused + counted, 100);
    assert_eq!((gauges.received(), gauges.refused()), (101, 100));
}

#[tokio::test]
async fn numbers_and_counts_go_on_while_the_engine_sets_no_timer() {
    let stage = Stage::in_memory();
    stage.tell("search for ever");
    for _ in 0..30 {
        stage.tell("refuse");
    }
    let Stage { node, link, mut events, other: _other, .. } = stage;
    let gauges = node.gauges();
    let running = tokio::spawn(node.run(link, pending()));
    let first = eventually("hashes", async || Some(gauges.hashes()).filter(|hashes| *hashes > 0));
    let first = first.await;
    eventually("more hashes", async || (gauges.hashes() > first).then_some(())).await;
    let mut counted = 0;
    eventually("the count of those not told", async || {
        counted += told(&mut events).get("counted").copied().unwrap_or(0);
        (counted > 0).then_some(())
    })
    .await;
    running.abort();
}

#[tokio::test]
async fn somebody_who_watches_and_never_reads_makes_no_peer_wait() {
    let stage = Stage::new(Store::in_memory(), 16);
    for number in 0..2000 {
        stage.tell(format!("event {number}"));
    }
    stage.tell("send done");
    let Stage { node, link, mut other, mut events, .. } = stage;
    let running = tokio::spawn(node.run(link, pending()));
    hears(&mut other, "done").await;
    let lagged = events.next().await.expect("the feed goes on").expect_err("most are gone");
    // Beside those of the engine, that the peer has started and is connected.
    assert_eq!(lagged.missed, 2002 - 16);
    running.abort();
}

#[tokio::test]
async fn a_timer_comes_back_and_a_solution_is_found() {
    let stage = Stage::in_memory();
    stage.tell("timer 3; timer 2; timer 1; search");
    let Stage { node, link, notes, mut other, .. } = stage;
    let running = tokio::spawn(node.run(link, pending()));
    hears(&mut other, "solved true").await;
    eventually("all timers", async || {
        let sent = notes.sent();
        let timers: Vec<_> = sent.iter().filter(|(text, _)| text.starts_with("timer")).collect();
        (timers.len() == 3).then(|| assert!(timers.is_sorted(), "{timers:?}"))
    })
    .await;
    running.abort();
}

#[tokio::test]
async fn commands_of_one_call_are_one_batch_and_are_carried_out_when_it_returns() {
    let Stage { node, link, notes, other: _other, .. } = Stage::in_memory();
    let commands = node.commands();
    let running = tokio::spawn(node.run(link, pending()));
    let scripts = ["persist 0; send zero", "persist 1; send one; timer 999999"];
    commands.send_all(scripts.map(str::to_owned).into()).await.expect("it runs");
    let sent = notes.sent();
    assert!(sent.contains(&("zero".to_owned(), 2)) && sent.contains(&("one".to_owned(), 2)));
    let status = commands.status().await.expect("it runs");
    assert_eq!((status.due.len(), status.due[0].timer), (1, 999_999));
    assert!(status.due[0].at > status.now);
    running.abort();
}

#[tokio::test]
async fn a_peer_that_stands_still_can_be_looked_at_while_a_command_waits() {
    let Stage { node, link, notes, other: _other, .. } = Stage::in_memory();
    let (air, name) = (Air::new(Duration::ZERO..=Duration::ZERO), Stage::name());
    let node = node.within(&air, 0);
    let source = Feed::default().source(None, None);
    let mut plug = Plug::new(air, Clock::start(), source, Vec::new(), [name.clone()], 7);
    let mut puppets = Puppets::default();
    plug.act(Action::Freeze(name.clone()), &mut puppets).await.expect("it runs");
    let commands = node.commands();
    let running = tokio::spawn(node.run(link, pending()));
    let mut acting = pin!(commands.send("send hello".to_owned()));
    for _ in 0..2 {
        let status = tokio::select! {
            biased;
            _ = &mut acting => panic!("it stands still"),
            status = timeout(DEADLINE, commands.status()) => status.expect("it can be looked at"),
        };
        assert_eq!(status.expect("it has not left").engine, 0);
    }
    assert_eq!(notes.sent(), []);
    plug.act(Action::Thaw(name), &mut puppets).await.expect("it stands still");
    acting.await.expect("it goes on");
    assert!(notes.sent().iter().any(|(text, _)| text == "hello"));
    running.abort();
}

#[tokio::test]
async fn a_peer_leaves_when_its_engine_says_so_or_its_user() {
    let stage = Stage::in_memory();
    stage.tell("send zero; leave; send one");
    stage.tell("send two");
    let Stage { node, link, mut other, .. } = stage;
    let commands = node.commands();
    let handled = node.run(link, pending()).await.expect("memory does not fail");
    assert_eq!(handled, 3);
    // The rest of the batch is not lost.
    hears(&mut other, "two").await;
    assert_eq!(commands.send("send three".to_owned()).await, Err(HasLeft));

    let Stage { node, link, other: _other, .. } = Stage::in_memory();
    let commands = node.commands();
    let (stop, stopped) = oneshot::channel();
    let running = tokio::spawn(node.run(link, async move { drop(stopped.await) }));
    commands.send("send hello".to_owned()).await.expect("it runs");
    stop.send(()).expect("it waits for that");
    running.await.expect("no panic").expect("memory does not fail");
    assert_eq!(commands.send("send three".to_owned()).await, Err(HasLeft));
}

/// Keeps what is logged, for the test to read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn each_line_of_the_log_says_of_which_peer_it_is_and_of_which_round() {
    let log = Log::default();
    let written = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || written.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let stage = Stage::in_memory();
    for number in 0..70 {
        stage.tell(format!("persist {number}; send {number}"));
    }
    let Stage { node, link, mut other, .. } = stage;
    let running = tokio::spawn(node.run(link, pending()));
    hears(&mut other, "69").await;
    running.abort();
    let text = String::from_utf8(log.0.lock().expect("no panic").clone()).expect("it is text");
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("althing_node")).collect();
    assert!(!lines.is_empty());
    // What comes first is about the first entry of the log, and what comes last about the last.
    for (line, round) in [(lines[0], "round{number=0}"), (lines[lines.len() - 1], "round{number=")]
    {
        assert!(line.contains("peer{id="), "{line}");
        assert!(line.contains(round), "{line}");
    }
    assert!(lines.iter().any(|line| line.contains("round{number=63}")), "{text}");
}
