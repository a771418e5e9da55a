"""ccxt.pro, as it comes from PyPI: everything over sockets."""

import asyncio

import ccxt
import ccxt.pro

from book import Audit, Trader, same
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
        seen = await client.fetch_balance()
        expect(seen["USDT"]["free"] > 0, seen)
        # ccxt reads what comes over the socket as a futures account, Binance's own answer too: the answer is there,
        # unread.
        told = {one["asset"]: one for one in (await client.fetch_balance_ws())["info"]["balances"]}
        expect(float(told["USDT"]["free"]) == seen["USDT"]["free"], told)

    await row("balance", balance)

    async def limit():
        order = await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, 50_000)
        expect(order["status"] == "open", order)
        await client.cancel_order_ws(order["id"], SYMBOL)

    await row("limit order", limit)

    async def post_only():
        hand.limit("SELL", "0.01", "61000")
        taking = client.create_order_ws(SYMBOL, "LIMIT_MAKER", "buy", 0.01, 61_000)
        await araises(ccxt.OrderImmediatelyFillable, taking)
        hand.clear()
        order = await client.create_order_ws(SYMBOL, "LIMIT_MAKER", "buy", 0.01, 50_000)
        expect(order["postOnly"] and order["status"] == "open", order)
        await client.cancel_order_ws(order["id"], SYMBOL)
        await leaks(client, "limit", 50_000, {"postOnly": True})

    await row("post-only order", post_only)

    async def market():
        hand.limit("SELL", "1", "60000")
        order = await client.create_order_ws(SYMBOL, "market", "buy", 0.1)
        expect(order["status"] == "closed" and order["average"] == 60_000, order)

    await row("market order", market)

    async def by_quote():
        order = await client.create_order_ws(SYMBOL, "market", "buy", None, None, {"quoteOrderQty": "600"})
        expect(order["filled"] == 0.01 and order["cost"] == 600, order)
        await leaks(client, "market", None, {"cost": 600})

    await row("market order by quote", by_quote)

    async def stop_limit():
        order = await client.create_order_ws(SYMBOL, "STOP_LOSS_LIMIT", "sell", 0.01, 49_000, {"stopPrice": "50000"})
        seen = await client.fetch_order_ws(order["id"], SYMBOL)
        expect(seen["status"] == "open" and seen["triggerPrice"] == 50_000, seen)
        await client.cancel_order_ws(order["id"], SYMBOL)
        await leaks(client, "limit", 49_000, {"stopLossPrice": 50_000})

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
        async with Trader(hand):
            await until(lambda: client.watch_ohlcv(SYMBOL, "1m"), lambda candles: candles[-1][4] == 60_000)

    await row("candles live", live_candles)

    async def public_trades():
        async with Trader(hand):
            await until(lambda: client.watch_trades(SYMBOL), lambda trades: trades[-1]["price"] == 60_000)

    await row("public trades", public_trades)

    async def tickers():
        async with Trader(hand):
            await until(lambda: client.watch_ticker(SYMBOL), lambda ticker: ticker["last"] == 60_000)
            crossed = lambda quote: quote["bid"] and quote["ask"] and quote["bid"] >= quote["ask"]
            quotes = await until(lambda: client.watch_bids_asks([SYMBOL]), lambda quotes: SYMBOL in quotes)
            expect(not crossed(quotes[SYMBOL]), quotes)

    await row("tickers", tickers)

    async def rest_book():
        hand.limit("BUY", "0.5", "50000")
        seen = await client.fetch_order_book(SYMBOL, 100)
        expect([50_000, 0.5] in seen["bids"], seen)
        hand.clear()

    await row("book by REST", rest_book)

    async def live_book():
        now = asyncio.get_running_loop().time
        async with Audit(server) as audit, Trader(hand) as trader:
            deadline = now() + seconds
            while now() < deadline:
                book = await asyncio.wait_for(client.watch_order_book(SYMBOL), WAIT)
                audit.note(book["nonce"], book["bids"], book["asks"])
            await trader.stop()
            # What is in flight arrives; then the book is the exchange's.
            deadline = now() + WAIT
            while not await asyncio.to_thread(same, book["bids"], book["asks"], server):
                expect(now() < deadline, book["bids"][:3], book["asks"][:3])
                await asyncio.sleep(0.05)
        compared = audit.verify()
        expect(compared > 2 * seconds and trader.orders > 10, compared, trader.orders)

    await row("book by WebSocket", live_book)

    async def own_orders():
        await client.authenticate({"type": "spot"})  # Returns when the private stream is subscribed to.

        def told(status):
            is_told = lambda orders: status in {order["status"] for order in orders}
            return asyncio.create_task(until(lambda: client.watch_orders(SYMBOL), is_told))

        opened = told("open")
        order = await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, 50_000)
        expect(order["id"] in {seen["id"] for seen in await opened}, order)
        canceled = told("canceled")
        await client.cancel_order_ws(order["id"], SYMBOL)
        expect(order["id"] in {seen["id"] for seen in await canceled}, order)
        hand.limit("SELL", "0.01", "60000")
        closed, traded = told("closed"), asyncio.create_task(until(lambda: client.watch_my_trades(SYMBOL), len))
        order = await client.create_order_ws(SYMBOL, "market", "buy", 0.01)
        expect(order["id"] in {seen["id"] for seen in await closed}, order)
        trade = (await traded)[-1]
        expect(trade["order"] == order["id"] and trade["fee"]["currency"] == "BTC", trade)

    await row("private stream: new, trade, canceled", own_orders)

    async def own_balance():
        await client.authenticate({"type": "spot"})
        before = (await client.fetch_balance())["BTC"]["total"]
        is_more = lambda balance: balance.get("BTC", {}).get("total", 0) > before
        watching = asyncio.create_task(until(client.watch_balance, is_more))
        hand.limit("SELL", "0.01", "60000")
        await client.create_order_ws(SYMBOL, "market", "buy", 0.01)
        await watching
        after = (await client.fetch_balance())["BTC"]["total"]
        expect(client.balance["spot"]["BTC"]["total"] == after, client.balance["spot"]["BTC"], after)

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


async def until(watch, is_wanted):
    """Watches until what is wanted comes."""

    async def watching():
        while not is_wanted(seen := await watch()):
            pass
        return seen

    return await asyncio.wait_for(watching(), WAIT)


async def leaks(client, kind, price, words):
    """`create_order_ws` translates ccxt's own words and then sends them as well. Binance refuses what it does not read
    with -1104, by socket as by REST (binance/binance-connector-rust issue 39), and so these orders; so do we."""
    order = client.create_order_ws(SYMBOL, kind, "sell", 0.01, price, words)
    await araises(ccxt.BadRequest, order, "-1104")


async def signs(server, key):
    client = ccxt.pro.binance(config(server, key, **SPOT_ONLY))
    try:
        await client.load_markets()
        order = await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, 50_000)
        await client.cancel_order_ws(order["id"], SYMBOL)
    finally:
        await client.close()
