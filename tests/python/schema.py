"""Schemathesis asks every operation of the OpenAPI document: as a stranger, and as somebody who may."""

import os
import subprocess
import sys
import tempfile

import requests
import schemathesis

BASE = os.environ["LIGHTNING_URL"]
DOCUMENT = f"{BASE}/api-docs/openapi.json"
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]
# A position that is still to come would have every read wait for it in vain; the visitor's requests are about a symbol that exists.
STRANGER = '[parameters]\n"query.minSeq" = 0\n'
VISITOR = STRANGER + '"query.symbol" = "BTCUSDT"\n'
ORDER = {"symbol": "BTCUSDT", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
PAIR = {"aboveType": "LIMIT_MAKER", "abovePrice": "60000", "belowType": "STOP_LOSS", "belowStopPrice": "30000"}
# What chance does not find: orders that are accepted. They are there then for whoever asks.
GOOD = [
    ("POST", "/api/v3/order", {**ORDER, "side": "SELL", "price": "45000", "newClientOrderId": "maker"}),
    ("POST", "/api/v3/order", {**ORDER, "side": "BUY", "price": "45000", "newOrderRespType": "FULL"}),
    ("POST", "/api/v3/order", {**ORDER, "side": "SELL", "price": "46000", "newOrderRespType": "ACK", "newClientOrderId": "one"}),
    ("POST", "/api/v3/order", {**ORDER, "side": "SELL", "price": "46000", "newOrderRespType": "RESULT", "newClientOrderId": "two"}),
    ("POST", "/api/v3/order/test", {**ORDER, "side": "BUY", "price": "45000", "computeCommissionRates": "true"}),
    ("GET", "/api/v3/order", {"symbol": "BTCUSDT", "origClientOrderId": "maker"}),
    ("PUT", "/api/v3/order/amend/keepPriority", {"symbol": "BTCUSDT", "origClientOrderId": "one", "newClientOrderId": "less", "newQty": "0.005"}),
    (
        "POST",
        "/api/v3/order/cancelReplace",
        {**ORDER, "side": "SELL", "price": "47000", "cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrigClientOrderId": "two"},
    ),
    ("POST", "/api/v3/orderList/oco", {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01", "listClientOrderId": "pair", **PAIR}),
    ("GET", "/api/v3/orderList", {"origClientOrderId": "pair"}),
    ("GET", "/api/v3/allOrderList", {}),
    ("DELETE", "/api/v3/orderList", {"symbol": "BTCUSDT", "listClientOrderId": "pair"}),
    ("POST", "/x/v1/batchOrders", {"batchOrders": '[{"symbol":"BTCUSDT"},{"symbol":"BTCUSDT","side":"SELL","type":"MARKET","quantity":"0.01"}]'}),
    ("DELETE", "/api/v3/order", {"symbol": "BTCUSDT", "origClientOrderId": "less"}),
    ("DELETE", "/api/v3/openOrders", {"symbol": "BTCUSDT"}),
    ("GET", "/api/v3/allOrders", {"symbol": "BTCUSDT"}),
    ("GET", "/api/v3/myTrades", {"symbol": "BTCUSDT"}),
    ("GET", "/api/v3/myPreventedMatches", {"symbol": "BTCUSDT", "orderId": "1"}),
    ("GET", "/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1m"}),
    ("POST", "/api/v3/order", {**ORDER, "side": "BUY", "price": "40000"}),
]


def sign_in():
    """Begins a demo session; what a browser's script then sends with every request."""
    answer = requests.post(f"{BASE}/x/v1/session/demo", timeout=10)
    answer.raise_for_status()
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in answer.cookies)
    return {"Cookie": cookies, "X-CSRF-Token": answer.json()["csrfToken"]}


def send_good_ones(headers):
    """Sends requests that must succeed, and compares the answers with the document."""
    document = schemathesis.openapi.from_url(DOCUMENT)
    for method, path, params in GOOD:
        answer = requests.request(method, BASE + path, params=params, headers=headers, timeout=10)
        if answer.status_code != 200:
            sys.exit(f"{method} {path}: {answer.status_code} {answer.text}")
        document[path][method.lower()].validate_response(answer)


def run(who, headers, examples, settings):
    print(f"as {who}", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        config = os.path.join(directory, "schemathesis.toml")
        with open(config, "w") as file:
            file.write(settings)
        command = [os.path.join(os.path.dirname(sys.executable), "schemathesis"), "--config-file", config, "run", DOCUMENT]
        command += ["--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing", "--warnings", "off"]
        command += ["--generation-deterministic", "--max-examples", str(examples), "--continue-on-failure", "--request-timeout", "20"]
        # Signing out would end the session everything else leans on, and a made-up key would be tried before it.
        if headers:
            command += ["--exclude-operation-id", "deleteXV1Session", "--generation-with-security-parameters", "false"]
        for name, value in headers.items():
            command += ["--header", f"{name}:{value}"]
        return subprocess.run(command, cwd=directory).returncode == 0


visitor = sign_in()
send_good_ones(visitor)
operator = {"Authorization": f"Bearer {os.environ['OPERATOR_TOKEN']}"}
results = [
    run("a stranger", {}, 3, STRANGER),
    run("the demo's visitor and the operator", {**visitor, **operator}, 10, VISITOR),
]
if not all(results):
    sys.exit("the API is not what its document says")
print("the API is what its document says")
