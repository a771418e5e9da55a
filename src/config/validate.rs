//! The rules of a configuration beyond its grammar.

use std::{collections::BTreeSet, net::IpAddr, path::Path, sync::Arc};

use super::{Account, Balance, Config, Durability, Switch, operator::TOKEN_LEN_MIN};
use crate::domain::{
    instruments::Instruments,
    types::id::{ID_LIMIT, SLOT_COUNT},
};

/// How many characters a key has.
const KEY_LEN: usize = 64;
/// The fewest characters a secret may have.
const SECRET_LEN_MIN: usize = 32;
/// The most characters a secret may have.
const SECRET_LEN_MAX: usize = 128;

/// Which lists have entries that could not be read: references to one of them may be right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unreadable {
    /// Of the assets.
    pub(super) assets: bool,
    /// Of the symbols.
    pub(super) symbols: bool,
}

/// Checks the configuration, records every fault and fills in the instruments.
pub(super) fn check(mut config: Config, unreadable: Unreadable, faults: &mut Vec<String>) -> Config {
    check_server(&config, faults);
    check_engine(&config, faults);
    check_journal(&config, faults);
    check_history(&config, faults);
    check_limits(&config, faults);
    check_operator(&config, faults);
    config.otlp.check(faults);
    if !unreadable.assets {
        let (instruments, found) = Instruments::read(&config.assets, &config.symbols);
        if config.symbols.is_empty() && !unreadable.symbols {
            faults.push("no symbols are configured".to_owned());
        }
        faults.extend(found);
        config.instruments = Arc::new(instruments.with_order_limits(config.limits.orders()));
    }
    check_accounts(&config, faults);
    config
}

fn check_server(config: &Config, faults: &mut Vec<String>) {
    let server = &config.server;
    if server.workers > 256 {
        faults.push(format!("[server] workers {} must be 0 (one per core) to 256", server.workers));
    }
    if server.tcp_user_timeout_ms < 1_000 {
        faults.push(format!(
            "[server] tcp-user-timeout-ms {} must be at least 1000",
            server.tcp_user_timeout_ms
        ));
    }
    check_deadlines(config, faults);
    if server.stop_timeout_ms == 0 || server.stop_timeout_ms > 600_000 {
        faults.push(format!("[server] stop-timeout-ms {} must be 1 to 600000", server.stop_timeout_ms));
    }
    if config.demo.enabled == Switch::On && !server.listen.ip().is_loopback() {
        faults.push(format!(
            "[demo] enabled is true but [server] listen {} is not a loopback address: anyone who reaches it could \
             trade on the demo account",
            server.listen
        ));
    }
    if config.demo.enabled == Switch::On && !server.trusted_proxies.is_empty() {
        faults.push(
            "[demo] enabled is true but [server] trusted-proxies names proxies: anyone they pass on could trade on the \
             demo account"
                .to_owned(),
        );
    }
    check_tls(config, faults);
    for host in &server.hosts {
        if !is_host(host) {
            faults.push(format!(
                "[server] hosts: {host:?} is neither a name nor an address; write it without scheme and port, such as \
                 \"exchange.example\""
            ));
        }
    }
    let (http, grpc) = (server.listen, config.grpc.listen);
    if config.is_grpc_on() && http.port() != 0 && http == grpc {
        faults.push(format!("[grpc] listen {grpc} is where [server] listens"));
    }
    let operations = server.operations_listen.filter(|address| address.port() != 0);
    if let Some(address) = operations {
        if address == http {
            faults.push(format!("[server] operations-listen {address} is where [server] listens"));
        }
        if config.is_grpc_on() && address == grpc {
            faults.push(format!("[server] operations-listen {address} is where [grpc] listens"));
        }
    }
    if config.feed.actions_per_second == 0 || config.feed.actions_per_second > 10_000 {
        let given = config.feed.actions_per_second;
        faults.push(format!("[feed] actions-per-second {given} must be 1 to 10000"));
    }
    if config.feed.history_hours > 168 {
        let given = config.feed.history_hours;
        faults.push(format!("[feed] history-hours {given} must be 0 to 168"));
    }
    if config.data.directory.as_os_str().is_empty() {
        faults.push("[data] directory is empty".to_owned());
    }
    faults.extend(config.data.expected_head().err());
    faults.extend(config.data.accepted_loss().err());
}

fn check_tls(config: &Config, faults: &mut Vec<String>) {
    let server = &config.server;
    let is_given = |path: &Path| !path.as_os_str().is_empty();
    match (is_given(&server.tls_cert), is_given(&server.tls_key)) {
        (true, false) => faults.push("[server] tls-cert is given and tls-key is not: TLS needs both".to_owned()),
        (false, true) => faults.push("[server] tls-key is given and tls-cert is not: TLS needs both".to_owned()),
        (false, false) if server.hsts_seconds > 0 => faults.push(format!(
            "[server] hsts-seconds {} needs tls-cert and tls-key: behind a proxy, the proxy sends this header",
            server.hsts_seconds
        )),
        _ => {}
    }
}

pub(super) fn is_host(text: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_name = !text.is_empty() && text.len() <= 253 && text.bytes().all(is_legal);
    is_name || text.parse::<IpAddr>().is_ok()
}

fn check_deadlines(config: &Config, faults: &mut Vec<String>) {
    let server = &config.server;
    for (name, value, least, most) in [
        ("[server] head-timeout-ms", server.head_timeout_ms, 100, 60_000),
        ("[server] body-timeout-ms", server.body_timeout_ms, 100, 300_000),
        ("[server] write-timeout-ms", server.write_timeout_ms, 1_000, 600_000),
        ("[server] keep-alive-ms", server.keep_alive_ms, 1_000, 3_600_000),
        ("[grpc] idle-timeout-ms", config.grpc.idle_timeout_ms, 1_000, 86_400_000),
    ] {
        if value < least || value > most {
            faults.push(format!("{name} {value} must be {least} to {most}"));
        }
    }
    let most = server.connections_max;
    if most > 0 && !(16..=1 << 20).contains(&most) {
        faults.push(format!("[server] connections-max {most} must be 16 to {}, or 0 for no limit", 1 << 20));
    }
}

fn check_engine(config: &Config, faults: &mut Vec<String>) {
    let engine = &config.engine;
    let slots = usize::from(SLOT_COUNT);
    let bounds = [
        ("account-shards", engine.account_shards, 1, slots),
        ("symbol-shards", engine.symbol_shards, 1, slots),
        ("arbiters", engine.arbiters, 0, 256),
        ("batch", engine.batch, 1, 1 << 16),
        ("account-commands-in-flight", engine.account_commands_in_flight, 1, 1 << 20),
        ("account-cancels-in-flight", engine.account_cancels_in_flight, 1, 1 << 20),
        ("symbol-commands-in-flight", engine.symbol_commands_in_flight, 1, 1 << 20),
        ("symbol-cancels-in-flight", engine.symbol_cancels_in_flight, 1, 1 << 20),
        ("fills-max", engine.fills_max as usize, 1, 1_000_000),
        ("book-orders-max", engine.book_orders_max as usize, 1, 1 << 24),
    ];
    for (name, value, least, most) in bounds {
        if value < least || value > most {
            faults.push(format!("[engine] {name} {value} must be {least} to {most}"));
        }
    }
}

/// Whatever the fault of a URL, it is not printed: it may hold a password.
fn check_history(config: &Config, faults: &mut Vec<String>) {
    let history = &config.history;
    for (name, url) in [("url", &history.url), ("reader-url", &history.reader_url)] {
        let is_known = ["sqlite:", "postgres:", "postgresql:", "mysql:", "mariadb:"]
            .iter()
            .any(|scheme| url.expose().starts_with(scheme));
        if !url.expose().is_empty() && !is_known {
            faults.push(format!(
                "[history] {name} (not shown: it may hold a password) must start with sqlite:, postgres: or mysql:"
            ));
        }
    }
    if history.enabled == Switch::On && config.journal.durability == Durability::None {
        faults.push(
            "[history] enabled is true, and [journal] durability is \"none\": there is nothing to ingest"
                .to_owned(),
        );
    }
}

fn check_journal(config: &Config, faults: &mut Vec<String>) {
    let (journal, snapshot) = (&config.journal, &config.snapshot);
    let bounds = [
        ("[journal] segment-mib", journal.segment_mib, 1, 4_096),
        ("[journal] sync-interval-ms", journal.sync_interval_ms, 1, 60_000),
        ("[snapshot] every-frames", snapshot.every_frames, 100, 1_000_000_000),
        ("[snapshot] every-seconds", snapshot.every_seconds, 1, 86_400),
    ];
    for (name, value, least, most) in bounds {
        if value < least || value > most {
            faults.push(format!("{name} {value} must be {least} to {most}"));
        }
    }
}

/// What a counter can hold.
const LIMIT_MAX: u32 = (1 << 20) - 1;

fn check_limits(config: &Config, faults: &mut Vec<String>) {
    let limits = &config.limits;
    for (name, value) in [
        ("request-weight-per-minute", limits.request_weight_per_minute),
        ("requests-per-5-minutes", limits.requests_per_5_minutes),
        ("connections-per-5-minutes", limits.connections_per_5_minutes),
        ("refusals-before-ban", limits.refusals_before_ban),
    ] {
        if value > LIMIT_MAX {
            faults.push(format!("[limits] {name} {value} must be 0 (no limit) to {LIMIT_MAX}"));
        }
    }
    for (name, burst, rate) in [
        ("message-burst", limits.message_burst, "messages-per-second"),
        ("api-message-burst", limits.api_message_burst, "api-messages-per-second"),
    ] {
        if burst == 0 {
            faults.push(format!("[limits] {name} 0 must be at least 1; {rate} = 0 switches the limit off"));
        }
    }
    if limits.refusals_before_ban > 0 && limits.ban_seconds == 0 {
        faults.push(
            "[limits] ban-seconds 0 must be at least 1; refusals-before-ban = 0 switches bans off".to_owned(),
        );
    }
    if limits.ban_seconds > limits.ban_seconds_max {
        let (first, longest) = (limits.ban_seconds, limits.ban_seconds_max);
        faults.push(format!("[limits] ban-seconds {first} is above ban-seconds-max {longest}"));
    }
}

fn check_operator(config: &Config, faults: &mut Vec<String>) {
    let token = config.operator.token.expose();
    if token.is_empty() {
        return;
    }
    if token.len() < TOKEN_LEN_MIN {
        let count = token.len();
        faults
            .push(format!("[operator] token must have at least {TOKEN_LEN_MIN} characters, and has {count}"));
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        faults.push("[operator] token must be printable ASCII without spaces".to_owned());
    }
}

fn check_accounts(config: &Config, faults: &mut Vec<String>) {
    let mut ids = BTreeSet::new();
    let mut keys = BTreeSet::new();
    if config.is_demo_on() {
        check_id("[demo] account", config.demo.account, faults);
        ids.insert(config.demo.account);
        check_balances("[demo] balances", &config.demo.balances, config, faults);
    }
    if let Some(grant) = &config.sign_up.grant {
        check_balances("[sign-up] grant", grant, config, faults);
    }
    for account in &config.accounts {
        let name = format!("[[accounts]] {}", account.id);
        check_id(&name, account.id, faults);
        if !ids.insert(account.id) {
            faults.push(format!("{name}: the id is taken"));
        }
        if config.instruments.symbols().any(|spec| usize::from(account.tier) >= spec.fees.len()) {
            faults.push(format!("{name}: not every symbol has fees for tier {}", account.tier));
        }
        check_balances(&name, &account.balances, config, faults);
        check_keys(&name, account, &mut keys, faults);
    }
}

fn check_id(name: &str, id: u64, faults: &mut Vec<String>) {
    if id == 0 || id >= ID_LIMIT {
        faults.push(format!("{name}: account id {id} must be 1 to 2^53 - 1"));
    }
}

fn check_balances(name: &str, balances: &[Balance], config: &Config, faults: &mut Vec<String>) {
    let instruments = &config.instruments;
    let mut assets = BTreeSet::new();
    for Balance { asset, amount } in balances {
        if !assets.insert(asset) {
            faults.push(format!("{name}: two balances of {asset}"));
        }
        match instruments.asset_named(asset) {
            // One with a fault of its own has been reported.
            None if config.assets.iter().any(|known| known.name == *asset) => {}
            None if instruments.assets().next().is_none() => {}
            None => faults.push(format!("{name}: unknown asset {asset}")),
            Some(known) => match known.parse_amount(amount) {
                Ok(amount) if amount.units() > 0 => {}
                Ok(_) => faults.push(format!("{name}: the balance of {asset} is 0; leave it out")),
                Err(_) => faults.push(format!(
                    "{name}: {amount:?} is not an amount of {asset} (digits with at most {} decimals)",
                    known.scale
                )),
            },
        }
    }
}

fn check_keys<'a>(name: &str, account: &'a Account, keys: &mut BTreeSet<&'a str>, faults: &mut Vec<String>) {
    for (index, key) in account.keys.iter().enumerate() {
        let name = format!("{name}, key {}", index + 1);
        if key.key.len() != KEY_LEN || !is_alphanumeric(&key.key) {
            let given = &key.key;
            faults.push(format!("{name}: a key is {KEY_LEN} letters and digits, and {given:?} is not"));
        }
        let secret = key.secret.expose();
        if !(SECRET_LEN_MIN..=SECRET_LEN_MAX).contains(&secret.len()) || !is_alphanumeric(secret) {
            faults
                .push(format!("{name}: a secret is {SECRET_LEN_MIN} to {SECRET_LEN_MAX} letters and digits"));
        }
        if key.permissions.is_empty() {
            faults.push(format!("{name}: no permissions; TRADE and USER_DATA can be given"));
        }
        if !keys.insert(&key.key) {
            faults.push(format!("{name}: the key is taken"));
        }
    }
}

fn is_alphanumeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
