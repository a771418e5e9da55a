"""binance-connector, as it comes from PyPI."""

import asyncio
import json
import uuid

from wire import Reply, candle, serve, tell

from binance.error import ClientError
from binance.spot import Spot
from binance.websocket.spot.websocket_api import SpotWebsocketAPIClient
from binance.websocket.spot.websocket_stream import SpotWebsocketStreamClient

FOLLOW = {
    "trade": lambda streams: streams.trade("btcusdt"),
    "kline": lambda streams: streams.kline("btcusdt", "1s"),
    "bookTicker": lambda streams: streams.book_ticker("btcusdt"),
    "depth": lambda streams: streams.diff_book_depth("btcusdt", speed=100),
}


class Asking:
    """Its WebSocket API answers by a callback; here each request waits for its answer."""

    def __init__(self, ws, key, secret):
        self.loop, self.waiting = asyncio.get_running_loop(), {}
        self.socket = SpotWebsocketAPIClient(
            stream_url=f"{ws}/ws-api/v3", api_key=key, api_secret=secret, on_message=self.heard
        )

    def heard(self, _, text):
        message = json.loads(text)
        self.loop.call_soon_threadsafe(self.waiting.pop(message["id"]).set_result, message)

    async def ask(self, send):
        name = str(uuid.uuid4())
        answer = self.waiting[name] = self.loop.create_future()
        send(self.socket, name)
        message = await answer
        if "error" in message:
            raise Reply(message["error"]["code"], message["error"]["msg"])
        return message["result"]


def start(http, ws, kind, key, secret):
    signs = {"api_secret": secret} if kind == "HMAC" else {"private_key": secret}
    client = Spot(key, base_url=http, timeout=10, **signs)
    followed, api = {}, []

    def follow(stream):
        # What is not an event is the answer to the subscription.
        def heard(_, text):
            message = json.loads(text)
            if "id" not in message:
                tell(stream, message)

        followed[stream] = SpotWebsocketStreamClient(stream_url=ws, on_message=heard)
        FOLLOW[stream](followed[stream])

    def ask(send):
        if not api:
            api.append(Asking(ws, key, secret))
        return api[0].ask(send)

    return {
        "info": client.exchange_info,
        "time": lambda: client.time()["serverTime"],
        "account": client.account,
        "place": lambda **order: client.new_order(**{"newOrderRespType": "FULL", **order}),
        "order": client.get_order,
        "cancel": client.cancel_order,
        "openOrders": client.get_open_orders,
        "allOrders": client.get_orders,
        "myTrades": client.my_trades,
        "oco": client.new_oco_order,
        "klines": lambda **which: [candle(row) for row in client.klines(**which)],
        "trades": client.trades,
        "ticker": client.ticker_24hr,
        "bookTicker": client.book_ticker,
        "depth": client.depth,
        "follow": follow,
        "leave": lambda stream: followed.pop(stream).stop(),
        "wsPlace": lambda **order: ask(lambda socket, name: socket.new_order(id=name, **order)),
        "wsCancel": lambda **which: ask(lambda socket, name: socket.cancel_order(id=name, **which)),
    }


def refusal(error):
    return (error.error_code, error.error_message) if isinstance(error, ClientError) else None


WHY = "it knows private events only by listen keys, and there are none"
serve(start, refusal, {"private stream: new, trade, canceled": WHY, "private stream: balances": WHY})
