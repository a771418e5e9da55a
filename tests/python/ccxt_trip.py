"""An unmodified ccxt trades on the exchange: only the addresses it is given are ours."""

import os

import ccxt

BASE = os.environ["LIGHTNING_URL"]
SYMBOL = "BTC/USDT"


def client(who):
    exchange = ccxt.binance(
        {
            "apiKey": os.environ[f"{who}_KEY"],
            "secret": os.environ[f"{who}_SECRET"],
            "enableRateLimit": False,
            "urls": {
                "api": {
                    "public": f"{BASE}/api/v3",
                    "private": f"{BASE}/api/v3",
                    "sapi": f"{BASE}/sapi/v1",
                }
            },
            "options": {
                "fetchMarkets": {"types": ["spot"]},
                "fetchCurrencies": False,
                "fetchMargins": False,
            },
        }
    )
    return exchange


def expect(condition, what, seen):
    if not condition:
        raise AssertionError(f"{what}: {seen}")
    print("ok", what)


maker, taker = client("MAKER"), client("TAKER")

markets = maker.load_markets()
taker.load_markets()
expect({"BTC/USDT", "ETH/USDT", "ETH/BTC"} <= set(markets), "markets", sorted(markets))
market = markets[SYMBOL]
expect(market["active"] and market["spot"], "the market trades", market)
expect(market["precision"]["price"] == 0.01, "tick", market["precision"])
expect(market["precision"]["amount"] == 0.00001, "step", market["precision"])
expect(market["limits"]["cost"]["min"] == 5, "least notional", market["limits"])

balance = maker.fetch_balance()
expect(balance["BTC"]["free"] == 10 and balance["USDT"]["free"] == 1_000_000, "balance", balance["total"])

# A limit order rests and freezes what it needs.
bid = maker.create_order(SYMBOL, "limit", "buy", 0.5, 60_000)
expect(bid["status"] == "open" and bid["filled"] == 0, "limit order rests", bid)
balance = maker.fetch_balance()
expect(balance["USDT"]["used"] == 30_000 and balance["USDT"]["free"] == 970_000, "funds are held", balance["USDT"])

# A post-only order rests where it does not take, and is refused where it would.
ask = maker.create_order(SYMBOL, "limit", "sell", 1, 61_000, {"postOnly": True})
seen = maker.fetch_order(ask["id"], SYMBOL)
expect(seen["status"] == "open" and seen["postOnly"], "post-only order rests", seen)
try:
    taker.create_order(SYMBOL, "limit", "buy", 0.1, 61_000, {"postOnly": True})
except ccxt.OrderImmediatelyFillable:
    print("ok post-only order that would take is refused")
else:
    raise AssertionError("a post-only order took")

book = taker.fetch_order_book(SYMBOL, 5)
expect(book["bids"] == [[60_000, 0.5]] and book["asks"] == [[61_000, 1]], "order book", book)
expect(book["nonce"] > 0, "order book has an update id", book["nonce"])

# A market order takes the ask, and its answer carries the fill and the fee.
buy = taker.create_order(SYMBOL, "market", "buy", 0.25)
expect(buy["status"] == "closed" and buy["filled"] == 0.25, "market order fills", buy)
expect(buy["average"] == 61_000 and buy["cost"] == 15_250, "at the ask", buy)
expect(buy["fees"] == [{"currency": "BTC", "cost": 0.00025}], "for the fee", buy["fees"])
cost = taker.create_market_buy_order_with_cost(SYMBOL, 6_100)
expect(cost["filled"] == 0.1 and cost["cost"] == 6_100, "market order by cost", cost)
limit = taker.create_order(SYMBOL, "limit", "sell", 0.1, 60_000)
expect(limit["status"] == "closed" and limit["average"] == 60_000, "limit order takes the bid", limit)

trades = taker.fetch_my_trades(SYMBOL)
expect([(t["side"], t["price"], t["amount"], t["takerOrMaker"]) for t in trades] == [
    ("buy", 61_000, 0.25, "taker"),
    ("buy", 61_000, 0.1, "taker"),
    ("sell", 60_000, 0.1, "taker"),
], "own trades", trades)
expect(trades[0]["order"] == buy["id"] and trades[0]["fee"]["currency"] == "BTC", "belong to orders", trades[0])
balance = taker.fetch_balance()
expect(abs(balance["BTC"]["free"] - (10 + 0.25 + 0.1 - 0.00025 - 0.0001 - 0.1)) < 1e-12, "base settled", balance["BTC"])
expect(abs(balance["USDT"]["free"] - (1_000_000 - 15_250 - 6_100 + 6_000 - 6)) < 1e-6, "quote settled", balance["USDT"])

# What is open is listed, and cancelled by id and by name.
open_orders = maker.fetch_open_orders(SYMBOL)
expect({o["id"] for o in open_orders} == {bid["id"], ask["id"]}, "open orders", open_orders)
partly = maker.fetch_order(ask["id"], SYMBOL)
expect(partly["status"] == "open" and partly["filled"] == 0.35 and partly["remaining"] == 0.65, "partly filled", partly)
cancelled = maker.cancel_order(bid["id"], SYMBOL)
expect(cancelled["status"] == "canceled" and cancelled["filled"] == 0.1, "cancel by id", cancelled)
named = maker.create_order(SYMBOL, "limit", "buy", 0.5, 59_000, {"newClientOrderId": "by-name"})
maker.cancel_order(None, SYMBOL, {"origClientOrderId": "by-name"})
expect(maker.fetch_order(named["id"], SYMBOL)["status"] == "canceled", "cancel by name", named)
moved = maker.edit_order(ask["id"], SYMBOL, "limit", "sell", 0.65, 62_000)
expect(moved["id"] != ask["id"] and moved["price"] == 62_000, "edit replaces", moved)
maker.cancel_all_orders(SYMBOL)
expect(maker.fetch_open_orders(SYMBOL) == [], "nothing is left open", None)
balance = maker.fetch_balance()
expect(balance["BTC"]["used"] == 0 and balance["USDT"]["used"] == 0, "nothing is left held", balance["used"])

# Refusals arrive as the exceptions ccxt's users catch.
for what, error, call in [
    ("insufficient funds", ccxt.InsufficientFunds, lambda: maker.create_order(SYMBOL, "limit", "buy", 100, 60_000)),
    ("off the tick", ccxt.InvalidOrder, lambda: maker.privatePostOrder({
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "1.001"})),
    ("unknown order", ccxt.OrderNotFound, lambda: maker.cancel_order("1", SYMBOL)),
    ("order that is not there", ccxt.OrderNotFound, lambda: maker.fetch_order("1", SYMBOL)),
]:
    try:
        call()
    except error:
        print("ok", what)
    else:
        raise AssertionError(f"no {error.__name__} for {what}")

print("all of it works")
