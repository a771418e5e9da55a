"""What a client's script and the matrix say to each other: program.py beside this directory. Standard output is theirs alone."""

import asyncio
import inspect
import json
import os
import socket
import sys
import threading
import time
import traceback

OUTPUT, LOCK = sys.stdout, threading.Lock()
# Whatever a client prints would be taken for an answer.
sys.stdout = sys.stderr

# Every clock a client reads is this one, so it can be set wrong without knowing the client's settings.
REAL_TIME, SKEW = time.time, [0.0]
time.time = lambda: REAL_TIME() + SKEW[0]

REAL_LOOKUP = socket.getaddrinfo


def lookup(host, *rest, **named):
    """Whatever a script forgets to override is an error, not a request to the real venue."""
    name = host.decode() if isinstance(host, bytes) else host
    if name not in (None, "127.0.0.1", "localhost"):
        raise socket.gaierror(f"{name} is not this machine")
    return REAL_LOOKUP(host, *rest, **named)


socket.getaddrinfo = lookup


def say(message):
    with LOCK:
        OUTPUT.write(json.dumps(message) + "\n")
        OUTPUT.flush()


def tell(event, data):
    say({"event": event, "data": data})


def candle(row):
    """A candle as most clients give it: the exchange's list."""
    return {"openTime": row[0], "open": row[1], "volume": row[5]}


class Reply(Exception):
    """A refusal a client does not raise but gives as an answer."""

    def __init__(self, code, text):
        super().__init__(code, text)
        self.code, self.text = code, text


async def answers(start, refusal, cannot):
    calls = {}

    async def answer(call, words):
        if call == "open":
            made = start(**words)
            calls.update(await made if inspect.isawaitable(made) else made)
            return cannot
        if call == "skew":
            SKEW[0] = words["ms"] / 1000
            return None
        made = calls[call](**words)
        return await made if inspect.isawaitable(made) else made

    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        try:
            say({"id": asked["id"], "answer": await answer(asked["call"], asked["with"])})
        except Exception as error:  # noqa: BLE001 - the matrix judges it
            code, text = (error.code, error.text) if isinstance(error, Reply) else refusal(error) or (None, None)
            text = text or traceback.format_exc(limit=-4)
            say({"id": asked["id"], "refused": {"code": code, "text": text}})


def serve(start, refusal, cannot=None):
    """Answers every call until standard input ends. `start(**settings)` makes the client and returns its calls; `refusal`
    reads the exchange's number and words from what the client raises, and `cannot` says which rows it has no call for,
    and why."""
    asyncio.run(answers(start, refusal, cannot or {}))
    OUTPUT.flush()
    os._exit(0)  # Threads a client leaves would keep the program.
