//! The certificate: whether it can be used, until when, and for which names.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    time::{Duration, SystemTime},
};

use super::finding::Finding;
use crate::{
    config::Config,
    tls::{Facts, TlsFiles},
};

const CHECK: &str = "certificate";
const DAY: u64 = 24 * 60 * 60;
/// A certificate should have been renewed by then.
const RENEWED_BEFORE: Duration = Duration::from_secs(21 * DAY);

/// Checks the certificate and its key.
pub(super) fn certificate(config: &Config) -> Vec<Finding> {
    let Some((cert, key)) = config.server.tls_files() else {
        return vec![Finding::ok(CHECK, "TLS is off")];
    };
    let facts = TlsFiles::new(cert, key).certified().map_err(|error| error.to_string());
    let facts = facts.and_then(|certified| Facts::of(&certified).map_err(|error| error.to_string()));
    let mut findings = match facts {
        Ok(facts) => vec![dates(&facts, SystemTime::now()), names(&facts, &config.server.hosts)],
        Err(error) => vec![Finding::error(CHECK, error, "the exchange does not start with it")],
    };
    if fs::metadata(key).is_ok_and(|metadata| metadata.mode() & 0o077 != 0) {
        let key = key.display();
        findings.push(Finding::warning(
            CHECK,
            format!("others can use the private key in {key}"),
            format!("chmod go= {key}"),
        ));
    }
    findings
}

fn dates(facts: &Facts, now: SystemTime) -> Finding {
    let remedy = "renew it; the exchange takes over changed files by itself";
    let left = facts.not_after.duration_since(now).unwrap_or_default();
    let days = left.as_secs() / DAY;
    match () {
        () if now < facts.not_before => {
            Finding::error(CHECK, "it is not valid yet", "check the clock, or use another certificate")
        }
        () if now > facts.not_after => Finding::error(CHECK, "it has expired: clients refuse it", remedy),
        () if left < RENEWED_BEFORE => Finding::warning(CHECK, format!("it expires in {days} days"), remedy),
        () => Finding::ok(CHECK, format!("it is valid for {days} more days")),
    }
}

fn names(facts: &Facts, hosts: &[String]) -> Finding {
    let is_covered = |host: &&String| facts.names.iter().any(|name| covers(name, host));
    let uncovered: Vec<&str> = hosts.iter().filter(|host| !is_covered(host)).map(String::as_str).collect();
    if uncovered.is_empty() {
        return Finding::ok(CHECK, format!("it is for {}", facts.names.join(", ")));
    }
    let found = format!("it is for {}, and not for {}", facts.names.join(", "), uncovered.join(", "));
    Finding::error(CHECK, found, "use one for every name in [server] hosts, or take the name out")
}

/// A star stands for one label at the start.
fn covers(name: &str, host: &str) -> bool {
    match (name.strip_prefix('*'), host.split_once('.')) {
        (Some(parent), Some((_, rest))) => {
            parent.strip_prefix('.').is_some_and(|parent| parent.eq_ignore_ascii_case(rest))
        }
        _ => name.eq_ignore_ascii_case(host),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict::{Error, Ok as Fine, Warning};
    use super::*;
    use crate::config::Layers;

    fn facts(names: &[&str]) -> Facts {
        let now = SystemTime::now();
        Facts {
            not_before: now - Duration::from_secs(DAY),
            not_after: now + Duration::from_secs(90 * DAY),
            names: names.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    #[test]
    fn dates_are_an_error_outside_and_a_warning_near_the_end() {
        let facts = facts(&[]);
        let at = |days: u64| dates(&facts, facts.not_before + Duration::from_secs(days * DAY)).verdict;
        assert_eq!([at(1), at(69), at(71), at(92)], [Fine, Fine, Warning, Error]);
        assert_eq!(dates(&facts, facts.not_before - Duration::from_secs(1)).verdict, Error);
    }

    #[test]
    fn every_host_must_be_a_name_of_it() {
        let verdict = |hosts: &[&str]| {
            let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
            names(&facts(&["Exchange.example", "*.api.example", "192.0.2.1"]), &hosts).verdict
        };
        assert_eq!(verdict(&[]), Fine);
        assert_eq!(verdict(&["exchange.example", "eu.api.example", "192.0.2.1"]), Fine);
        for host in ["api.example", "a.b.api.example", "other.example", "192.0.2.2"] {
            assert_eq!(verdict(&["exchange.example", host]), Error, "{host}");
        }
    }

    #[test]
    fn a_pair_that_cannot_be_used_and_a_key_for_all_are_found() {
        let root = tempfile::tempdir().unwrap();
        let (cert, key) = (root.path().join("cert"), root.path().join("key"));
        let text = format!("[server]\ntls-cert = {cert:?}\ntls-key = {key:?}\n");
        let verdicts = || {
            let config = Layers::defaults().text("test", &text).load().unwrap();
            certificate(&config).iter().map(|finding| finding.verdict).collect::<Vec<_>>()
        };
        assert_eq!(verdicts(), [Error]);
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(&cert, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let mode = |mode| {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
            fs::set_permissions(&key, mode).unwrap();
        };
        mode(0o600);
        assert_eq!(verdicts(), [Fine, Fine]);
        mode(0o644);
        assert_eq!(verdicts(), [Fine, Fine, Warning]);
    }
}
