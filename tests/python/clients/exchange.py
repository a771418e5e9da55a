"""The exchange under test: a server of its own, and what the operator does on it."""

import base64
import hashlib
import hmac
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

SYMBOL = "BTCUSDT"
TOKEN = "operator-token-of-the-client-tests"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`lightning serve` on a fresh directory; everything that starts is stopped again."""

    def __init__(self, program):
        self.port = free_port()
        self.directory = tempfile.TemporaryDirectory(prefix="lightning-clients-")
        self.config = os.path.join(self.directory.name, "exchange.toml")
        with open(self.config, "w") as file:
            file.write(
                f'[server]\nlisten = "127.0.0.1:{self.port}"\nworkers = 1\n[engine]\narbiters = 1\n'
                f'[data]\ndirectory = "{self.directory.name}/data"\n[operator]\ntoken = "{TOKEN}"\n'
                "[demo]\nenabled = false\n[feed]\nsynthetic = false\n[grpc]\nenabled = false\n"
                # Whoever moves the book while a client watches it places more than 100 orders in ten seconds.
                "[limits]\norders-per-10-seconds = 100000\norders-per-day = 100000000\n"
            )
        self.log = open(os.path.join(self.directory.name, "server.log"), "wb")
        self.program = program
        self.start()

    def start(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("LIGHTNING_")}
        arguments = [self.program, "serve", "--config", self.config]
        self.process = subprocess.Popen(arguments, stdout=self.log, stderr=self.log, env=environment)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.get("/health/ready")
                return
            except (urllib.error.URLError, ConnectionError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the server did not start:\n{self.last_words()}") from None
                time.sleep(0.05)

    def last_words(self):
        with open(self.log.name, "rb") as file:
            return file.read()[-4000:].decode(errors="replace")

    def stop(self):
        self.process.terminate()
        if self.process.wait(30) != 0:
            raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.last_words()}")

    @property
    def http(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self):
        return f"ws://127.0.0.1:{self.port}"

    def get(self, path):
        with urllib.request.urlopen(self.http + path, timeout=10) as reply:
            body = reply.read()
            return json.loads(body) if body[:1] in b"[{" else body

    def operate(self, path, body):
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(
            f"{self.http}/x/v1/operator/{path}", data=json.dumps(body).encode(), headers=headers, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {error.code} {error.read().decode()}") from None

    def account(self, number, **balances):
        """Opens an account with these balances, unless it is there already."""
        self.operate("accounts", {"id": number})
        for asset, amount in balances.items():
            self.operate("deposit", {"accountId": number, "asset": asset, "amount": amount})
        return number

    def key(self, account, kind="HMAC"):
        """Gives an account a key of this type; returns what a client signs with."""
        body = {"accountId": account, "permissions": ["TRADE", "USER_DATA"], "type": kind, "label": kind.lower()}
        if kind == "HMAC":
            made = self.operate("keys", body)
            return Key(kind, made["apiKey"], made["secretKey"])
        if kind == "ED25519":
            private = ed25519.Ed25519PrivateKey.generate()
        else:
            private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        made = self.operate("keys", {**body, "publicKey": public.decode()})
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return Key(kind, made["apiKey"], pem.decode())


class Key:
    """A key and what signs with it."""

    def __init__(self, kind, public, secret):
        self.kind, self.public, self.secret = kind, public, secret

    def sign(self, payload):
        if self.kind == "HMAC":
            return hmac.new(self.secret.encode(), payload, hashlib.sha256).hexdigest()
        private = serialization.load_pem_private_key(self.secret.encode(), None)
        if self.kind == "ED25519":
            return base64.b64encode(private.sign(payload)).decode()
        return base64.b64encode(private.sign(payload, padding.PKCS1v15(), hashes.SHA256())).decode()


class Hand:
    """A plain signed client: sets the scene for the clients under test, and is the truth beside them."""

    def __init__(self, server, key):
        self.server, self.key = server, key

    def ask(self, method, path, **parameters):
        parameters["timestamp"] = int(time.time() * 1000)
        query = urllib.parse.urlencode(parameters)
        signature = urllib.parse.quote(self.key.sign(query.encode()), safe="")
        request = urllib.request.Request(
            f"{self.server.http}{path}?{query}&signature={signature}",
            method=method,
            headers={"X-MBX-APIKEY": self.key.public},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from None

    def limit(self, side, quantity, price, **more):
        order = {"symbol": SYMBOL, "side": side, "type": "LIMIT", "timeInForce": "GTC"}
        return self.ask("POST", "/api/v3/order", **order, quantity=quantity, price=price, **more)

    def clear(self):
        """Cancels whatever is open."""
        for order in self.ask("GET", "/api/v3/openOrders"):
            try:
                self.ask("DELETE", "/api/v3/order", symbol=order["symbol"], orderId=order["orderId"])
            except RuntimeError as error:
                if "-2011" not in str(error):
                    raise
