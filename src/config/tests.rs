use std::path::Path;

use super::*;

const NONE: [(String, String); 0] = [];

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Layers::defaults().text("test", text).environment(variables).load()
}

fn faults(text: &str) -> Vec<String> {
    load(text, &[]).unwrap_err().faults
}

#[test]
fn the_defaults_have_no_fault() {
    let config = Layers::defaults().environment(NONE).load().unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!((config.engine.account_shards, config.engine.symbol_shards), (10, 10));
    assert!(config.is_demo_on() && config.is_synthetic_feed_on());
    let symbols: Vec<_> =
        config.instruments.symbols().map(|spec| (spec.id.get(), spec.name.clone())).collect();
    assert_eq!(symbols, [(1, "BTCUSDT".into()), (2, "ETHUSDT".into()), (3, "ETHBTC".into())]);
    let assets: Vec<_> =
        config.instruments.assets().map(|asset| (asset.id.get(), asset.name().to_owned())).collect();
    assert_eq!(assets, [(1, "BTC".into()), (2, "USDT".into()), (3, "ETH".into())]);
}

#[test]
fn every_default_setting_has_a_comment() {
    let text = include_str!("../../config/exchange.toml");
    let settings = text.split("[[assets]]").next().unwrap();
    let lines: Vec<&str> = settings.lines().collect();
    for pair in lines.windows(2) {
        let is_setting = pair[1].split_once(" = ").is_some_and(|(key, _)| !key.contains([' ', '#', '{']));
        assert!(!is_setting || pair[0].starts_with("# "), "{} has no comment", pair[1]);
    }
}

#[test]
fn later_layers_win() {
    let config = load(
        "[server]\nlisten = \"127.0.0.1:1\"\nworkers = 3\n[feed]\nsynthetic = false\n",
        &[
            ("LIGHTNING_SERVER_LISTEN", "127.0.0.1:2"),
            ("LIGHTNING_DEMO_ENABLED", "false"),
            ("LIGHTNING_URL", "x"),
        ],
    )
    .unwrap();
    assert_eq!(config.server.listen.port(), 2);
    assert_eq!(config.server.workers, 3);
    assert_eq!((config.demo.enabled, config.feed.synthetic), (Switch::Off, Switch::Off));
}

#[test]
fn the_demo_follows_the_address() {
    let open = "[server]\nlisten = \"0.0.0.0:80\"\n";
    assert!(!load(open, &[]).unwrap().is_demo_on());
    let forced = load(open, &[("LIGHTNING_DEMO_ENABLED", "true")]).unwrap_err();
    assert!(forced.faults[0].contains("not a loopback address"), "{forced}");
    assert!(load("[server]\nlisten = \"[::1]:0\"\n", &[]).unwrap().is_demo_on());
}

#[test]
fn a_configured_proxy_ends_what_is_for_this_machine_alone() {
    let here = load("", &[]).unwrap();
    assert!(here.is_demo_on() && here.is_grpc_open() && here.is_sign_up_on() && here.is_sign_up_local_only());
    assert!(here.is_synthetic_feed_on());
    let proxied = "[server]\ntrusted-proxies = [\"127.0.0.1\"]\n";
    let config = load(proxied, &[]).unwrap();
    assert!(!config.is_demo_on() && !config.is_grpc_open() && !config.is_sign_up_on());
    assert!(!config.is_synthetic_feed_on() && config.is_grpc_on());
    let said = load(proxied, &[("LIGHTNING_SIGN_UP_ENABLED", "true")]).unwrap();
    assert!(said.is_sign_up_on() && !said.is_sign_up_local_only() && said.grant().is_empty());
    let forced = load(proxied, &[("LIGHTNING_DEMO_ENABLED", "true")]).unwrap_err();
    assert!(forced.faults[0].contains("[server] trusted-proxies names proxies"), "{forced}");
    assert!(!load("[grpc]\nenabled = true\nlisten = \"0.0.0.0:0\"\n", &[]).unwrap().is_grpc_open());
}

#[test]
fn hosts_are_names_and_addresses_without_scheme_and_port() {
    let hosts = |text: &str| load(&format!("[server]\nhosts = [{text}]\n"), &[]);
    assert!(hosts("\"exchange.example\", \"192.0.2.1\", \"2001:db8::1\"").is_ok());
    for bad in ["", "https://exchange.example", "exchange.example:443", "*.example", "[::1]", "a b"] {
        let error = hosts(&format!("{bad:?}")).unwrap_err();
        assert!(error.faults[0].contains("is neither a name nor an address"), "{bad}: {error}");
    }
}

#[test]
fn tls_needs_both_files_and_strict_transport_needs_tls() {
    let server = |text: &str| load(&format!("[server]\n{text}"), &[]);
    assert_eq!(server("").unwrap().server.tls_files(), None);
    let both = server("tls-cert = \"c\"\ntls-key = \"k\"\nhsts-seconds = 1\n").unwrap();
    assert_eq!(both.server.tls_files(), Some((Path::new("c"), Path::new("k"))));
    for (text, expected) in [
        ("tls-cert = \"c\"\n", "[server] tls-cert is given and tls-key is not"),
        ("tls-key = \"k\"\n", "[server] tls-key is given and tls-cert is not"),
        ("hsts-seconds = 1\n", "[server] hsts-seconds 1 needs tls-cert"),
    ] {
        let error = server(text).unwrap_err();
        assert!(error.faults.len() == 1 && error.faults[0].contains(expected), "{error}");
    }
}

#[test]
fn metrics_may_have_an_address_of_their_own() {
    let of = |text: &str| load(&format!("[server]\noperations-listen = {text:?}\n"), &[]);
    assert_eq!(of("").unwrap().server.operations_listen, None);
    assert_eq!(of("127.0.0.1:0").unwrap().server.operations_listen, Some("127.0.0.1:0".parse().unwrap()));
    for (text, expected) in [
        ("127.0.0.1:8080", "is where [server] listens"),
        ("127.0.0.1:50051", "is where [grpc] listens"),
        ("nowhere", "operations-listen = \"nowhere\": an address and a port"),
    ] {
        let error = of(text).unwrap_err();
        assert!(error.faults[0].contains(expected), "{error}");
    }
    let variable = [("LIGHTNING_SERVER_OPERATIONS_LISTEN", "[::1]:9090")];
    assert_eq!(load("", &variable).unwrap().server.operations_listen, Some("[::1]:9090".parse().unwrap()));
}

#[test]
fn sign_up_is_on_where_only_this_machine_can_reach_it_unless_it_is_said() {
    let on_all = "[server]\nlisten = \"0.0.0.0:0\"\n";
    assert!(load("", &[]).unwrap().is_sign_up_on());
    assert!(!load(on_all, &[]).unwrap().is_sign_up_on());
    assert!(load(on_all, &[("LIGHTNING_SIGN_UP_ENABLED", "true")]).unwrap().is_sign_up_on());
    assert!(!load("[sign-up]\nenabled = false\n", &[]).unwrap().is_sign_up_on());
}

#[test]
fn a_new_account_starts_with_what_the_demo_does_unless_it_is_said() {
    let grant = |text: &str| load(text, &[]).unwrap().grant().len();
    assert_eq!(grant(""), 3);
    assert_eq!(grant("[demo]\nenabled = false\n"), 0);
    assert_eq!(
        grant("[demo]\nenabled = false\n[sign-up]\ngrant = [{ asset = \"BTC\", amount = \"1\" }]\n"),
        1
    );
    assert_eq!(grant("[sign-up]\ngrant = []\n"), 0);
    let found = faults("[sign-up]\ngrant = [{ asset = \"XYZ\", amount = \"1\" }]\n");
    assert_eq!(found, ["test: [sign-up] grant: unknown asset XYZ"]);
}

#[test]
fn every_fault_is_reported_at_once() {
    let found = faults(
        r#"
        [server]
        tcp-user-timeout-ms = 1
        [engine]
        account-shards = 0
        fills-max = 0
        [operator]
        token = "short"
        [[accounts]]
        id = 7
        tier = 9
        balances = [{ asset = "XYZ", amount = "1" }, { asset = "BTC", amount = "1e5" }]
        keys = [
            { key = "short", secret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", permissions = ["trade"] },
            { key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", secret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", permissions = [] },
        ]
        [[accounts]]
        id = 7
        keys = [{ key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", secret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", permissions = ["trade"] }]
        "#,
    );
    let expected = [
        "tcp-user-timeout-ms",
        "account-shards 0",
        "fills-max 0",
        "token must have at least 32",
        "fees for tier 9",
        "unknown asset XYZ",
        "\"1e5\" is not an amount of BTC",
        "key 1: a key is",
        "key 2: no permissions",
        "[[accounts]] 7: the id is taken",
        "key 1: the key is taken",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{found} does not say {expected}");
    }
}

/// Unknown names, wrong types, invalid words, bounds, contradictions, lists and symbols: none hides another, and each
/// states its source, the given value, and the allowed ones.
#[test]
fn a_file_with_two_dozen_faults_reports_all_of_them() {
    let text = r#"
        [server]
        listen = "nowhere"
        workers = 500
        threads = 4
        [engine]
        batch = "many"
        fills-max = 0
        [journal]
        durability = "sometimes"
        segment-mib = 1.5
        [limits]
        exempt = ["10.0.0.0/8", "here", "there"]
        ban-seconds = 300
        ban-seconds-max = 60
        [histroy]
        enabled = true
        [operator]
        token = 12345678
        [demo]
        enabled = "perhaps"
        balances = [{ asset = "USDT", amount = "1,5" }, { asset = "BTC" }, { asset = "DOGE", amount = "1" }]
        [[accounts]]
        id = "seven"
        tier = 300
        [[accounts]]
        id = 1
        keys = [{ key = "short", secret = "hunter2hunter2hunter2hunter2hunter2", permissions = ["fly"] }]
        [[symbols]]
        id = 1
        name = "BTCUSDT"
        base = "BTC"
        quote = "USDT"
        tick-size = "0"
        min-price = "0.01"
        step-size = "0.001"
        min-qty = "5"
        max-qty = "0.0005"
        max-num-orders = 0
        market-collar = "7"
        fees = [{ maker = "2", taker = "0.001" }]
        special-orders = { iceberg-parts = "all", max-position = "lots" }
        [[symbols]]
        id = 2
        name = "ETHUSDT"
        base = "ETH"
        quote = "USDT"
        tick-size = "0.01"
        min-price = "9"
        max-price = "5"
        step-size = "0.0000000001"
        min-qty = "0.0001"
        max-qty = "9000"
        max-num-orders = 0
        market-collar = "7"
        fees = [{ maker = "2", taker = "0.001" }]
    "#;
    let found = load(text, &[("LIGHTNING_ENGINE_ARBITERS", "some")]).unwrap_err().faults;
    let expected = [
        "LIGHTNING_ENGINE_ARBITERS: \"some\" is not what [engine] arbiters takes: a whole number",
        "journal.segment-mib: write the decimal 1.5 as a string, or as a whole number",
        "test: [server] listen = \"nowhere\": invalid socket address",
        "test: [server] threads = 4: unknown field `threads`, expected one of `listen`",
        "test: [engine] batch = \"many\": invalid type: string \"many\", expected usize",
        "test: [journal] durability = \"sometimes\": unknown variant `sometimes`, expected one of `fsync`",
        "test: [journal] segment-mib = \"1.5\": invalid type",
        "test: [limits] exempt[2] = \"here\": \"here\" is neither an address nor a network",
        "test: [limits] exempt[3] = \"there\": ",
        "test: there is no section [histroy]",
        "test: [operator] token = (not shown): it must be text",
        "test: [demo] enabled = \"perhaps\": ",
        "test: [demo] balances[2] = {…}: missing field `amount`",
        "test: [[accounts]] 1 id = \"seven\": invalid type: string \"seven\", expected u64",
        "test: [[accounts]] 1 tier = 300: invalid value: integer `300`, expected u8",
        "test: [[accounts]] 2 keys[1] = (not shown): unknown variant `fly`, expected `USER_DATA` or `TRADE`",
        "test: [[symbols]] 1: max-price is missing",
        "test: [[symbols]] 1 special-orders.iceberg-parts = \"all\": ",
        "test: [[symbols]] 1 special-orders.max-position = \"lots\": ",
        "test: [server] workers 500 must be 0 (one per core) to 256",
        "test: [engine] fills-max 0 must be 1 to 1000000",
        "test: [limits] ban-seconds 300 is above ban-seconds-max 60",
        "test: symbol ETHUSDT: min-price 9 is above max-price 5",
        "test: symbol ETHUSDT: step-size 0.0000000001 is negative or has more than 8 fraction digits",
        "test: symbol ETHUSDT: max-num-orders 0 must be at least 1",
        "test: symbol ETHUSDT: market-collar 7 must be 0 to 1",
        "test: symbol ETHUSDT: maker fee 2 must be 0 to 1",
        "test: [demo] balances: \"1,5\" is not an amount of USDT",
        "test: [demo] balances: unknown asset DOGE",
        "test: [[accounts]] 1: the id is taken",
    ];
    for expected in expected {
        assert!(found.iter().any(|fault| fault.contains(expected)), "{expected} is not in {found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    assert!(!found.iter().any(|fault| fault.contains("hunter2") || fault.contains("12345678")), "{found:#?}");
}

#[test]
fn instrument_faults_come_with_the_others() {
    let found = faults(
        r#"
        [engine]
        batch = 0
        [[assets]]
        id = 1
        name = "btc"
        scale = 8
        "#,
    );
    assert!(found.iter().any(|fault| fault.contains("batch")), "{found:#?}");
    assert!(found.iter().any(|fault| fault.contains("\"btc\"")), "{found:#?}");
    assert!(found.iter().any(|fault| fault.contains("unknown base asset")), "{found:#?}");
}

#[test]
fn unknown_names_are_refused() {
    let found = faults("[server]\nlisten-on = \"x\"\n[engin]\nbatch = 1\n");
    assert!(found[0].contains("[server]") && found[0].contains("listen-on"), "{found:#?}");
    assert!(found[1].contains("no section [engin]"), "{found:#?}");
    let error = load("", &[("LIGHTNING_SERVER_LISTENS", "x")]).unwrap_err();
    assert!(error.faults[0].contains("there is no setting listens in [server]"), "{error}");
}

#[test]
fn a_bare_decimal_is_refused() {
    let found = faults("demo.balances = [{ asset = \"BTC\", amount = 0.1 }]");
    assert!(found[0].contains("demo.balances[1].amount: write the decimal 0.1 as a string"), "{found:#?}");
}

#[test]
fn a_missing_file_and_bad_grammar_are_faults() {
    let error = Layers::defaults().file(std::path::Path::new("/no/such.toml")).load().unwrap_err();
    assert!(error.to_string().contains("/no/such.toml"), "{error}");
    assert!(faults("[server")[0].contains("test: "));
}

#[test]
fn a_receiver_of_traces_is_named_by_scheme_host_and_port() {
    let of = |endpoint: &str| load(&format!("[otlp]\nendpoint = {endpoint:?}\n"), &[]);
    assert!(!of("").unwrap().otlp.is_on());
    for good in ["http://127.0.0.1:4317", "https://collector.example:443/", "http://[::1]:4317"] {
        assert!(of(good).unwrap().otlp.is_on(), "{good}");
    }
    for (bad, expected) in [
        ("127.0.0.1:4317", "has no scheme"),
        ("grpc://127.0.0.1:4317", "has no scheme"),
        ("http://127.0.0.1", "has no port"),
        ("http://[::1]", "has no port"),
        ("http://127.0.0.1:0", "has no port from 1"),
        ("http://127.0.0.1:99999", "has no port from 1"),
        ("http://:4317", "has no host"),
        ("http://a b:4317", "has no host"),
        ("http://127.0.0.1:4318/v1/traces", "has a path, as OTLP over HTTP does"),
        ("http://user:hunter2@collector.example:4317", "credentials go into [otlp] headers"),
        ("user:hunter2@collector.example:4317", "credentials go into [otlp] headers"),
    ] {
        let error = of(bad).unwrap_err();
        assert!(error.faults.len() == 1 && error.faults[0].contains(expected), "{bad}: {error}");
        assert!(
            error.faults[0].starts_with("test: [otlp] endpoint") && !error.faults[0].contains("hunter2"),
            "{error}"
        );
    }
}

#[test]
fn every_fault_about_traces_is_reported_and_no_header_shown() {
    let text = r#"
        [otlp]
        headers = "authorization:Bearer hunter2"
        sample-ratio = "2"
        parent-ratio = "often"
        service-name = " "
        resource = "production"
        ca-file = "ca.pem"
        timeout-ms = 0
        interval-ms = 0
        queue-spans = 1
    "#;
    let found = faults(text);
    let subjects: Vec<&str> = found.iter().filter_map(|fault| fault.split_whitespace().nth(2)).collect();
    let expected = [
        "sample-ratio",
        "parent-ratio",
        "headers",
        "resource",
        "service-name",
        "ca-file",
        "timeout-ms",
        "interval-ms",
        "queue-spans",
    ];
    assert_eq!(subjects, expected, "{found:#?}");
    for headers in ["authorization:Bearer hunter2=1", "te=hunter2", "x-bin=hunter2", "name=hunter2%0A"] {
        let found = faults(&format!("[otlp]\nheaders = {headers:?}\n"));
        assert!(
            found.len() == 1 && found[0].contains("cannot be sent") && !found[0].contains("hunter2"),
            "{found:?}"
        );
    }
    let taken =
        load("[otlp]\nsample-ratio = \"0.5\"\n", &[("LIGHTNING_OTLP_HEADERS", "Authorization=Bearer t")])
            .unwrap()
            .otlp;
    assert_eq!((taken.sample_millionths(), taken.parent_millionths()), (Ok(500_000), Ok(500_000)));
    assert_eq!(taken.header_list().unwrap(), [("authorization".to_owned(), "Bearer t".to_owned())]);
    assert!(!format!("{taken:?}").contains("Bearer"));
}

#[test]
fn debug_output_holds_no_secret() {
    let config = load(
        r#"
        [operator]
        token = "fedcba9876543210fedcba9876543210"
        [[accounts]]
        id = 7
        keys = [{ key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", secret = "topsecrettopsecrettopsecrettopsecret", permissions = ["user-data"] }]
        "#,
        &[],
    )
    .unwrap();
    let printed = format!("{config:?}");
    assert!(!printed.contains("fedcba") && !printed.contains("topsecret"), "{printed}");
    assert!(printed.contains("(redacted)"));
    let permissions = config.accounts[0].keys[0].permissions();
    assert!(permissions.user_data && !permissions.trade);
}
