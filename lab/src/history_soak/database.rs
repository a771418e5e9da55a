//! A database as a process of its own: created, started, killed, restarted.

use std::{
    fs,
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use lightning_exchange::feed::synthetic::Random;
use rustix::process::{Pid, Signal, getuid, kill_process, kill_process_group};

/// Below the ports the system gives to connections of its own, above those of the servers.
const PORTS: (u64, u64) = (30_000, 32_000);
/// The uid of the user `nobody`, which every machine has: databases do not run as root.
const UNPRIVILEGED_UID: u32 = 65_534;
/// How long a start may take.
const READY_MAX: Duration = Duration::from_secs(60);
/// The name of user and database.
const NAME: &str = "lightning";

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A file of the exchange's own.
    Sqlite,
    /// PostgreSQL, from Debian's package.
    Postgres,
    /// MariaDB, from Debian's package.
    Mariadb,
}

/// One database, running or not.
#[derive(Debug)]
pub struct Database {
    kind: Kind,
    directory: PathBuf,
    port: u16,
    running: Option<Child>,
}

impl Database {
    /// Makes an empty one in a directory.
    ///
    /// # Errors
    /// Its programs are not there, or fail.
    pub fn make(kind: Kind, directory: &Path) -> Result<Self> {
        let port = free_port()?;
        let database = Self { kind, directory: directory.to_owned(), port, running: None };
        if kind == Kind::Sqlite || directory.join("made").exists() {
            return Ok(database);
        }
        fs::create_dir_all(directory)?;
        if getuid().is_root() {
            chown(directory, Some(UNPRIVILEGED_UID), Some(UNPRIVILEGED_UID))?;
        }
        let data = directory.join("data");
        let mut command = match kind {
            Kind::Sqlite => return Ok(database),
            Kind::Postgres => {
                let mut command = Command::new(postgres("initdb")?);
                command.arg("-D").arg(&data);
                command.args(["-U", NAME, "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
                command
            }
            Kind::Mariadb => {
                fs::write(directory.join("init.sql"), format!("CREATE DATABASE IF NOT EXISTS {NAME};\n"))?;
                let mut command = Command::new("mariadb-install-db");
                command.arg("--no-defaults").arg(format!("--datadir={}", data.display()));
                command.args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
                command
            }
        };
        let made = database.unprivileged(&mut command).output().context("it cannot be made")?;
        ensure!(made.status.success(), "it cannot be made: {}", String::from_utf8_lossy(&made.stderr));
        fs::write(directory.join("made"), "")?;
        Ok(database)
    }

    /// Returns the URL of it; that of SQLite is a file.
    pub fn url(&self) -> String {
        match self.kind {
            Kind::Sqlite => format!("sqlite://{}", self.directory.join("history.db").display()),
            Kind::Postgres => format!("postgres://{NAME}@127.0.0.1:{}/postgres", self.port),
            Kind::Mariadb => format!("mysql://root@127.0.0.1:{}/{NAME}", self.port),
        }
    }

    /// Starts it and waits until it takes connections.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(&mut self) -> Result<()> {
        let data = self.directory.join("data");
        let mut command = match self.kind {
            Kind::Sqlite => {
                fs::create_dir_all(&self.directory)?;
                return Ok(());
            }
            Kind::Postgres => {
                // What a killed one left; it refuses to start over another's.
                let _ = fs::remove_file(data.join("postmaster.pid"));
                let mut command = Command::new(postgres("postgres")?);
                command.arg("-D").arg(&data).args(["-p", &self.port.to_string()]);
                command.arg("-k").arg(&self.directory).args(["-c", "listen_addresses=127.0.0.1"]);
                command
            }
            Kind::Mariadb => {
                let mut command = Command::new("mariadbd");
                command.arg("--no-defaults").arg(format!("--datadir={}", data.display()));
                command.arg(format!("--port={}", self.port)).arg("--bind-address=127.0.0.1");
                command.arg(format!("--socket={}", self.directory.join("socket").display()));
                command.arg(format!("--init-file={}", self.directory.join("init.sql").display()));
                command
            }
        };
        let log = fs::OpenOptions::new().create(true).append(true).open(self.directory.join("log"))?;
        let command = self.unprivileged(&mut command);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        self.running = Some(command.spawn().context("the database cannot be started")?);
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let is_late = started.elapsed() > READY_MAX;
            ensure!(
                !is_late,
                "the database is not ready after {READY_MAX:?}; see {}/log",
                self.directory.display()
            );
            // Processes of a killed PostgreSQL outlive it for a moment, and it does not start beside them.
            if self.running.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None))) {
                std::thread::sleep(Duration::from_millis(200));
                self.running = Some(command.spawn().context("the database cannot be started")?);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// SIGKILL to it and all its processes.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub fn kill(&mut self) -> Result<()> {
        let Some(mut child) = self.running.take() else { return Ok(()) };
        // PostgreSQL's processes leave the group of the first, and answer on for a while after it is gone.
        let children = children(child.id());
        let pids = children.iter().filter_map(|&pid| Pid::from_raw(pid));
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(pid, Signal::KILL); // it may be gone already
        }
        for pid in pids {
            let _ = kill_process(pid, Signal::KILL);
        }
        child.wait()?;
        let started = Instant::now();
        while children.iter().any(|&pid| runs(pid)) {
            ensure!(started.elapsed() < READY_MAX, "processes of the killed database do not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Whether it is a process that can be killed.
    pub fn is_process(&self) -> bool {
        self.kind != Kind::Sqlite
    }

    fn unprivileged<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.current_dir(&self.directory).env("LC_ALL", "C");
        if getuid().is_root() {
            command.uid(UNPRIVILEGED_UID).gid(UNPRIVILEGED_UID);
        }
        command
    }
}

/// Returns the processes a process has started, as far as the system says.
fn children(pid: u32) -> Vec<i32> {
    let listed = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    listed.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// Returns whether a process runs: one that has ended and is not waited for does not.
fn runs(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = self.kill(); // errors cannot be reported here
    }
}

/// Finds a program of PostgreSQL: Debian keeps them beside the path, one directory a version.
fn postgres(name: &str) -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        versions.map(|version| version.path().join("bin").join(name)).filter(|path| path.exists()).collect();
    found.sort();
    found.pop().with_context(|| format!("{name} is not in /usr/lib/postgresql: install Debian's postgresql"))
}

fn free_port() -> Result<u16> {
    let seed = u64::from(std::process::id());
    let mut random = Random::stream(crate::crash_soak::server::now(), seed);
    for _ in 0..100 {
        let port = u16::try_from(random.between(PORTS.0, PORTS.1))?;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port")
}
