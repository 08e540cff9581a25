//! The switch against readers that are slow, silent or many.

use proptest::prelude::*;
use rumqttc::{ConnectProperties, Subscribe, SubscribeFilter, Unsubscribe};

use super::*;
use crate::broker::SUBSCRIPTIONS_MAX;

const NOW: Duration = Duration::ZERO;
const LARGE: usize = 260_000;

/// A switch and what its clients were handed.
struct Broker {
    switch: Switch,
    lines: BTreeMap<Key, Arc<Line>>,
}

impl Broker {
    fn new() -> Self {
        Self { switch: Switch::new(), lines: BTreeMap::new() }
    }

    fn try_connect(&mut self, number: u64, name: &str, will: Option<&str>) -> Result<(), Refusal> {
        let connect = Connect {
            keep_alive: 0,
            client_id: name.to_owned(),
            clean_start: true,
            properties: Some(ConnectProperties::new()),
        };
        let will = will.map(|text| LastWill::new("wills", text, QoS::AtMostOnce, false, None));
        let line = Arc::new(Line::default());
        let outcome = self.switch.connect(Key(number), &connect, will, &line, NOW);
        self.lines.insert(Key(number), line);
        outcome
    }

    fn connect(&mut self, number: u64) -> Key {
        self.try_connect(number, &format!("client {number}"), None).expect("there is room");
        Key(number)
    }

    fn subscribe(&mut self, key: Key, filter: &str, quality: QoS) {
        let mut subscribe = Subscribe::new(SubscribeFilter::new(filter, quality), None);
        subscribe.pkid = 1;
        self.take_in(key, Packet::Subscribe(subscribe));
    }

    fn publish(&mut self, key: Key, topic: &str, quality: QoS, bytes: usize) {
        let mut publish = Publish::new(topic, quality, vec![7; bytes], None);
        publish.pkid = 1;
        self.take_in(key, Packet::Publish(publish));
    }

    fn take_in(&mut self, key: Key, packet: Packet) {
        self.switch.take_in(key, packet, NOW).expect("it is no offence");
    }

    /// Returns the packets that a client is sent next.
    fn taken(&mut self, key: Key) -> Vec<Packet> {
        let mut packets = Vec::new();
        loop {
            let mut buffer = BytesMut::new();
            self.switch.take_out(key, &mut buffer, NOW);
            if buffer.is_empty() {
                return packets;
            }
            while !buffer.is_empty() {
                packets.push(Packet::read(&mut buffer, None).expect("a packet"));
            }
        }
    }

    /// Returns the payloads' sizes of the messages that a client is sent next.
    fn messages(&mut self, key: Key) -> Vec<usize> {
        let sizes = self.taken(key).into_iter().filter_map(|packet| match packet {
            Packet::Publish(publish) => Some(publish.payload.len()),
            _ => None,
        });
        sizes.collect()
    }

    fn reason(&self, key: Key) -> Option<Reason> {
        self.lines[&key].reason()
    }

    fn check(&self) {
        let switch = &self.switch;
        let counted: usize = switch.clients.values().map(Client::bytes).sum();
        assert_eq!(switch.bytes, counted, "what is held is counted");
        assert!(counted <= BYTES_MAX, "{counted} bytes are held");
        for client in switch.clients.values() {
            let waiting: usize = client.messages.iter().map(Delivery::bytes).sum::<usize>()
                + client.answers.iter().map(|it| it.size() + ENTRY_BYTES).sum::<usize>();
            assert_eq!(client.waiting, waiting);
            assert!(client.messages.len() <= CLIENT_MESSAGES_MAX);
            assert!(client.subscriptions.len() <= SUBSCRIPTIONS_MAX);
        }
        let kept: usize = switch.retained.values().map(|it| it.message.bytes() + ENTRY_BYTES).sum();
        assert_eq!(switch.retained_bytes, kept);
        assert!(kept <= RETAINED_BYTES_MAX);
    }
}

#[test]
fn a_client_that_never_reads_is_held_no_more_than_its_share_for() {
    let mut broker = Broker::new();
    let (deaf, hears, speaks) = (broker.connect(1), broker.connect(2), broker.connect(3));
    broker.subscribe(deaf, "#", QoS::AtMostOnce);
    broker.subscribe(hears, "a", QoS::AtMostOnce);
    broker.taken(hears);
    for _ in 0..1000 {
        broker.publish(speaks, "a", QoS::AtMostOnce, LARGE);
        assert_eq!(broker.messages(hears), [LARGE]);
        broker.check();
    }
    assert!(broker.switch.bytes < CLIENT_BYTES_MAX + LARGE);
    assert!(broker.switch.take_dropped() > 900);
    assert_eq!(broker.reason(deaf), None, "it may still begin to read");
    let kept = CLIENT_BYTES_MAX / (LARGE + 1000);
    assert!(broker.messages(deaf).len() >= kept);
    broker.publish(speaks, "a", QoS::AtMostOnce, 3);
    assert_eq!(broker.messages(deaf), [3]);
}

#[test]
fn small_messages_are_bounded_as_well() {
    let mut broker = Broker::new();
    let (deaf, speaks) = (broker.connect(1), broker.connect(2));
    broker.subscribe(deaf, "+", QoS::AtMostOnce);
    for _ in 0..CLIENT_MESSAGES_MAX + 10 {
        broker.publish(speaks, "a", QoS::AtMostOnce, 1);
    }
    broker.check();
    assert_eq!(broker.switch.take_dropped(), 10);
    assert_eq!(broker.messages(deaf).len(), CLIENT_MESSAGES_MAX);
}

#[test]
fn a_client_that_was_promised_more_than_it_reads_is_disconnected() {
    let mut broker = Broker::new();
    let (deaf, speaks) = (broker.connect(1), broker.connect(2));
    broker.subscribe(deaf, "a", QoS::AtLeastOnce);
    for _ in 0..CLIENT_BYTES_MAX / LARGE {
        broker.publish(speaks, "a", QoS::AtLeastOnce, LARGE);
        broker.taken(speaks);
    }
    assert_eq!(broker.reason(deaf), None);
    broker.publish(speaks, "a", QoS::AtLeastOnce, LARGE);
    assert_eq!(broker.reason(deaf), Some(Reason::QuotaExceeded));
    assert_eq!(broker.reason(speaks), None);
    broker.check();
}

#[test]
fn many_that_do_not_read_do_not_fill_the_memory_and_those_who_read_stay() {
    let mut broker = Broker::new();
    let (hears, speaks) = (broker.connect(1), broker.connect(2));
    broker.subscribe(hears, "a", QoS::AtLeastOnce);
    broker.taken(hears);
    for number in 10..100 {
        let deaf = broker.connect(number);
        broker.subscribe(deaf, "a", QoS::AtMostOnce);
    }
    for _ in 0..100 {
        broker.publish(speaks, "a", QoS::AtMostOnce, LARGE);
        assert_eq!(broker.messages(hears), [LARGE]);
        broker.check();
    }
    assert_eq!((broker.reason(hears), broker.reason(speaks)), (None, None));
    let gone = (10..100).filter(|number| broker.reason(Key(*number)).is_some()).count();
    assert!(gone > 0 && gone < 90, "{gone} of 90 are disconnected");
}

#[test]
fn one_that_asks_and_does_not_read_the_answers_is_disconnected() {
    let mut broker = Broker::new();
    let deaf = broker.connect(1);
    let mut asked = 0;
    while broker.reason(deaf).is_none() {
        broker.take_in(deaf, Packet::PingReq);
        broker.check();
        asked += 1;
    }
    assert!(asked > 10_000, "it is patient");
}

#[test]
fn a_full_broker_says_so_and_lets_one_of_the_same_name_take_over() {
    let mut broker = Broker::new();
    for number in 0..CLIENTS_MAX as u64 {
        broker.connect(number);
    }
    assert_eq!(broker.try_connect(2000, "newcomer", None), Err(Refusal::Full));
    assert_eq!(broker.try_connect(2001, "client 7", None), Ok(()));
    assert_eq!(broker.reason(Key(7)), Some(Reason::SessionTakenOver));
    broker.switch.leave(Key(8), Parting::Goodbye, NOW);
    assert_eq!(broker.try_connect(2002, "newcomer", None), Ok(()));
    broker.check();
}

#[test]
fn a_last_will_is_for_those_who_said_no_goodbye() {
    for (parting, heard) in [(Parting::Goodbye, vec![]), (Parting::Crash, vec![4])] {
        let mut broker = Broker::new();
        let watcher = broker.connect(1);
        broker.subscribe(watcher, "wills", QoS::AtMostOnce);
        broker.try_connect(2, "mortal", Some("dead")).expect("there is room");
        broker.switch.leave(Key(2), parting, NOW);
        assert_eq!(broker.messages(watcher), heard);
        broker.check();
    }
}

#[test]
fn a_message_is_delivered_once_however_many_subscriptions_it_meets() {
    let mut broker = Broker::new();
    let (hears, speaks) = (broker.connect(1), broker.connect(2));
    for filter in ["a/b", "a/+", "#", "b/#"] {
        broker.subscribe(hears, filter, QoS::AtMostOnce);
    }
    broker.publish(speaks, "a/b", QoS::AtLeastOnce, 1);
    broker.publish(speaks, "c", QoS::AtMostOnce, 2);
    assert_eq!(broker.messages(hears), [1, 2]);
    let unsubscribe = Unsubscribe { pkid: 1, filters: vec!["#".to_owned()], properties: None };
    broker.take_in(hears, Packet::Unsubscribe(unsubscribe));
    broker.publish(speaks, "c", QoS::AtMostOnce, 3);
    broker.publish(speaks, "b", QoS::AtMostOnce, 4);
    assert_eq!(broker.messages(hears), [4]);
}

#[test]
fn what_is_in_flight_is_limited_and_goes_on_with_acknowledgements() {
    let mut broker = Broker::new();
    let (hears, speaks) = (broker.connect(1), broker.connect(2));
    broker.subscribe(hears, "a", QoS::AtLeastOnce);
    for _ in 0..2 * usize::from(INFLIGHT_MAX) {
        broker.publish(speaks, "a", QoS::AtLeastOnce, 1);
    }
    broker.publish(speaks, "a", QoS::AtMostOnce, 2);
    assert_eq!(broker.messages(hears), vec![1; INFLIGHT_MAX.into()]);
    assert_eq!(broker.messages(hears), [0; 0]);
    for pkid in 1..=INFLIGHT_MAX {
        broker.take_in(hears, Packet::PubAck(PubAck::new(pkid, None)));
    }
    assert_eq!(broker.messages(hears), [vec![1; INFLIGHT_MAX.into()], vec![2]].concat());
}

#[test]
fn a_message_of_qos_2_that_is_sent_again_is_delivered_once() {
    let mut broker = Broker::new();
    let client = broker.connect(1);
    broker.subscribe(client, "a", QoS::ExactlyOnce);
    broker.taken(client);
    broker.publish(client, "a", QoS::ExactlyOnce, 1);
    broker.publish(client, "a", QoS::ExactlyOnce, 1);
    assert_eq!(broker.messages(client), [1]);
    broker.take_in(client, Packet::PubRel(PubRel::new(1, None)));
    broker.publish(client, "a", QoS::ExactlyOnce, 1);
    assert_eq!(broker.messages(client), [1]);
}

#[test]
fn what_is_retained_is_for_those_who_come_later_and_an_empty_message_removes_it() {
    let mut broker = Broker::new();
    let (first, second) = (broker.connect(1), broker.connect(2));
    let retained = |bytes| {
        let mut publish = Publish::new("a", QoS::AtMostOnce, vec![7; bytes], None);
        publish.retain = true;
        Packet::Publish(publish)
    };
    broker.take_in(first, retained(5));
    broker.subscribe(second, "+", QoS::AtMostOnce);
    assert_eq!(broker.messages(second), [5]);
    broker.take_in(first, retained(0));
    assert_eq!(broker.messages(second), [0]);
    broker.subscribe(first, "a", QoS::AtMostOnce);
    assert_eq!(broker.messages(first), [0; 0]);
    for number in 0..200 {
        let mut publish =
            Publish::new(format!("kept/{number}"), QoS::AtMostOnce, vec![7; LARGE], None);
        publish.retain = true;
        broker.take_in(first, Packet::Publish(publish));
    }
    broker.check();
}

#[test]
fn a_message_whose_time_is_over_is_not_delivered() {
    let mut broker = Broker::new();
    let (hears, speaks) = (broker.connect(1), broker.connect(2));
    broker.subscribe(hears, "a", QoS::AtMostOnce);
    broker.taken(hears);
    let properties = rumqttc::PublishProperties {
        message_expiry_interval: Some(5),
        ..rumqttc::PublishProperties::default()
    };
    let publish = Publish::new("a", QoS::AtMostOnce, "soon", Some(properties));
    broker.take_in(speaks, Packet::Publish(publish.clone()));
    let mut buffer = BytesMut::new();
    broker.switch.take_out(hears, &mut buffer, Duration::from_secs(2));
    let packet = Packet::read(&mut buffer, None).expect("a packet");
    let Packet::Publish(heard) = packet else { panic!("{packet:?}") };
    let left = heard.properties.and_then(|properties| properties.message_expiry_interval);
    assert_eq!(left, Some(3));
    broker.take_in(speaks, Packet::Publish(publish));
    broker.switch.take_out(hears, &mut buffer, Duration::from_secs(5));
    assert!(buffer.is_empty());
}

#[derive(Clone, Debug)]
enum Act {
    Connect(u64, usize, bool),
    Subscribe(u64, usize, u8),
    Unsubscribe(u64, usize),
    Publish(u64, usize, u8, usize, bool),
    Acknowledge(u64, u16),
    Read(u64),
    Hold(u64, usize),
    Leave(u64, bool),
}

const FILTERS: [&str; 7] = ["a", "a/b", "a/+", "#", "+", "b/#", "a/#/b"];
const TOPICS: [&str; 4] = ["a", "a/b", "b", "b/c/d"];

fn act() -> impl Strategy<Value = Act> {
    let client = 0_u64..8;
    prop_oneof![
        (client.clone(), 0_usize..4, any::<bool>())
            .prop_map(|(client, name, will)| Act::Connect(client, name, will)),
        (client.clone(), 0..FILTERS.len(), 0_u8..3)
            .prop_map(|(client, filter, quality)| Act::Subscribe(client, filter, quality)),
        (client.clone(), 0..FILTERS.len())
            .prop_map(|(client, filter)| Act::Unsubscribe(client, filter)),
        (client.clone(), 0..TOPICS.len(), 0_u8..3, 0_usize..LARGE, any::<bool>()).prop_map(
            |(client, topic, quality, bytes, retain)| {
                Act::Publish(client, topic, quality, bytes, retain)
            }
        ),
        (client.clone(), 0_u16..5).prop_map(|(client, pkid)| Act::Acknowledge(client, pkid)),
        client.clone().prop_map(Act::Read),
        (client.clone(), 0..LARGE).prop_map(|(client, bytes)| Act::Hold(client, bytes)),
        (client, any::<bool>()).prop_map(|(client, crash)| Act::Leave(client, crash)),
    ]
}

proptest! {
    #[test]
    fn what_is_held_is_counted_and_bounded_whatever_clients_do(
        acts in proptest::collection::vec(act(), 0..120)
    ) {
        let mut broker = Broker::new();
        let quality = |number| rumqttc::mqttbytes::qos(number).expect("there are three");
        for act in acts {
            match act {
                Act::Connect(client, name, will) => {
                    if !broker.switch.clients.contains_key(&Key(client)) {
                        let will = will.then_some("gone");
                        let _ = broker.try_connect(client, &format!("name {name}"), will);
                    }
                }
                Act::Subscribe(client, filter, number) => {
                    broker.subscribe(Key(client), FILTERS[filter], quality(number));
                }
                Act::Unsubscribe(client, filter) => {
                    let filters = vec![FILTERS[filter].to_owned()];
                    let unsubscribe = Unsubscribe { pkid: 1, filters, properties: None };
                    broker.take_in(Key(client), Packet::Unsubscribe(unsubscribe));
                }
                Act::Publish(client, topic, number, bytes, retain) => {
                    let payload = vec![7; bytes];
                    let mut publish =
                        Publish::new(TOPICS[topic], quality(number), payload, None);
                    (publish.pkid, publish.retain) = (1, retain);
                    broker.take_in(Key(client), Packet::Publish(publish));
                }
                Act::Acknowledge(client, pkid) => {
                    broker.take_in(Key(client), Packet::PubAck(PubAck::new(pkid, None)));
                    broker.take_in(Key(client), Packet::PubRel(PubRel::new(pkid, None)));
                }
                Act::Read(client) => {
                    let mut buffer = BytesMut::new();
                    broker.switch.take_out(Key(client), &mut buffer, NOW);
                    while !buffer.is_empty() {
                        Packet::read(&mut buffer, None).expect("a packet");
                    }
                }
                Act::Hold(client, bytes) => broker.switch.note_reading(Key(client), bytes, NOW),
                Act::Leave(client, crash) => {
                    let parting = if crash { Parting::Crash } else { Parting::Goodbye };
                    broker.switch.leave(Key(client), parting, NOW);
                }
            }
            broker.check();
        }
        for client in 0..8 {
            broker.switch.leave(Key(client), Parting::Goodbye, NOW);
        }
        let switch = &broker.switch;
        prop_assert_eq!(switch.bytes, 0);
        prop_assert!(switch.names.is_empty() && switch.exact.is_empty());
        prop_assert!(switch.with_patterns.is_empty() && switch.overrun.is_empty());
    }
}
