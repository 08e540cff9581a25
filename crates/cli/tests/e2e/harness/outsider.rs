//! One without a key in the charter, who hears what members say and says what it likes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::assembly::Assembly;
use althing_ledger::charter::Charter;
use althing_net::{Arrival, Link, amqp, mqtt};
use althing_node::assembly::{Place, join_mesh};
use althing_testkit::DEADLINE;
use ed25519_dalek::SigningKey;
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// An outsider on the transport of an assembly.
pub(crate) struct Outsider {
    runtime: Runtime,
    link: Link,
    dialect: Assembly,
}

impl Outsider {
    /// Connects to the broker of an assembly, whose charter is in the directory of a member.
    pub(crate) fn at_broker(url: &str, data: &Path) -> Self {
        let (runtime, dialect) = (runtime(), dialect(data));
        let link = runtime.block_on(async {
            if url.starts_with("amqp") {
                let options = amqp::Options::new(url.parse().expect("an address"), "outsider");
                let options = options.with_exchanges(dialect.topics());
                amqp::connect(options).await.expect("the broker is there")
            } else {
                let options = mqtt::Options::new(url.parse().expect("an address"));
                let options = options.with_topics(dialect.topics());
                mqtt::connect(options).await.expect("the broker is there")
            }
        });
        Self { runtime, link, dialect }
    }

    /// Connects to members at these ports, as one that observes.
    pub(crate) fn in_mesh(ports: &[u16], data: &Path) -> Self {
        let (runtime, dialect) = (runtime(), dialect(data));
        let at = |port: &u16| format!("127.0.0.1:{port}").parse().expect("an address");
        let place = Place {
            listen: "127.0.0.1:0".parse().expect("an address"),
            advertise: None,
            contacts: ports.iter().map(at).collect(),
            tracker: None,
        };
        let key = SigningKey::from_bytes(&[66; 32]);
        let joined = {
            let _in_it = runtime.enter();
            join_mesh(&dialect, &key, place).expect("a port is free")
        };
        Self { runtime, link: joined.link, dialect }
    }

    pub(crate) fn dialect(&self) -> &Assembly {
        &self.dialect
    }

    /// Returns the next messages of members, so many.
    pub(crate) fn overhear(&mut self, messages: usize) -> Vec<Vec<u8>> {
        let mut heard = Vec::new();
        let all = async {
            while heard.len() < messages {
                if let Arrival::Received { payload, .. } = self.link.next().await.expect("it is up")
                {
                    heard.push(payload.to_vec());
                }
            }
        };
        self.runtime.block_on(async { timeout(DEADLINE, all).await }).expect("members speak");
        heard
    }

    /// Says something to all members.
    pub(crate) fn say(&self, payload: impl Into<Vec<u8>>) {
        let [topic, _] = self.dialect.topics();
        self.link.publisher().publish(topic, payload.into());
    }

    /// Says that a member is gone, as a broker would.
    pub(crate) fn say_gone(&self, member: u16) {
        let [_, gone] = self.dialect.topics();
        self.link.publisher().publish(gone, member.to_be_bytes().to_vec());
    }

    /// Waits, so that a flood has a rate.
    pub(crate) fn pauses(&self, time: Duration) {
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }
}

fn runtime() -> Runtime {
    Runtime::new().expect("there is room for threads")
}

fn dialect(data: &Path) -> Assembly {
    let charter = std::fs::read_to_string(data.join("charter.toml")).expect("it is there");
    let charter = Charter::read(&charter).expect("it is a charter");
    Assembly::new(Arc::new(charter), "").expect("its applications are known")
}
