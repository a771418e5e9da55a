// node-binance-api, as it comes from npm.

import { reply, serve, tell } from './wire.mjs';
import Binance from 'node-binance-api';

function open({ http, ws, key, secret }) {
  const binance = new Binance({
    APIKEY: key,
    APISECRET: secret,
    urls: { base: `${http}/api/`, sapi: `${http}/sapi/`, stream: `${ws}/ws/`, combineStream: `${ws}/stream?streams=` },
  });
  binance.wsApi = `${ws}/ws-api/v3`;
  const sockets = binance.websockets;
  const follow = {
    trade: (then) => sockets.trades('BTCUSDT', then),
    kline: (then) => sockets.candlesticks('BTCUSDT', '1s', then),
    // It renames what is in this one only.
    bookTicker: (then) =>
      sockets.bookTickers('BTCUSDT', ({ symbol, bestBid, bestBidQty }) => then({ s: symbol, b: bestBid, B: bestBidQty })),
    depth: (then) => sockets.depth('BTCUSDT', then),
  };
  const followed = {};
  const levels = (side) => side.map(({ price, quantity }) => [price, quantity]);
  return {
    info: () => binance.exchangeInfo(),
    time: async () => (await binance.time()).serverTime,
    account: () => binance.account(),
    place: ({ type, side, symbol, quantity, price, timeInForce, ...more }) =>
      binance.order(type, side, symbol, quantity, price, { newOrderRespType: 'FULL', ...more }),
    order: ({ symbol, orderId }) => binance.orderStatus(symbol, orderId),
    cancel: ({ symbol, orderId, ...more }) => binance.cancel(symbol, orderId, more),
    openOrders: ({ symbol }) => binance.openOrders(symbol),
    allOrders: ({ symbol }) => binance.allOrders(symbol),
    myTrades: ({ symbol }) => binance.myTrades(symbol),
    oco: ({ symbol, side, quantity, ...more }) => binance.order('OCO', side, symbol, quantity, '', more),
    klines: async ({ symbol, interval, ...more }) => binance.candlesticks(symbol, interval, more),
    trades: ({ symbol }) => binance.recentTrades(symbol),
    ticker: ({ symbol }) => binance.prevDay(symbol),
    bookTicker: async ({ symbol }) => (await binance.bookTickers())[symbol],
    depth: async ({ symbol, limit }) => {
      const { lastUpdateId, bids, asks } = await binance.depth(symbol, limit);
      return { lastUpdateId, bids: levels(bids), asks: levels(asks) };
    },
    follow: ({ stream }) => {
      followed[stream] = follow[stream]((message) => tell(stream, message));
    },
    leave: ({ stream }) => sockets.terminate(followed[stream]),
    user: () =>
      new Promise((resolve) => {
        sockets.userData((event) => tell('user', event), undefined, undefined, resolve);
      }),
  };
}

await serve({
  open,
  refusal: (error) => reply(error.message),
  cannot: {
    'order by WebSocket API': 'it has no call for it',
    'RSA key': 'it encodes the signature twice',
  },
});
