//! A server without peers, and callers that send what they like.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use althing_api::{Client, Mode, Problem};
use althing_feed::{Feed, Source};
use althing_http::{About, Control, Http, Process, Serving};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A server at a free port of this machine.
pub(crate) struct Served {
    pub(crate) feed: Feed,
    pub(crate) source: Source,
    pub(crate) process: Process,
    pub(crate) http: Http,
}

/// An answer as it came.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Serves a process without peers.
pub(crate) async fn served() -> Served {
    served_with(Feed::default()).await
}

/// Serves a process without peers that tells what happens by this feed.
pub(crate) async fn served_with(feed: Feed) -> Served {
    let source = feed.source(Some("sd".into()), None);
    let process = Process::new(About::without_network(Mode::Peer), feed.clone());
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let http =
        Http::serve(&Serving::here(anywhere), process.clone()).await.expect("a port is free");
    Served { feed, source, process, http }
}

/// Serves a demo.
pub(crate) async fn served_demo(control: Arc<dyn Control>) -> Served {
    let served = served().await;
    served.process.set_control(control);
    served
}

impl Served {
    pub(crate) fn client(&self) -> Client {
        Client::at_url(&self.http.url(), None, None).expect("it is a URL")
    }

    /// Returns the host and the port.
    pub(crate) fn host(&self) -> String {
        self.http.url().trim_start_matches("http://").to_owned()
    }

    /// Sends a request with a correct `Host` and these lines, and a body.
    pub(crate) async fn ask(&self, first: &str, lines: &[&str], body: &str) -> Answer {
        let host = format!("host: {}", self.host());
        let length = format!("content-length: {}", body.len());
        let mut head = vec![first, &host, "connection: close"];
        head.extend(lines);
        if !body.is_empty() {
            head.push(&length);
        }
        self.send(&format!("{}\r\n\r\n{body}", head.join("\r\n"))).await
    }

    /// Sends these bytes, and reads until the server hangs up.
    pub(crate) async fn send(&self, request: &str) -> Answer {
        send(&self.host(), request).await
    }
}

/// Sends these bytes to a server, and reads until it hangs up.
pub(crate) async fn send(address: &str, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.expect("it is served");
    // A server that has heard enough hangs up, and may do so before all is sent.
    let _ = stream.write_all(request.as_bytes()).await;
    let (mut said, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut piece).await {
        said.extend_from_slice(&piece[..length]);
    }
    let said = String::from_utf8(said).expect("it is text");
    let (head, body) = said.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).expect("a status");
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

impl Answer {
    /// Returns the problem that it is.
    pub(crate) fn problem(&self) -> Problem {
        assert!(self.head.contains("content-type: application/problem+json"), "{}", self.head);
        let problem: Problem = serde_json::from_str(&self.body).expect(&self.body);
        assert_eq!(problem.status, self.status);
        problem
    }
}
