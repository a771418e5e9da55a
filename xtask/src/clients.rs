//! `cargo xtask clients`: unmodified clients from PyPI and npm through the acceptance matrix, against a server of their own.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};

use crate::output::say;
use crate::{
    install, page,
    process::{command, exists, root, run, run_and_read, target},
};

/// How long each book is watched by default, in seconds.
const SECONDS: &str = "60";

/// What the clients need that cannot be installed beside the others: two packages are both called `binance`.
const OTHERS: &str = "tests/python/clients/others/requirements.txt";

/// The clients of JavaScript and what they need.
const JAVASCRIPT: &str = "tests/node/clients";

/// Runs the matrix and fails unless it is all green.
pub(crate) fn run_matrix(options: &[&str]) -> Result<()> {
    let seconds = match options {
        [] => SECONDS,
        ["--seconds", seconds] => seconds,
        other => bail!("unknown options {:?}", other.join(" ")),
    };
    if matrix(seconds)?.is_green { Ok(()) } else { bail!("not every client went through every row") }
}

/// What the matrix came to.
#[derive(Debug)]
pub(crate) struct Matrix {
    /// Whether every client went through every row.
    pub is_green: bool,
    /// How many clients and rows that were.
    pub line: String,
    /// Whether the clients of JavaScript were there.
    pub has_javascript: bool,
}

/// Runs the matrix, watching each book for so long.
pub(crate) fn matrix(seconds: &str) -> Result<Matrix> {
    let python = install::python()?.context("the matrix needs python3")?;
    let others = others()?;
    let has_javascript = javascript()?;
    page::build()?;
    let mut matrix = command(python);
    matrix.arg(root().join("tests/python/clients")).arg(page::binary());
    matrix.args(["--seconds", seconds]).arg("--python").arg(others);
    if has_javascript {
        matrix.arg("--javascript");
    }
    let (output, is_green) = run_and_read(matrix.env("PYTHONDONTWRITEBYTECODE", "1"))?;
    let last = output.lines().rev().find(|line| !line.trim().is_empty());
    Ok(Matrix { is_green, line: last.unwrap_or("it printed nothing").to_owned(), has_javascript })
}

/// A virtual environment with the other Python clients; returns its interpreter.
fn others() -> Result<PathBuf> {
    let venv = target().join("venv-clients");
    let interpreter = venv.join("bin/python");
    let wanted = fs::read_to_string(root().join(OTHERS)).context(OTHERS)?;
    // Written last, so an interrupted installation is repeated.
    let stamp = venv.join("requirements.installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(interpreter);
    }
    run(command("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r"];
    run(command(&interpreter).args(pip).arg(OTHERS))?;
    fs::write(&stamp, wanted).with_context(|| format!("{}", stamp.display()))?;
    Ok(interpreter)
}

/// The clients from npm, exactly as locked; `false` without npm.
fn javascript() -> Result<bool> {
    if !exists("npm") {
        say!("npm is missing: the clients of JavaScript are left out");
        return Ok(false);
    }
    let directory = root().join(JAVASCRIPT);
    let installed = directory.join("node_modules/.package-lock.json");
    let is_fresh = || -> Option<bool> {
        let lock = fs::metadata(directory.join("package-lock.json")).ok()?.modified().ok()?;
        Some(fs::metadata(&installed).ok()?.modified().ok()? >= lock)
    };
    if is_fresh() != Some(true) {
        run(command("npm").current_dir(&directory).args(["ci", "--no-audit", "--no-fund"]))?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;

    /// The pages of the clients in the matrix, and the packages each is about.
    const PAGES: [(&str, &[&str]); 10] = [
        ("binance-api-node", &["binance-api-node"]),
        ("binance-connector-js", &["@binance/connector"]),
        ("binance-connector-python", &["binance-connector"]),
        ("binance-sdk-spot", &["binance-sdk-spot"]),
        ("binance-spot-js", &["@binance/spot"]),
        ("binance-tiagosiebler", &["binance"]),
        ("ccxt", &["ccxt"]),
        ("node-binance-api", &["node-binance-api"]),
        ("python-binance", &["python_binance"]),
        ("unicorn", &["unicorn-binance-rest-api", "unicorn-binance-websocket-api"]),
    ];

    fn read(path: &str) -> String {
        fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// What `package.json` asks for: names and versions.
    fn packages() -> BTreeMap<String, String> {
        let package: Value = serde_json::from_str(&read("tests/node/clients/package.json")).unwrap();
        let version = |version: &Value| version.as_str().unwrap().to_owned();
        let packages = package["dependencies"].as_object().unwrap();
        packages.iter().map(|(name, found)| (name.clone(), version(found))).collect()
    }

    /// The versions that are installed, by package.
    fn pinned() -> BTreeMap<String, String> {
        let mut pinned = packages();
        for path in ["tests/python/requirements.txt", OTHERS] {
            let lines = read(path);
            let pins = lines.lines().filter_map(|line| line.split_once("=="));
            pinned.extend(pins.map(|(name, version)| (name.to_owned(), version.to_owned())));
        }
        pinned
    }

    #[test]
    fn every_client_of_the_matrix_has_a_page_with_its_version() {
        let pinned = pinned();
        for (page, packages) in PAGES {
            let text = read(&format!("docs/clients/{page}.md"));
            assert!(text.contains("Tried at every change with"), "{page} is in the matrix");
            for package in packages {
                let version = &pinned[*package];
                assert!(text.contains(version.as_str()), "{page} does not say {package} {version}");
            }
        }
        for name in packages().keys() {
            assert!(
                PAGES.iter().any(|(_, packages)| packages.contains(&name.as_str())),
                "{name} has no page"
            );
        }
    }

    #[test]
    fn no_script_of_a_client_is_left_out_of_the_matrix() {
        let matrix = read("tests/python/clients/__main__.py");
        let mut scripts = 0;
        for (directory, ending) in [(JAVASCRIPT, ".mjs"), ("tests/python/clients/others", ".py")] {
            for entry in fs::read_dir(root().join(directory)).unwrap() {
                let name = entry.unwrap().file_name().to_string_lossy().into_owned();
                let Some(script) = name.strip_suffix(ending) else { continue };
                if script == "wire" {
                    continue; // what the scripts have in common
                }
                assert!(
                    matrix.contains(&format!("\"{script}\"")),
                    "the matrix does not run {directory}/{name}"
                );
                scripts += 1;
            }
        }
        assert_eq!(scripts, packages().len() + 3);
    }
}
