//! What a certificate states of itself.

use std::{
    net::IpAddr,
    time::{SystemTime, UNIX_EPOCH},
};

use tokio_rustls::rustls::sign::CertifiedKey;
use x509_cert::{
    Certificate,
    der::{self, Decode},
    ext::pkix::{SubjectAltName, name::GeneralName},
};

/// What a certificate states of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The time from which it is valid.
    pub not_before: SystemTime,
    /// The time until which it is valid.
    pub not_after: SystemTime,
    /// The names and addresses it is valid for.
    pub names: Vec<String>,
}

impl Facts {
    /// Reads the server's own certificate of a chain.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of(certified: &CertifiedKey) -> der::Result<Self> {
        let certificate = Certificate::from_der(certified.cert.first().map_or(&[], |own| own.as_ref()))?;
        let stated = certificate.tbs_certificate();
        let validity = stated.validity();
        let names = stated.get_extension::<SubjectAltName>()?.map(|(_, SubjectAltName(names))| names);
        Ok(Self {
            not_before: UNIX_EPOCH + validity.not_before.to_unix_duration(),
            not_after: UNIX_EPOCH + validity.not_after.to_unix_duration(),
            names: names.unwrap_or_default().iter().filter_map(name).collect(),
        })
    }

    /// Returns the second since 1970 from which it is no longer valid.
    pub fn expires_at(&self) -> i64 {
        let seconds = self.not_after.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        i64::try_from(seconds).unwrap_or(i64::MAX)
    }

    /// Returns whether it is valid at a time.
    pub fn is_valid_at(&self, time: SystemTime) -> bool {
        self.not_before <= time && time <= self.not_after
    }
}

fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_owned()),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_rustls::rustls::{crypto::ring::default_provider, pki_types::PrivateKeyDer};

    use super::*;

    #[test]
    fn names_and_dates_are_those_of_the_certificate() {
        let key = rcgen::KeyPair::generate().unwrap();
        let names = ["exchange.example", "127.0.0.1", "2001:db8::1"].map(str::to_owned);
        let mut params = rcgen::CertificateParams::new(names.clone()).unwrap();
        params.not_before = rcgen::date_time_ymd(2024, 1, 1);
        params.not_after = rcgen::date_time_ymd(2024, 4, 1);
        let cert = params.self_signed(&key).unwrap();
        let der = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let certified = CertifiedKey::from_der(vec![cert.der().clone()], der, &default_provider()).unwrap();
        let facts = Facts::of(&certified).unwrap();
        assert_eq!(facts.names, names);
        assert_eq!(facts.expires_at(), 1_711_929_600);
        let at = |seconds| facts.is_valid_at(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(
            [1_704_067_199, 1_704_067_200, 1_711_929_600, 1_711_929_601].map(at),
            [false, true, true, false]
        );
    }
}
