//! The parsers of WebSocket messages in isolation, for fuzzing.

use bytes::Bytes;

use super::{api, frame::Fragments, protocol};

/// The largest message assembled from fragments.
const LIMIT: usize = 1 << 10;

/// Reads a message as a request, and writes the answers to it.
pub(in crate::http) fn request(text: &str) {
    api::read(text);
    if let Ok(request) = protocol::parse(text) {
        let _ = (protocol::done(request.id), protocol::property_is(request.id, true));
    }
}

/// Cuts bytes into fragments, each as long as its first byte says, and assembles them in arbitrary order.
pub(in crate::http) fn fragments(bytes: &Bytes) {
    let mut fragments = Fragments::default();
    let mut rest = bytes.clone();
    while let Some(&first) = rest.first() {
        let piece = rest.split_to(usize::from(first).clamp(1, rest.len()));
        let _ = match first % 3 {
            0 => fragments.start(&piece, LIMIT),
            1 => fragments.add(&piece, LIMIT),
            _ => fragments.end(&piece, LIMIT).map(|_| ()),
        };
    }
}
