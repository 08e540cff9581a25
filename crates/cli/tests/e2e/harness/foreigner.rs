//! A client of the broker that is no peer.

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use tokio::runtime::Runtime;

/// A client of another make at an AMQP broker, which knows nothing of ours.
pub(crate) struct Foreigner {
    runtime: Runtime,
    connection: Connection,
    channel: Channel,
}

impl Foreigner {
    /// Connects to the broker at `url`.
    pub(crate) fn meet(url: &str) -> Self {
        let runtime = Runtime::new().expect("there is room for threads");
        let (connection, channel) = runtime.block_on(async {
            let url = format!("{url}/%2f");
            let connection = Connection::connect(&url, ConnectionProperties::default())
                .await
                .expect("the broker is there");
            let channel = connection.create_channel().await.expect("there are channels");
            let confirm = ConfirmSelectOptions::default();
            channel.confirm_select(confirm).await.expect("the broker can confirm");
            (connection, channel)
        });
        Self { runtime, connection, channel }
    }

    /// Publishes something, and waits until the broker has it.
    pub(crate) fn say(&self, exchange: &str, payload: &[u8]) {
        self.runtime.block_on(async {
            let (options, properties) =
                (BasicPublishOptions::default(), BasicProperties::default());
            self.channel
                .basic_publish(exchange.into(), "".into(), options, payload, properties)
                .await
                .expect("the exchange is there")
                .await
                .expect("the broker accepts it");
        });
    }

    /// Returns whether there is a queue of that name.
    pub(crate) fn sees_queue(&self, name: &str) -> bool {
        self.runtime.block_on(async {
            // A queue that is not there ends the channel.
            let channel = self.connection.create_channel().await.expect("there are channels");
            let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
            channel.queue_declare(name.into(), passive, FieldTable::default()).await.is_ok()
        })
    }
}
