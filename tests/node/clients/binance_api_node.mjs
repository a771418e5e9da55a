// binance-api-node, as it comes from npm.

import { serve, tell } from './wire.mjs';
import binanceApiNode from 'binance-api-node';

const Binance = binanceApiNode.default ?? binanceApiNode;

function open({ http, ws, kind, key, secret }) {
  const signs = kind === 'HMAC' ? { apiSecret: secret } : { privateKey: secret };
  const client = Binance({ apiKey: key, ...signs, httpBase: http, wsBase: `${ws}/ws`, wsApi: `${ws}/ws-api/v3` });
  // The last argument leaves the exchange's names in the events.
  const follow = {
    trade: (then) => client.ws.trades('BTCUSDT', then, false),
    kline: (then) => client.ws.candles('BTCUSDT', '1s', then, false),
    bookTicker: (then) => client.ws.bookTicker('BTCUSDT', then, false),
    depth: (then) => client.ws.depth('BTCUSDT@100ms', then, false),
  };
  const followed = {};
  const levels = (side) => side.map(({ price, quantity }) => [price, quantity]);
  return {
    info: () => client.exchangeInfo(),
    time: () => client.time(),
    account: () => client.accountInfo(),
    place: (order) => client.order({ newOrderRespType: 'FULL', ...order }),
    order: (which) => client.getOrder(which),
    cancel: (which) => client.cancelOrder(which),
    openOrders: (which) => client.openOrders(which),
    allOrders: (which) => client.allOrders(which),
    myTrades: (which) => client.myTrades(which),
    // It asks for lists at the old route, with the words of then.
    oco: ({ symbol, side, quantity, abovePrice, belowStopPrice, belowPrice, belowTimeInForce }) =>
      client.orderOco({
        symbol,
        side,
        quantity,
        price: abovePrice,
        stopPrice: belowStopPrice,
        stopLimitPrice: belowPrice,
        stopLimitTimeInForce: belowTimeInForce,
      }),
    klines: (which) => client.candles(which),
    trades: (which) => client.trades(which),
    ticker: (which) => client.dailyStats(which),
    bookTicker: async ({ symbol }) => (await client.allBookTickers())[symbol],
    depth: async (which) => {
      const { lastUpdateId, bids, asks } = await client.book(which);
      return { lastUpdateId, bids: levels(bids), asks: levels(asks) };
    },
    follow: ({ stream }) => {
      followed[stream] = follow[stream]((message) => tell(stream, message));
    },
    leave: ({ stream }) => followed[stream](),
    user: async () => {
      await client.ws.user((event) => tell('user', { e: event.type, ...event }), false);
    },
  };
}

await serve({
  open,
  refusal: (error) => ({ code: error.code, text: error.message }),
  cannot: {
    'order by WebSocket API': 'it has no call for it',
  },
});
