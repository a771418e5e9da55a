// binance by tiagosiebler, as it comes from npm.

import { candle, serve, tell } from './wire.mjs';
import { MainClient, WebsocketAPIClient, WebsocketClient } from 'binance';

const STREAMS = { trade: 'btcusdt@trade', kline: 'btcusdt@kline_1s', bookTicker: 'btcusdt@bookTicker', depth: 'btcusdt@depth@100ms' };
const NAMES = { trade: 'trade', kline: 'kline', depthUpdate: 'depth' };

function open({ http, ws, key, secret }) {
  const client = new MainClient({ api_key: key, api_secret: secret, baseUrl: http, beautifyResponses: false });
  const streams = new WebsocketClient({ wsUrl: `${ws}/stream`, beautify: false });
  // Tickers of the book have no name at the exchange.
  streams.on('message', (message) => tell(NAMES[message.e] ?? 'bookTicker', message));
  streams.on('exception', (error) => console.error(error));
  const api = new WebsocketAPIClient({ api_key: key, api_secret: secret, wsUrl: ws, attachEventListeners: false });
  api.getWSClient().on('message', (message) => tell('user', message.event ?? message));
  api.getWSClient().on('exception', (error) => console.error(error));
  return {
    info: () => client.getExchangeInfo(),
    // `getServerTime` asks the real venue, whatever the address.
    time: async () => (await client.get('api/v3/time')).serverTime,
    account: () => client.getAccountInformation(),
    place: (order) => client.submitNewOrder({ newOrderRespType: 'FULL', ...order }),
    order: (which) => client.getOrder(which),
    cancel: (which) => client.cancelOrder(which),
    openOrders: (which) => client.getOpenOrders(which),
    allOrders: (which) => client.getAllOrders(which),
    myTrades: (which) => client.getAccountTradeList(which),
    oco: (list) => client.submitNewOrderList(list),
    klines: async (which) => (await client.getKlines(which)).map(candle),
    trades: (which) => client.getRecentTrades(which),
    ticker: (which) => client.get24hrChangeStatistics(which),
    bookTicker: (which) => client.getSymbolOrderBookTicker(which),
    depth: (which) => client.getOrderBook(which),
    follow: ({ stream }) => {
      streams.subscribe(STREAMS[stream], 'main');
    },
    leave: ({ stream }) => {
      streams.unsubscribe(STREAMS[stream], 'main');
    },
    user: () => api.subscribeUserDataStream('mainWSAPI'),
    wsPlace: async (order) => (await api.submitNewSpotOrder({ ...order, timestamp: Date.now() })).result,
    wsCancel: async (which) => (await api.cancelSpotOrder({ ...which, timestamp: Date.now() })).result,
  };
}

const refusal = ({ code, message, error }) => (error ? { code: error.code, text: error.msg } : { code, text: message });
await serve({ open, refusal });
