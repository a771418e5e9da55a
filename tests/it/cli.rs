//! The binary: it serves, says where, stops on a signal, and operates a running server.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
};

use crate::support::{self, OPERATOR_TOKEN, TestServer, complaint, printed};

fn lightning(arguments: &[&str]) -> Command {
    let mut command = support::lightning();
    command.args(arguments).current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

fn operate(server: &TestServer, line: &str) -> Output {
    let arguments: Vec<&str> =
        line.split(' ').chain(["--url", server.url(), "--token", OPERATOR_TOKEN]).collect();
    lightning(&arguments).output().unwrap()
}

#[test]
fn an_operator_opens_accounts_makes_keys_and_moves_money() {
    let server = TestServer::start("");
    assert_eq!(printed(&operate(&server, "account create --id 77")), "77\n");
    let chosen: u64 = printed(&operate(&server, "account create")).trim().parse().unwrap();
    assert!(chosen >= 1024);
    let key = printed(&operate(&server, "key create --account 77 --permissions user-data"));
    let lengths: Vec<usize> = key.lines().map(|line| line.split_whitespace().last().unwrap().len()).collect();
    assert_eq!(lengths, [64, 64]);
    let deposit = "deposit --account 77 --asset BTC --amount 1.5 --request-id once";
    for _ in 0..2 {
        assert_eq!(printed(&operate(&server, deposit)), "BTC free 1.50000000 locked 0.00000000\n");
    }
    let rest = printed(&operate(&server, "withdraw --account 77 --asset BTC --amount 0.5"));
    assert_eq!(rest, "BTC free 1.00000000 locked 0.00000000\n");

    let halted = printed(&operate(
        &server,
        "symbol set BTCUSDT status=HALT max-num-orders=7 fees=0/0.001,0/0.0005 --reason a-test",
    ));
    assert!(halted.contains("\"status\": \"HALT\"") && halted.contains("\"maxNumOrders\": 7"), "{halted}");
    assert!(printed(&operate(&server, "symbol list")).starts_with("BTCUSDT HALT\n"));
    assert_eq!(printed(&operate(&server, "symbol list BTCUSDT")), halted);
    let unknown = complaint(&operate(&server, "symbol set BTCUSDT tick-size=1 --reason a-test"));
    assert!(
        unknown.contains("the trading rules were not changed") && unknown.contains("tickSize"),
        "{unknown}"
    );
    let restricted = operate(&server, "account status --account 77 frozen --cancel-orders --reason a-test");
    assert_eq!(printed(&restricted), "status     FROZEN\ncancelling 0 orders\n");
    let refused = complaint(&operate(&server, "withdraw --account 77 --asset BTC --amount 0.5"));
    assert!(refused.contains("-92202") && refused.contains("this account is frozen"), "{refused}");
    let active = operate(&server, "account status --account 77 active --reason a-test");
    assert_eq!(printed(&active), "status     ACTIVE\n");
    let tier = operate(&server, "account tier --account 77 1 --unlimited true --reason a-test");
    assert_eq!(printed(&tier), "tier      1\nunlimited true\n");
    let neither = operate(&server, "account tier --account 77 --reason a-test");
    assert_eq!(neither.status.code(), Some(2), "{neither:?}");

    let unknown = complaint(&operate(&server, "deposit --account 78 --asset BTC --amount 1"));
    assert!(unknown.starts_with("error: the transfer was not made: refused with status 4"), "{unknown}");
    let stranger =
        lightning(&["account", "create", "--url", server.url(), "--token", "wrong"]).output().unwrap();
    assert!(complaint(&stranger).contains("status 401"));
    server.stop();
    let gone =
        lightning(&["account", "create", "--url", "http://127.0.0.1:9", "--token", "x"]).output().unwrap();
    assert!(complaint(&gone).contains("http://127.0.0.1:9/x/v1/operator/accounts"), "{gone:?}");
}

#[test]
fn a_bad_configuration_is_reported_in_full() {
    let mut check = lightning(&["config", "check", "--demo", "true", "--listen", "0.0.0.0:80"]);
    let message = complaint(&check.env("LIGHTNING_ENGINE_BATCH", "0").output().unwrap());
    assert!(
        message.contains("2 faults") && message.contains("loopback") && message.contains("batch 0"),
        "{message}"
    );
    assert!(printed(&lightning(&["config", "check"]).output().unwrap()).starts_with("ok: BTCUSDT"));
}

#[test]
fn serving_says_where_and_ends_well_on_a_signal() {
    let directory = format!("data-{}", std::process::id());
    let mut server = lightning(&[
        "--listen",
        "127.0.0.1:0",
        "--grpc-listen",
        "127.0.0.1:0",
        "--feed",
        "false",
        "--data-dir",
        &directory,
    ])
    .stdout(Stdio::piped())
    .stderr(Stdio::null())
    .spawn()
    .unwrap();
    let output = BufReader::new(server.stdout.take().unwrap());
    let lines: Vec<String> =
        output.lines().map(Result::unwrap).take_while(|line| !line.contains("ctrl-c")).collect();
    let url = lines.iter().find_map(|line| line.trim().strip_prefix("open")).unwrap().trim();
    // The token it says it has written lets an operator in.
    let file = format!("{directory}/operator.token");
    assert!(lines.iter().any(|line| line.ends_with(&file)), "{lines:?}");
    let created = lightning(&["account", "create", "--url", url, "--token-file", &file]).output().unwrap();
    assert!(printed(&created).trim().parse::<u64>().is_ok());
    Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap();
    assert!(server.wait().unwrap().success());
    std::fs::remove_dir_all(format!("{}/{directory}", env!("CARGO_TARGET_TMPDIR"))).unwrap();
}
