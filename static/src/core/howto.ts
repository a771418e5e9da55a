// How two well-known libraries are pointed at this exchange: a program a reader can run as it stands.

/** For ccxt. Every base address is named: one left out would send the key to the venue the library knows. */
export function ccxt(origin: string, apiKey: string, secret: string): string {
  const ws = origin.replace(/^http/, 'ws');
  return `import ccxt

exchange = ccxt.binance({
    'apiKey': '${apiKey}',
    'secret': '${secret}',
    'urls': {'api': {
        'public': '${origin}/api/v3',
        'private': '${origin}/api/v3',
        'sapi': '${origin}/sapi/v1',
        'ws': {'spot': '${ws}/stream', 'ws-api': {'spot': '${ws}/ws-api/v3'}},
    }},
    'options': {'fetchMarkets': {'types': ['spot']}, 'fetchCurrencies': False, 'fetchMargins': False},
})
print(exchange.fetch_balance()['free'])`;
}

/** For python-binance; its addresses belong to the class, so they are set before a client is made. */
export function pythonBinance(origin: string, apiKey: string, secret: string): string {
  const ws = origin.replace(/^http/, 'ws');
  return `from binance import BinanceSocketManager, Client
from binance.base_client import BaseClient

BaseClient.API_URL = '${origin}/api'
BaseClient.MARGIN_API_URL = '${origin}/sapi'
BaseClient.WS_API_URL = '${ws}/ws-api/v3'
BinanceSocketManager.STREAM_URL = '${ws}/'

client = Client('${apiKey}', '${secret}')
print(client.get_account()['balances'])`;
}
