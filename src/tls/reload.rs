//! Takes over changed files of the certificate while the exchange serves.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    time::Duration,
};

use blake3::Hash;
use tracing::error;

use super::certificate::Certificate;
use crate::telemetry::TlsGauges;

/// The interval of the comparison of the files.
const EVERY: Duration = Duration::from_secs(1);

/// The thread that compares the files, until dropped. Comparing their bytes finds every way of replacing them: in place, by a
/// rename, or by another target of a symbolic link.
#[derive(Debug)]
pub struct Reload {
    _stop: Sender<()>,
}

impl Reload {
    /// Starts the thread.
    ///
    /// # Errors
    /// There is no thread.
    pub fn start(certificate: Arc<Certificate>, gauges: TlsGauges) -> io::Result<Self> {
        let (stop, stopped) = channel();
        let mut files = Files::new(certificate, gauges);
        std::thread::Builder::new().name("tls-reload".to_owned()).spawn(move || {
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                files.compare();
            }
        })?;
        Ok(Self { _stop: stop })
    }
}

/// The state of the comparison.
struct Files {
    certificate: Arc<Certificate>,
    gauges: TlsGauges,
    /// What was tried last, whether it could be used or not.
    tried: Option<Hash>,
    /// What was different at the last comparison.
    changed: Option<Hash>,
}

impl Files {
    fn new(certificate: Arc<Certificate>, gauges: TlsGauges) -> Self {
        gauges.expires_at.set(certificate.expires_at());
        let tried = certificate.files().read().ok().map(|contents| contents.digest());
        Self { certificate, gauges, tried, changed: None }
    }

    /// Tries files that have changed. Two comparisons must find the same change: the two files are replaced one after the
    /// other, and perhaps in pieces.
    fn compare(&mut self) {
        let files = self.certificate.files();
        let contents = files.read();
        let found = match &contents {
            Ok(contents) => contents.digest(),
            Err(error) => blake3::hash(error.to_string().as_bytes()),
        };
        if self.tried == Some(found) {
            self.changed = None;
            return;
        }
        if self.changed.replace(found) != Some(found) {
            return;
        }
        (self.tried, self.changed) = (Some(found), None);
        match contents.and_then(|contents| files.understand(&contents)) {
            Ok(certified) => {
                self.certificate.replace(certified);
                self.gauges.reloads.inc();
                self.gauges.expires_at.set(self.certificate.expires_at());
            }
            Err(error) => {
                self.gauges.failed_reloads.inc();
                error!(%error, "the changed certificate cannot be used: the previous one stays in use");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::files::TlsFiles;
    use super::*;

    /// Writes a new certificate and key, and returns the certificate's bytes.
    fn write(files: &TlsFiles) -> Vec<u8> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(&files.cert, made.cert.pem()).unwrap();
        fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        made.cert.der().to_vec()
    }

    #[test]
    fn a_change_is_taken_over_once_it_is_whole_and_a_broken_one_never() {
        let root = tempfile::tempdir().unwrap();
        let files = TlsFiles::new(&root.path().join("cert"), &root.path().join("key"));
        let first = write(&files);
        let certificate = Certificate::load(files.clone()).unwrap();
        let gauges = TlsGauges::default();
        let mut reload = Files::new(Arc::clone(&certificate), gauges.clone());
        let counts = || (gauges.reloads.get(), gauges.failed_reloads.get());
        assert!(gauges.expires_at.get() > 0);
        reload.compare();
        assert!(certificate.is_own(&first) && counts() == (0, 0));

        let old_key = fs::read(&files.key).unwrap();
        let second = write(&files);
        let new_key = fs::read(&files.key).unwrap();
        fs::write(&files.key, &old_key).unwrap();
        reload.compare();
        fs::write(&files.key, &new_key).unwrap();
        reload.compare();
        assert!(certificate.is_own(&first) && counts() == (0, 0), "half of a change, and a change seen once");
        reload.compare();
        assert!(certificate.is_own(&second) && counts() == (1, 0));

        fs::write(&files.key, &old_key).unwrap();
        (0..5).for_each(|_| reload.compare());
        assert!(certificate.is_own(&second) && counts() == (1, 1), "the wrong key, reported once");
        fs::remove_file(&files.cert).unwrap();
        (0..5).for_each(|_| reload.compare());
        assert!(certificate.is_own(&second) && counts() == (1, 2), "no file, reported once");
        let third = write(&files);
        (0..2).for_each(|_| reload.compare());
        assert!(certificate.is_own(&third) && counts() == (2, 2));
    }
}
