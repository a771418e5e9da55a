//! The files of `deploy`, as far as they can be checked without the programs they are for.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use lightning_exchange::config::Layers;

use crate::{
    ccxt::python,
    support::{lightning, printed, root, skip},
};

fn deploy(name: &str) -> PathBuf {
    root().join("deploy").join(name)
}

/// Runs a program that not every machine has; `None` when this one has not.
fn run(program: &str, words: &[&str], file: &Path) -> Option<String> {
    match Command::new(program).args(words).arg(file).output() {
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            assert!(output.status.success(), "{said}");
            Some(said)
        }
        Err(_) => {
            skip(format!("there is no {program} here"));
            None
        }
    }
}

#[test]
fn the_unit_is_understood_and_confined() {
    let root = tempfile::tempdir().unwrap();
    let unit = fs::read_to_string(deploy("systemd/lightning.service")).unwrap();
    // The program of this build stands in for the installed one.
    let program = lightning().get_program().to_str().unwrap().to_owned();
    let file = root.path().join("lightning.service");
    fs::write(&file, unit.replace("/usr/local/bin/lightning", &program)).unwrap();
    let Some(said) = run("systemd-analyze", &["verify"], &file) else { return };
    assert!(!said.contains("lightning.service"), "{said}");
    let Some(said) = run("systemd-analyze", &["security", "--offline=true", "--threshold=20"], &file) else {
        return;
    };
    assert!(said.contains("Overall exposure level"), "{said}");
}

#[test]
fn the_commands_of_the_unit_are_commands_of_the_program() {
    let unit = fs::read_to_string(deploy("systemd/lightning.service")).unwrap();
    let commands: Vec<&str> = unit
        .lines()
        .filter_map(|line| line.split_once("=/usr/local/bin/lightning "))
        .map(|(_, words)| words)
        .collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    let root = tempfile::tempdir().unwrap();
    let settings = root.path().join("exchange.toml");
    fs::write(&settings, "[data]\ndirectory = \"/var/lib/lightning\"\n").unwrap();
    let words = commands[0].replace("/etc/lightning/exchange.toml", settings.to_str().unwrap());
    printed(&lightning().args(words.split(' ')).output().unwrap());
    // The other one would serve: only its words are looked at.
    printed(&lightning().args(commands[1].split(' ')).arg("--help").output().unwrap());
}

#[test]
fn the_settings_of_the_image_are_settings() {
    let image = fs::read_to_string(deploy("Dockerfile")).unwrap();
    let words = image
        .split([' ', '\n', '\\'])
        .filter(|word| word.starts_with("LIGHTNING_") && !word.starts_with("LIGHTNING_UI"));
    let variables: Vec<(String, String)> = words
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(variables.len(), 6, "{variables:?}");
    let config = Layers::defaults().environment(variables).load().unwrap();
    assert!(config.is_grpc_on() && !config.is_demo_on() && !config.is_sign_up_on());
    assert_eq!(config.server.operations_listen.unwrap().port(), 9090);
    assert_eq!(config.data.directory, Path::new("/var/lib/lightning/data"));
}

#[test]
fn every_yaml_file_is_one() {
    let Some(python) = python() else { return };
    let script = "import sys, yaml\nwith open(sys.argv[1]) as file: print(' '.join(yaml.safe_load(file)))";
    for (file, expected) in [
        ("compose.yaml", "name services volumes"),
        ("compose-prometheus.yml", "global rule_files alerting scrape_configs"),
        ("provisioning/datasources/prometheus.yml", "apiVersion datasources"),
        ("provisioning/dashboards/lightning.yml", "apiVersion providers"),
    ] {
        let output = Command::new(&python).args(["-c", script]).arg(deploy(file)).output().unwrap();
        assert_eq!(printed(&output).trim(), expected, "{file}");
    }
}

#[test]
fn what_the_compose_file_mounts_is_there() {
    let text = fs::read_to_string(deploy("compose.yaml")).unwrap();
    let mounts = text.lines().filter_map(|line| line.trim().strip_prefix("- ./"));
    let sources: Vec<&str> = mounts.filter_map(|mount| Some(mount.split_once(':')?.0)).collect();
    assert!(sources.len() >= 5, "{sources:?}");
    for source in sources {
        assert!(deploy(source).exists(), "{source}");
    }
}

#[test]
fn the_proxy_is_understood_by_nginx() {
    let root = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["exchange.example".to_owned()]).unwrap();
    fs::write(root.path().join("fullchain.pem"), made.cert.pem()).unwrap();
    fs::write(root.path().join("privkey.pem"), made.signing_key.serialize_pem()).unwrap();
    let site = fs::read_to_string(deploy("nginx/lightning.conf")).unwrap();
    let own = root.path().display();
    // A test of the settings binds what it finds: sockets of this test's own in place of ports.
    let site = site
        .replace("/etc/nginx/tls", &own.to_string())
        .replace("listen 80;", &format!("listen unix:{own}/80;"))
        .replace("listen [::]:80;", "")
        .replace("listen 443 ", &format!("listen unix:{own}/443 "))
        .replace("listen [::]:443 ssl http2;", "");
    fs::write(root.path().join("site.conf"), site).unwrap();
    let bodies = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {own}/{kind};"))
        .concat();
    let whole = format!(
        "pid {own}/pid; error_log {own}/log; events {{}} http {{ access_log off; {bodies} include {own}/site.conf; }}"
    );
    let file = root.path().join("nginx.conf");
    fs::write(&file, whole).unwrap();
    let prefix = own.to_string();
    let Some(said) = run("nginx", &["-t", "-p", &prefix, "-c"], &file) else { return };
    assert!(said.contains("test is successful"), "{said}");
}
