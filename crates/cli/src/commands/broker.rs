//! A broker alone.

use std::io::{self, Write};
use std::net::SocketAddr;

use althing_net::broker::EmbeddedBroker;
use clap::Args;

use crate::listen::parse_listen;

/// Run the embedded MQTT broker alone, until Ctrl-C.
///
/// It keeps nothing on disk and accepts every client, so by default it listens on this machine
/// only.
#[derive(Args)]
#[command(after_help = "Example:\n  althing broker --listen 127.0.0.1:1883")]
pub(crate) struct Arguments {
    /// The address and port to listen at; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:1883")]
    #[arg(value_parser = parse_listen)]
    listen: SocketAddr,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    super::block_on(async {
        let broker = EmbeddedBroker::start(arguments.listen).await?;
        writeln!(io::stdout(), "listening on {}", broker.url())?;
        crate::signals::stop_asked().await;
        broker.shutdown().await;
        Ok(())
    })
}
