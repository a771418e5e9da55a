"""An order book kept by a client, and the truth to compare it with.

The truth is the exchange's own word: the checksum in every depth diff, and the snapshot once everything is quiet.
"""

import json
import threading
import urllib.request
from decimal import Decimal


class Trader(threading.Thread):
    """Moves the book while a client watches it: deterministic, one order at a time, until told to stop."""

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
                self.done.wait(0.002)
            for order in resting[::2]:
                self.hand.ask("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=order)
        except Exception as error:  # noqa: BLE001 - told by whoever joins
            self.error = error

    def stop(self):
        self.done.set()
        self.join(30)
        if self.error:
            raise self.error


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
