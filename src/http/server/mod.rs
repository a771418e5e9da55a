//! The server below the routes: connections and their deadlines, client addresses, the request span, the files of the
//! page.

pub(super) mod client_ip;
pub(super) mod connection;
pub(super) mod connections;
pub(super) mod guarded;
pub(super) mod limits;
pub(super) mod reach;
pub(super) mod request_line;
pub(super) mod serve;
mod socket;
pub(super) mod sockets;
pub(super) mod span;
pub(super) mod static_files;
