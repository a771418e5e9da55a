"""Schemathesis asks every operation of the OpenAPI document: as a stranger, and as somebody who may."""

import os
import subprocess
import sys
import tempfile

import requests

BASE = os.environ["LIGHTNING_URL"]
DOCUMENT = f"{BASE}/api-docs/openapi.json"
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]
# A position that is still to come would have every read wait for it in vain.
CONFIG = """
[parameters]
"query.minSeq" = 0
"""


def sign_in():
    """Begins a demo session; what a browser's script then sends with every request."""
    answer = requests.post(f"{BASE}/x/v1/session/demo", timeout=10)
    answer.raise_for_status()
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in answer.cookies)
    return {"Cookie": cookies, "X-CSRF-Token": answer.json()["csrfToken"]}


def run(who, headers, examples):
    print(f"as {who}", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        config = os.path.join(directory, "schemathesis.toml")
        with open(config, "w") as file:
            file.write(CONFIG)
        command = [os.path.join(os.path.dirname(sys.executable), "schemathesis"), "--config-file", config, "run", DOCUMENT]
        command += ["--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing", "--warnings", "off"]
        command += ["--generation-deterministic", "--max-examples", str(examples), "--continue-on-failure", "--request-timeout", "20"]
        # It would end the session everything else leans on.
        command += ["--exclude-operation-id", "deleteXV1Session"] if headers else []
        for name, value in headers.items():
            command += ["--header", f"{name}:{value}"]
        return subprocess.run(command, cwd=directory).returncode == 0


operator = {"Authorization": f"Bearer {os.environ['OPERATOR_TOKEN']}"}
results = [run("a stranger", {}, 3), run("the demo's visitor and the operator", {**sign_in(), **operator}, 12)]
if not all(results):
    sys.exit("the API is not what its document says")
print("the API is what its document says")
