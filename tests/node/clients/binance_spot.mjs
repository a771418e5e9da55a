// @binance/spot, as it comes from npm.

import { candle, serve, tell } from './wire.mjs';
import { Spot } from '@binance/spot';

function open({ http, ws, kind, key, secret }) {
  const signs = kind === 'HMAC' ? { apiKey: key, apiSecret: secret } : { apiKey: key, privateKey: secret };
  const spot = new Spot({
    configurationRestAPI: { ...signs, basePath: http, retries: 0 },
    configurationWebsocketAPI: { ...signs, wsURL: `${ws}/ws-api/v3` },
    configurationWebsocketStreams: { wsURL: ws },
  });
  const rest = spot.restAPI;
  const once = (connect) => {
    let connection;
    return () =>
      (connection ??= connect().then((socket) => {
        socket.on('error', (error) => console.error(error));
        return socket;
      }));
  };
  const streams = once(() => spot.websocketStreams.connect());
  const api = once(() => spot.websocketAPI.connect());
  const follow = {
    trade: (socket) => socket.trade({ symbol: 'btcusdt' }),
    kline: (socket) => socket.kline({ symbol: 'btcusdt', interval: '1s' }),
    bookTicker: (socket) => socket.bookTicker({ symbol: 'btcusdt' }),
    depth: (socket) => socket.diffBookDepth({ symbol: 'btcusdt', updateSpeed: '100ms' }),
  };
  const followed = {};
  const data = async (response) => (await response).data();
  const order = ({ quantity, price, stopPrice, quoteOrderQty, ...more }) => {
    // Numbers are numbers in its types.
    const numbers = Object.entries({ quantity, price, stopPrice, quoteOrderQty }).filter(([, value]) => value);
    return { ...more, ...Object.fromEntries(numbers.map(([name, value]) => [name, Number(value)])) };
  };
  return {
    info: () => data(rest.exchangeInfo()),
    time: async () => (await data(rest.time())).serverTime,
    account: () => data(rest.getAccount()),
    place: (words) => data(rest.newOrder({ newOrderRespType: 'FULL', ...order(words) })),
    order: (which) => data(rest.getOrder(which)),
    cancel: (which) => data(rest.deleteOrder(which)),
    openOrders: (which) => data(rest.getOpenOrders(which)),
    allOrders: (which) => data(rest.allOrders(which)),
    myTrades: (which) => data(rest.myTrades(which)),
    oco: (list) => data(rest.orderListOco(list)),
    klines: async (which) => (await data(rest.klines(which))).map(candle),
    trades: (which) => data(rest.getTrades(which)),
    ticker: (which) => data(rest.ticker24hr(which)),
    bookTicker: (which) => data(rest.tickerBookTicker(which)),
    depth: (which) => data(rest.depth(which)),
    follow: async ({ stream }) => {
      followed[stream] = follow[stream](await streams());
      followed[stream].on('message', (message) => tell(stream, message));
    },
    leave: ({ stream }) => followed[stream].unsubscribe(),
    user: async () => {
      const user = await (await api()).userDataStreamSubscribeSignature();
      user.stream.on('message', (event) => tell('user', event));
    },
    wsPlace: async (words) => (await (await api()).orderPlace(order(words))).data,
    wsCancel: async (which) => (await (await api()).orderCancel(which)).data,
  };
}

await serve({ open, refusal: (error) => ({ code: error.code, text: error.msg ?? error.message }) });
