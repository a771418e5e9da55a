"""python-binance's synchronous client, as it comes from PyPI."""

import asyncio
import logging
import time

from binance.client import Client
from binance.exceptions import BinanceAPIException

from matrix import expect, raises

SYMBOL = "BTCUSDT"


def point_at(server):
    """Sets the addresses of every client of the package."""
    from binance import BinanceSocketManager
    from binance.base_client import BaseClient

    BaseClient.API_URL = f"{server.http}/api"
    BaseClient.MARGIN_API_URL = f"{server.http}/sapi"
    BaseClient.WS_API_URL = f"{server.ws}/ws-api/v3"
    BinanceSocketManager.STREAM_URL = f"{server.ws}/"


def client_of(key):
    if key.kind == "HMAC":
        return Client(key.public, key.secret)
    return Client(key.public, private_key=key.secret)


async def hang_up(client):
    """Closes a client's WebSocket API, which notices that with the next message or after ten seconds: something is
    asked meanwhile."""
    logging.getLogger("binance.ws").setLevel(logging.ERROR)  # Nobody waits for the answer, and a warning would say so.
    socket = client.ws_api
    if socket.ws is not None:
        await asyncio.gather(socket.close(), socket.ws.send('{"id":"last","method":"ping"}'))


def run(column, server, keys, hand):
    point_at(server)
    client = client_of(keys["HMAC"])
    rows(column, keys, hand, client)
    client.loop.run_until_complete(hang_up(client))


def rows(column, keys, hand, client):
    row = column.row

    def load_markets():
        info = client.get_exchange_info()
        expect(SYMBOL in [symbol["symbol"] for symbol in info["symbols"]])
        symbol = client.get_symbol_info(SYMBOL)
        filters = {one["filterType"] for one in symbol["filters"]}
        expect({"PRICE_FILTER", "LOT_SIZE", "NOTIONAL", "MARKET_LOT_SIZE"} <= filters, filters)
        expect(symbol["permissionSets"] == [["SPOT"]], symbol["permissionSets"])
        expect(client.get_system_status()["status"] == 0)
        expect(abs(client.get_server_time()["serverTime"] - time.time() * 1000) < 5_000)

    row("load markets", load_markets)

    def balance():
        expect(float(client.get_asset_balance("BTC")["free"]) > 0)
        expect(client.get_account()["canTrade"] is True)
        expect(client.get_trade_fee(symbol=SYMBOL))

    row("balance", balance)

    def limit():
        order = client.order_limit_buy(symbol=SYMBOL, quantity="0.01", price="50000")
        expect(order["status"] == "NEW" and order["fills"] == [], order)
        client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])
        client.create_test_order(
            symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.01", price="50000"
        )

    row("limit order", limit)

    def post_only():
        hand.limit("SELL", "0.01", "61000")
        taking = lambda: client.create_order(
            symbol=SYMBOL, side="BUY", type="LIMIT_MAKER", quantity="0.01", price="61000"
        )
        raises(BinanceAPIException, taking, "Order would immediately match and take.")
        hand.clear()

    row("post-only order", post_only)

    def market():
        hand.limit("SELL", "1", "60000")
        order = client.order_market_buy(symbol=SYMBOL, quantity=0.1)
        expect(order["status"] == "FILLED" and order["fills"][0]["price"] == "60000.00000000", order)

    row("market order", market)

    def by_quote():
        order = client.order_market_buy(symbol=SYMBOL, quoteOrderQty="600")
        expect(order["executedQty"] == "0.01000000", order)

    row("market order by quote", by_quote)

    def stop_limit():
        order = client.create_order(
            symbol=SYMBOL, side="SELL", type="STOP_LOSS_LIMIT", timeInForce="GTC",
            quantity="0.01", price="49000", stopPrice="50000",
        )
        expect("status" not in order, "the default reply is the short one", order)
        seen = client.get_order(symbol=SYMBOL, orderId=order["orderId"])
        expect(seen["status"] == "NEW" and seen["stopPrice"] == "50000.00000000", seen)
        expect(seen["isWorking"] is False, seen)
        client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])
        iceberg = client.order_limit_buy(symbol=SYMBOL, quantity="0.1", price="50000", icebergQty="0.01")
        seen = client.get_order(symbol=SYMBOL, orderId=iceberg["orderId"])
        expect(seen["icebergQty"] == "0.01000000", seen)
        client.cancel_order(symbol=SYMBOL, orderId=iceberg["orderId"])

    row("stop-limit order", stop_limit)

    def oco():
        pair = client.create_oco_order(
            symbol=SYMBOL, side="SELL", quantity="0.01",
            aboveType="LIMIT_MAKER", abovePrice="65000",
            belowType="STOP_LOSS_LIMIT", belowStopPrice="50000", belowPrice="49000", belowTimeInForce="GTC",
        )
        expect(pair["contingencyType"] == "OCO" and pair["listOrderStatus"] == "EXECUTING", pair)
        expect(len(pair["orders"]) == 2 and len(pair["orderReports"]) == 2, pair)
        expect(len(client.get_open_oco_orders()) == 1)
        gone = client.cancel_order(symbol=SYMBOL, orderId=pair["orders"][0]["orderId"])
        expect(gone.get("listOrderStatus") == "ALL_DONE" or gone["status"] == "CANCELED", gone)
        expect(client.get_open_orders(symbol=SYMBOL) == [])
        expect(client.get_open_oco_orders() == [])

    row("one-cancels-the-other", oco)

    def cancel_by_id():
        order = client.order_limit_buy(symbol=SYMBOL, quantity="0.01", price="50000")
        expect(client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])["status"] == "CANCELED")

    row("cancel by id", cancel_by_id)

    def cancel_by_name():
        client.order_limit_buy(symbol=SYMBOL, quantity="0.01", price="50000", newClientOrderId="pb-by-name")
        seen = client.cancel_order(symbol=SYMBOL, origClientOrderId="pb-by-name")
        expect(seen["origClientOrderId"] == "pb-by-name" and seen["status"] == "CANCELED", seen)

    row("cancel by client id", cancel_by_name)

    def unknown():
        error = raises(BinanceAPIException, lambda: client.cancel_order(symbol=SYMBOL, orderId=1))
        expect((error.code, error.message) == (-2011, "Unknown order sent."), error)

    row("cancel unknown (-2011)", unknown)

    def open_orders():
        order = client.order_limit_buy(symbol=SYMBOL, quantity="0.01", price="50000")
        expect([one["orderId"] for one in client.get_open_orders(symbol=SYMBOL)] == [order["orderId"]])
        expect([one["orderId"] for one in client.get_open_orders()] == [order["orderId"]])
        client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])

    row("open orders", open_orders)

    def all_orders():
        seen = {order["status"] for order in client.get_all_orders(symbol=SYMBOL)}
        expect({"FILLED", "CANCELED"} <= seen, seen)

    row("all orders", all_orders)
    row("own trades", lambda: expect(float(client.get_my_trades(symbol=SYMBOL)[-1]["commission"]) > 0))

    def candles():
        first = client.get_historical_klines(SYMBOL, "1m", "1 Jan, 2020", limit=10)
        expect(len(first[0]) == 12 and float(first[0][5]) > 0, first[:1])
        earliest = client._get_earliest_valid_timestamp(SYMBOL, "1m")
        expect(earliest == first[0][0], earliest, first[0])

    row("first candle ever", candles)
    column.no("candles live", "the synchronous client has no sockets")

    def public_trades():
        expect(client.get_recent_trades(symbol=SYMBOL)[-1]["price"] == "60000.00000000")
        expect(client.get_historical_trades(symbol=SYMBOL, fromId=1)[0]["id"] == 1)
        expect(client.get_aggregate_trades(symbol=SYMBOL)[-1]["p"] == "60000.00000000")
        expect(float(client.get_avg_price(symbol=SYMBOL)["price"]) == 60_000)

    row("public trades", public_trades)

    def tickers():
        expect(client.get_ticker(symbol=SYMBOL)["lastPrice"] == "60000.00000000")
        expect({SYMBOL, "ETHUSDT"} <= {one["symbol"] for one in client.get_ticker()})
        expect(client.get_symbol_ticker(symbol=SYMBOL)["price"] == "60000.00000000")
        hand.limit("BUY", "0.01", "50000")
        expect(client.get_orderbook_ticker(symbol=SYMBOL)["bidPrice"] == "50000.00000000")
        hand.clear()

    row("tickers", tickers)

    def book():
        hand.limit("BUY", "0.5", "50000")
        seen = client.get_order_book(symbol=SYMBOL)
        expect(["50000.00000000", "0.50000000"] in seen["bids"], seen)
        hand.clear()

    row("book by REST", book)
    for name in ("book by WebSocket", "private stream: new, trade, canceled", "private stream: balances"):
        column.no(name, "the synchronous client has no sockets")

    def ws_order():
        order = client.ws_create_order(
            symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.01", price="50000"
        )
        expect(order["status"] == "NEW", order)
        expect(client.ws_cancel_order(symbol=SYMBOL, orderId=order["orderId"])["status"] == "CANCELED")

    row("order by WebSocket API", ws_order)
    row("error mapping", lambda: errors(client))
    for kind, name in (("HMAC", "HMAC key"), ("ED25519", "Ed25519 key"), ("RSA", "RSA key")):
        row(name, lambda kind=kind: signs(client_of(keys[kind])))

    def clock():
        client.timestamp_offset = 5_000
        error = raises(BinanceAPIException, client.get_account, "1000ms ahead of the server's time")
        expect(error.code == -1021, error)
        client.timestamp_offset = -20_000
        raises(BinanceAPIException, client.get_account, "outside of the recvWindow")
        client.timestamp_offset = 0
        client.get_account()

    row("clock ahead and behind (-1021)", clock)


def signs(client):
    order = client.order_limit_buy(symbol=SYMBOL, quantity="0.01", price="50000")
    client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])


def errors(client):
    limit = lambda **order: client.order_limit_buy(symbol=SYMBOL, **order)
    for code, text, call in [
        (-2010, "Account has insufficient balance", lambda: limit(quantity="100", price="60000")),
        (-1013, "Filter failure: PRICE_FILTER", lambda: limit(quantity="1", price="1.001")),
        (-1013, "Filter failure: LOT_SIZE", lambda: limit(quantity="0.000011", price="60000")),
        (-1013, "Filter failure: NOTIONAL", lambda: limit(quantity="0.00001", price="60000")),
        # A float as small as this goes out as 1e-05.
        (-1100, "Illegal characters found in parameter 'quantity'", lambda: limit(quantity=0.00001, price="60000")),
        (-1121, "Invalid symbol.", lambda: client.get_order_book(symbol="NOPE")),
        (-2013, "Order does not exist.", lambda: client.get_order(symbol=SYMBOL, orderId=1)),
        (-1102, "Mandatory parameter 'timeInForce'", lambda: client.create_order(
            symbol=SYMBOL, side="BUY", type="LIMIT", quantity="1", price="60000")),
    ]:
        error = raises(BinanceAPIException, call)
        expect(error.code == code and text in error.message, error)
