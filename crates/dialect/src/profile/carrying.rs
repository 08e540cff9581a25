//! How messages are carried: the bus, its objects, and the names of topics.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fields::{MessageKind, of_kind};

/// How messages are carried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Carrying {
    /// The kind of broker.
    pub transport: Transport,
    /// MQTT's quality of service, 0, 1 or 2.
    #[schemars(range(max = 2))]
    pub qos: u8,
    /// The messages that the broker keeps for those who come later (MQTT).
    pub retain: Vec<MessageKind>,
    /// How fields become bytes.
    pub payload: Payload,
}

/// A kind of broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// MQTT, such as Mosquitto.
    #[default]
    Mqtt,
    /// AMQP 0-9-1, such as RabbitMQ. Topics are fanout exchanges there.
    Amqp,
}

/// How fields become bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Payload {
    /// As an object of JSON.
    #[default]
    Json,
    /// As their values alone, with slashes between them.
    SlashText,
}

/// The objects of an AMQP broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Amqp {
    /// The exchanges.
    pub exchange: Exchange,
    /// The routing key of messages and queues; `{exchange}` stands for the name of the exchange.
    pub routing_key: String,
    /// The delivery mode of messages: 0 leaves it out, 1 is transient, 2 is persistent.
    #[schemars(range(max = 2))]
    pub delivery_mode: u8,
    /// The name of a queue, with `{exchange}` and `{id}`; or `shared-unnamed`, which is one queue
    /// for all exchanges that the broker names. A name without `{id}` is that of programs whose
    /// number is written into them: ours leave it to them, and have queues that the broker names.
    pub queue: String,
    /// Whether queues belong to their connection. Ours always do.
    pub exclusive: bool,
    /// Whether the broker keeps queues when it restarts. Ours end with their connection.
    pub durable: bool,
}

/// How exchanges are declared; the broker refuses to declare one again that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Exchange {
    /// Their type.
    pub kind: ExchangeKind,
    /// Whether the broker keeps them when it restarts.
    pub durable: bool,
    /// Whether they end with their last queue.
    pub auto_delete: bool,
}

/// A type of exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExchangeKind {
    /// Each queue gets all messages.
    #[default]
    Fanout,
    /// A queue gets the messages with its routing key.
    Direct,
    /// A queue gets the messages whose routing key matches its own.
    Topic,
}

/// One queue for all exchanges, which the broker names.
pub const SHARED_UNNAMED: &str = "shared-unnamed";

impl Default for Amqp {
    fn default() -> Self {
        Self {
            exchange: Exchange::default(),
            routing_key: String::new(),
            delivery_mode: 0,
            queue: "{exchange}/{id}".into(),
            exclusive: false,
            durable: false,
        }
    }
}

impl Default for Exchange {
    fn default() -> Self {
        Self { kind: ExchangeKind::Fanout, durable: false, auto_delete: false }
    }
}

/// The names of topics, or exchanges. A message whose topic has no name does not exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TopicNames {
    /// Stands before all names; `{session}` stands for the session, which is the room.
    pub prefix: String,
    /// Where peers say that they are there.
    pub init: String,
    /// Where they say their keys.
    pub pubkey: String,
    /// Where they vote in an election.
    pub vote: String,
    /// Where the elected leader says so.
    pub coordinator: String,
    /// Where the leader asks.
    pub challenge: String,
    /// Where peers say their solutions.
    pub solution: String,
    /// Where the leader's verdicts go; `{solver}` stands for the id of the peer that they are for.
    pub result: String,
    /// Where members vote on solutions.
    pub ballot: String,
    /// Where the leader ends the session.
    pub finish: String,
}

/// Stands in the name of the topic of results for the id of a solver.
pub const SOLVER: &str = "{solver}";

/// Stands in a prefix for the session.
pub const SESSION: &str = "{session}";

impl Default for TopicNames {
    fn default() -> Self {
        Self {
            prefix: "sd/".into(),
            init: "init".into(),
            pubkey: String::new(),
            vote: "voting".into(),
            coordinator: String::new(),
            challenge: "challenge".into(),
            solution: "solution".into(),
            result: "result".into(),
            ballot: String::new(),
            finish: String::new(),
        }
    }
}

impl TopicNames {
    /// Returns the name of the topic of a kind of message; an empty one is none.
    pub fn of(&self, kind: MessageKind) -> &str {
        of_kind!(kind, &self)
    }
}
