"""ccxt, as it comes from PyPI, with only its addresses changed."""

import ccxt

from matrix import expect, raises

SYMBOL = "BTC/USDT"


def addresses(server):
    """Every address ccxt may call, ours: `sapi` too, for with keys set it is called first, with the key in it."""
    http, ws = server.http, server.ws
    return {
        "public": f"{http}/api/v3",
        "private": f"{http}/api/v3",
        "sapi": f"{http}/sapi/v1",
        "fapiPublic": f"{http}/fapi/v1",
        "dapiPublic": f"{http}/dapi/v1",
        "ws": {"spot": f"{ws}/stream", "ws-api": {"spot": f"{ws}/ws-api/v3"}},
    }


def config(server, key, **options):
    return {
        "apiKey": key.public,
        "secret": key.secret,
        "enableRateLimit": False,
        "urls": {"api": addresses(server)},
        "options": options,
    }


SPOT_ONLY = {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}


def run(column, server, keys, hand):
    client = ccxt.binance(config(server, keys["HMAC"], **SPOT_ONLY))
    row = column.row

    def load_markets():
        markets = client.load_markets()
        expect({"BTC/USDT", "ETH/USDT", "ETH/BTC"} <= set(markets), sorted(markets))
        expect(markets[SYMBOL]["active"] and markets[SYMBOL]["limits"]["cost"]["min"] == 5, markets[SYMBOL])
        # With nothing switched off it asks for currencies, margin pairs and futures first.
        everything = ccxt.binance(config(server, keys["HMAC"]))
        expect("BTC/USDT" in everything.load_markets(), sorted(everything.markets))
        expect("BTC" in everything.currencies, sorted(everything.currencies))
        expect(client.fetch_status()["status"] == "ok")
        fee = client.fetch_trading_fee(SYMBOL)
        expect(0 < fee["taker"] < 0.01, fee)

    row("load markets", load_markets)

    def balance():
        seen = client.fetch_balance()
        expect(seen["BTC"]["free"] > 0 and seen["USDT"]["total"] > 0, seen["total"])

    row("balance", balance)

    def limit():
        order = client.create_order(SYMBOL, "limit", "buy", 0.01, 50_000)
        expect(order["status"] == "open" and order["filled"] == 0 and order["price"] == 50_000, order)
        client.cancel_order(order["id"], SYMBOL)

    row("limit order", limit)

    def post_only():
        order = client.create_order(SYMBOL, "limit", "buy", 0.01, 50_000, {"postOnly": True})
        expect(client.fetch_order(order["id"], SYMBOL)["postOnly"], order)
        client.cancel_order(order["id"], SYMBOL)
        hand.limit("SELL", "0.01", "61000")
        taking = lambda: client.create_order(SYMBOL, "limit", "buy", 0.01, 61_000, {"postOnly": True})
        raises(ccxt.OrderImmediatelyFillable, taking)
        hand.clear()

    row("post-only order", post_only)

    def market():
        hand.limit("SELL", "1", "60000")
        order = client.create_order(SYMBOL, "market", "buy", 0.1)
        expect(order["status"] == "closed" and order["average"] == 60_000 and order["filled"] == 0.1, order)
        expect(order["fees"][0]["currency"] == "BTC", order["fees"])

    row("market order", market)

    def by_quote():
        order = client.create_market_buy_order_with_cost(SYMBOL, 600)
        expect(order["filled"] == 0.01 and order["cost"] == 600, order)

    row("market order by quote", by_quote)

    def stop_limit():
        order = client.create_order(SYMBOL, "limit", "sell", 0.01, 49_000, {"stopLossPrice": 50_000})
        seen = client.fetch_order(order["id"], SYMBOL)
        expect(seen["status"] == "open" and seen["triggerPrice"] == 50_000, seen)
        client.cancel_order(order["id"], SYMBOL)
        trailing = client.create_order(SYMBOL, "market", "sell", 0.01, None, {"trailingPercent": 1, "stopLossOrTakeProfit": "stopLoss"})
        expect(client.fetch_order(trailing["id"], SYMBOL)["info"]["trailingDelta"] in (100, "100"), trailing)
        client.cancel_order(trailing["id"], SYMBOL)
        wrong = lambda: client.create_order(SYMBOL, "limit", "sell", 0.01, 49_000, {"stopLossPrice": 70_000})
        raises(ccxt.ExchangeError, wrong, "Order would trigger immediately.")

    row("stop-limit order", stop_limit)
    column.no("one-cancels-the-other", "ccxt has no unified call for lists")

    def cancel_by_id():
        order = client.create_order(SYMBOL, "limit", "buy", 0.01, 50_000)
        expect(client.cancel_order(order["id"], SYMBOL)["status"] == "canceled")
        moved = client.create_order(SYMBOL, "limit", "buy", 0.01, 50_000)
        moved = client.edit_order(moved["id"], SYMBOL, "limit", "buy", 0.01, 51_000)
        expect(moved["price"] == 51_000, moved)
        client.cancel_all_orders(SYMBOL)
        expect(client.fetch_open_orders(SYMBOL) == [])

    row("cancel by id", cancel_by_id)

    def cancel_by_name():
        client.create_order(SYMBOL, "limit", "buy", 0.01, 50_000, {"newClientOrderId": "ccxt-by-name"})
        seen = client.cancel_order(None, SYMBOL, {"origClientOrderId": "ccxt-by-name"})
        expect(seen["status"] == "canceled", seen)

    row("cancel by client id", cancel_by_name)
    row(
        "cancel unknown (-2011)",
        lambda: raises(ccxt.OrderNotFound, lambda: client.cancel_order("1", SYMBOL), "-2011"),
    )

    def open_orders():
        order = client.create_order(SYMBOL, "limit", "buy", 0.01, 50_000)
        expect([o["id"] for o in client.fetch_open_orders(SYMBOL)] == [order["id"]])
        client.cancel_order(order["id"], SYMBOL)

    row("open orders", open_orders)

    def all_orders():
        seen = client.fetch_orders(SYMBOL)
        expect({"closed", "canceled"} <= {order["status"] for order in seen}, [o["status"] for o in seen])

    row("all orders", all_orders)

    def own_trades():
        seen = client.fetch_my_trades(SYMBOL)
        expect(seen and all(trade["fee"]["cost"] > 0 for trade in seen), seen[:1])

    row("own trades", own_trades)

    def candles():
        first = client.fetch_ohlcv(SYMBOL, "1m", since=0, limit=1)
        expect(len(first) == 1 and first[0][0] % 60_000 == 0, first)
        all_of_them = client.fetch_ohlcv(SYMBOL, "1m")
        expect(all_of_them[0][0] == first[0][0], all_of_them[:1], first)

    row("first candle ever", candles)
    column.no("candles live", "the synchronous client has no sockets")

    def public_trades():
        seen = client.fetch_trades(SYMBOL)
        expect(seen and seen[-1]["price"] > 0, seen[-1:])

    row("public trades", public_trades)

    def tickers():
        expect(client.fetch_ticker(SYMBOL)["last"] > 0)
        expect(SYMBOL in client.fetch_tickers())
        hand.limit("BUY", "0.01", "50000")
        expect(client.fetch_bids_asks([SYMBOL])[SYMBOL]["bid"] == 50_000)
        hand.clear()

    row("tickers", tickers)

    def book():
        hand.limit("BUY", "0.5", "50000")
        seen = client.fetch_order_book(SYMBOL, 100)
        expect([50_000, 0.5] in seen["bids"] and seen["nonce"] > 0, seen)
        hand.clear()

    row("book by REST", book)
    for name in (
        "book by WebSocket",
        "private stream: new, trade, canceled",
        "private stream: balances",
        "order by WebSocket API",
    ):
        column.no(name, "the synchronous client has no sockets")
    row("error mapping", lambda: errors(client))
    for kind in ("HMAC", "ED25519", "RSA"):
        name = {"HMAC": "HMAC key", "ED25519": "Ed25519 key", "RSA": "RSA key"}[kind]
        row(name, lambda kind=kind: signs(ccxt.binance(config(server, keys[kind], **SPOT_ONLY))))

    def clock():
        skewed = ccxt.binance(config(server, keys["HMAC"], **SPOT_ONLY))
        skewed.load_markets()
        now = skewed.milliseconds
        skewed.nonce = lambda: now() + 5_000
        raises(ccxt.InvalidNonce, skewed.fetch_balance, "1000ms ahead")
        skewed.nonce = lambda: now() - 20_000
        raises(ccxt.InvalidNonce, skewed.fetch_balance, "outside of the recvWindow")
        skewed.nonce = now
        skewed.options["adjustForTimeDifference"] = True
        skewed.load_time_difference()
        skewed.fetch_balance()

    row("clock ahead and behind (-1021)", clock)


def signs(client):
    client.load_markets()
    order = client.create_order(SYMBOL, "limit", "buy", 0.01, 50_000)
    client.cancel_order(order["id"], SYMBOL)


def errors(client):
    """Refusals arrive as the exceptions ccxt's users catch."""
    place = lambda **order: client.privatePostOrder({"symbol": "BTCUSDT", "side": "BUY", **order})
    limit = lambda **order: place(type="LIMIT", timeInForce="GTC", **order)
    raises(ccxt.InsufficientFunds, lambda: client.create_order(SYMBOL, "limit", "buy", 100, 60_000), "insufficient balance")
    raises(ccxt.InvalidOrder, lambda: limit(quantity="1", price="1.001"), "PRICE_FILTER")
    raises(ccxt.InvalidOrder, lambda: limit(quantity="0.000011", price="60000"), "LOT_SIZE")
    raises(ccxt.BadRequest, lambda: limit(quantity="0.00001", price="60000"), "NOTIONAL")
    raises(ccxt.BadRequest, lambda: limit(quantity="0.0000000001", price="60000"), "-1111")
    raises(ccxt.ExchangeError, lambda: limit(quantity="1e-5", price="60000"), "-1100")
    raises(ccxt.OrderNotFound, lambda: client.fetch_order("1", SYMBOL), "-2013")
    raises(ccxt.BadSymbol, lambda: client.publicGetDepth({"symbol": "NOPE"}), "-1121")
    name = {"newClientOrderId": "ccxt-twice"}
    client.create_order(SYMBOL, "limit", "buy", 0.01, 50_000, name)
    twice = lambda: client.create_order(SYMBOL, "limit", "buy", 0.01, 50_000, name)
    raises(ccxt.InvalidOrder, twice, "Duplicate order sent.")
    client.cancel_all_orders(SYMBOL)
    secret, client.secret = client.secret, "not the secret"
    raises(ccxt.AuthenticationError, client.fetch_balance, "-1022")
    client.secret = secret
    # Of a client that was let in before, ccxt takes -2015 for a ban (`hasAlreadyAuthenticatedSuccessfully`), whatever
    # the HTTP status; of a new one for what it says.
    key, client.apiKey = client.apiKey, "A" * 64
    raises(ccxt.DDoSProtection, client.fetch_balance, "-2015")
    client.options["hasAlreadyAuthenticatedSuccessfully"] = False
    raises(ccxt.AuthenticationError, client.fetch_balance, "-2015")
    client.apiKey = key
