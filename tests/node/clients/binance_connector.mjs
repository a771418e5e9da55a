// @binance/connector, as it comes from npm.

import { randomUUID } from 'node:crypto';
import { candle, serve, tell } from './wire.mjs';
import connector from '@binance/connector';

const { PrivateKeyAlgo, Spot, WebsocketAPI, WebsocketStream } = connector;

// What the callbacks of its WebSocket API are told, by the request's name.
const asked = new Map();

function open({ http, ws, kind, key, secret }) {
  const algorithm = kind === 'RSA' ? PrivateKeyAlgo.RSA : PrivateKeyAlgo.ED25519;
  const signs = kind === 'HMAC' ? {} : { privateKey: secret, privateKeyAlgo: algorithm };
  const client = new Spot(key, kind === 'HMAC' ? secret : '', { baseURL: http, ...signs });
  const follow = {
    trade: (streams) => streams.trade('btcusdt'),
    kline: (streams) => streams.kline('btcusdt', '1s'),
    bookTicker: (streams) => streams.bookTicker('btcusdt'),
    depth: (streams) => streams.diffBookDepth('btcusdt', '100ms'),
  };
  const followed = {};
  let api;
  const connected = () =>
    (api ??= new Promise((resolve) => {
      const socket = new WebsocketAPI(key, secret, {
        logger: console,
        wsURL: `${ws}/ws-api/v3`,
        callbacks: {
          open: () => resolve(socket),
          message: (text) => {
            const { id, result, error } = JSON.parse(text);
            const { done, failed } = asked.get(id);
            if (error) failed(Object.assign(new Error(error.msg), { data: error }));
            else done(result);
          },
        },
      });
    }));
  const ask = async (send) => {
    const socket = await connected();
    return new Promise((done, failed) => {
      const id = randomUUID();
      asked.set(id, { done, failed });
      send(socket, id);
    });
  };
  const data = async (response) => (await response).data;
  return {
    info: () => data(client.exchangeInfo()),
    time: async () => (await data(client.time())).serverTime,
    account: () => data(client.account()),
    place: ({ symbol, side, type, ...more }) =>
      data(client.newOrder(symbol, side, type, { newOrderRespType: 'FULL', ...more })),
    order: ({ symbol, ...more }) => data(client.getOrder(symbol, more)),
    cancel: ({ symbol, ...more }) => data(client.cancelOrder(symbol, more)),
    openOrders: (which) => data(client.openOrders(which)),
    allOrders: ({ symbol }) => data(client.allOrders(symbol)),
    myTrades: ({ symbol }) => data(client.myTrades(symbol)),
    oco: ({ symbol, side, quantity, aboveType, belowType, ...more }) =>
      data(client.newOCOOrder(symbol, side, quantity, aboveType, belowType, more)),
    klines: async ({ symbol, interval, ...more }) => (await data(client.klines(symbol, interval, more))).map(candle),
    trades: ({ symbol }) => data(client.trades(symbol)),
    ticker: ({ symbol }) => data(client.ticker24hr(symbol)),
    bookTicker: ({ symbol }) => data(client.bookTicker(symbol)),
    depth: ({ symbol, limit }) => data(client.depth(symbol, { limit })),
    follow: ({ stream }) => {
      const message = (text) => tell(stream, JSON.parse(text));
      followed[stream] = new WebsocketStream({ logger: console, wsURL: ws, callbacks: { message } });
      follow[stream](followed[stream]);
    },
    leave: ({ stream }) => followed[stream].disconnect(),
    wsPlace: ({ symbol, side, type, ...more }) =>
      ask((socket, id) => socket.newOrder(symbol, side, type, { id, ...more })),
    wsCancel: ({ symbol, ...more }) => ask((socket, id) => socket.cancelOrder(symbol, { id, ...more })),
  };
}

const reason = 'it knows private events only by listen keys, and there are none';
await serve({
  open,
  refusal: (error) => {
    const told = error.response?.data ?? error.data;
    return told && { code: told.code, text: told.msg };
  },
  cannot: { 'private stream: new, trade, canceled': reason, 'private stream: balances': reason },
});
