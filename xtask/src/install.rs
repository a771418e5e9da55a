//! The dependencies of tests beyond Rust, installed when they are missing: Chromium, npm packages, Python packages.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{
    output::say,
    process::{capture, command, exists, root, run, target},
};

/// Debian's Chromium and a Chinese font, installed where permitted and missing.
pub(crate) fn chromium() -> Result<()> {
    if exists("chromium") && Path::new("/usr/share/fonts/opentype/noto").is_dir() {
        return Ok(());
    }
    if !packages(&["chromium", "fonts-noto-cjk"])? {
        say!("chromium or its fonts are missing and cannot be installed here: page tests will say so");
    }
    Ok(())
}

/// Debian's PostgreSQL and MariaDB, likewise. Only their programs are used, as processes of the tests.
pub(crate) fn databases() -> Result<()> {
    let has_postgres = fs::read_dir("/usr/lib/postgresql").is_ok_and(|mut found| found.next().is_some());
    if has_postgres && Path::new("/usr/sbin/mariadbd").exists() {
        return Ok(());
    }
    if !packages(&["postgresql", "mariadb-server"])? {
        say!("PostgreSQL or MariaDB is missing and cannot be installed here: their tests will say so");
    }
    Ok(())
}

/// Debian's Prometheus and Alertmanager, likewise: for the programs that check and test rules, and for the tests.
pub(crate) fn prometheus() -> Result<()> {
    if ["prometheus", "promtool", "amtool"].into_iter().all(exists) {
        return Ok(());
    }
    if !packages(&["prometheus", "prometheus-alertmanager"])? {
        say!("Prometheus or Alertmanager is missing and cannot be installed here: their tests will say so");
    }
    Ok(())
}

/// Installs packages of Debian; `false` where that is not permitted.
fn packages(names: &[&str]) -> Result<bool> {
    let is_root = capture(command("id").arg("-u")).as_deref() == Some("0");
    if !is_root || !exists("apt-get") {
        return Ok(false);
    }
    let apt = |arguments: &[&str]| {
        let mut command = command("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(["-o", "DPkg::Lock::Timeout=300", "-q", "-y"]);
        command.args(arguments);
        run(&mut command)
    };
    apt(&["update"])?;
    apt(&[&["install", "--no-install-recommends"], names].concat())?;
    Ok(true)
}

/// The page's packages, exactly as locked.
pub(crate) fn npm() -> Result<()> {
    let page = root().join("static");
    let installed = page.join("node_modules/.package-lock.json");
    let is_fresh = || -> Option<bool> {
        let lock = fs::metadata(page.join("package-lock.json")).ok()?.modified().ok()?;
        Some(fs::metadata(&installed).ok()?.modified().ok()? >= lock)
    };
    if is_fresh() == Some(true) {
        return Ok(());
    }
    run(command("npm").current_dir(&page).args(["ci", "--no-audit", "--no-fund"]))
}

/// A virtual environment with the pinned Python packages; returns its interpreter, or nothing without Python.
pub(crate) fn python() -> Result<Option<PathBuf>> {
    if !exists("python3") {
        say!("python3 is missing: the tests of clients will say so");
        return Ok(None);
    }
    let venv = target().join("venv");
    let interpreter = venv.join("bin/python");
    let wanted = fs::read_to_string(root().join("tests/python/requirements.txt"))
        .context("tests/python/requirements.txt")?;
    // Written last, so an interrupted installation is repeated.
    let stamp = venv.join("requirements.installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(Some(interpreter));
    }
    run(command("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r"];
    run(command(&interpreter).args(pip).arg("tests/python/requirements.txt"))?;
    fs::write(&stamp, wanted).with_context(|| format!("{}", stamp.display()))?;
    Ok(Some(interpreter))
}
