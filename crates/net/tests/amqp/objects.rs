//! Exchanges, queues and messages as a profile has them: programs that declare the same are taken,
//! and hear us as we hear them.

use althing_net::Arrival;
use althing_net::amqp::{Carried, ExchangeKind, Objects, Witness, examine};
use althing_testkit::eventually;
use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, message::BasicGetMessage};

use crate::common::{Place, Stranger, connect};

/// Returns one value of each dimension after the other.
fn all_objects() -> Vec<Objects> {
    let usual = Objects::default;
    let keyed = || Objects { routing_key: "{exchange}".to_owned(), ..usual() };
    vec![
        usual(),
        Objects { durable: true, ..usual() },
        Objects { auto_delete: true, ..usual() },
        Objects { delivery_mode: 2, ..keyed() },
        Objects { kind: ExchangeKind::Direct, ..usual() },
        Objects { kind: ExchangeKind::Direct, delivery_mode: 1, ..keyed() },
        Objects { kind: ExchangeKind::Topic, ..keyed() },
        Objects { queue: "q-{id}-{exchange}".to_owned(), ..usual() },
        Objects { queue: "{exchange}/1".to_owned(), ..usual() },
        Objects { queue: String::new(), ..usual() },
    ]
}

/// A program that declares its exchange in one way, with a queue of its own.
struct Program<'a> {
    stranger: Stranger,
    exchange: &'a str,
    queue: String,
    key: String,
    properties: BasicProperties,
}

impl<'a> Program<'a> {
    async fn new(place: &Place<'_>, exchange: &'a str, objects: &Objects, queue: &str) -> Self {
        let stranger = place.stranger().await;
        let Objects { durable, auto_delete, .. } = *objects;
        let declare =
            ExchangeDeclareOptions { durable, auto_delete, ..ExchangeDeclareOptions::default() };
        let kind = match objects.kind {
            ExchangeKind::Fanout => lapin::ExchangeKind::Fanout,
            ExchangeKind::Direct => lapin::ExchangeKind::Direct,
            ExchangeKind::Topic => lapin::ExchangeKind::Topic,
        };
        let none = FieldTable::default;
        let channel = &stranger.channel;
        channel
            .exchange_declare(exchange.into(), kind, declare, none())
            .await
            .expect("it is declared as we have declared it");
        let own = QueueDeclareOptions::default();
        channel.queue_declare(queue.into(), own, none()).await.expect("no other has it");
        let key = objects.routing_key.replace("{exchange}", exchange);
        let bind = QueueBindOptions::default();
        channel
            .queue_bind(queue.into(), exchange.into(), key.as_str().into(), bind, none())
            .await
            .expect("both are there");
        let properties = match objects.delivery_mode {
            0 => BasicProperties::default(),
            mode => BasicProperties::default().with_delivery_mode(mode),
        };
        Self { stranger, exchange, queue: queue.to_owned(), key, properties }
    }

    async fn say(&self, payload: &[u8]) {
        let (options, properties) = (BasicPublishOptions::default(), self.properties.clone());
        self.stranger
            .channel
            .basic_publish(
                self.exchange.into(),
                self.key.as_str().into(),
                options,
                payload,
                properties,
            )
            .await
            .expect("the exchange is there")
            .await
            .expect("the broker accepts it");
    }

    async fn hear(&self) -> BasicGetMessage {
        eventually("the program to hear us", async || {
            let get = BasicGetOptions { no_ack: true };
            let queue = self.queue.as_str().into();
            self.stranger.channel.basic_get(queue, get).await.expect("its queue is there")
        })
        .await
    }
}

pub(crate) async fn programs_that_declare_the_same_hear_us_and_are_heard(place: &Place<'_>) {
    for (number, objects) in all_objects().into_iter().enumerate() {
        for we_are_first in [true, false] {
            let exchange = format!("{}/{number}/{we_are_first}", place.name);
            let queue = format!("theirs/{exchange}");
            let mut options = place.options("7").with_exchanges([exchange.as_str()]);
            options.objects = objects.clone();
            let (mut link, program);
            if we_are_first {
                link = connect(options).await;
                program = Program::new(place, &exchange, &objects, &queue).await;
            } else {
                program = Program::new(place, &exchange, &objects, &queue).await;
                link = connect(options).await;
            }
            link.publisher().publish(exchange.as_str(), "ours");
            let heard = program.hear().await.delivery;
            assert_eq!(heard.data, b"ours", "{objects:?}");
            assert_eq!(heard.routing_key.as_str(), program.key, "{objects:?}");
            let mode = heard.properties.delivery_mode().unwrap_or_default();
            assert_eq!(mode, objects.delivery_mode, "{objects:?}");
            program.say(b"theirs").await;
            for expected in ["ours", "theirs"] {
                let from = althing_types::Channel::topic(exchange.as_str());
                let expected = Arrival::Received { from, payload: expected.into() };
                assert_eq!(crate::common::next(&mut link).await, expected, "{objects:?}");
            }
        }
    }
}

/// Queues that are named after their peer are ours alone, and those that are named alike for all
/// peers are left to the programs: one of ours in that name would take what is for them, or have
/// the broker refuse them theirs.
pub(crate) async fn our_queues_have_the_programs_names_and_never_take_theirs(place: &Place<'_>) {
    let exchange = place.room();
    let mut options = place.options("7");
    options.objects.queue = "{exchange}-of-{id}".to_owned();
    let link = connect(options).await;
    let (ours, looker) = (format!("{exchange}-of-7"), place.stranger().await);
    assert!(looker.has_queue(&ours).await, "it is named as theirs are");
    assert_eq!(looker.look_at(&ours).await, None, "no other connection has it");
    drop(link);
    eventually("our queue to end", async || (!looker.has_queue(&ours).await).then_some(())).await;

    let objects = Objects { queue: "{exchange}/1".to_owned(), ..Objects::default() };
    let theirs = format!("{exchange}/1");
    let mut links = Vec::new();
    for suffix in ["7", "8"] {
        let mut options = place.options(suffix);
        options.objects = objects.clone();
        links.push(connect(options).await);
    }
    let program = Program::new(place, &exchange, &objects, &theirs).await;
    let mut late = place.options("9");
    late.objects = objects;
    links.push(connect(late).await);
    place.say(&links[0], "hello");
    assert_eq!(program.hear().await.delivery.data, b"hello");
    for link in &mut links {
        assert_eq!(place.hear(link).await, "hello");
    }
}

/// Whatever kind of exchange others have, what is said there is overheard, and how they declare it
/// is found out.
pub(crate) async fn exchanges_of_every_kind_are_overheard(place: &Place<'_>) {
    for (number, objects) in all_objects().into_iter().enumerate() {
        let exchange = format!("{}/{number}", place.name);
        let queue = format!("theirs/{exchange}");
        let program = Program::new(place, &exchange, &objects, &queue).await;
        let mut options = place.options("7").with_exchanges([format!("{exchange}/ours")]);
        options.overheard = vec![exchange.as_str().into()];
        let witness = Witness::default();
        options.witness = Some(witness.clone());
        let examined = options.clone();
        let mut link = connect(options).await;
        let heard = eventually("the program to be overheard", async || {
            program.say(b"theirs").await;
            tokio::time::timeout(std::time::Duration::from_millis(50), link.next()).await.ok()
        })
        .await;
        let from = althing_types::Channel::topic(exchange.as_str());
        let expected = Arrival::Received { from, payload: "theirs".into() };
        assert_eq!(heard, Some(expected), "{objects:?}");
        let carried = witness.carried().expect("a message was heard");
        let found = examine(&examined, &carried).await.expect("the broker is there");
        let known = Objects { queue: String::new(), ..objects };
        assert_eq!(found, Some(known));
        // What is not there is not made by asking.
        let gone = Carried { exchange: format!("{exchange}/gone").into(), ..carried };
        for _ in 0..2 {
            assert_eq!(examine(&examined, &gone).await.expect("the broker is there"), None);
        }
    }
}
