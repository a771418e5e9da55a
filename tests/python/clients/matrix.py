"""The acceptance matrix: every client through every row."""

import asyncio
import traceback

ROWS = [
    "load markets",
    "balance",
    "limit order",
    "post-only order",
    "market order",
    "market order by quote",
    "stop-limit order",
    "one-cancels-the-other",
    "cancel by id",
    "cancel by client id",
    "cancel unknown (-2011)",
    "open orders",
    "all orders",
    "own trades",
    "first candle ever",
    "candles live",
    "public trades",
    "tickers",
    "book by REST",
    "book by WebSocket",
    "private stream: new, trade, canceled",
    "private stream: balances",
    "order by WebSocket API",
    "error mapping",
    "HMAC key",
    "Ed25519 key",
    "RSA key",
    "clock ahead and behind (-1021)",
]

# How many clients are printed beside each other.
WIDE = 6


class Matrix:
    """What came of each row for each client."""

    def __init__(self, deadline):
        self.deadline = deadline
        self.clients, self.cells, self.failures = [], {}, []

    def client(self, name):
        self.clients.append(name)
        return Column(self, name)

    def print(self):
        width = max(map(len, ROWS))
        for first in range(0, len(self.clients), WIDE):
            clients = self.clients[first : first + WIDE]
            names = [f"{name:>16}" for name in clients]
            print("\n" + " " * width, *names)
            for row in ROWS:
                cells = [f"{self.cells.get((client, row), 'MISSING'):>16}" for client in clients]
                print(f"{row:<{width}}", *cells)
        for client, row, text in self.failures:
            print(f"\n--- {client}: {row}\n{text}")
        missing = [(c, r) for c in self.clients for r in ROWS if (c, r) not in self.cells]
        return not self.failures and not missing

    def counts(self):
        """How many rows of how many clients came out how, in a line."""
        found = list(self.cells.values())
        missing = len(self.clients) * len(ROWS) - len(found)
        return (
            f"{len(self.clients)} clients, {len(ROWS)} rows: {found.count('ok')} ok, {found.count('-')} not offered, "
            f"{found.count('FAILED')} failed, {missing} missing"
        )


class Column:
    """One client's rows."""

    def __init__(self, matrix, name):
        self.matrix, self.name = matrix, name

    def row(self, name, check):
        """Runs a row's check: it returns, or raises what is wrong."""
        try:
            check()
            self.passed(name)
        except Exception:  # noqa: BLE001 - printed with the matrix
            self.failed(name, traceback.format_exc(limit=6))

    async def arow(self, name, check):
        """The same for a coroutine, which has so many seconds."""
        try:
            await asyncio.wait_for(check(), self.matrix.deadline)
            self.passed(name)
        except Exception:  # noqa: BLE001
            self.failed(name, traceback.format_exc(limit=6))

    def passed(self, name):
        assert name in ROWS, name
        self.matrix.cells[self.name, name] = "ok"

    def failed(self, name, text):
        assert name in ROWS, name
        self.matrix.cells[self.name, name] = "FAILED"
        self.matrix.failures.append((self.name, name, text))

    def missing(self):
        """The first row nothing has come of, or the last."""
        return next((name for name in ROWS if (self.name, name) not in self.matrix.cells), ROWS[-1])

    def no(self, name, why):
        """The client cannot do this at all; the reason is printed once."""
        assert name in ROWS, name
        self.matrix.cells[self.name, name] = "-"
        print(f"{self.name} has no {name}: {why}")


def expect(condition, *seen):
    """An assertion that says what was seen instead."""
    if not condition:
        raise AssertionError(" ".join(map(repr, seen)) or "not so")


def raises(error, call, text=""):
    """Expects an error of this class with this text in it."""
    try:
        result = call()
    except error as caught:
        expect(text in str(caught), caught)
        return caught
    raise AssertionError(f"no {error.__name__}, but {result!r}")


async def araises(error, call, text=""):
    """The same for a coroutine."""
    try:
        result = await call
    except error as caught:
        expect(text in str(caught), caught)
        return caught
    raise AssertionError(f"no {error.__name__}, but {result!r}")
