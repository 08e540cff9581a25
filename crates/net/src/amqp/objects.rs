//! The exchanges and queues that we declare, with the simplest possible properties. All peers
//! declare them alike: a broker refuses to redeclare an existing object with other properties.

use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Consumer, ExchangeKind, Result};

use super::NAME_MAX;

/// Declares `exchange` if it does not exist.
pub(super) async fn declare_exchange(channel: &Channel, exchange: &str) -> Result<()> {
    let (options, arguments) = (ExchangeDeclareOptions::default(), FieldTable::default());
    channel.exchange_declare(short(exchange), ExchangeKind::Fanout, options, arguments).await
}

/// Deletes and declares `queue`, so that nothing old is in it and it has no other consumer, and
/// consumes from it what is published on `exchange`.
pub(super) async fn listen(channel: &Channel, exchange: &str, queue: &str) -> Result<Consumer> {
    delete_queue(channel, queue).await?;
    declare_queue(channel, queue, QueueDeclareOptions::default()).await?;
    let (bind, arguments) = (QueueBindOptions::default(), FieldTable::default());
    channel.queue_bind(short(queue), short(exchange), short(""), bind, arguments).await?;
    consume(channel, queue).await
}

/// Consumes from an exclusive queue, which only this connection sees and which ends with it.
pub(super) async fn listen_in_private(channel: &Channel, queue: &str) -> Result<Consumer> {
    let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    declare_queue(channel, queue, options).await?;
    consume(channel, queue).await
}

/// Consumes what is published on an `exchange` of others, from an exclusive queue that the broker
/// names. Fails, and ends the channel, if nobody has declared the exchange.
pub(super) async fn overhear(channel: &Channel, exchange: &str) -> Result<Consumer> {
    let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
    let arguments = FieldTable::default;
    channel.exchange_declare(short(exchange), ExchangeKind::Fanout, passive, arguments()).await?;
    let private = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare(short(""), private, arguments()).await?;
    let (bind, name) = (QueueBindOptions::default(), queue.name().as_str());
    channel.queue_bind(short(name), short(exchange), short(""), bind, arguments()).await?;
    consume(channel, name).await
}

/// Sends `payload`. Returns when the operating system has it; if the future is dropped before, the
/// message is still sent.
pub(super) async fn publish(
    channel: &Channel,
    exchange: &str,
    routing_key: &str,
    payload: &[u8],
) -> Result<()> {
    let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
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

async fn declare_queue(channel: &Channel, queue: &str, options: QueueDeclareOptions) -> Result<()> {
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
