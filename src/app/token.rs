//! The operator's token: configured, or generated once and stored in a file only its owner can read.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail};

use crate::{auth::Token, config::Config};

/// The operator's token.
#[derive(Clone)]
pub struct OperatorToken {
    secret: String,
    file: Option<PathBuf>,
}

impl std::fmt::Debug for OperatorToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("OperatorToken").field("file", &self.file).finish_non_exhaustive()
    }
}

impl OperatorToken {
    /// Returns the configured token, else the one in the data directory, else generates one and stores it there.
    pub(super) fn load_or_make(config: &Config) -> Result<Self> {
        let configured = config.operator.token.expose();
        if !configured.is_empty() {
            return Ok(Self { secret: configured.to_owned(), file: None });
        }
        let file = config.data.operator_token_file();
        let secret = match fs::read_to_string(&file) {
            Ok(text) => kept(&file, text.trim())?,
            Err(error) if error.kind() == ErrorKind::NotFound => make(&file)?,
            Err(error) => return Err(error).with_context(|| format!("{}", file.display())),
        };
        Ok(Self { secret, file: Some(file) })
    }

    /// Returns the token itself. The caller must not print it.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Returns the file it is stored in; none when it is configured.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

fn kept(file: &Path, text: &str) -> Result<String> {
    let mode = fs::metadata(file).with_context(|| format!("{}", file.display()))?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("{} can be read by others; chmod 600 it, or delete it to get a new token", file.display());
    }
    if Token::from_hex(text).is_none() {
        bail!("{} does not hold an operator's token; delete it to get a new one", file.display());
    }
    Ok(text.to_owned())
}

fn make(file: &Path) -> Result<String> {
    if let Some(directory) = file.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
    }
    let secret = Token::random().map_err(|error| anyhow!("no operator's token: {error}"))?.to_hex();
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut open| writeln!(open, "{secret}").and_then(|()| open.sync_all()))
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layers;

    fn config(directory: &Path) -> Config {
        Layers::defaults().text("test", &format!("[data]\ndirectory = {directory:?}")).load().unwrap()
    }

    #[test]
    fn a_token_is_made_once_and_only_its_owner_reads_it() {
        let directory = std::env::temp_dir().join(format!("lightning-token-{}", std::process::id()));
        let config = config(&directory.join("deeper"));
        let made = OperatorToken::load_or_make(&config).unwrap();
        let file = made.file().unwrap().to_owned();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(made.secret().len(), 64);
        assert!(!format!("{made:?}").contains(made.secret()));
        assert_eq!(OperatorToken::load_or_make(&config).unwrap().secret(), made.secret());

        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(OperatorToken::load_or_make(&config).unwrap_err().to_string().contains("read by others"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&file, "short").unwrap();
        assert!(OperatorToken::load_or_make(&config).unwrap_err().to_string().contains("does not hold"));
        fs::remove_dir_all(&directory).unwrap();
    }
}
