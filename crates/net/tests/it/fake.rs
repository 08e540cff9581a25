//! The other side, byte by byte: clients that do what no library does, and brokers that violate the
//! protocol.

use std::net::Ipv4Addr;

use althing_net::mqtt::BrokerUrl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CONNACK: [u8; 5] = [0x20, 3, 0, 0, 0];
const DISCONNECT: u8 = 14;

/// A client that publishes whatever it is told to.
pub(crate) struct Client {
    stream: TcpStream,
    version: u8,
}

/// A broker that accepts every client, and then does what it is told to.
pub(crate) struct Broker {
    listener: TcpListener,
}

impl Client {
    /// Connects with MQTT 5.
    pub(crate) async fn connect(port: u16) -> Self {
        Self::connect_with_version(port, 5).await
    }

    /// Connects with MQTT 5, or with 3.1.1, which calls itself version 4.
    pub(crate) async fn connect_with_version(port: u16, version: u8) -> Self {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.expect("a broker");
        let mut body = b"\0\x04MQTT".to_vec();
        body.extend([version, 0b10, 0, 60]);
        body.extend_from_slice(if version == 5 { b"\0" } else { b"" });
        let id = format!("raw-{}", stream.local_addr().expect("it is connected").port());
        body.extend(text(&id));
        stream.write_all(&packet(0x10, &body)).await.expect("the broker reads");
        let (kind, answer) = read_packet(&mut stream).await.expect("an answer");
        assert_eq!((kind >> 4, answer[1]), (2, 0), "the broker accepts");
        Self { stream, version }
    }

    pub(crate) async fn publish(&mut self, topic: &str, payload: &[u8]) {
        self.send(0x30, topic, payload).await;
    }

    pub(crate) async fn publish_retained(&mut self, topic: &str, payload: &[u8]) {
        self.send(0x31, topic, payload).await;
    }

    /// Waits until the broker has ended the connection.
    pub(crate) async fn ended(mut self) {
        let mut rest = Vec::new();
        // A reset is an end as well.
        let _ = self.stream.read_to_end(&mut rest).await;
    }

    async fn send(&mut self, kind: u8, topic: &str, payload: &[u8]) {
        let packet = publish_packet(kind, topic, payload, self.version);
        // The broker may close the connection in the middle of an oversized packet.
        let _ = self.stream.write_all(&packet).await;
    }
}

impl Broker {
    /// The code with which a broker grants a subscription.
    pub(crate) const GRANTED: u8 = 0;
    /// The code with which a broker refuses a subscription.
    pub(crate) const NOT_AUTHORIZED: u8 = 0x87;

    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        Self { listener }
    }

    pub(crate) fn url(&self) -> BrokerUrl {
        self.listener.local_addr().expect("it listens").into()
    }

    /// Serves one client: answers its subscription with `code`, then sends it `bytes`. Returns
    /// when it has said goodbye or is gone, with whether it said goodbye.
    pub(crate) async fn serve(&self, code: u8, bytes: &[u8]) -> bool {
        let (mut stream, _) = self.listener.accept().await.expect("a client");
        subscribe(&mut stream, code).await;
        stream.write_all(bytes).await.expect("the client reads");
        while let Some((kind, _)) = read_packet(&mut stream).await {
            if kind >> 4 == DISCONNECT {
                return true;
            }
        }
        false
    }

    /// Grants one client its subscription, sends it `bytes`, and closes the connection.
    pub(crate) async fn let_down(&self, bytes: &[u8]) {
        let (mut stream, _) = self.listener.accept().await.expect("a client");
        subscribe(&mut stream, Self::GRANTED).await;
        stream.write_all(bytes).await.expect("the client reads");
    }

    /// Answers the first client with `bytes`, whatever it requests, and closes the connection.
    pub(crate) async fn answer(&self, bytes: &[u8]) {
        let (mut stream, _) = self.listener.accept().await.expect("a client");
        read_packet(&mut stream).await;
        stream.write_all(bytes).await.expect("the client reads");
    }
}

/// Accepts a client, and answers its subscription with `code`.
async fn subscribe(stream: &mut TcpStream, code: u8) {
    read_packet(stream).await.expect("a CONNECT");
    stream.write_all(&CONNACK).await.expect("the client reads");
    let (_, body) = read_packet(stream).await.expect("a SUBSCRIBE");
    let suback = [0x90, 4, body[0], body[1], 0, code];
    stream.write_all(&suback).await.expect("the client reads");
}

pub(crate) fn publish_packet(kind: u8, topic: &str, payload: &[u8], version: u8) -> Vec<u8> {
    let mut body = text(topic);
    body.extend_from_slice(if version == 5 { b"\0" } else { b"" });
    body.extend_from_slice(payload);
    packet(kind, &body)
}

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![kind];
    let mut left = body.len();
    loop {
        let digit = u8::try_from(left % 128).expect("seven bits");
        left /= 128;
        packet.push(if left == 0 { digit } else { digit | 128 });
        if left == 0 {
            break;
        }
    }
    packet.extend_from_slice(body);
    packet
}

fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("a short text");
    [&length.to_be_bytes(), text.as_bytes()].concat()
}

/// Returns the first byte and the body of the next packet, or `None` at the end.
async fn read_packet(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let kind = stream.read_u8().await.ok()?;
    let (mut length, mut shift) = (0, 0);
    loop {
        let digit = stream.read_u8().await.ok()?;
        length |= usize::from(digit & 127) << shift;
        shift += 7;
        if digit < 128 {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((kind, body))
}
