//! Each reader of events gets all of them in order, from where it wants on, or is told what it has
//! missed.

use althing_api::ClientError;
use althing_feed::{Event, Feed, PeerEvent};
use althing_http::STREAMS_MAX;
use althing_types::Moment;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Served, served, served_with};

fn tell(served: &Served, times: u64) {
    for _ in 0..times {
        served.source.publish(Moment::START, PeerEvent::Connected {});
    }
}

async fn numbers(events: &mut althing_api::Events, count: usize) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        let record = events.next().await.expect("it is served").expect("it goes on");
        numbers.push(record.sequence);
    }
    numbers
}

#[tokio::test]
async fn a_reader_gets_what_was_kept_and_then_what_happens() {
    let served = served().await;
    tell(&served, 5);
    let mut all = served.client().events(Some(0)).await.expect("it is served");
    let mut some = served.client().events(Some(3)).await.expect("it is served");
    let mut new = served.client().events(None).await.expect("it is served");
    tell(&served, 2);
    assert_eq!(numbers(&mut all, 7).await, [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(numbers(&mut some, 4).await, [3, 4, 5, 6]);
    assert_eq!(numbers(&mut new, 2).await, [5, 6]);
    served.feed.close();
    assert_eq!(all.next().await.expect("it ends"), None);
}

#[tokio::test]
async fn a_reader_that_is_too_slow_is_told_how_many_it_has_missed() {
    let served = served_with(Feed::new(4.try_into().expect("it is not zero"))).await;
    tell(&served, 10);
    let mut events = served.client().events(Some(1)).await.expect("it is served");
    let first = events.next().await.expect("it is served").expect("it goes on");
    assert_eq!(first.event, Event::from(PeerEvent::Lagged { missed: 5 }));
    assert_eq!(numbers(&mut events, 4).await, [6, 7, 8, 9]);
}

#[tokio::test]
async fn browsers_get_server_sent_events_and_resume_after_the_last_that_they_have() {
    let served = served().await;
    tell(&served, 3);
    served.feed.close();
    let answer = served.ask("GET /v1/events?from=0 HTTP/1.1", &["last-event-id: 1"], "").await;
    assert!(answer.head.contains("content-type: text/event-stream"), "{}", answer.head);
    let data: Vec<&str> = answer.body.lines().filter(|line| line.starts_with("data: ")).collect();
    let [data] = data[..] else { panic!("one record: {}", answer.body) };
    assert!(data.starts_with(r#"data: {"sequence":2,"#), "{data}");
    assert!(answer.body.contains("id: 2\nevent: record\n"), "{}", answer.body);
}

#[tokio::test]
async fn who_resumes_after_a_restart_gets_all_that_the_new_process_tells() {
    let served = served().await;
    tell(&served, 3);
    let client = served.client();
    // All of these were read from the process before.
    let mut anew = client.events(Some(500)).await.expect("it is served");
    let mut next = client.events(Some(3)).await.expect("it is served");
    tell(&served, 1);
    assert_eq!(numbers(&mut anew, 4).await, [0, 1, 2, 3]);
    assert_eq!(numbers(&mut next, 1).await, [3]);
    served.feed.close();
    let answer = served.ask("GET /v1/events HTTP/1.1", &["last-event-id: 4"], "").await;
    let ids: Vec<_> = answer.body.lines().filter(|line| line.starts_with("id: ")).collect();
    assert_eq!(ids, ["id: 0", "id: 1", "id: 2", "id: 3"]);
}

#[tokio::test]
async fn too_many_readers_are_refused_and_those_that_hang_up_make_room() {
    let served = served().await;
    let mut readers = Vec::new();
    for _ in 0..STREAMS_MAX {
        readers.push(served.client().events(None).await.expect("there is room"));
    }
    let refused = served.client().events(None).await.err().expect("there is no room");
    let ClientError::Refused { problem, .. } = refused else { panic!("{refused}") };
    assert_eq!(problem.code, althing_api::Code::Busy);
    drop(readers);
    // It is noticed when the connection is read, which takes a moment.
    while served.client().events(None).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_reader_that_never_reads_holds_up_no_other() {
    let served = served_with(Feed::new(1024.try_into().expect("it is not zero"))).await;
    let mut never = TcpStream::connect(served.host()).await.expect("it is served");
    let request = format!("GET /v1/events?from=0 HTTP/1.1\r\nhost: {}\r\n\r\n", served.host());
    never.write_all(request.as_bytes()).await.expect("it is open");
    let mut other = served.client().events(Some(0)).await.expect("it is served");
    let mut next = 0;
    // Far more than the connection of one who does not read can take.
    while next < 100_000 {
        tell(&served, 1000);
        next += 1000;
        while let Some(record) = other.next().await.expect("it is served") {
            if record.sequence + 1 == next {
                break;
            }
        }
    }
    // What the one that never read gets at last begins at the first record.
    let mut begin = [0; 512];
    never.read_exact(&mut begin).await.expect("it is still served");
    assert!(String::from_utf8_lossy(&begin).contains("\"sequence\":0,"));
}
