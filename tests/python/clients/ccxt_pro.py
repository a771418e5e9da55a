"""ccxt.pro, as it comes from PyPI: everything over sockets."""

import asyncio

import ccxt
import ccxt.pro

from book import Trader, same
from ccxt_sync import SPOT_ONLY, SYMBOL, config
from matrix import araises, expect

WAIT = 20


async def run(column, server, keys, hand, seconds):
    client = ccxt.pro.binance(config(server, keys["HMAC"], **SPOT_ONLY))
    try:
        await rows(column, server, keys, hand, seconds, client)
    finally:
        await client.close()


async def rows(column, server, keys, hand, seconds, client):
    row = column.arow

    async def load_markets():
        expect(SYMBOL in await client.load_markets())

    await row("load markets", load_markets)

    async def balance():
        seen = await client.fetch_balance_ws()
        expect(seen["USDT"]["free"] > 0, seen)

    await row("balance", balance)

    async def limit():
        order = await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, 50_000)
        expect(order["status"] == "open", order)
        await client.cancel_order_ws(order["id"], SYMBOL)

    await row("limit order", limit)

    async def post_only():
        hand.limit("SELL", "0.01", "61000")
        taking = client.create_order_ws(SYMBOL, "limit", "buy", 0.01, 61_000, {"postOnly": True})
        await araises(ccxt.OrderImmediatelyFillable, taking)
        hand.clear()

    await row("post-only order", post_only)

    async def market():
        hand.limit("SELL", "1", "60000")
        order = await client.create_order_ws(SYMBOL, "market", "buy", 0.1)
        expect(order["status"] == "closed" and order["average"] == 60_000, order)

    await row("market order", market)

    async def by_quote():
        order = await client.create_order_ws(SYMBOL, "market", "buy", None, None, {"cost": 600})
        expect(order["filled"] == 0.01, order)

    await row("market order by quote", by_quote)

    async def stop_limit():
        order = await client.create_order_ws(SYMBOL, "limit", "sell", 0.01, 49_000, {"stopLossPrice": 50_000})
        seen = await client.fetch_order_ws(order["id"], SYMBOL)
        expect(seen["status"] == "open" and seen["triggerPrice"] == 50_000, seen)
        await client.cancel_order_ws(order["id"], SYMBOL)

    await row("stop-limit order", stop_limit)
    column.no("one-cancels-the-other", "ccxt has no unified call for lists")

    async def cancel_by_id():
        order = await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, 50_000)
        seen = await client.cancel_order_ws(order["id"], SYMBOL)
        expect(seen["status"] == "canceled", seen)
        order = await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, 50_000)
        moved = await client.edit_order_ws(order["id"], SYMBOL, "limit", "buy", 0.01, 51_000)
        expect(moved["price"] == 51_000, moved)
        await client.cancel_all_orders_ws(SYMBOL)

    await row("cancel by id", cancel_by_id)

    async def cancel_by_name():
        await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, 50_000, {"newClientOrderId": "pro-by-name"})
        seen = await client.cancel_order_ws(None, SYMBOL, {"clientOrderId": "pro-by-name"})
        expect(seen["status"] == "canceled", seen)

    await row("cancel by client id", cancel_by_name)
    await row(
        "cancel unknown (-2011)",
        lambda: araises(ccxt.OrderNotFound, client.cancel_order_ws("1", SYMBOL), "-2011"),
    )

    async def open_orders():
        order = await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, 50_000)
        seen = await client.fetch_open_orders_ws(SYMBOL)
        expect([o["id"] for o in seen] == [order["id"]], seen)
        await client.cancel_order_ws(order["id"], SYMBOL)

    await row("open orders", open_orders)

    async def all_orders():
        seen = await client.fetch_orders_ws(SYMBOL)
        expect({"closed", "canceled"} <= {order["status"] for order in seen}, seen[-1:])

    await row("all orders", all_orders)

    async def own_trades():
        expect(await client.fetch_my_trades_ws(SYMBOL))

    await row("own trades", own_trades)

    async def first_candle():
        seen = await client.fetch_ohlcv_ws(SYMBOL, "1m", since=0, limit=1)
        expect(len(seen) == 1, seen)

    await row("first candle ever", first_candle)

    async def live_candles():
        watching = asyncio.create_task(client.watch_ohlcv(SYMBOL, "1m"))
        for _ in range(WAIT * 4):
            if watching.done():
                break
            await asyncio.to_thread(trade, hand)
            await asyncio.sleep(0.25)
        expect((await asyncio.wait_for(watching, 1))[-1][4] == 60_000)

    await row("candles live", live_candles)

    async def public_trades():
        watching = asyncio.create_task(client.watch_trades(SYMBOL))
        for _ in range(WAIT * 4):
            if watching.done():
                break
            await asyncio.to_thread(trade, hand)
            await asyncio.sleep(0.25)
        expect((await asyncio.wait_for(watching, 1))[-1]["price"] == 60_000)

    await row("public trades", public_trades)

    async def tickers():
        watching = asyncio.create_task(client.watch_ticker(SYMBOL))
        quotes = asyncio.create_task(client.watch_bids_asks([SYMBOL]))
        for _ in range(WAIT * 4):
            if watching.done() and quotes.done():
                break
            await asyncio.to_thread(trade, hand)
            await asyncio.sleep(0.25)
        expect((await asyncio.wait_for(watching, 1))["last"] == 60_000)
        expect(SYMBOL in await asyncio.wait_for(quotes, 1))

    await row("tickers", tickers)

    async def rest_book():
        hand.limit("BUY", "0.5", "50000")
        seen = await client.fetch_order_book(SYMBOL, 100)
        expect([50_000, 0.5] in seen["bids"], seen)
        hand.clear()

    await row("book by REST", rest_book)

    async def live_book():
        trader = Trader(hand)
        trader.start()
        deadline = asyncio.get_running_loop().time() + seconds
        updates = 0
        try:
            while asyncio.get_running_loop().time() < deadline:
                book = await asyncio.wait_for(client.watch_order_book(SYMBOL), WAIT)
                updates += 1
                expect(book["bids"][0][0] < book["asks"][0][0] if book["bids"] and book["asks"] else True, book)
        finally:
            await asyncio.to_thread(trader.stop)
        # What is in flight arrives; then the book is the exchange's.
        for _ in range(WAIT * 10):
            book = client.orderbooks[SYMBOL]
            if await asyncio.to_thread(same, book["bids"], book["asks"], server):
                break
            await asyncio.sleep(0.1)
        expect(await asyncio.to_thread(same, book["bids"], book["asks"], server), book["bids"][:3])
        expect(updates > 2 * seconds and trader.orders > 10, updates, trader.orders)
        hand.clear()

    await row("book by WebSocket", live_book)

    async def own_orders():
        states = []

        async def watch():
            while "canceled" not in states or "closed" not in states:
                states.extend(order["status"] for order in await client.watch_orders(SYMBOL))

        watching = asyncio.create_task(watch())
        await started(client)
        order = await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, 50_000)
        await client.cancel_order_ws(order["id"], SYMBOL)
        hand.limit("SELL", "0.01", "60000")
        await client.create_order_ws(SYMBOL, "market", "buy", 0.01)
        await asyncio.wait_for(watching, WAIT)
        expect("open" in states, states)

    await row("private stream: new, trade, canceled", own_orders)

    async def own_balance():
        before = (await client.fetch_balance_ws())["BTC"]["total"]
        watching = asyncio.create_task(client.watch_balance())
        await started(client)
        hand.limit("SELL", "0.01", "60000")
        await client.create_order_ws(SYMBOL, "market", "buy", 0.01)
        await asyncio.wait_for(watching, WAIT)
        for _ in range(WAIT * 10):
            if client.balance["spot"]["BTC"]["total"] > before:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(client.balance)

    await row("private stream: balances", own_balance)

    async def ws_order():
        order = await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, 50_000)
        seen = await client.fetch_order_ws(order["id"], SYMBOL)
        expect(seen["id"] == order["id"], seen)
        await client.cancel_order_ws(order["id"], SYMBOL)

    await row("order by WebSocket API", ws_order)

    async def errors():
        too_much = client.create_order_ws(SYMBOL, "limit", "buy", 100, 60_000)
        await araises(ccxt.InsufficientFunds, too_much, "insufficient balance")
        await araises(ccxt.OrderNotFound, client.fetch_order_ws("1", SYMBOL), "-2013")

    await row("error mapping", errors)
    for kind, name in (("HMAC", "HMAC key"), ("ED25519", "Ed25519 key"), ("RSA", "RSA key")):
        await row(name, lambda kind=kind: signs(server, keys[kind]))

    async def clock():
        skewed = ccxt.pro.binance(config(server, keys["HMAC"], **SPOT_ONLY))
        try:
            await skewed.load_markets()
            now = skewed.milliseconds
            skewed.nonce = lambda: now() + 5_000
            await araises(ccxt.InvalidNonce, skewed.fetch_balance_ws(), "1000ms ahead")
            skewed.nonce = lambda: now() - 20_000
            await araises(ccxt.InvalidNonce, skewed.fetch_balance_ws(), "recvWindow")
        finally:
            await skewed.close()

    await row("clock ahead and behind (-1021)", clock)


async def started(client):
    """Waits until the private stream is subscribed to: nothing that happens before is told."""
    for _ in range(WAIT * 10):
        subscribed = [
            future
            for socket in client.clients.values()
            for future in socket.subscriptions
            if "ws-api" in socket.url
        ]
        if subscribed:
            await asyncio.sleep(0.5)
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the private stream was not subscribed to")


def trade(hand):
    """One trade at 60,000, of two orders of an account that is not under test."""
    hand.limit("SELL", "0.001", "60000")
    hand.limit("BUY", "0.001", "60000", selfTradePreventionMode="NONE")


async def signs(server, key):
    client = ccxt.pro.binance(config(server, key, **SPOT_ONLY))
    try:
        await client.load_markets()
        order = await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, 50_000)
        await client.cancel_order_ws(order["id"], SYMBOL)
    finally:
        await client.close()
