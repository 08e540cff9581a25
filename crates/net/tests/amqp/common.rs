//! What the tests have in common: links on a broker, a foreign client, and waiting for what they
//! report.

use std::fs;
use std::time::Duration;

use althing_net::amqp::{self, BrokerUrl, Options};
use althing_net::{Arrival, Link};
use althing_testkit::{DEADLINE, RabbitMq};
use bytes::Bytes;
use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use tokio::time::timeout;

/// Generous, since only a failing test waits that long.
pub(crate) const CLOSE_TIME: Duration = Duration::from_secs(10);

/// The place of one scenario: its own names on a broker.
pub(crate) struct Place<'a> {
    pub(crate) broker: &'a RabbitMq,
    pub(crate) name: &'static str,
}

/// A foreign client, such as a program in Python.
pub(crate) struct Stranger {
    // Dropping it would close the channel.
    connection: Connection,
    pub(crate) channel: Channel,
}

impl Place<'_> {
    pub(crate) fn url(&self) -> BrokerUrl {
        parsed(&self.broker.url())
    }

    /// Returns the name of the exchange for most messages.
    pub(crate) fn room(&self) -> String {
        format!("{}/room", self.name)
    }

    pub(crate) fn options(&self, suffix: &str) -> Options {
        let mut options = Options::new(self.url(), suffix).with_exchanges([self.room()]);
        options.connect_timeout = DEADLINE;
        options
    }

    /// Returns a link that is up and listens to the room.
    pub(crate) async fn join(&self, suffix: &str) -> Link {
        connect(self.options(suffix)).await
    }

    pub(crate) fn say(&self, link: &Link, text: &str) {
        link.publisher().publish(self.room(), text.to_owned());
    }

    /// Returns the payload of the next arrival, which must be a message in the room.
    pub(crate) async fn hear(&self, link: &mut Link) -> Bytes {
        match next(link).await {
            Arrival::Received { from, payload } if from.as_topic() == Some(&self.room()) => payload,
            other => panic!("expected a message in {}, got {other:?}", self.room()),
        }
    }

    pub(crate) async fn stranger(&self) -> Stranger {
        let url = format!("{}/%2f", self.broker.url());
        let connection = Connection::connect(&url, ConnectionProperties::default())
            .await
            .expect("the broker is there");
        let channel = connection.create_channel().await.expect("there are channels");
        let confirm = ConfirmSelectOptions::default();
        channel.confirm_select(confirm).await.expect("the broker can confirm");
        Stranger { connection, channel }
    }
}

impl Stranger {
    pub(crate) async fn publish(&self, exchange: &str, payload: &[u8], said: BasicProperties) {
        let options = BasicPublishOptions::default();
        self.channel
            .basic_publish(exchange.into(), "".into(), options, payload, said)
            .await
            .expect("the exchange is there")
            .await
            .expect("the broker accepts it");
    }

    /// Returns how many messages wait in `queue` and how many consume from it; `None` if there is
    /// no such queue, or another connection has it for itself.
    pub(crate) async fn look_at(&self, queue: &str) -> Option<(u32, u32)> {
        // Asking for a queue that does not exist closes the channel.
        let channel = self.connection.create_channel().await.expect("there are channels");
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let found = channel.queue_declare(queue.into(), passive, FieldTable::default()).await;
        found.ok().map(|queue| (queue.message_count(), queue.consumer_count()))
    }

    /// Returns whether there is a queue, ours or of another connection alone.
    pub(crate) async fn has_queue(&self, queue: &str) -> bool {
        let channel = self.connection.create_channel().await.expect("the broker is there");
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        match channel.queue_declare(queue.into(), passive, FieldTable::default()).await {
            Ok(_) => true,
            Err(error) => error.to_string().contains("RESOURCE_LOCKED"),
        }
    }

    /// Declares a queue as the other programs do, and binds it to `exchange`.
    pub(crate) async fn declare_queue(&self, queue: &str, exchange: &str) {
        let (declare, bind) = (QueueDeclareOptions::default(), QueueBindOptions::default());
        let none = FieldTable::default;
        self.channel.queue_declare(queue.into(), declare, none()).await.expect("it may be there");
        self.channel
            .queue_bind(queue.into(), exchange.into(), "".into(), bind, none())
            .await
            .expect("both are there");
    }
}

pub(crate) fn rabbitmq() -> RabbitMq {
    RabbitMq::start().unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn parsed(url: &str) -> BrokerUrl {
    url.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// Returns a link that is up.
pub(crate) async fn connect(options: Options) -> Link {
    let mut link = amqp::connect(options).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(next(&mut link).await, Arrival::Up);
    link
}

pub(crate) async fn next(link: &mut Link) -> Arrival {
    timeout(DEADLINE, link.next())
        .await
        .expect("an arrival before the deadline")
        .expect("the link lives")
}

/// Waits for the link to go down, whatever arrives before that, and returns the reason.
pub(crate) async fn down(link: &mut Link) -> String {
    loop {
        if let Arrival::Down { reason } = next(link).await {
            return reason;
        }
    }
}

/// Waits for the link to come up again.
pub(crate) async fn up(link: &mut Link) {
    while !matches!(next(link).await, Arrival::Up) {}
}

/// Returns the number of the AMQP library's threads, if the operating system reports it.
pub(crate) fn threads() -> usize {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return 0 };
    tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|name| name.starts_with("lapin"))
        .count()
}
