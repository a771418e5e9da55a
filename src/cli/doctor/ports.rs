//! The addresses the exchange listens on: free, or in use by whom.

use std::{
    fs,
    io::ErrorKind,
    net::{SocketAddr, TcpListener},
};

use super::finding::Finding;
use crate::config::Config;

/// Checks every configured address. `exchange` is the process that runs in the data directory.
pub(super) fn listeners(config: &Config, exchange: Option<u32>) -> Vec<Finding> {
    let grpc = config.is_grpc_on().then_some(("[grpc] listen", config.grpc.listen));
    let operations = config.server.operations_listen.map(|address| ("[server] operations-listen", address));
    let all = [Some(("[server] listen", config.server.listen)), grpc, operations];
    all.into_iter().flatten().map(|(setting, address)| listener(setting, address, exchange)).collect()
}

fn listener(setting: &str, address: SocketAddr, exchange: Option<u32>) -> Finding {
    const CHECK: &str = "port";
    let failed = match TcpListener::bind(address) {
        Ok(_) => return Finding::ok(CHECK, format!("{setting} {address} is free")),
        Err(error) => error,
    };
    if failed.kind() != ErrorKind::AddrInUse {
        let remedy = "name an address of this machine, and a port this user may listen on";
        return Finding::error(CHECK, format!("{setting} {address} cannot be used: {failed}"), remedy);
    }
    match process_at(address.port()) {
        Some(process) if Some(process) == exchange => {
            Finding::ok(CHECK, format!("{setting} {address} is in use by the exchange (process {process})"))
        }
        Some(process) => {
            let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
            let found = format!("{setting} {address} is in use by process {process} ({})", name.trim());
            Finding::error(CHECK, found, "stop it, or name another address")
        }
        None => {
            let found = format!("{setting} {address} is in use by a process this user cannot see");
            Finding::error(CHECK, found, "stop it, or name another address")
        }
    }
}

/// Returns the process that listens on a port, if this user may look.
fn process_at(port: u16) -> Option<u32> {
    let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .flat_map(|table| table.lines().filter_map(|line| listening(line, port)).collect::<Vec<_>>())
        .collect();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.find(|process| {
        let files = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
        let mut targets = files.filter_map(|file| fs::read_link(file.path()).ok());
        targets.any(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
    })
}

/// Returns the name of a socket, in the form of `/proc/N/fd`, when a line of the kernel's table shows it listening on a port.
fn listening(line: &str, port: u16) -> Option<String> {
    const LISTENING: &str = "0A";
    let words: Vec<&str> = line.split_whitespace().collect();
    let (local, state, inode) = (words.get(1)?, words.get(3)?, words.get(9)?);
    let (_, local_port) = local.rsplit_once(':')?;
    let is_it = *state == LISTENING && u16::from_str_radix(local_port, 16) == Ok(port);
    is_it.then(|| format!("socket:[{inode}]"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict::{Error, Ok as Fine};
    use super::*;

    #[test]
    fn an_address_is_free_or_in_use_by_a_process_that_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let own = std::process::id();
        let found = listener("[server] listen", address, None);
        assert_eq!(found.verdict, Error);
        assert!(found.found.contains(&format!("in use by process {own} (")), "{found:?}");
        let found = listener("[server] listen", address, Some(own));
        assert_eq!(found.verdict, Fine);
        assert!(found.found.ends_with(&format!("by the exchange (process {own})")), "{found:?}");
        drop(taken);
        assert_eq!(listener("[server] listen", address, None).verdict, Fine);
        assert_eq!(listener("[server] listen", "192.0.2.1:1".parse().unwrap(), None).verdict, Error);
    }
}
