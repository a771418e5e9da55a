//! Reads a connection's frames as messages, and maps invalid ones to the close code for the connection.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use actix_codec::Decoder;
use actix_http::ws::{CloseCode, Codec, Frame, Message, ProtocolError};
use actix_web::dev::Payload;
use bytes::BytesMut;
use bytestring::ByteString;
use futures_util::{Stream, StreamExt};

/// The opcode in a frame's first byte.
const OPCODE: u8 = 0x0f;
const CLOSE: u8 = 0x08;
/// A client's frame of at most 125 bytes: two bytes, the mask, the payload.
const SHORT_MAX: u8 = 125;
const MASK_AT: usize = 2;
const PAYLOAD_AT: usize = 6;
/// The longest head of a frame: two bytes, a length of 64 bits, the mask.
const HEAD_MAX: usize = 14;

/// A protocol error of a client, as a close code (RFC 6455, 7.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken(pub(super) CloseCode);

/// The messages of a connection; the stream ends with the connection, or at the first error.
pub(super) struct Frames {
    payload: Payload,
    codec: Codec,
    buffer: BytesMut,
    /// The most bytes of a message.
    limit: usize,
    has_ended: bool,
}

impl Frames {
    /// Reads messages of at most `bytes`.
    pub(super) fn new(payload: Payload, bytes: usize) -> Self {
        let codec = Codec::new().max_size(bytes);
        Self { payload, codec, buffer: BytesMut::new(), limit: bytes, has_ended: false }
    }

    /// Decodes the next message from the bytes read.
    fn next_message(&mut self) -> Option<Result<Message, Broken>> {
        let close = close_reason(&self.buffer);
        let frame = match self.codec.decode(&mut self.buffer) {
            Ok(Some(frame)) => frame,
            // The codec waits for the whole of a frame, however long it claims to be, and rejects it only then.
            Ok(None) if self.buffer.len() > self.limit + HEAD_MAX => {
                return Some(Err(Broken(CloseCode::Size)));
            }
            Ok(None) => return None,
            Err(ProtocolError::Overflow) => return Some(Err(Broken(CloseCode::Size))),
            Err(_) => {
                let is_text = close.is_none_or(|reason| std::str::from_utf8(&reason).is_ok());
                return Some(Err(Broken(if is_text { CloseCode::Protocol } else { CloseCode::Invalid })));
            }
        };
        Some(Ok(match frame {
            Frame::Text(bytes) => match ByteString::try_from(bytes) {
                Ok(text) => Message::Text(text),
                Err(_) => return Some(Err(Broken(CloseCode::Invalid))),
            },
            Frame::Binary(bytes) => Message::Binary(bytes),
            Frame::Continuation(item) => Message::Continuation(item),
            Frame::Ping(bytes) => Message::Ping(bytes),
            Frame::Pong(bytes) => Message::Pong(bytes),
            Frame::Close(reason) => Message::Close(reason),
        }))
    }
}

impl Stream for Frames {
    type Item = Result<Message, Broken>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(message) = self.next_message() {
                if message.is_err() {
                    self.buffer.clear();
                    self.has_ended = true;
                }
                return Poll::Ready(Some(message));
            }
            if self.has_ended {
                return Poll::Ready(None);
            }
            match self.payload.poll_next_unpin(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(bytes))) => self.buffer.extend_from_slice(&bytes),
                // The connection broke: no error can be sent.
                Poll::Ready(None | Some(Err(_))) => self.has_ended = true,
            }
        }
    }
}

/// Returns the reason of a close frame at the head of the buffer, if it is there in whole: for an invalid one the codec
/// does not report the fault.
fn close_reason(buffer: &[u8]) -> Option<Vec<u8>> {
    let (&first, &second) = (buffer.first()?, buffer.get(1)?);
    let length = second & 0x7f;
    if first & OPCODE != CLOSE || length > SHORT_MAX {
        return None;
    }
    let mask = buffer.get(MASK_AT..PAYLOAD_AT)?;
    let payload = buffer.get(PAYLOAD_AT..PAYLOAD_AT + usize::from(length))?;
    let bytes = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    Some(bytes.skip(size_of::<u16>()).collect())
}

#[cfg(test)]
mod tests {
    use actix_http::ws::CloseReason;

    use super::*;

    /// A client's frame, masked.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        const MASK: [u8; 4] = [0x11, 0x22, 0x33, 0x44];
        let masked = payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        let head = [first, 0x80 | u8::try_from(payload.len()).unwrap()];
        head.into_iter().chain(MASK).chain(masked).collect()
    }

    fn read(bytes: &[u8]) -> Option<Result<Message, Broken>> {
        let mut frames = Frames::new(Payload::None, 1_024);
        frames.buffer.extend_from_slice(bytes);
        frames.next_message()
    }

    fn broken(bytes: &[u8]) -> CloseCode {
        match read(bytes) {
            Some(Err(Broken(code))) => code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn text_that_is_not_utf_8_is_named_so() {
        assert_eq!(broken(&frame(0x81, b"\xff\xfe")), CloseCode::Invalid);
        let good = read(&frame(0x81, "é".as_bytes()));
        assert!(matches!(good, Some(Ok(Message::Text(text))) if text == "é"));
    }

    #[test]
    fn close_frames_are_classified_by_their_fault() {
        let reason = |code: u16, text: &[u8]| [&code.to_be_bytes()[..], text].concat();
        assert_eq!(broken(&frame(0x88, &reason(1000, b"\xff\xfe"))), CloseCode::Invalid);
        assert_eq!(broken(&frame(0x88, &reason(999, b"bye"))), CloseCode::Protocol);
        assert_eq!(broken(&frame(0x88, &[3])), CloseCode::Protocol);
        let good = read(&frame(0x88, &reason(1001, b"bye")));
        let expected = CloseReason { code: CloseCode::Away, description: Some("bye".to_owned()) };
        assert!(matches!(good, Some(Ok(Message::Close(Some(reason)))) if reason == expected));
        let bare = read(&frame(0x88, &[]));
        assert!(matches!(bare, Some(Ok(Message::Close(None)))));
        assert!(read(&frame(0x88, &reason(1000, b"half"))[..9]).is_none(), "the rest is still to come");
    }

    #[test]
    fn what_is_no_frame_is_a_breach_of_the_protocol_and_what_is_too_long_is_too_long() {
        assert_eq!(broken(&frame(0x83, b"x")), CloseCode::Protocol, "no such opcode");
        assert_eq!(broken(&[0x81, 1, b'x']), CloseCode::Protocol, "not masked");
        let long = [&[0x81, 0xfe, 0xff, 0xff, 1, 2, 3, 4][..], &[0; 1_100]].concat();
        assert_eq!(broken(&long), CloseCode::Size, "not kept until it is all there");
    }
}
