//! A real Prometheus reads a real exchange under orders: every rule is evaluated, and every panel shows something.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use super::dashboards::dashboards;
use crate::{
    api::{Api, limit, two_accounts, url_encoded},
    support::{KeyPair, Process, block_on, root, skip, wait_until_async},
};

/// A running Prometheus; killed when dropped.
struct Prometheus {
    child: Child,
    url: String,
    /// Its settings, its data and its log.
    _files: TempDir,
}

impl Prometheus {
    /// Starts it with the settings of `deploy`, on the exchange at `target`; `None` where it is not installed.
    fn start(target: &str) -> Option<Self> {
        let files = tempfile::tempdir().unwrap();
        let deploy = root().join("deploy/prometheus");
        let settings = fs::read_to_string(deploy.join("prometheus.yml")).unwrap();
        // Every second, so that the test need not wait; and nothing here sends alerts on.
        let settings = settings
            .replace("15s", "1s")
            .replace("'127.0.0.1:8080'", &format!("'{target}'"))
            .replace("['127.0.0.1:9093']", "[]");
        assert!(settings.contains(target));
        fs::write(files.path().join("prometheus.yml"), settings).unwrap();
        fs::copy(deploy.join("rules.yml"), files.path().join("rules.yml")).unwrap();
        let address = free_address();
        let spawned = Self::spawn(files.path(), &address);
        match spawned {
            Ok(child) => Some(Self { child, url: format!("http://{address}"), _files: files }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                skip("Prometheus is not installed".to_owned());
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn spawn(files: &Path, address: &str) -> std::io::Result<Child> {
        let log = fs::File::create(files.join("log"))?;
        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", files.join("prometheus.yml").display()));
        command.arg(format!("--storage.tsdb.path={}", files.join("data").display()));
        command.arg(format!("--web.listen-address={address}"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()
    }

    /// Returns the data of an answer of its API; `None` before it serves.
    async fn ask(&self, path: &str) -> Option<Value> {
        let mut answer = awc::Client::new().get(format!("{}{path}", self.url)).send().await.ok()?;
        let body = answer.body().limit(16 << 20).await.ok()?;
        let answer: Value = serde_json::from_slice(&body).ok()?;
        assert_ne!(answer["status"], "error", "{path}: {answer}");
        Some(answer["data"].clone())
    }

    /// Returns the values a query has now.
    async fn query(&self, query: &str) -> Vec<f64> {
        let found =
            self.ask(&format!("/api/v1/query?query={}", url_encoded(query))).await.unwrap_or_default();
        let series = found["result"].as_array().cloned().unwrap_or_default();
        series.iter().map(|series| series["value"][1].as_str().unwrap().parse().unwrap()).collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended already
        let _ = self.child.wait();
    }
}

/// Returns an address that was free a moment ago.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Trades once.
async fn trade(api: &Api, seller: &KeyPair, buyer: &KeyPair) {
    for (key, side) in [(seller, "SELL"), (buyer, "BUY")] {
        assert_eq!(api.order(key, &limit(side, "0.001", "45000")).await.status, 200);
    }
}

/// Returns every rule that is not evaluated well, with the reason.
async fn bad_rules(prometheus: &Prometheus) -> Option<Vec<String>> {
    let answer = prometheus.ask("/api/v1/rules").await?;
    let groups = answer["groups"].as_array().cloned()?;
    let rules = groups.iter().flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default());
    let bad = rules.filter(|rule| rule["health"] != "ok").map(|rule| {
        let (name, health, error) = (&rule["name"], &rule["health"], &rule["lastError"]);
        assert_ne!(health, "err", "{name}: {error}");
        format!("{name} is {health}")
    });
    Some(bad.collect()).filter(|_| !groups.is_empty())
}

#[test]
fn every_rule_is_evaluated_and_every_panel_shows_something() {
    let (seller, buyer, accounts) = two_accounts();
    // Snapshots and commits of every kind within seconds.
    let settings = format!(
        "[limits]\norders-per-10-seconds = 0\norders-per-day = 0\n[snapshot]\nevery-seconds = 1\n{accounts}"
    );
    let directory = tempfile::tempdir().unwrap();
    let server = Process::start(directory.path(), &settings);
    let address = server.url().strip_prefix("http://").unwrap();
    let Some(prometheus) = Prometheus::start(address) else { return };
    block_on(async {
        let api = Api::new(server.url());
        wait_until_async("it reads the exchange", async || {
            prometheus.query("up{job=\"lightning\"}").await == [1.0]
        })
        .await;
        wait_until_async("every rule is evaluated", async || {
            trade(&api, &seller, &buyer).await;
            bad_rules(&prometheus).await.is_some_and(|bad| bad.is_empty())
        })
        .await;
        let mut count = 0;
        for (path, dashboard) in dashboards() {
            for panel in dashboard["panels"].as_array().unwrap() {
                for target in panel["targets"].as_array().unwrap() {
                    let query = target["expr"].as_str().unwrap();
                    let query = query.replace("$instance", ".*").replace("$__rate_interval", "1m");
                    let what = format!("{} shows {}: {query}", path.display(), panel["title"]);
                    wait_until_async(&what, async || {
                        trade(&api, &seller, &buyer).await;
                        prometheus.query(&query).await.iter().any(|value| value.is_finite())
                    })
                    .await;
                    count += 1;
                }
            }
        }
        assert!(count > 60, "{count} queries");
        let firing = prometheus.query("ALERTS{alertstate=\"firing\"}").await;
        assert_eq!(firing, Vec::<f64>::new(), "an exchange in order has no alert");
    });
    drop(prometheus);
    server.stop();
}
