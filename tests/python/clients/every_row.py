"""The rows for a client in a program of its own, the same for each; what differs is in the client's script."""

import asyncio
import time
import traceback
from decimal import Decimal

from book import Audit, Trader, same
from exchange import SYMBOL
from matrix import expect
from program import Program, Refused

# How many diffs a book is kept for while it moves.
DIFFS = 30
LIMIT = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "50000"}
OCO = {
    "symbol": SYMBOL, "side": "SELL", "quantity": "0.01", "aboveType": "LIMIT_MAKER", "abovePrice": "65000",
    "belowType": "STOP_LOSS_LIMIT", "belowStopPrice": "50000", "belowPrice": "49000", "belowTimeInForce": "GTC",
}


def is_near(seen, wanted):
    """Whether a number is this one; a client may have made it a float."""
    return abs(Decimal(str(seen)) - Decimal(wanted)) < Decimal("1e-9")


def only(rows, **named):
    """The one row that has these values."""
    found = [row for row in rows if all(row[name] == value for name, value in named.items())]
    expect(len(found) == 1, named, found)
    return found[0]


async def refused(call, code, text=""):
    try:
        answer = await call
    except Refused as error:
        expect(error.code == code and text in error.text, error, "instead of", code, text)
        return
    raise AssertionError(f"not refused: {answer!r}")


class Kept:
    """A book kept as the streams' documentation says: a snapshot by REST, and every diff after it."""

    def __init__(self, snapshot):
        self.last = int(snapshot["lastUpdateId"])
        self.sides = {side: {Decimal(str(p)): Decimal(str(q)) for p, q in snapshot[side]} for side in ("bids", "asks")}

    def apply(self, diff):
        """Applies a diff; returns whether it was news."""
        if int(diff["u"]) <= self.last:
            return False
        expect(int(diff["U"]) <= self.last + 1, "a gap after", self.last, diff)
        self.last = int(diff["u"])
        for side, changes in (("bids", diff["b"]), ("asks", diff["a"])):
            for price, quantity in changes:
                price, quantity = Decimal(str(price)), Decimal(str(quantity))
                if quantity:
                    self.sides[side][price] = quantity
                else:
                    self.sides[side].pop(price, None)
        return True

    @property
    def bids(self):
        return sorted(self.sides["bids"].items(), reverse=True)

    @property
    def asks(self):
        return sorted(self.sides["asks"].items())


async def run(column, server, keys, hand, command):
    """Runs the client's script and puts it through every row, but those it says it cannot do."""
    try:
        async with Program(command) as program:
            await rows(column, server, keys, hand, program)
    except Exception:  # noqa: BLE001 - printed with the matrix, as the row it did not come to
        column.failed(column.missing(), traceback.format_exc(limit=6))


async def rows(column, server, keys, hand, program):
    async def opened(kind):
        """The client anew, with the key of this type."""
        key = keys[kind]
        return await program.call("open", http=server.http, ws=server.ws, kind=kind, key=key.public, secret=key.secret)

    cannot = await opened("HMAC")

    async def row(name, check):
        if name in cannot:
            column.no(name, cannot[name])
        else:
            await column.arow(name, check)

    await orders(row, program.call, hand)
    await market(row, program, server, hand)
    await private(row, program, hand)
    await row("error mapping", lambda: errors(program.call))
    for kind, name in (("HMAC", "HMAC key"), ("ED25519", "Ed25519 key"), ("RSA", "RSA key")):
        await row(name, lambda kind=kind: signs(opened(kind), program.call))
    await opened("HMAC")
    await row("clock ahead and behind (-1021)", lambda: clock(program.call))


async def orders(row, call, hand):
    """Markets, balances, every type of order, and what is said of orders afterwards."""
    placed = lambda **other: call("place", **{**LIMIT, **other})
    cancel = lambda order: call("cancel", symbol=SYMBOL, orderId=order["orderId"])
    seen_as = lambda order: call("order", symbol=SYMBOL, orderId=order["orderId"])

    async def load_markets():
        symbol = only((await call("info"))["symbols"], symbol=SYMBOL)
        filters = {one["filterType"]: one for one in symbol["filters"]}
        expect({"PRICE_FILTER", "LOT_SIZE", "NOTIONAL", "MARKET_LOT_SIZE"} <= set(filters), filters)
        expect(is_near(filters["NOTIONAL"]["minNotional"], "5"), filters)
        expect(symbol["status"] == "TRADING" and symbol["permissionSets"] == [["SPOT"]], symbol)
        expect(abs(int(await call("time")) - time.time() * 1000) < 5_000)

    await row("load markets", load_markets)

    async def balance():
        account = await call("account")
        for asset, amount in (("BTC", "10"), ("USDT", "1000000")):
            seen = only(account["balances"], asset=asset)
            expect(is_near(seen["free"], amount) and is_near(seen["locked"], "0"), seen)
        expect(account["canTrade"] is True, account)

    await row("balance", balance)

    async def limit():
        order = await placed()
        expect(order["status"] == "NEW" and order["fills"] == [], order)
        seen = await seen_as(order)
        expect(seen["status"] == "NEW" and is_near(seen["price"], "50000"), seen)
        expect(is_near(seen["origQty"], "0.01") and is_near(seen["executedQty"], "0"), seen)
        usdt = only((await call("account"))["balances"], asset="USDT")
        expect(is_near(usdt["locked"], "500") and is_near(usdt["free"], "999500"), usdt)
        await cancel(order)
        expect((await seen_as(order))["status"] == "CANCELED")

    await row("limit order", limit)

    async def post_only():
        hand.limit("SELL", "0.01", "61000")
        taking = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT_MAKER", "quantity": "0.01", "price": "61000"}
        await refused(call("place", **taking), -2010, "Order would immediately match and take.")
        hand.clear()
        await cancel(await call("place", **{**taking, "price": "50000"}))

    await row("post-only order", post_only)

    async def market_order():
        hand.limit("SELL", "1", "60000")
        order = await call("place", symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.1")
        expect(order["status"] == "FILLED" and is_near(order["executedQty"], "0.1"), order)
        expect(is_near(order["cummulativeQuoteQty"], "6000"), order)
        fill, = order["fills"]
        expect(is_near(fill["price"], "60000") and is_near(fill["qty"], "0.1"), fill)
        expect(fill["commissionAsset"] == "BTC" and float(fill["commission"]) > 0, fill)

    await row("market order", market_order)

    async def by_quote():
        order = await call("place", symbol=SYMBOL, side="BUY", type="MARKET", quoteOrderQty="600")
        expect(order["status"] == "FILLED" and is_near(order["executedQty"], "0.01"), order)

    await row("market order by quote", by_quote)

    async def stop_limit():
        order = await placed(side="SELL", type="STOP_LOSS_LIMIT", price="49000", stopPrice="50000")
        seen = await seen_as(order)
        expect(seen["status"] == "NEW" and seen["isWorking"] is False, seen)
        expect(is_near(seen["stopPrice"], "50000") and is_near(seen["price"], "49000"), seen)
        await cancel(order)

    await row("stop-limit order", stop_limit)

    async def oco():
        pair = await call("oco", **OCO)
        expect(pair["contingencyType"] == "OCO" and pair["listOrderStatus"] == "EXECUTING", pair)
        types = {report["type"] for report in pair["orderReports"]}
        expect(types == {"LIMIT_MAKER", "STOP_LOSS_LIMIT"} and len(pair["orders"]) == 2, pair)
        await cancel(pair["orders"][0])
        expect(await call("openOrders", symbol=SYMBOL) == [], "the other one is still there")

    await row("one-cancels-the-other", oco)

    async def cancel_by_id():
        order = await placed()
        gone = await cancel(order)
        expect(gone["status"] == "CANCELED" and gone["orderId"] == order["orderId"], gone)

    await row("cancel by id", cancel_by_id)

    async def cancel_by_name():
        order = await placed(newClientOrderId="by-name-1")
        expect(order["clientOrderId"] == "by-name-1", order)
        gone = await call("cancel", symbol=SYMBOL, origClientOrderId="by-name-1")
        expect(gone["status"] == "CANCELED" and gone["orderId"] == order["orderId"], gone)

    await row("cancel by client id", cancel_by_name)
    await row(
        "cancel unknown (-2011)",
        lambda: refused(call("cancel", symbol=SYMBOL, orderId=1), -2011, "Unknown order sent."),
    )

    async def open_orders():
        order = await placed()
        seen, = await call("openOrders", symbol=SYMBOL)
        expect(seen["orderId"] == order["orderId"] and seen["status"] == "NEW", seen)
        await cancel(order)
        expect(await call("openOrders", symbol=SYMBOL) == [], "an order that was cancelled is open")

    await row("open orders", open_orders)

    async def all_orders():
        seen = await call("allOrders", symbol=SYMBOL)
        numbers = [order["orderId"] for order in seen]
        expect(numbers == sorted(set(numbers)), numbers)
        filled = [order for order in seen if order["status"] == "FILLED"]
        expect([order["type"] for order in filled] == ["MARKET", "MARKET"], filled)
        expect({order["status"] for order in seen} == {"FILLED", "CANCELED"}, seen)

    await row("all orders", all_orders)

    async def own_trades():
        seen = await call("myTrades", symbol=SYMBOL)
        expect(len(seen) == 2 and all(is_near(trade["price"], "60000") for trade in seen), seen)
        expect([Decimal(str(trade["qty"])) for trade in seen] == [Decimal("0.1"), Decimal("0.01")], seen)
        for trade in seen:
            expect(trade["isBuyer"] is True and trade["isMaker"] is False, trade)
            expect(trade["commissionAsset"] == "BTC" and float(trade["commission"]) > 0, trade)

    await row("own trades", own_trades)
    hand.clear()  # What the market orders left of its ask.


async def market(row, program, server, hand):
    """Market data, by REST and by streams."""
    call = program.call

    async def candles():
        true, = server.get(f"/api/v3/klines?symbol={SYMBOL}&interval=1m&startTime=0&limit=1")
        seen, = await call("klines", symbol=SYMBOL, interval="1m", startTime=0, limit=1)
        # Of a candle that is not over only this does not change.
        expect(int(seen["openTime"]) == true[0] and is_near(seen["open"], true[1]), seen, true)
        expect(float(seen["volume"]) > 0, seen)

    await row("first candle ever", candles)

    async def following(stream, is_wanted=lambda data: True):
        """An event of a stream that is subscribed to while the market moves; then it stands still."""
        async with Trader(hand):
            await call("follow", stream=stream)
            return await program.next(stream, is_wanted)

    async def live_candles():
        # Of a second that was over before anybody traded there is nothing to compare.
        is_wanted = lambda data: data["k"]["x"] and float(data["k"]["v"]) > 0
        candle = (await following("kline", is_wanted))["k"]
        expect(candle["i"] == "1s" and int(candle["t"]) % 1_000 == 0 and candle["s"] == SYMBOL, candle)
        true, = server.get(f"/api/v3/klines?symbol={SYMBOL}&interval=1s&startTime={candle['t']}&limit=1")
        expect(int(candle["t"]) == true[0], candle, true)
        for seen, there in (("o", 1), ("h", 2), ("l", 3), ("c", 4), ("v", 5), ("q", 7)):
            expect(is_near(candle[seen], true[there]), seen, candle, true)
        await call("leave", stream="kline")

    await row("candles live", live_candles)

    async def public_trades():
        last = (await call("trades", symbol=SYMBOL))[-1]
        expect(last == server.get(f"/api/v3/trades?symbol={SYMBOL}&limit=1")[0], last)
        told = await following("trade")
        true = only(server.get(f"/api/v3/trades?symbol={SYMBOL}&limit=1000"), id=int(told["t"]))
        expect(is_near(told["p"], true["price"]) and is_near(told["q"], true["qty"]), told, true)
        expect(int(told["T"]) == true["time"] and told["m"] is true["isBuyerMaker"], told, true)
        await call("leave", stream="trade")

    await row("public trades", public_trades)

    async def tickers():
        expect(is_near((await call("ticker", symbol=SYMBOL))["lastPrice"], "60000"))
        await following("bookTicker")
        hand.limit("BUY", "0.123", "59999.5")
        top = await program.next("bookTicker", lambda data: is_near(data["b"], "59999.5"))
        expect(is_near(top["B"], "0.123") and top["s"] == SYMBOL, top)
        seen = await call("bookTicker", symbol=SYMBOL)
        expect(is_near(seen["bidPrice"], "59999.5") and is_near(seen["bidQty"], "0.123"), seen)
        hand.clear()
        await call("leave", stream="bookTicker")

    await row("tickers", tickers)

    async def rest_book():
        hand.limit("BUY", "0.5", "50000")
        seen = await call("depth", symbol=SYMBOL, limit=100)
        (price, quantity), = seen["bids"]
        expect(is_near(price, "50000") and is_near(quantity, "0.5") and seen["asks"] == [], seen)
        hand.clear()

    await row("book by REST", rest_book)

    async def live_book():
        async with Audit(server) as audit:
            async with Trader(hand) as trader:
                await call("follow", stream="depth")
                diff = await program.next("depth")
                kept = Kept(await call("depth", symbol=SYMBOL, limit=1000))
                kept.apply(diff)
                for _ in range(DIFFS):
                    if kept.apply(await program.next("depth")):
                        audit.note(kept.last, kept.bids, kept.asks)
                await trader.stop()
                # What is in flight arrives; then the book is the exchange's.
                while not await asyncio.to_thread(same, kept.bids, kept.asks, server):
                    kept.apply(await program.next("depth"))
            compared = audit.verify()
            expect(compared > DIFFS // 2, compared)
        await call("leave", stream="depth")

    await row("book by WebSocket", live_book)


async def private(row, program, hand):
    """The private stream and the WebSocket API."""
    call, balances = program.call, []

    async def own_orders():
        await call("user")
        order = await call("place", **LIMIT)
        await call("cancel", symbol=SYMBOL, orderId=order["orderId"])
        hand.limit("SELL", "0.01", "60000")
        bought = await call("place", symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.01")
        wanted = [
            (order["orderId"], "NEW", "NEW"), (order["orderId"], "CANCELED", "CANCELED"),
            (bought["orderId"], "NEW", "NEW"), (bought["orderId"], "TRADE", "FILLED"),
        ]
        seen = []
        while len(seen) < len(wanted):
            event = await program.next("user")
            if event["e"] == "outboundAccountPosition":
                balances.append(event)
            elif event["e"] == "executionReport":
                seen.append((event["i"], event["x"], event["X"]))
        expect(seen == wanted, seen, wanted)
        expect(event["N"] == "BTC" and is_near(event["L"], "60000") and is_near(event["l"], "0.01"), event)

    await row("private stream: new, trade, canceled", own_orders)

    async def own_balances():
        # The balances after the trade are told after it.
        hand.limit("SELL", "0.01", "60000")
        bought = await call("place", symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.01")
        await program.next("user", lambda event: event["e"] == "executionReport" and event["i"] == bought["orderId"]
                           and event["x"] == "TRADE")
        told = await program.next("user", lambda event: event["e"] == "outboundAccountPosition")
        account = (await call("account"))["balances"]
        for asset in ("BTC", "USDT"):
            one, other = only(told["B"], a=asset), only(account, asset=asset)
            expect(is_near(one["f"], str(other["free"])) and is_near(one["l"], "0"), one, other)
        expect(len(balances) >= 2, balances)

    await row("private stream: balances", own_balances)

    async def ws_order():
        order = await call("wsPlace", **LIMIT)
        expect(order["status"] == "NEW", order)
        seen = await call("order", symbol=SYMBOL, orderId=order["orderId"])
        expect(seen["status"] == "NEW" and is_near(seen["price"], "50000"), seen)
        gone = await call("wsCancel", symbol=SYMBOL, orderId=order["orderId"])
        expect(gone["status"] == "CANCELED" and gone["orderId"] == order["orderId"], gone)
        expect(await call("openOrders", symbol=SYMBOL) == [], "it is still open")
        too_much = call("wsPlace", **{**LIMIT, "quantity": "100", "price": "60000"})
        await refused(too_much, -2010, "Account has insufficient balance")

    await row("order by WebSocket API", ws_order)


async def errors(call):
    """Refusals arrive with the exchange's number and words."""
    placed = lambda **other: call("place", **{**LIMIT, **other})
    for code, text, asked in [
        (-2010, "Account has insufficient balance", lambda: placed(quantity="100", price="60000")),
        (-1013, "Filter failure: PRICE_FILTER", lambda: placed(quantity="1", price="1.001")),
        (-1013, "Filter failure: LOT_SIZE", lambda: placed(quantity="0.000011", price="60000")),
        (-1013, "Filter failure: NOTIONAL", lambda: placed(quantity="0.00002", price="60000")),
        (-1121, "Invalid symbol.", lambda: call("depth", symbol="NOPE", limit=5)),
        (-2013, "Order does not exist.", lambda: call("order", symbol=SYMBOL, orderId=1)),
    ]:
        await refused(asked(), code, text)


async def signs(opened, call):
    await opened
    order = await call("place", **LIMIT)
    gone = await call("cancel", symbol=SYMBOL, orderId=order["orderId"])
    expect(gone["status"] == "CANCELED", gone)


async def clock(call):
    """The program's clock goes wrong, not the client's settings."""
    await call("skew", ms=5_000)
    await refused(call("account"), -1021, "1000ms ahead of the server's time")
    await call("skew", ms=-20_000)
    await refused(call("account"), -1021, "outside of the recvWindow")
    await call("skew", ms=0)
    expect((await call("account"))["canTrade"] is True)
