"""binance-sdk-spot, as it comes from PyPI."""

import re

from wire import Reply, candle, serve, tell

from binance_common.errors import Error
from binance_sdk_spot.spot import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
    Spot,
)

FOLLOW = {
    "trade": lambda streams: streams.trade(symbol="btcusdt"),
    "kline": lambda streams: streams.kline(symbol="btcusdt", interval="1s"),
    "bookTicker": lambda streams: streams.book_ticker(symbol="btcusdt"),
    "depth": lambda streams: streams.diff_book_depth(symbol="btcusdt", update_speed="100ms"),
}


def named(**words):
    """The words with the names of its arguments."""
    name = lambda word: re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), word)
    return {name(word): value for word, value in words.items()}


def plain(data):
    """Its models, as what they are made from."""
    if isinstance(data, list):
        return [plain(one) for one in data]
    if getattr(data, "actual_instance", None) is not None:
        return plain(data.actual_instance)
    if not hasattr(data, "to_dict"):
        return data
    return {name: value for name, value in data.to_dict().items() if name != "additional_properties"}


def event(message):
    """A private event; which it is, is its model's name."""
    name = type(message.actual_instance).__name__
    return {"e": name[0].lower() + name[1:], **plain(message)}


def start(http, ws, kind, key, secret):
    signs = {"api_key": key, **({"api_secret": secret} if kind == "HMAC" else {"private_key": secret})}
    spot = Spot(
        config_rest_api=ConfigurationRestAPI(base_path=http, timeout=10_000, retries=0, **signs),
        config_ws_api=ConfigurationWebSocketAPI(stream_url=f"{ws}/ws-api/v3", **signs),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=ws),
    )
    rest, followed, connections = spot.rest_api, {}, {}

    async def connection(which):
        if which not in connections:
            connections[which] = await getattr(spot, which).create_connection()
        return connections[which]

    async def follow(stream):
        followed[stream] = await FOLLOW[stream](await connection("websocket_streams"))
        followed[stream].on("message", lambda message: tell(stream, plain(message)))

    async def user():
        handle = await (await connection("websocket_api")).user_data_stream_subscribe_signature()
        handle.stream.on("message", lambda message: tell("user", event(message)))

    async def asked(method, words):
        data = (await getattr(await connection("websocket_api"), method)(**named(**words))).data()
        if isinstance(data, dict) and "error" in data:
            raise Reply(data["error"]["code"], data["error"]["msg"])
        return plain(data.result)

    def by_rest(method, **always):
        return lambda **words: plain(method(**{**always, **named(**words)}).data())

    return {
        "info": by_rest(rest.exchange_info),
        "time": lambda: rest.time().data().server_time,
        "account": by_rest(rest.get_account),
        "place": by_rest(rest.new_order, new_order_resp_type="FULL"),
        "order": by_rest(rest.get_order),
        "cancel": by_rest(rest.delete_order),
        "openOrders": by_rest(rest.get_open_orders),
        "allOrders": by_rest(rest.all_orders),
        "myTrades": by_rest(rest.my_trades),
        "oco": by_rest(rest.order_list_oco),
        "klines": lambda **which: [candle(row) for row in by_rest(rest.klines)(**which)],
        "trades": by_rest(rest.get_trades),
        "ticker": by_rest(rest.ticker24hr),
        "bookTicker": by_rest(rest.ticker_book_ticker),
        "depth": by_rest(rest.depth),
        "follow": follow,
        "leave": lambda stream: followed.pop(stream).unsubscribe(),
        "user": user,
        "wsPlace": lambda **order: asked("order_place", order),
        "wsCancel": lambda **which: asked("order_cancel", which),
    }


def refusal(error):
    # `status_code` is the exchange's number.
    return (error.status_code, error.error_message) if isinstance(error, Error) else None


serve(start, refusal)
