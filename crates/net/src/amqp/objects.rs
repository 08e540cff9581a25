//! The exchanges and queues that we declare. All peers declare exchanges alike, with the simplest
//! possible properties: a broker refuses to redeclare an existing object with other properties.
//! Queues are each peer's own.

use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Consumer, ExchangeKind, Queue, Result};

use super::{NAME_MAX, Objects, Options};

/// Declares `exchange` if it does not exist.
pub(super) async fn declare_exchange(
    channel: &Channel,
    exchange: &str,
    objects: &Objects,
) -> Result<()> {
    let Objects { kind, durable, auto_delete, .. } = *objects;
    let options =
        ExchangeDeclareOptions { durable, auto_delete, ..ExchangeDeclareOptions::default() };
    let kind = match kind {
        super::ExchangeKind::Fanout => ExchangeKind::Fanout,
        super::ExchangeKind::Direct => ExchangeKind::Direct,
        super::ExchangeKind::Topic => ExchangeKind::Topic,
    };
    channel.exchange_declare(short(exchange), kind, options, FieldTable::default()).await
}

/// Declares `queue` as exclusive: only this connection sees it, and it ends with it, so that it
/// does not fill up for ever after a crash. (Recent brokers refuse queues that are neither durable
/// nor exclusive.) Consumes from it what is published on `exchange`. A queue of that name that is
/// not exclusive, as the published programs declare theirs, is deleted first: what is in it is old.
/// A queue whose name others may have is theirs: ours is then named by the broker.
pub(super) async fn listen(
    channel: &Channel,
    exchange: &str,
    options: &Options,
) -> Result<Consumer> {
    let name = options.queue(exchange);
    if !name.is_empty() {
        delete_queue(channel, &name).await?;
    }
    let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare(short(&name), exclusive, FieldTable::default()).await?;
    let (bind, arguments) = (QueueBindOptions::default(), FieldTable::default());
    let (name, key) = (queue.name().as_str(), options.objects.key(exchange));
    channel.queue_bind(short(name), short(exchange), short(&key), bind, arguments).await?;
    consume(channel, name).await
}

/// Consumes from an exclusive queue, which only this connection sees and which ends with it.
pub(super) async fn listen_in_private(channel: &Channel, queue: &str) -> Result<Consumer> {
    declare_exclusive(channel, queue).await?;
    consume(channel, queue).await
}

/// Consumes what is published on an `exchange` of others, from an exclusive queue that the broker
/// names. Fails, and ends the channel, if no peer has declared the exchange.
pub(super) async fn overhear(channel: &Channel, exchange: &str) -> Result<Consumer> {
    let queue = hold(channel, exchange).await?;
    consume(channel, queue.name().as_str()).await
}

/// Binds an exclusive queue that the broker names to an `exchange` of others, and returns it.
/// Fails, and ends the channel, if no peer has declared the exchange.
pub(super) async fn hold(channel: &Channel, exchange: &str) -> Result<Queue> {
    let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
    let arguments = FieldTable::default;
    channel.exchange_declare(short(exchange), ExchangeKind::Fanout, passive, arguments()).await?;
    let private = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare(short(""), private, arguments()).await?;
    // Whatever kind of exchange it is: a fanout asks for no key, a topic takes the pattern, and the
    // programs with another kind have the name of the exchange as the key.
    for key in ["", exchange, "#"] {
        let (name, bind) = (queue.name().as_str(), QueueBindOptions::default());
        channel.queue_bind(short(name), short(exchange), short(key), bind, arguments()).await?;
    }
    Ok(queue)
}

/// Sends `payload`. Returns when the operating system has it; if the future is dropped before, the
/// message is still sent.
pub(super) async fn publish(
    channel: &Channel,
    exchange: &str,
    routing_key: &str,
    delivery_mode: u8,
    payload: &[u8],
) -> Result<()> {
    let options = BasicPublishOptions::default();
    let properties = match delivery_mode {
        0 => BasicProperties::default(),
        mode => BasicProperties::default().with_delivery_mode(mode),
    };
    channel
        .basic_publish(short(exchange), short(routing_key), options, payload, properties)
        .await?;
    Ok(())
}

/// Deletes `queue`, if it is there.
pub(super) async fn delete_queue(channel: &Channel, queue: &str) -> Result<()> {
    channel.queue_delete(short(queue), QueueDeleteOptions::default()).await?;
    Ok(())
}

async fn declare_exclusive(channel: &Channel, queue: &str) -> Result<()> {
    let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(short(queue), options, FieldTable::default()).await?;
    Ok(())
}

async fn consume(channel: &Channel, queue: &str) -> Result<Consumer> {
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    channel.basic_consume(short(queue), short(""), options, FieldTable::default()).await
}

/// Returns a name as an AMQP short string.
fn short(name: &str) -> ShortString {
    debug_assert!(name.len() <= NAME_MAX);
    name.into()
}
