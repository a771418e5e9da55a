"""The UNICORN Binance Suite, as it comes from PyPI."""

import asyncio

from wire import Reply, candle, serve, tell

from unicorn_binance_rest_api import BinanceAPIException, BinanceRestApiManager
from unicorn_binance_websocket_api import BinanceWebSocketApiManager

CHANNELS = {"trade": "trade", "kline_1s": "kline", "bookTicker": "bookTicker", "depth@100ms": "depth"}


def start(http, ws, kind, key, secret):
    class Rest(BinanceRestApiManager):
        def _init_session(self):
            self.API_URL, self.MARGIN_API_URL = f"{http}/api", f"{http}/sapi"
            return super()._init_session()

    rest = Rest(key, secret, exchange="binance.com", warn_on_update=False)
    sockets = BinanceWebSocketApiManager(
        exchange="binance.com", warn_on_update=False, websocket_base_uri=f"{ws}/",
        websocket_api_base_uri=f"{ws}/ws-api/v3", restful_base_uri=f"{http}/",
    )
    followed, streams, api = set(), [], []

    def heard(message):
        # What is not an event is the answer to the subscription.
        name = CHANNELS[message["stream"].split("@", 1)[1]] if "stream" in message else None
        if name in followed:
            tell(name, message["data"])

    def follow(stream):
        followed.add(stream)
        if not streams:
            # It takes five seconds to make a stream, so one is made for all.
            streams.append(
                sockets.create_stream([*CHANNELS], ["btcusdt"], output="dict", process_stream_data=heard)
            )

    async def user():
        stream = sockets.create_stream(
            "arr", "!userData", api_key=key, api_secret=secret, output="dict",
            process_stream_data=lambda message: tell("user", message["event"]),
        )
        # It keeps the answer to the subscription to itself: once that came the request's name is gone.
        state = sockets.stream_list[stream]
        while state["status"] != "running" or state.get("userdata_subscribe_id") is not None:
            await asyncio.sleep(0.01)

    async def asked(method, **words):
        if not api:
            api.append(sockets.create_stream(api=True, api_key=key, api_secret=secret, output="dict"))
        call = getattr(sockets.api.spot, method)
        answer = await asyncio.to_thread(call, stream_id=api[0], return_response=True, **words)
        if isinstance(answer, tuple):  # An order's name comes with the answer, a cancel's does not.
            _, answer = answer
        if "error" in answer:
            raise Reply(answer["error"]["code"], answer["error"]["msg"])
        return answer["result"]

    def oco(abovePrice, belowPrice, belowStopPrice, belowTimeInForce, aboveType, belowType, **list_):
        # It asks for lists at the old route, with the words of then.
        return rest.create_oco_order(
            price=abovePrice, stopPrice=belowStopPrice, stopLimitPrice=belowPrice,
            stopLimitTimeInForce=belowTimeInForce, **list_,
        )

    return {
        "info": rest.get_exchange_info,
        "time": lambda: rest.get_server_time()["serverTime"],
        "account": rest.get_account,
        "place": lambda **order: rest.create_order(**{"newOrderRespType": "FULL", **order}),
        "order": rest.get_order,
        "cancel": rest.cancel_order,
        "openOrders": rest.get_open_orders,
        "allOrders": rest.get_all_orders,
        "myTrades": rest.get_my_trades,
        "oco": oco,
        "klines": lambda **which: [candle(row) for row in rest.get_klines(**which)],
        # `get_recent_trades` asks an old version of the route.
        "trades": lambda symbol: rest.get_historical_trades(symbol=symbol),
        "ticker": rest.get_ticker,
        "bookTicker": rest.get_orderbook_ticker,
        "depth": rest.get_order_book,
        "follow": follow,
        "leave": lambda stream: followed.remove(stream),
        "user": user,
        "wsPlace": lambda symbol, side, type, quantity, price, timeInForce: asked(
            "create_order", symbol=symbol, side=side, order_type=type, quantity=float(quantity),
            price=float(price), time_in_force=timeInForce, new_client_order_id="unicorn-1",
        ),
        "wsCancel": lambda symbol, orderId: asked("cancel_order", symbol=symbol, order_id=orderId),
    }


def refusal(error):
    return (error.code, error.message) if isinstance(error, BinanceAPIException) else None


WHY = "it signs with HMAC secrets only"
serve(start, refusal, {"Ed25519 key": WHY, "RSA key": WHY})
