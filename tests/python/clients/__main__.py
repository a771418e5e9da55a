"""Runs the acceptance matrix against a server it starts: python tests/python/clients PROGRAM [--seconds N] [--only NAME]."""

import argparse
import asyncio
import sys

import binance_async
import binance_sync
import ccxt_pro
import ccxt_sync
from exchange import Hand, Server
from matrix import Matrix

CLIENTS = {
    "ccxt": (ccxt_sync.run, False),
    "ccxt.pro": (ccxt_pro.run, True),
    "binance": (binance_sync.run, False),
    "binance async": (binance_async.run, True),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each book is watched")
    parser.add_argument("--only", choices=CLIENTS)
    arguments = parser.parse_args()
    server, matrix = Server(arguments.program), Matrix(arguments.seconds + 60)
    try:
        maker = server.account(101, BTC="1000", USDT="10000000")
        hand = Hand(server, server.key(maker))
        for number, (name, (run, is_async)) in enumerate(CLIENTS.items()):
            if arguments.only not in (None, name):
                continue
            account = server.account(201 + number, BTC="10", USDT="1000000")
            keys = {kind: server.key(account, kind) for kind in ("HMAC", "ED25519", "RSA")}
            hand.clear()
            column = matrix.client(name)
            if is_async:
                asyncio.run(run(column, server, keys, hand, arguments.seconds))
            else:
                run(column, server, keys, hand)
        green = matrix.print()
        server.stop()
    finally:
        server.process.kill()
    print("\nall green" if green else "\nnot all green")
    return 0 if green else 1


sys.exit(main())
