//! The operator's commands over TLS.

use super::{Authority, serving};
use crate::support::{OPERATOR_TOKEN, complaint, lightning, printed};

#[test]
fn commands_reach_a_server_whose_authority_they_trust() {
    let authority = Authority::new();
    let server = serving(&authority, "");
    let create = || {
        let mut command = lightning();
        command.args(["account", "create", "--url", server.url(), "--token", OPERATOR_TOKEN]);
        command
    };
    let id = printed(&create().arg("--ca-file").arg(authority.ca()).output().unwrap());
    assert!(id.trim().parse::<u64>().is_ok(), "{id}");
    // What a system trusts can be named as for other programs.
    printed(&create().env("SSL_CERT_FILE", authority.ca()).output().unwrap());
    let untrusted = complaint(&create().arg("--ca-file").arg(Authority::new().ca()).output().unwrap());
    assert!(untrusted.contains("invalid peer certificate"), "{untrusted}");
    let absent = complaint(&create().args(["--ca-file", "nowhere.pem"]).output().unwrap());
    assert!(absent.contains("--ca-file nowhere.pem cannot be used: No such file"), "{absent}");
    let plain = server.url().replace("https://", "http://");
    let plain = lightning().args(["account", "create", "--url", &plain, "--token", "x"]).output().unwrap();
    complaint(&plain);
    server.stop();
}
