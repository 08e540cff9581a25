//! One client's connection: what arrives on it, and what is written to it.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::mqttbytes::Error as CodecError;
use rumqttc::{
    ConnAck, ConnAckProperties, Connect, ConnectReturnCode as Code, DisconnectReasonCode as Reason,
    LastWill, Packet,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::select;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::debug;

use super::hub::Hub;
use super::line::Line;
use super::switch::{Key, Parting, Refusal, farewell};
use super::{CONNECT_TIME, GOODBYE_TIME, INFLIGHT_MAX, STALL_TIME};
use crate::dial::linger;
use crate::mqtt::PACKET_BYTES_MAX;
use crate::mqtt::guard::Guard;
use crate::mqtt::older::{LEVEL_3_1_1, LEVEL_5, Newer, Older, Side};
use crate::sieve::Sieve;

/// Bytes that are read at a time.
const CHUNK_BYTES: usize = 8 * 1024;

/// A packet that is held this far is counted as the client's.
const READING_BYTES: usize = 16 * 1024;

/// An empty buffer above this size is given back.
const IDLE_BYTES: usize = 4 * 1024;

/// The bytes with which a CONNECT can be told from anything else: fixed header, protocol name and
/// level.
const BEGINNING_BYTES_MAX: usize = 16;

/// The task of one connection.
pub(super) struct Connection {
    key: Key,
    hub: Arc<Hub>,
    line: Arc<Line>,
    /// Whether there is room for another client in this process.
    has_room: bool,
}

/// Why a connection ends.
enum End {
    /// The client has ended it.
    Client(Parting),
    /// We end it.
    Broker(Reason),
}

/// How the packets of a connection are written.
enum Version {
    Five(Guard),
    Older(Newer, Older),
}

/// Reads packets.
struct Reader {
    half: OwnedReadHalf,
    version: Version,
    buffer: BytesMut,
    chunk: Box<[u8; CHUNK_BYTES]>,
}

impl Connection {
    pub(super) fn new(key: Key, hub: Arc<Hub>, has_room: bool) -> Self {
        Self { key, hub, line: Arc::default(), has_room }
    }

    /// Serves the client until its connection ends. `admitted` is called once it is let in.
    pub(super) async fn serve(self, stream: TcpStream, admitted: impl FnOnce()) {
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let (half, mut writer) = stream.into_split();
        // Whatever ends this task, the client is forgotten.
        let mut leaving = Leaving { connection: &self, parting: Parting::Crash };
        let greeting = timeout(CONNECT_TIME, self.greet(half, &mut writer)).await;
        let Ok(Ok((mut reader, keep_alive))) = greeting else { return };
        admitted();
        let end = self.talk(&mut reader, &mut writer, keep_alive).await;
        if let End::Client(parting) = end {
            leaving.parting = parting;
        }
        drop(leaving);
        if let End::Broker(reason) = end {
            debug!(client = self.key.0, ?reason, "disconnected a client");
            part(reader, writer, &farewell(reason)).await;
        }
    }

    /// Waits for the client's CONNECT and answers it; an error ends the connection.
    async fn greet(
        &self,
        half: OwnedReadHalf,
        writer: &mut OwnedWriteHalf,
    ) -> io::Result<(Reader, Option<Duration>)> {
        let mut reader = Reader::begin(half, writer).await?;
        let Some(Packet::Connect(mut connect, will, _)) =
            reader.next().await.map_err(|_| io::ErrorKind::InvalidData)?
        else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let assigned = connect.client_id.is_empty().then(|| self.hub.name(self.key));
        if let Some(name) = &assigned {
            connect.client_id.clone_from(name);
        }
        let outcome = self.admit(&connect, will);
        let (code, properties) = match outcome {
            Ok(()) => (Code::Success, welcome(assigned)),
            Err((code, said)) => (code, refused(said)),
        };
        let answer = ConnAck { session_present: false, code, properties: Some(properties) };
        writer.write_all(&reader.version.encode(&Packet::ConnAck(answer))).await?;
        if outcome.is_err() {
            writer.shutdown().await?;
            let hung_up = async { while reader.read().await {} };
            // Closed at once, the connection would be reset before the answer is read.
            let _ = timeout(GOODBYE_TIME, hung_up).await;
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let keep_alive = Duration::from_secs(connect.keep_alive.into()) * 3 / 2;
        Ok((reader, (!keep_alive.is_zero()).then_some(keep_alive)))
    }

    /// Lets the client in, or says why not.
    fn admit(&self, connect: &Connect, will: Option<LastWill>) -> Result<(), (Code, &'static str)> {
        if !self.has_room {
            return Err((Code::QuotaExceeded, "the broker has no file descriptor left"));
        }
        self.hub.connect(self.key, connect, will, &self.line).map_err(|refusal| match refusal {
            Refusal::Full => (Code::QuotaExceeded, "the broker has no place for another client"),
            Refusal::BadClientId => (Code::ClientIdentifierNotValid, "the client id is too long"),
            Refusal::BadWill => (Code::TopicNameInvalid, "the last will has no valid topic"),
        })
    }

    /// Carries packets in both directions until one of them ends.
    async fn talk(
        &self,
        reader: &mut Reader,
        writer: &mut OwnedWriteHalf,
        keep_alive: Option<Duration>,
    ) -> End {
        let mut older = reader.version.writer();
        select! {
            biased;
            reason = self.line.ended() => End::Broker(reason),
            end = self.hear(reader, keep_alive) => end,
            error = self.say(writer, &mut older) => match error {
                Ok(never) => match never {},
                Err(_) => End::Client(Parting::Crash),
            },
        }
    }

    /// Takes in what the client sends, until it ends.
    async fn hear(&self, reader: &mut Reader, keep_alive: Option<Duration>) -> End {
        loop {
            loop {
                let packet = match reader.try_next() {
                    Ok(Some(packet)) => packet,
                    Ok(None) => break,
                    Err(reason) => return End::Broker(reason),
                };
                match self.hub.take_in(self.key, packet) {
                    Ok(None) => {}
                    Ok(Some(parting)) => return End::Client(parting),
                    Err(reason) => return End::Broker(reason),
                }
            }
            self.hub.note_reading(self.key, reader.held_bytes());
            let silent_until = keep_alive.map(|time| Instant::now() + time);
            select! {
                is_open = reader.read() => {
                    if !is_open {
                        return End::Client(Parting::Crash);
                    }
                }
                () = until(silent_until) => return End::Broker(Reason::KeepAliveTimeout),
            }
        }
    }

    /// Writes what waits for the client, for ever.
    async fn say(
        &self,
        writer: &mut OwnedWriteHalf,
        older: &mut Option<Older>,
    ) -> io::Result<Infallible> {
        let mut buffer = BytesMut::new();
        loop {
            if buffer.capacity() > IDLE_BYTES {
                buffer = BytesMut::new();
            }
            buffer.clear();
            self.hub.take_out(self.key, &mut buffer);
            if buffer.is_empty() {
                self.line.changed().await;
                continue;
            }
            if let Some(older) = older {
                let mut translated = BytesMut::with_capacity(buffer.len());
                older.translate(&buffer, &mut translated);
                buffer = translated;
            }
            let mut rest = &buffer[..];
            while !rest.is_empty() {
                let written = timeout(STALL_TIME, writer.write(rest)).await??;
                if written == 0 {
                    return Err(io::ErrorKind::WriteZero.into());
                }
                rest = &rest[written..];
            }
        }
    }
}

/// Forgets a client when its connection ends.
struct Leaving<'a> {
    connection: &'a Connection,
    parting: Parting,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.connection.hub.leave(self.connection.key, self.parting);
    }
}

impl Reader {
    /// Reads the beginning of a CONNECT, and chooses how to go on. A client with a version that we
    /// do not speak is told so.
    async fn begin(mut half: OwnedReadHalf, writer: &mut OwnedWriteHalf) -> io::Result<Self> {
        let mut beginning = Vec::new();
        let level = loop {
            match level(&beginning) {
                Some(level) => break level?,
                None => beginning.push(half.read_u8().await?),
            }
        };
        let version = match level {
            LEVEL_5 => Version::Five(Guard::new(usize::MAX)),
            LEVEL_3_1_1 => Version::Older(Newer::new(), Older::new(Side::Broker)),
            level => {
                let refusal: &[u8] = match level {
                    0..LEVEL_3_1_1 => &[0x20, 2, 0, 1],
                    _ => &[0x20, 3, 0, 0x84, 0],
                };
                writer.write_all(refusal).await?;
                return Err(io::ErrorKind::Unsupported.into());
            }
        };
        let chunk = Box::new([0; CHUNK_BYTES]);
        let mut reader = Self { half, version, buffer: BytesMut::new(), chunk };
        reader.version.sift(&beginning, &mut reader.buffer);
        Ok(reader)
    }

    /// Returns the next packet; `None` at the end. Cancel-safe.
    async fn next(&mut self) -> Result<Option<Packet>, Reason> {
        loop {
            if let Some(packet) = self.try_next()? {
                return Ok(Some(packet));
            }
            if !self.read().await {
                return Ok(None);
            }
        }
    }

    /// Returns how many bytes are held until their packet is complete, if that is much. An empty
    /// buffer is given back.
    fn held_bytes(&mut self) -> usize {
        if self.buffer.is_empty() && self.buffer.capacity() > IDLE_BYTES {
            self.buffer = BytesMut::new();
        }
        let held = self.buffer.capacity() + self.version.held_bytes();
        if held > READING_BYTES { held } else { 0 }
    }

    /// Takes the next packet, if it has arrived completely.
    fn try_next(&mut self) -> Result<Option<Packet>, Reason> {
        let most = u32::try_from(PACKET_BYTES_MAX).expect("some 256 KiB");
        match Packet::read(&mut self.buffer, Some(most)) {
            Ok(packet) => Ok(Some(packet)),
            Err(CodecError::InsufficientBytes(_)) => Ok(None),
            Err(CodecError::PayloadSizeLimitExceeded { .. }) => Err(Reason::PacketTooLarge),
            Err(CodecError::ProtocolViolation(reason)) => Err(reason),
            Err(error) => {
                debug!(%error, "a client sent something else than MQTT");
                Err(Reason::MalformedPacket)
            }
        }
    }

    /// Reads what there is; returns false at the end. Cancel-safe.
    async fn read(&mut self) -> bool {
        match self.half.read(self.chunk.as_mut_slice()).await {
            Ok(0) | Err(_) => false,
            Ok(bytes) => {
                self.version.sift(&self.chunk[..bytes], &mut self.buffer);
                true
            }
        }
    }
}

impl Version {
    fn sift(&mut self, bytes: &[u8], passed: &mut BytesMut) {
        match self {
            Self::Five(guard) => guard.sift(bytes, passed),
            Self::Older(newer, _) => newer.sift(bytes, passed),
        }
    }

    fn held_bytes(&self) -> usize {
        match self {
            Self::Five(_) => 0,
            Self::Older(newer, _) => newer.held_bytes(),
        }
    }

    /// Returns what translates for the writing side, if anything has to.
    fn writer(&self) -> Option<Older> {
        match self {
            Self::Five(_) => None,
            Self::Older(..) => Some(Older::new(Side::Broker)),
        }
    }

    fn encode(&mut self, packet: &Packet) -> BytesMut {
        let (mut bytes, mut translated) = (BytesMut::new(), BytesMut::new());
        // Our own packets are valid.
        let _ = packet.write(&mut bytes, None);
        match self {
            Self::Five(_) => bytes,
            Self::Older(_, older) => {
                older.translate(&bytes, &mut translated);
                translated
            }
        }
    }
}

/// Returns the protocol level of the CONNECT that begins like this; `None` if more is needed, and
/// an error if it is not a CONNECT of MQTT.
fn level(beginning: &[u8]) -> Option<io::Result<u8>> {
    let not_mqtt = || Some(Err(io::ErrorKind::InvalidData.into()));
    let (first, rest) = beginning.split_first()?;
    if *first != 0x10 || beginning.len() > BEGINNING_BYTES_MAX {
        return not_mqtt();
    }
    let length_bytes = rest.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let ([high, low], rest) = rest[length_bytes..].split_first_chunk()?;
    let name_bytes = usize::from(u16::from_be_bytes([*high, *low]));
    if name_bytes > b"MQIsdp".len() {
        return not_mqtt();
    }
    let (name, rest) = rest.split_at_checked(name_bytes)?;
    match (name, rest.first()?) {
        (b"MQTT", level) | (b"MQIsdp", level) => Some(Ok(*level)),
        _ => not_mqtt(),
    }
}

/// Says goodbye to a client that is disconnected. One that does not read does not hear it.
async fn part(mut reader: Reader, mut writer: OwnedWriteHalf, goodbye: &Packet) {
    let bytes = reader.version.encode(goodbye);
    if matches!(timeout(GOODBYE_TIME, writer.write_all(&bytes)).await, Ok(Ok(())))
        && let Ok(stream) = reader.half.reunite(writer)
    {
        linger(stream).await;
    }
}

/// Returns what a client is told when it is let in.
fn welcome(assigned: Option<String>) -> ConnAckProperties {
    ConnAckProperties {
        session_expiry_interval: Some(0),
        receive_max: Some(INFLIGHT_MAX),
        max_packet_size: u32::try_from(PACKET_BYTES_MAX).ok(),
        assigned_client_identifier: assigned,
        shared_subscription_available: Some(0),
        ..nothing()
    }
}

/// Returns what a client is told when it is not let in.
fn refused(reason: &str) -> ConnAckProperties {
    ConnAckProperties { reason_string: Some(reason.to_owned()), ..nothing() }
}

fn nothing() -> ConnAckProperties {
    ConnAckProperties {
        session_expiry_interval: None,
        receive_max: None,
        max_qos: None,
        retain_available: None,
        max_packet_size: None,
        assigned_client_identifier: None,
        topic_alias_max: None,
        reason_string: None,
        user_properties: Vec::new(),
        wildcard_subscription_available: None,
        subscription_identifiers_available: None,
        shared_subscription_available: None,
        server_keep_alive: None,
        response_information: None,
        server_reference: None,
        authentication_method: None,
        authentication_data: None,
    }
}

/// Waits until a time, or for ever if there is none.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}
