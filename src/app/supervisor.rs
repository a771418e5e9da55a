//! Reports to the supervisor that started the process, as systemd expects of a service of `Type=notify`.

use std::{
    convert::Infallible,
    env,
    ffi::OsStr,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
    time::Duration,
};

use tracing::{error, info, warn};

use crate::actors::Exchange;

/// The supervisor; without one nothing is reported.
#[derive(Debug, Default)]
pub(super) struct Supervisor {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// How long it waits for a sign of life before it ends the process.
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// Finds the supervisor in the environment: `NOTIFY_SOCKET`, and `WATCHDOG_USEC` when `WATCHDOG_PID` is this process.
    pub(super) fn of_environment() -> Self {
        let Some(name) = env::var_os("NOTIFY_SOCKET") else { return Self::default() };
        let of = |name: &str| env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
        let is_own = of("WATCHDOG_PID").is_none_or(|process| process == u64::from(std::process::id()));
        let watchdog = of("WATCHDOG_USEC").filter(|micros| *micros > 0 && is_own).map(Duration::from_micros);
        Self::at(&name, watchdog)
    }

    fn at(name: &OsStr, watchdog: Option<Duration>) -> Self {
        let connect = || {
            let address = match name.as_bytes().strip_prefix(b"@") {
                Some(name) => SocketAddr::from_abstract_name(name)?,
                None => SocketAddr::from_pathname(name)?,
            };
            io::Result::Ok((UnixDatagram::unbound()?, address))
        };
        let socket = connect().inspect_err(|error| warn!(%error, "NOTIFY_SOCKET cannot be used")).ok();
        Self { socket, watchdog }
    }

    /// Reports that everything is served.
    pub(super) fn ready(&self, url: &str) {
        self.report(&format!("READY=1\nSTATUS=serving {url}"));
    }

    /// Reports that a stop has started.
    pub(super) fn stopping(&self) {
        self.report("STOPPING=1\nSTATUS=stopping");
    }

    fn report(&self, state: &str) {
        if let Some((socket, address)) = &self.socket
            && let Err(error) = socket.send_to_addr(state.as_bytes(), address)
        {
            warn!(%error, "the supervisor cannot be reached");
        }
    }

    /// Gives the watchdog signs of life for as long as shards and journal make progress.
    pub(super) async fn feed(&self, exchange: &Exchange) -> Infallible {
        let Some(watchdog) = self.watchdog else { return std::future::pending().await };
        info!(watchdog_ms = watchdog.as_millis() as u64, "the supervisor's watchdog is fed");
        let pace = watchdog / 3;
        loop {
            tokio::time::sleep(pace).await;
            if exchange.makes_progress(pace).await {
                self.report("WATCHDOG=1");
            } else {
                error!("a shard or the journal makes no progress: the supervisor's watchdog is not fed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_arrive_by_path_and_by_abstract_name() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("notify");
        let abstract_name = format!("@lightning-test-{}", std::process::id());
        let by_path = UnixDatagram::bind(&path).unwrap();
        let address = SocketAddr::from_abstract_name(&abstract_name.as_bytes()[1..]).unwrap();
        let by_name = UnixDatagram::bind_addr(&address).unwrap();
        for (socket, name) in [(by_path, path.as_os_str()), (by_name, OsStr::new(&abstract_name))] {
            let supervisor = Supervisor::at(name, None);
            supervisor.ready("https://127.0.0.1:1");
            supervisor.stopping();
            let mut heard = [0; 128];
            let bytes = socket.recv(&mut heard).unwrap();
            assert_eq!(&heard[..bytes], b"READY=1\nSTATUS=serving https://127.0.0.1:1");
            let bytes = socket.recv(&mut heard).unwrap();
            assert_eq!(&heard[..bytes], b"STOPPING=1\nSTATUS=stopping");
        }
        Supervisor::default().ready("unheard");
        Supervisor::at(OsStr::new("/nowhere/notify"), None).ready("unheard");
    }
}
