//! Beyond this machine it takes a token for each right, and TLS keeps it from being read.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use althing_api::{Action, Client, ClientError, Code, Mode, NewEntry};
use althing_feed::{Feed, PeerEvent};
use althing_http::{About, Certificate, Http, HttpError, Process, Right, Serving, Tokens};
use althing_types::Moment;
use tempfile::TempDir;

/// A server that takes tokens, and a token for each right.
struct Guarded {
    http: Http,
    feed: Feed,
    ca_file: Option<PathBuf>,
    file: PathBuf,
    tokens: [String; 3],
    _dir: TempDir,
}

async fn guarded(is_secure: bool) -> Guarded {
    let dir = tempfile::tempdir().expect("there is room");
    let file = dir.path().join("tokens.json");
    let add = |right| Tokens::change(&file, |tokens| tokens.add(None, right));
    let tokens = [Right::Read, Right::Submit, Right::Control]
        .map(|right| add(right).expect("there is room"));
    let certificate = is_secure.then(|| certificate(dir.path()));
    let ca_file = certificate.as_ref().map(|certificate| certificate.chain.clone());
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let names = vec!["club.example".to_owned()];
    let serving = Serving { address, tokens: Some(file.clone()), certificate, names };
    let feed = Feed::default();
    let process = Process::new(About::without_network(Mode::Peer), feed.clone());
    let http = Http::serve(&serving, process).await.expect("a port is free");
    Guarded { http, feed, ca_file, file, tokens, _dir: dir }
}

fn certificate(dir: &Path) -> Certificate {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a name");
    let (chain, key) = (dir.join("cert.pem"), dir.join("key.pem"));
    fs::write(&chain, made.cert.pem()).expect("there is room");
    fs::write(&key, made.signing_key.serialize_pem()).expect("there is room");
    Certificate { chain, key }
}

impl Guarded {
    fn client(&self, token: Option<&str>) -> Client {
        let token = token.map(str::to_owned);
        Client::at_url(&self.http.url(), token, self.ca_file.as_deref()).expect("it is a URL")
    }
}

fn code<T>(answer: Result<T, ClientError>) -> Option<Code> {
    match answer {
        Ok(_) => None,
        Err(ClientError::Refused { problem, .. }) => Some(problem.code),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn each_right_takes_its_token() {
    for is_secure in [false, true] {
        let guarded = guarded(is_secure).await;
        let entry =
            NewEntry { text: "x".to_owned(), confirmations: None, once: false, as_written: false };
        for token in [None, Some("althing_00"), Some("")] {
            let client = guarded.client(token);
            let codes = [
                code(client.node().await),
                code(client.add(&entry).await),
                code(client.act(&Action::Pause {}).await),
                code(client.events(None).await),
            ];
            assert_eq!(codes, [Some(Code::Unauthorized); 4], "{token:?}");
        }
        // A caller who may do it is told that there is no peer here, and no demo.
        let (no, none) = (Some(Code::Forbidden), Some(Code::NotFound));
        let expected = [[None, no, no], [None, none, no], [None, none, none]];
        for (token, expected) in guarded.tokens.iter().zip(expected) {
            let client = guarded.client(Some(token));
            let codes = [
                code(client.node().await),
                code(client.add(&entry).await),
                code(client.act(&Action::Pause {}).await),
            ];
            assert_eq!(codes, expected);
        }
    }
}

#[tokio::test]
async fn a_reader_whose_token_is_revoked_reads_no_further() {
    let guarded = guarded(false).await;
    let [read, submit, _] = &guarded.tokens;
    let client = guarded.client(Some(read));
    let mut revoked = client.events(None).await.expect("it is served");
    let mut other = guarded.client(Some(submit)).events(None).await.expect("it is served");
    Tokens::change(&guarded.file, |tokens| tokens.revoke("token-1")).expect("it is there");
    let source = guarded.feed.source(None, None);
    let mut told = 0;
    loop {
        source.publish(Moment::START, PeerEvent::Connected {});
        let record = other.next().await.expect("it counts").expect("it goes on");
        assert_eq!(record.sequence, told);
        told += 1;
        // The server looks at the file now and then.
        if revoked.next().await.expect("it was served").is_none() {
            break;
        }
    }
    assert_eq!(code(client.node().await), Some(Code::Unauthorized));
}

#[tokio::test]
async fn it_is_asked_by_its_addresses_and_by_the_names_that_it_was_given() {
    let guarded = guarded(false).await;
    let address = guarded.http.url().trim_start_matches("http://").to_owned();
    let port = address.rsplit(':').next().expect("a port").to_owned();
    for (host, status) in [
        (address.clone(), 200),
        (format!("localhost:{port}"), 200),
        (format!("192.0.2.7:{port}"), 200),
        ("club.example".to_owned(), 200),
        (format!("CLUB.example:{port}"), 200),
        ("other.example".to_owned(), 403),
        (format!("club.example.evil.example:{port}"), 403),
    ] {
        let token = &guarded.tokens[0];
        let request = format!(
            "GET /v1/node HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
             connection: close\r\n\r\n"
        );
        let answer = crate::harness::send(&address, &request).await;
        assert_eq!(answer.status, status, "{host}");
        if status == 403 {
            assert!(answer.problem().detail.contains("--http-host"), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_client_that_trusts_another_certificate_does_not_connect() {
    let guarded = guarded(true).await;
    let stranger = Client::at_url(&guarded.http.url(), None, None).expect("it is a URL");
    let refused = stranger.node().await;
    assert!(matches!(refused, Err(ClientError::Unreachable { .. })), "{refused:?}");
    let url = guarded.http.url().replace("https", "http");
    let plain = Client::at_url(&url, None, None).expect("it is a URL");
    assert!(plain.node().await.is_err(), "it speaks TLS alone");
    assert!(code(guarded.client(Some(&guarded.tokens[0])).node().await).is_none());
}

#[tokio::test]
async fn an_address_of_all_machines_takes_tokens() {
    let process = Process::new(About::without_network(Mode::Peer), Feed::default());
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let serving = Serving::here(address.parse().expect("an address"));
        let refused = Http::serve(&serving, process.clone()).await;
        assert!(matches!(refused, Err(HttpError::Open { .. })), "{address}");
    }
}

#[tokio::test]
async fn files_that_hold_something_else_are_named() {
    let dir = tempfile::tempdir().expect("there is room");
    let good = certificate(dir.path());
    let process = Process::new(About::without_network(Mode::Peer), Feed::default());
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let missing = dir.path().join("missing");
    for (tokens, certificate, named) in [
        (Some(missing.clone()), None, "missing"),
        (Some(good.chain.clone()), None, "cert.pem is no file of tokens"),
        (None, Some(Certificate { chain: missing, key: good.key.clone() }), "missing"),
        (
            None,
            Some(Certificate { chain: good.key.clone(), key: good.key.clone() }),
            "key.pem holds no certificate",
        ),
        (
            None,
            Some(Certificate { chain: good.chain.clone(), key: good.chain.clone() }),
            "cert.pem holds no private key",
        ),
    ] {
        let serving = Serving { address, tokens, certificate, names: Vec::new() };
        let refused = Http::serve(&serving, process.clone()).await;
        let error = refused.err().expect(named).to_string();
        assert!(error.contains(named), "{error}");
    }
}
