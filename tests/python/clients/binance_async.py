"""python-binance's asynchronous client, its socket manager and its depth cache, as they come from PyPI."""

import asyncio

from binance import AsyncClient, BinanceSocketManager, DepthCacheManager
from binance.exceptions import BinanceAPIException

from binance_sync import SYMBOL, hang_up, point_at
from book import Audit, Trader, same
from ccxt_pro import WAIT
from matrix import araises, expect


async def client_of(key):
    if key.kind == "HMAC":
        return await AsyncClient.create(key.public, key.secret)
    return await AsyncClient.create(key.public, private_key=key.secret)


async def run(column, server, keys, hand, seconds):
    point_at(server)
    client = await client_of(keys["HMAC"])
    clients = [client]
    try:
        await rows(column, server, keys, hand, seconds, client, clients)
    finally:
        for client in clients:
            await hang_up(client)
            await client.close_connection()


async def rows(column, server, keys, hand, seconds, client, clients):
    row = column.arow
    sockets = BinanceSocketManager(client)

    async def load_markets():
        info = await client.get_exchange_info()
        expect(SYMBOL in [symbol["symbol"] for symbol in info["symbols"]])
        # This goes out as symbols=["BTCUSDT"], quotes and all.
        both = await client.get_symbol_ticker(symbols='["BTCUSDT","ETHUSDT"]')
        expect({one["symbol"] for one in both} == {"BTCUSDT", "ETHUSDT"}, both)

    await row("load markets", load_markets)

    async def balance():
        expect(float((await client.get_asset_balance("BTC"))["free"]) > 0)

    await row("balance", balance)

    async def limit():
        order = await client.order_limit_buy(symbol=SYMBOL, quantity="0.01", price="50000")
        expect(order["status"] == "NEW", order)
        await client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])

    await row("limit order", limit)

    async def post_only():
        hand.limit("SELL", "0.01", "61000")
        taking = client.create_order(symbol=SYMBOL, side="BUY", type="LIMIT_MAKER", quantity="0.01", price="61000")
        await araises(BinanceAPIException, taking, "Order would immediately match and take.")
        hand.clear()

    await row("post-only order", post_only)

    async def market():
        hand.limit("SELL", "1", "60000")
        order = await client.order_market_buy(symbol=SYMBOL, quantity=0.1)
        expect(order["status"] == "FILLED", order)

    await row("market order", market)

    async def by_quote():
        order = await client.order_market_buy(symbol=SYMBOL, quoteOrderQty="600")
        expect(order["executedQty"] == "0.01000000", order)

    await row("market order by quote", by_quote)

    async def stop_limit():
        order = await client.create_order(
            symbol=SYMBOL, side="SELL", type="TAKE_PROFIT_LIMIT", timeInForce="GTC",
            quantity="0.01", price="70000", stopPrice="70000",
        )
        seen = await client.get_order(symbol=SYMBOL, orderId=order["orderId"])
        expect(seen["type"] == "TAKE_PROFIT_LIMIT" and seen["status"] == "NEW", seen)
        await client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])

    await row("stop-limit order", stop_limit)

    async def oco():
        pair = await client.create_oco_order(
            symbol=SYMBOL, side="SELL", quantity="0.01",
            aboveType="LIMIT_MAKER", abovePrice="65000", belowType="STOP_LOSS", belowStopPrice="50000",
        )
        expect(len(pair["orders"]) == 2, pair)
        await client.cancel_order(symbol=SYMBOL, orderId=pair["orders"][1]["orderId"])
        expect(await client.get_open_orders(symbol=SYMBOL) == [])

    await row("one-cancels-the-other", oco)

    async def cancel_by_id():
        order = await client.order_limit_buy(symbol=SYMBOL, quantity="0.01", price="50000")
        expect((await client.cancel_order(symbol=SYMBOL, orderId=order["orderId"]))["status"] == "CANCELED")

    await row("cancel by id", cancel_by_id)

    async def cancel_by_name():
        await client.order_limit_buy(symbol=SYMBOL, quantity="0.01", price="50000", newClientOrderId="pba-name")
        seen = await client.cancel_order(symbol=SYMBOL, origClientOrderId="pba-name")
        expect(seen["status"] == "CANCELED", seen)

    await row("cancel by client id", cancel_by_name)

    async def unknown():
        error = await araises(BinanceAPIException, client.cancel_order(symbol=SYMBOL, orderId=1))
        expect(error.code == -2011, error)

    await row("cancel unknown (-2011)", unknown)

    async def open_orders():
        order = await client.order_limit_buy(symbol=SYMBOL, quantity="0.01", price="50000")
        seen = await client.get_open_orders(symbol=SYMBOL)
        expect([one["orderId"] for one in seen] == [order["orderId"]], seen)
        await client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])

    await row("open orders", open_orders)

    async def all_orders():
        seen = {order["status"] for order in await client.get_all_orders(symbol=SYMBOL)}
        expect({"FILLED", "CANCELED"} <= seen, seen)

    await row("all orders", all_orders)

    async def own_trades():
        expect(await client.get_my_trades(symbol=SYMBOL))

    await row("own trades", own_trades)

    async def candles():
        first = await client.get_historical_klines(SYMBOL, "1m", "1 Jan, 2020", limit=10)
        expect(float(first[0][5]) > 0, first[:1])

    await row("first candle ever", candles)

    async def heard(socket, is_wanted):
        """Listens until what is wanted comes. The market moves until the socket is closed: this client does not notice
        that it shall close before the next message or ten seconds."""

        async def listen(stream):
            while not is_wanted(message := await stream.recv()):
                pass
            return message

        async with Trader(hand), socket as stream:
            return await asyncio.wait_for(listen(stream), WAIT)

    async def live_candles():
        message = await heard(sockets.kline_socket(SYMBOL, "1s"), lambda message: message["k"]["x"])
        expect(message["k"]["i"] == "1s" and message["k"]["t"] % 1000 == 0, message)

    await row("candles live", live_candles)

    async def public_trades():
        message = await heard(sockets.trade_socket(SYMBOL), lambda message: message["e"] == "trade")
        expect(float(message["p"]) == 60_000, message)
        await heard(sockets.aggtrade_socket(SYMBOL), lambda message: message["e"] == "aggTrade")

    await row("public trades", public_trades)

    async def tickers():
        await heard(sockets.miniticker_socket(), lambda message: message[0]["e"] == "24hrMiniTicker")
        await heard(sockets.symbol_ticker_socket(SYMBOL), lambda message: message["e"] == "24hrTicker")
        combined = sockets.multiplex_socket(["btcusdt@trade", "btcusdt@bookTicker"])
        await heard(combined, lambda message: message["stream"] == "btcusdt@trade")

    await row("tickers", tickers)

    async def rest_book():
        hand.limit("BUY", "0.5", "50000")
        seen = await client.get_order_book(symbol=SYMBOL)
        expect(["50000.00000000", "0.50000000"] in seen["bids"], seen)
        hand.clear()

    await row("book by REST", rest_book)

    async def live_book():
        now = asyncio.get_running_loop().time
        cache = DepthCacheManager(client, symbol=SYMBOL, ws_interval=100)

        async def watch(audit, trader):
            await cache.__aenter__()
            deadline = now() + seconds
            while now() < deadline:
                book = await asyncio.wait_for(cache.recv(), WAIT)
                audit.note(cache._last_update_id, book.get_bids(), book.get_asks())
            await trader.stop()
            # What is in flight arrives; then the book is the exchange's.
            deadline = now() + WAIT
            while not await asyncio.to_thread(same, book.get_bids(), book.get_asks(), server):
                book = await asyncio.wait_for(cache.recv(), max(0, deadline - now()))
            return trader.orders

        async with Audit(server) as audit:
            try:
                async with Trader(hand) as trader:
                    orders = await watch(audit, trader)
            finally:
                async with Trader(hand):  # It too is closed while the market moves.
                    await cache.__aexit__(None, None, None)
        compared = audit.verify()
        expect(compared > 2 * seconds and orders > 10, compared, orders)

    await row("book by WebSocket", live_book)

    async def own_orders():
        states, balances = [], []
        async with sockets.user_socket() as stream:
            order = await client.order_limit_buy(symbol=SYMBOL, quantity="0.01", price="50000")
            await client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])
            hand.limit("SELL", "0.01", "60000")
            await client.order_market_buy(symbol=SYMBOL, quantity="0.01")
            while not {("NEW", "NEW"), ("CANCELED", "CANCELED"), ("TRADE", "FILLED")} <= set(states):
                message = await asyncio.wait_for(stream.recv(), WAIT)
                event = message.get("event", message)
                if event["e"] == "executionReport":
                    states.append((event["x"], event["X"]))
                    expect(event["x"] != "TRADE" or event["N"] == "BTC", event)
                elif event["e"] == "outboundAccountPosition":
                    balances.append(event)
        return balances

    seen = []

    async def own_orders_row():
        seen.extend(await own_orders())

    await row("private stream: new, trade, canceled", own_orders_row)

    async def balances_row():
        expect(seen and any(one["a"] == "USDT" for event in seen for one in event["B"]), seen[:1])

    await row("private stream: balances", balances_row)

    async def ws_order():
        order = await client.ws_create_order(
            symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.01", price="50000"
        )
        expect(order["status"] == "NEW", order)
        seen = await client.ws_get_order(symbol=SYMBOL, orderId=order["orderId"])
        expect(seen["orderId"] == order["orderId"], seen)
        await client.ws_cancel_order(symbol=SYMBOL, orderId=order["orderId"])

    await row("order by WebSocket API", ws_order)

    async def errors():
        error = await araises(
            BinanceAPIException, client.order_limit_buy(symbol=SYMBOL, quantity="100", price="60000")
        )
        expect(error.code == -2010, error)
        error = await araises(BinanceAPIException, client.ws_get_order(symbol=SYMBOL, orderId=1))
        expect(error.code == -2013, error)

    await row("error mapping", errors)
    for kind, name in (("HMAC", "HMAC key"), ("ED25519", "Ed25519 key"), ("RSA", "RSA key")):
        await row(name, lambda kind=kind: signs(keys[kind], clients))

    async def clock():
        client.timestamp_offset = 5_000
        await araises(BinanceAPIException, client.get_account(), "1000ms ahead of the server's time")
        client.timestamp_offset = -20_000
        await araises(BinanceAPIException, client.get_account(), "outside of the recvWindow")
        client.timestamp_offset = 0

    await row("clock ahead and behind (-1021)", clock)


async def signs(key, clients):
    client = await client_of(key)
    clients.append(client)
    order = await client.order_limit_buy(symbol=SYMBOL, quantity="0.01", price="50000")
    await client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])
    order = await client.ws_create_order(
        symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.01", price="50000"
    )
    await client.ws_cancel_order(symbol=SYMBOL, orderId=order["orderId"])
