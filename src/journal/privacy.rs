//! A reader of a data directory can sign as its accounts, so its content belongs to its owner alone.
//!
//! Files are created that way whatever the umask; those of an earlier release, or of a manual copy, are changed when
//! the directory is opened.

use std::{fs, io, os::unix::fs::PermissionsExt, path::Path};

/// The permissions of others.
const OTHERS: u32 = 0o077;

/// Removes every permission of others from the named entries, directories with everything in them. Missing ones are
/// skipped.
pub(super) fn tighten<'a>(root: &Path, names: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
    names.into_iter().try_for_each(|name| match tighten_tree(&root.join(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    })
}

fn tighten_tree(path: &Path) -> io::Result<()> {
    let metadata = fs::metadata(path)?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(mode & !OTHERS))?;
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            tighten_tree(&entry?.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_its_owners_alone_and_nothing_else_is_touched() {
        let root = tempfile::tempdir().unwrap();
        let mode = |name: &str| fs::metadata(root.path().join(name)).unwrap().permissions().mode() & 0o7777;
        fs::create_dir_all(root.path().join("journal/deeper")).unwrap();
        for name in ["identity", "journal/1.log", "journal/deeper/2", "another"] {
            fs::write(root.path().join(name), "x").unwrap();
            fs::set_permissions(root.path().join(name), fs::Permissions::from_mode(0o666)).unwrap();
        }
        for name in ["journal", "journal/deeper"] {
            fs::set_permissions(root.path().join(name), fs::Permissions::from_mode(0o777)).unwrap();
        }
        tighten(root.path(), ["identity", "journal", "missing"]).unwrap();
        assert_eq!((mode("identity"), mode("journal"), mode("journal/1.log")), (0o600, 0o700, 0o600));
        assert_eq!((mode("journal/deeper"), mode("journal/deeper/2")), (0o700, 0o600));
        assert_eq!(mode("another"), 0o666);
    }
}
