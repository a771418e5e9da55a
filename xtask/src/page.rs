//! The page's tests: types, units, and a browser against a running exchange.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{
    install,
    output::say,
    process::{cargo, command, exists, root, run, run_and_read, target},
    tally::Tally,
};

/// How long the server may take to stop.
const STOP_MAX: Duration = Duration::from_secs(30);

/// Runs them all.
pub(crate) fn test(tally: &mut Tally) -> Result<()> {
    if !root().join("static/package.json").is_file() {
        bail!("there is no page: static/package.json is missing");
    }
    if !exists("npm") {
        bail!("npm is missing: the page's tests need Node.js 20.19 or newer");
    }
    install::chromium()?;
    install::npm()?;
    let is_typed = run(npm(&["run", "check"]).env("CI", "true")).is_ok();
    tally.add_step("svelte-check: the page's types", is_typed);
    let (output, succeeded) = run_and_read(npm(&["test"]).env("CI", "true"))?;
    tally.add(&output, succeeded);
    browser(tally)
}

/// Where there is npm, a build without the page is a failed build. The same for every cargo of a run, or each
/// would build everything again.
pub(crate) fn require(cargo: &mut Command) {
    if exists("npm") {
        cargo.env("LIGHTNING_UI", "require");
    }
}

fn npm(arguments: &[&str]) -> Command {
    let mut npm = command("npm");
    npm.current_dir(root().join("static")).args(arguments);
    npm
}

/// The exchange as tests serve it.
pub(crate) fn binary() -> PathBuf {
    target().join("debug/lightning")
}

/// The laboratory beside it.
pub(crate) fn lab() -> PathBuf {
    target().join("debug/lab")
}

/// Builds both, page and all. With the tests: alone they would be built from packages with other features, all over again.
pub(crate) fn build() -> Result<()> {
    let mut build = cargo();
    require(&mut build);
    run(build.args(["build", "--workspace", "--tests", "--bin", "lightning", "--bin", "lab"]))
}

fn browser(tally: &mut Tally) -> Result<()> {
    build()?;
    let server = Server::start()?;
    let mut e2e = npm(&["run", "e2e"]);
    e2e.env("CI", "true").env("LIGHTNING_URL", &server.url).env("LIGHTNING_OPERATOR_TOKEN", &server.token);
    let ran = run_and_read(&mut e2e);
    let stopped = server.stop();
    let (output, succeeded) = ran?;
    tally.add(&output, succeeded);
    if let Err(error) = stopped {
        tally.add_step(&format!("the browser's exchange: {error:#}"), false);
    }
    Ok(())
}

/// A running exchange with the demo and sign-up on, no limits by address, the feed off and a token of its own.
struct Server {
    process: Child,
    url: String,
    token: String,
}

impl Server {
    fn start() -> Result<Self> {
        let directory = target().join("e2e");
        if directory.exists() {
            fs::remove_dir_all(&directory)?;
        }
        fs::create_dir_all(&directory)?;
        let log = directory.join("server.log");
        say!("\nstarting the exchange for the browser; its log is {}", log.display());
        let token = token()?;
        let binary = binary();
        let mut process = command(&binary)
            .env("LIGHTNING_SERVER_LISTEN", "127.0.0.1:0")
            .env("LIGHTNING_DEMO_ENABLED", "true")
            .env("LIGHTNING_SIGN_UP_ENABLED", "true")
            .env("LIGHTNING_LIMITS_LOOPBACK", "false")
            .env("LIGHTNING_FEED_SYNTHETIC", "false")
            .env("LIGHTNING_GRPC_ENABLED", "false")
            .env("LIGHTNING_DATA_DIRECTORY", directory.join("data"))
            .env("LIGHTNING_OPERATOR_TOKEN", &token)
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("cannot run {}", binary.display()))?;
        let output = process.stdout.take().context("the server has no output")?;
        let mut lines = BufReader::new(output).lines().map_while(std::result::Result::ok);
        let url = lines.find_map(|line| {
            let address = line.trim().strip_prefix("open")?.trim().to_owned();
            address.starts_with("http://").then_some(address)
        });
        match url {
            Some(url) => Ok(Self { process, url, token }),
            None => {
                let status = process.wait()?;
                bail!(
                    "the server did not start ({status}):\n{}",
                    fs::read_to_string(&log).unwrap_or_default()
                )
            }
        }
    }

    /// Asks it to stop as an operator would, and expects it to.
    fn stop(mut self) -> Result<()> {
        run(command("kill").args(["-TERM", &self.process.id().to_string()]))?;
        let started = Instant::now();
        while started.elapsed() < STOP_MAX {
            if let Some(status) = self.process.try_wait()? {
                if !status.success() {
                    bail!("the server stopped with {status}");
                }
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.process.kill()?;
        self.process.wait()?;
        bail!("the server did not stop within {} s", STOP_MAX.as_secs())
    }
}

/// 64 random hexadecimal digits.
fn token() -> Result<String> {
    use std::{fmt::Write, io::Read};
    let mut bytes = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let mut text = String::with_capacity(64);
    for byte in bytes {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}
