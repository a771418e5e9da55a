"""Runs the acceptance matrix against a server it starts: python tests/python/clients PROGRAM [--seconds N] [--only NAME]."""

import argparse
import asyncio
import os
import sys

import binance_async
import binance_sync
import ccxt_pro
import ccxt_sync
import every_row
from exchange import Hand, Server
from matrix import Matrix

HERE = os.path.dirname(os.path.abspath(__file__))
NODE = os.path.join(HERE, "../../node/clients")

CLIENTS = {
    "ccxt": (ccxt_sync.run, False),
    "ccxt.pro": (ccxt_pro.run, True),
    "binance": (binance_sync.run, False),
    "binance async": (binance_async.run, True),
}
# Clients with a program of their own, and what runs it: the interpreter of their environment, or Node.
PYTHON = {"connector": "connector", "sdk-spot": "sdk_spot", "unicorn": "unicorn"}
JAVASCRIPT = {
    "connector js": "binance_connector",
    "spot js": "binance_spot",
    "node-binance-api": "node_binance_api",
    "binance-api-node": "binance_api_node",
    "tiagosiebler": "tiagosiebler",
}


def programs(arguments):
    """The command of each client with a program of its own."""
    commands = {}
    if arguments.python:
        for name, script in PYTHON.items():
            commands[name] = [arguments.python, os.path.join(HERE, "others", f"{script}.py")]
    else:
        print("left out for want of --python:", ", ".join(PYTHON))
    if arguments.javascript:
        for name, script in JAVASCRIPT.items():
            commands[name] = ["node", os.path.join(NODE, f"{script}.mjs")]
    else:
        print("left out for want of --javascript:", ", ".join(JAVASCRIPT))
    return commands


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each book is watched")
    parser.add_argument("--python", help="the interpreter that has others/requirements.txt; without it they are left out")
    parser.add_argument("--javascript", action="store_true", help="the clients of tests/node/clients too")
    parser.add_argument("--only", choices=[*CLIENTS, *PYTHON, *JAVASCRIPT])
    arguments = parser.parse_args()
    clients = {**CLIENTS, **programs(arguments)}
    if arguments.only and arguments.only not in clients:
        parser.error(f"{arguments.only} is left out")
    if arguments.only:
        clients = {arguments.only: clients[arguments.only]}
    server, matrix = Server(arguments.program), Matrix(arguments.seconds + 60)
    try:
        maker = server.account(101, BTC="1000", USDT="10000000")
        hand = Hand(server, server.key(maker))
        for number, (name, how) in enumerate(clients.items()):
            account = server.account(201 + number, BTC="10", USDT="1000000")
            keys = {kind: server.key(account, kind) for kind in ("HMAC", "ED25519", "RSA")}
            hand.clear()
            column = matrix.client(name)
            if isinstance(how, list):
                asyncio.run(every_row.run(column, server, keys, hand, how))
                continue
            run, is_async = how
            if is_async:
                asyncio.run(run(column, server, keys, hand, arguments.seconds))
            else:
                run(column, server, keys, hand)
        green = matrix.print()
        server.stop()
    finally:
        server.process.kill()
    print("\nall green:" if green else "\nnot all green:", matrix.counts())
    return 0 if green else 1


sys.exit(main())
