//! A socket without a client behind it.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// How long a test waits for what must come before it says that it never did.
const NEVER: Duration = Duration::from_secs(60);

/// The greeting of HTTP/2: the preface, and no settings.
pub(crate) const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Connects and says something.
pub(crate) fn say(address: &str, words: impl AsRef<[u8]>) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(NEVER)).unwrap();
    // Who is refused at once may have hung up already.
    let _ = stream.write_all(words.as_ref());
    stream
}

/// Reads until the other side hangs up.
pub(crate) fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut heard = Vec::new();
    let mut piece = [0; 16 << 10];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return heard,
            Ok(bytes) => heard.extend_from_slice(&piece[..bytes]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return heard,
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&heard)),
        }
    }
}

/// Reads the head of one answer and as much of its body as it says.
pub(crate) fn answer(stream: &mut impl Read) -> String {
    let mut heard = Vec::new();
    let mut byte = [0];
    while !heard.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&heard));
        heard.push(byte[0]);
    }
    let head = String::from_utf8(heard).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
    });
    let mut body = vec![0; length.unwrap_or_default()];
    stream.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

/// Asks on a connection of its own.
pub(crate) fn get(address: &str, path: &str) -> String {
    let mut stream =
        say(address, format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"));
    String::from_utf8(until_closed(&mut stream)).unwrap()
}

/// Returns a metric; 0 when it has not been counted.
pub(crate) fn metric(address: &str, name: &str) -> u64 {
    let text = get(address, "/metrics");
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.unwrap_or_default()
}
