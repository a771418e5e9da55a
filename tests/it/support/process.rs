//! The real binary in a process of its own: it can be killed, and its log read.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use super::OPERATOR_TOKEN;

/// What tests want: few threads, no demo, no synthetic market. Given so that a test's own sections stay its own.
const BASE: [(&str, &str); 8] = [
    ("LIGHTNING_SERVER_LISTEN", "127.0.0.1:0"),
    ("LIGHTNING_SERVER_WORKERS", "1"),
    ("LIGHTNING_ENGINE_ARBITERS", "1"),
    ("LIGHTNING_DEMO_ENABLED", "false"),
    ("LIGHTNING_FEED_SYNTHETIC", "false"),
    ("LIGHTNING_GRPC_ENABLED", "false"),
    ("LIGHTNING_JOURNAL_SEGMENT_MIB", "1"),
    ("LIGHTNING_OPERATOR_TOKEN", OPERATOR_TOKEN),
];

const BINARY: &str = env!("CARGO_BIN_EXE_lightning");

/// The binary without the environment's settings.
pub(crate) fn lightning() -> Command {
    let mut command = Command::new(BINARY);
    clean(&mut command);
    command
}

fn clean(command: &mut Command) {
    let variables = std::env::vars().filter(|(name, _)| name.starts_with("LIGHTNING_"));
    variables.for_each(|(name, _)| {
        command.env_remove(name);
    });
    command.stdin(Stdio::null());
}

/// Runs a command of the binary on a data directory.
pub(crate) fn on_directory(words: &str, directory: &Path) -> Output {
    lightning().args(words.split(' ')).arg("--data-dir").arg(directory).output().unwrap()
}

/// Returns what a command printed; it must have succeeded.
pub(crate) fn printed(output: &Output) -> String {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}{complaint}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Returns what a command complained of; it must have failed.
pub(crate) fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A server of its own; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    url: String,
    /// Its settings and its log.
    files: TempDir,
}

impl Process {
    /// Starts the binary on a data directory and waits until it serves.
    pub(crate) fn start(directory: &Path, settings: &str) -> Self {
        Self::start_under(&[], directory, settings)
    }

    /// The same under another program, such as strace.
    pub(crate) fn start_under(wrapper: &[&str], directory: &Path, settings: &str) -> Self {
        let started = Self::try_start(wrapper, directory, settings);
        started.unwrap_or_else(|log| panic!("the server did not start:\n{log}"))
    }

    /// The same; what it logged and complained of when it ends before it serves.
    pub(crate) fn try_start(wrapper: &[&str], directory: &Path, settings: &str) -> Result<Self, String> {
        let files = tempfile::tempdir().unwrap();
        let config = files.path().join("test.toml");
        fs::write(&config, settings).unwrap();
        let words: Vec<&str> = wrapper.iter().copied().chain([BINARY]).collect();
        let mut command = Command::new(words[0]);
        clean(&mut command);
        command.envs(BASE);
        let log = File::create(files.path().join("log")).unwrap();
        command.args(&words[1..]).args(["serve", "--log-filter", "info"]);
        Self::spawn(command, directory, &config, log.into(), files)
    }

    /// Starts the binary with its log somewhere of the test's, and all of it that passes `filter`.
    pub(crate) fn start_logging_to(
        log: impl Into<Stdio>,
        filter: &str,
        directory: &Path,
        settings: &str,
    ) -> Self {
        let files = tempfile::tempdir().unwrap();
        let config = files.path().join("test.toml");
        fs::write(&config, settings).unwrap();
        let mut command = lightning();
        command.envs(BASE).args(["serve", "--log-filter", filter]);
        let started = Self::spawn(command, directory, &config, log.into(), files);
        started.unwrap_or_else(|_| panic!("the server did not start"))
    }

    fn spawn(
        mut command: Command,
        directory: &Path,
        config: &Path,
        log: Stdio,
        files: TempDir,
    ) -> Result<Self, String> {
        command.args(["--log-format", "json", "--config"]).arg(config).arg("--data-dir").arg(directory);
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        drop(command); // with its end of the log
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let url =
            lines.into_iter().find_map(|line| Some(line.trim().strip_prefix("open")?.trim().to_owned()));
        let mut process = Self { child, url: url.clone().unwrap_or_default(), files };
        if url.is_none() {
            process.child.wait().unwrap();
            return Err(process.log());
        }
        Ok(process)
    }

    /// Returns its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns what it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.files.path().join("log")).unwrap_or_default()
    }

    /// Returns a field of the last log line with this message. The log is written by a thread of its own, so a line may
    /// appear after the event it reports: it is awaited, and `None` is returned when none has come in half a minute.
    pub(crate) fn logged(&self, message: &str, field: &str) -> Option<String> {
        let until = Instant::now() + Duration::from_secs(30);
        let line = loop {
            let log = self.log();
            let line = log.lines().rev().find_map(|line| {
                let line: Value = serde_json::from_str(line).ok()?;
                (line["message"] == message).then_some(line)
            });
            match line {
                Some(line) => break line,
                None if Instant::now() > until => return None,
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        Some(match &line[field] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    /// Ends it with no warning.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        assert_eq!(self.child.wait().unwrap().signal(), Some(9));
    }

    /// Stops it in order and returns it for its log.
    pub(crate) fn stop(mut self) -> Self {
        Command::new("kill").args(["-TERM", &self.id().to_string()]).status().unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}\n{}", self.log());
        self
    }

    /// Waits for it to end by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended already
        let _ = self.child.wait();
    }
}
