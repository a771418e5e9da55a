"""An order book kept by a client, and the truth to compare it with.

The truth is the exchange's own word: the checksum in every depth diff while the book moves, and the snapshot once
everything is quiet.
"""

import asyncio
import json
import threading
import urllib.request
import zlib
from decimal import Decimal

import websockets

from matrix import expect

LEVELS = 10


class Trader(threading.Thread):
    """Moves the market as long as the block lasts: one order at a time, some of them trades, all at 60,000."""

    def __init__(self, hand):
        super().__init__(daemon=True)
        self.hand, self.done, self.error, self.orders = hand, threading.Event(), None, 0

    def run(self):
        resting, step = [], 0
        try:
            while not self.done.is_set():
                step += 1
                side = "BUY" if step % 2 else "SELL"
                away = (step * 7919) % 60
                price = 60_000 - 1 - away if side == "BUY" else 60_000 + 1 + away
                order = self.hand.limit(side, f"{0.001 * (1 + step % 5):.5f}", f"{price}.00")
                resting.append(order["orderId"])
                self.orders += 1
                if len(resting) > 40:
                    self.hand.ask("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=resting.pop(step % 40))
                if step % 5 == 0:
                    self.hand.limit("SELL", "0.001", "60000")
                    self.hand.limit("BUY", "0.001", "60000", selfTradePreventionMode="NONE")
                self.done.wait(0.005)
            for order in resting[::2]:
                self.hand.ask("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=order)
        except Exception as error:  # noqa: BLE001 - told by whoever joins
            self.error = error

    async def stop(self):
        """Stops; half of what it left in the book stays there."""
        self.done.set()
        await asyncio.to_thread(self.join, 30)
        if self.error:
            raise self.error
        expect(not self.is_alive())

    async def __aenter__(self):
        self.start()
        return self

    async def __aexit__(self, *_):
        await self.stop()
        await asyncio.to_thread(self.hand.clear)


class Audit:
    """Compares the books a client has with the checksums of a plain socket beside it."""

    def __init__(self, server):
        self.server, self.told, self.kept, self.since = server, {}, [], None

    async def __aenter__(self):
        self.socket = await websockets.connect(f"{self.server.ws}/ws/btcusdt@depth@100ms")
        self.listening = asyncio.create_task(self.listen())
        return self

    async def __aexit__(self, *_):
        await self.socket.close()
        await self.listening

    async def listen(self):
        async for message in self.socket:
            diff = json.loads(message)
            self.told[diff["u"]] = diff["cs"]

    def note(self, update, bids, asks):
        """Notes the client's book after the update of this number."""
        if self.since is None:
            # A client may fetch a snapshot that is ahead of the stream: until the stream has passed it, its book is
            # ahead of its own number. The first snapshot is not newer than the book is now.
            self.since, _, _ = truth(self.server)
        self.kept.append((update, checksum(bids, asks)))

    def verify(self):
        """Every book that can be compared is right; returns how many were."""
        compared = [(u, mine) for u, mine in self.kept if u > self.since and u in self.told]
        wrong = [u for u, mine in compared if mine != self.told[u]]
        expect(not wrong, "wrong after", wrong[:10], "of", len(compared))
        return len(compared)


def checksum(bids, asks):
    """The CRC-32 of docs/market-data.md."""
    number = lambda value: f"{Decimal(str(value)):.8f}".replace(".", "").lstrip("0")
    best = [*list(asks)[:LEVELS], *list(bids)[:LEVELS]]
    return zlib.crc32("".join(number(level[0]) + number(level[1]) for level in best).encode())


def truth(server, limit=100):
    """The book as the exchange says it is: bids and asks as exact numbers."""
    with urllib.request.urlopen(f"{server.http}/api/v3/depth?symbol=BTCUSDT&limit={limit}", timeout=10) as reply:
        depth = json.load(reply)
    side = lambda levels: [(Decimal(price), Decimal(quantity)) for price, quantity in levels]
    return depth["lastUpdateId"], side(depth["bids"]), side(depth["asks"])


def same(bids, asks, server, levels=20):
    """Whether a client's book is the exchange's, in its best levels; the client's numbers may be floats."""
    _, true_bids, true_asks = truth(server)
    close = lambda one, other: abs(Decimal(str(one)) - other) <= Decimal("1e-9")
    for seen, true in ((bids, true_bids), (asks, true_asks)):
        seen, true = list(seen)[:levels], true[:levels]
        if len(seen) != len(true):
            return False
        if not all(close(s[0], t[0]) and close(s[1], t[1]) for s, t in zip(seen, true)):
            return False
    return True
