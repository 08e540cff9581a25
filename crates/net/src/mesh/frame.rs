//! What is sent on a connection after the handshake, and how a stream is cut into pieces.
//!
//! Each piece is its length (4 bytes) and that many bytes. After the handshake, the first of them
//! says what kind of frame it is.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::announcement::Announcement;
use crate::PAYLOAD_MAX;

/// The bytes of a piece after its length, at most: a message and what says that it is one.
pub(super) const PIECE_BYTES_MAX: usize = 1 + PAYLOAD_MAX;

/// Bytes of a length.
const LENGTH_BYTES: usize = size_of::<u32>();

/// Addresses in a frame at most.
pub(super) const ADDRESSES_MAX: usize = 256;

/// What a peer sends on a connection after the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A message of the network.
    Message(Bytes),
    /// Where members say that they listen.
    Addresses(Vec<Announcement>),
    /// Why the sender is about to close the connection.
    Farewell(Farewell),
}

/// Why a peer closes a connection, as it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Farewell {
    /// The other is of another network.
    OtherNetwork = 0,
    /// The other has not proven that it has the key that it names.
    NotProven = 1,
    /// There are too many observers already.
    Crowded = 2,
    /// There is another connection between the two.
    Doubled = 3,
    /// The other is this same peer.
    Ourselves = 4,
}

/// Bytes that are no frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    /// A piece is longer than any may be here.
    #[error("it announces {bytes} bytes, more than any message has")]
    TooLong {
        /// The length that was announced.
        bytes: usize,
    },
    /// It is nothing that a peer sends.
    #[error("it sent what is no frame: {0}")]
    NoFrame(&'static str),
}

const MESSAGE: u8 = 0;
const ADDRESSES: u8 = 1;
const FAREWELL: u8 = 2;

impl Frame {
    /// Appends the frame to `out`, as a piece of a stream.
    pub(super) fn encode_into(&self, out: &mut BytesMut) {
        let body = match self {
            // Most frames are these, and they are not copied twice.
            Self::Message(payload) => {
                out.put_u32(length(1 + payload.len()));
                out.put_u8(MESSAGE);
                out.extend_from_slice(payload);
                return;
            }
            Self::Addresses(list) => {
                let mut body = vec![ADDRESSES];
                let list = list.get(..ADDRESSES_MAX).unwrap_or(list);
                body.put_u16(u16::try_from(list.len()).unwrap_or(u16::MAX));
                list.iter().for_each(|announcement| announcement.encode_into(&mut body));
                body
            }
            Self::Farewell(reason) => vec![FAREWELL, *reason as u8],
        };
        put_piece(&body, out);
    }

    /// Returns the frame that a piece is.
    pub(super) fn decode(mut piece: Bytes) -> Result<Self, Broken> {
        let kind = piece.try_get_u8().map_err(|_| Broken::NoFrame("it is empty"))?;
        match kind {
            MESSAGE => Ok(Self::Message(piece)),
            ADDRESSES => {
                let broken = Broken::NoFrame("a list of addresses that is none");
                let mut rest = &piece[..];
                let count = usize::from(rest.try_get_u16().map_err(|_| broken.clone())?);
                if count > ADDRESSES_MAX {
                    return Err(broken);
                }
                let list = (0..count).map(|_| Announcement::decode(&mut rest));
                let list: Option<Vec<_>> = list.collect();
                list.filter(|_| rest.is_empty()).map(Self::Addresses).ok_or(broken)
            }
            FAREWELL => {
                let broken = Broken::NoFrame("a farewell for no reason that we know");
                let reason = piece.try_get_u8().ok().and_then(Farewell::from_byte);
                reason.filter(|_| piece.is_empty()).map(Self::Farewell).ok_or(broken)
            }
            _ => Err(Broken::NoFrame("a kind that we do not know")),
        }
    }
}

impl Farewell {
    /// Returns why, as a part of a sentence about the other side.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::OtherNetwork => "it is of another assembly: its charter differs",
            Self::NotProven => "it does not believe that we have our key",
            Self::Crowded => "it has as many observers as it takes",
            Self::Doubled => "it has another connection with us",
            Self::Ourselves => "it is this peer itself",
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        let all =
            [Self::OtherNetwork, Self::NotProven, Self::Crowded, Self::Doubled, Self::Ourselves];
        all.into_iter().find(|it| *it as u8 == byte)
    }
}

/// Appends bytes to `out`, as a piece of a stream.
pub(super) fn put_piece(body: &[u8], out: &mut BytesMut) {
    out.put_u32(length(body.len()));
    out.extend_from_slice(body);
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("what is longer was refused before")
}

/// Cuts a stream into its pieces. It holds no more than has arrived, whatever length is announced.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// What has arrived and was not taken.
    pub(super) arrived: BytesMut,
}

impl Pieces {
    /// Returns the next piece if all of it has arrived; an error if it announces more than
    /// `bytes_max`, after which nothing else can be read from the stream.
    pub(super) fn next(&mut self, bytes_max: usize) -> Result<Option<Bytes>, Broken> {
        let Some(length) = self.arrived.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let bytes = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if bytes > bytes_max {
            return Err(Broken::TooLong { bytes });
        }
        if self.arrived.len() < LENGTH_BYTES + bytes {
            return Ok(None);
        }
        self.arrived.advance(LENGTH_BYTES);
        Ok(Some(self.arrived.split_to(bytes).freeze()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::mesh::announcement::tests::announcement;

    fn stream(frames: &[Frame]) -> BytesMut {
        let mut out = BytesMut::new();
        frames.iter().for_each(|frame| frame.encode_into(&mut out));
        out
    }

    fn frames() -> impl Strategy<Value = Vec<Frame>> {
        let message = vec(any::<u8>(), 0..300).prop_map(|bytes| Frame::Message(bytes.into()));
        let addresses = vec((1..60_000_u16).prop_map(announcement), 0..4);
        let addresses = addresses.prop_map(Frame::Addresses);
        let farewell = (0..5_u8).prop_filter_map("a reason", Farewell::from_byte);
        vec(prop_oneof![message, addresses, farewell.prop_map(Frame::Farewell)], 0..6)
    }

    #[test]
    fn what_announces_too_much_is_refused_before_it_has_arrived() {
        let mut pieces = Pieces::default();
        pieces.arrived.put_u32(length(PIECE_BYTES_MAX));
        assert_eq!(pieces.next(PIECE_BYTES_MAX), Ok(None));
        let mut pieces = Pieces::default();
        pieces.arrived.put_u32(length(PIECE_BYTES_MAX + 1));
        let bytes = PIECE_BYTES_MAX + 1;
        assert_eq!(pieces.next(PIECE_BYTES_MAX), Err(Broken::TooLong { bytes }));
        // What a browser says first.
        let mut pieces = Pieces { arrived: BytesMut::from(&b"GET / HTTP/1.1"[..]) };
        assert!(pieces.next(PIECE_BYTES_MAX).is_err());
    }

    proptest! {
        #[test]
        fn frames_are_read_from_a_stream_however_it_is_cut(
            frames in frames(),
            cuts in vec(any::<prop::sample::Index>(), 0..9),
        ) {
            let stream = stream(&frames);
            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            ends.extend([0, stream.len()]);
            ends.sort_unstable();
            let (mut pieces, mut read) = (Pieces::default(), Vec::new());
            for part in ends.windows(2) {
                pieces.arrived.extend_from_slice(&stream[part[0]..part[1]]);
                while let Some(piece) = pieces.next(PIECE_BYTES_MAX).expect("pieces") {
                    read.push(Frame::decode(piece).expect("a frame"));
                }
            }
            prop_assert_eq!(read, frames);
            prop_assert!(pieces.arrived.is_empty());
        }

        #[test]
        fn any_bytes_are_frames_or_an_error(bytes in vec(any::<u8>(), 0..400)) {
            let mut pieces = Pieces { arrived: BytesMut::from(&bytes[..]) };
            while let Ok(Some(piece)) = pieces.next(PIECE_BYTES_MAX) {
                let _ = Frame::decode(piece);
            }
            let _ = Frame::decode(bytes.into());
        }

        #[test]
        fn a_frame_has_one_encoding(bytes in vec(0..5_u8, 0..40)) {
            if let Ok(frame) = Frame::decode(bytes.clone().into()) {
                let mut again = BytesMut::new();
                frame.encode_into(&mut again);
                prop_assert_eq!(&again[LENGTH_BYTES..], &bytes[..]);
            }
        }
    }
}
