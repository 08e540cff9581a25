//! Tells programs elsewhere what matters: that a leader is elected, that a row is decided, that a
//! peer has broken the rules on purpose.
//!
//! In a process with several peers, it is told as one of them sees it: the first that tells
//! anything and, when that one has crashed or stands still, the next that does. What is to be told
//! waits in a queue; if the program elsewhere is down for long, the newest are dropped, and no peer
//! ever waits.

use std::time::Duration;

use althing_api::Hook;
use althing_feed::{
    AssemblyEvent, ChainEvent, DemoEvent, Event, Feed, PeerName, Record, RoundsEvent, Subscription,
};
use althing_text::hex;
use bytes::Bytes;
use ring::hmac;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::warn;

/// What can wait to be told.
const QUEUE_MAX: usize = 256;

/// How often it is tried to tell something.
const ATTEMPTS_MAX: u32 = 8;

/// Time before the second attempt; before each later one it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Time in which what still waits is told when the process ends.
const END_TIME: Duration = Duration::from_secs(5);

/// Tells one program, while it runs.
pub struct Notifier {
    following: JoinHandle<()>,
    telling: JoinHandle<()>,
}

impl Notifier {
    /// Tells a program what matters of what happens from now on, signed with a secret that both
    /// have.
    pub fn start(hook: Hook, secret: &str, feed: &Feed) -> Self {
        Self::start_with(hook, secret, feed, FIRST_PAUSE)
    }

    fn start_with(hook: Hook, secret: &str, feed: &Feed, first_pause: Duration) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let following = tokio::spawn(follow(feed.subscribe(), queue));
        let telling = tokio::spawn(tell(hook, key, waiting, first_pause));
        Self { following, telling }
    }

    /// Waits a moment until all is told; to be called when the feed has ended.
    pub async fn end(mut self) {
        if timeout(END_TIME, &mut self.telling).await.is_err() {
            warn!("some of what happened was not told, since the program at --notify is down");
        }
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.following.abort();
        self.telling.abort();
    }
}

/// Puts what matters into the queue, until the feed ends.
async fn follow(mut records: Subscription, queue: mpsc::Sender<Bytes>) {
    let mut teller: Option<PeerName> = None;
    let mut is_full = false;
    while let Some(next) = records.next().await {
        let Ok(record) = next else {
            // It may have crashed meanwhile.
            teller = None;
            continue;
        };
        if let Event::Demo(
            DemoEvent::PeerCrashed { crashed: gone } | DemoEvent::PeerFrozen { frozen: gone },
        ) = &record.event
        {
            teller.take_if(|teller| teller == gone);
        }
        let Some(peer) = &record.peer else { continue };
        if teller.get_or_insert_with(|| peer.clone()) != peer || !matters(&record) {
            continue;
        }
        let is_dropped = queue.try_send(Bytes::from(record.to_json())).is_err();
        // Once, not for each.
        if is_dropped && !std::mem::replace(&mut is_full, is_dropped) {
            warn!("the program at --notify is too slow, and is not told everything");
        }
        is_full = is_dropped;
    }
}

fn matters(record: &Record) -> bool {
    match &record.event {
        Event::Rounds(event) => matches!(
            event,
            RoundsEvent::LeaderElected { .. }
                | RoundsEvent::RoundDecided { .. }
                | RoundsEvent::MemberEquivocated { .. }
        ),
        Event::Chain(event) => matches!(event, ChainEvent::PeerBanned { .. }),
        Event::Assembly(event) => matches!(
            event,
            AssemblyEvent::Standstill { .. }
                | AssemblyEvent::Resumed {}
                | AssemblyEvent::MemberContradicted { .. }
                | AssemblyEvent::Observing { .. }
                | AssemblyEvent::Diverged { .. }
        ),
        _ => false,
    }
}

/// Tells what is in the queue, one after the other.
async fn tell(
    hook: Hook,
    key: hmac::Key,
    mut waiting: mpsc::Receiver<Bytes>,
    first_pause: Duration,
) {
    while let Some(json) = waiting.recv().await {
        let signature = signature(&key, &json);
        let mut pause = first_pause;
        for attempt in 1..=ATTEMPTS_MAX {
            match hook.send(json.clone(), &signature).await {
                Ok(()) => break,
                Err(error) if attempt == ATTEMPTS_MAX => {
                    warn!(%error, "the program at --notify was not told of something");
                }
                Err(_) => sleep(pause).await,
            }
            pause *= 2;
        }
    }
}

/// Returns the signature of what is sent: `sha256=` and an HMAC in hexadecimal digits.
fn signature(key: &hmac::Key, json: &[u8]) -> String {
    format!("sha256={}", hex::encode(hmac::sign(key, json).as_ref()))
}

#[cfg(test)]
mod tests {
    use althing_types::{Moment, PeerId, Term};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    fn elected(leader: u128) -> RoundsEvent {
        let leader = PeerId::new(leader).into();
        RoundsEvent::LeaderElected { leader, term: Term::new(1), draw: None, draws: Vec::new() }
    }

    /// Reads one request, and answers it.
    async fn heard(listener: &TcpListener, status: &str) -> (String, String) {
        let (mut stream, _) = listener.accept().await.expect("it listens");
        let mut bytes = Vec::new();
        let (head, length) = loop {
            let mut piece = [0; 1024];
            let read = stream.read(&mut piece).await.expect("it is open");
            bytes.extend_from_slice(&piece[..read]);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, _)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length: usize = length.expect("a length").parse().expect("a number");
                if bytes.len() >= head.len() + 4 + length {
                    break (head.to_owned(), length);
                }
            }
        };
        answer(&mut stream, status).await;
        (head, String::from_utf8_lossy(&bytes[bytes.len() - length..]).into_owned())
    }

    async fn answer(stream: &mut TcpStream, status: &str) {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.expect("it is open");
    }

    #[test]
    fn the_signature_is_the_hmac_of_rfc_4231() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"Jefe");
        assert_eq!(
            signature(&key, b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[tokio::test]
    async fn what_matters_is_told_once_in_order_also_by_a_program_that_was_down() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}/hook", listener.local_addr().expect("it is bound"));
        let hook = Hook::at_url(&url, None).expect("it is a URL");
        let feed = Feed::default();
        let source = |peer| feed.source(None, Some(PeerId::new(peer).into()));
        let notifier = Notifier::start_with(hook, "hush", &feed, Duration::from_millis(1));
        let (first, second) = (source(1), source(2));
        first.publish(Moment::START, elected(7));
        first.publish(Moment::START, RoundsEvent::AllRecorded {});
        second.publish(Moment::START, elected(7));
        first.publish(Moment::START, elected(8));
        feed.close();
        let mut bodies = Vec::new();
        for status in ["503 Down", "500 Oops", "204 Thanks", "200 Thanks"] {
            let (head, body) = heard(&listener, status).await;
            let key = hmac::Key::new(hmac::HMAC_SHA256, b"hush");
            let expected = format!("x-althing-signature: {}", signature(&key, body.as_bytes()));
            assert!(head.starts_with("POST /hook HTTP/1.1") && head.contains(&expected), "{head}");
            bodies.push(body);
        }
        notifier.end().await;
        assert!(bodies[0] == bodies[1] && bodies[1] == bodies[2]);
        assert!(bodies[2].contains("\"leader\":\"7\"") && bodies[3].contains("\"leader\":\"8\""));
    }

    #[tokio::test]
    async fn when_the_peer_whose_view_is_told_crashes_or_freezes_another_one_s_is() {
        let feed = Feed::default();
        let [first, second, third] =
            [1, 2, 3].map(|peer| feed.source(None, Some(PeerId::new(peer).into())));
        let crash = |peer| {
            let crashed = PeerId::new(peer).into();
            feed.source(None, None).publish(Moment::START, DemoEvent::PeerCrashed { crashed });
        };
        let (queue, mut waiting) = mpsc::channel(QUEUE_MAX);
        let records = feed.subscribe();
        first.publish(Moment::START, elected(10));
        second.publish(Moment::START, elected(11));
        crash(3);
        first.publish(Moment::START, elected(12));
        crash(1);
        second.publish(Moment::START, elected(13));
        // One that is back has a part of its own to catch up with.
        for source in [&first, &third, &second] {
            source.publish(Moment::START, elected(14));
        }
        let frozen = PeerId::new(2).into();
        feed.source(None, None).publish(Moment::START, DemoEvent::PeerFrozen { frozen });
        third.publish(Moment::START, elected(15));
        feed.close();
        follow(records, queue).await;
        let mut told = Vec::new();
        while let Some(json) = waiting.recv().await {
            let record: Record = serde_json::from_slice(&json).expect("it is a record");
            let Event::Rounds(RoundsEvent::LeaderElected { leader, .. }) = record.event else {
                panic!("nothing else matters");
            };
            told.push((record.peer.and_then(|peer| peer.id()), leader.peer()));
        }
        let expected = [(1, 10), (1, 12), (2, 13), (2, 14), (3, 15)];
        let id = PeerId::new;
        assert_eq!(told, expected.map(|(peer, leader)| (Some(id(peer)), id(leader))));
    }

    #[tokio::test]
    async fn a_queue_that_is_full_holds_up_nothing() {
        let feed = Feed::default();
        let source = feed.source(None, Some(PeerId::new(1).into()));
        let (queue, mut waiting) = mpsc::channel(2);
        for leader in 0..1000 {
            source.publish(Moment::START, elected(leader));
        }
        let records = feed.subscribe_from(0);
        feed.close();
        follow(records, queue).await;
        assert!(waiting.recv().await.is_some() && waiting.recv().await.is_some());
        assert_eq!(waiting.recv().await, None, "the others were dropped");
    }
}
