"""A client that runs in a program of its own: another language, or packages python-binance cannot share an environment with.

Each line of its standard input is a call, `{"id": 1, "call": "place", "with": {…}}`; each line of its standard output
answers one, `{"id": 1, "answer": …}` or `{"id": 1, "refused": {"code": -2011, "text": "…"}}`, or tells of an event,
`{"event": "trade", "data": {…}}`. Whatever else it says goes to its standard error.
"""

import asyncio
import json
import tempfile

WAIT = 20


class Refused(Exception):
    """The client threw or answered an error; `code` is the exchange's if the client tells it."""

    def __init__(self, code, text):
        super().__init__(f"{code} {text}")
        self.code, self.text = code, text


class Program:
    """A running client. What is called on it is one of the calls of its script."""

    def __init__(self, command):
        self.command, self.waiting, self.events, self.last = command, {}, {}, 0

    async def __aenter__(self):
        self.complaints = tempfile.TemporaryFile()
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=self.complaints,
            limit=1 << 24,
        )
        self.reading = asyncio.create_task(self.read())
        return self

    async def __aexit__(self, *_):
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), WAIT)
        finally:
            if self.process.returncode is None:
                self.process.kill()
            await self.reading
            self.complaints.close()

    async def read(self):
        """Hands what the program says to whoever waits for it, and an end of the program to everybody who does."""
        async for line in self.process.stdout:
            message = json.loads(line)
            if "event" in message:
                self.heard(message["event"]).put_nowait(message["data"])
                continue
            waiting = self.waiting.pop(message["id"])
            if waiting.done():
                continue
            if "refused" in message:
                waiting.set_exception(Refused(**message["refused"]))
            else:
                waiting.set_result(message["answer"])
        self.complaints.seek(0)
        words = self.complaints.read()[-2000:].decode(errors="replace")
        for waiting in self.waiting.values():
            if not waiting.done():
                waiting.set_exception(RuntimeError(f"the client is gone: {words}"))

    async def call(self, name, **parameters):
        """Calls are answered one after the other, so a program that does not answer one is ended: it would not the next."""
        if self.reading.done():
            raise RuntimeError("the client is gone")
        self.last += 1
        answer = self.waiting[self.last] = asyncio.get_running_loop().create_future()
        self.process.stdin.write(json.dumps({"id": self.last, "call": name, "with": parameters}).encode() + b"\n")
        try:
            return await asyncio.wait_for(answer, WAIT)
        except asyncio.TimeoutError:
            self.process.kill()
            raise

    def heard(self, event):
        return self.events.setdefault(event, asyncio.Queue())

    async def next(self, event, is_wanted=lambda data: True):
        """The next event of this name that is wanted; those before it are left out."""

        async def listen():
            while not is_wanted(data := await self.heard(event).get()):
                pass
            return data

        return await asyncio.wait_for(listen(), WAIT)
