//! Where the API of a running command is served.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use althing_api::Hook;
use althing_feed::{Feed, PeerEvent, Source};
use althing_http::{Certificate, Http, Notifier, Process, Serving};
use althing_types::Moment;
use anyhow::Context;
use clap::Args;
use tracing::debug;

use crate::listen::parse_listen;
use crate::output;

/// Where the API is served, if it is.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "API")]
pub(crate) struct HttpOptions {
    /// Serve the HTTP API at this address; port 0 takes a free one.
    ///
    /// At an address of this machine all its users can ask; /docs shows what. A web page of
    /// another origin cannot. Any other address takes --tokens.
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = parse_listen)]
    http: Option<SocketAddr>,

    /// Let only those ask who have one of the tokens in this file: see althing token --help.
    #[arg(long, value_name = "FILE", requires = "http")]
    tokens: Option<PathBuf>,

    /// A name by which others may ask the API, as in club.example; needed with --tokens unless it
    /// is asked by an address. May be given several times.
    #[arg(long, value_name = "NAME", requires = "tokens", value_parser = parse_host_name)]
    http_host: Vec<String>,

    /// Serve the API over TLS, with the certificate in this PEM file.
    #[arg(long, value_name = "FILE", requires_all = ["http", "http_key"])]
    http_cert: Option<PathBuf>,

    /// The PEM file with the private key of that certificate.
    #[arg(long, value_name = "FILE", requires = "http_cert")]
    http_key: Option<PathBuf>,

    /// Tell the program at this URL when a leader is elected, a row is decided, or a peer is found
    /// to break the rules on purpose.
    ///
    /// The record is sent as JSON. The environment variable ALTHING_NOTIFY_SECRET has the secret
    /// for its HMAC-SHA256, which is in the header X-Althing-Signature.
    #[arg(long, value_name = "URL")]
    notify: Vec<String>,

    /// A PEM file with certificates to trust in addition to the system's, for --notify.
    #[arg(long, value_name = "FILE", requires = "notify")]
    notify_ca: Option<PathBuf>,
}

/// Reads the name of a host, with neither scheme nor port.
fn parse_host_name(text: &str) -> Result<String, &'static str> {
    let may_be = |label: &str| {
        !label.is_empty() && label.chars().all(|it| it.is_ascii_alphanumeric() || it == '-')
    };
    match text.split('.').all(may_be) {
        true => Ok(text.to_owned()),
        false => Err("it is no name of a host, such as club.example, without https:// and port"),
    }
}

/// What is served, and who is told of what happens.
#[derive(Default)]
pub(crate) struct Served {
    http: Option<Http>,
    notifiers: Vec<Notifier>,
}

impl HttpOptions {
    /// Serves the API, if that is asked for, and says where; and tells others what happens.
    pub(crate) async fn serve(
        &self,
        process: &Process,
        source: &Source,
        now: Moment,
    ) -> anyhow::Result<Served> {
        let notifiers = self.notifiers(process.feed())?;
        let Some(address) = self.http else { return Ok(Served { http: None, notifiers }) };
        let files = self.http_cert.clone().zip(self.http_key.clone());
        let certificate = files.map(|(chain, key)| Certificate { chain, key });
        if certificate.is_none() && self.tokens.is_some() && !address.ip().is_loopback() {
            output::warn(
                "tokens are sent to the API in the clear; use --http-cert and --http-key, or a \
                 tunnel, where others can read what is sent",
            );
        }
        let (tokens, names) = (self.tokens.clone(), self.http_host.clone());
        let serving = Serving { address, tokens, certificate, names };
        let http = Http::serve(&serving, process.clone()).await?;
        source.publish(now, PeerEvent::Serving { url: http.url() });
        Ok(Served { http: Some(http), notifiers })
    }

    fn notifiers(&self, feed: &Feed) -> anyhow::Result<Vec<Notifier>> {
        if self.notify.is_empty() {
            return Ok(Vec::new());
        }
        let secret = std::env::var("ALTHING_NOTIFY_SECRET").ok().filter(|it| !it.is_empty());
        let secret = secret.context(
            "--notify takes a secret in the environment variable ALTHING_NOTIFY_SECRET, by which \
             the program there knows who tells it",
        )?;
        let start = |url: &String| {
            let hook = Hook::at_url(url, self.notify_ca.as_deref())?;
            Ok(Notifier::start(hook, &secret, feed))
        };
        self.notify.iter().map(start).collect()
    }

    /// Serves the API at a free port of this machine, unless another address was asked for.
    pub(crate) fn or_here(&mut self) {
        self.http.get_or_insert(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    }

    /// Returns whether the API is served.
    pub(crate) fn is_served(&self) -> bool {
        self.http.is_some()
    }
}

impl Served {
    /// Opens the page in a browser. Says where it is if there is none, unless a screen shows that.
    pub(crate) fn open(&self, is_on_screen: bool) {
        let Some(url) = self.url() else { return };
        if let Err(error) = open::that_detached(&url) {
            debug!(%error, "no browser could be started");
            if !is_on_screen {
                output::warn(&format!("no browser could be started; the page is at {url}"));
            }
        }
    }

    /// Returns where the API is served, if it is.
    pub(crate) fn url(&self) -> Option<String> {
        self.http.as_ref().map(Http::url)
    }

    /// Ends it, once the feed has ended.
    pub(crate) async fn end(self) {
        for notifier in self.notifiers {
            notifier.end().await;
        }
        if let Some(http) = self.http {
            http.end().await;
        }
    }
}
