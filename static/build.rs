//! Builds the browser page and embeds it: `npm ci` and `vite build` into `OUT_DIR`, then one Rust table of assets.
//!
//! The page is a convenience, the API is the product, so a machine without npm still builds the server, and `/`
//! explains what is missing. A page that is present and does not build is an error, never a warning.
//! `LIGHTNING_UI=skip` leaves the page out (quick for an editor), `LIGHTNING_UI=require` makes its absence an error.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The oldest Node.js that Vite 8 runs on.
const NODE_NEEDED: (u32, u32) = (20, 19);

/// The sources of the page; Cargo reruns this script only when one of these changes.
const SOURCES: [&str; 12] = [
    "src",
    "api-docs",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    ".npmrc",
    "vite.config.ts",
    "precompress.ts",
    "svelte.config.js",
    "tsconfig.json",
    "build.rs",
];

pub(crate) fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not returned: that would print npm's many lines as one escaped string.
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Outcome<()> {
    let ui = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../static");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", ui.join(source).display());
    }
    println!("cargo::rerun-if-env-changed=LIGHTNING_UI");

    let wish = env::var("LIGHTNING_UI").unwrap_or_default();
    let missing = match wish.as_str() {
        "skip" => Some("LIGHTNING_UI=skip asked for a server without it".to_owned()),
        "" | "require" => missing_tool(),
        other => return Err(format!("LIGHTNING_UI={other}: use skip or require, or leave it unset").into()),
    };
    let table = match missing {
        None => {
            let dist = out.join("ui");
            build_page(&ui, &dist)?;
            asset_table(&dist)?
        }
        Some(reason) if wish == "require" => {
            return Err(format!("the browser page is required: {reason}").into());
        }
        Some(reason) => {
            if wish != "skip" {
                println!("cargo::warning=the browser page is not built ({reason}); the API works without it");
                // A path that never exists keeps this script stale, so installing npm later is noticed.
                println!("cargo::rerun-if-changed={}", ui.join("no-such-file").display());
            }
            notice_table(&out, &reason)?
        }
    };
    fs::write(out.join("page.rs"), table)?;
    Ok(())
}

/// Returns why the page cannot be built here, if it cannot.
fn missing_tool() -> Option<String> {
    let (major, minor) = NODE_NEEDED;
    let Some(version) = version_of("node") else {
        return Some(format!("Node.js {major}.{minor} or later with npm is not installed"));
    };
    if parse_version(&version) < Some(NODE_NEEDED) {
        return Some(format!("Node.js {version} is too old, {major}.{minor} or later is needed"));
    }
    if version_of("npm").is_none() {
        return Some("npm is not installed".to_owned());
    }
    None
}

fn version_of(tool: &str) -> Option<String> {
    let output = command(tool).arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// On Windows npm is a batch file, which only its full name starts.
fn command(tool: &str) -> Command {
    Command::new(if cfg!(windows) && tool != "node" { format!("{tool}.cmd") } else { tool.to_owned() })
}

/// Brings `node_modules` up to the lock file and runs Vite into `dist`.
fn build_page(ui: &Path, dist: &Path) -> Outcome<()> {
    // Two profiles may build at once over one `node_modules`. The operating system holds the lock, so it is released
    // with its process and can never be stale.
    let guard = File::open(ui.join("build.rs"))?;
    guard.lock()?;

    let wanted = fs::read(ui.join("package-lock.json"))?;
    let stamp = ui.join("node_modules/.lightning-lock");
    if fs::read(&stamp).ok().as_deref() != Some(wanted.as_slice()) {
        run(ui, command("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
        fs::write(&stamp, &wanted)?;
    }
    run(ui, command("npm").args(["run", "--silent", "build"]).env("LIGHTNING_UI_OUT", dist))
}

fn run(directory: &Path, command: &mut Command) -> Outcome<()> {
    let output = command.current_dir(directory).output()?;
    if output.status.success() {
        return Ok(());
    }
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("{command:?} failed ({}):\n{text}\n{errors}", output.status).into())
}

/// One row per built file; its compressed versions become columns of the row.
fn asset_table(dist: &Path) -> Outcome<String> {
    let mut files = Vec::new();
    collect(dist, &mut files)?;
    files.sort();
    let mut rows = String::new();
    for file in files.iter().filter(|file| packing(file).is_none()) {
        let name = file.strip_prefix(dist)?.to_string_lossy().replace('\\', "/");
        // A page is served under the name of its directory.
        let path = format!("/{}", name.strip_suffix("index.html").unwrap_or(&name));
        row(&mut rows, &path, file)?;
    }
    Ok(table(&rows))
}

/// The table of a server without the page: `/` alone, with an explanation.
fn notice_table(out: &Path, reason: &str) -> Outcome<String> {
    let reason = reason.replace('&', "&amp;").replace('<', "&lt;");
    let file = out.join("notice.html");
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Lightning Exchange</title>\
         <h1>Lightning Exchange</h1><p>The browser page is not built into this server: {reason}.</p>\
         <p>The API works: try <a href=\"/api/v3/exchangeInfo\">/api/v3/exchangeInfo</a>.</p></html>\n"
    );
    fs::write(&file, page)?;
    let mut rows = String::new();
    row(&mut rows, "/", &file)?;
    Ok(table(&rows))
}

fn table(rows: &str) -> String {
    format!("/// Every file of the page.\nstatic PAGE: &[Asset] = &[\n{rows}];\n")
}

fn row(rows: &mut String, path: &str, file: &Path) -> Outcome<()> {
    let twin = |suffix: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        let name = PathBuf::from(name);
        if name.is_file() { format!("Some(include_bytes!({name:?}))") } else { "None".to_owned() }
    };
    writeln!(
        rows,
        "    Asset {{ path: {path:?}, mime: {:?}, hash: \"{:016x}\", raw: include_bytes!({file:?}), \
         brotli: {}, gzip: {} }},",
        mime(file)?,
        fnv1a(&fs::read(file)?),
        twin(".br"),
        twin(".gz"),
    )?;
    Ok(())
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Outcome<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn packing(file: &Path) -> Option<&str> {
    file.extension()?.to_str().filter(|extension| ["br", "gz"].contains(extension))
}

fn mime(file: &Path) -> Outcome<&'static str> {
    Ok(match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => return Err(format!("{}: no media type is known for it", file.display()).into()),
    })
}

/// FNV-1a: an ETag names content, it does not defend against forgery.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
