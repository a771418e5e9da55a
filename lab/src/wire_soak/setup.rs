//! What every soak starts with: a directory, a server, and what its tasks share.

use std::{
    cell::{Cell, RefCell},
    fs,
    path::{Path, PathBuf},
    rc::Rc,
};

use anyhow::{Context, Result};
use lightning_exchange::client::Client;

use super::{
    accounts::{FIRST, READY_MAX},
    report::Report,
    shared::Shared,
};
use crate::crash_soak::server::Server;

/// Makes the directory a soak works in: the one that is given, else one of its own for temporary files.
pub(crate) fn directory(soak: &str, seed: u64, given: Option<&Path>, say: &dyn Fn(&str)) -> Result<PathBuf> {
    let name = format!("lightning-{soak}-{seed}-{}", std::process::id());
    let work = given.map_or_else(|| std::env::temp_dir().join(name), Path::to_owned);
    fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
    say(&format!("work directory {}", work.display()));
    Ok(work)
}

/// Starts a server on that directory, with `extra` laid over its configuration, and waits until it serves.
pub(crate) async fn start(
    program: &Path,
    work: &Path,
    seed: u64,
    extra: &str,
) -> Result<(Server, Rc<Shared>)> {
    let token = format!("soak-{seed:032x}");
    let mut server = Server::prepare(program, work, &work.join("data"), &token, FIRST - 1, extra)?;
    let client = Client::new(&server.url()).with_operator(&token);
    server.start(&[])?;
    server.ready(&client, READY_MAX).await?;
    let shared = Shared {
        client,
        report: RefCell::new(Report { seed, ..Report::default() }),
        is_over: Cell::new(false),
        finals: RefCell::new(None),
    };
    Ok((server, Rc::new(shared)))
}
